package import News
package import Storage
package import Wire

/// Hands merge jobs to mergers, one each, and keeps what is being merged apart.
///
/// Invariants
/// 1. A segment is input of at most one running job.
/// 2. A compaction takes the whole snapshot. It begins when no other job runs; what comes while it runs is merged beside it.
/// 3. What failed rests before it is tried again, longer each time, and after `failureLimitCount` failures it is left alone.
package struct MergeScheduler: Sendable {
    private struct Running: Sendable {
        var merger: PeerID
        var job: MergeJob
        var isReported = false
    }

    private struct Rest: Sendable {
        var failureCount = 0
        var until: Int64 = 0

        /// 1 s, 2, 4 … about 17 min.
        mutating func extend(now: Int64) {
            until = now + 1000 << Int64(min(failureCount, 10))
            failureCount += 1
        }
    }

    /// About half an hour after the first failure. A new coordinator begins to count anew.
    static let failureLimitCount = 11
    /// Failures in a row after which those who wait for a compaction are told so: about half a minute.
    static let compactionFailureLimitCount = 5

    private let policy: MergePolicy
    private var resting: [SegmentReference: Rest] = [:]
    private var compactionRest = Rest()
    private var mergers: [PeerID] = []
    private var lastHeard: [PeerID: Int64] = [:]
    private var running: [UInt64: Running] = [:]
    private var nextJob: UInt64 = 1
    private var wantsCompaction = false

    package init(policy: MergePolicy) { self.policy = policy }

    package var mergerCount: Int { mergers.count }
    package var runningJobs: [MergeJob] { running.keys.sorted().map { running[$0]!.job } }

    package mutating func join(_ merger: PeerID, now: Int64) {
        mergers.append(merger)
        lastHeard[merger] = now
    }

    package mutating func heard(_ merger: PeerID, now: Int64) {
        if lastHeard[merger] != nil { lastHeard[merger] = now }
    }

    /// Mergers not heard of for longer than `limit`: their jobs would never end.
    package func expired(now: Int64, limit: Int64) -> [PeerID] {
        lastHeard.filter { now - $0.value > limit }.map(\.key).sorted()
    }

    package mutating func remove(_ merger: PeerID) {
        mergers.removeAll { $0 == merger }
        lastHeard[merger] = nil
        running = running.filter { $0.value.merger != merger }
    }

    package mutating func requestCompaction() { wantsCompaction = true }

    /// A snapshot without overlays is canonical: only compaction makes cells, and it makes all of them.
    package static func isCanonical(_ head: Manifest) -> Bool { head.overlays.isEmpty }

    /// - Returns: jobs to send.
    package mutating func schedule(
        head: Manifest, cells: [SegmentReference], now: Int64, attempt: () -> Attempt
    ) -> [(merger: PeerID, job: MergeJob)] {
        var jobs: [(merger: PeerID, job: MergeJob)] = []
        if wantsCompaction, Self.isCanonical(head) { wantsCompaction = false }
        if !resting.isEmpty {
            let named = Set(head.overlays)
            resting = resting.filter { named.contains($0.key) }
        }
        let tired = resting.filter { $0.value.until > now || $0.value.failureCount >= Self.failureLimitCount }.keys
        for merger in mergers where !running.values.contains(where: { $0.merger == merger }) {
            let busy = Set(running.values.flatMap(\.job.inputs)).union(tired)
            let job: MergeJob
            if wantsCompaction, !isCompacting, compactionRest.until <= now {
                guard running.isEmpty else { break }
                wantsCompaction = false
                job = MergeJob(number: nextJob, attempt: attempt(), output: .cells, inputs: head.overlays + cells)
            } else if let inputs = policy.choose(from: head.overlays, busy: busy) {
                job = MergeJob(number: nextJob, attempt: attempt(), output: .overlay, inputs: inputs)
            } else {
                break
            }
            nextJob += 1
            running[job.number] = Running(merger: merger, job: job)
            jobs.append((merger, job))
        }
        return jobs
    }

    /// The merger says what became of the job, which it can do once.
    ///
    /// - Returns: the job, if this merger has it.
    package mutating func report(_ number: UInt64, by merger: PeerID) -> MergeJob? {
        guard let found = running[number], found.merger == merger, !found.isReported else { return nil }
        running[number]!.isReported = true
        return found.job
    }

    package func isRunning(_ number: UInt64) -> Bool { running[number] != nil }

    private var isCompacting: Bool { running.values.contains { $0.job.output == .cells } }

    /// The job is published.
    package mutating func finish(_ number: UInt64) {
        guard let done = running.removeValue(forKey: number) else { return }
        if done.job.output == .cells { compactionRest = Rest() }
    }

    /// The job failed or was refused.
    ///
    /// - Returns: whether it was a compaction that failed too often to be waited for.
    package mutating func fail(_ number: UInt64, now: Int64) -> Bool {
        guard let failed = running.removeValue(forKey: number) else { return false }
        switch failed.job.output {
        case .overlay:
            for input in failed.job.inputs { resting[input, default: Rest()].extend(now: now) }
            return false
        case .cells:
            compactionRest.extend(now: now)
            return compactionRest.failureCount % Self.compactionFailureLimitCount == 0
        }
    }
}
