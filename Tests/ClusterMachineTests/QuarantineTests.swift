import ByteCoding
import Cluster
import News
import Storage
import Testing
import Wire

@Suite struct TrialTests {
    /// Tries `count` articles of which some end every process they are in.
    private func run(_ count: Int, poison: Set<Int>) -> (verdicts: [Int], runs: Int) {
        var trial = Trial(count: count)
        var next = trial.next
        var runs = 0
        while case .run(let range) = next {
            runs += 1
            next = trial.handle(range.contains(where: poison.contains) ? .died("x") : .survived)
        }
        guard case .finished(let verdicts) = next else { return ([], -1) }
        return (verdicts.map(\.index).sorted(), runs)
    }

    @Test("finds exactly the articles that end a process alone, in few runs", arguments: [1, 2, 3, 7, 64, 1000])
    func finds(count: Int) {
        #expect(run(count, poison: []) == ([], 1))
        for poison in [[0], [count - 1], [count / 2], [0, count - 1]] {
            let found = run(count, poison: Set(poison))
            #expect(found.verdicts == Set(poison).sorted())
            #expect(found.runs <= Set(poison).count * (2 * count.bitWidth + 3))
        }
        #expect(run(count, poison: Set(0..<count)).verdicts == Array(0..<count))
    }

    @Test("an article that died twice and then did not is not given up")
    func flaky() {
        var trial = Trial(count: 1)
        #expect(trial.handle(.died("a")) == .run(0..<1))
        #expect(trial.handle(.died("b")) == .run(0..<1))
        #expect(trial.handle(.survived) == .finished([]))
    }

    @Test("what says nothing of the articles gives none up, and ends after a few tries")
    func unknown() {
        var trial = Trial(count: 1)
        #expect(trial.handle(.died("a")) == .run(0..<1))
        #expect(trial.handle(.unknown("no process")) == .run(0..<1))
        #expect(trial.handle(.unknown("no process")) == .run(0..<1))
        #expect(trial.handle(.unknown("no process")) == .failed("no process"))
    }
}

/// A cluster of one shard whose worker is the machine's peer: what the coordinator decides about poison.
@Suite struct QuarantineTests {
    private let client = PeerID(100)

    private func rules(_ driver: CoordinatorDriver, _ peer: PeerID) -> ShardRules? {
        driver.sent.last { sent in
            if sent.peer == peer, case .lease = sent.message { true } else { false }
        }.flatMap { if case .lease(_, _, _, let rules) = $0.message { rules } else { nil } }
    }

    private func credit(_ driver: CoordinatorDriver, _ peer: PeerID) {
        driver.step(.message(peer, .credit(lane: .live, bytes: 1 << 20)))
        driver.step(.message(peer, .credit(lane: .bulk, bytes: 1 << 20)))
    }

    /// Articles 0 to 9 are out to a third worker after two were lost with them.
    private func suspicious() -> CoordinatorDriver {
        let driver = CoordinatorDriver()
        driver.start()
        driver.connect(client, .client)
        driver.put(1, (0..<10).map { article($0) }, from: client)
        for number in 1...3 {
            driver.join(PeerID(UInt64(number)))
            credit(driver, PeerID(UInt64(number)))
            if number < 3 { driver.step(.disconnected(PeerID(UInt64(number)))) }
        }
        return driver
    }

    private func poison(_ driver: CoordinatorDriver, _ peer: PeerID, index: UInt32) {
        let epoch = driver.leases(of: peer)[Shard(0)] ?? ShardEpoch(term: Term(9), counter: 9)
        driver.step(
            .message(
                peer,
                .poison([PoisonReport(stream: bulk, epoch: epoch, position: position(1, index), reason: "signal 9")])))
    }

    @Test("the third holder of what two were lost with is told to try it apart; one loss is no suspicion")
    func strikes() {
        let driver = suspicious()
        #expect(rules(driver, PeerID(2))?.suspectTo[.bulk] == .start)
        #expect(rules(driver, PeerID(3))?.suspectTo[.bulk] == position(1, 9))
        #expect(rules(driver, PeerID(3))?.suspectTo[.live] == .start)
        #expect(driver.coordinator.status.suspectStreamCount == 1)
        driver.seal(1, driver.slices(to: PeerID(3)), by: PeerID(3))
        driver.pass(1000)
        #expect(driver.coordinator.status.suspectStreamCount == 0)
    }

    @Test("a worker that leaves in order, or whose entries are published, raises no suspicion")
    func orderly() {
        let driver = CoordinatorDriver()
        driver.start()
        driver.connect(client, .client)
        driver.put(1, [article(1)], from: client)
        for number in 1...4 {
            driver.join(PeerID(UInt64(number)))
            credit(driver, PeerID(UInt64(number)))
            driver.step(.message(PeerID(UInt64(number)), .drain))
        }
        driver.join(PeerID(5))
        #expect(rules(driver, PeerID(5))?.suspectTo[.bulk] == .start)
    }

    @Test("what is reported becomes a dead letter in the log, is counted once, and the next holder passes it over")
    func decision() throws {
        let driver = suspicious()
        poison(driver, PeerID(3), index: 4)
        #expect(driver.closed.last == PeerID(3))
        driver.step(.disconnected(PeerID(3)))
        driver.pass(3000)
        let sums = try #require(driver.coordinator.head?.sums)
        #expect(sums[.deadLettered] == 1 && sums.pending == 9)
        driver.join(PeerID(4))
        credit(driver, PeerID(4))
        let told = try #require(rules(driver, PeerID(4)))
        #expect(
            told.deadLetters == [
                ShardRules.VersionMark(key: key(4), version: version(1), position: position(1, 4))
            ])
        // As the worker does: nine outcomes for ten entries.
        var bench = WorkerBench(rules: told)
        bench.take(driver.slices(to: PeerID(4)))
        #expect(bench.counted == 9)
        // A new coordinator knows it too.
        driver.become(Instance(2))
        driver.pass(7000)
        driver.join(PeerID(5))
        #expect(rules(driver, PeerID(5))?.deadLetters == told.deadLetters)
        #expect(driver.coordinator.status.sums[.deadLettered] == 1)
    }

    @Test("while the decision is on its way to the log nobody holds the shard")
    func held() {
        let driver = suspicious()
        driver.holds = { if case .create(let name, _) = $0 { name.hasPrefix("log/") } else { false } }
        poison(driver, PeerID(3), index: 4)
        driver.join(PeerID(4))
        driver.pass(2000)
        #expect(driver.leases(of: PeerID(4)).isEmpty)
        driver.release()
        driver.pass(200)
        #expect(driver.leases(of: PeerID(4)).count == 1)
        #expect(rules(driver, PeerID(4))?.deadLetters.count == 1)
    }

    @Test("a report for a shard it does not hold, or what is published, is passed over")
    func incredible() {
        let driver = suspicious()
        driver.step(
            .message(
                PeerID(3),
                .poison([
                    PoisonReport(stream: bulk, epoch: epoch(1), position: position(1, 4), reason: "zombie"),
                    PoisonReport(
                        stream: bulk, epoch: driver.leases(of: PeerID(3))[Shard(0)]!, position: position(7),
                        reason: "never sent"),
                ])))
        driver.pass(3000)
        #expect(driver.coordinator.status.deadLetterCount == 0)
        driver.join(PeerID(4))
        credit(driver, PeerID(4))
        driver.seal(1, driver.slices(to: PeerID(4)), by: PeerID(4))
        driver.pass(1000)
        poison(driver, PeerID(4), index: 4)
        driver.pass(3000)
        #expect(driver.coordinator.status.deadLetterCount == 0)
        #expect(driver.coordinator.status.sums.pending == 0)
    }

    private func request(_ driver: CoordinatorDriver, _ number: UInt64, _ kind: Coordinator.LetterRequest.Kind) {
        driver.step(
            .put(
                client,
                Coordinator.Put(
                    id: BatchID(client: "c", number: number), digest: .zero, lane: .live, ack: .durable, entries: [],
                    letterRequests: [Coordinator.LetterRequest(kind: kind, key: key(4))])))
    }

    private func refusals(_ driver: CoordinatorDriver) -> [String] {
        driver.sent.compactMap { if case .refusedBatch(_, _, let why) = $0.message { why } else { nil } }
    }

    @Test("retried it is an article again, once what lay beside it is published; pending meanwhile, then published")
    func retried() throws {
        let driver = suspicious()
        poison(driver, PeerID(3), index: 4)
        driver.step(.disconnected(PeerID(3)))
        request(driver, 50, .retry)
        #expect(refusals(driver).count == 1 && refusals(driver)[0].contains("not published yet"))
        driver.join(PeerID(4))
        credit(driver, PeerID(4))
        var slices = driver.slices(to: PeerID(4))
        slices[0].entries.removeLast()
        driver.seal(1, slices, by: PeerID(4))
        driver.pass(3000)
        #expect(driver.coordinator.status.sums.pending == 0)
        request(driver, 51, .retry)
        #expect(driver.accepted(by: client).contains(51))
        driver.pass(3000)
        #expect(driver.coordinator.status.deadLetterCount == 0)
        let sums = driver.coordinator.status.sums
        #expect(sums[.deadLettered] == 0 && sums.pending == 1 && sums.received == 10)
        // Who holds the shard was told with its lease that it is a dead letter: its successor is not.
        #expect(driver.slices(to: PeerID(4)).count == slices.count)
        driver.join(PeerID(5))
        credit(driver, PeerID(5))
        #expect(rules(driver, PeerID(5))?.deadLetters.isEmpty ?? false)
        let again = try #require(driver.slices(to: PeerID(5)).last)
        #expect(again.entries.map(\.entry) == [.retried(logged(4))])
        request(driver, 52, .retry)
        #expect(refusals(driver).last?.contains("no dead letter") ?? false)
    }

    @Test("retried twice at once, it is counted back once, and no outcome falls below nothing")
    func retriedTwice() throws {
        let driver = suspicious()
        poison(driver, PeerID(3), index: 4)
        driver.step(.disconnected(PeerID(3)))
        driver.join(PeerID(4))
        credit(driver, PeerID(4))
        var slices = driver.slices(to: PeerID(4))
        slices[0].entries.removeLast()
        driver.seal(1, slices, by: PeerID(4))
        driver.pass(3000)
        driver.holds = { if case .create(let name, _) = $0 { name.hasPrefix("log/") } else { false } }
        request(driver, 51, .retry)
        request(driver, 52, .retry)
        driver.release()
        driver.pass(3000)
        let sums = driver.coordinator.status.sums
        #expect(sums[.deadLettered] == 0 && sums.received == 11 && sums.pending == 2)
        // Reports are still believed: one outcome each.
        driver.join(PeerID(5))
        credit(driver, PeerID(5))
        driver.seal(1, driver.slices(to: PeerID(5)), by: PeerID(5))
        driver.pass(3000)
        #expect(driver.coordinator.status.sums.pending == 0)
    }

    @Test("a key that was retracted while its article was tried leaves no text behind")
    func retractedMeanwhile() throws {
        let driver = suspicious()
        driver.put(2, [retraction(4)], from: client)
        poison(driver, PeerID(3), index: 4)
        driver.pass(3000)
        let named = try #require(driver.coordinator.head?.state[.deadLetters])
        var state = ClusterState()
        try state.add(decoding: try #require(driver.objects[named.name(in: "state")]))
        #expect(state.deadLetters.values.map(\.isTextThere) == [false])
    }

    @Test("dropped, or retracted, it keeps no text and stays counted")
    func dropped() throws {
        let driver = suspicious()
        poison(driver, PeerID(3), index: 4)
        driver.step(.disconnected(PeerID(3)))
        driver.pass(3000)
        func text() throws -> [UInt8] {
            let named = try #require(driver.coordinator.head?.state[.deadLetters])
            var state = ClusterState()
            try state.add(decoding: try #require(driver.objects[named.name(in: "state")]))
            return try #require(state.deadLetters.values.first).article.frame
        }
        #expect(try text().count == 10)
        driver.put(2, [retraction(4)], from: client)
        driver.pass(3000)
        #expect(try text().isEmpty)
        #expect(driver.coordinator.status.sums[.deadLettered] == 1)
        request(driver, 60, .drop)
        #expect(refusals(driver).last?.contains("dropped") ?? false)
        request(driver, 61, .retry)
        #expect(refusals(driver).count == 2)
    }

    @Test("what a process with its workers left without an orderly end is suspect, what a clean one left is not")
    func unclean() {
        for isClean in [false, true] {
            let driver = CoordinatorDriver { $0.isWithItsWorkers = true }
            driver.start()
            driver.connect(client, .client)
            driver.put(1, [article(1)], from: client)
            if isClean {
                driver.step(.drain)
                driver.pass(200)
            }
            driver.become(Instance(2))
            driver.pass(7000)
            driver.join(PeerID(1))
            #expect(rules(driver, PeerID(1))?.suspectTo[.bulk] == (isClean ? .start : position(1, .max)))
        }
    }
}

/// A worker that takes slices in and says how many outcomes it counted.
private struct WorkerBench {
    var worker = Worker(instance: Instance(1), configuration: Worker.Configuration())
    var counted: Int64 = 0
    let rules: ShardRules

    init(rules: ShardRules) { self.rules = rules }

    mutating func take(_ slices: [ArticlesBatch.Slice]) {
        step(.connected)
        step(
            .message(
                .joined(
                    term: Term(1), attempt: Attempt(term: Term(1), number: 5), leaseMilliseconds: 30_000,
                    settings: Settings().encoded)))
        for slice in slices {
            step(
                .message(
                    .lease(
                        shard: slice.shardLane.shard, epoch: slice.epoch, generation: Generation(1), rules: rules)))
        }
        step(.message(.articles(ArticlesBatch(slices: slices, isLast: true))))
        step(.tick, now: 1000)
    }

    private mutating func step(_ event: Worker.Event, now: Int64 = 0) {
        for action in worker.handle(event, now: moment(now)) {
            switch action {
            case .send(.sealed(let report)): counted += report.counts.reduce(0) { $0 + $1.delta }
            case .operation(let tagged): step(.completed(tagged.tag, .done), now: now)
            case .tryApart(let trial, _): step(.tried(trial: trial, .survived), now: now)
            case .lookUp(let seal, let keys, let atLeast, let own):
                step(.lookedUp(seal: seal, keys.map { _ in nil }, in: atLeast, notIncluded: own), now: now)
            case .build(let seal, _, _): step(.built(seal: seal, segment(7), [1]), now: now)
            default: break
            }
        }
    }
}
