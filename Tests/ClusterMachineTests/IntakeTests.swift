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
}
