import ByteCoding
import News
import Storage
import Wire

/// Messages of every kind with valid random fields.
struct RandomMessages {
    var generator: SplitMix64

    init(seed: UInt64) { generator = SplitMix64(seed: seed) }

    static let kindsForServer = 17
    static let kindsForClient = 20

    mutating func message(for side: MessageParser.Side) -> Message {
        let kinds = side == .server ? Self.kindsForServer : Self.kindsForClient
        return message(for: side, kind: Int.random(in: 0..<kinds, using: &generator))
    }

    mutating func message(for side: MessageParser.Side, kind: Int) -> Message {
        side == .server ? messageForServer(kind) : messageForClient(kind)
    }

    private mutating func share() -> FeedShare { pick(FeedShare.all) }

    private mutating func messageForServer(_ kind: Int) -> Message {
        switch kind {
        case 0:
            .hello(
                version: 0, role: pick(PeerRole.allCases), client: name(), nonce: bytes(16...32), proof: bytes(32...32))
        case 1: .quit
        case 2:
            .put(
                number: number(), lane: pick(Lane.allCases), ack: pick([.durable, .indexed, .visible]),
                digest: digest(), payload: bytes(0...300))
        case 3: .status
        case 4: .compact
        case 5: .join(instance: Instance(number()))
        case 6: .touch
        case 7: .credit(lane: pick(Lane.allCases), bytes: number())
        case 8: .sealed(sealed())
        case 9:
            .merged(
                MergedReport(
                    job: number(), outputs: references(), left: list(0...4) { UInt32(truncatingIfNeeded: $0.number()) })
            )
        case 10: .mergeFailed(job: number(), message: text())
        case 12: .found(FoundReport(job: number(), names: list(0...4) { $0.text() }))
        case 13: .scanned(ScannedReport(job: number(), expirations: list(0...3) { $0.expiration() }))
        case 11:
            .poison(
                list(0...3) {
                    PoisonReport(
                        stream: $0.shardLane(), epoch: $0.epoch(), position: $0.position(), reason: $0.text())
                })
        case 14: .kept(share: share(), epoch: epoch())
        case 15: .returned(share: share(), epoch: epoch())
        default: .drain
        }
    }

    private mutating func messageForClient(_ kind: Int) -> Message {
        switch kind {
        case 0:
            .greeting(
                version: 0, term: Term(number()), nonce: bytes(16...32),
                limits: GreetingLimits(lineBytes: number() | 256, payloadBytes: number() | 1))
        case 1: .welcome
        case 2: .error(code: pick(ErrorCode.allCases), message: text())
        case 3:
            .accepted(
                number: number(),
                counts: BatchCounts(
                    received: UInt32(truncatingIfNeeded: number()), accepted: UInt32(truncatingIfNeeded: number()),
                    rejected: UInt32(truncatingIfNeeded: number()), controls: UInt32(truncatingIfNeeded: number())))
        case 4: .refusedBatch(number: number(), code: pick(ErrorCode.allCases), message: text())
        case 5: .statusReport(json: bytes(0...200))
        case 6: .compacted(generation: Generation(number()))
        case 7:
            .joined(
                term: Term(number()), attempt: attempt(),
                leaseMilliseconds: UInt32.random(in: 1 ... .max, using: &generator),
                settings: bytes(0...64))
        case 8: .touched
        case 9:
            .lease(
                shard: shard(), epoch: epoch(), generation: Generation(number()),
                rules: ShardRules(
                    suspectTo: [.live: position(), .bulk: position()],
                    deadLetters: list(0...2) {
                        ShardRules.VersionMark(key: $0.key(), version: $0.version(), position: $0.position())
                    }, retracted: list(0...5) { $0.key() },
                    expired: list(0...2) {
                        ShardRules.VersionMark(key: $0.key(), version: $0.version(), position: $0.position())
                    }))
        case 10: .revoke(shard: shard(), epoch: epoch())
        case 11: .articles(articles())
        case 12: .published(report: number(), generation: Generation(number()))
        case 13: .refused(report: number())
        case 14:
            .merge(
                MergeJob(
                    number: number(), attempt: attempt(), output: pick([.overlay, .cells, .purged, .folded]),
                    inputs: references()))
        case 15:
            .find(
                FindJob(
                    number: number(), bounds: list(0...3) { VersionBound(key: $0.key(), through: $0.version()) },
                    names: list(0...4) { $0.text() }))
        case 16:
            .scan(
                ScanJob(
                    number: number(),
                    rules: list(0...3) {
                        RetentionHorizon(source: $0.text(), time: $0.number(), ageDays: $0.small())
                    }, limitCount: small(), names: list(0...4) { $0.text() }))
        case 17: .share(share(), epoch: epoch())
        case 18: .recall(share(), epoch: epoch())
        default: .drain
        }
    }

    mutating func articles() -> ArticlesBatch {
        ArticlesBatch(
            slices: list(0...3) { random in
                let from = random.position()
                var last = from
                let entries = random.list(0...4) { random in
                    last = Position(term: last.term, number: last.number, index: last.index + random.small())
                    return RoutedEntry(
                        position: last, hour: UInt32(truncatingIfNeeded: random.number()), entry: random.entry())
                }
                return ArticlesBatch.Slice(
                    shardLane: random.shardLane(), epoch: random.epoch(), from: from, to: last, entries: entries)
            }, isLast: Bool.random(using: &generator))
    }

    mutating func sealed() -> SealedReport {
        SealedReport(
            number: number(),
            entries: list(0...3) { random in
                let from = random.position()
                let to = Position(term: from.term, number: from.number, index: from.index + random.small())
                return SealedReport.Entry(shardLane: random.shardLane(), epoch: random.epoch(), from: from, to: to)
            }, segment: Bool.random(using: &generator) ? reference() : nil,
            counts: list(0...3) { random in
                OutcomeCount(
                    source: random.text(), hour: UInt32(truncatingIfNeeded: random.number()),
                    outcome: random.pick(Outcome.allCases),
                    delta: Int64(random.number() % (1 << 32)) * (random.number() % 2 == 0 ? 1 : -1))
            })
    }

    mutating func entry() -> LogEntry {
        if number() % 4 == 0 { return .expired(expiration()) }
        if Bool.random(using: &generator) {
            return .retraction(Retraction(key: key(), url: text(), reason: text()))
        }
        let article = LoggedArticle(
            key: key(), version: version(), orderTime: time(), source: text(), recordBytes: small(),
            frame: bytes(0...60))
        return Bool.random(using: &generator) ? .article(article) : .retried(article)
    }

    mutating func expiration() -> Expiration {
        Expiration(key: key(), through: version(), horizon: number(), position: position())
    }

    mutating func version() -> Version {
        Version(firstSeen: time(), extractorVersion: small(), contentHash: digest(), recordHash: digest())
    }

    mutating func references() -> [SegmentReference] { list(0...3) { $0.reference() } }

    mutating func reference() -> SegmentReference {
        let kind = pick([SegmentReference.Kind.overlay, .cell])
        let isEmpty = kind == .overlay && Bool.random(using: &generator)
        return SegmentReference(
            identity: digest(), attempt: attempt(), kind: kind, sizeBytes: number() % (1 << 48),
            documentCount: isEmpty ? 0 : small(), killCount: small(), recordBytes: number() % (1 << 48),
            digest: digest(),
            span: isEmpty ? nil : OrderSpan(first: order(), last: order()))
    }

    mutating func number() -> UInt64 { generator.next() >> UInt64.random(in: 0..<64, using: &generator) }
    mutating func small() -> UInt32 { UInt32.random(in: 1...1000, using: &generator) }
    mutating func pick<Value>(_ values: [Value]) -> Value { values[Int.random(in: values.indices, using: &generator)] }
    mutating func bytes(_ lengths: ClosedRange<Int>) -> [UInt8] {
        list(lengths) { UInt8.random(in: 0...255, using: &$0.generator) }
    }
    mutating func list<Value>(_ lengths: ClosedRange<Int>, _ make: (inout RandomMessages) -> Value) -> [Value] {
        (0..<Int.random(in: lengths, using: &generator)).map { _ in make(&self) }
    }
    mutating func name() -> String {
        String(list(1...64) { $0.pick(Array("ABCXYZabcxyz0189._-")) })
    }
    mutating func text() -> String { String(list(0...20) { $0.pick(Array("ab 0.-éß漢🚢")) }) }
    mutating func digest() -> Digest256 { Digest256(limbs: (number(), number(), number(), number())) }
    mutating func key() -> ArticleKey { ArticleKey(high: generator.next(), low: generator.next()) }
    mutating func time() -> Timestamp? {
        Bool.random(using: &generator) ? nil : Timestamp(milliseconds: Int64(number() >> 1))
    }
    mutating func order() -> OrderKey { OrderKey(time: time(), key: key()) }
    mutating func shard() -> Shard { Shard(UInt16(truncatingIfNeeded: number())) }
    mutating func shardLane() -> ShardLane { ShardLane(shard(), pick(Lane.allCases)) }
    mutating func epoch() -> ShardEpoch { ShardEpoch(term: Term(number()), counter: number()) }
    mutating func attempt() -> Attempt { Attempt(term: Term(number()), number: number()) }
    mutating func position() -> Position { Position(term: Term(number()), number: number(), index: small()) }
}
