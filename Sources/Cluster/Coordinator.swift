// What the coordinator decides. Events and the time in, actions out; the drivers and the simulator carry them out.
//
// Guarantees (docs/testing.md says how each is attacked)
// 1. An acknowledged batch is in the log of a term that had not ended.
// 2. The same batch again gets the same answer and is logged once.
// 3. Nothing is sent, leased, published or deleted before we reign, nor after a later term was seen.
// 4. What another machine of the same process asked of the store is never taken for an answer.

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
        package var collectGraceMilliseconds = Collector.graceMilliseconds
        /// From the end of an erasure to the next: what is retracted meanwhile goes together.
        package var eraseIntervalMilliseconds: Int64 = 600_000
        /// Ledger rows in the head of a manifest before they are folded into an object.
        package var ledgerTailLimitCount = 2048
        package var pageCellLimitCount = ManifestPage.cellLimitCount
        /// Log entries kept in memory for workers, in bytes; what falls out is read from the log again.
        package var routedLimitBytes = 96 << 20
        /// Whether the workers end with this process: then an article may have ended it, and what it left is suspect.
        package var isWithItsWorkers = false
        /// Room of the store below which bulk articles are refused; nil: `RoomGuard` decides by its size.
        package var keepFreeBytes: UInt64?
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
        /// What is asked of dead letters: becomes entries of the log, for which their texts are needed.
        package var letterRequests: [LetterRequest]

        package init(
            id: BatchID, digest: Digest256, lane: Lane, ack: AckLevel, entries: [LogEntry],
            letterRequests: [LetterRequest] = []
        ) {
            self.id = id
            self.digest = digest
            self.lane = lane
            self.ack = ack
            self.entries = entries
            self.letterRequests = letterRequests
        }

        /// Memory it takes, about.
        package var heldBytes: Int { entries.reduce(256) { $0 + $1.heldBytes } }

        /// Retractions and the like are taken even where room is short: they are small, and some make room.
        var holdsArticles: Bool {
            entries.contains {
                switch $0 {
                case .article, .rejection: true
                default: false
                }
            }
        }
    }

    /// About all dead letters of a key.
    package struct LetterRequest: Equatable, Sendable {
        package enum Kind: String, Sendable {
            /// Give it to a worker again.
            case retry
            /// Forget its text.
            case drop
        }

        package var kind: Kind
        package var key: ArticleKey

        package init(kind: Kind, key: ArticleKey) {
            self.kind = kind
            self.key = key
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
        /// What the store's file system has left.
        case room(StoreRoom)
        /// Refuse new work, publish what is sealed, then stop.
        case drain
    }

    /// What the coordinator itself writes into the log.
    package enum Decision: Equatable, Sendable {
        case deadLetter
        case erasure
    }

    package enum Action: Equatable, Sendable {
        case operation(TaggedOperation)
        case send(PeerID, Message)
        case close(PeerID)
        case standingBy(Term, address: String)
        case reigning(Term)
        case published(Manifest)
        /// A decision goes into the log; it is in it.
        case deciding(Decision)
        case decided(Decision)
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

    /// Heartbeats between two looks for a later term.
    static let beatsPerLook: UInt64 = 5
    /// Answers to batches that one connection may be owed. Whoever sends more is told BUSY.
    package static let owedLimitCount = OwedAnswers.batchLimitCount
    /// Reports of one worker that wait for their turn. A store that hangs for a minute makes a few hundred.
    static let reportLimitCount = 1024
    /// The same, in bytes: four of the largest.
    static let reportLimitBytes = 64 << 20

    private let configuration: Configuration
    private var phase = Phase.waiting
    private var isDraining = false
    /// The term is ours, and the log of earlier ones is being read.
    private var isClaiming = false
    private var term = Term.none
    private var nextAttempt: UInt64 = 1
    private var actions: [Action] = []

    private var reign: Reign
    private var heartbeatCall = StoreCall(owner: .heartbeat, waitsForSpace: true)
    private var heartbeatCounter: UInt64 = 0
    private var heartbeatLook = StoreCall(owner: .heartbeatLook)
    private var nextHeartbeat: Int64 = 0
    /// What ends us unless there is a later term, for which we look.
    private var doubt: String?

    private var state = ClusterState()
    /// The retracted keys by shard, for LEASE: hashing them all for each lease would stop the heartbeat.
    private var retracted: [Shard: [ArticleKey]] = [:]
    /// What expired and is not erased yet, by shard, for the same reason.
    private var expired: [Shard: [ArticleKey: ShardRules.VersionMark]] = [:]
    private var folding = Folding(foldedTo: .start)
    private var nextFold: Int64 = 0
    private var nextPublish: Int64 = 0
    private var log: LogWriter?
    private var router: Router?
    private var leases: LeaseTable?
    private var publisher: Publisher?
    private var merges: MergeScheduler
    private var collector: Collector?
    private var eraser: Eraser?
    /// What was erased and waits for the log.
    private var erasedToken: UInt64?
    private var expirer = Expirer()
    private var expirerToken: UInt64?
    /// Rules and expirations that wait for the log: what comes behind them and is concerned comes again.
    private var comingRules: [UInt64: [LogEntry]] = [:]
    private var quarantine = Quarantine()
    private var roomGuard: RoomGuard
    /// The decision that waits for the log.
    private var decisionToken: UInt64?
    /// Our predecessor in this process, with its workers, may have been ended by an article.
    private var isSuspicious = false

    private var roles: [PeerID: PeerRole] = [:]
    private var joined: [PeerID: Attempt] = [:]
    private var instances: [PeerID: Instance] = [:]
    /// Where the reigning coordinator is, while we stand by; "" if unknown.
    private var presentAddress = ""
    private var intake = Intake()
    private var answers = OwedAnswers()
    /// Sizes of the reports that were neither published nor refused.
    private var reportBytes: [PeerID: [UInt64: Int]] = [:]
    /// Number of the last report of each worker.
    private var lastReport: [PeerID: UInt64] = [:]

    package init(_ configuration: Configuration) {
        roomGuard = RoomGuard(keepFreeBytes: configuration.keepFreeBytes)
        self.configuration = configuration
        reign = Reign(instance: configuration.instance, address: configuration.address, empty: configuration.empty)
        merges = MergeScheduler(policy: configuration.mergePolicy)
    }

    package var isReigning: Bool { phase == .reigning }
    package var head: Manifest? { publisher?.head }
    package var cells: [SegmentReference] { publisher?.cells ?? [] }
    package var roomLevel: RoomGuard.Level { roomGuard.level }
    package var reigningTerm: Term? { phase == .reigning ? term : nil }

    package var status: CoordinatorSummary {
        var sums = publisher?.coming.sums ?? OutcomeSums()
        sums.add(folding)
        let cells = publisher?.cells ?? []
        let overlays = publisher?.head.overlays ?? []
        let workers = (leases?.workers ?? []).map { (peer: $0, shardCount: leases?.shards(of: $0).count ?? 0) }
        let shardCount = Int(publisher?.head.sharding.shardCount ?? 0)
        return CoordinatorSummary(
            isReigning: phase == .reigning, isDraining: isDraining, term: term,
            generation: publisher?.head.generation ?? .none, setDigest: publisher?.head.setDigest.hex ?? "",
            sums: sums, overlayCount: overlays.count, cellCount: cells.count,
            segmentBytes: (overlays + cells).reduce(0) { $0 &+ $1.sizeBytes }, workers: workers,
            mergerCount: merges.mergerCount, runningMerges: merges.runningJobs.count,
            unleasedShards: shardCount - workers.reduce(0) { $0 + $1.shardCount },
            intakeBytes: log?.waitingBytes ?? 0, feedCount: state.feeds.count,
            retractionCount: state.retractions.count, retentionRuleCount: state.retention.bySource.count,
            isExpiring: expiringCount > 0 || !expirer.isDone(with: state.retention), expiringCount: expiringCount,
            deadLetterCount: state.deadLetters.count,
            suspectStreamCount: quarantine.suspectCount, erasureCount: state.erasures.count,
            isSettled: publisher.flatMap { publisher in router?.isQuiet(publisher.head) } ?? false,
            room: roomGuard.room, roomLevel: roomGuard.level)
    }

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
        case .connected(let peer, let role): roles[peer] = role
        case .put(let peer, let put): accept(put, from: peer, now: now)
        case .message(let peer, let message): receive(message, from: peer, now: now)
        case .disconnected(let peer):
            roles[peer] = nil
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
                term = own
                isSuspicious = configuration.isWithItsWorkers && !isAfterOrderlyEnd
                isClaiming = true
                presentAddress = ""
                // Those of an earlier claim tell nothing of this one.
                heartbeatCall.abandon()
                heartbeatLook.abandon()
                nextHeartbeat = now.milliseconds
                beat(now: now)
            case .inherited(let head, let inherited):
                let manifest = head.manifest
                term = manifest.term
                state = inherited
                retracted = Dictionary(grouping: inherited.retractions.keys) { manifest.sharding.shard(of: $0) }
                for expiration in inherited.erasures.values.compactMap(\.expiration) { mark(expiration, manifest) }
                folding = Folding(foldedTo: manifest.foldedTo)
                router = Router(
                    sharding: manifest.sharding, watermarks: manifest,
                    cacheLimitBytes: configuration.routedLimitBytes)
                publisher = Publisher(
                    head: head, term: term, instance: configuration.instance,
                    ledgerTailLimitCount: configuration.ledgerTailLimitCount,
                    pageCellLimitCount: configuration.pageCellLimitCount)
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
        // Our own batches have no client.
        for batch in object.batches where !batch.client.isEmpty {
            intake.remember(
                BatchID(client: batch.client, number: batch.number), batch.digest, BatchCounts(of: batch.entries))
        }
    }

    /// - Returns: the shards of which a dead letter became an article again.
    @discardableResult
    private mutating func fold(_ object: LogObject) -> Set<Shard> {
        var revived: Set<Shard> = []
        object.forEachEntry { position, _, entry in
            guard position > folding.foldedTo else { return }
            if case .retraction(let retraction) = entry, state.retractions[retraction.key] == nil, let publisher {
                retracted[publisher.head.sharding.shard(of: retraction.key), default: []].append(retraction.key)
            }
            let changed = state.apply(entry, at: position)
            if changed.contains(.erasures), let publisher { noteErasure(entry, publisher.head) }
            if case .retried(let article) = entry, changed.contains(.deadLetters), let publisher {
                revived.insert(publisher.head.sharding.shard(of: article.key))
            }
            folding.add(entry, hour: object.hour, changed: changed)
        }
        folding.foldedTo = max(folding.foldedTo, object.endPosition)
        return revived
    }

    private mutating func mark(_ expiration: Expiration, _ head: Manifest) {
        expired[head.sharding.shard(of: expiration.key), default: [:]][expiration.key] = ShardRules.VersionMark(
            key: expiration.key, version: expiration.through, position: expiration.position)
    }

    private var expiringCount: Int { expired.values.reduce(0) { $0 + $1.count } }

    /// Keeps what is told with leases as the state is.
    private mutating func noteErasure(_ entry: LogEntry, _ head: Manifest) {
        let key: ArticleKey
        switch entry {
        case .expired(let expiration): key = expiration.key
        case .retraction(let retraction): key = retraction.key
        case .erased(let bound): key = bound.key
        default: return
        }
        if let standing = state.erasures[key]?.expiration {
            mark(standing, head)
        } else {
            expired[head.sharding.shard(of: key)]?[key] = nil
        }
    }

    private mutating func begin(now: Moment) {
        guard let head = publisher?.head else { return }
        phase = .reigning
        isClaiming = false
        log = LogWriter(term: term, instance: configuration.instance)
        leases = LeaseTable(
            term: term, shardCount: head.sharding.shardCount, leaseMilliseconds: configuration.leaseMilliseconds)
        collector = Collector(
            term: term, graceMilliseconds: configuration.collectGraceMilliseconds,
            intervalMilliseconds: configuration.collectIntervalMilliseconds, now: now)
        eraser = Eraser(term: term, intervalMilliseconds: configuration.eraseIntervalMilliseconds)
        if isSuspicious, let router {
            quarantine.suspect(to: router.routedEnd)
            actions.append(.note("the last process did not end in order: what it left is tried apart first"))
        }
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
            counter: heartbeatCounter, address: phase == .reigning ? configuration.address : "", hasEnded: hasEnded)
        actions.append(
            .operation(
                heartbeatCall.start(.put(name: ObjectName.heartbeat(term), bytes: heartbeat.encoded))))
    }

    private mutating func fence() {
        phase = .over
        for peer in roles.keys.sorted() {
            actions.append(
                .send(peer, .error(code: .notCoordinator, message: "")))
            actions.append(.close(peer))
        }
        actions.append(.fenced)
    }

    // MARK: Time and the store

    private mutating func tick(now: Moment) {
        if let again = heartbeatCall.due(now: now) { actions.append(.operation(again)) }
        if let again = heartbeatLook.due(now: now) { actions.append(.operation(again)) }
        if phase == .reigning || isClaiming, !isEnding { beat(now: now) }
        guard phase == .reigning else {
            if !isDraining { take(reign.tick(now: now), now: now) }
            return
        }
        take(log?.tick(now: now) ?? [], now: now)
        if let again = router?.tick(now: now) { actions.append(.operation(again)) }
        take(publisher?.tick(now: now) ?? [], now: now)
        take(quarantine.tick(now: now), now: now)
        let silent =
            (leases?.expired(now: now.milliseconds) ?? [])
            + merges.expired(now: now.milliseconds, limit: configuration.leaseMilliseconds)
        for peer in silent {
            actions.append(.note("peer \(peer.number) was not heard of for a lease"))
            actions.append(.close(peer))
            leave(peer, now: now)
        }
        if let head = publisher?.snapshot { take(collector?.tick(now: now, head: head) ?? [], now: now) }
        advance(now: now)
    }

    private mutating func completed(_ tag: OperationTag, _ result: BucketResult, now: Moment) {
        switch tag.owner {
        case .reign: if !isDraining || phase == .reigning { take(reign.handle(tag, result, now: now), now: now) }
        case .heartbeat:
            if heartbeatCall.handle(tag, result, now: now) != nil, isDraining, !isEnding {
                advance(now: now)
                end()
            } else if isEnding, !heartbeatCall.isBusy {
                phase = .over
                actions.append(.drained)
            }
        case .heartbeatLook:
            guard let (_, result) = heartbeatLook.handle(tag, result, now: now), phase == .reigning || isClaiming else {
                return
            }
            if case .size = result { return fence() }
            if let doubt { fail(doubt) }
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
            let open = Set(joined.values).union(merges.runningJobs.map(\.attempt))
            let own = term
            #if PLANTED_LOG_BEFORE_LEDGER
                collector?.coming = publisher.coming
            #endif
            take(
                collector?.handle(
                    tag, result, now: now, head: publisher.snapshot,
                    isOver: { $0.term < own || ($0.term == own && !open.contains($0)) },
                    protected: publisher.protectedNames) ?? [], now: now)
        case .quarantine:
            take(quarantine.handle(tag, result, state: state, now: now), now: now)
            advance(now: now)
        case .eraser:
            take(eraser?.handle(tag, result, now: now) ?? [], now: now)
            advance(now: now)
        case .worker, .merger: break
        }
    }

    private mutating func take(_ outputs: [Quarantine.Output], now: Moment) {
        for output in outputs {
            switch output {
            case .operation(let operation): actions.append(.operation(operation))
            case .decide(let letter): log(letter, now: now)
            case .note(let text): actions.append(.note(text))
            case .failed(let message): failUnlessOvertaken(message)
            }
        }
    }

    /// What we need of the log cannot be had. If we slept for longer than the log is kept, a later coordinator collected it,
    /// and we step down.
    private mutating func failUnlessOvertaken(_ message: String) {
        guard doubt == nil else { return }
        doubt = message
        heartbeatLook.abandon()
        actions.append(.operation(heartbeatLook.start(.size(name: ObjectName.term(term.next)))))
    }

    private mutating func log(_ letter: DeadLetter, now: Moment) {
        let entry = LogEntry.deadLetter(letter)
        let token = intake.takeToken()
        decisionToken = token
        actions.append(.deciding(.deadLetter))
        actions.append(
            .note("article \(letter.article.key.hex) becomes a dead letter: \(letter.reason)"))
        let batch = LogObject.Batch(
            client: "", number: token, digest: letter.article.version.recordHash, lane: .live, entries: [entry])
        take(log!.append(token: token, batch: batch, sizeBytes: entry.heldBytes, now: now), now: now)
    }

    /// Position that the snapshot must come to before all is in it that the log says. What lies behind, such as the first object
    /// of a term, changes nothing: no manifest is written for it alone.
    private func toBeCovered(_ publisher: Publisher) -> Position {
        hasFolding ? folding.foldedTo : publisher.coming.foldedTo
    }

    /// Lets the expirer and the eraser go on, one of which at a time has a merger.
    private mutating func erase(now: Moment) {
        guard let publisher, let collector, let eraser, !isDraining else { return }
        let scan = Expirer.View(
            head: publisher.snapshot, state: state, toBeCovered: toBeCovered(publisher), hasStanding: expiringCount > 0,
            isMergerBusy: merges.isErasureBusy, isErasing: !eraser.isIdle,
            hasComingRules: comingRules.values.joined().contains { if case .horizon = $0 { true } else { false } })
        take(expirer.step(scan, now: now), now: now)
        guard !expirer.isScanning, !state.erasures.isEmpty || !eraser.isIdle else { return }
        let view = Eraser.View(
            head: publisher.snapshot, state: state, toBeCovered: toBeCovered(publisher),
            newestToken: intake.newestToken,
            oldestWaitingToken: log?.oldestWaitingToken, collector: collector, isMergerBusy: merges.isErasureBusy)
        take(self.eraser!.step(view, now: now), now: now)
    }

    private mutating func take(_ outputs: [Expirer.Output], now: Moment) {
        for output in outputs {
            switch output {
            case .request(let work): merges.request(work)
            case .log(let entries):
                let token = intake.takeToken()
                expirerToken = token
                comingRules[token] = entries
                log(entries, token, now: now)
            case .note(let text): actions.append(.note(text))
            }
        }
    }

    private mutating func take(_ outputs: [Eraser.Output], now: Moment) {
        for output in outputs {
            switch output {
            case .operation(let operation): actions.append(.operation(operation))
            case .request(let work): merges.request(work)
            case .survey: collector?.hurry(now: now)
            case .erased(let bounds):
                let token = intake.takeToken()
                erasedToken = token
                actions.append(.deciding(.erasure))
                log(bounds.map { .erased($0) }, token, now: now)
            case .note(let text): actions.append(.note(text))
            case .fenced: fence()
            }
        }
    }

    /// Appends a batch of our own.
    private mutating func log(_ entries: [LogEntry], _ token: UInt64, now: Moment) {
        var bytes = ByteWriter()
        for entry in entries { entry.encode(to: &bytes) }
        let batch = LogObject.Batch(
            client: "", number: token, digest: SHA256.hash(of: bytes.bytes), lane: .live, entries: entries)
        let size = entries.reduce(0) { $0 + $1.heldBytes }
        take(log!.append(token: token, batch: batch, sizeBytes: size, now: now), now: now)
    }

    private mutating func fail(_ message: String) {
        phase = .over
        actions.append(.failed(message))
    }

    // MARK: Accepting

    private mutating func accept(_ put: Put, from peer: PeerID, now: Moment) {
        guard phase == .reigning, log != nil else {
            return refuse(put, peer, .notCoordinator, presentAddress)
        }
        let asker = Asker(peer: peer, ack: put.ack)
        switch intake.look(put.id, put.digest) {
        case .reused: return refuse(put, peer, .idReused, "batch \(put.id.number) was used for another payload")
        case .answered(let counts):
            // It is in the log, so it cannot be refused; it can be asked for again.
            guard put.ack == .durable || answers.owe(peer) else { return refuseMessage(peer, Self.owedTooMuch, .busy) }
            return answer(asker, put, counts)
        case .coming(let token):
            guard answers.owe(peer) else { return refuseMessage(peer, Self.owedTooMuch, .busy) }
            return intake.ask(token, asker)
        case .new: break
        }
        guard !isDraining else { return refuse(put, peer, .draining, "the coordinator drains") }
        guard log!.waitingBytes <= configuration.intakeLimitBytes else {
            return refuse(put, peer, .busy, "too much waits for the log")
        }
        if put.holdsArticles, let why = roomGuard.refusal(put.lane) { return refuse(put, peer, .storeFailed, why) }
        var put = put
        for (index, entry) in put.entries.enumerated() {
            // By age: the clock becomes a record here.
            guard case .horizon(var rule) = entry, rule.ageDays > 0 else { continue }
            rule.time = RetentionHorizon.time(ofAgeDays: rule.ageDays, at: now.wall)
            put.entries[index] = .horizon(rule)
        }
        if let why = resolve(&put) { return refuse(put, peer, .notAllowed, why) }
        if isConcerned(put) { return refuse(put, peer, .busy, "a rule of retention is on its way into the log") }
        var rules = rulesToBe
        for case .horizon(let rule) in put.entries { rules.set(rule) }
        guard rules.bySource.count <= Limits.retentionRules else {
            return refuse(put, peer, .notAllowed, "more than \(Limits.retentionRules) rules of retention")
        }
        guard answers.owe(peer) else { return refuse(put, peer, .busy, Self.owedTooMuch) }
        for (index, entry) in put.entries.enumerated() {
            guard case .article(let article) = entry, let why = rejection(of: article) else { continue }
            put.entries[index] = .rejection(why)
        }
        let token = intake.add(put, asker)
        let coming = put.entries.filter { if case .horizon = $0 { true } else { false } }
        if !coming.isEmpty { comingRules[token] = coming }
        let batch = LogObject.Batch(
            client: put.id.client, number: put.id.number, digest: put.digest, lane: put.lane, entries: put.entries)
        take(log!.append(token: token, batch: batch, sizeBytes: put.heldBytes, now: now), now: now)
    }

    /// Why an article is not taken, by what is durable.
    private func rejection(of article: LoggedArticle) -> Rejection? {
        func rejected(_ reason: RejectionReason, _ detail: String) -> Rejection {
            Rejection(reason: reason, source: article.source, place: article.key.hex, detail: detail)
        }
        if state.retractions[article.key] != nil { return rejected(.retracted, "") }
        if let rule = state.retention.horizon(before: article) {
            return rejected(.expired, "behind the horizon \(rule.dateText)")
        }
        if state.expiration(of: article.key, article.version) != nil {
            return rejected(.expired, "a version as large or larger is being expired")
        }
        return nil
    }

    /// Whether something in it would have to be held against a rule that is not durable yet: it can neither be taken nor
    /// rejected.
    private func isConcerned(_ put: Put) -> Bool {
        guard !comingRules.isEmpty else { return false }
        let rules = rulesToBe
        var bounds: [ArticleKey: Version] = [:]
        for case .expired(let expiration) in comingRules.values.joined() {
            bounds[expiration.key] = max(bounds[expiration.key] ?? expiration.through, expiration.through)
        }
        return put.entries.contains { entry in
            switch entry {
            case .article(let article), .retried(let article):
                rules.horizon(before: article) != nil || bounds[article.key].map { article.version <= $0 } ?? false
            default: false
            }
        }
    }

    /// The rules that are in force for whatever comes into the log behind those that are on their way.
    private var rulesToBe: RetentionRules {
        var rules = state.retention
        for token in comingRules.keys.sorted() {
            for case .horizon(let rule) in comingRules[token]! { rules.set(rule) }
        }
        return rules
    }

    /// Makes entries of what is asked of dead letters.
    ///
    /// - Returns: why that cannot be done.
    private func resolve(_ put: inout Put) -> String? {
        guard !put.letterRequests.isEmpty, let head = publisher?.head else { return nil }
        for request in put.letterRequests {
            let letters = state.deadLetters.filter { $0.key.key == request.key }.sorted { $0.key < $1.key }
            guard letters.contains(where: \.value.isTextThere) else {
                return letters.isEmpty
                    ? "there is no dead letter of key \(request.key.hex)"
                    : "the text of dead letter \(request.key.hex) was dropped, or its key retracted"
            }
            for (id, letter) in letters where letter.isTextThere {
                switch request.kind {
                case .retry:
                    if let why = rejection(of: letter.article) {
                        return "dead letter \(id.key.hex) is \(why.reason.name): \(why.detail)"
                    }
                    // Whoever reads its first entry again must still find the decision.
                    let shard = head.sharding.shard(of: id.key)
                    guard Lane.allCases.allSatisfy({ head[watermark: ShardLane(shard, $0)] >= letter.position })
                    else { return "what the log held beside dead letter \(id.key.hex) is not published yet" }
                    put.entries.append(.retried(letter.article))
                case .drop: put.entries.append(.dropped(id))
                }
            }
        }
        return nil
    }

    private mutating func take(_ outputs: [LogWriter.Output], now: Moment) {
        for output in outputs {
            switch output {
            case .operation(let operation): actions.append(.operation(operation))
            case .durable(let object, let tokens):
                guard let head = publisher?.head else { return }
                let revived = fold(object)
                router?.append(object, watermarks: head)
                for shard in revived.sorted() { renewLease(of: shard, now: now) }
                for token in tokens { durable(token) }
            case .refused(let tokens, let failure):
                for token in tokens {
                    comingRules[token] = nil
                    if token == expirerToken {
                        expirerToken = nil
                        take(expirer.refused("\(failure)", now: now), now: now)
                    }
                    if token == erasedToken { take(eraser?.failed("\(failure)", now: now) ?? [], now: now) }
                    if token == decisionToken {
                        decisionToken = nil
                        take(quarantine.undecided("\(failure)", now: now), now: now)
                    }
                    guard let item = intake.refused(token) else { continue }
                    for asker in item.askers {
                        answers.settle(asker.peer)
                        refuse(item.put, asker.peer, .storeFailed, "\(failure)")
                    }
                }
            case .fenced: fence()
            }
        }
    }

    private mutating func durable(_ token: UInt64) {
        comingRules[token] = nil
        if token == expirerToken {
            expirerToken = nil
            expirer.logged()
        }
        if token == decisionToken {
            decisionToken = nil
            quarantine.decided()
            actions.append(.decided(.deadLetter))
        }
        if token == erasedToken {
            erasedToken = nil
            actions.append(.decided(.erasure))
        }
        guard let item = intake.durable(token) else { return }
        for asker in item.askers {
            if asker.ack == .durable { answers.settle(asker.peer) }
            answer(asker, item.put, item.counts)
        }
    }

    private static let owedTooMuch = "too many batches are unanswered"

    /// Answers now or, for more than durability, when the snapshot has come so far. A batch that was durable before
    /// waits for all that is durable now: its own positions are among them.
    private mutating func answer(_ asker: Asker, _ put: Put, _ counts: BatchCounts) {
        guard asker.ack != .durable, let head = publisher?.head, let router else {
            actions.append(.send(asker.peer, .accepted(number: put.id.number, counts: counts)))
            return
        }
        var needs: [ShardLane: Position] = [:]
        for entry in put.entries {
            guard let key = entry.routedKey else { continue }
            let stream = ShardLane(head.sharding.shard(of: key), entry.lane(given: put.lane))
            needs[stream] = router.lastEntry(of: stream)
        }
        answers.wait(
            OwedAnswers.Waiter(
                asker: asker, number: put.id.number, counts: counts, needs: needs,
                foldedTo: asker.ack == .visible ? folding.foldedTo : .start))
        answerWaiters()
    }

    private mutating func answerWaiters() {
        guard let publisher else { return }
        for done in answers.ready(head: publisher.head, coming: publisher.coming) {
            actions.append(.send(done.asker.peer, .accepted(number: done.number, counts: done.counts)))
        }
    }

    private mutating func refuse(_ put: Put, _ peer: PeerID, _ code: ErrorCode, _ message: String) {
        actions.append(.send(peer, .refusedBatch(number: put.id.number, code: code, message: message)))
    }

    // MARK: Workers and mergers

    private mutating func receive(_ message: Message, from peer: PeerID, now: Moment) {
        if case .quit = message {
            answers.quit(peer)
            return
        }
        guard phase == .reigning else {
            actions.append(.send(peer, .error(code: .notCoordinator, message: presentAddress)))
            actions.append(.close(peer))
            return
        }
        leases?.heard(peer, now: now.milliseconds)
        merges.heard(peer, now: now.milliseconds)
        switch message {
        case .join(let instance): join(peer, instance, now: now)
        // Nothing new is possible by it, and it is the commonest.
        case .touch: return actions.append(.send(peer, .touched))
        case .credit(let lane, let bytes): router?.credit(peer, lane, bytes: bytes)
        case .sealed(let report):
            #if !PLANTED_FREE_SLOT_ZOMBIE
                guard joined[peer] != nil else { return refuseMessage(peer, "SEALED before JOIN") }
            #endif
            // A report may kill what an earlier one brought, in another lane: without that one it must not be published.
            let last = lastReport[peer] ?? 0
            #if PLANTED_WATERMARK_BY_TO
                // Here that mistake would be caught before it did harm.
                let follows = report.number > last
            #elseif PLANTED_FREE_SLOT_ZOMBIE
                // What was known of a worker is forgotten with it.
                let follows = joined[peer] == nil || report.number == last &+ 1
            #else
                let follows = report.number == last &+ 1
            #endif
            guard follows else {
                refuseMessage(peer, "report \(report.number) came after \(last)")
                return leave(peer, now: now)
            }
            lastReport[peer] = report.number
            let known = reportBytes[peer] ?? [:]
            let size = report.heldBytes
            guard known.count < Self.reportLimitCount,
                known.isEmpty || known.values.reduce(size, +) <= Self.reportLimitBytes
            else { return refuseMessage(peer, "\(known.count) reports of this worker wait", .busy) }
            reportBytes[peer, default: [:]][report.number] = size
            publisher?.add(report, from: peer)
            answerWaiters()
        case .poison(let reports):
            poison(reports, from: peer)
            // It begins anew: what it took in besides goes to whoever holds the shards next.
            actions.append(.close(peer))
            leave(peer, now: now, isOrderly: true)
        case .merged(let report):
            guard let job = merges.report(report.job, by: peer) else {
                return actions.append(.send(peer, .refused(report: report.job)))
            }
            publisher?.add(job, outputs: report.outputs, left: report.left)
        case .found(let report):
            guard merges.reportSearch(report.job, by: peer) else { break }
            eraser?.found(report.names, now: now)
        case .scanned(let report):
            guard merges.reportSearch(report.job, by: peer) else { break }
            expirer.scanned(report.expirations)
        case .mergeFailed(let job, let why):
            if merges.reportSearch(job, by: peer) {
                if expirer.isScanning {
                    take(expirer.scanFailed(why, now: now), now: now)
                } else {
                    take(eraser?.failed("search \(job) failed: \(why)", now: now) ?? [], now: now)
                }
            } else if merges.report(job, by: peer) != nil {
                mergeFailed(job, why, now: now)
            }
        case .drain: leave(peer, now: now, isOrderly: true)
        case .error(let code, let text):
            actions.append(.note("peer \(peer.number): \(code.rawValue) \(text)"))
            actions.append(.close(peer))
            leave(peer, now: now)
        case .compact:
            guard !isDraining else { return refuseMessage(peer, "the coordinator drains", .draining) }
            if let why = roomGuard.refusal(.bulk) { return refuseMessage(peer, why, .storeFailed) }
            guard answers.compaction(peer) else {
                return refuseMessage(
                    peer, "\(OwedAnswers.compactionLimitCount) compactions are asked for", .busy)
            }
            merges.requestCompaction()
        default: refuseMessage(peer, "this command is not for a coordinator")
        }
        advance(now: now)
    }

    private mutating func refuseMessage(_ peer: PeerID, _ why: String, _ code: ErrorCode = .notAllowed) {
        actions.append(.send(peer, .error(code: code, message: why)))
        actions.append(.close(peer))
    }

    private mutating func join(_ peer: PeerID, _ instance: Instance, now: Moment) {
        guard joined[peer] == nil, let head = publisher?.head, let role = roles[peer] else {
            return refuseMessage(peer, "JOIN twice or before HELLO")
        }
        guard role == .worker || role == .merger else { return refuseMessage(peer, "JOIN is for workers and mergers") }
        // The same process again: its older connection is dead, and need not be waited for.
        for (older, _) in instances.filter({ $0.value == instance }).sorted(by: { $0.key < $1.key }) {
            actions.append(.note("peer \(older.number) joined again as \(peer.number)"))
            actions.append(.close(older))
            leave(older, now: now)
        }
        let attempt = takeAttempt()
        joined[peer] = attempt
        instances[peer] = instance
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

    /// Believes a worker that its articles are to be decided upon, if it holds their shards and nobody counted them.
    private mutating func poison(_ reports: [PoisonReport], from peer: PeerID) {
        guard let leases, let router, let publisher else { return }
        for report in reports {
            guard leases.holds(peer, report.stream.shard, report.epoch),
                report.position > publisher.coming[watermark: report.stream],
                report.position <= router.sentTo(report.stream)
            else {
                actions.append(
                    .note("peer \(peer.number) gives up entry \(report.position.name), which is not its own"))
                continue
            }
            quarantine.add(report)
        }
    }

    /// - Parameter isOrderly: it left by its own will. Else what it was given may have ended it.
    private mutating func leave(_ peer: PeerID, now: Moment, isOrderly: Bool = false) {
        if !isOrderly, let leases, let router, let publisher, joined[peer] != nil {
            for grant in leases.shards(of: peer) {
                for lane in Lane.allCases {
                    let stream = ShardLane(grant.shard, lane)
                    quarantine.lost(
                        stream, watermark: publisher.head[watermark: stream], sentTo: router.sentTo(stream))
                }
            }
        }
        answers.leave(peer)
        reportBytes[peer] = nil
        lastReport[peer] = nil
        guard joined.removeValue(forKey: peer) != nil else { return }
        instances[peer] = nil
        leases?.remove(peer)
        router?.left(peer)
        publisher?.drop(peer)
        merges.remove(peer)
    }

    /// A dead letter is an article again, and the shard's holder was told with its lease that it is none: it begins anew.
    private mutating func renewLease(of shard: Shard, now: Moment) {
        guard let holder = leases?.grant(of: shard)?.worker else { return }
        actions.append(.note("peer \(holder.number) begins anew: a dead letter of shard \(shard.index) is retried"))
        actions.append(.close(holder))
        leave(holder, now: now, isOrderly: true)
    }

    private mutating func takeAttempt() -> Attempt {
        defer { nextAttempt += 1 }
        return Attempt(term: term, number: nextAttempt)
    }

    // MARK: Moving on

    /// Does everything that has become possible: leases, articles, manifests, merges.
    private mutating func advance(now: Moment) {
        guard phase == .reigning else { return }
        take(quarantine.step(state: state, now: now), now: now)
        balance(now: now)
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
                            rules: rules(of: grant.shard))))
            }
        }
    }

    private func rules(of shard: Shard) -> ShardRules {
        guard let sharding = publisher?.head.sharding else { return ShardRules() }
        let suspectTo = Lane.allCases.map { ($0, quarantine.suspectTo(ShardLane(shard, $0))) }
        let letters = state.deadLetters.filter { sharding.shard(of: $0.key.key) == shard }.sorted { $0.key < $1.key }
        return ShardRules(
            suspectTo: Dictionary(uniqueKeysWithValues: suspectTo),
            deadLetters: letters.map {
                ShardRules.VersionMark(key: $0.key.key, version: $0.key.version, position: $0.value.position)
            },
            retracted: (retracted[shard] ?? []).sorted(),
            expired: (expired[shard] ?? [:]).values.sorted { $0.key < $1.key })
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

    /// Whether the log brought something that no manifest tells yet and no report has to come for.
    private var hasFolding: Bool { folding.receivedCount > 0 || folding.isStateChanged }

    private mutating func publish(now: Moment) {
        guard publisher != nil, let leases, let router, publisher!.isIdle else { return }
        guard now.milliseconds >= nextPublish else { return }
        let isForced =
            (hasFolding && (now.milliseconds >= nextFold || isDraining)) || answers.isFoldAwaited(publisher!.head)
            || !(eraser?.forgotten.isEmpty ?? true)
        guard publisher!.hasReports || isForced else { return }
        var attempts = nextAttempt
        let own = term
        let joined = joined
        let outputs = publisher!.begin(
            now: now,
            knowledge: Publisher.Knowledge(
                holds: { leases.holds($0, $1, $2) }, attempt: { joined[$0] }, sent: { router.sentTo($0) }),
            isQuiet: { router.isQuiet($0, watermark: $1[watermark: $0]) }, routedEnd: router.routedEnd,
            folding: &folding, state: state, forgotten: eraser?.forgotten ?? [],
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
                quarantine.published(manifest)
                for report in reports {
                    reportBytes[report.worker]?[report.number] = nil
                    actions.append(
                        .send(report.worker, .published(report: report.number, generation: manifest.generation)))
                }
                for job in jobs {
                    merges.finish(job)
                    tellCompacted(manifest.generation) { $0 == job }
                }
                actions.append(.published(manifest))
            case .refused(let report):
                reportBytes[report.worker]?[report.number] = nil
                actions.append(.send(report.worker, .refused(report: report.number)))
            case .mergeRefused(let job, let reason):
                mergeFailed(job, reason, now: now)
            case .fenced: fence()
            case .failed(let message): fail(message)
            }
        }
    }

    private mutating func mergeFailed(_ job: UInt64, _ why: String, now: Moment) {
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

    private mutating func scheduleMerges(now: Moment) {
        guard let publisher, !isDraining else { return }
        answers.unassign { [merges] in !merges.isRunning($0) }
        if publisher.isCanonical {
            tellCompacted(publisher.head.generation) { _ in true }
        } else if answers.isCompactionUnassigned {
            merges.requestCompaction()
        }
        var attempts = nextAttempt
        let own = term
        let takeAttempt = {
            defer { attempts += 1 }
            return Attempt(term: own, number: attempts)
        }
        // Where room is short searches and purges go on: what is erased makes some.
        let erasure =
            roomGuard.level == .spent
            ? nil : merges.scheduleErasure(head: publisher.head, cells: publisher.cells, attempt: takeAttempt)
        let jobs =
            roomGuard.level != .ample
            ? []
            : merges.schedule(
                head: publisher.head, cells: publisher.cells, now: now.milliseconds, attempt: takeAttempt)
        if let (merger, message) = erasure { actions.append(.send(merger, message)) }
        nextAttempt = attempts
        for (merger, job) in jobs {
            actions.append(.send(merger, .merge(job)))
            if job.output == .cells { answers.assign(job.number) }
        }
    }

    private mutating func take(_ outputs: [Collector.Output], now: Moment) {
        for output in outputs {
            switch output {
            case .operation(let operation): actions.append(.operation(operation))
            case .abandoned(let why): actions.append(.note("a collection ends early: \(why)"))
            case .finished(let count): if count > 0 { actions.append(.note("collected \(count) objects")) }
            case .fenced: fence()
            case .judged: break
            }
        }
    }

    // MARK: The end

    private var isEnding = false

    private mutating func drain(now: Moment) {
        isDraining = true
        heartbeatCall.stopWaitingForSpace()
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
        return publisher.isRefused || (publisher.isIdle && !publisher.hasReports && !hasFolding)
    }

    /// Once nothing is in flight, writes the orderly end into the heartbeat, so that nobody waits.
    private mutating func end() {
        guard isDraining, !isEnding, !heartbeatCall.isBusy, phase == .waiting || isFlushed else { return }
        isEnding = true
        heartbeatCounter += 1
        issueHeartbeat(hasEnded: true)
    }
}

extension SealedReport {
    /// Memory it takes while it waits, about.
    fileprivate var heldBytes: Int {
        counts.reduce(256 + entries.count * 64) { $0 + 64 + $1.source.utf8.count }
    }
}
