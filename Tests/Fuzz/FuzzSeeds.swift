import ByteCoding
import Engine
import Extraction
import Foundation
import News
import Simulation
import Storage

/// Invented articles, and what is made of them.
enum FuzzSeeds {
    struct Sample {
        let article: Article
        let key: ArticleKey
        let version: Version
        let record: [UInt8]

        var killed: KilledDocument {
            KilledDocument(kill: Kill(key: key, version: version, orderTime: article.orderTime), record: record)
        }
    }

    static func articles(_ count: Int) -> [Sample] {
        var generator = SplitMix64(seed: 7)
        func text(_ count: Int) -> String {
            let words = (0..<count).map { _ in "w\(Int.random(in: 1...20, using: &generator))" }
            // Stems with lists of their own.
            return (words + [["walk", "walks", "walked", "wall"].randomElement(using: &generator)!]).joined(
                separator: " ")
        }
        return (0..<count).map { number in
            var article = Article()
            article.url = "https://news.example/\(number)"
            article.headline = text(4)
            article.body = text(10 + number % 30)
            article.source = ["Reuters", "dpa", nil][number % 3]
            article.language = ["en", "de", nil, "zh"][number % 4]
            article.section = number % 5 == 0 ? "World" : nil
            if number % 7 != 0 {
                article.published = PublishedTime(
                    at: Timestamp(seconds: 1_450_000_000 + Int64(number) * 3600), precision: .day, from: "field")
            }
            let record = CanonicalRecord.encode(article)
            return Sample(
                article: article, key: ArticleKey(canonicalURL: article.url!),
                version: CanonicalRecord.version(of: article, record: record), record: record)
        }
    }

    private static func build(_ samples: [Sample], kills: [Sample] = []) throws -> BuiltSegment {
        let builder = SegmentBuilder(settings: Settings(), memoryBudgetBytes: 1 << 28)
        for sample in samples {
            _ = try builder.add(key: sample.key, version: sample.version, record: sample.record, frame: nil)
        }
        return try builder.seal(kills: kills.map(\.killed))
    }

    static func snapshot(isMapped: Bool) throws -> SnapshotReader {
        let source = MemoryByteSource(isMapped: isMapped)
        let samples = articles(60)
        let segments = [
            try build(Array(samples[..<40])), try build(Array(samples[40...]), kills: Array(samples[20..<30])),
        ]
        let references = segments.enumerated().map { number, built in
            let reference = built.reference(attempt: Attempt(term: Term(1), number: UInt64(number)))
            source.put(built.bytes, as: reference.objectName)
            return reference
        }
        return try SnapshotReader.open(references, source: source)
    }

    /// Objects of simulated stores, each kind behind the byte that names it.
    private static func putObjects(_ put: (FuzzTarget, Int, [UInt8]) throws -> Void) throws {
        var count = 0
        for seed in UInt64(1)...4 {
            let world = World(Scenario(seed: seed, shape: .small))
            _ = try world.run()
            for (name, bytes) in world.objects.sorted(by: { $0.key < $1.key }) where bytes.count < 1 << 14 {
                count += 1
                if name.hasPrefix("log/") { try put(.log, count, bytes) }
                for (kind, reads) in FuzzTarget.objectReaders.enumerated() where (try? reads(bytes)) != nil {
                    try put(.manifest, count, [UInt8(kind)] + bytes)
                }
            }
        }
    }

    static func write(to folder: String) throws {
        func put(_ target: FuzzTarget, _ name: Int, _ bytes: [UInt8]) throws {
            let path = URL(filePath: folder).appending(path: target.rawValue)
            try FileManager.default.createDirectory(at: path, withIntermediateDirectories: true)
            try Data(bytes).write(to: path.appending(path: "seed-\(name)"))
        }
        let samples = articles(300)
        try put(.segment, 0, build(Array(samples[..<3])).bytes)
        try put(.segment, 1, build(Array(samples[3..<30])).bytes)
        let overlay = try build(samples)
        try put(.segment, 2, overlay.bytes)
        let source = MemoryByteSource()
        source.put(overlay.bytes, as: "overlay")
        let reader = try SegmentReader.open(
            objectName: "overlay", sizeBytes: UInt64(overlay.bytes.count), source: source)
        try SegmentMerger(settings: Settings(), source: source).compact([reader]) { try put(.segment, 3, $0.bytes) }
        try putObjects(put)
        let queries = [
            "w1 w2", "\"w1 w2\"~3 -w5", "walking =walks wall*", "any(w1 w2^2.5 \"w3 w4\") published:2016-01..2016-02",
            "w1 NEAR/5 (w2 OR w3)",
            "headline:w1* source:=\"Reuters\" lang:en", "\"w1 * w2\" w3~2",
            "=w1 NOT (w2 OR key:00112233445566778899aabbccddeeff)",
            "published:>=2015-12-13T10:30:15+01:00", "*ion el*ion U.S. 中国人 l’homme",
            "by:any(ann bo) section:world (((w1)))", "w1^0.125 (w2 OR w3)^1000 \"w4 w5\"^0.001",
        ]
        for (number, text) in queries.enumerated() { try put(.query, number, Array(text.utf8)) }
        for (number, sample) in samples.prefix(5).enumerated() {
            let incoming = IncomingArticle(article: sample.article, key: sample.key)
            try put(.json, number, ArticleJSON.line(incoming))
        }
        let lines = [
            #"{"title":"A \u00e9\ud83d\ude00 \n","url":"http://example.org/a?b=c","date":"2016-01-20T10:30:15+01:00","tags":["x","y"]}"#,
            #"{"url":"http:\/\/example.org\/c","body":"\"\\\b\f\r\n\t\ud83d \ude00 \ud83d\ude00","headline":"\ud83d\ude00"}"#,
            #"{"headline":"x","body":"y","extra":{"a":[1,2.5e-3,true,null,{"b":"c"}]},"published":"20 Jan 2016","authors":[{"name":"Ann"}]}"#,
        ]
        for (number, line) in lines.enumerated() { try put(.json, 10 + number, Array(line.utf8)) }
        let texts: [(FuzzTarget, [String])] = [
            (.feed, FeedSeeds.texts), (.sitemap, FeedSeeds.sitemaps), (.opml, TextSeeds.opml), (.page, TextSeeds.pages),
            (.date, TextSeeds.dates), (.address, TextSeeds.addresses), (.robots, TextSeeds.robots),
        ]
        for (target, texts) in texts {
            for (number, text) in texts.enumerated() { try put(target, number, Array(text.utf8)) }
        }
    }
}
