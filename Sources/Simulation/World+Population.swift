import Cluster
import News

// Who is there, and what will go wrong.
extension World {
    func populate() throws {
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
            let fault = random.pick(faults)
            if first { armed.prepend(fault, at: step) } else { armed.append(fault, at: step) }
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
            armed.append(fault, at: cause)
            wait(at: step, first: true)
        }
        if scenario.isObjectStore {
            if scenario.isCollecting, random.chance(300) { armed.append(.torn, at: .keptPageRead) }
            for step in Step.allCases where random.chance(100) && Fault.torn.obstacle(at: step) == nil {
                armed.prepend(.torn, at: step)
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
}
