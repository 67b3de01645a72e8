/// How long a connection over HTTP may stay as it is. A machine; times are milliseconds of one clock.
///
/// Who asks sends the whole head of the request within `requestMilliseconds` of its first byte; between requests a connection
/// may rest for `idleMilliseconds`. Answers take the time they take; whether they are read is watched elsewhere.
package struct HTTPPace: Sendable {
    package enum End: Equatable, Sendable {
        case idle
        /// A request was begun and not sent in time.
        case slowRequest
    }

    private enum Phase: Sendable {
        case idle(since: Int64)
        case reading(since: Int64)
        /// - Parameter requestCount: those whose heads came and that are not answered, at least one.
        case answering(requestCount: Int, moreCame: Bool)
    }

    private let requestMilliseconds: Int64
    private let idleMilliseconds: Int64
    private var phase: Phase

    package init(requestMilliseconds: Int64, idleMilliseconds: Int64, now: Int64) {
        self.requestMilliseconds = requestMilliseconds
        self.idleMilliseconds = idleMilliseconds
        phase = .idle(since: now)
    }

    package mutating func bytesCame(now: Int64) {
        switch phase {
        case .idle: phase = .reading(since: now)
        case .reading: break
        case .answering(let count, _): phase = .answering(requestCount: count, moreCame: true)
        }
    }

    /// From here on the time is the gateway's, also while the request waits to be taken up.
    package mutating func headCame() {
        if case .answering(let count, _) = phase {
            phase = .answering(requestCount: count + 1, moreCame: false)
        } else {
            phase = .answering(requestCount: 1, moreCame: false)
        }
    }

    /// - Parameter hadBody: whether the request had one: what came during the answer was that.
    package mutating func answered(now: Int64, hadBody: Bool = false) {
        guard case .answering(let count, let moreCame) = phase else { return }
        if count > 1 {
            phase = .answering(requestCount: count - 1, moreCame: moreCame)
        } else {
            phase = moreCame && !hadBody ? .reading(since: now) : .idle(since: now)
        }
    }

    package var isAnswering: Bool { if case .answering = phase { true } else { false } }

    /// When to look again, if nothing happens until then.
    package func nextLook(now: Int64) -> Int64 {
        switch phase {
        case .idle(let since): since + idleMilliseconds
        case .reading(let since): since + requestMilliseconds
        case .answering: now + requestMilliseconds
        }
    }

    /// - Returns: why the connection is to be closed, if so.
    package func end(now: Int64) -> End? {
        switch phase {
        case .idle(let since): now >= since + idleMilliseconds ? .idle : nil
        case .reading(let since): now >= since + requestMilliseconds ? .slowRequest : nil
        case .answering: nil
        }
    }
}
