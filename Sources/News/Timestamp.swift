/// An instant: milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted. Negative before 1970.
///
/// `Int64.min` is never an instant: it stands for "absent" where both must sort together.
package struct Timestamp: Hashable, Sendable, Comparable {
    package let milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }
    package init(seconds: Int64) { milliseconds = seconds &* 1000 }

    package static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }

    /// An unsigned number that sorts as the optional instants do, absent lowest (0).
    package static func sortable(_ time: Timestamp?) -> UInt64 {
        UInt64(bitPattern: time?.milliseconds ?? Int64.min) ^ (1 << 63)
    }

    /// The inverse of `sortable`.
    package init?(sortable: UInt64) {
        guard sortable != 0 else { return nil }
        milliseconds = Int64(bitPattern: sortable ^ (1 << 63))
    }
}
