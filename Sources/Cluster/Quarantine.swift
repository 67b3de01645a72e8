// Which shards may hold an article that ends its workers, and what became of the articles that did so alone.
//
// A worker that dies says nothing of why. So a stream (shard and lane) whose holder was lost twice while the same entries
// were out is *suspect*: its next holder tries each article of it up to there in a process of its own before it takes it in
// (`Trial.swift`). What ended that process three times, alone, is reported and becomes a dead letter: an entry of the log, so
// that every replay decides the same.
//
// Guarantees
// 1. A dead letter was reported by the live holder of its shard, for an entry that no manifest covers, and is what the log
//    holds at that position.
// 2. From the report until the decision is in the log its shard is held by nobody: nobody counts the entry another way.

import ByteCoding
import News
import Storage
import Wire

struct Quarantine: Sendable {
    enum Output: Equatable, Sendable {
        case operation(TaggedOperation)
        /// To be logged; settled by `decided` or `undecided`.
        case decide(DeadLetter)
        case note(String)
        case failed(String)
    }

    private struct Strike: Sendable {
        var watermark: Position
        var sentTo: Position
        var count = 1
    }

    private enum Stage: Equatable {
        case idle
        case reading
        case deciding
    }

    /// Holders of a stream lost without its watermark moving, after which it is suspect.
    static let strikeLimitCount = 2
    /// Frames of dead letters, together, at most: they stand in one object. Then somebody must look at them.
    static let textLimitBytes = 64 << 20
    /// How long a shard rests whose article could not be decided upon.
    static let restMilliseconds: Int64 = 10_000

    private var strikes: [ShardLane: Strike] = [:]
    /// Everything up to here is suspect: what a process left that had its workers within it, and did not end in order.
    private var suspectTo = Position.start
    private var stage = Stage.idle
    private var call = StoreCall(owner: .quarantine)
    private var reports: [PoisonReport] = []
    private var resting: [Shard: Int64] = [:]

    // MARK: Suspicion

    /// The process before this one, with its workers, did not end in order.
    mutating func suspect(to position: Position) { suspectTo = position }

    /// The holder of a stream was lost while entries of it were out.
    mutating func lost(_ stream: ShardLane, watermark: Position, sentTo: Position) {
        guard sentTo > watermark else { return }
        if var strike = strikes[stream], strike.watermark == watermark {
            strike.count += 1
            strike.sentTo = max(strike.sentTo, sentTo)
            strikes[stream] = strike
        } else {
            strikes[stream] = Strike(watermark: watermark, sentTo: sentTo)
        }
    }

    /// Entries of the stream up to here are to be tried before they are taken in.
    func suspectTo(_ stream: ShardLane) -> Position {
        guard let strike = strikes[stream], strike.count >= Self.strikeLimitCount else { return suspectTo }
        return max(strike.sentTo, suspectTo)
    }

    /// The same for a shard, by lane.
    func suspectTo(_ shard: Shard) -> [Lane: Position] {
        Dictionary(uniqueKeysWithValues: Lane.allCases.map { ($0, suspectTo(ShardLane(shard, $0))) })
    }

    mutating func published(_ manifest: Manifest) {
        guard !strikes.isEmpty else { return }
        strikes = strikes.filter { manifest[watermark: $0.key] < $0.value.sentTo }
    }

    /// Streams whose next holder must try their articles.
    var suspectCount: Int { strikes.values.count { $0.count >= Self.strikeLimitCount } }

    // MARK: Decisions

    /// Whether nobody may hold the shard now.
    func isHeld(_ shard: Shard, now: Moment) -> Bool {
        reports.contains { $0.stream.shard == shard } || resting[shard].map { $0 > now.milliseconds } ?? false
    }

    mutating func add(_ report: PoisonReport) {
        guard !reports.contains(where: { $0.position == report.position }) else { return }
        reports.append(report)
    }

    /// - Parameter state: the dead letters there are.
    mutating func step(state: ClusterState, now: Moment) -> [Output] {
        resting = resting.filter { $0.value > now.milliseconds }
        guard stage == .idle, let report = reports.first else { return [] }
        stage = .reading
        return [
            .operation(
                call.start(.get(name: ObjectName.log(report.position.term, report.position.number), range: nil)))
        ]
    }

    mutating func tick(now: Moment) -> [Output] { call.due(now: now).map { [.operation($0)] } ?? [] }

    mutating func handle(
        _ tag: OperationTag, _ result: BucketResult, state: ClusterState, now: Moment
    ) -> [Output] {
        guard stage == .reading, let (operation, result) = call.handle(tag, result, now: now),
            let report = reports.first
        else { return [] }
        guard case .bytes(let bytes) = result else {
            return [.failed("\(operation.name), which holds an article in quarantine, cannot be read: \(result)")]
        }
        var found: (article: LoggedArticle, hour: UInt32)?
        do {
            let object = try LogObject(decoding: bytes, named: operation.name)
            object.forEachEntry { position, _, entry in
                guard position == report.position else { return }
                switch entry {
                case .article(let article), .retried(let article): found = (article, object.hour)
                case .rejection, .retraction, .feed, .horizon, .deadLetter, .dropped, .erased, .expired: break
                }
            }
        } catch { return [.failed("\(operation.name) is corrupt: \(error)")] }
        stage = .idle
        guard let found else { return drop(report, "there is no article at its position", now: now) }
        // By a later coordinator, while we slept.
        guard found.article.isTextThere else { return drop(report, "its text was erased meanwhile", now: now) }
        let letter = DeadLetter(
            position: report.position, hour: found.hour, reason: report.reason, article: found.article)
        guard state.deadLetters[letter.id] == nil else {
            // The same version came twice. Under the next lease it is a duplicate of the dead letter.
            reports.removeFirst()
            return step(state: state, now: now)
        }
        let held = state.deadLetters.values.reduce(0) { $0 + $1.article.frame.count }
        guard held + letter.article.frame.count <= Self.textLimitBytes else {
            return drop(report, "the dead letters hold \(held) bytes already: retry or drop some", now: now)
        }
        stage = .deciding
        return [.decide(letter)]
    }

    private mutating func drop(_ report: PoisonReport, _ why: String, now: Moment) -> [Output] {
        reports.removeFirst()
        resting[report.stream.shard] = now.milliseconds + Self.restMilliseconds
        return [.note("no dead letter was made of entry \(report.position.name): \(why)")]
    }

    /// The decision is in the log.
    mutating func decided() {
        stage = .idle
        reports.removeFirst()
    }

    /// The log did not take it.
    mutating func undecided(_ why: String, now: Moment) -> [Output] {
        stage = .idle
        guard let report = reports.first else { return [] }
        return drop(report, why, now: now)
    }
}
