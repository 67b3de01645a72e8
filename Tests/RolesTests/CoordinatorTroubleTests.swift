import HostIO
import Roles
import Testing
import Wire

@Suite struct CoordinatorTroubleTests {
    private let endpoint = Endpoint(host: "10.0.0.1", port: 7400)

    @Test(
        "what waiting does not mend is told at once, and once",
        arguments: [
            CloseReason.refused(.unauthorised, "the proof does not fit the token"),
            .refused(.unsupportedVersion, "version 9"), .tls("unknown authority"), .noGreeting,
        ])
    func lasting(reason: CloseReason) {
        var trouble = CoordinatorTrouble()
        #expect(trouble.failed(endpoint, reason, now: 0) == .warning("10.0.0.1:7400: \(reason)"))
        for now in stride(from: Int64(1000), through: 100_000, by: 1000) {
            #expect(trouble.failed(endpoint, reason, now: now) == nil)
        }
    }

    @Test(
        "what may come right by itself is told once, after ten seconds",
        arguments: [
            CloseReason.failed("Connection refused"), .timedOut, .byPeer, .refused(.notCoordinator, ""),
            .refused(.draining, ""), .refused(.busy, "too many"),
        ])
    func passing(reason: CloseReason) {
        var trouble = CoordinatorTrouble()
        var told: [Int64: CoordinatorTrouble.Telling] = [:]
        for now in stride(from: Int64(0), through: 60_000, by: 1000) {
            told[now] = trouble.failed(endpoint, reason, now: now)
        }
        #expect(told == [10_000: .notice("10.0.0.1:7400: \(reason)")])
    }

    @Test("nobody in the store is told after ten seconds, an address that does not answer then at once")
    func nobody() {
        var trouble = CoordinatorTrouble()
        var told: [CoordinatorTrouble.Telling?] = []
        for now in [Int64(0), 9000, 10_000, 12_000] { told.append(trouble.foundNobody(in: "/srv/news", now: now)) }
        #expect(told == [nil, nil, .notice("no coordinator is known in /srv/news"), nil])
        #expect(trouble.failed(endpoint, .timedOut, now: 14_000) == .notice("10.0.0.1:7400: timed out"))
    }

    @Test("after it was joined everything is new again")
    func joined() {
        var trouble = CoordinatorTrouble()
        let reason = CloseReason.refused(.unauthorised, "no")
        let first = trouble.failed(endpoint, reason, now: 0)
        trouble.joined()
        let second = trouble.failed(endpoint, reason, now: 100_000)
        let passing = trouble.failed(endpoint, .timedOut, now: 105_000)
        #expect(first != nil && second != nil && passing == nil)
    }
}
