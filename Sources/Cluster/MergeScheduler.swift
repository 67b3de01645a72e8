package import News
package import Storage
package import Wire

/// Hands merge jobs to mergers, one each, and keeps what is being merged apart.
///
/// Invariants
/// 1. A segment is input of at most one running job.
/// 2. A compaction takes the whole snapshot. It begins when no other job runs; what comes while it runs is merged beside it.
///    One that would name more segments than a job may is forgotten. Folds run one at a time.
/// 3. What is to be purged goes into no other merge. Searches and purges go before merges, but no longer than merges, as long as some wait:
///    else segments would become more while they are looked through, and the next search longer.
/// 4. What failed rests before it is tried again, longer each time, and after `failureLimitCount` failures it is left alone.
package struct MergeScheduler: Sendable {
    /// What the eraser or the expirer wants done, one at a time.
    package enum ErasureWork: Equatable, Sendable {
        case find(bounds: [VersionBound], names: [String])
        case scan(rules: [RetentionHorizon], limitCount: Int, names: [String])
        case purge([SegmentReference])
    }

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
    private var wantedErasure: ErasureWork?
    private var search: (number: UInt64, merger: PeerID)?
    /// When the search or purge that runs began.
    private var erasureStart: Int64 = 0
    /// Until then merges that wait go before the next.
    private var mergesFirstUntil = Int64.min

    package init(policy: MergePolicy) { self.policy = policy }

    package var mergerCount: Int { mergers.count }
    package var runningJobs: [MergeJob] { running.keys.sorted().map { running[$0]!.job } }

    package var runningFoldCount: Int { running.values.count { $0.job.output == .folded } }

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
        if search?.merger == merger { search = nil }
    }

    package mutating func requestCompaction() { wantsCompaction = true }

    /// Why all of that cannot be compacted, if so.
    package func compactionRefusal(head: Manifest, cells: [SegmentReference]) -> String? {
        let count = head.overlays.count + cells.count
        guard count > policy.inputLimitCount else { return nil }
        return
            "the snapshot has \(count) segments, and a compaction takes all at once, \(policy.inputLimitCount) at most; "
            + "a store with a larger target size of cells has fewer (docs/scaling.md)"
    }

    package mutating func request(_ work: ErasureWork) { wantedErasure = work }

    /// Whether what was requested waits or runs. It ends without a word when its merger leaves or its inputs are gone.
    package var isErasureBusy: Bool {
        wantedErasure != nil || search != nil || running.values.contains { $0.job.output == .purged }
    }

    package func isPurge(_ number: UInt64) -> Bool { running[number]?.job.output == .purged }

    private func isFree(_ merger: PeerID) -> Bool {
        search?.merger != merger && !running.values.contains { $0.merger == merger }
    }

    /// - Parameter mayMerge: whether merges are scheduled at all.
    /// - Returns: what is to be sent, if what was requested can begin.
    package mutating func scheduleErasure(
        head: Manifest, cells: [SegmentReference], now: Int64, mayMerge: Bool = true, attempt: () -> Attempt
    ) -> (merger: PeerID, message: Message)? {
        guard let work = wantedErasure, let merger = mergers.first(where: isFree) else { return nil }
        if now < mergesFirstUntil, mayMerge, wantsCompaction || nextMerge(head, cells, now: now) != nil { return nil }
        defer { if wantedErasure == nil { erasureStart = now } }
        let number = nextJob
        switch work {
        case .find(let bounds, let names):
            search = (number, merger)
            wantedErasure = nil
            nextJob += 1
            return (merger, .find(FindJob(number: number, bounds: bounds, names: names)))
        case .scan(let rules, let limitCount, let names):
            search = (number, merger)
            wantedErasure = nil
            nextJob += 1
            let job = ScanJob(number: number, rules: rules, limitCount: UInt32(limitCount), names: names)
            return (merger, .scan(job))
        case .purge(let inputs):
            guard Set(inputs).isSubset(of: Set(head.overlays).union(cells)) else {
                wantedErasure = nil
                return nil
            }
            guard Set(running.values.flatMap(\.job.inputs)).isDisjoint(with: inputs) else { return nil }
            wantedErasure = nil
            nextJob += 1
            let job = MergeJob(number: number, attempt: attempt(), output: .purged, inputs: inputs)
            running[number] = Running(merger: merger, job: job)
            return (merger, .merge(job))
        }
    }

    /// The merger says what it found, or that it could not look.
    ///
    /// - Returns: whether this merger has that search.
    package mutating func reportSearch(_ number: UInt64, by merger: PeerID, now: Int64) -> Bool {
        guard let known = search, known.number == number, known.merger == merger else { return false }
        search = nil
        endErasure(now: now)
        return true
    }

    private mutating func endErasure(now: Int64) { mergesFirstUntil = now + (now - erasureStart) }

    /// What is to be merged or folded next, if anything is.
    private func nextMerge(
        _ head: Manifest, _ cells: [SegmentReference], now: Int64
    ) -> (output: MergeOutput, inputs: [SegmentReference])? {
        var busy = Set(running.values.flatMap(\.job.inputs))
        if case .purge(let inputs)? = wantedErasure { busy.formUnion(inputs) }
        busy.formUnion(
            resting.filter { $0.value.until > now || $0.value.failureCount >= Self.failureLimitCount }.keys)
        if let inputs = policy.choose(from: head.overlays, busy: busy) { return (.overlay, inputs) }
        if runningFoldCount == 0, let inputs = policy.fold(head.overlays, into: cells, busy: busy) {
            return (.folded, inputs)
        }
        return nil
    }

    /// - Returns: jobs to send.
    package mutating func schedule(
        head: Manifest, cells: [SegmentReference], now: Int64, attempt: () -> Attempt
    ) -> [(merger: PeerID, job: MergeJob)] {
        var jobs: [(merger: PeerID, job: MergeJob)] = []
        if wantsCompaction,
            SnapshotHead(head, cells: cells).isCanonical || compactionRefusal(head: head, cells: cells) != nil
        {
            wantsCompaction = false
        }
        if !resting.isEmpty {
            let named = Set(head.overlays)
            resting = resting.filter { named.contains($0.key) }
        }
        for merger in mergers where isFree(merger) {
            let job: MergeJob
            if wantsCompaction, !isCompacting, !isPurgeWanted, compactionRest.until <= now {
                guard running.isEmpty else { break }
                wantsCompaction = false
                job = MergeJob(number: nextJob, attempt: attempt(), output: .cells, inputs: head.overlays + cells)
            } else if let (output, inputs) = nextMerge(head, cells, now: now) {
                job = MergeJob(number: nextJob, attempt: attempt(), output: output, inputs: inputs)
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

    /// Then its inputs are not to be taken away.
    private var isPurgeWanted: Bool { if case .purge? = wantedErasure { true } else { false } }

    private var isCompacting: Bool { running.values.contains { $0.job.output == .cells } }

    /// The job is published.
    package mutating func finish(_ number: UInt64, now: Int64) {
        guard let done = running.removeValue(forKey: number) else { return }
        if done.job.output == .purged { endErasure(now: now) }
        if done.job.output == .cells { compactionRest = Rest() }
    }

    /// The job failed or was refused.
    ///
    /// - Returns: whether it was a compaction that failed too often to be waited for.
    package mutating func fail(_ number: UInt64, now: Int64) -> Bool {
        guard let failed = running.removeValue(forKey: number) else { return false }
        switch failed.job.output {
        case .overlay, .folded:
            for input in failed.job.inputs where input.kind == .overlay {
                resting[input, default: Rest()].extend(now: now)
            }
            return false
        case .cells:
            compactionRest.extend(now: now)
            return compactionRest.failureCount % Self.compactionFailureLimitCount == 0
        // The eraser begins anew after a rest.
        case .purged:
            endErasure(now: now)
            return false
        }
    }
}
