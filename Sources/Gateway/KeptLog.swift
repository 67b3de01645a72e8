import ByteCoding
package import News
package import Roles
package import Storage

/// The log as far as it is kept: objects in order, of each term only those before its end (docs/log-format.md). What lies
/// behind an end was never acknowledged and says nothing.
package struct KeptLog {
    private let loader: SnapshotLoader
    /// Where ended terms end: `log/<term>/<count>` and all later are void.
    package private(set) var ends: [Term: UInt64] = [:]
    package private(set) var newestTerm = Term.none
    /// Up to here the log is in the newest manifest, so it was there.
    private let foldedTo: Position

    package init(_ loader: SnapshotLoader, newest: LoadedManifest?) throws {
        self.loader = loader
        foldedTo = newest?.manifest.foldedTo ?? .start
        var term = newest?.manifest.term ?? .none
        while case .size = try loader.perform(.size(name: ObjectName.term(term.next))) { term = term.next }
        newestTerm = term
        // The latest record of an end is the true one: one that stands in a void object counts for nothing.
        while term > .none {
            if ends[term] != 0, let first = try read(term, 0) {
                for end in first.ends where ends[end.term] == nil { ends[end.term] = end.objectCount }
            }
            if let newest, term <= newest.manifest.term { break }
            term = Term(term.number - 1)
        }
        for end in newest?.manifest.ends ?? [] where ends[end.term] == nil { ends[end.term] = end.objectCount }
    }

    /// Calls `body` with every object that is kept and counts, in order.
    ///
    /// - Throws: `StoreError` `.missing` if one is gone that was not collected: what it held would silently not be told.
    package func forEachObject(_ body: (LogObject) throws -> Void) throws {
        guard newestTerm > .none else { return }
        for number in 1...newestTerm.number {
            let term = Term(number)
            guard var next = try firstKept(of: term) else { continue }
            let end = ends[term] ?? .max
            while next < end {
                try loader.forEachWhole((next..<end).lazy.map { ObjectName.log(term, $0) }) { name, bytes in
                    guard let bytes else { return false }
                    try body(decode(bytes, name))
                    next += 1
                    return true
                }
                // Numbers are consecutive: of a term that goes on, the first that is missing is its end so far.
                guard next < min(end, knownCount(of: term)), let first = try firstKept(of: term) else { break }
                // Collected meanwhile; the collector begins with the oldest.
                guard first > next else {
                    throw StoreError(
                        .missing, object: ObjectName.log(term, next), message: "the object is missing",
                        hint: "later ones count: restore it from a backup")
                }
                next = first
            }
        }
    }

    /// How many objects a term has at least.
    private func knownCount(of term: Term) -> UInt64 {
        ends[term] ?? (foldedTo.term == term ? foldedTo.number + 1 : 0)
    }

    private func firstKept(of term: Term) throws -> UInt64? {
        let prefix = String(ObjectName.log(term, 0).dropLast(16))
        guard case .names(let names) = try loader.perform(.list(prefix: prefix, after: nil, limit: 1)) else {
            return nil
        }
        return names.first.flatMap { UInt64($0.dropFirst(prefix.utf8.count), radix: 16) }
    }

    private func read(_ term: Term, _ number: UInt64) throws -> LogObject? {
        let name = ObjectName.log(term, number)
        guard case .bytes(let bytes) = try loader.perform(.get(name: name, range: nil)) else { return nil }
        return try decode(bytes, name)
    }

    private func decode(_ bytes: [UInt8], _ name: String) throws -> LogObject {
        do throws(CodingError) { return try LogObject(decoding: bytes, named: name) } catch {
            throw StoreError(
                .corrupt, object: name, message: "\(error)", hint: "restore the object from a backup")
        }
    }
}
