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
            frame: ZstdCompressor(level: Int(Settings().zstdLevel)).compress(sample.record))
    }

    private func snapshot(_ segments: [BuiltSegment]) throws -> SnapshotReader {
        let source = MemoryByteSource()
        let references = segments.enumerated().map { source.put($1, attempt: UInt64($0)) }
        return try SnapshotReader.open(references, settingsHash: Settings().hash, source: source)
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
        let found = try draft.lookUp([new.key, other.key], in: try snapshot([published]))
        #expect(found.map { $0?.version } == [old.version, nil])
        let built = try draft.seal(dropped: [2], kills: [old.kill])
        #expect(built.bytes == (try build([new, other], kills: [old.killed])).bytes)
        #expect(try snapshot([published, built]).liveDocumentCount == 2)
        // Empty again, and the look-up is forgotten.
        #expect(try draft.seal(dropped: [], kills: []).footer.documentCount == 0)
    }

    @Test("kills nothing that was not looked up")
    func unknownLoser() throws {
        var generator = SplitMix64(seed: 12)
        let old = SampleArticles.make(1, &generator)
        let new = SampleArticles.make(1, revision: 1, &generator)
        let live = try snapshot([try build([old])])
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
