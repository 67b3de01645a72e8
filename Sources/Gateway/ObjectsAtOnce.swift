package import Roles
import Storage

/// What a name stands for, when it was asked.
package enum FoundObject {
    case whole([UInt8])
    /// Larger than what is read whole; its size in bytes.
    case large(UInt64)
    case missing
}

extension SnapshotLoader {
    /// An object store answers each request in milliseconds, however small the object is.
    private static let atOnceCount = 16
    /// A full object of the log, and a little more. So at most 128 MiB are held.
    private static let wholeBytes: UInt64 = 8 << 20

    /// Calls `body` with each object in order until it returns false. Sixteen are asked for at once; what is large is left to
    /// the caller.
    package func forEach(_ names: some Sequence<String>, _ body: (String, FoundObject) throws -> Bool) throws {
        var rest = names.makeIterator()
        while true {
            var group: [String] = []
            while group.count < Self.atOnceCount, let name = rest.next() { group.append(name) }
            guard !group.isEmpty else { return }
            var found = try perform(group.map { .size(name: $0) }).map { result -> FoundObject in
                if case .size(let size) = result { .large(size) } else { .missing }
            }
            let small = found.indices.filter {
                if case .large(let size) = found[$0] { size <= Self.wholeBytes } else { false }
            }
            let contents = try perform(small.map { .get(name: group[$0], range: nil) })
            for (index, result) in zip(small, contents) {
                found[index] = if case .bytes(let bytes) = result { .whole(bytes) } else { .missing }
            }
            for (name, object) in zip(group, found) {
                guard try body(name, object) else { return }
            }
        }
    }

    /// The same for objects that are never read in parts: nil for one that is missing.
    package func forEachWhole(_ names: some Sequence<String>, _ body: (String, [UInt8]?) throws -> Bool) throws {
        try forEach(names) { name, object in
            switch object {
            case .whole(let bytes): return try body(name, bytes)
            case .missing: return try body(name, nil)
            case .large:
                guard case .bytes(let bytes) = try perform(.get(name: name, range: nil)) else {
                    return try body(name, nil)
                }
                return try body(name, bytes)
            }
        }
    }
}
