import Cluster
import Engine
import Fetching
import News
import Storage
import Wire

// Processes: they begin, tick, end, and begin again.
extension World {
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
            // Of some worlds one worker's.
            let isTight = (scenario.seed &+ UInt64(index)) % 4 == 0
            processes[index].draft = SegmentDraft(
                memoryBudgetBytes: isTight ? Self.tightBudgetBytes : Self.builderBudgetBytes)
            processes[index].worker = Worker(instance: instance, configuration: configuration)
        case .merger: processes[index].merger = Merger(instance: instance)
        case .fetcher: try bootFetcher(index, instance)
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
        configuration.upkeep.collectIntervalMilliseconds = scenario.collectIntervalMilliseconds
        configuration.eraseIntervalMilliseconds = 1500
        configuration.upkeep.collectGraceMilliseconds = scenario.collectGraceMilliseconds
        configuration.upkeep.ledgerTailLimitCount = 4
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

    func tick(_ index: Int) throws {
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
        case .fetcher: try tick(fetcher: index)
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

    func answered(_ index: Int, _ tag: OperationTag, _ result: BucketResult) throws {
        switch processes[index].role {
        case .coordinator: try step(coordinator: index, .completed(tag, result))
        case .worker: try step(worker: index, .completed(tag, result))
        case .merger: try step(merger: index, .completed(tag, result))
        case .fetcher: try hold(fetcher: index, .completed(tag, result))
        case .client: break
        }
    }
}
