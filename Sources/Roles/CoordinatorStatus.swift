package import Cluster
import Foundation
package import HostIO
import News
package import Storage

/// What `coranto status --format json` prints, and the payload of a STATUS answer.
package struct CoordinatorStatus: Codable, Sendable {
    package struct Articles: Codable, Sendable {
        package var received: Int64
        package var pending: Int64
        package var published: Int64
        package var superseded: Int64
        package var duplicate: Int64
        package var rejected: Int64
        package var retracted: Int64
        package var expired: Int64
        package var deadLettered: Int64

        package init(_ sums: OutcomeSums) {
            received = sums.received
            pending = sums.pending
            published = sums[.published]
            superseded = sums[.superseded]
            duplicate = sums[.duplicate]
            rejected = sums[.rejected]
            retracted = sums[.retracted]
            expired = sums[.expired]
            deadLettered = sums[.deadLettered]
        }
    }

    package struct Worker: Codable, Sendable {
        package var connection: UInt64
        package var shards: Int
        /// As it was started with; nil of an older coordinator.
        package var name: String?
    }

    package struct Fetcher: Codable, Sendable {
        package var connection: UInt64
        package var shares: Int
        package var name: String?
    }

    /// A generation that was kept, and is no longer because it is damaged.
    package struct Unreadable: Codable, Sendable {
        package var generation: UInt64
        package var reason: String
    }

    /// Of the coordinator that was asked, since it started.
    package struct Connections: Codable, Sendable {
        package var open: Int
        package var accepted: Int
        package var refused: Int
        package var dropped: Int
        /// What was received and is not yet in the log, half or whole.
        package var heldBytes: Int

        package init(_ counts: ConnectionDoor.Counts, heldBytes: Int) {
            open = counts.openCount
            accepted = counts.acceptedCount
            refused = counts.refusedCount
            dropped = counts.droppedCount
            self.heldBytes = heldBytes
        }
    }

    package var role: String
    package var term: UInt64
    package var generation: UInt64
    package var setDigest: String
    package var articles: Articles
    package var overlays: Int
    package var cells: Int
    package var segmentBytes: UInt64
    package var workers: [Worker]
    /// With how many of the shares of the feeds; nil of an older coordinator.
    package var fetchers: [Fetcher]?
    package var mergers: Int
    /// Of those that are connected; nil of an older coordinator.
    package var mergerNames: [String]?
    package var runningMerges: Int
    /// Of these, those that put overlays into cells; nil of an older coordinator.
    package var runningFolds: Int?
    package var unleasedShards: Int
    package var intakeBytes: Int
    package var feeds: Int
    package var retractions: Int
    package var retentionRules: Int
    /// Whether a coordinator still looks for what is behind a horizon or erases it, and how many keys it erases now.
    package var isExpiring: Bool
    package var expiring: Int
    package var deadLetters: Int
    package var suspectStreams: Int
    /// Retracted keys of which the text is not erased yet; nil of an older coordinator.
    package var erasures: Int?
    /// Whether all that was accepted, retractions too, is in the snapshot.
    package var isSettled: Bool
    /// As many as were found since the coordinator began, and the last of them; nil of an older coordinator.
    package var unreadableGenerations: Int?
    package var unreadable: [Unreadable]?
    /// Of the store's file system, and whether articles are refused for want of it: ample, low or spent. Nil where the store does
    /// not tell.
    package var freeBytes: UInt64?
    package var room: String?
    /// Of the coordinator's process; nil for a folder.
    package var storeRequests: StoreRequests?
    /// Not of a store where nobody answers.
    package var connections: Connections?

    /// Of a store where nobody reigns.
    package static var stopped: CoordinatorStatus {
        var status = CoordinatorStatus(
            CoordinatorSummary(
                isReigning: false, isDraining: false, term: .none, generation: .none, setDigest: "",
                sums: OutcomeSums(), overlayCount: 0, cellCount: 0, segmentBytes: 0, workers: [], mergerCount: 0,
                runningMerges: 0, unleasedShards: 0, intakeBytes: 0, feedCount: 0, retractionCount: 0,
                deadLetterCount: 0,
                suspectStreamCount: 0))
        status.role = "none"
        return status
    }

    /// - Parameter name: of a peer.
    package init(
        _ summary: CoordinatorSummary, requests: StoreRequests? = nil, name: (PeerID) -> String? = { _ in nil }
    ) {
        role = summary.isReigning ? (summary.isDraining ? "draining" : "coordinator") : "standby"
        term = summary.term.number
        generation = summary.generation.number
        setDigest = summary.setDigest
        articles = Articles(summary.sums)
        overlays = summary.overlayCount
        cells = summary.cellCount
        segmentBytes = summary.segmentBytes
        workers = summary.workers.map { Worker(connection: $0.peer.number, shards: $0.shardCount, name: name($0.peer)) }
        fetchers = summary.fetchers.map {
            Fetcher(connection: $0.peer.number, shares: $0.shareCount, name: name($0.peer))
        }
        mergers = summary.mergerCount
        runningMerges = summary.runningMerges
        runningFolds = summary.runningFolds
        unleasedShards = summary.unleasedShards
        intakeBytes = summary.intakeBytes
        feeds = summary.feedCount
        retractions = summary.retractionCount
        retentionRules = summary.retentionRuleCount
        isExpiring = summary.isExpiring
        expiring = summary.expiringCount
        deadLetters = summary.deadLetterCount
        suspectStreams = summary.suspectStreamCount
        erasures = summary.erasureCount
        isSettled = summary.isSettled
        unreadableGenerations = summary.unreadable.count
        unreadable = summary.unreadable.last.map { Unreadable(generation: $0.generation.number, reason: $0.reason) }
        storeRequests = requests
        freeBytes = summary.room?.freeBytes
        room = summary.room.map { _ in "\(summary.roomLevel)" }
    }

    /// - Throws: if the bytes are not what `json` gives.
    package init(json: [UInt8]) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(CoordinatorStatus.self, from: Data(json))
    }

    package var json: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        do { return Array(try encoder.encode(self)) } catch {
            preconditionFailure("numbers and texts can always be encoded: \(error)")
        }
    }
}
