/// Counts what was refused, by reason, and says when to tell it: at once the first time, then at most once in ten seconds, however
/// many come. A flood of connections is not to become a flood of log lines.
package struct RefusalTally<Reason: Hashable & Sendable>: Sendable {
    package static var pauseMilliseconds: Int64 { 10_000 }

    private var untold: [Reason: Int] = [:]
    private var toldAt: Int64?
    package private(set) var totalCount = 0

    package init() {}

    /// - Returns: what has been refused since it was told last, if now is the time to tell.
    package mutating func note(_ reason: Reason, now: Int64) -> [Reason: Int]? {
        totalCount += 1
        // Reasons may name addresses: beyond some, the rest is only in the total.
        if untold.count < 16 || untold[reason] != nil { untold[reason, default: 0] += 1 }
        if let toldAt, now < toldAt + Self.pauseMilliseconds { return nil }
        toldAt = now
        defer { untold = [:] }
        return untold
    }
}
