/// What became of a received article. Every one has exactly one outcome, or is pending:
/// received = pending + published + superseded + duplicate + rejected + retracted + expired + deadLettered.
package enum Outcome: UInt8, Sendable, CaseIterable, Comparable {
    /// Live in the snapshot.
    case published = 1
    /// Beaten by a larger version of its key, before or after it was published.
    case superseded = 2
    /// The same version of its key is live.
    case duplicate = 3
    /// Never an article: see `Rejection.Reason`.
    case rejected = 4
    /// Its key is retracted.
    case retracted = 5
    /// Behind the retention horizon.
    case expired = 6
    /// Ended a worker three times on its own.
    case deadLettered = 7

    package var name: String {
        switch self {
        case .published: "published"
        case .superseded: "superseded"
        case .duplicate: "duplicate"
        case .rejected: "rejected"
        case .retracted: "retracted"
        case .expired: "expired"
        case .deadLettered: "dead_lettered"
        }
    }

    package static func < (left: Outcome, right: Outcome) -> Bool { left.rawValue < right.rawValue }
}

/// Why an input did not become an article.
package enum RejectionReason: UInt8, Sendable, CaseIterable {
    /// Neither headline nor body.
    case empty = 1
    /// The record is over `Limits.recordBytes`.
    case tooLarge = 2
    /// Not readable as what it should be: JSON, UTF-8, XML …
    case malformed = 3
    /// The file or page could not be read.
    case unreadable = 4
    /// Its key is retracted.
    case retracted = 5
    /// Behind the retention horizon.
    case expired = 6

    package var name: String {
        switch self {
        case .empty: "empty"
        case .tooLarge: "too_large"
        case .malformed: "malformed"
        case .unreadable: "unreadable"
        case .retracted: "retracted"
        case .expired: "expired"
        }
    }
}
