import ByteCoding

// Numbers that count different things and must never be mixed.

/// Number of a coordinator's reign. The first is 1; 0 means none yet.
package struct Term: Hashable, Sendable, Comparable {
    package let number: UInt64
    package init(_ number: UInt64) { self.number = number }
    package static let none = Term(0)
    package var next: Term { Term(number + 1) }
    package static func < (left: Term, right: Term) -> Bool { left.number < right.number }
}

/// Ownership of a shard: (term, counter). Never issued twice; the fencing token of a worker.
package struct ShardEpoch: Hashable, Sendable, Comparable {
    package let term: Term
    package let counter: UInt64
    package init(term: Term, counter: UInt64) {
        self.term = term
        self.counter = counter
    }
    package static func < (left: ShardEpoch, right: ShardEpoch) -> Bool {
        (left.term, left.counter) < (right.term, right.counter)
    }
    /// `<term>-<counter>`
    package var name: String { "\(term.number)-\(counter)" }
}

/// Counts manifests: each commit is the next one. 0 is the empty snapshot before the first.
package struct Generation: Hashable, Sendable, Comparable {
    package let number: UInt64
    package init(_ number: UInt64) { self.number = number }
    package static let none = Generation(0)
    package var next: Generation { Generation(number + 1) }
    package static func < (left: Generation, right: Generation) -> Bool { left.number < right.number }
}

/// A shard of the key space.
package struct Shard: Hashable, Sendable, Comparable {
    package let index: UInt16
    package init(_ index: UInt16) { self.index = index }
    package static func < (left: Shard, right: Shard) -> Bool { left.index < right.index }
}

/// The two ways through the cluster, each with credits and watermarks of its own.
package enum Lane: UInt8, Sendable, CaseIterable, Comparable {
    case live = 0
    case bulk = 1
    package var name: String { self == .live ? "live" : "bulk" }
    package init?(name: some StringProtocol) {
        switch name {
        case "live": self = .live
        case "bulk": self = .bulk
        default: return nil
        }
    }
    package static func < (left: Lane, right: Lane) -> Bool { left.rawValue < right.rawValue }
}

/// One stream of articles: a shard's part of a lane.
package struct ShardLane: Hashable, Sendable, Comparable {
    package let shard: Shard
    package let lane: Lane
    package init(_ shard: Shard, _ lane: Lane) {
        self.shard = shard
        self.lane = lane
    }
    package static func < (left: ShardLane, right: ShardLane) -> Bool {
        (left.shard, left.lane) < (right.shard, right.lane)
    }
}

/// Place of an entry in the log: object `log/<term>/<number>`, entry `index` in it. Orders as the log does.
///
/// `Position.start` is before every entry. A watermark is the position of the last entry it covers.
package struct Position: Hashable, Sendable, Comparable {
    package let term: Term
    package let number: UInt64
    package let index: UInt32

    package init(term: Term, number: UInt64, index: UInt32) {
        self.term = term
        self.number = number
        self.index = index
    }

    package static let start = Position(term: .none, number: 0, index: 0)

    /// `<term>/<number>/<index>`
    package var name: String { "\(term.number)/\(number)/\(index)" }

    package static func < (left: Position, right: Position) -> Bool {
        (left.term, left.number, left.index) < (right.term, right.number, right.index)
    }
}

/// Number of one attempt to write objects, given out by the coordinator of a term and never again.
package struct Attempt: Hashable, Sendable, Comparable {
    package let term: Term
    package let number: UInt64
    package init(term: Term, number: UInt64) {
        self.term = term
        self.number = number
    }
    package static func < (left: Attempt, right: Attempt) -> Bool {
        (left.term, left.number) < (right.term, right.number)
    }
    /// `<term>-<attempt>`, as it ends the name of an object.
    package var name: String { "\(term.number)-\(number)" }
}

/// Random number of one process's run, to tell its own writes from others'.
package struct Instance: Hashable, Sendable {
    package let number: UInt64
    package init(_ number: UInt64) { self.number = number }
}

/// One of the parts that the feeds are divided into: those of a site (its registrable domain) are always in the same one, so
/// that one fetcher keeps the site's pace.
package struct FeedShare: Hashable, Sendable, Comparable {
    package static let count = 64
    package static let all = (0..<UInt8(count)).map { FeedShare(index: $0) }

    /// Less than `count`.
    package let index: UInt8

    private init(index: UInt8) { self.index = index }

    /// - Returns: nil for an index that no share has.
    package init?(_ index: UInt16) {
        guard index < Self.count else { return nil }
        self.init(index: UInt8(index))
    }

    /// - Parameter feed: its name, an absolute address; wherever it moved.
    package init(ofFeed feed: String) {
        self.init(ofSite: WebAddress(feed).map { RegistrableDomain.orHost($0.host) } ?? feed)
    }

    /// - Parameter site: a registrable domain, or a host that has none.
    package init(ofSite site: String) {
        self.init(index: SHA256.hash(of: site.utf8).bytes[0] % UInt8(Self.count))
    }

    package static func < (left: FeedShare, right: FeedShare) -> Bool { left.index < right.index }
}
