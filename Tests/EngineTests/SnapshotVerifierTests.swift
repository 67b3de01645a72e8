import ByteCoding
import Engine
import News
import Storage
import Synchronization
import Testing

@Suite("snapshot verifier") struct SnapshotVerifierTests {
    /// Knows the largest round, in ranges.
    private final class MeteredSource: ByteSource {
        let inner = MemoryByteSource()
        let largest = Mutex(0)

        func read(_ requests: [ByteRequest]) throws -> [ByteView] {
            largest.withLock { $0 = max($0, requests.count) }
            return try inner.read(requests)
        }
    }

    @Test("losers are read some at a time, however many one segment has")
    func manyLosers() throws {
        var generator = SplitMix64(seed: 17)
        let old = (0..<600).map { SampleArticles.make($0, &generator) }
        let source = MeteredSource()
        let references = [
            source.inner.put(try build(old), attempt: 1),
            source.inner.put(try build([], kills: old.map(\.killed).sorted { $0.kill.key < $1.kill.key }), attempt: 2),
        ]
        let report = try SnapshotVerifier(references, source: source).run()
        #expect(report.findings == [] && report.liveDocumentCount == 0)
        #expect(source.largest.withLock { $0 } < 300)
    }
}
