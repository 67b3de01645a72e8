import Cluster
import News
import Storage
import Testing
import Wire

/// What clients are told, and how much of theirs may wait.
@Suite struct IntakeTests {
    let client = PeerID(9)

    func rejections(_ count: Int) -> [LogEntry] {
        (0..<count).map {
            .rejection(Rejection(reason: .malformed, source: "", place: "line \($0)", detail: "no article"))
        }
    }

    func refusals(_ driver: CoordinatorDriver, of peer: PeerID) -> [ErrorCode] {
        driver.sent.compactMap {
            if $0.peer == peer, case .refusedBatch(_, let code, _) = $0.message { code } else { nil }
        }
    }

    @Test(
        "what waits for the log is bounded whatever it is",
        arguments: [
            LogEntry.rejection(Rejection(reason: .malformed, source: "", place: "line 1", detail: "")),
            LogEntry.feed(FeedChange(operation: .add, url: "http://f.example/", intervalSeconds: nil)), article(1),
        ])
    func bounded(_ entry: LogEntry) {
        let driver = CoordinatorDriver { $0.intakeLimitBytes = 1 << 20 }
        driver.start()
        driver.connect(client, .client)
        driver.holds = { if case .create = $0 { true } else { false } }
        // Each is over 1 MiB in memory; one is being written, one waits.
        for number in 0..<4 {
            driver.put(UInt64(number), Array(repeating: entry, count: 5000), from: client)
        }
        #expect(refusals(driver, of: client) == [.busy, .busy])
    }

    @Test("a feed that was asked to be visible is in the state before it is answered")
    func visibleFeed() throws {
        let driver = CoordinatorDriver()
        driver.start()
        driver.connect(client, .client)
        let feed = LogEntry.feed(FeedChange(operation: .add, url: "http://f.example/", intervalSeconds: nil))
        driver.holds = { if case .create(let name, _) = $0 { name.hasPrefix("manifests/") } else { false } }
        driver.put(1, [feed] + rejections(1), from: client, ack: .visible)
        // The manifest does not wait for the interval at which counts are published of themselves.
        #expect(driver.held.count == 1)
        #expect(driver.accepted(by: client).isEmpty)
        driver.release()
        #expect(driver.accepted(by: client) == [1])
        #expect(driver.coordinator.head?.state != nil)
        #expect(driver.coordinator.head?.sums[.rejected] == 1)
    }

    @Test("what was only counted is in the last manifest before an orderly end")
    func countedAtTheEnd() {
        let driver = CoordinatorDriver()
        driver.start()
        driver.connect(client, .client)
        driver.put(1, rejections(3), from: client)
        driver.step(.drain)
        driver.pass(300)
        #expect(driver.events.last == .drained)
        #expect(driver.coordinator.head?.sums[.rejected] == 3)
    }

    @Test("a report that does not begin at the watermark does not make a batch indexed")
    func indexedByEarlyReport() {
        let driver = CoordinatorDriver()
        driver.start()
        driver.connect(client, .client)
        driver.join(PeerID(1))
        driver.step(.message(PeerID(1), .credit(lane: .bulk, bytes: 1 << 20)))
        driver.put(1, [article(1)], from: client)
        let first = driver.slices(to: PeerID(1))
        driver.put(2, [article(2)], from: client, ack: .indexed)
        let second = Array(driver.slices(to: PeerID(1)).dropFirst(first.count))
        driver.seal(1, second, by: PeerID(1))
        driver.pass(300)
        #expect(driver.accepted(by: client) == [1])
    }

    @Test("a batch that comes again while it is written is answered each time, each at its own level")
    func askedTwice() {
        let driver = CoordinatorDriver()
        driver.start()
        driver.connect(client, .client)
        driver.connect(PeerID(8), .client)
        driver.holds = { if case .create = $0 { true } else { false } }
        driver.put(1, [article(1)], from: client, ack: .visible)
        driver.put(1, [article(1)], from: client)
        driver.put(1, [article(1)], from: PeerID(8))
        driver.release()
        #expect(driver.accepted(by: client) == [1])
        #expect(driver.accepted(by: PeerID(8)) == [1])
        driver.join(PeerID(1))
        driver.step(.message(PeerID(1), .credit(lane: .bulk, bytes: 1 << 20)))
        driver.seal(1, driver.slices(to: PeerID(1)), by: PeerID(1))
        driver.pass(300)
        #expect(driver.accepted(by: client) == [1, 1])
    }

    func errors(_ driver: CoordinatorDriver, of peer: PeerID) -> [ErrorCode] {
        driver.sent.compactMap {
            if $0.peer == peer, case .error(let code, _) = $0.message { code } else { nil }
        }
    }

    @Test("a client that asks for the same answer for ever is told BUSY, and others are not")
    func endlessRepeats() {
        let driver = CoordinatorDriver()
        driver.start()
        driver.connect(client, .client)
        driver.put(1, [article(1)], from: client)
        for _ in 0..<4100 { driver.put(1, [article(1)], from: client, ack: .visible) }
        // Not refused: it is in the log.
        #expect(refusals(driver, of: client).isEmpty)
        #expect(errors(driver, of: client) == [.busy, .busy, .busy, .busy])
        driver.put(2, [article(2)], from: PeerID(8))
        #expect(driver.accepted(by: PeerID(8)) == [2])
        // What was owed is answered in the end, and then it may ask again.
        driver.join(PeerID(1))
        driver.step(.message(PeerID(1), .credit(lane: .bulk, bytes: 1 << 20)))
        driver.seal(1, driver.slices(to: PeerID(1)), by: PeerID(1))
        driver.pass(300)
        #expect(driver.accepted(by: client).count == 4097)
        driver.put(1, [article(1)], from: client, ack: .visible)
        #expect(driver.accepted(by: client).count == 4098)
    }

    @Test("compactions asked for without end are refused")
    func endlessCompactions() {
        let driver = CoordinatorDriver()
        driver.start()
        driver.connect(client, .client)
        driver.put(1, [article(1)], from: client)
        driver.join(PeerID(1))
        driver.step(.message(PeerID(1), .credit(lane: .bulk, bytes: 1 << 20)))
        driver.seal(1, driver.slices(to: PeerID(1)), by: PeerID(1), segment(1))
        driver.pass(300)
        for _ in 0..<17 { driver.step(.message(client, .compact)) }
        #expect(errors(driver, of: client) == [.busy])
        #expect(driver.closed == [client])
    }

    @Test("a report is not published without the one before it, which may hold what it kills")
    func lostReport() {
        let driver = CoordinatorDriver()
        driver.start()
        driver.connect(client, .client)
        driver.join(PeerID(1))
        for lane in Lane.allCases { driver.step(.message(PeerID(1), .credit(lane: lane, bytes: 1 << 20))) }
        driver.put(1, [article(1)], from: client)
        let first = driver.slices(to: PeerID(1)).count
        driver.put(2, [article(1, seen: 2)], from: client, lane: .live)
        // The first report, of the bulk lane, was lost with the dying connection.
        driver.seal(2, Array(driver.slices(to: PeerID(1)).dropFirst(first)), by: PeerID(1), segment(2))
        driver.pass(300)
        #expect(driver.coordinator.head?.overlays.isEmpty == true)
        #expect(driver.closed == [PeerID(1)])
    }

    @Test("early reports without end are refused")
    func endlessReports() {
        let driver = CoordinatorDriver()
        driver.start()
        driver.join(PeerID(1))
        driver.step(.message(PeerID(1), .credit(lane: .bulk, bytes: 1 << 20)))
        driver.put(1, [article(1)], from: client)
        let first = driver.slices(to: PeerID(1)).count
        driver.put(2, [article(2)], from: client)
        let early = Array(driver.slices(to: PeerID(1)).dropFirst(first))
        // Four of the largest may wait.
        let source = String(repeating: "s", count: 15 << 20)
        for number in UInt64(1)...5 { driver.seal(number, early, by: PeerID(1), source: source) }
        #expect(errors(driver, of: PeerID(1)) == [.busy])
        #expect(driver.closed == [PeerID(1)])
    }
}
