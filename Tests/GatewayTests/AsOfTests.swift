import News
import Roles
import Storage
import Testing

@Suite struct AsOfTests {
    @Test("a snapshot is found by date, also inside a run of kept generations")
    func byDate() throws {
        let store = SampleStore()
        var written: [(generation: Generation, at: Timestamp)] = []
        for _ in 0..<5 {
            try store.publish([])
            written.append((store.manifest.generation, store.manifest.writtenAt))
        }
        #expect(store.manifest.kept.runs.map(\.count) == [2, 2])
        let loader = SnapshotLoader(store.bucket)
        for (generation, at) in written {
            for later: Int64 in [0, 1, 59_999] {
                let time = Timestamp(milliseconds: at.milliseconds + later)
                #expect(try loader.manifest(asOf: time)?.manifest.generation == generation)
            }
        }
        let before = Timestamp(milliseconds: written[0].at.milliseconds - 1)
        #expect(try loader.manifest(asOf: before) == nil)
    }
}
