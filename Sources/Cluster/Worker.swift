// What a worker decides: which articles go into the builder, when it is sealed, what is killed, what is reported.
//
// Guarantees
// 1. Of each shard and lane the runs reported follow one another without gap or overlap.
// 2. An outcome is counted once for each entry of a reported run.
// 3. What is killed was live in the snapshot or in an own segment, and loses against what kills it.
// 4. After a refusal or a lost connection nothing of the old leases is reported.
// 5. Of versions that expired nothing is published that stands in the log before the entry that says so, in whatever order
//    the lanes bring them.
// 6. An article that may have ended a worker is taken in only after it was tried in a process of its own.
// 7. Unless an article may be the cause it takes its leave before it begins anew, so that no stream becomes suspect because
//    a store failed.

import ByteCoding
package import News
package import Storage
import Wire

package struct Worker: Sendable {
    package struct Configuration: Sendable {
        /// Sealed when the builder's articles reach this, in bytes of canonical records.
        package var sealRecordBytes: UInt64 = 48 << 20
        /// Sealed when what is to be counted by source and hour may take this much of a report, which must stay below
        /// `WireLimits.reportBytes`.
        package var sealReportBytes = 4 << 20
        /// Sealed this long after its first article if that came through the live lane …
        package var liveAgeMilliseconds: Int64 = 300
        /// … or the bulk lane,
        package var bulkAgeMilliseconds: Int64 = 15_000
        /// or when nothing came for this long and the coordinator has no more.
        package var quietMilliseconds: Int64 = 100
        package var liveCreditBytes: UInt64 = 4 << 20
        package var bulkCreditBytes: UInt64 = 8 << 20
        package var touchMilliseconds: Int64 = 1000

        package init() {}
    }

    /// A batch with articles that are to be tried before it is taken in.
    private struct Suspects: Sendable {
        var batch: ArticlesBatch
        var articles: [LoggedArticle]
        /// Where each came from.
        var places: [(stream: ShardLane, epoch: ShardEpoch, position: Position)]
        var trial: Trial
    }

    private enum Stage: Equatable {
        case disconnected
        case joining
        case filling
        case trying
        case lookingUp
        case building
        case uploading
        case over
    }

    private let configuration: Configuration
    private let instance: Instance
    private var stage = Stage.disconnected
    private var isDraining = false
    private var attempt: Attempt?
    private var actions: [Action] = []
    /// On a full disk it waits, for the segment built again would not fit either; but not when it drains.
    private var create = CreateCall(owner: .worker, waitsForSpace: true)
    private var nextTouch: Int64 = 0
    private var leaseMilliseconds: Int64 = 10_000
    private var lastHeard: Int64 = 0

    private var held = HeldShards()
    private var queue: [ArticlesBatch] = []
    private var suspects: Suspects?
    /// Tells answers to an abandoned trial apart.
    private var trialNumber: UInt64 = 0

    private var draft = ReportDraft()
    /// Keys of a builder at which it is sealed: halved when a report grew too large because of the sources of what its
    /// articles kill, which nobody knows before.
    private var keyLimitCount = Int.max
    private var lastEntry: Int64 = 0
    private var hasMore = false
    private var returned: [Lane: UInt64] = [:]

    // The seal. Its number tells answers of the engine to an abandoned one apart.
    private var seal: UInt64 = 0
    private var report: SealedReport?
    private var nextReport: UInt64 = 1
    private var unpublished: Set<UInt64> = []
    private var own: [Own] = []
    /// Newest generation that was looked up in: own segments it includes are forgotten, so no older one may be read.
    private var lastRead = Generation.none

    package init(instance: Instance, configuration: Configuration) {
        self.instance = instance
        self.configuration = configuration
    }

    package var shardCount: Int { held.count }

    package mutating func handle(_ event: Event, now: Moment) -> [Action] {
        guard stage != .over else { return [] }
        switch event {
        case .connected:
            reset()
            stage = .joining
            lastHeard = now.milliseconds
            actions.append(.send(.join(instance: instance)))
        case .disconnected:
            reset()
            if isDraining { finish() }
        case .message(let message):
            lastHeard = now.milliseconds
            receive(message, now: now)
        case .tick: tick(now: now)
        case .completed(let tag, let result): completed(tag, result, now: now)
        case .tried(let number, let run):
            if number == trialNumber, stage == .trying { tried(run, now: now) }
        case .lookedUp(let number, let found, let generation, let left):
            if number == seal, stage == .lookingUp, found.count == draft.lookupKeys.count {
                own = left
                lastRead = max(lastRead, generation)
                lookedUp(found, now: now)
            }
        case .built(let number, let segment, let bytes): if number == seal { built(segment, bytes) }
        case .engineFailed(let number, let why):
            guard number == seal else { break }
            actions.append(.note("the segment could not be built: \(why)"))
            rejoin(isOrderly: stage == .lookingUp)
        case .indexFailed(let key, let why):
            actions.append(.note("article \(key.hex) could not be indexed: \(why)"))
            rejoin(isOrderly: false)
        case .overBudget: beginSeal(now: now)
        case .drain:
            isDraining = true
            create.stopWaitingForSpace()
            if stage == .disconnected || stage == .joining { finish() }
            beginSeal(now: now)
            leaveIfDone()
        }
        defer { actions = [] }
        return actions
    }

    // MARK: Connection

    private mutating func reset() {
        stage = .disconnected
        seal += 1
        attempt = nil
        create.abandon()
        held = HeldShards()
        draft = ReportDraft()
        queue = []
        suspects = nil
        trialNumber += 1
        report = nil
        nextReport = 1
        unpublished = []
        own = []
        lastRead = .none
        returned = [:]
        actions.append(.discard)
    }

    /// We cannot work by the bucket's settings.
    private mutating func refuse(_ why: String) {
        actions.append(.send(.error(code: .notAllowed, message: why)))
        actions.append(.note(why))
        rejoin()
    }

    /// - Parameter isOrderly: whether it says so first. Who was given what a worker had that left without a word tries it
    ///   apart in the end, which is for articles that end workers.
    private mutating func rejoin(isOrderly: Bool = true) {
        if isOrderly, stage != .joining { actions.append(.send(.drain)) }
        reset()
        if isDraining { finish() } else { actions.append(.reconnect) }
    }

    private mutating func finish() {
        stage = .over
        actions.append(.drained)
    }

    private mutating func leaveIfDone() {
        guard isDraining, stage == .filling, draft.isEmpty, unpublished.isEmpty else { return }
        actions.append(.send(.drain))
        finish()
    }

    private mutating func receive(_ message: Message, now: Moment) {
        switch message {
        case .joined(_, let attempt, let leaseMilliseconds, let settings):
            if let why = Settings.refusal(of: settings) { return refuse(why) }
            self.attempt = attempt
            self.leaseMilliseconds = Int64(leaseMilliseconds)
            stage = .filling
            nextTouch = now.milliseconds + configuration.touchMilliseconds
            actions.append(.send(.credit(lane: .live, bytes: configuration.liveCreditBytes)))
            actions.append(.send(.credit(lane: .bulk, bytes: configuration.bulkCreditBytes)))
        case .touched: break
        case .lease(let shard, let epoch, let generation, let rules):
            held.add(shard, epoch, generation, rules)
        case .revoke(let shard, let epoch):
            guard held.holds(shard, epoch) else { return }
            held.remove(shard)
            forget(shard)
        case .articles(let batch):
            guard !isDraining else { return }
            queue.append(batch)
            takeQueued(now: now)
        case .published(let number, _):
            unpublished.remove(number)
            leaveIfDone()
        case .refused: rejoin()
        case .error(let code, let text):
            actions.append(.note("coordinator: \(code.rawValue) \(text)"))
            rejoin()
        default: rejoin()
        }
    }

    private mutating func tick(now: Moment) {
        guard stage != .disconnected else { return }
        // The coordinator has given us up long ago, or is gone: nothing of the old leases can be published.
        if now.milliseconds - lastHeard > leaseMilliseconds { return rejoin() }
        if let again = create.due(now: now) { actions.append(.operation(again)) }
        if stage != .joining, now.milliseconds >= nextTouch {
            nextTouch = now.milliseconds + configuration.touchMilliseconds
            actions.append(.send(.touch))
        }
        sealIfDue(now: now)
    }

    // MARK: Filling

    private mutating func takeQueued(now: Moment) {
        while stage == .filling, !queue.isEmpty {
            let batch = queue.removeFirst()
            guard !beginTrial(batch) else { return }
            take(batch, now: now)
            sealIfDue(now: now)
        }
    }

    /// - Returns: whether there is something to try: then the batch waits.
    private mutating func beginTrial(_ batch: ArticlesBatch) -> Bool {
        var found = Suspects(batch: batch, articles: [], places: [], trial: Trial(count: 0))
        for slice in batch.slices {
            guard held.holds(slice.shardLane.shard, slice.epoch),
                let suspectTo = held.suspectTo(slice.shardLane), slice.from < suspectTo
            else { continue }
            for routed in slice.entries where routed.position <= suspectTo {
                switch routed.entry {
                case .article(let article), .retried(let article):
                    // What has no text any more is noticed when it is taken.
                    guard article.isTextThere,
                        held.standing(of: article, at: routed.position, in: slice.shardLane.shard) == .free
                    else { continue }
                    found.articles.append(article)
                    found.places.append((slice.shardLane, slice.epoch, routed.position))
                case .retraction, .expired, .rejection, .feed, .horizon, .deadLetter, .dropped, .erased: break
                }
            }
        }
        guard !found.articles.isEmpty else { return false }
        found.trial = Trial(count: found.articles.count)
        stage = .trying
        go(on: found.trial.next, found)
        return true
    }

    private mutating func tried(_ run: Trial.Run, now: Moment) {
        guard var current = suspects else { return }
        let next = current.trial.handle(run)
        guard case .finished(let verdicts) = next, verdicts.isEmpty else { return go(on: next, current) }
        suspects = nil
        stage = .filling
        take(current.batch, now: now)
        sealIfDue(now: now)
        takeQueued(now: now)
    }

    private mutating func go(on next: Trial.Next, _ current: Suspects) {
        suspects = current
        switch next {
        case .run(let range):
            trialNumber += 1
            actions.append(.tryApart(trial: trialNumber, Array(current.articles[range])))
        case .finished(let verdicts):
            // The coordinator ends this connection: the shards come back with the decisions.
            actions.append(
                .send(
                    .poison(
                        verdicts.map {
                            let place = current.places[$0.index]
                            return PoisonReport(
                                stream: place.stream, epoch: place.epoch, position: place.position,
                                reason: $0.reason.prefix(utf8Bytes: Limits.labelBytes))
                        })))
        case .failed(let why):
            actions.append(.note("suspect articles could not be tried: \(why)"))
            rejoin()
        }
    }

    private mutating func take(_ batch: ArticlesBatch, now: Moment) {
        hasMore = !batch.isLast
        for slice in batch.slices {
            guard held.holds(slice.shardLane.shard, slice.epoch) else { continue }
            guard draft.extend(slice) else {
                actions.append(.note("articles of a shard do not follow one another"))
                return rejoin()
            }
            for entry in slice.entries where !take(entry, of: slice.shardLane, now: now) {
                actions.append(.note("article \(entry.position.name) was erased: a later coordinator reigns"))
                return rejoin()
            }
        }
        lastEntry = now.milliseconds
        for lane in Lane.allCases {
            if let bytes = returned.removeValue(forKey: lane) {
                actions.append(.send(.credit(lane: lane, bytes: bytes)))
            }
        }
    }

    /// - Returns: false for an article whose text was erased though we were not told why: our coordinator slept while a later
    ///   one published the article, erased it, and collected what said so.
    private mutating func take(_ routed: RoutedEntry, of stream: ShardLane, now: Moment) -> Bool {
        returned[stream.lane, default: 0] += UInt64(routed.entry.sizeBytes)
        draft.entryCame(stream.lane, now: now)
        switch routed.entry {
        case .article(let article), .retried(let article):
            switch held.standing(of: article, at: routed.position, in: stream.shard) {
            case .free:
                guard article.isTextThere else { return false }
                if draft.take(article, hour: routed.hour) { actions.append(.index(article)) }
            case .decided: break
            case .deadLetter: draft.pass(article, hour: routed.hour, as: .duplicate)
            case .retracted: draft.pass(article, hour: routed.hour, as: .retracted)
            case .expired(let through): draft.pass(article, hour: routed.hour, beside: through)
            }
        case .retraction(let retraction):
            held.retract(retraction.key)
            draft.retract(retraction.key, hour: routed.hour)
        case .expired(let expiration):
            held.expire(expiration, at: routed.position, in: stream.shard)
            draft.expire(expiration, hour: routed.hour)
        case .rejection, .feed, .horizon, .deadLetter, .dropped, .erased: break
        }
        return true
    }

    /// The shard was taken away while nothing of it was on its way.
    private mutating func forget(_ shard: Shard) {
        guard stage == .filling, draft.shards.contains(shard) else { return }
        // Counts of the builder cannot be told apart by shard any more: start again.
        rejoin()
    }

    // MARK: Sealing

    /// Expirations of a builder at which it is sealed: what each kills is read, and held, while the segment is built.
    static let expiryLimitCount = 4096

    private mutating func sealIfDue(now: Moment) {
        guard stage == .filling, !draft.isEmpty else { return }
        let time = now.milliseconds
        let isFull =
            draft.recordBytes >= configuration.sealRecordBytes || draft.labelBytes >= configuration.sealReportBytes
            || draft.keyCount >= keyLimitCount || draft.expiryCount >= Self.expiryLimitCount
        let isOld =
            (draft.began[.live].map { time - $0 >= configuration.liveAgeMilliseconds } ?? false)
            || (draft.began[.bulk].map { time - $0 >= configuration.bulkAgeMilliseconds } ?? false)
        let isQuiet = !hasMore && time - lastEntry >= configuration.quietMilliseconds
        if isFull || isOld || isQuiet { beginSeal(now: now) }
    }

    private mutating func beginSeal(now: Moment) {
        guard stage == .filling, !draft.isEmpty else { return }
        draft.seal()
        stage = .lookingUp
        seal += 1
        if draft.lookupKeys.isEmpty {
            lookedUp([], now: now)
        } else {
            let atLeast = max(lastRead, held.generation(of: draft.shards))
            actions.append(.lookUp(seal: seal, draft.lookupKeys, atLeast: atLeast, own: own))
        }
    }

    private mutating func lookedUp(_ found: [Found?], now: Moment) {
        draft.lookedUp(found)
        let reportBytes = draft.reportBytes
        guard reportBytes <= WireLimits.reportBytes else {
            keyLimitCount = max(1, draft.lookupKeys.count / 2)
            actions.append(.note("a report of \(reportBytes) bytes is too large; sealing at \(keyLimitCount) keys"))
            return rejoin()
        }
        if draft.hasNoSegment {
            actions.append(.discard)
            send(nil, now: now)
        } else {
            stage = .building
            actions.append(.build(seal: seal, dropped: draft.dropped.sorted(), kills: draft.kills.sorted()))
        }
    }

    private mutating func built(_ segment: SegmentReference, _ bytes: [UInt8]) {
        guard stage == .building, let attempt else { return }
        var named = segment
        named.attempt = attempt
        stage = .uploading
        report = draft.report(nextReport, named)
        actions.append(.operation(create.start(name: named.objectName, bytes: bytes)))
    }

    private mutating func completed(_ tag: OperationTag, _ result: BucketResult, now: Moment) {
        let (outcome, next) = create.handle(tag, result, now: now)
        if let next { actions.append(.operation(next)) }
        guard let outcome, stage == .uploading, let report else { return }
        switch outcome {
        case .created: send(report.segment, now: now)
        case .taken: rejoin()
        case .failed(let failure):
            actions.append(.note("the segment could not be uploaded: \(failure)"))
            rejoin()
        }
    }

    private mutating func send(_ segment: SegmentReference?, now: Moment) {
        let report = report ?? draft.report(nextReport, nil)
        actions.append(.send(.sealed(report)))
        unpublished.insert(report.number)
        if let segment, let entry = report.entries.first {
            own.append(Own(segment: segment, stream: entry.shardLane, to: entry.to))
        }
        nextReport += 1
        self.report = nil
        draft = ReportDraft()
        stage = .filling
        takeQueued(now: now)
    }
}
