// A whole cluster in one thread, driven by one seed: coordinators, workers, mergers, fetchers and clients over a bucket and a
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
    /// Poll states of shares that went from one fetcher to another; what is in the store names them.
    var handedOver: [SimulatedFetcher.Memory] = []
    var processes: [Process] = []
    var connections: [Connection] = []
    /// Connections that are not cut, by the coordinator's name for them.
    var open: [PeerID: Int] = [:]
    var nextPeer: UInt64 = 1
    /// Peers whose coordinator has let them go: it closed the connection or was told that it is closed.
    var gone: Set<PeerID> = []
    /// Faults that wait for a step.
    var armed = ArmedFaults()
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
    let poisonArticles: [LoggedArticle]
    let poison: Set<DocumentID>
    private var nextRestCheck: Int64 = 0
    var hasRested = false
    var properties = Properties()
    /// By object name: what a manifest once named.
    var readSegments: [String: SegmentContents] = [:]
    /// By object name: segments a worker opened, named or not.
    var openSegments: [String: SegmentReader] = [:]
    var readPages: [String: [SegmentReference]] = [:]
    var decodedManifests: [String: Manifest] = [:]
    /// Generations under whose number something came long after they were collected. No list shows it before newer ones.
    var voidManifests: Set<Generation> = []
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
    /// What an empty builder takes, and a few articles.
    static let tightBudgetBytes = 380_000

    /// The objects of the store by name, as they are now.
    package var objects: [String: [UInt8]] { store.objects }

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

    private func happen(_ happening: Happening) throws {
        switch happening {
        case .fault: try fault()
        case .arm(let step, let fault): if !isHealing { armed.append(fault, at: step) }
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
