// A whole cluster in one thread, driven by one seed: coordinators, workers, mergers and clients over a bucket and a
// network that delay, repeat, cut and forget. The machines, the wire's parser and encoder, the engine and every byte of
// every object are the product's own; time, store and network are simulated. docs/testing.md says in words what must hold.

import ByteCoding
import Cluster
import Engine
import News
import Storage
import Wire

package final class World {
    // MARK: What happens when

    enum Happening {
        case tick(process: Int, run: Int)
        /// The store does an operation; its answer, if it is to have one, arrives later.
        case effect(process: Int, run: Int, TaggedOperation, answerDelay: Int64?, isAnswerLost: Bool)
        case answer(process: Int, run: Int, OperationTag, BucketResult)
        case deliver(connection: Int, toServer: Bool, [UInt8])
        case closed(connection: Int, toServer: Bool)
        case connect(process: Int, run: Int)
        case engine(process: Int, run: Int, EngineAnswer)
        case fault
        case roomAgain
        case restart(process: Int)
        case crash(process: Int, run: Int)
        case resume(process: Int)
        case compact
        case heal
        case clientSend(process: Int, run: Int)
    }

    enum EngineAnswer {
        case worker(Worker.Event)
        case merger(Merger.Event)
    }

    enum Role: Equatable {
        case coordinator
        case worker
        case merger
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
        var coordinator: Coordinator?
        var worker: Worker?
        var merger: Merger?
        var client: SimulatedClient?
        var connection: Int?
        /// The worker's engine.
        var draft = SegmentDraft(memoryBudgetBytes: World.builderBudgetBytes)
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
        var failure: String?
    }

    struct Connection {
        var client: Int
        var clientRun: Int
        var server: Int
        var serverRun: Int
        var peer: PeerID
        var atServer: MessageParser
        var atClient: MessageParser
        var isCut = false
        var lastToServer: Int64 = 0
        var lastToClient: Int64 = 0
    }

    package struct Summary: Equatable, Sendable {
        package var articleCount: Int64
        package var liveCount: Int
        /// Of the compacted snapshot at the end.
        package var cellCount: Int
        package var manifestCount: Int
        package var deletedCount: Int
        package var faultCounts: [String: Int]
        package var traceHash: UInt64
        package var setDigest: String
    }

    let scenario: Scenario
    var random: SeededRandom
    var now: Int64 = 0
    private var queue = EventQueue<Happening>()
    var store = SimulatedStore()
    var processes: [Process] = []
    var connections: [Connection] = []
    /// Connections that are not cut, by the coordinator's name for them.
    var open: [PeerID: Int] = [:]
    var nextPeer: UInt64 = 1
    var faultCounts: [String: Int] = [:]
    var isHealing = false
    private var nextRestCheck = World.workMilliseconds + 20_000
    private var hasRested = false
    var properties = Properties()
    /// By object name: what a manifest once named.
    var readSegments: [String: SegmentContents] = [:]
    /// By object name: segments a worker opened, named or not.
    var openSegments: [String: SegmentReader] = [:]
    var decodedManifests: [String: Manifest] = [:]
    private(set) var traceHash: UInt64 = 14_695_981_039_346_656_037
    package private(set) var trace: [String] = []

    package init(_ scenario: Scenario) {
        self.scenario = scenario
        random = SeededRandom(seed: scenario.seed)
    }

    // MARK: Running

    static let tickMilliseconds: Int64 = 100
    static let workMilliseconds: Int64 = 60_000
    static let limitMilliseconds: Int64 = 400_000
    static let builderBudgetBytes = 1 << 20
    /// The wall clock runs this many times faster, so that a minute sees hours: kept generations are thinned out.
    static let wallFactor: Int64 = 360

    /// - Throws: the first `Violation`.
    package func run() throws -> Summary {
        for _ in 0..<scenario.coordinatorCount { processes.append(Process(role: .coordinator)) }
        for _ in 0..<scenario.workerCount { processes.append(Process(role: .worker)) }
        for _ in 0..<scenario.mergerCount { processes.append(Process(role: .merger)) }
        let clients = 2
        for index in 0..<clients {
            var process = Process(role: .client)
            process.client = SimulatedClient(
                name: "client\(index)", seed: scenario.seed &* 31 &+ UInt64(index),
                articleCount: scenario.articleCount / clients)
            processes.append(process)
        }
        for index in processes.indices { try boot(index) }
        for _ in 0..<scenario.faultCount {
            schedule(at: Int64(random.int(500...Int(scenario.faultSpanMilliseconds))), .fault)
        }
        for _ in 0..<scenario.compactionCount {
            schedule(at: Int64(random.int(5000...Int(Self.workMilliseconds) + 5000)), .compact)
        }
        schedule(at: Self.workMilliseconds + 1000, .heal)
        while let next = queue.pop() {
            now = next.time
            guard now < Self.limitMilliseconds else {
                throw Violation(
                    property: hasRested ? "a compaction comes to its end" : "the cluster comes to rest",
                    detail: stuckDetail())
            }
            try happen(next.event)
            if isHealing, now >= nextRestCheck {
                nextRestCheck = now + 500
                if isAtRest, try isCompacted() { break }
            }
        }
        let cellCount = try properties.checkCanonical(store: store, segments: { try self.segments($0) })
        return Summary(
            articleCount: properties.head?.sums.received ?? 0,
            liveCount: Int(properties.head?.sums[.published] ?? 0), cellCount: cellCount,
            manifestCount: properties.manifestCount, deletedCount: properties.deletedCount, faultCounts: faultCounts,
            traceHash: traceHash, setDigest: properties.head?.setDigest.hex ?? "")
    }

    /// Called at rest: checks what must hold then, and has the snapshot compacted.
    private func isCompacted() throws -> Bool {
        if !hasRested {
            hasRested = true
            try properties.checkRest(
                store: store, clients: processes.compactMap(\.client), manifest: { try self.manifest($0) },
                segments: { try self.segments($0) })
        }
        guard let head = properties.head, !MergeScheduler.isCanonical(head) else { return true }
        requestCompaction()
        return false
    }

    private var isAtRest: Bool {
        guard processes.allSatisfy({ $0.client?.isDone ?? true }) else { return false }
        guard let head = properties.head, head.sums.pending == 0 else { return false }
        return head.sums.received == ValidLog(store.everLog).articleCount
    }

    private func stuckDetail() -> String {
        let clients = processes.compactMap(\.client).map { "\($0.name) done: \($0.isDone)" }
        let head = properties.head.map { "generation \($0.generation.number), pending \($0.sums.pending)" } ?? "none"
        return "at \(now) ms: \(clients), head \(head), logged \(ValidLog(store.everLog).articleCount)"
    }

    private func happen(_ happening: Happening) throws {
        switch happening {
        case .fault: try fault()
        case .roomAgain: store.isFull = false
        case .compact: requestCompaction()
        case .heal: try heal()
        case .restart(let index): if !processes[index].isUp { try boot(index) }
        case .crash(let index, let run): crash(index, run)
        case .resume(let index): try resume(index)
        case .effect(let index, let run, let tagged, let delay, let isLost):
            try effect(index, run, tagged, answerDelay: delay, isAnswerLost: isLost)
        case .tick(let index, let run), .answer(let index, let run, _, _), .connect(let index, let run),
            .engine(let index, let run, _), .clientSend(let index, let run):
            guard processes[index].isUp, processes[index].run == run else { return }
            try deliver(happening, to: index)
        case .deliver(let id, let toServer, _), .closed(let id, let toServer):
            let index = toServer ? connections[id].server : connections[id].client
            let run = toServer ? connections[id].serverRun : connections[id].clientRun
            guard processes[index].isUp, processes[index].run == run else { return }
            try deliver(happening, to: index)
        }
    }

    /// A paused process gets nothing until it wakes up; then everything, in order.
    private func deliver(_ happening: Happening, to index: Int) throws {
        if processes[index].pausedUntil > now {
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
        for happening in backlog where processes[index].run == run && processes[index].isUp {
            try act(happening, on: index)
        }
    }

    private func act(_ happening: Happening, on index: Int) throws {
        switch happening {
        case .tick(_, let run):
            schedule(after: Self.tickMilliseconds, .tick(process: index, run: run))
            try tick(index)
        case .answer(_, _, let tag, let result): try answered(index, tag, result)
        case .connect: try connect(index)
        case .engine(_, _, let answer):
            switch answer {
            case .worker(let event): try step(worker: index, event)
            case .merger(let event): try step(merger: index, event)
            }
        case .clientSend: sendFromClient(index)
        case .deliver(let id, let toServer, let bytes): try receive(index, id, toServer: toServer, bytes)
        case .closed(let id, let toServer): try closed(index, id, toServer: toServer)
        case .fault, .roomAgain, .heal, .restart, .crash, .resume, .effect, .compact: break
        }
    }

    // MARK: Processes

    func moment(of index: Int) -> Moment {
        let wall = 1_700_000_000_000 + now * Self.wallFactor + processes[index].wallSkewMilliseconds
        return Moment(milliseconds: now, wall: Timestamp(milliseconds: wall))
    }

    func boot(_ index: Int) throws {
        processes[index].run += 1
        processes[index].isUp = true
        processes[index].pausedUntil = 0
        processes[index].backlog = []
        processes[index].connection = nil
        processes[index].draft = SegmentDraft(memoryBudgetBytes: Self.builderBudgetBytes)
        processes[index].merging = []
        processes[index].wallSkewMilliseconds = Int64(random.int(-600_000...600_000))
        let run = processes[index].run
        note("boot \(index) run \(run)")
        let instance = Instance(random.next())
        schedule(after: Int64(random.int(1...Int(Self.tickMilliseconds))), .tick(process: index, run: run))
        switch processes[index].role {
        case .coordinator: try makeCoordinator(index, instance)
        case .worker:
            var configuration = Worker.Configuration()
            configuration.sealRecordBytes = 2000
            configuration.bulkAgeMilliseconds = 3000
            processes[index].worker = Worker(instance: instance, configuration: configuration)
            schedule(after: 10, .connect(process: index, run: run))
        case .merger:
            processes[index].merger = Merger(instance: instance)
            schedule(after: 10, .connect(process: index, run: run))
        case .client:
            schedule(after: 10, .connect(process: index, run: run))
        }
    }

    func makeCoordinator(_ index: Int, _ instance: Instance) throws {
        var settings = Settings()
        settings.cellTargetBytes = 2500
        let empty = Manifest(
            settings: settings, sharding: Sharding(shardCount: UInt16(scenario.shardCount), secret: 7))
        var configuration = Coordinator.Configuration(instance: instance, address: "coordinator\(index)", empty: empty)
        configuration.leaseMilliseconds = 3000
        configuration.mergePolicy = MergePolicy(fanIn: 3, smallestTierBytes: 5000)
        configuration.collectIntervalMilliseconds = 1000
        configuration.collectGraceMilliseconds = scenario.collectGraceMilliseconds
        configuration.ledgerTailLimitCount = 8
        configuration.routedLimitBytes = scenario.routedLimitBytes
        processes[index].coordinator = Coordinator(configuration)
        try perform(processes[index].coordinator!.handle(.start, now: moment(of: index)), on: index)
    }

    /// A process ends, by a crash or in good order; another takes its place later.
    func stop(_ index: Int, backAfter pause: ClosedRange<Int> = 100...8000) {
        processes[index].isUp = false
        processes[index].diesAfterJoining = false
        processes[index].backlog = []
        for id in open.values.sorted() where connections[id].client == index || connections[id].server == index {
            cut(id)
        }
        schedule(after: Int64(random.int(pause)), .restart(process: index))
    }

    private func tick(_ index: Int) throws {
        switch processes[index].role {
        case .coordinator: try step(coordinator: index, .tick)
        case .worker: try step(worker: index, .tick)
        case .merger: try step(merger: index, .tick)
        case .client: break
        }
    }

    private func answered(_ index: Int, _ tag: OperationTag, _ result: BucketResult) throws {
        switch processes[index].role {
        case .coordinator: try step(coordinator: index, .completed(tag, result))
        case .worker: try step(worker: index, .completed(tag, result))
        case .merger: try step(merger: index, .completed(tag, result))
        case .client: break
        }
    }

    func step(coordinator index: Int, _ event: Coordinator.Event) throws {
        let actions = processes[index].coordinator!.handle(event, now: moment(of: index))
        try perform(actions, on: index)
    }

    func perform(_ actions: [Coordinator.Action], on index: Int) throws {
        for action in actions {
            switch action {
            case .operation(let operation): issue(operation, from: index)
            case .send(let peer, let message):
                if case .lease(let shard, let epoch, _, _) = message { try properties.leased(shard, epoch) }
                if case .refused = message { count("report refused") }
                if let id = open[peer] { send(id, toServer: false, message) }
            case .close(let peer): if let id = open[peer] { cut(id) }
            case .fenced:
                note("fenced \(index)")
                count("coordinator fenced")
                for id in open.values.sorted() where connections[id].server == index { cut(id) }
                try makeCoordinator(index, Instance(random.next()))
            case .failed(let message): throw Violation(property: "machines do not fail", detail: message)
            case .reigning(let term): note("coordinator \(index) reigns in term \(term.number)")
            case .note(let text):
                note("coordinator \(index): \(text)")
                if text.contains("the set digest differs") {
                    throw Violation(property: "a merge keeps the set digest", detail: text)
                }
            case .published(let manifest): try properties.told(manifest)
            case .standingBy: break
            case .drained:
                note("drained \(index)")
                stop(index)
            }
        }
    }

    func step(worker index: Int, _ event: Worker.Event) throws {
        for action in processes[index].worker!.handle(event, now: moment(of: index)) {
            switch action {
            case .send(let message): sendUp(index, message)
            case .reconnect: reconnect(index)
            case .operation(let operation): issue(operation, from: index)
            case .index(let article): try processes[index].draft.index(article)
            case .discard: processes[index].draft.discard()
            case .tryApart(let trial, _): engine(index, .worker(.tried(trial: trial, .survived)))
            case .lookUp(let seal, let keys, let atLeast, let own):
                engine(index, .worker(try lookUp(seal, keys, atLeast: atLeast, own: own, on: index)))
            case .build(let seal, let dropped, let kills):
                engine(index, .worker(try build(seal, dropped: dropped, kills: kills, on: index)))
            case .note(let text): note("worker \(index): \(text)")
            case .drained:
                note("drained \(index)")
                stop(index)
            }
        }
    }

    func step(merger index: Int, _ event: Merger.Event) throws {
        for action in processes[index].merger!.handle(event, now: moment(of: index)) {
            switch action {
            case .send(let message): sendUp(index, message)
            case .reconnect: reconnect(index)
            case .operation(let operation): issue(operation, from: index)
            case .merge(let job): try merge(job, on: index)
            case .goOn: try produceNext(index)
            case .note(let text): note("merger \(index): \(text)")
            case .drained:
                note("drained \(index)")
                stop(index)
            }
        }
    }

    private func requestCompaction() {
        let clients = processes.indices.filter { processes[$0].role == .client && processes[$0].connection != nil }
        guard !clients.isEmpty else { return }
        sendUp(random.pick(clients), .compact)
    }

    // MARK: Helpers

    func count(_ fault: String) { faultCounts[fault, default: 0] += 1 }

    func note(_ text: @autoclosure () -> String) {
        if scenario.isTraced { trace.append("\(now) \(text())") }
    }

    /// Mixes something that happened into the hash by which two runs of a seed are compared (FNV-1a).
    func mix(_ value: UInt64) { traceHash = (traceHash ^ value) &* 1_099_511_628_211 }

    func schedule(after delay: Int64, _ happening: Happening) { schedule(at: now + delay, happening) }

    func schedule(at time: Int64, _ happening: Happening) { queue.push(happening, at: max(time, now)) }
}
