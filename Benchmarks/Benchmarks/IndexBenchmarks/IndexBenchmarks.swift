import Benchmark
import CorpusMaker
import Engine
import News

// From records to a segment: the words of articles, and a thousand articles into one overlay.
let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(
        metrics: [.cpuTotal, .wallClock, .throughput, .mallocCountTotal, .peakMemoryResident], maxDuration: .seconds(3))

    var maker = CorpusMaker(seed: 1)
    let inputs = (0..<1000).map { number in
        let article = maker.article(number)
        let record = CanonicalRecord.encode(article)
        return (
            key: ArticleIdentity.key(of: article, rawInput: record),
            version: CanonicalRecord.version(of: article, record: record), record: record,
            text: article.body ?? ""
        )
    }
    let settings = Settings()

    Benchmark("terms of 1000 articles") { benchmark in
        var tokenizer = Tokenizer()
        for _ in benchmark.scaledIterations {
            for input in inputs { blackHole(tokenizer.terms(of: input.text).count) }
        }
    }

    Benchmark("1000 articles into a segment") { benchmark in
        for _ in benchmark.scaledIterations {
            let builder = SegmentBuilder(settings: settings, memoryBudgetBytes: 1 << 30)
            for input in inputs {
                _ = try builder.add(key: input.key, version: input.version, record: input.record, frame: nil)
            }
            blackHole(try builder.seal(kills: []))
        }
    }
}
