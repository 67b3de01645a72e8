package import News
package import Storage
package import Wire

/// Hands merge jobs to mergers, one each, and keeps what is being merged apart.
///
/// Invariants
/// 1. A segment is input of at most one running job.
/// 2. A compaction takes the whole snapshot and runs alone.
package struct MergeScheduler: Sendable {
    private struct Running: Sendable {
        var merger: PeerID
        var job: MergeJob
    }

    private let policy: MergePolicy
    private var mergers: [PeerID] = []
    private var running: [UInt64: Running] = [:]
    private var nextJob: UInt64 = 1
    private var wantsCompaction = false

    package init(policy: MergePolicy) { self.policy = policy }

    package var mergerCount: Int { mergers.count }
    package var runningJobs: [MergeJob] { running.keys.sorted().map { running[$0]!.job } }

    package mutating func join(_ merger: PeerID) { mergers.append(merger) }

    package mutating func remove(_ merger: PeerID) {
        mergers.removeAll { $0 == merger }
        running = running.filter { $0.value.merger != merger }
    }

    package mutating func requestCompaction() { wantsCompaction = true }

    /// A snapshot without overlays is canonical: only compaction makes cells, and it makes all of them.
    package static func isCanonical(_ head: Manifest) -> Bool { head.overlays.isEmpty }

    /// - Returns: jobs to send.
    package mutating func schedule(
        head: Manifest, cells: [SegmentReference], attempt: () -> Attempt
    ) -> [(merger: PeerID, job: MergeJob)] {
        var jobs: [(merger: PeerID, job: MergeJob)] = []
        if wantsCompaction, Self.isCanonical(head) { wantsCompaction = false }
        for merger in mergers where !running.values.contains(where: { $0.merger == merger }) {
            let busy = Set(running.values.flatMap(\.job.inputs))
            let job: MergeJob
            if wantsCompaction {
                guard running.isEmpty else { break }
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

    /// - Returns: the job, if this merger has it.
    package func job(_ number: UInt64, of merger: PeerID) -> MergeJob? {
        guard let found = running[number], found.merger == merger else { return nil }
        return found.job
    }

    /// The job is published, refused or failed.
    package mutating func finish(_ number: UInt64) { running[number] = nil }
}
