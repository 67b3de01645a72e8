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

    package init(_ loader: SnapshotLoader, newest: LoadedManifest?) throws {
        self.loader = loader
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
    package func forEachObject(_ body: (LogObject) throws -> Void) throws {
        guard newestTerm > .none else { return }
        for number in 1...newestTerm.number {
            let term = Term(number)
            let prefix = String(ObjectName.log(term, 0).dropLast(16))
            guard case .names(let names) = try loader.perform(.list(prefix: prefix, after: nil, limit: 1)),
                let first = names.first.flatMap({ UInt64($0.dropFirst(prefix.utf8.count), radix: 16) })
            else { continue }
            // Numbers are consecutive; behind the first that is missing nothing counts.
            var next = first
            while next < ends[term] ?? .max, let object = try read(term, next) {
                try body(object)
                next += 1
            }
        }
    }

    private func read(_ term: Term, _ number: UInt64) throws -> LogObject? {
        let name = ObjectName.log(term, number)
        guard case .bytes(let bytes) = try loader.perform(.get(name: name, range: nil)) else { return nil }
        do throws(CodingError) { return try LogObject(decoding: bytes) } catch {
            throw StoreError(
                .corrupt, object: name, message: "\(error)", hint: "restore the object from a backup")
        }
    }
}
