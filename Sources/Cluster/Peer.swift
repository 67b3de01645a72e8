/// A connection as the machines know it; numbers are never used again by one process.
package struct PeerID: Hashable, Sendable, Comparable {
    package let number: UInt64
    package init(_ number: UInt64) { self.number = number }
    package static func < (left: PeerID, right: PeerID) -> Bool { left.number < right.number }
}
