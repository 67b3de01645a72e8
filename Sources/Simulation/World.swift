// A whole cluster in one thread, driven by one seed: coordinators, workers, mergers, a fetcher and clients over a bucket and a
// network that delay, repeat, cut and forget. The machines, the wire's parser and encoder, the engine and every byte of
// every object are the product's own; time, store, feeds and network are simulated. docs/testing.md says in words what must
// hold.

import ByteCoding
import Cluster
import Engine
import Fetching
import News
import ObjectStore
import Storage
import Wire

package final class World {
    // MARK: What happens when

    enum Happening {
        case tick(process: Int, run: Int)
        /// The store does what it was asked for.
        case effect(Request)
        /// With the name of what was created: whoever is told of it relies on it.
        case answer(process: Int, run: Int, OperationTag, BucketResult, created: String?, Fault?)
        /// A request reaches the object store, in worlds that have one.
        case arrival(Arrival)
        case storeEvent(process: Int, run: Int, conversation: Int, S3Call.Event)
        case deliver(connection: Int, toServer: Bool, [UInt8], Step, Fault?)
        case closed(connection: Int, toServer: Bool)
        case cut(connection: Int)
        case connect(process: Int, run: Int)
        case engine(process: Int, run: Int, EngineAnswer, Fault?)
        case feedAnswer(process: Int, run: Int, request: UInt64, url: String, FeedAnswer, Fault?)
        case feedChange(Int)
        case fault
        case arm(Step, Fault)
        case losePower
        case roomAgain
        case restart(process: Int)
        case crash(process: Int, run: Int)
        case drain(process: Int, run: Int)
        case resume(process: Int)
        case compact
        case askOfLetters
        case askOfRetention
        case switchFailure
        case stopReign
        case heal
        case clientSend(process: Int, run: Int)
    }

    /// What a process asked of the store, on its way there.
    struct Request {
        var process: Int
        var run: Int
        var tagged: TaggedOperation
        var step: Step
        var fault: Fault?
        /// Asked for when nothing went wrong any more.
        var isOfHealing: Bool
        /// Nil: nobody waits for the answer any more.
        var answerDelay: Int64?
        /// It happens though its process is dead.
        var mustLand = false
        var power: Int
    }

    enum EngineAnswer {
        case worker(Worker.Event)
        case merger(Merger.Event)
    }

    enum Role: Equatable {
        case coordinator
        case worker
        case merger
        case fetcher
        case client
    }

    struct Process {
        var role: Role
        /// Counts restarts; what belongs to an earlier run is ignored.
        var run = 0
        var isUp = true
        var pausedUntil: Int64 = 0
        var backlog: [Happening] = []
        /// How far its wall clock is off.
        var wallSkewMilliseconds: Int64 = 0
        /// The next time it joins it dies soon after.
        var diesAfterJoining = false
        /// The store told it of a failure that will not pass: it may give up.
        var mayFail = false
        var coordinator: Coordinator?
        /// When it is told next what room there is.
        var nextRoom: Int64 = 0
        var worker: Worker?
        var merger: Merger?
        var fetcher: SimulatedFetcher?
        var client: SimulatedClient?
        var connection: Int?
        /// The worker's engine.
        var draft: SegmentDraft?
        /// The merger's engine does its jobs one after another, also those that are no longer wanted: the first is in
        /// work.
        var merging: [Merging] = []
        /// What the coordinator said when the merger joined.
        var mergeSettings = Settings()
    }

    struct Merging {
        var job: MergeJob
        /// Outputs that are still to be handed over, and why there are no more.
        var outputs: [BuiltSegment] = []
        /// What it left as it is.
        var left: [UInt32] = []
        var failure: String?
    }

    struct Connection {
        var client: Int
        var clientRun: Int
        var server: Int
        var serverRun: Int
        var peer: PeerID
        /// What the process called itself when it connected; names its batches, also those that arrive after its end.
        var name: String
        var atServer: MessageParser
        var atClient: MessageParser
        var isCut = false
        var lastToServer: Int64 = 0
        var lastToClient: Int64 = 0
        /// Nothing passes before.
        var heldToServer: Int64 = 0
        var heldToClient: Int64 = 0
    }

    package struct Summary: Equatable, Sendable {
        package var articleCount: Int64
        package var workerCount: Int
        package var coordinatorCount: Int
        /// At steps, and of processes, connections and the store at times of their own.
        package var faultCount: Int
        package var liveCount: Int
        /// Of the compacted snapshot at the end.
        package var cellCount: Int
        package var deadLetterCount: Int
        package var manifestCount: Int
        package var deletedCount: Int
        /// From the end of all faults until nothing was pending and the snapshot was compacted.
        package var restMilliseconds: Int64
        package var faultCounts: [String: Int]
        package var coverage: Coverage
        package var traceHash: UInt64
        package var setDigest: String
    }

    let scenario: Scenario
    let pool: ArticlePool
    var random: SeededRandom
    var now: Int64 = 0
    private var queue = EventQueue<Happening>()
    var store: SimulatedStore
    /// Before the store, in worlds that have an object store.
    var server = SimulatedServer()
    var conversations: [Int: StoreConversation] = [:]
    var conversationCount = 0
    var feeds: [SimulatedFeed] = []
    var processes: [Process] = []
    var connections: [Connection] = []
    /// Connections that are not cut, by the coordinator's name for them.
    var open: [PeerID: Int] = [:]
    var nextPeer: UInt64 = 1
    /// Peers whose coordinator has let them go: it closed the connection or was told that it is closed.
    var gone: Set<PeerID> = []
    /// Faults that wait for a step.
    var armed: [[Fault]] = Array(repeating: [], count: Step.allCases.count)
    var coverage = Coverage()
    /// Faults at times of their own, and events worth counting.
    var faultCounts: [String: Int] = [:]
    var timedFaultCount = 0
    /// What the store's file system has left; coordinators are told, unless it is an object store.
    var freeBytes = World.ampleFreeBytes
    static let keptFreeBytes: UInt64 = 1 << 20
    static let ampleFreeBytes = 10 * keptFreeBytes
    /// Counts losses of power: what was on its way to the store then is gone.
    var power = 0
    /// How often it still fails soon after something was erased.
    var erasurePowerLosses = 0
    var healedAt: Int64?
    var isHealing: Bool { healedAt != nil }
    /// Requests of before the healing that may still happen.
    var lateRequestCount = 0
    /// Articles that end whoever indexes them, until they are cured.
    let poison: Set<DocumentID>
    private var nextRestCheck: Int64 = 0
    private var hasRested = false
    var properties = Properties()
    /// By object name: what a manifest once named.
    var readSegments: [String: SegmentContents] = [:]
    /// By object name: segments a worker opened, named or not.
    var openSegments: [String: SegmentReader] = [:]
    var readPages: [String: [SegmentReference]] = [:]
    var decodedManifests: [String: Manifest] = [:]
    private(set) var traceHash: UInt64 = 14_695_981_039_346_656_037
    package private(set) var trace: [TraceLine] = []

    package init(_ scenario: Scenario, pool: ArticlePool = ArticlePool()) {
        self.scenario = scenario
        self.pool = pool
        random = SeededRandom(seed: scenario.seed)
        store = SimulatedStore(wallFactor: scenario.wallFactor, isDurableAtOnce: scenario.isObjectStore)
        poisonArticles = (0..<scenario.poisonCount).map {
            pool.article($0 * 7, sighting: SimulatedArticle.poisonSighting, text: 0)
        }
        poison = Set(poisonArticles.map { DocumentID(key: $0.key, version: $0.version) })
        properties.poison = poison
    }

    private let poisonArticles: [LoggedArticle]

    func isDeadly(_ article: LoggedArticle) -> Bool {
        guard poison.contains(DocumentID(key: article.key, version: article.version)) else { return false }
        return scenario.curedAt.map { now < $0 } ?? true
    }

    // MARK: Running

    static let tickMilliseconds: Int64 = 100
    static let workMilliseconds: Int64 = 40_000
    /// After the last fault the cluster must be at rest, and compacted, within this.
    static let restLimitMilliseconds: Int64 = 120_000
    static let builderBudgetBytes = 1 << 20

    /// - Throws: the first `Violation`.
    package func run() throws -> Summary {
        try populate()
        schedule(at: Self.workMilliseconds + 500, .heal)
        while let next = queue.pop() {
            now = next.time
            if let healedAt, now > healedAt + Self.restLimitMilliseconds {
                if let left = properties.leftToErase(ValidLog(store.everLog), store: store),
                    !left.hasSuffix("not erased")
                {
                    throw Violation(property: "an erased key is nowhere", detail: left)
                }
                throw Violation(
                    property: hasRested ? "a compaction comes to its end" : "the cluster comes to rest",
                    detail: stuckDetail())
            }
            try happen(next.event)
            if isHealing, now >= nextRestCheck {
                nextRestCheck = now + 250
                if isAtRest(), try isCompacted() { break }
            }
        }
        let cellCount = try properties.checkCanonical(store: store, segments: { try self.segments($0) })
        let summary = Summary(
            articleCount: properties.head?.sums.received ?? 0, workerCount: scenario.workerCount,
            coordinatorCount: scenario.coordinatorCount, faultCount: faultCount,
            liveCount: Int(properties.head?.sums[.published] ?? 0), cellCount: cellCount,
            deadLetterCount: Int(properties.head?.sums[.deadLettered] ?? 0), manifestCount: properties.manifestCount,
            deletedCount: properties.deletedCount,
            restMilliseconds: now - (healedAt ?? now), faultCounts: faultCounts, coverage: coverage,
            traceHash: traceHash, setDigest: properties.head?.setDigest.hex ?? "")
        if let what = coverage.impossible.first {
            throw Violation(property: "what is listed as impossible does not happen", detail: what)
        }
        try checkSize(summary)
        return summary
    }

    var faultCount: Int { coverage.faultCount + timedFaultCount }

    private func populate() throws {
        for _ in 0..<scenario.coordinatorCount { processes.append(Process(role: .coordinator)) }
        for _ in 0..<scenario.workerCount { processes.append(Process(role: .worker)) }
        for _ in 0..<scenario.mergerCount { processes.append(Process(role: .merger)) }
        for index in 0..<scenario.fetcherCount {
            var process = Process(role: .fetcher)
            process.fetcher = SimulatedFetcher(seed: scenario.seed &+ UInt64(index))
            processes.append(process)
        }
        let clients = scenario.clientCount
        for index in 0..<clients {
            var process = Process(role: .client)
            process.client = SimulatedClient(
                name: "client\(index)", seed: scenario.seed &* 31 &+ UInt64(index),
                articleCount: (scenario.articleCount + clients - 1) / clients, pool: pool, poison: poisonArticles)
            processes.append(process)
        }
        if scenario.fetcherCount > 0 { populateFeeds() }
        for index in processes.indices { try boot(index) }
        for _ in 0..<scenario.faultCount {
            schedule(at: Int64(random.int(500...Int(scenario.faultSpanMilliseconds))), .fault)
        }
        arm()
        for _ in 0..<scenario.powerLossCount {
            schedule(at: Int64(random.int(1000...Int(Self.workMilliseconds))), .losePower)
        }
        erasurePowerLosses = scenario.erasurePowerLossCount
        for _ in 0..<scenario.letterRequestCount {
            schedule(at: Int64(random.int(8000...Int(Self.workMilliseconds))), .askOfLetters)
        }
        for _ in 0..<scenario.retentionCount {
            schedule(at: Int64(random.int(1000...Int(Self.workMilliseconds))), .askOfRetention)
        }
        for _ in 0..<scenario.takeOverCount {
            schedule(at: Int64(random.int(3000...Int(Self.workMilliseconds))), .stopReign)
        }
        for _ in 0..<scenario.switchFailureCount {
            schedule(at: Int64(random.int(1000...Int(Self.workMilliseconds))), .switchFailure)
        }
        for _ in 0..<scenario.compactionCount {
            schedule(
                at: Int64(random.int(3000...(scenario.isCollecting ? 25_000 : Int(Self.workMilliseconds)))), .compact)
        }
    }

    /// Has faults wait for steps: some for common ones, and one for most of those that are seldom reached.
    private func arm() {
        let first = random.chance(200) ? 0 : 2500
        func arm(_ step: Step, _ fault: Fault, from earliest: Int) {
            let latest = max(earliest + 1, Int(scenario.faultSpanMilliseconds))
            schedule(at: Int64(random.int(earliest...latest)), .arm(step, fault))
        }
        for _ in 0..<scenario.armedCount {
            let pair = random.pick(
                random.chance(scenario.latePerMille)
                    ? Coverage.latePairs(isObjectStore: scenario.isObjectStore)
                    : Coverage.commonPairs(isObjectStore: scenario.isObjectStore))
            arm(pair.step, pair.fault, from: first)
        }
        func wait(at step: Step, first: Bool = false) {
            let faults = Coverage.faults(at: step, isObjectStore: scenario.isObjectStore)
            guard !faults.isEmpty else { return }
            armed[step.rawValue].insert(random.pick(faults), at: first ? 0 : armed[step.rawValue].count)
        }
        for step in Step.rare where random.chance(scenario.rarePerMille) { wait(at: step) }
        for step in Step.ofErasure where random.chance(scenario.erasurePerMille) { wait(at: step) }
        for (step, perMille) in Step.seldom where random.chance(perMille) { wait(at: step) }
        if scenario.overtakenMilliseconds > 1000 {
            for _ in 0..<random.int(0...2) {
                schedule(at: Int64(random.int(0...15_000)), .arm(.sealed, .overtaken))
            }
        }
        for (cause, fault, step) in Step.consequences where random.chance(scenario.consequencePerMille) {
            armed[cause.rawValue].append(fault)
            wait(at: step, first: true)
        }
        if scenario.isObjectStore {
            if scenario.isCollecting, random.chance(300) { armed[Step.keptPageRead.rawValue].append(.torn) }
            for step in Step.allCases where random.chance(100) && Fault.torn.obstacle(at: step) == nil {
                armed[step.rawValue].insert(.torn, at: 0)
            }
        }
        if scenario.isCollecting {
            for step in Step.ofCollection where random.chance(200) { wait(at: step) }
            for step in Step.deepInCollection {
                for _ in 0..<2 where random.chance(500) { wait(at: step) }
            }
        }
        if scenario.poisonCount > 0 {
            for step in [Step.poison, .quarantineRead] where random.chance(500) { wait(at: step) }
            if random.chance(800) { wait(at: .letterWrite) }
        }
    }

    /// What is counted of seeds is true of each.
    private func checkSize(_ summary: Summary) throws(Violation) {
        guard scenario.shape == .full, scenario.faultCount > 0 else { return }
        guard summary.articleCount >= Scenario.leastArticleCount, summary.workerCount >= Scenario.leastWorkerCount,
            summary.coordinatorCount >= Scenario.leastCoordinatorCount,
            summary.faultCount >= Scenario.leastFaultCount
        else {
            throw Violation(
                property: "a seed is as large as it is counted",
                detail: "\(summary.articleCount) articles, \(summary.workerCount) workers, \(summary.faultCount) faults"
            )
        }
    }

    /// Called at rest: checks what must hold then, and has the snapshot compacted.
    private func isCompacted() throws -> Bool {
        if !hasRested {
            hasRested = true
            try properties.checkRest(
                store: store, clients: processes.compactMap(\.client), feeds: feeds,
                manifest: { try self.manifest($0) }, segments: { try self.segments($0) })
        }
        guard let head = properties.head else { return true }
        let cells = try segments(head).map(\.0).filter { $0.kind == .cell }
        guard !SnapshotHead(head, cells: cells).isCanonical else { return true }
        requestCompaction()
        return false
    }

    private func isAtRest() -> Bool {
        guard lateRequestCount == 0, let healedAt, let head = properties.head, head.sums.pending == 0,
            processes.allSatisfy({ $0.client?.isDone ?? true }),
            feeds.allSatisfy({ $0.polledAt > healedAt }),
            processes.allSatisfy({ $0.fetcher?.outgoing.isEmpty ?? true }),
            scenario.retentionCount == 0 || isNothingExpiring
        else { return false }
        let log = ValidLog(store.everLog)
        return head.sums.received == log.articleCount && properties.isFreeOfRetracted(log)
            && properties.leftToErase(log, store: store) == nil
    }

    /// What is behind a horizon counts as nothing that is pending.
    private var isNothingExpiring: Bool {
        processes.contains { process in
            process.isUp && process.coordinator.map { $0.isReigning && !$0.status.isExpiring } ?? false
        }
    }

    /// What a world that never comes to rest is waiting for.
    private func stuckDetail() -> String {
        let log = ValidLog(store.everLog).articleCount
        let head = properties.head
        let late = feeds.filter { $0.polledAt <= healedAt ?? 0 }.map(\.url)
        return
            "expiring \(!isNothingExpiring), received \(head?.sums.received ?? 0) of \(log), pending \(head?.sums.pending ?? 0), clients done \(processes.map { $0.client?.isDone ?? true }), late requests \(lateRequestCount), feeds not polled \(late), reigning \(processes.map { $0.coordinator?.reigningTerm?.number ?? 0 }), watermarks \(head?.watermarks ?? []), folded to \(String(describing: head?.foldedTo)), to be erased \(properties.leftToErase(ValidLog(store.everLog), store: store) ?? "nothing")"
    }

    private func happen(_ happening: Happening) throws {
        switch happening {
        case .fault: try fault()
        case .arm(let step, let fault): if !isHealing { armed[step.rawValue].append(fault) }
        case .losePower: try losePower()
        case .roomAgain:
            store.isFull = false
            freeBytes = Self.ampleFreeBytes
        case .heal: try heal()
        case .compact: requestCompaction()
        case .askOfLetters: askOfLetters()
        case .askOfRetention: askOfRetention()
        case .switchFailure: failSwitch()
        case .stopReign: stopReign()
        case .feedChange(let index): feeds[index].change(&random)
        case .restart(let index): if !processes[index].isUp { try boot(index) }
        case .crash(let index, let run): crash(index, run)
        case .drain(let index, let run): if isRunning(index, run) { try drain(index) }
        case .cut(let id): cut(id)
        case .resume(let index): try resume(index)
        case .effect(let request): try effect(request)
        case .tick(let index, let run), .connect(let index, let run), .clientSend(let index, let run),
            .engine(let index, let run, _, _), .feedAnswer(let index, let run, _, _, _, _):
            guard isRunning(index, run) else { return }
            try deliver(happening, to: index)
        case .answer(let index, let run, _, _, _, _), .storeEvent(let index, let run, _, _):
            guard isRunning(index, run) else { return }
            try deliver(happening, to: index)
        case .arrival(let arrival): try arrived(arrival)
        case .deliver(let id, let toServer, _, _, _), .closed(let id, let toServer):
            let index = toServer ? connections[id].server : connections[id].client
            let run = toServer ? connections[id].serverRun : connections[id].clientRun
            guard isRunning(index, run) else { return }
            try deliver(happening, to: index)
        }
    }

    func isRunning(_ index: Int, _ run: Int) -> Bool { processes[index].isUp && processes[index].run == run }

    /// A paused process gets nothing until it wakes up; then everything, in order.
    private func deliver(_ happening: Happening, to index: Int) throws {
        if processes[index].pausedUntil > now {
            // One tick is as good as many.
            if case .tick = happening,
                processes[index].backlog.contains(where: { if case .tick = $0 { true } else { false } })
            {
                return
            }
            processes[index].backlog.append(happening)
        } else {
            try act(happening, on: index)
        }
    }

    private func resume(_ index: Int) throws {
        guard processes[index].isUp, processes[index].pausedUntil <= now else { return }
        let backlog = processes[index].backlog
        processes[index].backlog = []
        let run = processes[index].run
        for happening in backlog where isRunning(index, run) {
            // What the backlog makes it do may have stopped it again.
            try deliver(happening, to: index)
        }
    }

    private func act(_ happening: Happening, on index: Int) throws {
        let run = processes[index].run
        var fault: Fault?
        switch happening {
        case .tick:
            schedule(after: Self.tickMilliseconds, .tick(process: index, run: run))
            try tick(index)
        case .answer(_, _, let tag, let result, let created, let carried):
            fault = carried
            if let created { store.synced(created) }
            if case .failed(let failure) = result, failure.kind == .lasting { processes[index].mayFail = true }
            try answered(index, tag, result)
        case .storeEvent(_, _, let conversation, let event): conversationGoesOn(conversation, event)
        case .connect: try connect(index)
        case .engine(_, _, let answer, let carried):
            fault = carried
            switch answer {
            case .worker(let event): try step(worker: index, event)
            case .merger(let event): try step(merger: index, event)
            }
        case .feedAnswer(_, _, let request, let url, let answer, let carried):
            fault = carried
            try feedAnswered(index, request, url, answer)
        case .clientSend: if processes[index].role == .fetcher { sendFromFetcher(index) } else { sendFromClient(index) }
        case .deliver(let id, let toServer, let bytes, let step, let carried):
            fault = carried
            if carried == .pause {
                pause(index)
                processes[index].backlog.append(.deliver(connection: id, toServer: toServer, bytes, step, nil))
                break
            }
            guard arrives(index, id, carried) else { break }
            try receive(index, id, toServer: toServer, bytes)
        case .closed(let id, let toServer): try closed(index, id, toServer: toServer)
        case .effect, .cut, .feedChange, .fault, .arm, .losePower, .roomAgain, .heal, .restart, .crash, .drain, .resume,
            .compact, .askOfLetters, .askOfRetention, .switchFailure, .stopReign, .arrival:
            break
        }
        if fault == .crashHandled, isRunning(index, run) { stop(index) }
    }

    // MARK: Processes

    func moment(of index: Int) -> Moment {
        let wall = 1_700_000_000_000 + now * scenario.wallFactor + processes[index].wallSkewMilliseconds
        return Moment(milliseconds: now, wall: Timestamp(milliseconds: wall))
    }

    func boot(_ index: Int) throws {
        processes[index].run += 1
        processes[index].isUp = true
        processes[index].mayFail = false
        processes[index].pausedUntil = 0
        processes[index].backlog = []
        processes[index].connection = nil
        processes[index].merging = []
        processes[index].wallSkewMilliseconds = Int64(random.int(-600_000...600_000))
        store.opened()
        let run = processes[index].run
        note("boot \(index) run \(run)", .process)
        let instance = Instance(random.next())
        schedule(after: Int64(random.int(1...Int(Self.tickMilliseconds))), .tick(process: index, run: run))
        switch processes[index].role {
        case .coordinator: try makeCoordinator(index, instance)
        case .worker:
            var configuration = Worker.Configuration()
            configuration.sealRecordBytes = 4000
            configuration.bulkAgeMilliseconds = 3000
            configuration.quietMilliseconds = 350
            configuration.liveAgeMilliseconds = 700
            processes[index].draft = SegmentDraft(memoryBudgetBytes: Self.builderBudgetBytes)
            processes[index].worker = Worker(instance: instance, configuration: configuration)
        case .merger: processes[index].merger = Merger(instance: instance)
        case .fetcher: try bootFetcher(index)
        case .client: if run > 1 { processes[index].client!.restarted() }
        }
        if processes[index].role != .coordinator { schedule(after: 10, .connect(process: index, run: run)) }
    }

    func makeCoordinator(_ index: Int, _ instance: Instance) throws {
        var settings = Settings()
        settings.cellTargetBytes = scenario.cellTargetBytes
        let empty = Manifest(
            settings: settings, sharding: Sharding(shardCount: UInt16(scenario.shardCount), secret: 7))
        var configuration = Coordinator.Configuration(instance: instance, address: "coordinator\(index)", empty: empty)
        configuration.leaseMilliseconds = Self.leaseMilliseconds
        configuration.mergePolicy = MergePolicy(
            fanIn: 4, smallestTierBytes: 5000, foldFromBytes: 5000, foldBytes: 3000)
        configuration.collectIntervalMilliseconds = scenario.collectIntervalMilliseconds
        configuration.eraseIntervalMilliseconds = 1500
        configuration.collectGraceMilliseconds = scenario.collectGraceMilliseconds
        configuration.ledgerTailLimitCount = 4
        configuration.publishIntervalMilliseconds = 300
        configuration.routedLimitBytes = scenario.routedLimitBytes
        configuration.pageCellLimitCount = scenario.pageCellLimitCount
        configuration.isWithItsWorkers = scenario.isWithItsWorkers
        configuration.keepFreeBytes = Self.keptFreeBytes
        processes[index].nextRoom = now
        processes[index].coordinator = Coordinator(configuration)
        try perform(processes[index].coordinator!.handle(.start, now: moment(of: index)), on: index)
    }

    static let leaseMilliseconds: Int64 = 3000

    /// A process ends, by a crash or in good order; another takes its place later.
    func stop(_ index: Int, backAfter pause: ClosedRange<Int> = 100...6000) {
        guard processes[index].isUp else { return }
        note("stop \(index)", .process)
        processes[index].isUp = false
        processes[index].diesAfterJoining = false
        processes[index].backlog = []
        conversations = conversations.filter { $0.value.request.process != index }
        for id in open.values.sorted() where connections[id].client == index || connections[id].server == index {
            cut(id)
        }
        schedule(after: Int64(random.int(pause)), .restart(process: index))
    }

    private func tick(_ index: Int) throws {
        switch processes[index].role {
        case .coordinator:
            if now >= processes[index].nextRoom, !scenario.isObjectStore {
                processes[index].nextRoom = now + 1000
                try step(
                    coordinator: index, .room(StoreRoom(freeBytes: freeBytes, totalBytes: 2 * Self.ampleFreeBytes)))
            }
            try step(coordinator: index, .tick)
        case .worker: try step(worker: index, .tick)
        case .merger: try step(merger: index, .tick)
        case .fetcher: try step(fetcher: index, .tick)
        case .client: break
        }
    }

    /// Asks a process to end in good order.
    func drain(_ index: Int) throws {
        note("drain \(index)", .process)
        switch processes[index].role {
        case .coordinator: try step(coordinator: index, .drain)
        case .worker: try step(worker: index, .drain)
        case .merger: try step(merger: index, .drain)
        case .fetcher:
            processes[index].fetcher!.isDraining = true
            try step(fetcher: index, .drain)
        case .client: break
        }
    }

    private func answered(_ index: Int, _ tag: OperationTag, _ result: BucketResult) throws {
        switch processes[index].role {
        case .coordinator: try step(coordinator: index, .completed(tag, result))
        case .worker: try step(worker: index, .completed(tag, result))
        case .merger: try step(merger: index, .completed(tag, result))
        case .fetcher, .client: break
        }
    }

    func step(coordinator index: Int, _ event: Coordinator.Event) throws {
        let actions = processes[index].coordinator!.handle(event, now: moment(of: index))
        try perform(actions, on: index)
    }

    func perform(_ actions: [Coordinator.Action], on index: Int) throws {
        let run = processes[index].run
        // A fault may end the process between two of them.
        for action in actions where isRunning(index, run) {
            switch action {
            case .operation(let operation): issue(operation, from: index)
            case .send(let peer, let message):
                if case .lease(let shard, let epoch, _, _) = message { try properties.leased(shard, epoch) }
                try checkRoom(index, message)
                if let id = open[peer] { send(id, toServer: false, message) }
            case .close(let peer):
                gone.insert(peer)
                if let id = open[peer] { cut(id) }
            case .fenced:
                note("fenced \(index)", .process)
                count("coordinator fenced")
                for id in open.values.sorted() where connections[id].server == index { cut(id) }
                try makeCoordinator(index, Instance(random.next()))
            case .failed(let message):
                guard processes[index].mayFail else {
                    throw Violation(property: "machines do not fail", detail: message)
                }
                count("coordinator gave up")
                note("coordinator \(index) gives up: \(message)", .process)
                stop(index)
            case .reigning(let term): note("coordinator \(index) reigns in term \(term.number)", .process)
            case .note(let text):
                note("coordinator \(index): \(text)")
                if text.contains("the set digest differs") {
                    throw Violation(property: "a merge keeps the set digest", detail: text)
                }
            case .published(let manifest): try properties.told(manifest)
            case .standingBy, .deciding, .decided: break
            case .drained:
                note("drained \(index)", .process)
                stop(index)
            }
        }
    }

    func step(worker index: Int, _ event: Worker.Event) throws {
        let run = processes[index].run
        for action in processes[index].worker!.handle(event, now: moment(of: index)) where isRunning(index, run) {
            switch action {
            case .send(let message): sendUp(index, message)
            case .reconnect: reconnect(index)
            case .operation(let operation): issue(operation, from: index)
            case .index(let article):
                if isDeadly(article) {
                    note("article \(article.key.hex.prefix(8)) ends worker \(index)", .fault)
                    count("worker ended by an article")
                    stop(index)
                } else {
                    try processes[index].draft!.index(article)
                }
            case .discard: processes[index].draft!.discard()
            case .tryApart(let trial, let articles):
                let run: Trial.Run = articles.contains(where: isDeadly) ? .died("signal 9") : .survived
                if case .died = run { count("trial died") }
                try engine(index, .trial) { refusal in
                    .worker(.tried(trial: trial, refusal.map { .unknown("\($0)") } ?? run))
                }
            case .lookUp(let seal, let keys, let atLeast, let own):
                try engine(index, .lookUp) { refusal in
                    .worker(try self.lookUp(seal, keys, atLeast: atLeast, own: own, on: index, refusal))
                }
            case .build(let seal, let dropped, let kills):
                try engine(index, .build) { refusal in
                    .worker(try self.build(seal, dropped: dropped, kills: kills, on: index, refusal))
                }
            case .note(let text): note("worker \(index): \(text)")
            case .drained:
                note("drained \(index)", .process)
                stop(index)
            }
        }
    }

    func step(merger index: Int, _ event: Merger.Event) throws {
        let run = processes[index].run
        for action in processes[index].merger!.handle(event, now: moment(of: index)) where isRunning(index, run) {
            switch action {
            case .send(let message): sendUp(index, message)
            case .reconnect: reconnect(index)
            case .operation(let operation): issue(operation, from: index)
            case .merge(let job): try merge(job, on: index)
            case .search(let search): try look(search, on: index)
            case .goOn: try produceNext(index)
            case .note(let text): note("merger \(index): \(text)")
            case .drained:
                note("drained \(index)", .process)
                stop(index)
            }
        }
    }

    /// What takes room waits while it is short.
    private func checkRoom(_ index: Int, _ message: Message) throws(Violation) {
        switch message {
        case .refusedBatch(_, .storeFailed, _): count("batch refused by the store or for want of room")
        case .merge(let job):
            let level = processes[index].coordinator!.roomLevel
            // What purges write makes room behind it.
            guard job.output == .purged ? level == .spent : level != .ample else { return }
            throw Violation(property: "no merge begins while room is short", detail: "coordinator \(index)")
        default: break
        }
    }

    private func requestCompaction() {
        let clients = processes.indices.filter { processes[$0].role == .client && processes[$0].connection != nil }
        guard !clients.isEmpty else { return }
        sendUp(random.pick(clients), .compact)
    }

    // MARK: Helpers

    func count(_ what: String) { faultCounts[what, default: 0] += 1 }

    func note(_ text: @autoclosure () -> String, _ kind: TraceLine.Kind = .event) {
        if scenario.isTraced { trace.append(TraceLine(now: now, kind: kind, text: text())) }
    }

    /// Mixes something that happened into the hash by which two runs of a seed are compared (FNV-1a).
    func mix(_ value: UInt64) { traceHash = (traceHash ^ value) &* 1_099_511_628_211 }

    func schedule(after delay: Int64, _ happening: Happening) { schedule(at: now + delay, happening) }

    func schedule(at time: Int64, _ happening: Happening) { queue.push(happening, at: max(time, now)) }
}
