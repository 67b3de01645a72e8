import ByteCoding
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
    package var fetchers: [(peer: PeerID, shareCount: Int)]
    package var mergerCount: Int
    package var runningMerges: Int
    /// Those of them that put overlays into cells, which takes long and which nobody waits for.
    package var runningFolds: Int
    package var unleasedShards: Int
    /// Batches that wait for the log, in bytes.
    package var intakeBytes: Int
    package var feedCount: Int
    package var retractionCount: Int
    package var retentionRuleCount: Int
    /// Whether something may still be behind a horizon.
    package var isExpiring: Bool
    /// Keys of the round that is being erased.
    package var expiringCount: Int
    package var deadLetterCount: Int
    /// Shards and lanes whose articles are tried apart, because they may have ended their workers.
    package var suspectStreamCount: Int
    /// Retracted keys of which the text is not erased yet.
    package var erasureCount: Int
    /// Whether all that was accepted, retractions too, is in the snapshot.
    package var isSettled: Bool
    /// Kept once, and damaged.
    package var unreadable: UnreadableGenerations
    /// Nil where the store does not tell.
    package var room: StoreRoom?
    package var roomLevel: RoomGuard.Level

    package init(
        isReigning: Bool, isDraining: Bool, term: Term, generation: Generation, setDigest: String, sums: OutcomeSums,
        overlayCount: Int, cellCount: Int, segmentBytes: UInt64, workers: [(peer: PeerID, shardCount: Int)],
        mergerCount: Int, runningMerges: Int, runningFolds: Int = 0, unleasedShards: Int, intakeBytes: Int,
        feedCount: Int, retractionCount: Int, retentionRuleCount: Int = 0, isExpiring: Bool = false,
        expiringCount: Int = 0,
        deadLetterCount: Int, suspectStreamCount: Int, erasureCount: Int = 0,
        fetchers: [(peer: PeerID, shareCount: Int)] = [], isSettled: Bool = true,
        unreadable: UnreadableGenerations = UnreadableGenerations(), room: StoreRoom? = nil,
        roomLevel: RoomGuard.Level = .ample
    ) {
        self.isReigning = isReigning
        self.isDraining = isDraining
        self.term = term
        self.generation = generation
        self.setDigest = setDigest
        self.sums = sums
        self.overlayCount = overlayCount
        self.cellCount = cellCount
        self.segmentBytes = segmentBytes
        self.workers = workers
        self.fetchers = fetchers
        self.mergerCount = mergerCount
        self.runningMerges = runningMerges
        self.runningFolds = runningFolds
        self.unleasedShards = unleasedShards
        self.intakeBytes = intakeBytes
        self.feedCount = feedCount
        self.retractionCount = retractionCount
        self.retentionRuleCount = retentionRuleCount
        self.isExpiring = isExpiring
        self.expiringCount = expiringCount
        self.deadLetterCount = deadLetterCount
        self.suspectStreamCount = suspectStreamCount
        self.erasureCount = erasureCount
        self.isSettled = isSettled
        self.unreadable = unreadable
        self.room = room
        self.roomLevel = roomLevel
    }
}

extension Coordinator {
    package var status: CoordinatorSummary {
        var sums = publisher?.coming.sums ?? OutcomeSums()
        sums.add(folded.folding)
        let state = folded.state
        let cells = publisher?.cells ?? []
        let overlays = publisher?.head.overlays ?? []
        let workers = (leases?.workers ?? []).map { (peer: $0, shardCount: leases?.shards(of: $0).count ?? 0) }
        let shardCount = Int(publisher?.head.sharding.shardCount ?? 0)
        return CoordinatorSummary(
            isReigning: phase == .reigning, isDraining: isDraining, term: term,
            generation: publisher?.head.generation ?? .none, setDigest: publisher?.head.setDigest.hex ?? "",
            sums: sums, overlayCount: overlays.count, cellCount: cells.count,
            segmentBytes: (overlays + cells).reduce(0) { $0 &+ $1.sizeBytes }, workers: workers,
            mergerCount: merges.mergerCount, runningMerges: merges.runningJobs.count,
            runningFolds: merges.runningFoldCount,
            unleasedShards: shardCount - workers.reduce(0) { $0 + $1.shardCount },
            intakeBytes: log?.waitingBytes ?? 0, feedCount: state.feeds.count,
            retractionCount: state.retractions.count, retentionRuleCount: state.retention.bySource.count,
            isExpiring: folded.expiringCount > 0 || !expirer.isDone(with: state.retention),
            expiringCount: folded.expiringCount,
            deadLetterCount: state.deadLetters.count,
            suspectStreamCount: quarantine.suspectCount, erasureCount: state.erasures.count,
            fetchers: (feedShares?.holders ?? []).map { ($0.fetcher, $0.shareCount) },
            isSettled: publisher.flatMap { publisher in router?.isQuiet(publisher.head) } ?? false,
            unreadable: unreadable,
            room: roomGuard.room, roomLevel: roomGuard.level)
    }
}
