import Cluster
import News
import Storage
import Testing
import Wire

/// What a coordinator does between its claim and its reign.
@Suite struct TakeOverTests {
    /// A store of which the coordinator is gone and has left articles that nobody indexed.
    func backlog() -> [String: [UInt8]] {
        let driver = CoordinatorDriver()
        driver.start()
        driver.connect(PeerID(9), .client)
        for number in 0..<4 { driver.put(UInt64(number), [article(number)], from: PeerID(9)) }
        #expect(driver.accepted(by: PeerID(9)).count == 4)
        return driver.objects
    }

    /// A successor that has claimed term 2 and waits for the first object of the backlog.
    func replaying() -> CoordinatorDriver {
        let driver = CoordinatorDriver { $0.instance = Instance(2) }
        driver.objects = backlog()
        driver.start()
        driver.holds = {
            if case .get(let name, _) = $0 { name.hasPrefix("log/") && name.hasSuffix("1") } else { false }
        }
        driver.pass(6000)
        #expect(driver.objects[ObjectName.term(Term(2))] != nil)
        #expect(driver.held.count == 1 && !driver.coordinator.isReigning)
        return driver
    }

    func heartbeat(_ driver: CoordinatorDriver) throws -> Heartbeat {
        try Heartbeat(decoding: #require(driver.objects[ObjectName.heartbeat(Term(2))]))
    }

    @Test("a replay that takes longer than the patience of those who stand by is not taken over")
    func longReplay() throws {
        let driver = replaying()
        let before = try heartbeat(driver)
        // It cannot be spoken to yet.
        #expect(before.address.isEmpty && !before.hasEnded)
        let standby = CoordinatorDriver { $0.instance = Instance(3) }
        standby.objects = driver.objects
        standby.start()
        for _ in 0..<100 {
            driver.pass(200)
            standby.objects[ObjectName.heartbeat(Term(2))] = driver.objects[ObjectName.heartbeat(Term(2))]
            standby.pass(200)
        }
        #expect(standby.objects[ObjectName.term(Term(3))] == nil)
        #expect(try heartbeat(driver).counter >= before.counter + 18)
        driver.release()
        driver.pass(100)
        #expect(driver.coordinator.isReigning)
        driver.pass(1000)
        #expect(try heartbeat(driver).address == "c:1")
        standby.objects[ObjectName.heartbeat(Term(2))] = driver.objects[ObjectName.heartbeat(Term(2))]
        standby.pass(600)
        #expect(standby.events.last == .standingBy(Term(2), address: "c:1"))
    }

    @Test("one that is overtaken while it replays learns of it before it has read everything")
    func overtakenInReplay() {
        let driver = replaying()
        driver.objects[ObjectName.term(Term(3))] =
            TermObject(term: Term(3), instance: Instance(3), address: "").encoded
        driver.pass(6000)
        #expect(driver.events.last == .fenced)
    }

    @Test("a write of a fenced coordinator that ends late acknowledges nothing of its successor in the same process")
    func lateCompletion() throws {
        let driver = CoordinatorDriver()
        driver.start()
        driver.connect(PeerID(9), .client)
        driver.holds = { if case .create(let name, _) = $0 { name.hasPrefix("log/") } else { false } }
        driver.put(1, [article(1)], from: PeerID(9))
        let late = try #require(driver.held.first)
        driver.objects[ObjectName.term(Term(2))] =
            TermObject(term: Term(2), instance: Instance(3), address: "").encoded
        driver.pass(6000)
        #expect(driver.events.last == .fenced)
        driver.holds = { _ in false }
        driver.become(Instance(2))
        driver.pass(7000)
        #expect(driver.coordinator.isReigning)
        driver.holds = { if case .create(let name, _) = $0 { name.hasPrefix("log/") } else { false } }
        driver.held = []
        driver.connect(PeerID(10), .client)
        driver.put(2, [article(2)], from: PeerID(10))
        #expect(driver.held.count == 1)
        driver.step(.completed(late.tag, .done))
        #expect(driver.accepted(by: PeerID(10)).isEmpty)
        driver.release()
        #expect(driver.accepted(by: PeerID(10)) == [2])
    }

    @Test("a standby names the address of the one that reigns")
    func standbyTellsAddress() {
        let driver = CoordinatorDriver { $0.instance = Instance(2) }
        driver.objects = backlog()
        driver.start()
        driver.connect(PeerID(9), .client)
        driver.put(1, [article(1)], from: PeerID(9))
        driver.join(PeerID(1))
        #expect(
            driver.sent.map(\.message) == [
                .refusedBatch(number: 1, code: .notCoordinator, message: "c:1"),
                .error(code: .notCoordinator, message: "c:1"),
            ])
    }

    @Test("a worker that comes again on another connection has its shards at once")
    func joinedAgain() {
        let driver = CoordinatorDriver(shardCount: 4)
        driver.start()
        driver.join(PeerID(1), instance: 7)
        driver.join(PeerID(2), instance: 7)
        #expect(driver.closed == [PeerID(1)])
        #expect(driver.leases(of: PeerID(2)).count == 4)
    }

    @Test("one that is drained while it replays leaves in good order, so that nobody waits")
    func drainedInReplay() throws {
        let driver = replaying()
        driver.step(.drain)
        #expect(driver.events.last == .drained)
        #expect(try heartbeat(driver).hasEnded)
    }

    @Test("where the logs of terms ended is forgotten once nothing is left of them and no kept generation needs them")
    func endsForgotten() {
        let driver = CoordinatorDriver { configuration in
            configuration.upkeep.collectIntervalMilliseconds = 1000
            configuration.upkeep.collectGraceMilliseconds = 1000
        }
        func reject(_ number: UInt64) {
            driver.connect(PeerID(number), .client)
            let rejection = Rejection(reason: .empty, source: "paper", place: "\(number)", detail: "")
            driver.put(number, [.rejection(rejection)], from: PeerID(number))
            driver.pass(3000)
        }
        driver.start()
        reject(1)
        for number in UInt64(2)...5 {
            driver.become(Instance(number))
            driver.pass(6000)
            reject(number)
        }
        #expect(driver.coordinator.head?.ends.map(\.term) == (1...4).map { Term($0) })
        #expect(driver.objects.keys.contains { $0.hasPrefix("log/0000000000000001/") })
        // No generation of before is kept any more.
        driver.milliseconds += 2 * KeepPolicy().dailyMilliseconds
        reject(6)
        driver.pass(5000)
        reject(7)
        #expect(!driver.objects.keys.contains { $0.hasPrefix("log/000000000000000") && $0 < "log/0000000000000005" })
        #expect(driver.coordinator.head?.ends == [])
        driver.become(Instance(8))
        driver.pass(6000)
        #expect(driver.coordinator.isReigning)
        #expect(driver.coordinator.head?.ends.map(\.term) == [Term(5)])
        #expect(driver.coordinator.head?.sums[.rejected] == 7)
    }
}
