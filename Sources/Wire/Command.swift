// The table of commands of docs/wire-protocol.md: who sends what, and how much may follow it.

/// The first word of a line.
enum Command: String, CaseIterable {
    case coranto = "CORANTO"
    case hello = "HELLO"
    case welcome = "WELCOME"
    case error = "ERROR"
    case quit = "QUIT"
    case touch = "TOUCH"
    case touched = "TOUCHED"
    case status = "STATUS"
    case statusReport = "STATUS_REPORT"
    case put = "PUT"
    case accepted = "ACCEPTED"
    case refusedBatch = "REFUSED_BATCH"
    case compact = "COMPACT"
    case compacted = "COMPACTED"
    case join = "JOIN"
    case joined = "JOINED"
    case credit = "CREDIT"
    case lease = "LEASE"
    case revoke = "REVOKE"
    case articles = "ARTICLES"
    case sealed = "SEALED"
    case poison = "POISON"
    case published = "PUBLISHED"
    case refused = "REFUSED"
    case merge = "MERGE"
    case merged = "MERGED"
    case mergeFailed = "MERGE_FAILED"
    case find = "FIND"
    case found = "FOUND"
    case scan = "SCAN"
    case scanned = "SCANNED"
    case drain = "DRAIN"
    case kept = "KEPT"
    case share = "SHARE"
    case recall = "RECALL"
    case returned = "RETURNED"

    /// Whether `side` may receive this at all.
    func isFor(_ side: MessageParser.Side) -> Bool {
        switch self {
        case .error, .drain: true
        case .hello, .quit, .touch, .status, .put, .compact, .join, .credit, .sealed, .poison, .merged,
            .mergeFailed, .found, .scanned, .kept, .returned:
            side == .server
        case .coranto, .welcome, .touched, .statusReport, .accepted, .refusedBatch, .compacted, .joined, .lease,
            .revoke, .articles, .published, .refused, .merge, .find, .scan, .share, .recall:
            side == .client
        }
    }

    /// The roles a server takes this from, once HELLO has told the role.
    func mayCome(from role: PeerRole) -> Bool {
        switch self {
        case .error, .quit, .touch, .status: true
        case .put: role == .client || role == .fetcher || role == .gateway
        case .compact: role == .client || role == .gateway
        case .join, .drain: role == .worker || role == .merger || role == .fetcher
        case .merged, .mergeFailed, .found, .scanned: role == .worker || role == .merger
        case .kept, .returned: role == .fetcher
        case .credit, .sealed, .poison: role == .worker
        case .coranto, .hello, .welcome, .touched, .statusReport, .accepted, .refusedBatch, .compacted, .joined,
            .lease, .revoke, .articles, .published, .refused, .merge, .find, .scan, .share, .recall:
            false
        }
    }

    /// Most bytes of the payload; nil for commands that have none.
    var payloadLimitBytes: Int? {
        switch self {
        case .put: WireLimits.putBytes
        case .articles: WireLimits.articlesBytes
        case .sealed, .poison, .merge, .merged, .find, .found, .scan, .scanned, .lease, .statusReport:
            WireLimits.reportBytes
        case .joined: WireLimits.settingsBytes
        default: nil
        }
    }
}

extension Message {
    /// For logs: the command without its fields.
    package var commandName: String { command.rawValue }

    var command: Command {
        switch self {
        case .greeting: .coranto
        case .hello: .hello
        case .welcome: .welcome
        case .error: .error
        case .quit: .quit
        case .put: .put
        case .accepted: .accepted
        case .refusedBatch: .refusedBatch
        case .status: .status
        case .statusReport: .statusReport
        case .compact: .compact
        case .compacted: .compacted
        case .join: .join
        case .joined: .joined
        case .touch: .touch
        case .touched: .touched
        case .credit: .credit
        case .lease: .lease
        case .revoke: .revoke
        case .articles: .articles
        case .sealed: .sealed
        case .poison: .poison
        case .published: .published
        case .refused: .refused
        case .merge: .merge
        case .merged: .merged
        case .mergeFailed: .mergeFailed
        case .find: .find
        case .found: .found
        case .scan: .scan
        case .scanned: .scanned
        case .drain: .drain
        case .kept: .kept
        case .share: .share
        case .recall: .recall
        case .returned: .returned
        }
    }
}
