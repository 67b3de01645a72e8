// Finds what is behind the horizons of retention in the snapshot, and has it logged as expired, a round at a time.
//
// Guarantees
// 1. A scan begins once all is published that was in the log when the horizons were known: what came later was held against
//    them on arrival. So one pass over the segments of one generation, dead documents and live ones, finds everything.
// 2. A round begins only when everything of the one before is erased: at most `Limits.batchEntries` expirations stand in the
//    state, all of one batch of the log, and workers need remember no more than those.
// 3. Horizons are in the log before anything is held against them. A rule by age is moved on by logging a new horizon: clocks
//    enter only so.
// 4. A coordinator that ends in between leaves nothing behind: the next scans anew when it begins to reign.

import News
import Storage

struct Expirer: Sendable {
    enum Output: Equatable, Sendable {
        /// To a merger.
        case request(MergeScheduler.ErasureWork)
        /// To be logged, in a batch of their own: rules whose day has come, dead letters to be dropped, expirations.
        case log([LogEntry])
        case note(String)
    }

    /// What it looks at.
    struct View {
        var head: SnapshotHead
        var state: ClusterState
        /// The snapshot must come to here before all is in it that the log brought.
        var toBeCovered: Position
        /// Whether expirations stand in the state: the round before is not erased yet.
        var hasStanding: Bool
        /// Whether what was requested of a merger waits or runs.
        var isMergerBusy: Bool
        /// Whether an erasure is at work, which needs the merger too.
        var isErasing: Bool
        /// Whether a rule is on its way into the log: nothing may be logged behind it by the rules that it changes.
        var hasComingRules: Bool
    }

    private enum Stage: Equatable {
        case idle
        /// Until all up to here is published.
        case covering(Position)
        case scanning
        case logging
    }

    /// Segments in one scan: a second or so of a merger's time.
    static let nameLimitCount = 64
    static let restMilliseconds: Int64 = 1000

    private let keyLimitCount: Int
    private var stage = Stage.idle
    private var restsUntil: Int64 = .min
    /// The rules of the last pass that found nothing.
    private var doneWith = RetentionRules()
    /// The rules of this pass.
    private var rules = RetentionRules()
    /// What is still to be scanned, last first, and what a merger has.
    private var queue: [String] = []
    private var asked: [String] = []
    private var askedLimit = 0
    private var found: [ArticleKey: Expiration] = [:]
    /// Whether a merger found as much as it was asked for: there may be more.
    private var isPartial = false
    private var isLogging = false

    /// - Parameter keyLimitCount: keys of one round.
    init(keyLimitCount: Int = Limits.batchEntries) { self.keyLimitCount = keyLimitCount }

    /// Whether it needs a merger now.
    var isScanning: Bool { stage == .scanning }

    /// Whether a pass by these rules found nothing.
    func isDone(with rules: RetentionRules) -> Bool { rules == doneWith }

    mutating func step(_ view: View, now: Moment) -> [Output] {
        var outputs = view.hasComingRules ? [] : moveOn(view.state.retention, now: now)
        var before: Stage
        repeat {
            before = stage
            advance(view, now: now, &outputs)
        } while stage != before
        return outputs
    }

    /// Rules by age whose day has come.
    private mutating func moveOn(_ rules: RetentionRules, now: Moment) -> [Output] {
        guard !isLogging, now.milliseconds >= restsUntil else { return [] }
        let moved = rules.sorted.compactMap { rule -> LogEntry? in
            guard rule.ageDays > 0 else { return nil }
            var next = rule
            next.time = RetentionHorizon.time(ofAgeDays: rule.ageDays, at: now.wall)
            // A clock that was set back moves nothing back.
            return next.time > rule.time ? .horizon(next) : nil
        }
        guard !moved.isEmpty else { return [] }
        isLogging = true
        return [.log(Array(moved.prefix(Limits.batchEntries)))]
    }

    mutating func scanned(_ expirations: [Expiration]) {
        guard stage == .scanning, !asked.isEmpty else { return }
        isPartial = isPartial || expirations.count >= askedLimit
        for expiration in expirations {
            guard let known = found[expiration.key] else {
                found[expiration.key] = expiration
                continue
            }
            if known.through < expiration.through { found[expiration.key] = expiration }
        }
        queue.removeLast(asked.count)
        asked = []
    }

    /// A search failed.
    mutating func scanFailed(_ why: String, now: Moment) -> [Output] {
        guard stage == .scanning else { return [] }
        restsUntil = now.milliseconds + Self.restMilliseconds
        end()
        return [.note("a scan for expired articles begins anew: \(why)")]
    }

    /// What was to be logged is in the state.
    mutating func logged() { isLogging = false }

    mutating func refused(_ why: String, now: Moment) -> [Output] {
        isLogging = false
        restsUntil = now.milliseconds + Self.restMilliseconds
        end()
        return [.note("what expired could not be logged: \(why)")]
    }

    private mutating func end() {
        stage = .idle
        (queue, asked, found, isPartial) = ([], [], [:], false)
    }

    private mutating func advance(_ view: View, now: Moment, _ outputs: inout [Output]) {
        switch stage {
        case .idle:
            guard view.state.retention != doneWith, !isLogging, now.milliseconds >= restsUntil,
                !view.hasStanding
            else { return }
            rules = view.state.retention
            guard !rules.isEmpty else {
                doneWith = rules
                return
            }
            stage = .covering(view.toBeCovered)
        case .covering(let position):
            guard view.state.retention.isAtLeast(rules) else { return end() }
            guard view.head.manifest.coveredTo >= position, !view.isErasing, !view.isMergerBusy else { return }
            // The oldest first in the order of the search, so last in the queue.
            let concerned = (view.head.cells + view.head.manifest.overlays).filter { rules.mayConcern($0) }
            queue = concerned.sorted { ($0.span!.last, $0.objectName) < ($1.span!.last, $1.objectName) }
                .map(\.objectName)
            stage = .scanning
        case .scanning:
            guard !view.isMergerBusy, !isLogging, !outputs.contains(where: Self.isRequest) else { return }
            // A rule was taken back meanwhile: what it had gone may stay.
            guard view.state.retention.isAtLeast(rules) else { return end() }
            if queue.isEmpty || found.count >= keyLimitCount {
                guard !view.hasComingRules else { return }
                return conclude(view, now: now, &outputs)
            }
            // What a merger had that left is asked again.
            asked = queue.suffix(Self.nameLimitCount)
            askedLimit = keyLimitCount - found.count
            outputs.append(
                .request(
                    .scan(
                        rules: rules.sorted, limitCount: askedLimit, names: asked.reversed())))
        case .logging:
            if !isLogging { end() }
        }
    }

    private mutating func conclude(_ view: View, now: Moment, _ outputs: inout [Output]) {
        // What is retracted is erased as such.
        found = found.filter { view.state.retractions[$0.key] == nil }
        // Their key may have a live version that is to stay, so they are no expirations; what else has their text is the log.
        let letters = view.state.deadLetters.values.filter {
            $0.isTextThere && rules.horizon(before: $0.article) != nil
        }
        let expired = found.values.sorted { $0.key < $1.key }.prefix(keyLimitCount).map { LogEntry.expired($0) }
        let dropped = letters.map(\.id).sorted().prefix(Limits.batchEntries - expired.count).map {
            LogEntry.dropped($0)
        }
        if expired.isEmpty, dropped.isEmpty {
            if isPartial { restsUntil = now.milliseconds + Self.restMilliseconds } else { doneWith = rules }
            return end()
        }
        outputs.append(
            .note("\(expired.count) articles and \(dropped.count) dead letters are behind a horizon of retention"))
        isLogging = true
        outputs.append(.log(dropped + expired))
        stage = .logging
    }

    private static func isRequest(_ output: Output) -> Bool { if case .request = output { true } else { false } }
}
