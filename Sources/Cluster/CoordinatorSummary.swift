package import News
package import Storage

/// Numbers of one moment, for `status`.
package struct CoordinatorSummary: Sendable {
    package var isReigning: Bool
    package var isDraining: Bool
    package var term: Term
    package var generation: Generation
    package var setDigest: String
    /// As of now: the newest manifest's, with what the log brought since.
    package var sums: OutcomeSums
    package var overlayCount: Int
    package var cellCount: Int
    package var segmentBytes: UInt64
    package var workers: [(peer: PeerID, shardCount: Int)]
    package var mergerCount: Int
    package var runningMerges: Int
    package var unleasedShards: Int
    /// Batches that wait for the log, in bytes.
    package var intakeBytes: Int
    package var feedCount: Int
    package var retractionCount: Int
}
