import ByteCoding
import Engine
import HostIO
import News
import Roles
import Storage

/// A small store made by hand: one term, one log object, one overlay, one manifest for each publication.
final class SampleStore {
    struct Sample {
        let article: Article
        let key: ArticleKey
        let version: Version
        let record: [UInt8]

        init(_ article: Article) {
            self.article = article
            key = ArticleKey(canonicalURL: article.url!)
            record = CanonicalRecord.encode(article)
            version = CanonicalRecord.version(of: article, record: record)
        }

        var entry: LogEntry {
            .article(
                LoggedArticle(
                    key: key, version: version, orderTime: article.orderTime, source: article.source ?? "",
                    recordBytes: UInt32(record.count),
                    frame: ZstdCompressor(level: ZstdCompressor.frameLevel).compress(record)))
        }
    }

    let bucket = MemoryBucket()
    private(set) var manifest = Manifest(settings: Settings(), sharding: Sharding(shardCount: 2, secret: 7))
    private var live: [ArticleKey: Sample] = [:]
    /// What each generation has.
    private(set) var liveVersions: [Generation: [ArticleKey: Version]] = [.none: [:]]
    private var cells: [SegmentReference] = []
    private var state = ClusterState()
    private var nextNumber: UInt64 = 1
    private(set) var term = Term(1)
    private var ends: [LogObject.TermEnd] = []
    private let instance = Instance(9)

    var segments: [SegmentReference] { manifest.overlays + cells }

    init() {
        state.apply(.feed(FeedChange(operation: .add, url: "https://news.example/feed", intervalSeconds: 60)))
        put(ObjectName.term(term), TermObject(term: term, instance: instance, address: "").encoded)
        let first = LogObject(term: term, number: 0, instance: instance, acceptedAt: time(0))
        put(first.name, first.encoded)
    }

    static func article(
        _ number: Int, headline: String, body: String, source: String? = "The Courier", day: Int64? = nil,
        revision: UInt32 = 0
    ) -> Sample {
        var article = Article()
        article.url = "https://news.example/\(number)"
        article.headline = headline
        article.body = body
        article.source = source
        article.language = "en"
        article.extractorVersion = revision
        article.published = PublishedTime(
            at: Timestamp(seconds: 1_453_248_000 + (day ?? Int64(number)) * 86_400), precision: .day, from: "field")
        return Sample(article)
    }

    private func time(_ number: UInt64) -> Timestamp { Timestamp(seconds: 1_500_000_000 + Int64(number) * 60) }

    private func put(_ name: String, _ bytes: [UInt8]) {
        let result = bucket.perform(.put(name: name, bytes: bytes))
        precondition(result == .done, "memory takes everything")
    }

    /// Writes entries to the log, without publishing them.
    @discardableResult func log(_ entries: [LogEntry], lane: Lane = .live) -> LogObject {
        let object = LogObject(
            term: term, number: nextNumber, instance: instance, acceptedAt: time(nextNumber),
            batches: [
                LogObject.Batch(
                    client: "test", number: nextNumber, digest: SHA256.hash(of: Array("\(nextNumber)".utf8)),
                    lane: lane,
                    entries: entries)
            ])
        nextNumber += 1
        put(object.name, object.encoded)
        return object
    }

    /// As many reigns that logged nothing, and of which the log is collected but for the last, which goes on.
    ///
    /// - Parameter forgets: whether the manifest tells only the ends of the terms that are in the log.
    func reign(_ count: Int, forgets: Bool = false) {
        for _ in 0..<count {
            ends.append(.init(term: term, objectCount: nextNumber))
            if forgets, nextNumber == 1 { ends.removeLast() }
            term = term.next
            nextNumber = 1
            put(ObjectName.term(term), TermObject(term: term, instance: instance, address: "").encoded)
        }
        let first = LogObject(term: term, number: 0, instance: instance, acceptedAt: time(0), ends: ends)
        put(first.name, first.encoded)
        var next = manifest
        // Nothing waits, so nothing of the terms before is needed.
        next.foldedTo = first.endPosition
        next.watermarks = next.watermarks.map { _ in first.endPosition }
        commit(next, manifest.writtenAt)
    }

    /// What a coordinator that was overtaken in a term wrote afterwards, or what one writes that nobody knows of yet.
    @discardableResult func stray(_ term: Term, _ number: UInt64, _ entries: [LogEntry]) -> LogObject {
        let batch = LogObject.Batch(
            client: "stray", number: number, digest: .zero, lane: .live, entries: entries)
        let object = LogObject(
            term: term, number: number, instance: Instance(10), acceptedAt: time(number), batches: [batch])
        put(object.name, object.encoded)
        return object
    }

    /// Logs the articles and publishes a snapshot with the winners.
    func publish(_ samples: [Sample], rejections: [Rejection] = [], retract: [ArticleKey] = []) throws {
        let retractions = retract.map { Retraction(key: $0, url: "", reason: "court") }
        for retraction in retractions { state.apply(.retraction(retraction)) }
        let object = log(
            samples.map(\.entry) + rejections.map { .rejection($0) } + retractions.map { .retraction($0) })
        let builder = SegmentBuilder(settings: Settings(), memoryBudgetBytes: 1 << 24)
        var next = manifest
        var rows = next.ledgerTail
        var kills: [KilledDocument] = []
        for sample in samples {
            let source = sample.article.source ?? ""
            rows.received(1, source: source, hour: object.hour)
            next.sums.received += 1
            func count(_ delta: Int64, _ outcome: Outcome) {
                next.sums[outcome] += delta
                rows.add(delta, of: outcome, source: source, hour: object.hour)
            }
            if let old = live[sample.key] {
                guard old.version < sample.version else {
                    count(1, old.version == sample.version ? .duplicate : .superseded)
                    continue
                }
                kills.append(
                    KilledDocument(
                        kill: Kill(key: old.key, version: old.version, orderTime: old.article.orderTime),
                        record: old.record))
                count(-1, .published)
                count(1, .superseded)
            }
            count(1, .published)
            live[sample.key] = sample
            _ = try builder.add(key: sample.key, version: sample.version, record: sample.record, frame: nil)
        }
        for key in retract {
            guard let old = live.removeValue(forKey: key) else { continue }
            kills.append(
                KilledDocument(
                    kill: Kill(key: key, version: old.version, orderTime: old.article.orderTime), record: old.record))
            next.sums[.published] -= 1
            next.sums[.retracted] += 1
            rows.add(-1, of: .published, source: old.article.source ?? "", hour: object.hour)
            rows.add(1, of: .retracted, source: old.article.source ?? "", hour: object.hour)
        }
        for rejection in rejections {
            next.sums.received += 1
            next.sums[.rejected] += 1
            rows.received(1, source: rejection.source, hour: object.hour)
            rows.add(1, of: .rejected, source: rejection.source, hour: object.hour)
        }
        next.ledgerTail = rows
        if builder.documentCount > 0 || !kills.isEmpty {
            let segment = try builder.seal(kills: kills)
            let reference = segment.reference(attempt: Attempt(term: term, number: nextNumber))
            put(reference.objectName, segment.bytes)
            next.overlays.append(reference)
            next.setDigest = next.setDigest &+ reference.digest
        }
        next.foldedTo = object.endPosition
        next.watermarks = next.watermarks.map { _ in object.endPosition }
        commit(next, object.acceptedAt)
    }

    /// Publishes a snapshot with a kill of an article that is not there, which no coordinator does.
    func publishKill(of sample: Sample) throws {
        let object = log([])
        let killed = KilledDocument(
            kill: Kill(key: sample.key, version: sample.version, orderTime: sample.article.orderTime),
            record: sample.record)
        let segment = try SegmentBuilder(settings: Settings(), memoryBudgetBytes: 1 << 24).seal(kills: [killed])
        let reference = segment.reference(attempt: Attempt(term: term, number: nextNumber))
        put(reference.objectName, segment.bytes)
        var next = manifest
        next.overlays.append(reference)
        next.setDigest = next.setDigest &+ reference.digest
        next.foldedTo = object.endPosition
        next.watermarks = next.watermarks.map { _ in object.endPosition }
        commit(next, object.acceptedAt)
    }

    /// Publishes a snapshot in which all segments are one overlay, or cells.
    func merge(into output: MergeOutput = .overlay) throws {
        let inputs = segments
        var outputs: [SegmentReference] = []
        try SegmentMerger(settings: manifest.settings, source: BucketByteSource(bucket))
            .run(inputs, as: output) { built in
                let reference = built.reference(attempt: Attempt(term: term, number: 1_000_000 + nextNumber))
                put(reference.objectName, built.bytes)
                outputs.append(reference)
            }
        log([])
        var next = manifest
        next.overlays = output == .overlay ? outputs : []
        next.pages = []
        cells = output == .cells ? outputs : []
        if !cells.isEmpty {
            let bytes = ManifestPage(cells: cells).encoded
            let page = Manifest.Named(
                digest: SHA256.hash(of: bytes), attempt: Attempt(term: term, number: 2_000_000 + nextNumber))
            put(page.name(in: "pages"), bytes)
            next.pages = [page]
        }
        commit(next, time(nextNumber))
    }

    private func commit(_ manifest: Manifest, _ writtenAt: Timestamp) {
        var next = manifest
        if self.manifest.generation != .none {
            next.kept.append(self.manifest.generation, writtenAt: self.manifest.writtenAt)
        }
        for kind in [ClusterState.Kind.feeds, .retractions] where kind == .feeds || !state.retractions.isEmpty {
            let bytes = state.encoded(kind)
            let named = Manifest.Named(
                digest: SHA256.hash(of: bytes), attempt: Attempt(term: term, number: nextNumber))
            put(named.name(in: "state"), bytes)
            next.state[kind] = named
        }
        next.parent = self.manifest.generation
        next.generation = self.manifest.generation.next
        next.term = term
        next.ends = ends
        next.instance = instance
        next.writtenAt = writtenAt
        put(next.name, next.encoded)
        self.manifest = next
        liveVersions[next.generation] = live.mapValues(\.version)
    }

    var names: [String] {
        guard case .names(let names) = bucket.perform(.list(prefix: "", after: nil, limit: 1000)) else { return [] }
        return names
    }

    func bytes(_ name: String) -> [UInt8] {
        guard case .bytes(let bytes) = bucket.perform(.get(name: name, range: nil)) else { return [] }
        return bytes
    }
}
