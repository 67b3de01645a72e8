/// When whoever waits for answers to batches tries again, and when it gives up.
///
/// Only an answer is progress: a coordinator that lets in and then says nothing, or refuses, is waited for no longer than
/// one that is not there. Times are milliseconds of the monotonic clock.
struct PutPatience {
    enum Verdict: Equatable {
        /// To be told once a wait, when it has become long for somebody who watches.
        case tryAgain(pauseMilliseconds: Int64, isToBeTold: Bool)
        case giveUp
    }

    /// Without an answer for so long it gives up.
    let limitMilliseconds: Int64
    private var waitsSince: Int64 = 0
    private var isTold = false
    private var backoff: Backoff

    static let firstPauseMilliseconds: Int64 = 100
    static let longestPauseMilliseconds: Int64 = 2000
    /// Somebody who watches wants to know why nothing happens.
    static let silentMilliseconds: Int64 = 3000

    /// - Parameter seed: of the jitter.
    init(limitMilliseconds: Int64, seed: UInt64) {
        self.limitMilliseconds = limitMilliseconds
        backoff = Backoff(
            firstMilliseconds: Self.firstPauseMilliseconds, longestMilliseconds: Self.longestPauseMilliseconds,
            seed: seed)
    }

    /// Somebody begins to wait; what happened before is none of his concern.
    mutating func begin(now: Int64) {
        waitsSince = now
        isTold = false
        backoff.reset()
    }

    /// The coordinator accepted a batch, or showed that it is there.
    mutating func answered(now: Int64) {
        guard now > waitsSince else { return }
        waitsSince = now
        isTold = false
        backoff.reset()
    }

    /// A try failed, or a batch was refused for the time being.
    mutating func failed(now: Int64) -> Verdict {
        let waited = now - waitsSince
        guard waited < limitMilliseconds else { return .giveUp }
        let isToBeTold = !isTold && waited >= Self.silentMilliseconds
        if isToBeTold { isTold = true }
        return .tryAgain(pauseMilliseconds: backoff.next(), isToBeTold: isToBeTold)
    }
}
