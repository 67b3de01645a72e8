// A whole cluster in one thread, driven by one seed: coordinators, workers, a merger and clients over a bucket and a
// network that delay, repeat, cut and forget. The machines are the product's own; only time, store, network and the
// text engine are simulated. docs/testing.md says in words what must hold.

import ByteCoding
import Cluster
import News
import Storage
import Wire

package struct Scenario: Sendable {
    package var seed: UInt64
    package var articleCount = 300
    package var workerCount = 3
    package var coordinatorCount = 2
    package var faultCount = 20
    package var isTraced = false

    package init(seed: UInt64) { self.seed = seed }
}

package struct Violation: Error, CustomStringConvertible, Sendable {
    package var property: String
    package var detail: String
    package var description: String { "\(property): \(detail)" }
}

package final class World {
    // MARK: What happens when

    private enum Happening {
        case tick(process: Int, run: Int)
        /// The store does an operation; its answer arrives later, unless the process has gone.
        case effect(process: Int, run: Int, TaggedOperation, answerDelay: Int, isAnswerLost: Bool)
        case answer(process: Int, run: Int, OperationTag, BucketResult)
        case deliver(connection: Int, toServer: Bool, Message)
        case closed(connection: Int, toServer: Bool)
        case connect(process: Int, run: Int)
        case engine(process: Int, run: Int, EngineAnswer)
        case fault
        case restart(process: Int)
        case resume(process: Int)
        case heal
        case clientSend(process: Int, run: Int)
    }

    private enum EngineAnswer {
        case worker(Worker.Event)
        case merger(Merger.Event)
    }

    private struct Scheduled {
        var time: Int64
        var order: UInt64
        var happening: Happening
    }

    private enum Role: Equatable {
        case coordinator
        case worker
        case merger
        case client
    }

    private struct Process {
        var role: Role
        /// Counts restarts; what belongs to an earlier run is ignored.
        var run = 0
        var isUp = true
        var pausedUntil: Int64 = 0
        var backlog: [Happening] = []
        var coordinator: Coordinator?
        var worker: Worker?
        var merger: Merger?
        var client: SimulatedClient?
        var connection: Int?
        /// Documents in the worker's builder, by ordinal.
        var builder: [ModelDocument] = []
        /// The job whose one output waits to be uploaded.
        var mergeToFinish: MergeJob?
    }

    private struct Connection {
        var client: Int
        var clientRun: Int
        var server: Int
        var serverRun: Int
        var peer: PeerID
        var isCut = false
        var lastToServer: Int64 = 0
        var lastToClient: Int64 = 0
    }

    package struct Summary: Sendable {
        package var articleCount: Int64
        package var liveCount: Int
        package var manifestCount: Int
        package var faultCounts: [String: Int]
        package var traceHash: UInt64
        package var setDigest: String
    }

    private let scenario: Scenario
    private var random: SeededRandom
    private var now: Int64 = 0
    private var order: UInt64 = 0
    private var queue = EventQueue()
    private var store = SimulatedStore()
    private var processes: [Process] = []
    private var connections: [Connection] = []
    private var nextPeer: UInt64 = 1
    private var faultsLeft: Int
    private var faultCounts: [String: Int] = [:]
    private var isHealing = false
    private var nextRestCheck = World.workMilliseconds + 20_000
    private var properties = Properties()
    private var decodedSegments: [Digest256: DecodedSegment] = [:]
    private var traceHash: UInt64 = 14_695_981_039_346_656_037
    package private(set) var trace: [String] = []

    package init(_ scenario: Scenario) {
        self.scenario = scenario
        random = SeededRandom(seed: scenario.seed)
        faultsLeft = scenario.faultCount
    }

    // MARK: Running

    static let tickMilliseconds: Int64 = 100
    static let workMilliseconds: Int64 = 60_000
    static let limitMilliseconds: Int64 = 400_000

    /// - Throws: the first `Violation`.
    package func run() throws -> Summary {
        for _ in 0..<scenario.coordinatorCount { processes.append(Process(role: .coordinator)) }
        for _ in 0..<scenario.workerCount { processes.append(Process(role: .worker)) }
        processes.append(Process(role: .merger))
        let clients = 2
        for index in 0..<clients {
            var process = Process(role: .client)
            process.client = SimulatedClient(
                name: "client\(index)", seed: scenario.seed &* 31 &+ UInt64(index),
                articleCount: scenario.articleCount / clients)
            processes.append(process)
        }
        for index in processes.indices { boot(index) }
        for _ in 0..<scenario.faultCount {
            schedule(at: Int64(random.int(500...Int(Self.workMilliseconds))), .fault)
        }
        schedule(at: Self.workMilliseconds + 1000, .heal)
        while let next = queue.pop() {
            now = next.time
            guard now < Self.limitMilliseconds else {
                throw Violation(property: "the cluster comes to rest", detail: stuckDetail())
            }
            try happen(next.happening)
            if isHealing, now >= nextRestCheck {
                nextRestCheck = now + 500
                if isAtRest { break }
            }
        }
        try properties.checkEnd(
            store: store, clients: processes.compactMap(\.client), digest: { try self.segments($0) })
        return Summary(
            articleCount: properties.head?.sums.received ?? 0,
            liveCount: Int(properties.head?.sums[.published] ?? 0), manifestCount: properties.manifestCount,
            faultCounts: faultCounts, traceHash: traceHash, setDigest: properties.head?.setDigest.hex ?? "")
    }

    private var isAtRest: Bool {
        guard processes.allSatisfy({ $0.client?.isDone ?? true }) else { return false }
        guard let head = properties.head else { return false }
        return head.sums.pending == 0 && head.sums.received == properties.loggedArticleCount(store)
    }

    private func stuckDetail() -> String {
        let clients = processes.compactMap(\.client).map { "\($0.name) done: \($0.isDone)" }
        let head = properties.head.map { "generation \($0.generation.number), pending \($0.sums.pending)" } ?? "none"
        return "at \(now) ms: \(clients), head \(head), logged \(properties.loggedArticleCount(store))"
    }

    private func happen(_ happening: Happening) throws {
        switch happening {
        case .fault: fault()
        case .heal: heal()
        case .restart(let index): if !processes[index].isUp { boot(index) }
        case .resume(let index): try resume(index)
        case .effect(let index, let run, let tagged, let delay, let isLost):
            try effect(index, run, tagged, delay: delay, isAnswerLost: isLost)
        case .tick(let index, let run), .answer(let index, let run, _, _), .connect(let index, let run),
            .engine(let index, let run, _), .clientSend(let index, let run):
            guard processes[index].isUp, processes[index].run == run else { return }
            try deliver(happening, to: index)
        case .deliver(let id, let toServer, _), .closed(let id, let toServer):
            let connection = connections[id]
            let index = toServer ? connection.server : connection.client
            let run = toServer ? connection.serverRun : connection.clientRun
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
        case .connect: connect(index)
        case .engine(_, _, let answer):
            switch answer {
            case .worker(let event): try step(worker: index, event)
            case .merger(let event): try step(merger: index, event)
            }
        case .clientSend: sendFromClient(index)
        case .deliver(let id, let toServer, let message): try receive(index, id, toServer: toServer, message)
        case .closed(let id, let toServer): try closed(index, id, toServer: toServer)
        case .fault, .heal, .restart, .resume, .effect: break
        }
    }

    // MARK: Processes

    private var moment: Moment {
        // The wall clock is another one, and not quite right.
        Moment(milliseconds: now, wall: Timestamp(milliseconds: 1_700_000_000_000 + now))
    }

    private func boot(_ index: Int) {
        processes[index].run += 1
        processes[index].isUp = true
        processes[index].pausedUntil = 0
        processes[index].backlog = []
        processes[index].connection = nil
        processes[index].builder = []
        processes[index].mergeToFinish = nil
        let run = processes[index].run
        note("boot \(index) run \(run)")
        let instance = Instance(random.next())
        schedule(after: Int64(random.int(1...Int(Self.tickMilliseconds))), .tick(process: index, run: run))
        switch processes[index].role {
        case .coordinator:
            makeCoordinator(index, instance)
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

    private func makeCoordinator(_ index: Int, _ instance: Instance) {
        var settings = Settings()
        settings.cellTargetBytes = 1000
        let empty = Manifest(settings: settings, sharding: Sharding(shardCount: 4, secret: 7))
        var configuration = Coordinator.Configuration(instance: instance, address: "coordinator\(index)", empty: empty)
        configuration.leaseMilliseconds = 3000
        configuration.mergePolicy = MergePolicy(fanIn: 3, smallestTierBytes: 4000)
        configuration.collectIntervalMilliseconds = 2000
        configuration.collectGraceMilliseconds = 6000
        processes[index].coordinator = Coordinator(configuration)
        perform(processes[index].coordinator!.handle(.start, now: moment), on: index)
    }

    private func crash(_ index: Int) {
        note("crash \(index)")
        processes[index].isUp = false
        processes[index].backlog = []
        for id in connections.indices where !connections[id].isCut {
            if connections[id].client == index || connections[id].server == index { cut(id) }
        }
        schedule(after: Int64(random.int(100...8000)), .restart(process: index))
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

    private func step(coordinator index: Int, _ event: Coordinator.Event) throws {
        let actions = processes[index].coordinator!.handle(event, now: moment)
        perform(actions, on: index)
    }

    private func perform(_ actions: [Coordinator.Action], on index: Int) {
        for action in actions {
            switch action {
            case .operation(let operation): issue(operation, from: index)
            case .send(let peer, let message):
                if case .lease(let shard, let epoch, _, _) = message {
                    properties.leased(shard, epoch, to: peer)
                }
                if let id = connections.firstIndex(where: { $0.peer == peer && !$0.isCut }) {
                    send(id, toServer: false, message)
                }
            case .close(let peer):
                if let id = connections.firstIndex(where: { $0.peer == peer && !$0.isCut }) { cut(id) }
            case .fenced:
                note("fenced \(index)")
                count("coordinator fenced")
                for id in connections.indices where connections[id].server == index && !connections[id].isCut { cut(id) }
                makeCoordinator(index, Instance(random.next()))
            case .failed(let message): properties.failures.append("coordinator \(index): \(message)")
            case .reigning(let term): note("coordinator \(index) reigns in term \(term.number)")
            case .note(let text):
                note("coordinator \(index): \(text)")
                if text.contains("the set digest differs") { properties.failures.append(text) }
            case .standingBy, .published, .drained: break
            }
        }
    }

    private func step(worker index: Int, _ event: Worker.Event) throws {
        for action in processes[index].worker!.handle(event, now: moment) {
            switch action {
            case .send(let message): sendUp(index, message)
            case .reconnect:
                if let id = processes[index].connection, !connections[id].isCut { cut(id) }
                processes[index].connection = nil
                schedule(after: Int64(random.int(50...500)), .connect(process: index, run: processes[index].run))
            case .operation(let operation): issue(operation, from: index)
            case .index(let article):
                processes[index].builder.append(
                    ModelDocument(
                        key: article.key, version: article.version, orderTime: article.orderTime,
                        source: article.source))
            case .discard: processes[index].builder = []
            case .lookUp(let seal, let keys, let atLeast, let own):
                let (found, generation, left) = try lookUp(keys, atLeast: atLeast, own: own)
                engine(index, .worker(.lookedUp(seal: seal, found, in: generation, notIncluded: left)))
            case .build(let seal, let dropped, let kills):
                let left = processes[index].builder.indices.filter { !dropped.contains($0) }
                let segment = ModelSegment(documents: left.map { processes[index].builder[$0] }, kills: kills)
                processes[index].builder = []
                let (reference, bytes) = segment.reference(.overlay)
                engine(index, .worker(.built(seal: seal, reference, bytes)))
            case .note(let text): note("worker \(index): \(text)")
            case .drained: break
            }
        }
    }

    private func step(merger index: Int, _ event: Merger.Event) throws {
        for action in processes[index].merger!.handle(event, now: moment) {
            switch action {
            case .send(let message): sendUp(index, message)
            case .reconnect:
                if let id = processes[index].connection, !connections[id].isCut { cut(id) }
                processes[index].connection = nil
                schedule(after: Int64(random.int(50...500)), .connect(process: index, run: processes[index].run))
            case .operation(let operation): issue(operation, from: index)
            case .merge(let job):
                let inputs = try job.inputs.compactMap { reference -> ModelSegment? in
                    guard let bytes = store.objects[reference.objectName] else { return nil }
                    return try decoded(reference, bytes).model
                }
                guard inputs.count == job.inputs.count else {
                    // The job is of a coordinator that no longer reigns; its inputs were collected.
                    engine(index, .merger(.engineFailed(job, "an input is gone")))
                    continue
                }
                let merged = ModelSegment.merge(inputs)
                if !merged.documents.isEmpty || !merged.kills.isEmpty {
                    let (reference, bytes) = merged.reference(job.output == .cells ? .cell : .overlay)
                    engine(index, .merger(.produced(job, reference, bytes)))
                    processes[index].mergeToFinish = job
                } else {
                    engine(index, .merger(.finished(job)))
                }
            case .goOn:
                if let job = processes[index].mergeToFinish {
                    processes[index].mergeToFinish = nil
                    engine(index, .merger(.finished(job)))
                }
            case .note(let text): note("merger \(index): \(text)")
            case .drained: break
            }
        }
    }

    private func engine(_ index: Int, _ answer: EngineAnswer) {
        schedule(
            after: Int64(random.int(1...200)), .engine(process: index, run: processes[index].run, answer))
    }

    private func lookUp(
        _ keys: [ArticleKey], atLeast: Generation, own: [Worker.Own]
    ) throws -> ([Worker.Found?], Generation, [Worker.Own]) {
        // Any generation from the lease's on may be what a reader sees first.
        guard let newest = properties.head?.generation else { return (keys.map { _ in nil }, .none, own) }
        let readable = (atLeast.number...max(atLeast.number, newest.number)).map(Generation.init).filter {
            store.objects[ObjectName.manifest($0)] != nil
        }
        let generation = readable.isEmpty ? newest : random.pick(readable)
        var all: [ModelSegment] = []
        var left = own
        if generation != .none, let bytes = store.objects[ObjectName.manifest(generation)] {
            let manifest = try Manifest(decoding: bytes)
            all = try segments(manifest).map(\.1.model)
            left = own.filter { !$0.isIncluded(in: manifest) }
        }
        for item in left {
            if let bytes = store.objects[item.segment.objectName] { all.append(try decoded(item.segment, bytes).model) }
        }
        let found = keys.map { key in
            ModelSegment.live(key, in: all).map {
                Worker.Found(version: $0.version, orderTime: $0.orderTime, source: $0.source)
            }
        }
        return (found, generation, left)
    }

    /// Every segment a manifest names, decoded.
    private func segments(_ manifest: Manifest) throws -> [(SegmentReference, DecodedSegment)] {
        var references = manifest.overlays
        for page in manifest.pages {
            let name = page.name(in: "pages")
            guard let bytes = store.objects[name] else {
                throw Violation(property: "what a kept manifest names is there", detail: name)
            }
            references += try ManifestPage(decoding: bytes).cells
        }
        return try references.map { reference in
            guard let bytes = store.objects[reference.objectName] else {
                throw Violation(
                    property: "what a kept manifest names is there",
                    detail: "generation \(manifest.generation.number): \(reference.objectName)")
            }
            return (reference, try decoded(reference, bytes))
        }
    }

    /// Segments never change, so each is decoded once.
    private func decoded(_ reference: SegmentReference, _ bytes: [UInt8]) throws -> DecodedSegment {
        if let known = decodedSegments[reference.identity] { return known }
        let segment = try DecodedSegment(bytes)
        decodedSegments[reference.identity] = segment
        return segment
    }

    // MARK: Store

    private func issue(_ tagged: TaggedOperation, from index: Int) {
        let run = processes[index].run
        var delay = random.int(1...30)
        var isLost = false
        if !isHealing {
            // Now and then an operation takes long, or its answer is lost after it was done.
            if random.chance(8) {
                delay = random.int(500...9000)
                count("store: slow operation")
            }
            if random.chance(8) {
                isLost = true
                count("store: answer lost")
            }
        }
        let after = random.int(1...20)
        schedule(
            after: Int64(delay), .effect(process: index, run: run, tagged, answerDelay: after, isAnswerLost: isLost))
    }

    private func effect(
        _ index: Int, _ run: Int, _ tagged: TaggedOperation, delay: Int, isAnswerLost: Bool
    ) throws {
        // A request on its way when its process dies may still arrive.
        let isGone = !processes[index].isUp || processes[index].run != run
        if isGone, case .create = tagged.operation {} else if isGone { return }
        var result: BucketResult
        if !isHealing, random.chance(5) {
            result = .failed(BucketFailure(.passing, name: tagged.operation.name, message: "503"))
            count("store: refused for now")
        } else {
            if case .delete(let name) = tagged.operation { try properties.checkDelete(name, store: store) }
            result = store.perform(tagged.operation)
            traceHash = (traceHash ^ UInt64(now) ^ UInt64(tagged.operation.name.utf8.count)) &* 1_099_511_628_211
            if result == .done, case .create(let name, let bytes) = tagged.operation {
                note("created \(name) by \(index)\(isGone ? " (after its death)" : "")")
                if name.hasPrefix("manifests/") {
                    try properties.manifestCreated(bytes, store: store) { try self.segments($0) }
                }
            }
            if isAnswerLost { result = .failed(BucketFailure(.passing, name: tagged.operation.name, message: "time-out")) }
        }
        if !properties.failures.isEmpty {
            throw Violation(property: "machines do not fail", detail: properties.failures[0])
        }
        schedule(after: Int64(delay), .answer(process: index, run: run, tagged.tag, result))
    }

    // MARK: Network

    private func connect(_ index: Int) {
        guard processes[index].connection == nil else { return }
        let run = processes[index].run
        // Whoever reigns by its own word; a process that was paused may say so wrongly.
        let servers = processes.indices.filter { processes[$0].isUp && (processes[$0].coordinator?.isReigning ?? false) }
        guard !servers.isEmpty, isHealing || !random.chance(50) else {
            schedule(after: Int64(random.int(100...600)), .connect(process: index, run: run))
            return
        }
        let server = random.pick(servers)
        let peer = PeerID(nextPeer)
        nextPeer += 1
        let id = connections.count
        connections.append(
            Connection(client: index, clientRun: run, server: server, serverRun: processes[server].run, peer: peer))
        processes[index].connection = id
        let role: PeerRole =
            switch processes[index].role {
            case .worker: .worker
            case .merger: .merger
            case .client, .coordinator: .client
            }
        perform(processes[server].coordinator!.handle(.connected(peer, role), now: moment), on: server)
        switch processes[index].role {
        case .worker: do { try step(worker: index, .connected) } catch { properties.failures.append("\(error)") }
        case .merger: do { try step(merger: index, .connected) } catch { properties.failures.append("\(error)") }
        case .client:
            processes[index].client!.connected()
            sendFromClient(index)
        case .coordinator: break
        }
    }

    private func sendUp(_ index: Int, _ message: Message) {
        guard let id = processes[index].connection, !connections[id].isCut else { return }
        send(id, toServer: true, message)
    }

    /// In order, as TCP does; late, as networks do.
    private func send(_ id: Int, toServer: Bool, _ message: Message) {
        var at = now + Int64(random.int(1...20))
        if !isHealing, random.chance(5) {
            at += Int64(random.int(200...3000))
            count("network: long delay")
        }
        if toServer {
            at = max(at, connections[id].lastToServer)
            connections[id].lastToServer = at
        } else {
            at = max(at, connections[id].lastToClient)
            connections[id].lastToClient = at
        }
        schedule(at: at, .deliver(connection: id, toServer: toServer, message))
    }

    /// Each end hears of it at a time of its own, or only by silence.
    private func cut(_ id: Int) {
        guard !connections[id].isCut else { return }
        connections[id].isCut = true
        schedule(after: Int64(random.int(1...2000)), .closed(connection: id, toServer: true))
        schedule(after: Int64(random.int(1...2000)), .closed(connection: id, toServer: false))
    }

    private func receive(_ index: Int, _ id: Int, toServer: Bool, _ message: Message) throws {
        // What was on its way when the connection was cut may be lost.
        if connections[id].isCut, random.chance(500) { return }
        if toServer {
            let peer = connections[id].peer
            if case .put(let number, let lane, let ack, let digest, let payload) = message {
                let client = processes[connections[id].client].client!.name
                let put = Coordinator.Put(
                    id: BatchID(client: client, number: number), digest: digest, lane: lane, ack: ack,
                    entries: try SimulatedClient.entries(payload))
                try step(coordinator: index, .put(peer, put))
            } else {
                try step(coordinator: index, .message(peer, message))
            }
        } else {
            guard processes[index].connection == id else { return }
            switch processes[index].role {
            case .worker: try step(worker: index, .message(message))
            case .merger: try step(merger: index, .message(message))
            case .client: receiveAtClient(index, message)
            case .coordinator: break
            }
        }
    }

    private func closed(_ index: Int, _ id: Int, toServer: Bool) throws {
        if toServer {
            try step(coordinator: index, .disconnected(connections[id].peer))
            return
        }
        guard processes[index].connection == id else { return }
        processes[index].connection = nil
        switch processes[index].role {
        case .worker: try step(worker: index, .disconnected)
        case .merger: try step(merger: index, .disconnected)
        case .client, .coordinator: break
        }
        schedule(after: Int64(random.int(50...500)), .connect(process: index, run: processes[index].run))
    }

    // MARK: Clients

    private func sendFromClient(_ index: Int) {
        guard let id = processes[index].connection, !connections[id].isCut else { return }
        if let message = processes[index].client!.next() { send(id, toServer: true, message) }
    }

    private func receiveAtClient(_ index: Int, _ message: Message) {
        switch message {
        case .accepted(let number, let counts):
            if let failure = processes[index].client!.accepted(number, counts) { properties.failures.append(failure) }
            schedule(after: Int64(random.int(1...600)), .clientSend(process: index, run: processes[index].run))
        case .refusedBatch(let number, let code, _):
            if code == .idReused { properties.failures.append("batch \(number) refused as ID_REUSED") }
            processes[index].client!.refused(number)
            schedule(after: Int64(random.int(100...1000)), .clientSend(process: index, run: processes[index].run))
        default: break
        }
    }

    // MARK: Faults

    private func fault() {
        guard !isHealing else { return }
        let index = random.int(0...(processes.count - 1))
        switch random.int(0...5) {
        case 0, 1:
            guard processes[index].isUp, processes[index].role != .client else { return }
            count("crash of \(processes[index].role)")
            crash(index)
        case 2:
            guard processes[index].isUp, processes[index].role != .client else { return }
            count("pause of \(processes[index].role)")
            let length = Int64(random.int(500...15_000))
            note("pause \(index) for \(length)")
            processes[index].pausedUntil = now + length
            schedule(after: length, .resume(process: index))
        case 3, 4:
            let open = connections.indices.filter { !connections[$0].isCut }
            guard !open.isEmpty else { return }
            count("network: cut")
            cut(random.pick(open))
        default:
            count("store: full")
            store.isFull = true
            schedule(after: Int64(random.int(200...3000)), .fault)
            // The next fault of any kind finds room again.
        }
        if store.isFull, random.chance(700) { store.isFull = false }
    }

    private func heal() {
        note("heal")
        isHealing = true
        store.isFull = false
        for index in processes.indices {
            if !processes[index].isUp { boot(index) }
            if processes[index].pausedUntil > now {
                processes[index].pausedUntil = now
                schedule(after: 0, .resume(process: index))
            }
        }
    }

    // MARK: Helpers

    private func count(_ fault: String) { faultCounts[fault, default: 0] += 1 }

    private func note(_ text: @autoclosure () -> String) {
        if scenario.isTraced { trace.append("\(now) \(text())") }
    }

    private func schedule(after delay: Int64, _ happening: Happening) { schedule(at: now + delay, happening) }

    private func schedule(at time: Int64, _ happening: Happening) {
        order += 1
        queue.push(Scheduled(time: max(time, now), order: order, happening: happening))
    }

    /// A binary heap by time, then by the order of scheduling.
    private struct EventQueue {
        private var heap: [Scheduled] = []

        private func precedes(_ a: Int, _ b: Int) -> Bool {
            (heap[a].time, heap[a].order) < (heap[b].time, heap[b].order)
        }

        mutating func push(_ item: Scheduled) {
            heap.append(item)
            var child = heap.count - 1
            while child > 0, precedes(child, (child - 1) / 2) {
                heap.swapAt(child, (child - 1) / 2)
                child = (child - 1) / 2
            }
        }

        mutating func pop() -> Scheduled? {
            guard !heap.isEmpty else { return nil }
            heap.swapAt(0, heap.count - 1)
            let first = heap.removeLast()
            var parent = 0
            while true {
                var smallest = parent
                for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && precedes(child, smallest) {
                    smallest = child
                }
                guard smallest != parent else { return first }
                heap.swapAt(parent, smallest)
                parent = smallest
            }
        }
    }
}
