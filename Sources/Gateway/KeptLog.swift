import ByteCoding
package import News
package import Roles
package import Storage

/// The log as far as it is kept: objects in order, of each term only those before its end (docs/log-format.md). What lies
/// behind an end was never acknowledged and says nothing.
///
/// Terms that left no object cost nothing: it goes from name to name, and asks by number only within a term.
package struct KeptLog {
    private let loader: SnapshotLoader
    /// Where ended terms end: `log/<term>/<count>` and all later are void.
    package private(set) var ends: [Term: UInt64] = [:]
    package private(set) var newestTerm = Term.none
    /// Up to here the log is in the newest manifest, so it was there.
    private let foldedTo: Position
    /// Of the newest manifest, which knows the end of each earlier term of which an object that counts is left.
    private let manifestTerm: Term

    private static let listLimitCount = 1000

    package init(_ loader: SnapshotLoader, newest: LoadedManifest?) throws {
        self.loader = loader
        foldedTo = newest?.manifest.foldedTo ?? .start
        manifestTerm = newest?.manifest.term ?? .none
        var term = manifestTerm
        while case .size = try loader.perform(.size(name: ObjectName.term(term.next))) { term = term.next }
        newestTerm = term
        // The latest record of an end is the true one: one that stands in a void object counts for nothing.
        while term > .none {
            if ends[term] != 0, let first = try read(term, 0) {
                for end in first.ends where ends[end.term] == nil { ends[end.term] = end.objectCount }
            }
            if term <= manifestTerm { break }
            term = Term(term.number - 1)
        }
        for end in newest?.manifest.ends ?? [] where ends[end.term] == nil { ends[end.term] = end.objectCount }
    }

    /// Calls `body` with every object that is kept and counts, in order.
    ///
    /// - Throws: `StoreError` `.missing` if one is gone that was not collected: what it held would silently not be told.
    package func forEachObject(_ body: (LogObject) throws -> Void) throws {
        try forEachTerm { term, first in
            guard let end = end(of: term) else { return }
            var next = first
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

    /// Behind which number nothing of the term counts; nil if nothing does.
    private func end(of term: Term) -> UInt64? {
        if let end = ends[term] { return end }
        // One whose end the manifest no longer tells is collected as far as it counted: what is there now is void.
        return term < manifestTerm || term > newestTerm ? nil : .max
    }

    /// How many objects a term has at least.
    private func knownCount(of term: Term) -> UInt64 {
        ends[term] ?? (foldedTo.term == term ? foldedTo.number + 1 : 0)
    }

    /// Calls `body` with every term that has an object, ascending, and the first number that is there.
    private func forEachTerm(_ body: (_ term: Term, _ first: UInt64) throws -> Void) throws {
        var term = Term.none
        var after: String?
        while true {
            let names = try names("log/", after: after, limit: Self.listLimitCount)
            guard let last = names.last else { return }
            after = last
            for name in names {
                guard let position = ObjectName.endPosition(ofLog: name), position.term > term else { continue }
                term = position.term
                // The others of this term are asked for by number.
                after = ObjectName.log(term, .max)
                try body(term, position.number)
            }
        }
    }

    private func firstKept(of term: Term) throws -> UInt64? {
        let prefix = String(ObjectName.log(term, 0).dropLast(16))
        return try names(prefix, after: nil, limit: 1).first.flatMap { ObjectName.endPosition(ofLog: $0)?.number }
    }

    private func names(_ prefix: String, after: String?, limit: Int) throws -> [String] {
        guard case .names(let names) = try loader.perform(.list(prefix: prefix, after: after, limit: limit)) else {
            return []
        }
        return names
    }

    private func read(_ term: Term, _ number: UInt64) throws -> LogObject? {
        let name = ObjectName.log(term, number)
        guard case .bytes(let bytes) = try loader.perform(.get(name: name, range: nil)) else { return nil }
        return try decode(bytes, name)
    }

    private func decode(_ bytes: [UInt8], _ name: String) throws -> LogObject {
        do throws(CodingError) { return try LogObject(decoding: bytes, named: name) } catch {
            throw StoreError(error, object: name)
        }
    }
}
