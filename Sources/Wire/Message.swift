package import ByteCoding
package import News
import Storage

// Every message of docs/wire-protocol.md. A message is one line of ASCII words ended by CR LF; some carry a payload of
// the length the line says, again ended by CR LF.

/// What the greeting tells of the coordinator's limits.
package struct GreetingLimits: Equatable, Sendable {
    /// Longest line, CR LF included.
    package var lineBytes: UInt64
    /// Longest payload of a PUT.
    package var payloadBytes: UInt64

    package init(
        lineBytes: UInt64 = UInt64(WireLimits.lineBytes), payloadBytes: UInt64 = UInt64(WireLimits.putBytes)
    ) {
        self.lineBytes = lineBytes
        self.payloadBytes = payloadBytes
    }
}

/// What a peer wants to be after HELLO.
package enum PeerRole: String, Sendable, CaseIterable {
    case client
    case worker
    case merger
    case fetcher
    case gateway
}

/// How far a batch must have come before it is answered.
package enum AckLevel: String, Sendable, CaseIterable {
    /// In the log, by the bucket's word.
    case durable
    /// In sealed segments that wait for a manifest.
    case indexed
    /// In a published snapshot.
    case visible
}

/// Names a batch for ever: the same again gets the same answer.
package struct BatchID: Hashable, Sendable {
    /// Chosen by the client, unique to it: 1 to 64 characters of A-Z a-z 0-9 . _ -
    package var client: String
    package var number: UInt64

    package init(client: String, number: UInt64) {
        self.client = client
        self.number = number
    }

    /// Whether this is a name a client may have: 1 to 64 characters of A-Z a-z 0-9 . _ -
    package static func isClientName(_ name: String) -> Bool {
        let bytes = name.utf8
        return (1...WireLimits.clientBytes).contains(bytes.count) && bytes.allSatisfy(WireLimits.isNameByte)
    }
}

/// What became of a batch at acceptance.
package struct BatchCounts: Equatable, Sendable {
    package var received: UInt32
    package var accepted: UInt32
    package var rejected: UInt32
    /// Entries that are no articles: retractions, feeds, rules of retention.
    package var controls: UInt32

    package init(received: UInt32 = 0, accepted: UInt32 = 0, rejected: UInt32 = 0, controls: UInt32 = 0) {
        self.received = received
        self.accepted = accepted
        self.rejected = rejected
        self.controls = controls
    }
}

package enum ErrorCode: String, Sendable, CaseIterable {
    /// The line is not a command of this protocol.
    case badFormat = "BAD_FORMAT"
    case unknownCommand = "UNKNOWN_COMMAND"
    /// Line, payload or batch over its limit.
    case tooLarge = "TOO_LARGE"
    /// HELLO is missing or its proof is wrong.
    case unauthorised = "UNAUTHORISED"
    /// The command is not for this role or state.
    case notAllowed = "NOT_ALLOWED"
    case unsupportedVersion = "UNSUPPORTED_VERSION"
    /// The payload's SHA-256 is not the one in the line.
    case badDigest = "BAD_DIGEST"
    /// The batch number was used for another payload.
    case idReused = "ID_REUSED"
    /// Not the coordinator now; the message says where it may be.
    case notCoordinator = "NOT_COORDINATOR"
    /// Too much in flight: the same again later.
    case busy = "BUSY"
    case draining = "DRAINING"
    /// The store is full or gone: not accepted, the same again later.
    case storeFailed = "STORE_FAILED"
    case internalError = "INTERNAL"
}

package enum Message: Equatable, Sendable {
    // Both ways, at the start.
    case greeting(version: Int, term: Term, nonce: [UInt8], limits: GreetingLimits = GreetingLimits())
    case hello(version: Int, role: PeerRole, client: String, nonce: [UInt8], proof: [UInt8])
    case welcome
    case error(code: ErrorCode, message: String)
    case quit

    // Clients.
    case put(number: UInt64, lane: Lane, ack: AckLevel, digest: Digest256, payload: [UInt8])
    case accepted(number: UInt64, counts: BatchCounts)
    /// Answer to a PUT that was refused; `number` is the PUT's.
    case refusedBatch(number: UInt64, code: ErrorCode, message: String)
    case status
    case statusReport(json: [UInt8])
    /// Asks for canonical compaction; answered when the snapshot is canonical.
    case compact
    case compacted(generation: Generation)

    // Workers and mergers.
    case join(instance: Instance)
    case joined(term: Term, attempt: Attempt, leaseMilliseconds: UInt32, settings: [UInt8])
    case touch
    case touched
    case credit(lane: Lane, bytes: UInt64)
    case lease(shard: Shard, epoch: ShardEpoch, generation: Generation, rules: ShardRules)
    case revoke(shard: Shard, epoch: ShardEpoch)
    case articles(ArticlesBatch)
    case sealed(SealedReport)
    /// These articles are not to be given to a worker again.
    case poison([PoisonReport])
    /// The report is in a manifest of this generation.
    case published(report: UInt64, generation: Generation)
    /// The report will never be published: its leases are lost or its ranges are not the next.
    case refused(report: UInt64)
    case merge(MergeJob)
    case merged(MergedReport)
    case mergeFailed(job: UInt64, message: String)
    case find(FindJob)
    case found(FoundReport)
    case scan(ScanJob)
    case scanned(ScannedReport)
    case drain

    // Fetchers.
    /// Before JOIN: the sender has this share's poll state, as of this epoch.
    case kept(share: FeedShare, epoch: ShardEpoch)
    case share(FeedShare, epoch: ShardEpoch)
    /// To be returned once nothing of it is under way.
    case recall(FeedShare, epoch: ShardEpoch)
    case returned(share: FeedShare, epoch: ShardEpoch)
}
