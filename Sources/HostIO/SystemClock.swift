import Glibc
package import News

/// Time as the machine tells it. Decisions never ask for it: drivers hand it to them.
package struct SystemClock: Sendable {
    package init() {}

    /// Nanoseconds of a clock that never goes back and goes on while the machine is suspended, so that a lease ends for
    /// a machine that slept. Only differences mean something.
    package func monotonicNanoseconds() -> UInt64 {
        let time = Self.read(CLOCK_BOOTTIME)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    package func wall() -> Timestamp {
        let time = Self.read(CLOCK_REALTIME)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    private static func read(_ clock: clockid_t) -> timespec {
        var time = timespec()
        // Safe: the call writes into `time` only. It cannot fail for these two clocks.
        let result = unsafe clock_gettime(clock, &time)
        precondition(result == 0, "clock_gettime cannot fail for a clock every Linux has")
        return time
    }
}
