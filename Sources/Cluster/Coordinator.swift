// What the coordinator decides. Events and the time in, actions out; the drivers and the simulator carry them out.
//
// Guarantees (docs/testing.md says how each is attacked)
// 1. An acknowledged batch is in the log of a term that had not ended.
// 2. The same batch again gets the same answer and is logged once.
// 3. Nothing is sent, leased, published or deleted before we reign, nor after a later term was seen.

package import ByteCoding
package import News
package import Storage
package import Wire

package struct Coordinator: Sendable {
    package struct Configuration: Sendable {
        package var instance: Instance
        /// HOST:PORT told to others, "" if none.
        package var address: String
        /// What a new bucket starts from.
        package var empty: Manifest
        package var leaseMilliseconds: Int64 = 10_000
        package var heartbeatMilliseconds: Int64 = 1000
        /// Least time between two manifests.
        package var publishIntervalMilliseconds: Int64 = 100
        /// Counts and state are published after this long even if no segment is.
        package var foldIntervalMilliseconds: Int64 = 2000
        package var mergePolicy = MergePolicy()
        package var collectIntervalMilliseconds: Int64 = 600_000
        package var collectGraceMilliseconds: Int64 = 24 * 3_600_000
        /// Ledger rows in the head of a manifest before they are folded into an object.
        package var ledgerTailLimitCount = 2048
        /// Log entries kept in memory for workers, in bytes; what falls out is read from the log again.
        package var routedLimitBytes = 96 << 20
        /// Batches that wait for the log, in bytes; beyond it a PUT is told BUSY.
        package var intakeLimitBytes = 64 << 20

        package init(instance: Instance, address: String, empty: Manifest) {
            self.instance = instance
            self.address = address
            self.empty = empty
        }
    }

    /// A PUT as the driver read it: digest checked, lines turned into entries.
    package struct Put: Equatable, Sendable {
        package var id: BatchID
        package var digest: Digest256
        package var lane: Lane
        package var ack: AckLevel
        package var entries: [LogEntry]

        package init(id: BatchID, digest: Digest256, lane: Lane, ack: AckLevel, entries: [LogEntry]) {
            self.id = id
            self.digest = digest
            self.lane = lane
            self.ack = ack
            self.entries = entries
        }
    }

    package enum Event: Sendable {
        case start
        case tick
        case completed(OperationTag, BucketResult)
        case connected(PeerID, PeerRole)
        case put(PeerID, Put)
        case message(PeerID, Message)
        case disconnected(PeerID)
        /// Refuse new work, publish what is sealed, then stop.
        case drain
    }

    package enum Action: Equatable, Sendable {
        case operation(TaggedOperation)
        case send(PeerID, Message)
        case close(PeerID)
        case standingBy(Term, address: String)
        case reigning(Term)
        case published(Manifest)
        /// A later term exists: everything of this machine is void. Make a new one to stand by.
        case fenced
        case drained
        case failed(String)
        /// For the log of the process.
        case note(String)
    }

    private enum Phase: Equatable {
        case waiting
        case reigning
        case over
    }

    private struct Intake: Sendable {
        var peer: PeerID
        var put: Put
        var counts: BatchCounts
    }

    private struct Remembered: Sendable {
        var digest: Digest256
        var counts: BatchCounts
    }

    /// A batch whose client waits for more than the log.
    private struct Waiter: Sendable {
        var peer: PeerID
        var number: UInt64
        var counts: BatchCounts
        var ack: AckLevel
        var needs: [ShardLane: Position]
    }

    /// Heartbeats between two looks for a later term.
    static let beatsPerLook: UInt64 = 5
    static let rememberedLimitCount = 1_000_000
    /// Batches whose clients wait for more than durability, and clients that wait for a compaction; beyond it they are told BUSY.
    package static let waiterLimitCount = 4096

    private let configuration: Configuration
    private var phase = Phase.waiting
    private var isDraining = false
    private var term = Term.none
    private var nextAttempt: UInt64 = 1
    private var actions: [Action] = []

    private var reign: Reign
    private var heartbeatCall = StoreCall(owner: .heartbeat, waitsForSpace: true)
    private var heartbeatCounter: UInt64 = 0
    private var heartbeatLook = StoreCall(owner: .heartbeatLook)
    private var nextHeartbeat: Int64 = 0

    private var state = ClusterState()
    private var folding = Folding(foldedTo: .start)
    private var nextFold: Int64 = 0
    private var nextPublish: Int64 = 0
    private var log: LogWriter?
    private var router: Router?
    private var leases: LeaseTable?
    private var publisher: Publisher?
    private var merges: MergeScheduler
    private var collector: Collector?

    private var roles: [PeerID: PeerRole] = [:]
    private var joined: [PeerID: Attempt] = [:]
    private var intake: [UInt64: Intake] = [:]
    private var nextToken: UInt64 = 1
    private var inIntake: [BatchID: UInt64] = [:]
    private var remembered: [BatchID: Remembered] = [:]
    private var rememberedOrder: [BatchID] = []
    private var rememberedFirst = 0
    private var waiters: [Waiter] = []
    private var compactionWaiters: [PeerID] = []
    /// Said QUIT; closed when no answer is due any more.
    private var quitting: Set<PeerID> = []

    package init(_ configuration: Configuration) {
        self.configuration = configuration
        reign = Reign(instance: configuration.instance, address: configuration.address, empty: configuration.empty)
        merges = MergeScheduler(policy: configuration.mergePolicy)
    }

    package var isReigning: Bool { phase == .reigning }
    package var head: Manifest? { publisher?.head }
    package var cells: [SegmentReference] { publisher?.cells ?? [] }
    package var reigningTerm: Term? { phase == .reigning ? term : nil }

    package var status: CoordinatorSummary {
        var sums = publisher?.coming.sums ?? OutcomeSums()
        sums.received += folding.receivedCount
        for (outcome, count) in folding.outcomes { sums[outcome] += count }
        let cells = publisher?.cells ?? []
        let overlays = publisher?.head.overlays ?? []
        let workers = (leases?.workers ?? []).map { (peer: $0, shardCount: leases?.shards(of: $0).count ?? 0) }
        let shardCount = Int(publisher?.head.sharding.shardCount ?? 0)
        return CoordinatorSummary(
            isReigning: phase == .reigning, isDraining: isDraining, term: term,
            generation: publisher?.head.generation ?? .none, setDigest: publisher?.head.setDigest.hex ?? "",
            sums: sums, overlayCount: overlays.count, cellCount: cells.count,
            segmentBytes: (overlays + cells).reduce(0) { $0 + $1.sizeBytes }, workers: workers,
            mergerCount: merges.mergerCount, runningMerges: merges.runningJobs.count,
            unleasedShards: shardCount - workers.reduce(0) { $0 + $1.shardCount },
            intakeBytes: log?.waitingBytes ?? 0, feedCount: state.feeds.count,
            retractionCount: state.retractions.count)
    }

    package mutating func handle(_ event: Event, now: Moment) -> [Action] {
        guard phase != .over else { return [] }
        switch event {
        case .start: take(reign.start(now: now), now: now)
        case .tick: tick(now: now)
        case .completed(let tag, let result): completed(tag, result, now: now)
        case .connected(let peer, let role): roles[peer] = role
        case .put(let peer, let put): accept(put, from: peer, now: now)
        case .message(let peer, let message): receive(message, from: peer, now: now)
        case .disconnected(let peer):
            roles[peer] = nil
            quitting.remove(peer)
            leave(peer, now: now)
        case .drain: drain(now: now)
        }
        closeQuitting()
        defer { actions = [] }
        return actions
    }

    private mutating func closeQuitting() {
        guard !quitting.isEmpty else { return }
        let due = Set(intake.values.map(\.peer)).union(waiters.map(\.peer)).union(compactionWaiters)
        for peer in quitting.subtracting(due).sorted() {
            quitting.remove(peer)
            actions.append(.close(peer))
        }
    }

    // MARK: Reign

    private mutating func take(_ outputs: [Reign.Output], now: Moment) {
        for output in outputs {
            switch output {
            case .operation(let operation): actions.append(.operation(operation))
            case .standingBy(let term, let address): actions.append(.standingBy(term, address: address))
            case .inherited(let manifest, let inherited, let cells):
                term = manifest.term
                state = inherited
                folding = Folding(foldedTo: manifest.foldedTo)
                router = Router(
                    sharding: manifest.sharding, watermarks: manifest,
                    cacheLimitBytes: configuration.routedLimitBytes)
                publisher = Publisher(
                    head: manifest, cells: cells, term: term, instance: configuration.instance,
                    ledgerTailLimitCount: configuration.ledgerTailLimitCount)
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
        fold(object)
        router?.append(object, watermarks: head)
        for batch in object.batches {
            remember(
                BatchID(client: batch.client, number: batch.number),
                Remembered(digest: batch.digest, counts: Self.counts(of: batch.entries)))
        }
    }

    private mutating func fold(_ object: LogObject) {
        object.forEachEntry { position, _, entry in
            guard position > folding.foldedTo else { return }
            folding.add(entry, hour: object.hour)
            state.apply(entry)
        }
        folding.foldedTo = max(folding.foldedTo, object.endPosition)
    }

    private mutating func begin(now: Moment) {
        guard let head = publisher?.head else { return }
        phase = .reigning
        log = LogWriter(term: term, instance: configuration.instance)
        leases = LeaseTable(
            term: term, shardCount: head.sharding.shardCount, leaseMilliseconds: configuration.leaseMilliseconds)
        collector = Collector(
            term: term, graceMilliseconds: configuration.collectGraceMilliseconds,
            intervalMilliseconds: configuration.collectIntervalMilliseconds, now: now)
        actions.append(.reigning(term))
        nextHeartbeat = now.milliseconds
        beat(now: now)
    }

    private mutating func beat(now: Moment) {
        guard now.milliseconds >= nextHeartbeat, !heartbeatCall.isBusy else { return }
        nextHeartbeat = now.milliseconds + configuration.heartbeatMilliseconds
        heartbeatCounter += 1
        issueHeartbeat(hasEnded: false)
        // One that has nothing to create would never learn that it was overtaken, and its clients would wait for ever.
        if heartbeatCounter % Self.beatsPerLook == 0, !heartbeatLook.isBusy {
            actions.append(.operation(heartbeatLook.start(.size(name: ObjectName.term(term.next)))))
        }
    }

    private mutating func issueHeartbeat(hasEnded: Bool) {
        let heartbeat = Heartbeat(
            counter: heartbeatCounter, address: configuration.address, hasEnded: hasEnded)
        actions.append(
            .operation(
                heartbeatCall.start(.put(name: ObjectName.heartbeat(term), bytes: heartbeat.encoded))))
    }

    private mutating func fence() {
        phase = .over
        for peer in roles.keys.sorted() {
            actions.append(
                .send(peer, .error(code: .notCoordinator, message: "term \(term.number) has ended")))
            actions.append(.close(peer))
        }
        actions.append(.fenced)
    }

    // MARK: Time and the store

    private mutating func tick(now: Moment) {
        guard phase == .reigning else { return take(reign.tick(now: now), now: now) }
        beat(now: now)
        if let again = heartbeatCall.due(now: now) { actions.append(.operation(again)) }
        if let again = heartbeatLook.due(now: now) { actions.append(.operation(again)) }
        take(log?.tick(now: now) ?? [], now: now)
        if let again = router?.tick(now: now) { actions.append(.operation(again)) }
        take(publisher?.tick(now: now) ?? [], now: now)
        let silent =
            (leases?.expired(now: now.milliseconds) ?? [])
            + merges.expired(now: now.milliseconds, limit: configuration.leaseMilliseconds)
        for peer in silent {
            actions.append(.note("peer \(peer.number) was not heard of for a lease"))
            actions.append(.close(peer))
            leave(peer, now: now)
        }
        if let head = publisher?.head, let cells = publisher?.cells {
            take(collector?.tick(now: now, head: head, cells: cells) ?? [], now: now)
        }
        advance(now: now)
    }

    private mutating func completed(_ tag: OperationTag, _ result: BucketResult, now: Moment) {
        switch tag.owner {
        case .reign: take(reign.handle(tag, result, now: now), now: now)
        case .heartbeat:
            if heartbeatCall.handle(tag, result, now: now) != nil, isDraining, phase == .reigning, !isEnding {
                advance(now: now)
            } else if isEnding, !heartbeatCall.isBusy {
                phase = .over
                actions.append(.drained)
            }
        case .heartbeatLook:
            if case (_, .size)? = heartbeatLook.handle(tag, result, now: now), phase == .reigning { fence() }
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
                    return fail("\(failure)")
                }
            } catch { return fail("the log cannot be read again: \(error)") }
            advance(now: now)
        case .collector:
            guard let publisher else { return }
            let open = Set(joined.values).union(merges.runningJobs.map(\.attempt))
            let own = term
            take(
                collector?.handle(
                    tag, result, now: now, head: publisher.head, cells: publisher.cells,
                    isOver: { $0.term < own || ($0.term == own && !open.contains($0)) },
                    protected: publisher.protectedNames) ?? [], now: now)
        case .worker, .merger: break
        }
    }

    private mutating func fail(_ message: String) {
        phase = .over
        actions.append(.failed(message))
    }

    // MARK: Accepting

    private static func counts(of entries: [LogEntry]) -> BatchCounts {
        var counts = BatchCounts()
        for entry in entries {
            switch entry {
            case .article:
                counts.received += 1
                counts.accepted += 1
            case .rejection:
                counts.received += 1
                counts.rejected += 1
            case .retraction, .feed: counts.controls += 1
            }
        }
        return counts
    }

    private mutating func accept(_ put: Put, from peer: PeerID, now: Moment) {
        guard phase == .reigning, log != nil else {
            return refuse(put, peer, .notCoordinator, "this process does not reign now")
        }
        let mayWait = put.ack == .durable || waiters.count + intake.count < Self.waiterLimitCount
        if let known = remembered[put.id] {
            guard known.digest == put.digest else {
                return refuse(put, peer, .idReused, "batch \(put.id.number) was used for another payload")
            }
            // It is in the log, so it cannot be refused.
            guard mayWait else {
                return refuseMessage(peer, "\(waiters.count) batches wait for a snapshot", code: .busy)
            }
            return answer(peer, put, known.counts, at: nil)
        }
        if let token = inIntake[put.id] {
            guard intake[token]!.put.digest == put.digest else {
                return refuse(put, peer, .idReused, "batch \(put.id.number) was used for another payload")
            }
            intake[token]!.peer = peer
            return
        }
        guard !isDraining else { return refuse(put, peer, .draining, "the coordinator drains") }
        guard mayWait else { return refuse(put, peer, .busy, "\(waiters.count) batches wait for a snapshot") }
        guard log!.waitingBytes <= configuration.intakeLimitBytes else {
            return refuse(put, peer, .busy, "too much waits for the log")
        }
        var put = put
        for (index, entry) in put.entries.enumerated() {
            guard case .article(let article) = entry, state.retractions[article.key] != nil else { continue }
            put.entries[index] = .rejection(
                Rejection(reason: .retracted, source: article.source, place: article.key.hex, detail: ""))
        }
        let token = nextToken
        nextToken += 1
        intake[token] = Intake(peer: peer, put: put, counts: Self.counts(of: put.entries))
        inIntake[put.id] = token
        let batch = LogObject.Batch(
            client: put.id.client, number: put.id.number, digest: put.digest, lane: put.lane, entries: put.entries)
        let size = put.entries.reduce(64) { $0 + $1.sizeBytes }
        take(log!.append(token: token, batch: batch, sizeBytes: size, now: now), now: now)
    }

    private mutating func take(_ outputs: [LogWriter.Output], now: Moment) {
        for output in outputs {
            switch output {
            case .operation(let operation): actions.append(.operation(operation))
            case .durable(let object, let tokens):
                guard let head = publisher?.head else { return }
                fold(object)
                router?.append(object, watermarks: head)
                for token in tokens { durable(token, in: object) }
            case .refused(let tokens, let failure):
                for token in tokens {
                    guard let item = intake.removeValue(forKey: token) else { continue }
                    inIntake[item.put.id] = nil
                    refuse(item.put, item.peer, .storeFailed, "\(failure)")
                }
            case .fenced: fence()
            }
        }
    }

    private mutating func durable(_ token: UInt64, in object: LogObject) {
        guard let item = intake.removeValue(forKey: token) else { return }
        inIntake[item.put.id] = nil
        remember(item.put.id, Remembered(digest: item.put.digest, counts: item.counts))
        answer(item.peer, item.put, item.counts, at: object)
    }

    private mutating func remember(_ id: BatchID, _ what: Remembered) {
        if remembered.updateValue(what, forKey: id) == nil { rememberedOrder.append(id) }
        if rememberedOrder.count - rememberedFirst > Self.rememberedLimitCount {
            remembered[rememberedOrder[rememberedFirst]] = nil
            rememberedFirst += 1
            if rememberedFirst > Self.rememberedLimitCount {
                rememberedOrder.removeFirst(rememberedFirst)
                rememberedFirst = 0
            }
        }
    }

    /// Answers now or, for more than durability, when the snapshot has come so far. A batch that was durable before
    /// waits for all that is durable now: its own positions are among them.
    private mutating func answer(_ peer: PeerID, _ put: Put, _ counts: BatchCounts, at object: LogObject?) {
        guard put.ack != .durable, let head = publisher?.head, let router else {
            actions.append(.send(peer, .accepted(number: put.id.number, counts: counts)))
            return
        }
        var needs: [ShardLane: Position] = [:]
        for entry in put.entries {
            guard let key = entry.routedKey else { continue }
            let stream = ShardLane(head.sharding.shard(of: key), entry.lane(given: put.lane))
            needs[stream] = router.lastEntry(of: stream)
        }
        waiters.append(Waiter(peer: peer, number: put.id.number, counts: counts, ack: put.ack, needs: needs))
        answerWaiters()
    }

    private mutating func answerWaiters() {
        guard !waiters.isEmpty, let publisher else { return }
        let sealed = publisher.sealedTo
        waiters.removeAll { waiter in
            let isDone = waiter.needs.allSatisfy { stream, position in
                publisher.head[watermark: stream] >= position
                    || (waiter.ack == .indexed && (sealed[stream] ?? .start) >= position)
            }
            if isDone { actions.append(.send(waiter.peer, .accepted(number: waiter.number, counts: waiter.counts))) }
            return isDone
        }
    }

    private mutating func refuse(_ put: Put, _ peer: PeerID, _ code: ErrorCode, _ message: String) {
        actions.append(.send(peer, .refusedBatch(number: put.id.number, code: code, message: message)))
    }

    // MARK: Workers and mergers

    private mutating func receive(_ message: Message, from peer: PeerID, now: Moment) {
        if case .quit = message {
            quitting.insert(peer)
            return
        }
        guard phase == .reigning else {
            actions.append(.send(peer, .error(code: .notCoordinator, message: "this process does not reign now")))
            actions.append(.close(peer))
            return
        }
        leases?.heard(peer, now: now.milliseconds)
        merges.heard(peer, now: now.milliseconds)
        switch message {
        case .join: join(peer, now: now)
        // Nothing new is possible by it, and it is the commonest.
        case .touch: return actions.append(.send(peer, .touched))
        case .credit(let lane, let bytes): router?.credit(peer, lane, bytes: bytes)
        case .sealed(let report):
            guard let attempt = joined[peer] else { return refuseMessage(peer, "SEALED before JOIN") }
            guard report.segment?.attempt ?? attempt == attempt else {
                return refuseMessage(peer, "the segment is of another attempt than \(attempt.name)")
            }
            publisher?.add(report, from: peer)
            answerWaiters()
        case .merged(let report):
            guard let job = merges.job(report.job, of: peer) else {
                return actions.append(.send(peer, .refused(report: report.job)))
            }
            guard report.outputs.allSatisfy({ $0.attempt == job.attempt }) else {
                return refuseMessage(peer, "an output is of another attempt than \(job.attempt.name)")
            }
            publisher?.add(job, outputs: report.outputs)
        case .mergeFailed(let job, let why):
            if merges.job(job, of: peer) != nil {
                merges.finish(job)
                actions.append(.note("merge \(job) failed: \(why)"))
            }
        case .drain: leave(peer, now: now)
        case .compact:
            guard compactionWaiters.count < Self.waiterLimitCount else {
                return refuseMessage(peer, "too many wait for a compaction", code: .busy)
            }
            compactionWaiters.append(peer)
            merges.requestCompaction()
        default: refuseMessage(peer, "this command is not for a coordinator")
        }
        advance(now: now)
    }

    private mutating func refuseMessage(_ peer: PeerID, _ why: String, code: ErrorCode = .notAllowed) {
        actions.append(.send(peer, .error(code: code, message: why)))
        actions.append(.close(peer))
    }

    private mutating func join(_ peer: PeerID, now: Moment) {
        guard joined[peer] == nil, let head = publisher?.head, let role = roles[peer] else {
            return refuseMessage(peer, "JOIN twice or before HELLO")
        }
        guard role == .worker || role == .merger else { return refuseMessage(peer, "JOIN is for workers and mergers") }
        let attempt = takeAttempt()
        joined[peer] = attempt
        actions.append(
            .send(
                peer,
                .joined(
                    term: term, attempt: attempt, leaseMilliseconds: UInt32(configuration.leaseMilliseconds),
                    settings: head.settings.encoded)))
        if role == .merger {
            merges.join(peer, now: now.milliseconds)
        } else {
            leases?.join(peer, now: now.milliseconds)
            router?.joined(peer)
        }
    }

    private mutating func leave(_ peer: PeerID, now: Moment) {
        waiters.removeAll { $0.peer == peer }
        compactionWaiters.removeAll { $0 == peer }
        guard joined.removeValue(forKey: peer) != nil else { return }
        leases?.remove(peer)
        router?.left(peer)
        publisher?.drop(peer)
        merges.remove(peer)
    }

    private mutating func takeAttempt() -> Attempt {
        defer { nextAttempt += 1 }
        return Attempt(term: term, number: nextAttempt)
    }

    // MARK: Moving on

    /// Does everything that has become possible: leases, articles, manifests, merges.
    private mutating func advance(now: Moment) {
        guard phase == .reigning else { return }
        balance()
        dispatch(now: now)
        publish(now: now)
        scheduleMerges()
        answerWaiters()
        end()
    }

    private mutating func balance() {
        guard let publisher, let router, leases != nil else { return }
        let changes = leases!.balance(
            isFree: { !publisher.isInDraft($0) }, isQuiet: { router.isQuiet($0, watermarks: publisher.coming) })
        for change in changes {
            switch change {
            case .revoke(let grant):
                actions.append(.send(grant.worker, .revoke(shard: grant.shard, epoch: grant.epoch)))
            case .grant(let grant):
                self.router?.rewind(grant.shard, watermarks: publisher.coming)
                let retracted = state.retractions.keys.filter { publisher.head.sharding.shard(of: $0) == grant.shard }
                actions.append(
                    .send(
                        grant.worker,
                        .lease(
                            shard: grant.shard, epoch: grant.epoch, generation: publisher.head.generation,
                            retracted: retracted.sorted())))
            }
        }
    }

    private mutating func dispatch(now: Moment) {
        guard let leases, router != nil, !isEnding else { return }
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
        let hasFolding = folding.receivedCount > 0 || folding.isStateChanged
        let isForced = hasFolding && now.milliseconds >= nextFold
        guard publisher!.hasReports || isForced else { return }
        var attempts = nextAttempt
        let own = term
        let outputs = publisher!.begin(
            now: now, holds: { leases.holds($0, $1, $2) },
            isQuiet: { router.isQuiet($0, watermark: $1[watermark: $0]) }, routedEnd: router.routedEnd,
            folding: &folding, state: state,
            attempt: {
                defer { attempts += 1 }
                return Attempt(term: own, number: attempts)
            }, isForced: isForced)
        nextAttempt = attempts
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
                for report in reports {
                    actions.append(
                        .send(report.worker, .published(report: report.number, generation: manifest.generation)))
                }
                for job in jobs { merges.finish(job) }
                actions.append(.published(manifest))
            case .refused(let report):
                actions.append(.send(report.worker, .refused(report: report.number)))
            case .mergeRefused(let job, let reason):
                merges.finish(job)
                actions.append(.note("merge \(job) refused: \(reason)"))
            case .fenced: fence()
            case .failed(let message): fail(message)
            }
        }
    }

    private mutating func scheduleMerges() {
        guard let publisher, !isDraining else { return }
        if !compactionWaiters.isEmpty {
            if MergeScheduler.isCanonical(publisher.head) {
                for peer in compactionWaiters {
                    actions.append(.send(peer, .compacted(generation: publisher.head.generation)))
                }
                compactionWaiters = []
            } else {
                merges.requestCompaction()
            }
        }
        var attempts = nextAttempt
        let own = term
        let jobs = merges.schedule(head: publisher.head, cells: publisher.cells) {
            defer { attempts += 1 }
            return Attempt(term: own, number: attempts)
        }
        nextAttempt = attempts
        for (merger, job) in jobs { actions.append(.send(merger, .merge(job))) }
    }

    private mutating func take(_ outputs: [Collector.Output], now: Moment) {
        for output in outputs {
            switch output {
            case .operation(let operation): actions.append(.operation(operation))
            case .finished(let count): if count > 0 { actions.append(.note("collected \(count) objects")) }
            case .fenced: fence()
            }
        }
    }

    // MARK: The end

    private var isEnding = false

    private mutating func drain(now: Moment) {
        isDraining = true
        heartbeatCall.stopWaitingForSpace()
        guard phase == .reigning else {
            phase = .over
            actions.append(.drained)
            return
        }
        advance(now: now)
    }

    /// Once nothing is in flight, writes the orderly end into the heartbeat, so that nobody waits.
    private mutating func end() {
        guard isDraining, !isEnding, let publisher, intake.isEmpty, !heartbeatCall.isBusy else { return }
        // A store that refuses a manifest now may do so for days. What was to be published is in the log.
        guard publisher.isRefused || (publisher.isIdle && !publisher.hasReports) else { return }
        isEnding = true
        heartbeatCounter += 1
        issueHeartbeat(hasEnded: true)
    }
}
