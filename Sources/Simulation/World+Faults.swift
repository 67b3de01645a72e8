import Cluster
import News
import Storage

// What goes wrong: at steps, and with processes, connections and the store at times of their own.
extension World {
    /// The fault that strikes at this step now, if any: one that waits for the step, or by chance one that is common.
    func strike(_ step: Step) -> Fault? {
        guard !isHealing else { return nil }
        coverage.reach(step)
        let fault = armed.next(at: step) ?? common(at: step)
        guard let fault, fault.obstacle(at: step) == nil, fault != .torn || scenario.isObjectStore else { return nil }
        coverage.hit(step, fault)
        note("fault: \(fault.name) at \(step.name)", .fault)
        mix(UInt64(step.rawValue * 64 + fault.rawValue))
        return fault
    }

    private func common(at step: Step) -> Fault? {
        let fine = random.int(0...9999)
        let draw = fine % 1000
        switch step.kind {
        case .message: return draw < 4 ? .slow : nil
        case .engine: return draw < 15 ? .refused : nil
        case .save: return nil
        case .feed: return draw < 50 ? .refused : draw < 70 ? .slow : nil
        case .list, .read, .create, .put, .delete, .unknown:
            let faults: [Fault] = [.slow, .lateAnswer, .lostAnswer, .actsLate, .refused]
            let number = fine / scenario.commonPerTenThousand
            return number < faults.count ? faults[number] : nil
        }
    }

    /// A fault at a time of its own.
    func fault() throws {
        guard !isHealing else { return }
        // Clients stand last.
        let index = random.int(0...(processes.count { $0.role != .client } - 1))
        let mayStop = processes[index].isUp
        switch random.int(0...12) {
        case 0, 1:
            guard mayStop else { return }
            strikeNow("crash of \(processes[index].role)")
            stop(index)
        case 2, 3, 4:
            guard mayStop else { return }
            strikeNow("pause of \(processes[index].role)")
            pause(index)
        case 5, 6:
            let ids = open.values.sorted()
            guard !ids.isEmpty else { return }
            strikeNow("cut of a connection")
            cut(random.pick(ids))
        case 7:
            // The process is asked to end in good order.
            guard mayStop, processes[index].pausedUntil <= now else { return }
            strikeNow("drain of \(processes[index].role)")
            try drain(index)
        case 8, 9:
            // It comes while the others are busy, and goes before it has got a shard, or with its first.
            let workers = processes.indices.filter { processes[$0].role == .worker && processes[$0].isUp }
            guard !workers.isEmpty else { return }
            let worker = random.pick(workers)
            strikeNow("crash of worker after it joined")
            stop(worker, backAfter: 100...600)
            processes[worker].diesAfterJoining = true
        case 10, 11:
            strikeNow("store full")
            store.isFull = true
            freeBytes = 0
            schedule(after: Int64(random.int(200...3000)), .roomAgain)
        default:
            // There is room left, which is kept for what must go on.
            guard !scenario.isObjectStore else { return }
            let isSpent = random.chance(500)
            strikeNow(isSpent ? "room spent" : "room low")
            freeBytes = Self.keptFreeBytes / (isSpent ? 4 : 1) - 1
            schedule(after: Int64(random.int(1000...6000)), .roomAgain)
        }
    }

    /// Nobody is connected any more.
    func failSwitch() {
        guard !isHealing, !open.isEmpty else { return }
        strikeNow("cut of all connections")
        for id in open.values.sorted() { cut(id) }
    }

    /// Whoever reigns ends.
    func stopReign() {
        guard !isHealing else { return }
        let reigning = processes.indices.filter { processes[$0].coordinator?.isReigning ?? false && processes[$0].isUp }
        guard !reigning.isEmpty else { return }
        strikeNow("crash of the reigning coordinator")
        for index in reigning { stop(index) }
    }

    private func strikeNow(_ what: String) {
        timedFaultCount += 1
        count(what)
        note("fault: \(what)", .fault)
    }

    /// It stands still, mostly for longer than a lease, and wakes up with everything that came meanwhile.
    func pause(_ index: Int) {
        guard processes[index].isUp, processes[index].pausedUntil <= now else { return }
        let length = Int64(random.chance(250) ? random.int(500...3000) : random.int(3000...12_000))
        note("pause \(index) for \(length)", .process)
        processes[index].pausedUntil = now + length
        schedule(after: length, .resume(process: index))
    }

    func crash(_ index: Int, _ run: Int) {
        guard !isHealing, isRunning(index, run) else { return }
        stop(index)
    }

    /// From here on nothing goes wrong any more, and the cluster must come to rest. A world that is counted has its number of
    /// faults first.
    func heal() throws {
        if scenario.shape == .full, scenario.faultCount > 0, faultCount < Scenario.leastFaultCount {
            for step in [Step.heartbeatWrite, .touch, .heartbeatLook, .collectorList] {
                armed.append(step.kind == .message ? .oneWay : .slow, at: step)
            }
            return schedule(after: 1500, .heal)
        }
        note("heal", .fault)
        healedAt = now
        faultCounts["articles received while things went wrong"] = Int(properties.head?.sums.received ?? 0)
        store.isFull = false
        freeBytes = Self.ampleFreeBytes
        for index in processes.indices {
            if !processes[index].isUp { try boot(index) }
            if processes[index].pausedUntil > now {
                processes[index].pausedUntil = now
                schedule(after: 0, .resume(process: index))
            }
        }
    }
}
