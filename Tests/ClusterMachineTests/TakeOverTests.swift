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
}
