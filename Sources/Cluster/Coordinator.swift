// What the coordinator decides. Events and the time in, actions out; the drivers and the simulator carry them out.
//
// Guarantees (docs/testing.md says how each is attacked)
// 1. An acknowledged batch is in the log of a term that had not ended.
// 2. The same batch again gets the same answer and is logged once.
// 3. Nothing is sent, leased, published or deleted before we reign, nor after a later term was seen.
// 4. What another machine of the same process asked of the store is never taken for an answer.
//
// Here: its state, the reign, time and the store, and what becomes possible by whatever happens. `Coordinator+Batches.swift`:
// from PUT to the answer; `Coordinator+Peers.swift`: workers and mergers; `Coordinator+Upkeep.swift`: what it logs of its own.

package import News
package import Storage
import Wire

package struct Coordinator: Sendable {
    enum Phase: Equatable {
        case waiting
        case reigning
        case over
    }

    /// A batch of our own that waits for the log.
    enum OwnBatch: Equatable {
        case deadLetter
        /// Of the expirer.
        case expiry
        case erasure
    }

    let configuration: Configuration
    private(set) var phase = Phase.waiting
    private(set) var isDraining = false
    /// The term is ours, and the log of earlier ones is being read.
    private var isClaiming = false
    var attempts = AttemptCounter()
    var actions: [Action] = []

    private var reign: Reign
    /// Where the reigning coordinator is, while we stand by; "" if unknown.
    private(set) var presentAddress = ""
    private var heartbeat: HeartbeatWriter
    /// Our predecessor in this process, with its workers, may have been ended by an article.
    private var isSuspicious = false

    // What the log brings.
    var folded: FoldedLog
    var log: LogWriter?
    var ownBatches: [UInt64: OwnBatch] = [:]
    var admission = Admission()
    var intake = Intake()
    var answers = OwedAnswers()
    var roomGuard: RoomGuard

    // Where it goes.
    var peers = Peers()
    var leases: LeaseTable?
    var feedShares: FeedShares?
    var router: Router?
    var quarantine = Quarantine()
    var merges: MergeScheduler
    var publisher: Publisher?
    private var nextFold: Int64 = 0
    private var nextPublish: Int64 = 0

    // What becomes of what is old.
    var collector: Collector?
    var expirer = Expirer()
    var eraser: Eraser?
    var unreadable = UnreadableGenerations()

    package init(_ configuration: Configuration) {
        roomGuard = RoomGuard(keepFreeBytes: configuration.keepFreeBytes)
        self.configuration = configuration
        reign = Reign(
            instance: configuration.instance, address: configuration.address, empty: configuration.empty,
            keepPolicy: configuration.upkeep.keepPolicy)
        heartbeat = HeartbeatWriter(milliseconds: configuration.heartbeatMilliseconds)
        folded = FoldedLog(ClusterState(), of: configuration.empty)
        merges = MergeScheduler(policy: configuration.mergePolicy)
    }

    var term: Term { attempts.term }
    package var isReigning: Bool { phase == .reigning }
    package var head: Manifest? { publisher?.head }
    package var cells: [SegmentReference] { publisher?.cells ?? [] }
    package var roomLevel: RoomGuard.Level { roomGuard.level }
    package var reigningTerm: Term? { phase == .reigning ? term : nil }

    package mutating func handle(_ event: Event, now: Moment) -> [Action] {
        guard phase != .over else { return [] }
        switch event {
        case .start: take(reign.start(now: now), now: now)
        case .tick: tick(now: now)
        case .completed(var tag, let result):
            // What a fenced predecessor in this process had asked for tells us nothing.
            guard tag.run == configuration.instance.number else { break }
            tag.run = 0
            completed(tag, result, now: now)
        case .connected(let peer, let role): peers.connected(peer, as: role)
        case .put(let peer, let put): accept(put, from: peer, now: now)
        case .message(let peer, let message): receive(message, from: peer, now: now)
        case .disconnected(let peer):
            peers.disconnected(peer)
            answers.closed(peer)
            leave(peer, now: now)
        case .room(let room): if let news = roomGuard.update(room) { actions.append(.note(news)) }
        case .drain: drain(now: now)
        }
        for peer in answers.takeSettled() { actions.append(.close(peer)) }
        defer { actions = [] }
        return actions.map { action in
            guard case .operation(var tagged) = action else { return action }
            tagged.tag.run = configuration.instance.number
            return .operation(tagged)
        }
    }

    // MARK: Reign

    private mutating func take(_ outputs: [Reign.Output], now: Moment) {
        for output in outputs {
            switch output {
            case .operation(let operation): actions.append(.operation(operation))
            case .standingBy(let term, let address):
                isClaiming = false
                presentAddress = address
                actions.append(.standingBy(term, address: address))
            case .claimed(let own, let isAfterOrderlyEnd):
                attempts.term = own
                isSuspicious = configuration.isWithItsWorkers && !isAfterOrderlyEnd
                isClaiming = true
                presentAddress = ""
                heartbeat.begin(own, now: now)
                beat(now: now)
            case .inherited(let head, let inherited):
                let manifest = head.manifest
                attempts.term = manifest.term
                folded = FoldedLog(inherited, of: manifest)
                router = Router(
                    sharding: manifest.sharding, watermarks: manifest,
                    cacheLimitBytes: configuration.routedLimitBytes)
                publisher = Publisher(
                    head: head, term: term, instance: configuration.instance,
                    ledgerTailLimitCount: configuration.upkeep.ledgerTailLimitCount,
                    pageCellLimitCount: configuration.pageCellLimitCount, keepPolicy: configuration.upkeep.keepPolicy)
            case .replay(let object): replay(object)
            case .won: begin(now: now)
            case .failed(let message):
                phase = .over
                actions.append(.failed(message))
            }
        }
    }

    private mutating func replay(_ object: LogObject) {
        guard let head = publisher?.head else { return }
        folded.fold(object)
        router?.append(object, watermarks: head)
        // Our own batches have no client.
        for batch in object.batches where !batch.client.isEmpty {
            intake.remember(
                BatchID(client: batch.client, number: batch.number), batch.digest, BatchCounts(of: batch.entries))
        }
    }

    private mutating func begin(now: Moment) {
        guard let head = publisher?.head else { return }
        phase = .reigning
        isClaiming = false
        log = LogWriter(term: term, instance: configuration.instance)
        leases = LeaseTable(
            term: term, shardCount: head.sharding.shardCount, leaseMilliseconds: configuration.leaseMilliseconds)
        let lease = configuration.leaseMilliseconds
        feedShares = FeedShares(
            term: term, leaseMilliseconds: lease, opensAt: now.milliseconds + (term.number == 1 ? 0 : lease))
        collector = Collector(
            term: term, graceMilliseconds: configuration.upkeep.collectGraceMilliseconds,
            intervalMilliseconds: configuration.upkeep.collectIntervalMilliseconds, now: now)
        eraser = Eraser(term: term, intervalMilliseconds: configuration.eraseIntervalMilliseconds)
        if isSuspicious, let router {
            quarantine.suspect(to: router.routedEnd)
            actions.append(.note("the last process did not end in order: what it left is tried apart first"))
        }
        actions.append(.reigning(term))
        heartbeat.hurry(now: now)
        beat(now: now)
    }

    private mutating func beat(now: Moment) {
        for operation in heartbeat.beat(heartbeatAddress, now: now) { actions.append(.operation(operation)) }
    }

    private var heartbeatAddress: String { phase == .reigning ? configuration.address : "" }

    mutating func fence() {
        phase = .over
        for peer in peers.connected {
            actions.append(.send(peer, .error(code: .notCoordinator, message: "")))
            actions.append(.close(peer))
        }
        actions.append(.fenced)
    }

    mutating func fail(_ message: String) {
        phase = .over
        actions.append(.failed(message))
    }

    /// What we need of the log cannot be had: we step down if we were overtaken, and end if not.
    mutating func failUnlessOvertaken(_ message: String) {
        for operation in heartbeat.doubt(message) { actions.append(.operation(operation)) }
    }

    // MARK: Time and the store

    private mutating func tick(now: Moment) {
        for operation in heartbeat.tick(now: now) { actions.append(.operation(operation)) }
        if phase == .reigning || isClaiming { beat(now: now) }
        guard phase == .reigning else {
            if !isDraining { take(reign.tick(now: now), now: now) }
            return
        }
        take(log?.tick(now: now) ?? [], now: now)
        if let again = router?.tick(now: now) { actions.append(.operation(again)) }
        if let again = feedShares?.tick(now: now) { actions.append(.operation(again)) }
        take(publisher?.tick(now: now) ?? [], now: now)
        take(quarantine.tick(now: now), now: now)
        let silent =
            (leases?.expired(now: now.milliseconds) ?? []) + (feedShares?.expired(now: now.milliseconds) ?? [])
            + merges.expired(now: now.milliseconds, limit: configuration.leaseMilliseconds)
        for peer in silent {
            actions.append(.note("peer \(peer.number) was not heard of for a lease"))
            actions.append(.close(peer))
            leave(peer, now: now)
        }
        holdLog()
        if let head = publisher?.snapshot { take(collector?.tick(now: now, head: head) ?? [], now: now) }
        advance(now: now)
    }

    private mutating func completed(_ tag: OperationTag, _ result: BucketResult, now: Moment) {
        switch tag.owner {
        case .reign, .reignAhead:
            if !isDraining || phase == .reigning { take(reign.handle(tag, result, now: now), now: now) }
        case .heartbeat:
            if heartbeat.written(tag, result, now: now), isDraining, !heartbeat.isEnding {
                advance(now: now)
                end()
            } else if heartbeat.hasEnded {
                phase = .over
                actions.append(.drained)
            }
        case .heartbeatLook:
            guard let verdict = heartbeat.looked(tag, result, now: now), phase == .reigning || isClaiming else {
                return
            }
            switch verdict {
            case .overtaken: fence()
            case .failed(let why): fail(why)
            }
        case .log:
            take(log?.handle(tag, result, now: now) ?? [], now: now)
            advance(now: now)
        case .manifest:
            take(publisher?.handle(tag, result, now: now) ?? [], now: now)
            advance(now: now)
        case .router:
            guard let head = publisher?.head else { return }
            do {
                if let failure = try router?.handle(tag, result, watermarks: head, now: now) {
                    return failUnlessOvertaken("\(failure)")
                }
            } catch { return failUnlessOvertaken("the log cannot be read again: \(error)") }
            advance(now: now)
        case .collector:
            guard let publisher else { return }
            let open = Set(peers.attempts).union(merges.runningJobs.map(\.attempt))
            let own = term
            #if PLANTED_LOG_BEFORE_LEDGER
                collector?.coming = publisher.coming
            #endif
            holdLog()
            take(
                collector?.handle(
                    tag, result, now: now, head: publisher.snapshot,
                    isOver: { $0.term < own || ($0.term == own && !open.contains($0)) },
                    protected: publisher.protectedNames) ?? [], now: now)
        case .quarantine:
            take(quarantine.handle(tag, result, state: folded.state, now: now), now: now)
            advance(now: now)
        case .eraser:
            take(eraser?.handle(tag, result, now: now) ?? [], now: now)
            advance(now: now)
        case .leaseLook: looked(tag, result, now: now)
        case .worker, .merger, .fetcher: break
        }
    }

    private mutating func holdLog() {
        #if !PLANTED_COLLECT_WHILE_ERASING
            collector?.isLogHeld = eraser?.isRewritingLog ?? false
        #endif
    }

    // MARK: Moving on

    /// Does everything that has become possible: leases, articles, manifests, merges.
    mutating func advance(now: Moment) {
        guard phase == .reigning else { return }
        take(quarantine.step(state: folded.state, now: now), now: now)
        balance(now: now)
        shareFeeds(now: now)
        dispatch(now: now)
        erase(now: now)
        publish(now: now)
        scheduleMerges(now: now)
        answerWaiters()
        end()
    }

    private mutating func balance(now: Moment) {
        guard let publisher, let router, leases != nil else { return }
        let quarantine = quarantine
        let changes = leases!.balance(
            isFree: { !publisher.isInDraft($0) && !quarantine.isHeld($0, now: now) },
            isQuiet: { router.isQuiet($0, watermarks: publisher.coming) })
        for change in changes {
            switch change {
            case .revoke(let grant):
                actions.append(.send(grant.worker, .revoke(shard: grant.shard, epoch: grant.epoch)))
            case .grant(let grant):
                self.router?.rewind(grant.shard, watermarks: publisher.coming)
                actions.append(
                    .send(
                        grant.worker,
                        .lease(
                            shard: grant.shard, epoch: grant.epoch, generation: publisher.head.generation,
                            rules: folded.rules(of: grant.shard, suspectTo: quarantine.suspectTo(grant.shard)))))
            }
        }
    }

    private mutating func shareFeeds(now: Moment) {
        for change in feedShares?.balance(now: now.milliseconds) ?? [] {
            switch change {
            case .give(let peer, let share, let epoch): actions.append(.send(peer, .share(share, epoch: epoch)))
            case .recall(let peer, let share, let epoch): actions.append(.send(peer, .recall(share, epoch: epoch)))
            case .dismiss(let peer):
                actions.append(.send(peer, .drain))
                leave(peer, now: now, isOrderly: true)
            }
        }
    }

    private mutating func dispatch(now: Moment) {
        guard let leases, router != nil, !heartbeat.isEnding else { return }
        let moving = leases.movingShards()
        for worker in leases.workers {
            let grants = leases.shards(of: worker).filter { !moving.contains($0.shard) }
            while true {
                let (batch, read) = router!.next(for: worker, grants: grants, now: now)
                if let read { actions.append(.operation(read)) }
                guard let batch else { break }
                actions.append(.send(worker, .articles(batch)))
            }
        }
    }

    private mutating func publish(now: Moment) {
        guard publisher != nil, let leases, let router, publisher!.isIdle else { return }
        guard now.milliseconds >= nextPublish else { return }
        let forgotten = (eraser?.forgotten ?? []) + (collector?.forgotten ?? [])
        let isForced =
            (folded.hasNews && (now.milliseconds >= nextFold || isDraining)) || answers.isFoldAwaited(publisher!.head)
            || !forgotten.isEmpty
        guard publisher!.hasReports || isForced else { return }
        var attempts = attempts
        let peers = peers
        let outputs = publisher!.begin(
            now: now,
            knowledge: Publisher.Knowledge(
                holds: { leases.holds($0, $1, $2) }, attempt: { peers.attempt(of: $0) }, sent: { router.sentTo($0) }),
            isQuiet: { router.isQuiet($0, watermark: $1[watermark: $0]) }, routedEnd: router.routedEnd,
            folding: &folded.folding, state: folded.state, forgotten: forgotten,
            firstLogTerm: collector?.firstLogTerm ?? .none,
            attempt: { attempts.take() }, isForced: isForced)
        self.attempts = attempts
        self.router?.announced(publisher!.coming)
        nextFold = now.milliseconds + configuration.foldIntervalMilliseconds
        nextPublish = now.milliseconds + configuration.publishIntervalMilliseconds
        take(outputs, now: now)
    }

    private mutating func take(_ outputs: [Publisher.Output], now: Moment) {
        for output in outputs {
            switch output {
            case .operation(let operation): actions.append(.operation(operation))
            case .published(let manifest, let reports, let jobs):
                router?.published(manifest)
                collector?.published(manifest, now: now)
                quarantine.published(manifest)
                for report in reports {
                    peers.settled(report.number, of: report.worker)
                    actions.append(
                        .send(report.worker, .published(report: report.number, generation: manifest.generation)))
                }
                for job in jobs {
                    merges.finish(job, now: now.milliseconds)
                    tellCompacted(manifest.generation) { $0 == job }
                }
                actions.append(.published(manifest))
            case .refused(let report):
                peers.settled(report.number, of: report.worker)
                actions.append(.send(report.worker, .refused(report: report.number)))
            case .mergeRefused(let job, let reason):
                mergeFailed(job, reason, now: now)
            case .fenced: fence()
            case .failed(let message): fail(message)
            }
        }
    }

    mutating func mergeFailed(_ job: UInt64, _ why: String, now: Moment) {
        actions.append(.note("merge \(job) failed: \(why)"))
        if merges.isPurge(job) { take(eraser?.failed("the purge failed", now: now) ?? [], now: now) }
        guard merges.fail(job, now: now.milliseconds) else { return }
        for peer in Set(answers.takeCompactions()).sorted() {
            refuseMessage(peer, "the compaction fails again and again: \(why)", .internalError)
        }
    }

    private mutating func tellCompacted(_ generation: Generation, where isMeant: (UInt64?) -> Bool) {
        for peer in answers.takeCompactions(where: isMeant) {
            actions.append(.send(peer, .compacted(generation: generation)))
        }
    }

    /// For those who wait for none that runs; they are told if it cannot be.
    private mutating func requestCompaction(_ publisher: Publisher) {
        guard let why = merges.compactionRefusal(head: publisher.head, cells: publisher.cells) else {
            return merges.requestCompaction()
        }
        for peer in Set(answers.takeCompactions { $0 == nil }).sorted() { refuseMessage(peer, why, .tooLarge) }
    }

    private mutating func scheduleMerges(now: Moment) {
        guard let publisher, !isDraining else { return }
        answers.unassign { [merges] in !merges.isRunning($0) }
        if publisher.isCanonical {
            tellCompacted(publisher.head.generation) { _ in true }
        } else if answers.isCompactionUnassigned {
            requestCompaction(publisher)
        }
        var attempts = attempts
        // Where room is short searches and purges go on: what is erased makes some.
        let erasure =
            roomGuard.level == .spent
            ? nil
            : merges.scheduleErasure(
                head: publisher.head, cells: publisher.cells, now: now.milliseconds,
                mayMerge: roomGuard.level == .ample, attempt: { attempts.take() })
        let jobs =
            roomGuard.level != .ample
            ? []
            : merges.schedule(
                head: publisher.head, cells: publisher.cells, now: now.milliseconds, attempt: { attempts.take() })
        if let (merger, message) = erasure { actions.append(.send(merger, message)) }
        self.attempts = attempts
        for (merger, job) in jobs {
            actions.append(.send(merger, .merge(job)))
            if job.output == .cells { answers.assign(job.number) }
        }
    }

    // MARK: The end

    private mutating func drain(now: Moment) {
        isDraining = true
        heartbeat.stopWaitingForSpace()
        for peer in Set(answers.takeCompactions()).sorted() {
            refuseMessage(peer, "the coordinator drains", .draining)
        }
        guard phase == .reigning || isClaiming else {
            phase = .over
            actions.append(.drained)
            return
        }
        advance(now: now)
        end()
    }

    private var isFlushed: Bool {
        guard let publisher, intake.isEmpty else { return false }
        // A store that refuses a manifest now may do so for days. What was to be published is in the log.
        return publisher.isRefused || (publisher.isIdle && !publisher.hasReports && !folded.hasNews)
    }

    /// Once nothing is in flight, writes the orderly end into the heartbeat, so that nobody waits.
    private mutating func end() {
        guard isDraining, !heartbeat.isEnding, !heartbeat.isWriting, phase == .waiting || isFlushed else { return }
        actions.append(.operation(heartbeat.end(heartbeatAddress)))
    }
}

/// Numbers attempts, none twice.
struct AttemptCounter: Sendable {
    var term = Term.none
    private var next: UInt64 = 1

    mutating func take() -> Attempt {
        defer { next += 1 }
        return Attempt(term: term, number: next)
    }
}
