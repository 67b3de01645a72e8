package import News
package import Storage

/// What is still taken while the store fills up.
///
/// A store without any room cannot even be tidied: retractions, manifests and what makes room behind them must be written first.
/// So articles are refused while there is some left: those that can wait first.
///
/// Invariants
/// 1. What would be refused at some room is refused at any less.
/// 2. A level is left only when there is a tenth more room than where it began, so that it does not flicker.
package struct RoomGuard: Sendable {
    package enum Level: Int, Comparable, Sendable {
        /// All is taken.
        case ample
        /// Articles of the bulk lane are refused, and no merge begins: it needs room before it gives any.
        case low
        /// All articles are refused.
        case spent

        package static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
    }

    /// Below it room is low; below half of it, spent. Nil: 5 % of the file system, at most 10 GiB.
    private let keepFreeBytes: UInt64?
    package private(set) var room: StoreRoom?
    package private(set) var level = Level.ample

    static let largestDefaultBytes: UInt64 = 10 << 30

    package init(keepFreeBytes: UInt64?) { self.keepFreeBytes = keepFreeBytes }

    /// - Returns: what to say, if the level changed.
    package mutating func update(_ room: StoreRoom) -> String? {
        self.room = room
        let low = keptBytes(of: room)
        var next = Level.ample
        for (candidate, limit) in [(Level.low, low), (Level.spent, low / 2)] {
            let left = level >= candidate ? limit + limit / 10 : limit
            if room.freeBytes < left { next = candidate }
        }
        guard next != level else { return nil }
        level = next
        let said = "\(room.freeBytes >> 20) MiB free in the store"
        return switch next {
        case .ample: "\(said): all is taken again"
        case .low: "\(said), less than \(low >> 20): no bulk articles are taken and no merges begun until there is room"
        case .spent: "\(said), less than \(low >> 21): no articles are taken until there is room"
        }
    }

    /// Why articles of a lane are refused; nil if they are not.
    package func refusal(_ lane: Lane) -> String? {
        guard let room, level >= (lane == .bulk ? .low : .spent) else { return nil }
        return
            "the store has \(room.freeBytes >> 20) MiB free; \(keptBytes(of: room) >> 20) are kept for what must go on"
    }

    private func keptBytes(of room: StoreRoom) -> UInt64 {
        keepFreeBytes ?? min(room.totalBytes / 20, Self.largestDefaultBytes)
    }
}
