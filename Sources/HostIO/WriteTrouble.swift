import Glibc

/// Decides when a disk has refused writes for so long that a process is to end and say so: what waits for it would wait for ever,
/// and a standby, or whoever looks after the machine, does better. A machine.
///
/// EIO counts, and EROFS: that is how a file system answers that was made read-only because the disk failed. Room and a store that
/// does not answer are waited for.
package struct WriteTrouble: Sendable {
    package static let patienceMilliseconds: Int64 = 30_000

    private var since: Int64?

    package init() {}

    /// - Parameters:
    ///   - code: errno of a write that failed; nil if it succeeded.
    ///   - now: monotonic, in milliseconds.
    /// - Returns: whether to end.
    package mutating func note(_ code: Int32?, now: Int64) -> Bool {
        guard code == EIO || code == EROFS else {
            // A write that fails for another reason says nothing of the disk.
            if code == nil { since = nil }
            return false
        }
        let first = since ?? now
        since = first
        return now - first >= Self.patienceMilliseconds
    }
}
