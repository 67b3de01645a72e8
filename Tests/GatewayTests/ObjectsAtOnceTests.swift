import Gateway
import HostIO
import Roles
import Storage
import Synchronization
import Testing

@Suite("many objects at once") struct ObjectsAtOnceTests {
    /// Counts what is asked for in one call.
    private final class CountingBucket: Bucket {
        let location = "memory"
        let inner = MemoryBucket()
        let rounds = Mutex<[(requests: Int, bytes: Int)]>([])

        func perform(_ operation: BucketOperation) -> BucketResult { perform([operation])[0] }

        func perform(_ operations: [BucketOperation]) -> [BucketResult] {
            let results = operations.map { inner.perform($0) }
            let bytes = results.reduce(0) { if case .bytes(let bytes) = $1 { $0 + bytes.count } else { $0 } }
            rounds.withLock { $0.append((operations.count, bytes)) }
            return results
        }
    }

    private static let names = (0..<40).map { "segments/\($0)" }
    private static let large = "segments/20"
    private static let missing = "segments/17"

    private func store() -> (CountingBucket, SnapshotLoader) {
        let bucket = CountingBucket()
        for (number, name) in Self.names.enumerated() where name != Self.missing {
            let count = name == Self.large ? 9 << 20 : number
            _ = bucket.inner.perform(.put(name: name, bytes: Array(repeating: UInt8(number), count: count)))
        }
        return (bucket, SnapshotLoader(bucket))
    }

    @Test("objects come in order: small ones whole, large ones as their size, absent ones as missing")
    func order() throws {
        let (bucket, loader) = store()
        var seen: [String] = []
        try loader.forEach(Self.names) { name, object in
            seen.append(name)
            switch object {
            case .whole(let bytes): #expect("segments/\(bytes.count)" == name)
            case .large(let size): #expect(name == Self.large && size == 9 << 20)
            case .missing: #expect(name == Self.missing)
            }
            return true
        }
        #expect(seen == Self.names)
        let rounds = bucket.rounds.withLock { $0 }
        #expect(rounds.count == 6, "two for each sixteen: sizes, then contents")
        #expect(rounds.allSatisfy { $0.requests <= 16 && $0.bytes <= 128 << 20 })
    }

    @Test("a large one is read alone where it is wanted whole")
    func whole() throws {
        let (_, loader) = store()
        var sizes: [Int?] = []
        try loader.forEachWhole(Self.names) { _, bytes in
            sizes.append(bytes?.count)
            return true
        }
        #expect(sizes.count == 40 && sizes[20] == 9 << 20 && sizes[17] == nil && sizes[39] == 39)
    }

    @Test("nothing is asked for behind the group in which the caller stops")
    func stops() throws {
        let (bucket, loader) = store()
        var count = 0
        try loader.forEachWhole((0...).lazy.map { "segments/\($0)" }) { _, bytes in
            count += 1
            return bytes != nil
        }
        #expect(count == 18, "seventeen, and the one that is missing")
        #expect(bucket.rounds.withLock { $0.map(\.requests).reduce(0, +) } <= 64)
    }
}
