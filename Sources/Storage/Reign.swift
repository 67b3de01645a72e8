// How a process becomes the one writer of a bucket, and learns that it no longer is.
//
// Guarantees
// 1. A term object is created before anything of the earlier terms' logs is read: whoever acknowledges after that looks
//    at the terms first and finds it (create, then look, then tell).
// 2. The ends of all earlier terms are written down in `log/<term>/0` before anything else is done; later objects are void.
// 3. Before that the last object of the log that ended is made durable: its writer may have died between its being there for
//    all to see and its being safe, and from here on we answer by it. All earlier ones it was told of.
// 4. A manifest of the own term is committed before anything is read for good, so no earlier coordinator can add one: what
//    is then replayed is replayed once.
// 5. Its heartbeat begins with its term: reading what earlier terms left may take longer than anyone's patience.
// 6. Liveness is judged by a counter that stands still for a while of our own monotonic clock, never by comparing clocks.

import ByteCoding
package import News

package struct Reign: Sendable {
    package enum Output: Equatable, Sendable {
        case operation(TaggedOperation)
        /// Another reigns at this address; we wait.
        case standingBy(Term, address: String)
        /// The term is ours; what comes now may take long. Heartbeats are due from here on, until we stand by again.
        /// `isAfterOrderlyEnd`: who reigned before said that it ended, or there was nobody.
        case claimed(Term, isAfterOrderlyEnd: Bool)
        /// The first manifest of our term, committed, with what it names.
        case inherited(SnapshotHead, ClusterState)
        /// An object of an earlier term's log, in order, that may hold entries the manifest does not cover.
        case replay(LogObject)
        /// We reign, and all that must be replayed was.
        case won
        /// The bucket cannot be read or written, or holds bytes that are wrong.
        case failed(String)
    }

    private enum Stage: Equatable {
        case idle
        case listingTerms
        case probingTerm(after: Term)
        case watching(Term)
        case peeking(next: Term)
        case creatingTerm(Term)
        case listingManifests
        case probingManifest
        case findingLastLog(Term)
        case countingLog(Term, Count)
        case readingLastObject
        case settlingLastObject
        case writingEnds
        case lookingAfterEnds
        case committing
        case lookingAfterManifest
        case readingState(ClusterState.Kind)
        case readingPage(Int)
        case readingLedgerIndex
        case readingLog(Term, UInt64)
        case lookingAfterMissing(String)
        case reigning
    }

    /// Where a log ends: `low` objects are there, and the one that is being looked for lies `step` further on, or halfway to one
    /// that is not there.
    private struct Count: Equatable {
        /// Up to here the manifest covers the log.
        let first: UInt64
        var low: UInt64
        var step: UInt64 = 1
        var high: UInt64?

        init(from first: UInt64) {
            self.first = first
            low = first
        }

        var probe: UInt64 { high.map { low + ($0 - low) / 2 } ?? low + step - 1 }
        var isDone: Bool { high == low }

        mutating func found(_ number: UInt64) {
            low = number + 1
            step *= 2
        }
    }

    /// How long a heartbeat may stand still before its holder counts as gone.
    package static let patienceMilliseconds: Int64 = 5000
    static let watchIntervalMilliseconds: Int64 = 500
    /// Objects that are asked for at once: those of a log have some megabytes each.
    package static let aheadCount = 16

    private let instance: Instance
    private let address: String
    private var stage = Stage.idle
    private var call = StoreCall(owner: .reign)
    private var create = CreateCall(owner: .reign, waitsForSpace: true)
    /// Of logs that ended, and of pages: there may be thousands of objects, and each takes a while to come.
    private var ahead = ReadAhead(owner: .reignAhead, width: Self.aheadCount)
    private var outputs: [Output] = []
    private var isAfterOrderlyEnd = true

    private var term = Term.none
    private var lastCounter: UInt64?
    private var toldAddress = ""
    private var lastChange: Int64 = 0
    private var nextWatch: Int64 = 0
    /// When the last look at the heartbeat was asked for: a late answer tells nothing of the time since.
    private var askedAt: Int64 = 0

    /// What an empty bucket starts from.
    private let empty: Manifest
    private let keepPolicy: KeepPolicy
    private var manifest: Manifest
    private var committing: Manifest?
    private var state = ClusterState()
    private var cells: [SegmentReference] = []
    private var pageCellCounts: [Int] = []
    private var askedPageCount = 0
    private var ledger = LedgerIndex()
    private var ends: [LogObject.TermEnd] = []
    /// Terms whose log is still to be read, with the number of the first object and the end.
    private var unread: [(term: Term, next: UInt64, end: UInt64)] = []
    /// The same, but for what was asked for.
    private var unasked: [(term: Term, next: UInt64, end: UInt64)] = []

    /// - Parameter empty: the manifest before the first, with the settings a new bucket gets.
    package init(
        instance: Instance, address: String, empty: Manifest, keepPolicy: KeepPolicy = KeepPolicy()
    ) {
        self.keepPolicy = keepPolicy
        self.instance = instance
        self.address = address
        self.empty = empty
        manifest = empty
    }

    /// The term we claimed or reign in.
    package var ownTerm: Term { term }

    package var isReigning: Bool { stage == .reigning }

    package mutating func start(now: Moment) -> [Output] {
        lastCounter = nil
        lastChange = now.milliseconds
        term = .none
        manifest = empty
        committing = nil
        ahead.abandon()
        stage = .listingTerms
        // Terms ascend; the last is found by paging. A list may lag: probing goes on from there.
        issue(.list(prefix: "terms/", after: nil, limit: 1000))
        return flush()
    }

    package mutating func tick(now: Moment) -> [Output] {
        if let again = call.due(now: now) ?? create.due(now: now) { outputs.append(.operation(again)) }
        outputs += ahead.due(now: now).map { .operation($0) }
        if case .watching(let watched) = stage, !call.isBusy, now.milliseconds >= nextWatch {
            nextWatch = now.milliseconds + Self.watchIntervalMilliseconds
            askedAt = now.milliseconds
            issue(.get(name: ObjectName.heartbeat(watched), range: nil))
        }
        return flush()
    }

    package mutating func handle(_ tag: OperationTag, _ result: BucketResult, now: Moment) -> [Output] {
        if tag.owner == .reignAhead {
            ahead.handle(tag, result, now: now)
            while let (operation, result) = ahead.next() { take(operation, result, now: now) }
        } else if create.isBusy {
            let (outcome, next) = create.handle(tag, result, now: now)
            if let next { outputs.append(.operation(next)) }
            if let outcome { created(outcome, now: now) }
        } else if let (operation, result) = call.handle(tag, result, now: now) {
            take(operation, result, now: now)
        }
        return flush()
    }

    private mutating func take(_ operation: BucketOperation, _ result: BucketResult, now: Moment) {
        if case .failed(let failure) = result { fail("\(failure)") } else { completed(operation, result, now: now) }
    }

    // MARK: Steps

    private mutating func completed(_ operation: BucketOperation, _ result: BucketResult, now: Moment) {
        switch (stage, result) {
        case (.listingTerms, .names(let names)):
            let last = names.last.flatMap { ObjectName.term(ofName: $0) }
            if names.count == 1000, let name = names.last {
                issue(.list(prefix: "terms/", after: name, limit: 1000))
                term = last ?? term
            } else {
                probeTerm(after: last ?? term)
            }
        case (.probingTerm(let known), .bytes): probeTerm(after: known.next)
        case (.probingTerm(let known), .missing):
            known == .none ? claim(known.next, isAfterOrderlyEnd: true) : watch(known, now: now)
        case (.watching(let watched), _): observe(watched, result, now: now)
        case (.peeking, .names(let names)):
            guard let newest = names.first else { return createTerm() }
            issue(.get(name: newest, range: nil))
        case (.peeking, .bytes(let bytes)): peeked(bytes, name: operation.name)
        // Collected since it was listed: there is a newer one, which we read once the term is ours.
        case (.peeking, .missing): createTerm()
        case (.listingManifests, .names(let names)):
            let newest = names.first.flatMap { ObjectName.generation(ofManifest: $0) } ?? Generation.none
            stage = .probingManifest
            // Read what the list names, then look for later ones that the list may have missed.
            issue(.get(name: ObjectName.manifest(newest == .none ? newest.next : newest), range: nil))
        case (.probingManifest, .bytes(let bytes)): readManifest(bytes, name: operation.name)
        case (.probingManifest, .missing): manifestsRead(now: now)
        case (.findingLastLog(let candidate), .bytes(let bytes)):
            do {
                ends += try LogObject(decoding: bytes, named: operation.name).ends
                var count = Count(from: 0)
                count.found(0)
                go(on: candidate, count)
            } catch { corrupt(operation.name, error) }
        case (.findingLastLog(let candidate), .missing):
            ends.append(LogObject.TermEnd(term: candidate, objectCount: 0))
            findLog(before: candidate)
        case (.countingLog(let counted, var count), .size):
            count.found(count.probe)
            go(on: counted, count)
        case (.countingLog(let counted, var count), .missing):
            count.high = count.probe
            go(on: counted, count)
        case (.readingLastObject, .bytes(let bytes)):
            stage = .settlingLastObject
            outputs.append(.operation(create.start(name: operation.name, bytes: bytes)))
        case (.lookingAfterEnds, .missing): commit(now: now)
        case (.lookingAfterManifest, .missing): readState()
        // Either the bucket has a hole, or we were overtaken and the new coordinator has collected what we wanted.
        case (.readingState, .missing), (.readingPage, .missing), (.readingLedgerIndex, .missing),
            (.readingLog, .missing):
            ahead.abandon()
            look(.lookingAfterMissing(operation.name))
        case (.lookingAfterMissing(let name), .missing): fail("\(name) is missing, but the newest manifest names it")
        case (.lookingAfterMissing, .size): outputs += start(now: now)
        // Someone was faster; what we wrote is void or a copy, and nobody acted on it.
        case (.lookingAfterEnds, .size), (.lookingAfterManifest, .size): outputs += start(now: now)
        case (.readingState(let kind), .bytes(let bytes)):
            do {
                try state.add(kind, decoding: bytes, named: operation.name)
                readState(after: kind)
            } catch { corrupt(operation.name, error) }
        case (.readingPage(let index), .bytes(let bytes)):
            do {
                let page = try ManifestPage(decoding: bytes, named: operation.name)
                cells += page.cells
                pageCellCounts.append(page.cells.count)
                readPage(index + 1)
            } catch { corrupt(operation.name, error) }
        case (.readingLedgerIndex, .bytes(let bytes)):
            do {
                ledger = try LedgerIndex(decoding: bytes, named: operation.name)
                inherit()
            } catch { corrupt(operation.name, error) }
        case (.readingLog(_, let number), .bytes(let bytes)):
            do {
                outputs.append(.replay(try LogObject(decoding: bytes, named: operation.name)))
                unread[0].next = number + 1
                readLog()
            } catch { corrupt(operation.name, error) }
        default: fail("\(operation.name): unexpected answer of the store")
        }
    }

    private mutating func created(_ outcome: CreateCall.Outcome, now: Moment) {
        switch (stage, outcome) {
        case (.creatingTerm(let claimed), .created):
            term = claimed
            outputs.append(.claimed(claimed, isAfterOrderlyEnd: isAfterOrderlyEnd))
            stage = .listingManifests
            issue(.list(prefix: "manifests/", after: nil, limit: 1))
        case (.creatingTerm(let claimed), .taken): watch(claimed, now: now)
        case (.writingEnds, .created): look(.lookingAfterEnds)
        case (.committing, .created): look(.lookingAfterManifest)
        case (.settlingLastObject, .created): writeEnds()
        // A coordinator of an earlier term was faster: its manifest becomes the parent.
        case (.committing, .taken(let bytes)):
            do {
                manifest = try Manifest(decoding: bytes, named: committing?.name ?? "")
                if manifest.term > term { outputs += start(now: now) } else { commit(now: now) }
            } catch { corrupt(committing?.name ?? "", error) }
        case (.settlingLastObject, .taken): fail("the last object of the log that ended changed while it was read")
        case (.writingEnds, .taken): fail("\(ObjectName.log(term, 0)) was written by another process of the same term")
        case (_, .failed(let failure)): fail("\(failure)")
        default: fail("unexpected answer of the store to a create")
        }
    }

    private mutating func probeTerm(after known: Term) {
        stage = .probingTerm(after: known)
        issue(.get(name: ObjectName.term(known.next), range: nil))
    }

    private mutating func watch(_ watched: Term, now: Moment) {
        stage = .watching(watched)
        lastCounter = nil
        toldAddress = ""
        lastChange = now.milliseconds
        askedAt = now.milliseconds
        outputs.append(.standingBy(watched, address: ""))
        nextWatch = now.milliseconds + Self.watchIntervalMilliseconds
        issue(.get(name: ObjectName.heartbeat(watched), range: nil))
    }

    private mutating func observe(_ watched: Term, _ result: BucketResult, now: Moment) {
        // A heartbeat that cannot be read counts as standing still: it is overwritten each second anyway.
        var heartbeat: Heartbeat?
        if case .bytes(let bytes) = result {
            do { heartbeat = try Heartbeat(decoding: bytes) } catch { heartbeat = nil }
        }
        if let heartbeat {
            if heartbeat.hasEnded { return claim(watched.next, isAfterOrderlyEnd: true) }
            if heartbeat.counter != lastCounter {
                // One that has not read the log yet tells no address.
                if heartbeat.address != toldAddress {
                    toldAddress = heartbeat.address
                    outputs.append(.standingBy(watched, address: heartbeat.address))
                }
                lastCounter = heartbeat.counter
                lastChange = now.milliseconds
            }
        }
        if askedAt - lastChange >= Self.patienceMilliseconds { claim(watched.next, isAfterOrderlyEnd: false) }
    }

    /// What we could not work by is known before anything is written: who can must not be overtaken by us.
    private mutating func claim(_ next: Term, isAfterOrderlyEnd orderly: Bool) {
        isAfterOrderlyEnd = orderly
        stage = .peeking(next: next)
        issue(.list(prefix: "manifests/", after: nil, limit: 1))
    }

    private mutating func peeked(_ bytes: [UInt8], name: String) {
        do {
            if let why = refusal(of: try Manifest(decoding: bytes, named: name)) { return fail(why) }
            createTerm()
        } catch { corrupt(name, error) }
    }

    private func refusal(of manifest: Manifest) -> String? {
        manifest.settings.refusal.map {
            "the bucket's settings are not ours: \($0)"
                + (manifest.settings.recordRefusal == nil ? "; to go on by ours run: coranto snapshot upgrade" : "")
        }
    }

    private mutating func createTerm() {
        guard case .peeking(let next) = stage else { return }
        stage = .creatingTerm(next)
        let object = TermObject(term: next, instance: instance, address: address)
        outputs.append(.operation(create.start(name: ObjectName.term(next), bytes: object.encoded)))
    }

    private mutating func readManifest(_ bytes: [UInt8], name: String) {
        do {
            let found = try Manifest(decoding: bytes, named: name)
            manifest = found
            issue(.get(name: ObjectName.manifest(found.generation.next), range: nil))
        } catch { corrupt(name, error) }
    }

    private mutating func manifestsRead(now: Moment) {
        // While we slept a later term came and published.
        guard manifest.term < term else { return outputs += start(now: now) }
        // Nothing was written yet but the term: another program may still go on from here.
        if let why = refusal(of: manifest) { return fail(why) }
        ends = []
        findLog(before: term)
    }

    /// The newest earlier term that wrote its first log object has recorded the ends of all before it. Of terms up to
    /// the manifest's the manifest knows them.
    private mutating func findLog(before later: Term) {
        let candidate = Term(later.number - 1)
        if candidate != manifest.term {
            stage = .findingLastLog(candidate)
            issue(.get(name: ObjectName.log(candidate, 0), range: nil))
        } else if candidate == .none {
            writeEnds()
        } else {
            ends += manifest.ends
            // Objects before the watermarks may be collected; the end is not before them.
            let covered = max(manifest.watermarks.max() ?? .start, manifest.foldedTo)
            go(on: candidate, Count(from: covered.term == candidate ? covered.number + 1 : 1))
        }
    }

    /// The end of a log is its first gap. An object is begun only when the one before it is there for all to see, so what a log
    /// has is found by doubling steps and then halves, in a few dozen looks however long it is. One that was lost since is mostly not
    /// taken for the end, but found missing when the log is read.
    private mutating func go(on counted: Term, _ count: Count) {
        guard count.isDone else {
            stage = .countingLog(counted, count)
            return issue(.size(name: ObjectName.log(counted, count.probe)))
        }
        ends.append(LogObject.TermEnd(term: counted, objectCount: count.low))
        guard count.low > count.first else { return writeEnds() }
        stage = .readingLastObject
        issue(.get(name: ObjectName.log(counted, count.low - 1), range: nil))
    }

    private mutating func writeEnds() {
        stage = .writingEnds
        ends.sort { $0.term < $1.term }
        // The time of this object is never used: it holds no entries.
        let object = LogObject(
            term: term, number: 0, instance: instance, acceptedAt: Timestamp(milliseconds: 0), ends: ends)
        outputs.append(.operation(create.start(name: object.name, bytes: object.encoded)))
    }

    private mutating func look(_ next: Stage) {
        stage = next
        issue(.size(name: ObjectName.term(term.next)))
    }

    /// Commits a copy of the newest manifest under our term.
    private mutating func commit(now: Moment) {
        stage = .committing
        var own = manifest
        own.kept = keepPolicy.kept(after: manifest, now: now.wall)
        own.parent = manifest.generation
        own.generation = manifest.generation.next
        own.term = term
        own.instance = instance
        own.writtenAt = now.wall
        own.ends = ends
        committing = own
        outputs.append(.operation(create.start(name: own.name, bytes: own.encoded)))
    }

    private mutating func readState() {
        manifest = committing ?? manifest
        state = ClusterState()
        cells = []
        pageCellCounts = []
        askedPageCount = 0
        ledger = LedgerIndex()
        readState(after: nil)
    }

    private mutating func readState(after last: ClusterState.Kind?) {
        let left = manifest.state.filter { kind, _ in last.map { $0 < kind } ?? true }
        guard let (kind, named) = left.min(by: { $0.key < $1.key }) else { return readPage(0) }
        stage = .readingState(kind)
        issue(.get(name: named.name(in: "state"), range: nil))
    }

    private mutating func readPage(_ index: Int) {
        guard index < manifest.pages.count else { return readLedgerIndex() }
        stage = .readingPage(index)
        while askedPageCount < manifest.pages.count, !ahead.isFull {
            let name = manifest.pages[askedPageCount].name(in: "pages")
            outputs.append(.operation(ahead.ask(.get(name: name, range: nil))))
            askedPageCount += 1
        }
    }

    private mutating func readLedgerIndex() {
        guard let named = manifest.ledgerIndex else { return inherit() }
        stage = .readingLedgerIndex
        issue(.get(name: named.name(in: "ledger"), range: nil))
    }

    private mutating func inherit() {
        outputs.append(
            .inherited(
                SnapshotHead(manifest, cells: cells, pageCellCounts: pageCellCounts, ledger: ledger), state))
        let start = min(manifest.watermarks.min() ?? .start, manifest.foldedTo)
        unread = []
        for end in ends where end.term >= start.term {
            let first = end.term == start.term ? start.number : 0
            if first < end.objectCount { unread.append((end.term, first, end.objectCount)) }
        }
        unasked = unread
        readLog()
    }

    private mutating func readLog() {
        while let first = unasked.first, !ahead.isFull {
            outputs.append(.operation(ahead.ask(.get(name: ObjectName.log(first.term, first.next), range: nil))))
            unasked[0].next += 1
            if unasked[0].next == first.end { unasked.removeFirst() }
        }
        if let first = unread.first, first.next == first.end { unread.removeFirst() }
        if let first = unread.first {
            stage = .readingLog(first.term, first.next)
        } else {
            stage = .reigning
            outputs.append(.won)
        }
    }

    // MARK: Helpers

    private mutating func issue(_ operation: BucketOperation) { outputs.append(.operation(call.start(operation))) }

    private mutating func corrupt(_ name: String, _ error: CodingError) {
        if case .unsupportedVersion = error {
            fail("\(name): \(error); use the version of coranto that writes here")
        } else {
            fail("\(name) is corrupt: \(error)")
        }
    }

    private mutating func fail(_ message: String) {
        stage = .idle
        ahead.abandon()
        outputs.append(.failed(message))
    }

    private mutating func flush() -> [Output] {
        defer { outputs = [] }
        return outputs
    }
}
