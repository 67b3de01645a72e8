// Makes snapshots: the only writer of manifests.
//
// Guarantees
// 1. A report is published whole or never: every entry's epoch is live, its `from` is the watermark, its `to` was sent, and
//    what it counts is what its segment and the log allow. Nothing a worker or merger says is believed without that:
//    what is once in a manifest, every later coordinator starts from.
// 2. Reports of a worker are published in their order; after a refused one all its later ones are refused, for they may
//    kill what the refused one held.
// 3. One manifest adds a segment and moves the watermarks it covers: an article is indexed exactly once.
// 4. A merge is published only if every input is still named, the set digest and the number of live articles stay equal,
//    and the outputs are of the job's attempt and kind.
// 5. Nobody is told of a manifest before it is durable and, after that, no later term was seen.

import ByteCoding
package import News
package import Storage
package import Wire

package struct Publisher: Sendable {
    package struct ReportID: Hashable, Sendable {
        package var worker: PeerID
        package var number: UInt64
    }

    package enum Output: Equatable, Sendable {
        case operation(TaggedOperation)
        case published(Manifest, reports: [ReportID], jobs: [UInt64])
        case refused(ReportID)
        /// The merge's inputs are gone or its sums differ; the outputs are orphans.
        case mergeRefused(job: UInt64, reason: String)
        case fenced
        case failed(String)
    }

    private struct Waiting: Sendable {
        var id: ReportID
        var report: SealedReport
    }

    private struct Merge: Sendable {
        var job: MergeJob
        var outputs: [SegmentReference]
        /// Inputs that stay as they are, by their place.
        var left: [UInt32]

        /// What the outputs take the place of.
        var used: [SegmentReference] {
            let left = Set(left)
            return job.inputs.enumerated().filter { !left.contains(UInt32($0.offset)) }.map(\.element)
        }
    }

    private struct Draft: Sendable {
        var snapshot: SnapshotHead
        var reports: [Waiting]
        var jobs: [UInt64]
        /// Objects to write before the manifest.
        var objects: [(name: String, bytes: [UInt8])]
        /// The tail that becomes an object, with older objects that are still to be read and go into it.
        var ledger: LedgerFold?
    }

    private struct LedgerFold: Sendable {
        var rows: LedgerRows
        var unread: [LedgerIndex.Entry]
        /// Of the object and of the index.
        var attempts: (object: Attempt, index: Attempt)
    }

    private enum Stage: Equatable {
        case idle
        case readingLedger
        case writingObjects
        case writingManifest
        case looking
        case pausing(until: Int64)
        case fenced
    }

    static let pauseMilliseconds: Int64 = 1000
    /// Tails that one object of the ledger takes in, at most.
    static let ledgerTailsPerObject = 32

    package private(set) var snapshot: SnapshotHead {
        didSet { isCanonical = snapshot.isCanonical }
    }
    /// Of the head: told here, for telling it takes a look at every cell.
    package private(set) var isCanonical: Bool
    private let term: Term
    private let instance: Instance
    /// Ledger rows in the head before they are folded into an object.
    private let ledgerTailLimitCount: Int
    /// Cells that a page names, at most.
    private let pageCellLimitCount: Int
    private let keepPolicy: KeepPolicy
    private var stage = Stage.idle
    private var create = CreateCall(owner: .manifest)
    private var look = StoreCall(owner: .manifest)
    /// Of an object of the ledger, which may stay as it is: publishing does not wait for one that fails for good.
    private var read = StoreCall(owner: .manifest, tryLimitCount: 4)
    private var waiting: [Waiting] = []
    private var merges: [Merge] = []
    /// Workers of which a report was refused; they join again under another number.
    private var refusedWorkers: Set<PeerID> = []
    private var draft: Draft?

    package init(
        head: SnapshotHead, term: Term, instance: Instance, ledgerTailLimitCount: Int,
        pageCellLimitCount: Int = ManifestPage.cellLimitCount, keepPolicy: KeepPolicy = KeepPolicy()
    ) {
        self.keepPolicy = keepPolicy
        self.ledgerTailLimitCount = ledgerTailLimitCount
        self.pageCellLimitCount = pageCellLimitCount
        snapshot = head
        isCanonical = head.isCanonical
        self.term = term
        self.instance = instance
    }

    package var head: Manifest { snapshot.manifest }
    package var cells: [SegmentReference] { snapshot.cells }
    /// The manifest being written, if there is one: it will be the head, or we are fenced.
    package var coming: Manifest { draft?.snapshot.manifest ?? head }
    package var isIdle: Bool { stage == .idle }
    /// The store refused what was to be written, as a full one does; it is tried again after a pause.
    package var isRefused: Bool { if case .pausing = stage { true } else { false } }
    package var hasReports: Bool { !waiting.isEmpty || !merges.isEmpty }

    /// Objects that may still be published, whatever becomes of the attempts that wrote them.
    package var protectedNames: Set<String> {
        var names = Set(waiting.compactMap { $0.report.segment?.objectName })
        for merge in merges { names.formUnion(merge.outputs.map(\.objectName)) }
        if let draft {
            names.formUnion(draft.snapshot.namedObjects)
        }
        return names
    }

    /// Whether a shard is in the manifest being written: it cannot change hands until that is out.
    package func isInDraft(_ shard: Shard) -> Bool {
        draft?.reports.contains { $0.report.entries.contains { $0.shardLane.shard == shard } } ?? false
    }

    package mutating func add(_ report: SealedReport, from worker: PeerID) {
        waiting.append(Waiting(id: ReportID(worker: worker, number: report.number), report: report))
    }

    package mutating func add(_ job: MergeJob, outputs: [SegmentReference], left: [UInt32] = []) {
        merges.append(Merge(job: job, outputs: outputs, left: left))
    }

    /// The worker is gone: what it reported and is not being written is dropped.
    package mutating func drop(_ worker: PeerID) {
        waiting.removeAll { $0.id.worker == worker }
        refusedWorkers.remove(worker)
    }

    /// What the coordinator knows of a worker, against which its reports are held.
    package struct Knowledge {
        /// Whether the worker holds the shard under the epoch now.
        package var holds: (PeerID, Shard, ShardEpoch) -> Bool
        /// The attempt given out with its JOIN.
        package var attempt: (PeerID) -> Attempt?
        /// Up to where a stream was sent to the holder of its shard.
        package var sent: (ShardLane) -> Position

        package init(
            holds: @escaping (PeerID, Shard, ShardEpoch) -> Bool, attempt: @escaping (PeerID) -> Attempt?,
            sent: @escaping (ShardLane) -> Position
        ) {
            self.holds = holds
            self.attempt = attempt
            self.sent = sent
        }
    }

    /// Starts a manifest if there is something to publish.
    ///
    /// - Parameters:
    ///   - knowledge: what reports are held against.
    ///   - quiet: streams of which nothing is on its way: they move to `routedEnd`.
    ///   - folding: what the log brought; taken over when a manifest is started.
    ///   - forgotten: generations that are kept no longer, whatever their age.
    ///   - firstLogTerm: where the logs of earlier terms ended is remembered no longer.
    ///   - attempt: gives the next attempt number of our own.
    package mutating func begin(
        now: Moment, knowledge: Knowledge, isQuiet: (ShardLane, Manifest) -> Bool,
        routedEnd: Position, folding: inout Folding, state: ClusterState, forgotten: [ClosedRange<Generation>] = [],
        firstLogTerm: Term = .none, attempt: () -> Attempt, isForced: Bool
    ) -> [Output] {
        guard stage == .idle else { return [] }
        var outputs: [Output] = []
        var next = head
        var nextCells = cells
        // First what the log brought: a report cannot count more articles than are pending.
        next.sums.add(folding)
        let taken = takeReports(into: &next, knowledge, outputs: &outputs)
        let jobs = takeMerges(into: &next, cells: &nextCells, outputs: &outputs)
        guard !taken.isEmpty || !jobs.isEmpty || isForced else { return outputs }

        next.ledgerTail.add(folding.received)
        next.foldedTo = folding.foldedTo
        var objects: [(name: String, bytes: [UInt8])] = []
        for kind in folding.changedState.sorted() {
            next.state[kind] = place("state", state.encoded(kind), attempt(), &objects)
        }
        var fold: LedgerFold?
        if next.ledgerTail.count > ledgerTailLimitCount {
            let carried = snapshot.ledger.carriedCount(
                rowCount: next.ledgerTail.count, limit: ledgerTailLimitCount * Self.ledgerTailsPerObject)
            fold = LedgerFold(
                rows: next.ledgerTail, unread: snapshot.ledger.entries.suffix(carried), attempts: (attempt(), attempt())
            )
            next.ledgerTail = LedgerRows()
        }
        var pageCellCounts = snapshot.pageCellCounts
        if nextCells != cells {
            let pages = PagePlan(snapshot, next: nextCells, cellLimitCount: pageCellLimitCount).pages
            next.pages = pages.map { page in
                page.known ?? place("pages", ManifestPage(cells: Array(page.cells)).encoded, attempt(), &objects)
            }
            pageCellCounts = pages.map(\.cells.count)
        }
        for shard in 0..<head.sharding.shardCount {
            for lane in Lane.allCases {
                let stream = ShardLane(Shard(shard), lane)
                if isQuiet(stream, next), next[watermark: stream] < routedEnd { next[watermark: stream] = routedEnd }
            }
        }
        next.parent = head.generation
        next.generation = head.generation.next
        next.term = term
        next.instance = instance
        next.writtenAt = now.wall
        next.ends.removeAll { $0.term < firstLogTerm }
        next.kept = keepPolicy.kept(after: head, now: now.wall).without(forgotten)
        folding = Folding(foldedTo: folding.foldedTo)
        draft = Draft(
            snapshot: SnapshotHead(
                next, cells: nextCells, pageCellCounts: pageCellCounts, ledger: snapshot.ledger), reports: taken,
            jobs: jobs, objects: objects, ledger: fold)
        return outputs + step(now: now)
    }

    package mutating func tick(now: Moment) -> [Output] {
        if case .pausing(let until) = stage, now.milliseconds >= until { return step(now: now) }
        return (create.due(now: now) ?? look.due(now: now) ?? read.due(now: now)).map { [.operation($0)] } ?? []
    }

    package mutating func handle(_ tag: OperationTag, _ result: BucketResult, now: Moment) -> [Output] {
        switch stage {
        case .readingLedger:
            guard let (operation, result) = read.handle(tag, result, now: now) else { return [] }
            return ledgerRead(operation.name, result, now: now)
        case .writingObjects, .writingManifest:
            let (outcome, next) = create.handle(tag, result, now: now)
            if let next { return [.operation(next)] }
            switch outcome {
            case nil: return []
            case .created:
                if stage == .writingObjects {
                    draft?.objects.removeFirst()
                    return step(now: now)
                }
                stage = .looking
                return [.operation(look.start(.size(name: ObjectName.term(term.next))))]
            // Only a coordinator of a later term can have taken the number: no earlier one passes our first manifest.
            case .taken: return fence()
            case .failed:
                #if PLANTED_PAGE_LOST
                    if stage == .writingObjects, draft?.objects.first?.name.hasPrefix("pages/") ?? false {
                        draft?.objects.removeFirst()
                        return step(now: now)
                    }
                #endif
                // Full or refused: everything stays as it is and is tried again.
                stage = .pausing(until: now.milliseconds + Self.pauseMilliseconds)
                return []
            }
        case .looking:
            guard let (_, result) = look.handle(tag, result, now: now) else { return [] }
            guard result == .missing, let done = draft else { return fence() }
            snapshot = done.snapshot
            draft = nil
            stage = .idle
            return [.published(head, reports: done.reports.map(\.id), jobs: done.jobs)]
        case .idle, .pausing, .fenced: return []
        }
    }

    // MARK: Steps

    private mutating func step(now: Moment) -> [Output] {
        if let fold = draft?.ledger {
            if let entry = fold.unread.last {
                stage = .readingLedger
                return [.operation(read.start(.get(name: entry.object.name(in: "ledger"), range: nil)))]
            }
            place(fold)
        }
        guard let draft else { return [] }
        if let object = draft.objects.first {
            stage = .writingObjects
            return [.operation(create.start(name: object.name, bytes: object.bytes))]
        }
        stage = .writingManifest
        return [
            .operation(
                create.start(
                    name: draft.snapshot.manifest.name, bytes: draft.snapshot.manifest.encoded))
        ]
    }

    /// Takes an older object of the ledger into the new one. One that cannot be read stays as it is: its rows are counted
    /// where it is named, and whoever reads the ledger is told.
    private mutating func ledgerRead(_ name: String, _ result: BucketResult, now: Moment) -> [Output] {
        guard let entry = draft?.ledger?.unread.last else { return [] }
        if case .bytes(let bytes) = result, let rows = try? LedgerRows(decoding: bytes, named: name) {
            draft?.ledger?.rows.add(rows)
            draft?.ledger?.unread.removeLast()
            draft?.snapshot.ledger.entries.removeAll { $0 == entry }
        } else {
            draft?.ledger?.unread = []
            #if PLANTED_LEDGER_ROWS_DROPPED
                draft?.snapshot.ledger.entries.removeAll { $0 == entry }
            #endif
        }
        return step(now: now)
    }

    /// Puts the ledger's new object and index among those to be written.
    private mutating func place(_ fold: LedgerFold) {
        guard var snapshot = draft?.snapshot, var objects = draft?.objects, let hours = fold.rows.hours else { return }
        let object = place("ledger", fold.rows.encodedObject, fold.attempts.object, &objects)
        snapshot.ledger.entries.append(
            LedgerIndex.Entry(
                object: object, rowCount: UInt32(fold.rows.count), firstHour: hours.lowerBound,
                lastHour: hours.upperBound))
        snapshot.manifest.ledgerIndex = place("ledger", snapshot.ledger.encoded, fold.attempts.index, &objects)
        draft?.snapshot = snapshot
        draft?.objects = objects
        draft?.ledger = nil
    }

    private mutating func fence() -> [Output] {
        stage = .fenced
        return [.fenced]
    }

    private func place(
        _ folder: String, _ bytes: [UInt8], _ attempt: Attempt, _ objects: inout [(name: String, bytes: [UInt8])]
    ) -> Manifest.Named {
        let named = Manifest.Named(digest: SHA256.hash(of: bytes), attempt: attempt)
        objects.append((named.name(in: folder), bytes))
        return named
    }

    private mutating func takeReports(
        into next: inout Manifest, _ knowledge: Knowledge, outputs: inout [Output]
    ) -> [Waiting] {
        var taken: [Waiting] = []
        var isProgress = true
        while isProgress {
            isProgress = false
            var left: [Waiting] = []
            var held: Set<PeerID> = []
            for item in waiting {
                let worker = item.id.worker
                switch held.contains(worker) ? .wait : judge(item, next, knowledge) {
                case .publish:
                    apply(item.report, to: &next)
                    taken.append(item)
                    isProgress = true
                case .wait:
                    held.insert(worker)
                    left.append(item)
                case .refuse:
                    refusedWorkers.insert(worker)
                    outputs.append(.refused(item.id))
                    isProgress = true
                }
            }
            waiting = left
        }
        return taken
    }

    private enum Judgement {
        case publish
        case wait
        case refuse
    }

    private func judge(_ item: Waiting, _ next: Manifest, _ knowledge: Knowledge) -> Judgement {
        let report = item.report
        guard !refusedWorkers.contains(item.id.worker), !report.entries.isEmpty,
            Set(report.entries.map(\.shardLane)).count == report.entries.count, isCredible(report, next.sums)
        else { return .refuse }
        if let segment = report.segment {
            #if PLANTED_FREE_SLOT_ZOMBIE
                let isOfItsAttempt = knowledge.attempt(item.id.worker).map { $0 == segment.attempt } ?? true
            #else
                let isOfItsAttempt = segment.attempt == knowledge.attempt(item.id.worker)
            #endif
            guard segment.kind == .overlay, isOfItsAttempt else { return .refuse }
        }
        var isEarly = false
        for entry in report.entries {
            guard entry.shardLane.shard.index < next.sharding.shardCount,
                knowledge.holds(item.id.worker, entry.shardLane.shard, entry.epoch), entry.from < entry.to,
                entry.to <= knowledge.sent(entry.shardLane)
            else { return .refuse }
            let watermark = next[watermark: entry.shardLane]
            #if PLANTED_WATERMARK_BY_TO
                if entry.to <= watermark { return .refuse }
            #else
                if entry.from < watermark { return .refuse }
                if entry.from > watermark { isEarly = true }
            #endif
        }
        return isEarly ? .wait : .publish
    }

    /// Whether a report counts what can be: each published article is a document of its segment, each kill takes one back,
    /// and no more articles find their outcome than are pending.
    private func isCredible(_ report: SealedReport, _ sums: OutcomeSums) -> Bool {
        var added = OutcomeSums()
        var total: Int64 = 0
        for row in report.counts {
            // No row changes by more than ever was received, so no sum of rows comes near an overflow.
            guard row.delta.magnitude <= sums.received.magnitude else { return false }
            let (next, isOver) = added[row.outcome].addingReportingOverflow(row.delta)
            let (nextTotal, isTotalOver) = total.addingReportingOverflow(row.delta)
            guard !isOver, !isTotalOver else { return false }
            added[row.outcome] = next
            total = nextTotal
        }
        guard added[.published] == report.segment?.liveChange ?? 0, (0...max(0, sums.pending)).contains(total) else {
            return false
        }
        return Outcome.allCases.allSatisfy { outcome in
            let (sum, isOver) = sums[outcome].addingReportingOverflow(added[outcome])
            return !isOver && sum >= 0
        }
    }

    private func apply(_ report: SealedReport, to next: inout Manifest) {
        for entry in report.entries { next[watermark: entry.shardLane] = entry.to }
        if let segment = report.segment {
            next.overlays.append(segment)
            next.setDigest = next.setDigest &+ segment.digest
        }
        for row in report.counts {
            next.sums[row.outcome] &+= row.delta
            next.ledgerTail.add(row.delta, of: row.outcome, source: row.source, hour: row.hour)
        }
    }

    private mutating func takeMerges(
        into next: inout Manifest, cells: inout [SegmentReference], outputs: inout [Output]
    ) -> [UInt64] {
        var jobs: [UInt64] = []
        for merge in merges {
            if let reason = fault(of: merge) {
                outputs.append(.mergeRefused(job: merge.job.number, reason: reason))
                continue
            }
            let used = merge.used
            let inputs = Set(used)
            let named = Set(next.overlays).union(cells)
            guard inputs.isSubset(of: named) else {
                outputs.append(.mergeRefused(job: merge.job.number, reason: "an input is no longer named"))
                continue
            }
            let before = used.reduce(Digest256.zero) { $0 &+ $1.digest }
            let after = merge.outputs.reduce(Digest256.zero) { $0 &+ $1.digest }
            guard before == after else {
                outputs.append(.mergeRefused(job: merge.job.number, reason: "the set digest differs"))
                continue
            }
            let liveChange = used.reduce(0) { $0 + $1.liveChange }
            guard liveChange == merge.outputs.reduce(0, { $0 + $1.liveChange }) else {
                outputs.append(
                    .mergeRefused(job: merge.job.number, reason: "the number of live articles differs"))
                continue
            }
            let coming = (cells.filter { !inputs.contains($0) } + merge.outputs.filter { $0.kind == .cell })
                .sorted { ($0.span?.first ?? Self.beforeAll) < ($1.span?.first ?? Self.beforeAll) }
            guard Self.followOneAnother(coming) else {
                outputs.append(.mergeRefused(job: merge.job.number, reason: "the cells do not follow one another"))
                continue
            }
            cells = coming
            next.overlays.removeAll { inputs.contains($0) }
            next.overlays.append(contentsOf: merge.outputs.filter { $0.kind == .overlay })
            jobs.append(merge.job.number)
        }
        merges = []
        return jobs
    }

    /// What is wrong with a merge whatever the snapshot is now.
    private func fault(of merge: Merge) -> String? {
        let outputs = merge.outputs
        guard outputs.allSatisfy({ $0.attempt == merge.job.attempt }) else { return "an output is of another attempt" }
        guard Set(outputs).count == outputs.count else { return "an output is named twice" }
        guard merge.left.isEmpty || merge.job.output == .folded else { return "an input is left" }
        switch merge.job.output {
        case .folded:
            guard merge.left.allSatisfy({ $0 < merge.job.inputs.count && merge.job.inputs[Int($0)].kind == .cell })
            else {
                return "an input is left that is no cell"
            }
            guard outputs.count(where: { $0.kind == .overlay }) <= 1 else { return "more than one overlay" }
        case .overlay:
            guard outputs.allSatisfy({ $0.kind == .overlay }) else { return "an output is of another kind" }
            guard outputs.count <= 1 else { return "more than one overlay" }
        case .cells:
            guard outputs.allSatisfy({ $0.kind == .cell }) else { return "an output is of another kind" }
            guard Self.followOneAnother(outputs) else { return "the cells do not follow one another" }
        case .purged:
            for kind in [SegmentReference.Kind.overlay, .cell] {
                guard outputs.count(where: { $0.kind == kind }) <= merge.job.inputs.count(where: { $0.kind == kind })
                else { return "more outputs than inputs" }
            }
        }
        guard outputs.allSatisfy({ $0.kind == .overlay || $0.killCount == 0 }) else { return "a cell has kills" }
        return nil
    }

    static let beforeAll = OrderKey(time: Timestamp(milliseconds: .max), key: ArticleKey(high: 0, low: 0))

    private static func followOneAnother(_ cells: [SegmentReference]) -> Bool {
        let spans = cells.map(\.span)
        return spans.allSatisfy { $0.map { $0.first <= $0.last } ?? false }
            && zip(spans, spans.dropFirst()).allSatisfy { $0!.last < $1!.first }
    }
}

extension OutcomeSums {
    /// Takes in what the log brought since.
    mutating func add(_ folding: Folding) {
        received &+= folding.receivedCount
        for (outcome, count) in folding.outcomes { self[outcome] &+= count }
    }
}
