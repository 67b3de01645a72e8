// Deletes what nothing names any more.
//
// Guarantees
// 1. Nothing is deleted that the newest or a kept manifest names, or that may still be published: written under an attempt
//    that is not over, and never named. Nothing is named twice, so what a worker wrote that stays for years goes meanwhile.
// 2. A written object goes only after it stood unnamed for `graceMilliseconds`, so that readers of a snapshot that has just
//    left the kept ones can finish. That time goes on through a change of coordinators, so it is of wall clocks; one that
//    jumps cuts readers of such a snapshot short, or lets orphans stand longer, and nothing else.
// 3. Log objects go only when they lie wholly behind the watermarks of every kept manifest, or behind the recorded end of their
//    term: those are void, and nothing was ever told of them.
// 4. Before each deletion no later term was seen.
// 5. While a kept generation cannot be read nothing is deleted, for what it names is not known. So it is told, and need not be
//    kept: nobody else can read it either.
//
// Memory: for each object that a kept manifest names one entry, however many name it; for each kept generation a position;
// for each object that waits for its grace time a number. Never what each generation names.

package import News
package import Storage

package struct Collector: Sendable {
    package enum Output: Equatable, Sendable {
        case operation(TaggedOperation)
        /// Why a round ends before it was through; `finished` follows.
        case abandoned(String)
        case finished(deletedCount: Int)
        /// It, a page or the ledger's index of it is damaged, missing or refused again and again.
        case unreadable(Generation, String)
        case fenced
        /// Only if asked to tell.
        case judged(String, Verdict)
    }

    /// What is to become of an object.
    package enum Verdict: Equatable, Sendable {
        /// The newest or a kept generation among these needs it.
        case needed(ClosedRange<Generation>)
        /// Nothing names it, but what wrote it may still report it.
        case unfinished
        /// Nothing names it, and it goes then.
        case waits(until: Timestamp)
        case goes
    }

    private enum Stage: Equatable {
        case idle
        /// Looking for what earlier coordinators saw, once.
        case listingRecords
        case readingRecord
        case writingRecord
        case readingManifest(Generation)
        case readingPage(Generation, Manifest.Named)
        case readingLedgerIndex(Generation)
        /// The store refused to read some: whether it answers at all.
        case probing
        case listing(String)
        case looking
        case deleting(String)
    }

    /// The first and the last generation known to name an object. All between name it too: names are never used again.
    private struct Naming: Sendable {
        var first: Generation
        var last: Generation
    }

    /// Tries of one object that a kept generation names, some ten seconds …
    static let readTryLimitCount = 8
    /// … in so many rounds, before it counts as one that cannot be read. A store that answers nothing at all does not count.
    static let refusalLimitCount = 3

    static let folders = ["segments/", "pages/", "state/", "ledger/", "log/", "manifests/"]

    private let term: Term
    private let graceMilliseconds: Int64
    private let intervalMilliseconds: Int64
    private let tells: Bool
    private var nextRound: Int64
    private var stage = Stage.idle
    private var call = StoreCall(owner: .collector, number: 0, of: 2)
    private var read = StoreCall(owner: .collector, tryLimitCount: Self.readTryLimitCount, number: 1, of: 2)
    /// What is damaged or missing is read once more before it is believed.
    private var isSecondLook = false
    private var head: Manifest?
    private var naming: [String: Naming] = [:]
    /// Marks of what was named and is no more, as long as it is there.
    private var wasNamed: Set<UInt64> = []
    private var lastNoted = Generation.none
    /// Where the log begins that a kept generation needs. Manifests never change, so each is read once.
    private var firstNeeded: [Generation: Position] = [:]
    private var toRead: [Generation] = []
    private var reading: (manifest: Manifest, pages: [Manifest.Named], ledgerIndex: Manifest.Named?)?
    /// Kept generations that cannot be read, and why; those of which the store refused something, and in how many rounds.
    private var unreadable: [Generation: String] = [:]
    private var refused: [Generation: String] = [:]
    private var refusalCounts: [Generation: Int] = [:]
    private var foldersLeft: [String] = []
    private var unnamed = UnnamedObjects()
    /// What stands in the store of it; nil before it was read, or if that is not ours.
    private var recorded: UnnamedObjects?
    private var isRecordRead = false
    private var olderRecords: [String] = []
    private var seenUnnamed: Set<UInt64> = []
    private var victims: [String] = []
    /// Objects of the log. The oldest goes first, so that what is left of a term has no hole, whenever a round ends.
    private var logVictims: ArraySlice<String> = []
    private var deletedCount = 0
    #if PLANTED_LOG_BEFORE_LEDGER
        var coming: Manifest?
    #endif
    /// While the eraser writes an object of the log again none is deleted: one written again behind its deletion would stand
    /// before the hole of those deleted after it. What is left goes with the next round.
    package var isLogHeld = false
    /// Where the log begins that the round that goes on leaves.
    private var roundLogStart = Position.start
    /// Nothing is left of the logs of all earlier terms, and no kept generation needs them: what is known of them need not be
    /// remembered.
    package private(set) var firstLogTerm = Term.none
    /// All that this and every older generation that is kept names is known.
    package private(set) var surveyed = Generation.none

    /// How long what nothing names stands, unless configured otherwise.
    package static let graceMilliseconds: Int64 = 24 * 3_600_000
    /// From the beginning of a round to that of the next, unless configured otherwise.
    package static let intervalMilliseconds: Int64 = 600_000

    /// - Parameter tells: whether each object is told with its verdict. Such a one need not be the coordinator's: what is in the
    ///   record was found by who knew that its attempt is over.
    package init(
        term: Term, graceMilliseconds: Int64, intervalMilliseconds: Int64, tells: Bool = false, now: Moment
    ) {
        self.tells = tells
        self.term = term
        self.graceMilliseconds = graceMilliseconds
        self.intervalMilliseconds = intervalMilliseconds
        nextRound = now.milliseconds + intervalMilliseconds
    }

    /// - Parameter newest: the newest manifest and what it names.
    package mutating func tick(now: Moment, head newest: SnapshotHead) -> [Output] {
        noteOverlays(of: newest.manifest)
        if let again = call.due(now: now) ?? read.due(now: now) { return [.operation(again)] }
        guard stage == .idle, now.milliseconds >= nextRound else { return [] }
        nextRound = now.milliseconds + intervalMilliseconds
        let head = newest.manifest
        self.head = head
        firstNeeded = firstNeeded.filter { head.kept.contains($0.key) }
        learn(newest)
        naming = naming.filter { name, naming in
            if isNamed(naming) { return true }
            wasNamed.insert(UnnamedObjects.mark(of: name))
            return false
        }
        toRead = head.kept.generations.filter { firstNeeded[$0] == nil }
        unreadable = unreadable.filter { head.kept.contains($0.key) }
        refusalCounts = refusalCounts.filter { head.kept.contains($0.key) }
        refused = [:]
        isSecondLook = false
        victims = recorded == nil ? [] : olderRecords
        logVictims = []
        seenUnnamed = []
        deletedCount = 0
        foldersLeft = Self.folders
        if !isRecordRead {
            stage = .listingRecords
            return [.operation(call.start(.list(prefix: "collection/", after: nil, limit: Self.listLimitCount)))]
        }
        return next(now: now)
    }

    /// - Parameter isOver: whether nothing written under an attempt can be published any more.
    package mutating func handle(
        _ tag: OperationTag, _ result: BucketResult, now: Moment, head newest: SnapshotHead,
        isOver: (Attempt) -> Bool, protected: Set<String>
    ) -> [Output] {
        guard
            let (operation, result) = read.handle(tag, result, now: now) ?? call.handle(tag, result, now: now)
        else { return [] }
        // What was published meanwhile is named too.
        learn(newest)
        if case .failed(let failure) = result, let generation = readGeneration {
            refused[generation] = "\(failure)"
            return skip(now: now)
        }
        switch (stage, result) {
        case (.listingRecords, .names(let names)):
            olderRecords = names.filter { ObjectName.term(ofName: $0).map { $0 < term } ?? false }
            guard let newest = olderRecords.max() else {
                isRecordRead = true
                recorded = UnnamedObjects()
                break
            }
            stage = .readingRecord
            return [.operation(call.start(.get(name: newest, range: nil)))]
        case (.readingRecord, .bytes(let bytes)):
            isRecordRead = true
            do { unnamed = try UnnamedObjects(decoding: bytes) } catch {
                // It is a hint: what it said begins anew.
                unnamed = UnnamedObjects()
            }
        case (.readingRecord, .missing): isRecordRead = true
        case (.writingRecord, .done):
            recorded = unnamed
            return finish()
        case (.readingManifest(let generation), .bytes(let bytes)):
            do {
                let manifest = try Manifest(decoding: bytes, named: operation.name)
                precondition(manifest.generation == generation, "a manifest is read under its own name")
                reading = (manifest, manifest.pages, manifest.ledgerIndex)
            } catch { return damaged(generation, operation, "\(error)", now: now) }
        case (.readingPage(let generation, _), .bytes(let bytes)):
            do {
                for cell in try ManifestPage(decoding: bytes, named: operation.name).cells {
                    note(cell.objectName, in: generation)
                }
            } catch { return damaged(generation, operation, "\(error)", now: now) }
        case (.readingLedgerIndex(let generation), .bytes(let bytes)):
            do {
                for entry in try LedgerIndex(decoding: bytes, named: operation.name).entries {
                    note(entry.object.name(in: "ledger"), in: generation)
                }
            } catch { return damaged(generation, operation, "\(error)", now: now) }
        case (.readingManifest(let generation), .missing), (.readingPage(let generation, _), .missing),
            (.readingLedgerIndex(let generation), .missing):
            return damaged(generation, operation, "the object is missing", now: now)
        case (.probing, .missing):
            for (generation, why) in refused {
                refusalCounts[generation, default: 0] += 1
                if refusalCounts[generation]! >= Self.refusalLimitCount { unreadable[generation] = why }
            }
            return abandonUnread()
        case (.probing, .size): return [.fenced]
        case (.listing(let folder), .names(let names)):
            let told = judge(names, now: now, isOver: isOver, protected: protected)
            if names.count == Self.listLimitCount, let last = names.last {
                return told + [.operation(call.start(.list(prefix: folder, after: last, limit: Self.listLimitCount)))]
            }
            return told + next(now: now)
        case (.looking, .missing):
            if let victim = victims.popLast() ?? (isLogHeld ? nil : logVictims.popFirst()) {
                stage = .deleting(victim)
                return [.operation(call.start(.delete(name: victim)))]
            }
        case (.looking, .size): return [.fenced]
        case (.deleting(let name), .done):
            deletedCount += 1
            unnamed.forget(UnnamedObjects.mark(of: name))
            wasNamed.remove(UnnamedObjects.mark(of: name))
            olderRecords.removeAll { $0 == name }
        case (_, .failed(let failure)): return abandonRound("\(failure)")
        case (_, .missing): return abandonRound("\(operation.name) is missing")
        default: return abandonRound("\(operation.name): unexpected answer of the store")
        }
        isSecondLook = false
        return next(now: now)
    }

    static let listLimitCount = 1000

    /// Generations that need not be kept.
    package var forgotten: [ClosedRange<Generation>] { unreadable.keys.sorted().map { $0...$0 } }

    /// A generation is out: once what cannot be read is kept no longer all can be known.
    package mutating func published(_ manifest: Manifest, now: Moment) {
        noteOverlays(of: manifest)
        guard !unreadable.isEmpty else { return }
        unreadable = unreadable.filter { manifest.kept.contains($0.key) }
        if unreadable.isEmpty { hurry(now: now) }
    }

    /// Whether the store is being told to delete an object of the log.
    var isDeletingLog: Bool {
        if case .deleting(let name) = stage { name.hasPrefix("log/") } else { false }
    }

    /// The next round begins at once.
    package mutating func hurry(now: Moment) { nextRound = min(nextRound, now.milliseconds) }

    /// What the surveyed and kept generations name of some folders, ascending.
    package func names(in folders: [String]) -> [String] {
        naming.filter { name, naming in isNamed(naming) && folders.contains { name.hasPrefix($0) } }.keys.sorted()
    }

    /// The first and the last generation known to name an object; all between do too.
    package func generations(naming name: String) -> ClosedRange<Generation>? {
        naming[name].map { $0.first...$0.last }
    }

    private mutating func next(now: Moment) -> [Output] {
        if var current = reading {
            if let page = current.pages.popLast() {
                reading = current
                stage = .readingPage(current.manifest.generation, page)
                return [.operation(read.start(.get(name: page.name(in: "pages"), range: nil)))]
            }
            if let index = current.ledgerIndex {
                current.ledgerIndex = nil
                reading = current
                stage = .readingLedgerIndex(current.manifest.generation)
                return [.operation(read.start(.get(name: index.name(in: "ledger"), range: nil)))]
            }
            // Known only now that all its pages are: else a page that cannot be read would be forgotten.
            learn(SnapshotHead(current.manifest))
            unreadable[current.manifest.generation] = nil
            reading = nil
        }
        if let generation = toRead.popLast() {
            stage = .readingManifest(generation)
            return [.operation(read.start(.get(name: ObjectName.manifest(generation), range: nil)))]
        }
        if !refused.isEmpty {
            stage = .probing
            return [.operation(call.start(.size(name: ObjectName.term(term.next))))]
        }
        guard unreadable.isEmpty else { return abandonUnread() }
        if foldersLeft.count == Self.folders.count, let head { surveyed = head.generation }
        if let folder = foldersLeft.first {
            foldersLeft.removeFirst()
            if folder == "log/" { roundLogStart = firstNeeded.values.min() ?? .start }
            stage = .listing(folder)
            return [.operation(call.start(.list(prefix: folder, after: nil, limit: Self.listLimitCount)))]
        }
        if !victims.isEmpty || !logVictims.isEmpty && !isLogHeld {
            stage = .looking
            return [.operation(call.start(.size(name: ObjectName.term(term.next))))]
        }
        unnamed.keep(only: seenUnnamed)
        guard unnamed == recorded else {
            stage = .writingRecord
            return [.operation(call.start(.put(name: ObjectName.collection(term), bytes: unnamed.encoded)))]
        }
        return finish()
    }

    private mutating func finish() -> [Output] {
        stage = .idle
        if logVictims.isEmpty { firstLogTerm = max(firstLogTerm, roundLogStart.term) }
        return [.finished(deletedCount: deletedCount)]
    }

    // MARK: What cannot be read

    /// The kept generation of which something is being read.
    private var readGeneration: Generation? {
        switch stage {
        case .readingManifest(let generation), .readingPage(let generation, _), .readingLedgerIndex(let generation):
            generation
        default: nil
        }
    }

    private mutating func damaged(
        _ generation: Generation, _ operation: BucketOperation, _ why: String, now: Moment
    ) -> [Output] {
        guard isSecondLook else {
            isSecondLook = true
            return [.operation(read.start(operation))]
        }
        unreadable[generation] = "\(operation.name): \(why)"
        return skip(now: now)
    }

    private mutating func skip(now: Moment) -> [Output] {
        isSecondLook = false
        reading = nil
        return next(now: now)
    }

    /// What these generations name is not known.
    private mutating func abandonUnread() -> [Output] {
        let all = unreadable.merging(refused) { why, _ in why }.sorted { $0.key < $1.key }
        let others = all.count > 1 ? ", and \(all.count - 1) other generations that are kept" : ""
        return unreadable.sorted { $0.key < $1.key }.map { .unreadable($0.key, $0.value) }
            + abandonRound((all.first?.value ?? "") + others)
    }

    private mutating func abandonRound(_ why: String) -> [Output] {
        stage = .idle
        reading = nil
        return [.abandoned(why), .finished(deletedCount: deletedCount)]
    }

    private mutating func learn(_ snapshot: SnapshotHead) {
        let manifest = snapshot.manifest
        guard firstNeeded[manifest.generation] == nil else { return }
        firstNeeded[manifest.generation] = manifest.coveredTo
        for name in snapshot.namedObjects { note(name, in: manifest.generation) }
    }

    /// An overlay may come and go between two rounds, and its worker stay: each generation is looked at, but only for overlays,
    /// which are few.
    private mutating func noteOverlays(of manifest: Manifest) {
        guard manifest.generation != lastNoted else { return }
        lastNoted = manifest.generation
        for overlay in manifest.overlays { note(overlay.objectName, in: manifest.generation) }
    }

    private mutating func note(_ name: String, in generation: Generation) {
        let known = naming[name] ?? Naming(first: generation, last: generation)
        naming[name] = Naming(first: min(known.first, generation), last: max(known.last, generation))
    }

    /// By the head, what came after it, or a kept generation.
    private func isNamed(_ naming: Naming) -> Bool {
        guard let head else { return true }
        return naming.last >= head.generation || head.kept.hasAny(from: naming.first, through: naming.last)
    }

    /// - Returns: what is told of them, if anything is.
    private mutating func judge(
        _ names: [String], now: Moment, isOver: (Attempt) -> Bool, protected: Set<String>
    ) -> [Output] {
        guard let head else { return [] }
        #if PLANTED_LOG_BEFORE_LEDGER
            // What the manifest counts that is being written.
            let logStart = coming.map { min($0.watermarks.min() ?? .start, $0.foldedTo) } ?? .start
        #else
            let logStart = firstNeeded.values.min() ?? .start
        #endif
        var told: [Output] = []
        for name in names {
            let verdict =
                if name.hasPrefix("log/") {
                    verdict(onLog: name, logStart, head)
                } else if name.hasPrefix("manifests/") {
                    verdict(onManifest: name, head)
                } else {
                    verdict(onWritten: name, now: now, isOver: isOver, protected: protected)
                }
            guard let verdict else { continue }
            if verdict == .goes, name.hasPrefix("log/") {
                logVictims.append(name)
            } else if verdict == .goes {
                victims.append(name)
            }
            if tells { told.append(.judged(name, verdict)) }
        }
        return told
    }

    private func verdict(onLog name: String, _ logStart: Position, _ head: Manifest) -> Verdict? {
        guard let end = ObjectName.endPosition(ofLog: name) else { return nil }
        let isVoid = head.ends.contains { $0.term == end.term && $0.objectCount <= end.number }
        if isVoid || (end.term, end.number) < (logStart.term, logStart.number) { return .goes }
        // Only telling is worth a look at each generation.
        guard tells else { return .needed(.none ... .none) }
        let needing = firstNeeded.filter { ($0.value.term, $0.value.number) <= (end.term, end.number) }.keys
        guard let first = needing.min(), let last = needing.max() else { return nil }
        return .needed(first...last)
    }

    private func verdict(onManifest name: String, _ head: Manifest) -> Verdict? {
        guard let generation = ObjectName.generation(ofManifest: name) else { return nil }
        return generation < head.generation && !head.kept.contains(generation)
            ? .goes : .needed(generation...generation)
    }

    private mutating func verdict(
        onWritten name: String, now: Moment, isOver: (Attempt) -> Bool, protected: Set<String>
    ) -> Verdict? {
        guard let attempt = ObjectName.attempt(ofWritten: name) else { return nil }
        let mark = UnnamedObjects.mark(of: name)
        if let naming = naming[name], isNamed(naming) {
            unnamed.forget(mark)
            return .needed(naming.first...naming.last)
        }
        #if !PLANTED_COLLECT_LIVE_ATTEMPT
            guard !protected.contains(name),
                isOver(attempt) || wasNamed.contains(mark) || tells && unnamed.contains(mark)
            else {
                return .unfinished
            }
        #else
            _ = attempt
        #endif
        seenUnnamed.insert(mark)
        let age = unnamed.see(mark, at: now.wall)
        guard age < graceMilliseconds else { return .goes }
        return .waits(until: Timestamp(milliseconds: now.wall.milliseconds + (graceMilliseconds - age)))
    }
}
