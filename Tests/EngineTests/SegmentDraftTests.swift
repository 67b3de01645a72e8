import ByteCoding
import Engine
import News
import Storage
import Testing

@Suite("a worker's draft") struct SegmentDraftTests {
    private func logged(_ sample: Sample) -> LoggedArticle {
        LoggedArticle(
            key: sample.key, version: sample.version, orderTime: sample.article.orderTime,
            source: sample.article.source ?? "", recordBytes: UInt32(sample.record.count),
            frame: ZstdCompressor(level: ZstdCompressor.frameLevel).compress(sample.record))
    }

    private func keys(_ segments: [BuiltSegment]) -> SnapshotKeys {
        let source = MemoryByteSource()
        let references = segments.enumerated().map { source.put($1, attempt: UInt64($0)) }
        return SnapshotKeys(references, settingsHash: Settings().hash, source: source) {
            try SegmentReader.open($0, for: .keys, source: source)
        }
    }

    @Test("gives the builder's bytes, the losers' terms taken from the snapshot")
    func seal() throws {
        var generator = SplitMix64(seed: 11)
        let old = SampleArticles.make(1, &generator)
        let new = SampleArticles.make(1, revision: 1, &generator)
        let other = SampleArticles.make(2, &generator)
        let published = try build([old])
        let draft = SegmentDraft(memoryBudgetBytes: 1 << 20)
        for sample in [other, new, old] { try draft.index(logged(sample)) }
        let found = try draft.lookUp([new.key, other.key], in: keys([published]))
        #expect(found.map { $0?.version } == [old.version, nil])
        let built = try draft.seal(dropped: [2], kills: [old.kill])
        #expect(built.bytes == (try build([new, other], kills: [old.killed])).bytes)
        let after = keys([published, built])
        #expect(try after.lookup([new.key, other.key]).map { $0?.segment } == [1, 1])
        #expect(try after.lookup([new.key])[0]?.version == new.version)
        // Empty again, and the look-up is forgotten.
        #expect(try draft.seal(dropped: [], kills: []).footer.documentCount == 0)
    }

    @Test("kills nothing that was not looked up")
    func unknownLoser() throws {
        var generator = SplitMix64(seed: 12)
        let old = SampleArticles.make(1, &generator)
        let new = SampleArticles.make(1, revision: 1, &generator)
        let live = keys([try build([old])])
        let draft = SegmentDraft(memoryBudgetBytes: 1 << 20)
        #expect(throws: EngineError.self) { try draft.seal(dropped: [], kills: [old.kill]) }
        _ = try draft.lookUp([old.key], in: live)
        #expect(throws: EngineError.self) { try draft.seal(dropped: [], kills: [new.kill]) }
        _ = try draft.lookUp([old.key], in: live)
        draft.discard()
        #expect(throws: EngineError.self) { try draft.seal(dropped: [], kills: [old.kill]) }
    }

    @Test("refuses an article whose frame is not as long as the log says")
    func wrongLength() throws {
        var generator = SplitMix64(seed: 13)
        let sample = SampleArticles.make(1, &generator)
        var article = logged(sample)
        article.recordBytes += 1
        let draft = SegmentDraft(memoryBudgetBytes: 1 << 20)
        #expect(throws: EngineError.self) { try draft.index(article) }
        #expect(try draft.seal(dropped: [], kills: []).footer.documentCount == 0)
    }
}
