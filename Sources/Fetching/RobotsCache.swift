package import News

/// What is known of an origin's robots.txt (RFC 9309), as the fetcher keeps it between runs.
package struct RobotsState: Equatable, Sendable {
    /// Scheme, host and port: "https://news.example".
    package let origin: String
    /// Saved before the request is made.
    package var lastAttempt: Timestamp
    /// When an answer came that counts: 2xx or 4xx.
    package var lastAnswer: Timestamp?
    /// What it said; nil: nothing is forbidden. At most `RobotsFile.maxBytes`.
    package var text: [UInt8]?
    /// Requests in a row without an answer that counts, and since when.
    package var failureCount = 0
    package var failingSince: Timestamp?

    package init(origin: String, lastAttempt: Timestamp) {
        self.origin = origin
        self.lastAttempt = lastAttempt
    }
}

/// How often robots.txt is asked for.
package struct RobotsPace: Sendable {
    package var freshMilliseconds: Int64 = 24 * 3_600_000
    /// After a failure; doubled for each further one, up to `freshMilliseconds`.
    package var firstRetryMilliseconds: Int64 = 3_600_000
    /// After so long without an answer nothing is forbidden (RFC 9309, 2.3.1.4).
    package var patienceMilliseconds: Int64 = 30 * 24 * 3_600_000
    /// An attempt of which nothing came was that of a fetcher that was killed.
    package var lostMilliseconds: Int64 = 60_000
    /// A feed that is forbidden is looked at again after this.
    package var forbiddenMilliseconds: Int64 = 24 * 3_600_000

    package init() {}
}

/// Which addresses the origins' robots.txt let be asked, and when one is to be asked for.
struct RobotsCache: Sendable {
    enum Verdict: Equatable {
        case allowed
        case forbidden
        /// Not known: robots.txt is to be asked for first.
        case ask
        /// It was asked for.
        case wait
        /// Not known, and not to be asked for before.
        case closed(until: Timestamp)
    }

    private struct Origin {
        var state: RobotsState
        var rules: RobotsRules
        var isAsked = false
        /// Where redirects led, and how many there were.
        var address: WebAddress?
        var hopCount = 0
        /// Feeds that wait for the answer.
        var parked: [String] = []
    }

    /// Product token of RFC 9309, 2.2.1.
    static let agent = "coranto"
    static let longestDelayMilliseconds: Int64 = 120_000

    private let pace: RobotsPace
    private var origins: [String: Origin] = [:]

    init(_ pace: RobotsPace) { self.pace = pace }

    mutating func remember(_ state: RobotsState) {
        guard origins[state.origin] == nil else { return }
        origins[state.origin] = Origin(state: state, rules: Self.rules(state.text))
    }

    func isKnown(_ origin: String) -> Bool { origins[origin] != nil }

    func verdict(on address: WebAddress, now: Timestamp) -> Verdict {
        guard let origin = origins[address.origin] else { return .ask }
        if origin.isAsked { return .wait }
        let state = origin.state
        if let answer = state.lastAnswer, now < answer.adding(pace.freshMilliseconds) {
            return origin.rules.allows(url: address.href) ? .allowed : .forbidden
        }
        let next = nextAttempt(state)
        if now >= next { return .ask }
        if state.lastAnswer != nil { return origin.rules.allows(url: address.href) ? .allowed : .forbidden }
        if let since = state.failingSince, now >= since.adding(pace.patienceMilliseconds) { return .allowed }
        return .closed(until: next)
    }

    private func nextAttempt(_ state: RobotsState) -> Timestamp {
        guard state.failureCount > 0 else {
            let isLost = state.lastAnswer.map { $0 < state.lastAttempt } ?? true
            return isLost ? state.lastAttempt.adding(pace.lostMilliseconds) : state.lastAttempt
        }
        let wait = min(pace.firstRetryMilliseconds << Int64(min(state.failureCount - 1, 5)), pace.freshMilliseconds)
        return state.lastAttempt.adding(wait)
    }

    // MARK: Asking

    /// - Returns: what is to be saved before the request, if it is the first of this attempt.
    mutating func ask(_ name: String, now: Timestamp) -> RobotsState {
        var state = origins[name]?.state ?? RobotsState(origin: name, lastAttempt: now)
        state.lastAttempt = now
        var origin = origins[name] ?? Origin(state: state, rules: Self.rules(nil))
        origin.state = state
        origin.isAsked = true
        origin.address = WebAddress(name + "/robots.txt")
        origin.hopCount = 0
        origins[name] = origin
        return state
    }

    mutating func park(_ feed: String, at name: String) { origins[name]?.parked.append(feed) }

    func parked(at name: String) -> [String] { origins[name]?.parked ?? [] }

    mutating func withdraw(_ feed: String, from name: String) { origins[name]?.parked.removeAll { $0 == feed } }

    func address(of name: String) -> WebAddress? { origins[name]?.address }

    /// - Returns: whether it is followed.
    mutating func redirected(_ name: String, to target: WebAddress) -> Bool {
        guard let origin = origins[name], origin.hopCount < FetchScheduler.hopLimitCount else { return false }
        origins[name]?.hopCount += 1
        origins[name]?.address = target
        return true
    }

    /// - Parameter status: nil if there was no answer.
    /// - Returns: what is to be saved, and the feeds that waited for it.
    mutating func answered(
        _ name: String, status: Int?, text: [UInt8], now: Timestamp
    ) -> (RobotsState, parked: [String])? {
        guard var origin = origins[name], origin.isAsked else { return nil }
        origin.isAsked = false
        origin.address = nil
        switch status ?? 0 {
        case 200..<300: take(Array(text.prefix(RobotsFile.maxBytes)), &origin, now)
        // Redirects that lead nowhere are as no file (2.3.1.2); 429 is not: it says "later".
        case 300..<429, 430..<500: take(nil, &origin, now)
        default:
            origin.state.failureCount += 1
            origin.state.failingSince = origin.state.failingSince ?? now
        }
        let parked = origin.parked
        origin.parked = []
        origins[name] = origin
        return (origin.state, parked)
    }

    private func take(_ text: [UInt8]?, _ origin: inout Origin, _ now: Timestamp) {
        origin.state.text = text
        origin.state.lastAnswer = now
        origin.state.failureCount = 0
        origin.state.failingSince = nil
        origin.rules = Self.rules(text)
    }

    /// At most `longestDelayMilliseconds`.
    func delayMilliseconds(of name: String) -> Int64 {
        guard let delay = origins[name]?.rules.delay, delay > .zero else { return 0 }
        let longest = Duration.milliseconds(Self.longestDelayMilliseconds)
        return delay >= longest
            ? Self.longestDelayMilliseconds
            : delay.components.seconds * 1000 + delay.components.attoseconds / 1_000_000_000_000_000
    }

    private static func rules(_ text: [UInt8]?) -> RobotsRules {
        RobotsFile(parsing: text ?? []).rules(for: agent)
    }
}
