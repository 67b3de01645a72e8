// Takes the texts of retracted keys and of expired versions out of everything that the newest and the kept manifests name, and out of the log.
//
// Guarantees
// 1. A key is told erased only after (a) every segment that the head names was searched and none had anything of it, (b) no
//    kept generation names a segment or state object that had something of it, and (c) no log object has its text, nor would
//    after a loss of power: also what an eraser before emptied is made sure of.
//    What still lies in objects that nothing names goes with them, after the collector's grace time.
// 2. A segment is never changed: what is in the head is written again by a purge and swapped as after any merge.
// 3. A log object is emptied only when all it held is published, counted and folded, and no later term was seen after it
//    was read.
// 4. Whatever fails, or a coordinator that ends, leaves the keys among those to be erased: it begins anew.
//
// Why (a) lasts: nothing of a retracted key, or of versions of a key up to the one that expired, is pending when the search
// begins, and none is accepted before it ends; so no worker brings it again, and a merge of segments that have nothing of it
// has nothing of it. Why (c) does: what came before the retraction was known is in the
// log and covered before the log is searched; what comes later is logged as a rejection.

import ByteCoding
import News
import Storage

package struct Eraser: Sendable {
    enum Output: Equatable, Sendable {
        case operation(TaggedOperation)
        /// To a merger.
        case request(MergeScheduler.ErasureWork)
        /// Make known what kept generations name.
        case survey
        /// To be logged.
        case erased([VersionBound])
        case note(String)
        case fenced
    }

    /// What it looks at.
    struct View {
        var head: SnapshotHead
        var state: ClusterState
        /// The snapshot must come to here before all is in it that the log brought.
        var toBeCovered: Position
        /// The newest batch that was accepted, and the oldest that is not in the log yet.
        var newestToken: UInt64
        var oldestWaitingToken: UInt64?
        var collector: Collector
        /// Whether what was requested of a merger waits or runs.
        var isMergerBusy: Bool
    }

    private enum Stage: Equatable {
        case idle
        /// Until this batch is in the log: an article of a key may have been accepted while its retraction was written.
        case gathering(UInt64)
        /// Until all up to here is published.
        case covering(Position)
        /// Until all is known that this and older kept generations name.
        case surveying(Generation)
        case searchingNamed
        /// All that this generation names is searched, until nothing is found.
        case searchingHead(Generation)
        case purging
        case forgetting
        /// Until all up to here is published: dead letters came into the log before what they gave up was passed over.
        case coveringLog(Position)
        case listingLog
        /// A list named nothing: whether the newest object that is covered is there all the same.
        case doubting
        case searchingLog(after: String?)
        case reading(after: String?)
        case looking(LogObject, after: String?)
        case emptying(LogObject, after: String?)
        /// An overwritten object may come back after a loss of power; one of which a create was told that it exists does not.
        case settling(after: String?)
        case concluding
    }

    /// Keys of one round: as many as a scan for expired ones finds, and as one batch of the log holds.
    static let keyLimitCount = Limits.batchEntries
    /// Names in one search: a second or so of a merger's time.
    static let nameLimitCount = 256
    /// After a failure, at most.
    package static let restMilliseconds: Int64 = 30_000
    /// Purges in a row after which something of the keys must be live, which cannot be.
    static let purgeLimitCount = 16

    private let term: Term
    private let intervalMilliseconds: Int64
    /// Of what was retracted; what expired does not wait for one another.
    private var nextRound: Int64 = .min
    private var restsUntil: Int64 = .min
    private var stage = Stage.idle
    private var call = StoreCall(owner: .eraser)
    private var bounds: [VersionBound] = []
    /// What is still to be searched, last first, and what a merger has.
    private var queue: [String] = []
    private var asked: [String] = []
    private var searched: Set<String> = []
    private var found: Set<String> = []
    /// The newest generation of the survey.
    private var surveyed = Generation.none
    /// Segments of the generation that is being searched.
    private var passNames: Set<String> = []
    private var purgeCount = 0
    private var emptiedCount = 0
    /// Up to where the log is searched, and where earlier terms ended.
    private var covered: (position: Position, ends: [LogObject.TermEnd])?

    init(term: Term, intervalMilliseconds: Int64) {
        self.term = term
        self.intervalMilliseconds = intervalMilliseconds
    }

    var isIdle: Bool { stage == .idle }

    /// Whether an object of the log is between being read and being written again.
    var isRewritingLog: Bool {
        switch stage {
        case .reading: call.isBusy
        case .looking, .emptying, .settling: true
        default: false
        }
    }

    /// Generations that are not to be kept, while there are such.
    private(set) var forgotten: [ClosedRange<Generation>] = []

    mutating func step(_ view: View, now: Moment) -> [Output] {
        var outputs: [Output] = []
        if let again = call.due(now: now) { outputs.append(.operation(again)) }
        var before: Stage
        repeat {
            before = stage
            advance(view, now: now, &outputs)
        } while stage != before
        return outputs
    }

    mutating func found(_ names: [String], now: Moment) {
        guard !asked.isEmpty else { return }
        found.formUnion(Set(names).intersection(asked))
        searched.formUnion(asked)
        asked = []
    }

    /// A search, a purge or the log failed.
    mutating func failed(_ why: String, now: Moment) -> [Output] {
        guard stage != .idle else { return [] }
        restsUntil = now.milliseconds + min(Self.restMilliseconds, intervalMilliseconds)
        end()
        return [.note("an erasure begins anew: \(why)")]
    }

    mutating func handle(_ tag: OperationTag, _ result: BucketResult, now: Moment) -> [Output] {
        guard let (operation, result) = call.handle(tag, result, now: now) else { return [] }
        switch (stage, result) {
        case (.listingLog, .names(let names)):
            let last = names.count == Self.listLimitCount ? names.last : nil
            queue = names.reversed()
            (found, searched) = ([], [])
            stage = .searchingLog(after: last)
            guard last == nil, let covered, covered.position != .start else { break }
            if let newest = names.last ?? Self.after(operation) {
                queue += unlisted(after: newest)
            } else {
                stage = .doubting
                let name = ObjectName.log(covered.position.term, covered.position.number)
                return [.operation(call.start(.size(name: name)))]
            }
        // The oldest of the log goes first, so all of it was collected.
        case (.doubting, .missing): stage = .searchingLog(after: nil)
        case (.doubting, .size):
            return failed("a list of the log names nothing, though \(operation.name) is there", now: now)
        case (.reading(let last), .missing):
            // Collected meanwhile.
            queue.removeLast()
            stage = .reading(after: last)
        case (.reading(let last), .bytes(let bytes)):
            do {
                stage = .looking(try LogObject(decoding: bytes, named: operation.name), after: last)
                return [.operation(call.start(.size(name: ObjectName.term(term.next))))]
            } catch { return failed("\(operation.name) is corrupt: \(error)", now: now) }
        case (.looking(let object, let last), .missing):
            // Emptied by one that ended before it was sure to stay so.
            if object.isErased { return [settle(object, after: last)] }
            stage = .emptying(object.erased, after: last)
            return [.operation(call.start(.put(name: object.name, bytes: object.erased.encoded)))]
        case (.looking, .size): return [.fenced]
        case (.emptying(let stub, let last), .done):
            #if PLANTED_ERASED_UNSYNCED
                queue.removeLast()
                stage = .reading(after: last)
            #else
                emptiedCount += 1
                return [settle(stub, after: last)]
            #endif
        // Created: it was collected meanwhile, and the stub will be.
        case (.settling(let last), .exists), (.settling(let last), .done):
            queue.removeLast()
            stage = .reading(after: last)
        case (_, .failed(let failure)): return failed("\(failure)", now: now)
        default: return failed("\(operation.name): unexpected answer of the store", now: now)
        }
        return []
    }

    /// Whoever is told that an object exists finds it as it is after any loss of power.
    private mutating func settle(_ stub: LogObject, after last: String?) -> Output {
        stage = .settling(after: last)
        return .operation(call.start(.create(name: stub.name, bytes: stub.encoded)))
    }

    static let listLimitCount = 1000

    private static func after(_ operation: BucketOperation) -> String? {
        if case .list(_, let after, _) = operation { after } else { nil }
    }

    /// Objects of the log that are covered and that a list which lags may lack: those behind the last that it names.
    private func unlisted(after name: String) -> [String] {
        guard let covered, let last = ObjectName.endPosition(ofLog: name),
            last.term <= covered.position.term
        else { return [] }
        return (last.term.number...covered.position.term.number).flatMap { number in
            let term = Term(number)
            let first = term == last.term ? last.number + 1 : 0
            let end =
                term == covered.position.term
                ? covered.position.number + 1 : covered.ends.first { $0.term == term }?.objectCount ?? 0
            return (first..<max(first, end)).map { ObjectName.log(term, $0) }
        }
    }

    // MARK: Steps

    private mutating func end() {
        stage = .idle
        call.abandon()
        (bounds, queue, asked, searched, found, passNames, forgotten) = ([], [], [], [], [], [], [])
    }

    private mutating func advance(_ view: View, now: Moment, _ outputs: inout [Output]) {
        let head = view.head.manifest
        switch stage {
        case .idle:
            guard !view.state.erasures.isEmpty, now.milliseconds >= restsUntil,
                now.milliseconds >= nextRound || view.state.erasures.values.contains(where: { $0.expiration != nil })
            else { return }
            bounds = view.state.erasures.map { VersionBound(key: $0.key, through: $0.value.through) }
                .sorted { $0.key < $1.key }
            bounds = Array(bounds.prefix(Self.keyLimitCount))
            (purgeCount, emptiedCount) = (0, 0)
            stage = .gathering(view.newestToken)
        case .gathering(let token):
            guard view.oldestWaitingToken.map({ $0 > token }) ?? true else { return }
            stage = .covering(view.toBeCovered)
        case .covering(let position):
            guard head.coveredTo >= position else { return }
            outputs.append(.survey)
            stage = .surveying(head.generation)
        case .surveying(let generation):
            guard view.collector.surveyed >= generation else { return }
            surveyed = view.collector.surveyed
            queue = view.collector.names(in: ["segments/", "state/"]).reversed()
            stage = .searchingNamed
        case .searchingNamed:
            guard isSearched(view, &outputs) else { return }
            let isInHead = found.contains { name in
                name.hasPrefix("segments/")
                    && view.collector.generations(naming: name).map { $0.upperBound >= surveyed } ?? true
            }
            if isInHead { beginPass(view) } else { forget(before: surveyed, view) }
        case .searchingHead(let generation):
            guard isSearched(view, &outputs) else { return }
            let segments = view.head.manifest.overlays + view.head.cells
            let dirty = segments.filter { found.contains($0.objectName) }
            if !dirty.isEmpty {
                guard purgeCount < Self.purgeLimitCount else {
                    outputs += failed(
                        "\(dirty[0].objectName) keeps a text that is to be erased; run: coranto snapshot verify",
                        now: now)
                    return
                }
                purgeCount += 1
                outputs.append(.request(.purge(dirty)))
                stage = .purging
            } else if passNames.isDisjoint(with: found) {
                forget(before: generation, view)
            } else {
                beginPass(view)
            }
        case .purging:
            guard !view.isMergerBusy, !outputs.contains(where: Self.isRequest) else { return }
            beginPass(view)
        case .forgetting:
            let isKept = forgotten.contains { head.kept.hasAny(from: $0.lowerBound, through: $0.upperBound) }
            guard !isKept else { return }
            forgotten = []
            stage = .coveringLog(view.toBeCovered)
        case .coveringLog(let position):
            guard head.coveredTo >= position else { return }
            covered = (position, head.ends)
            stage = .listingLog
            outputs.append(.operation(call.start(.list(prefix: "log/", after: nil, limit: Self.listLimitCount))))
        case .listingLog, .doubting, .looking, .emptying, .settling: return
        case .searchingLog(let last):
            queue.removeAll { name in
                ObjectName.endPosition(ofLog: name).map { $0 > head.coveredTo } ?? true
            }
            guard isSearched(view, &outputs) else { return }
            queue = found.sorted()
            stage = .reading(after: last)
        case .reading(let last):
            guard !call.isBusy, !view.collector.isDeletingLog else { return }
            if let name = queue.last {
                outputs.append(.operation(call.start(.get(name: name, range: nil))))
            } else if let last {
                stage = .listingLog
                outputs.append(.operation(call.start(.list(prefix: "log/", after: last, limit: Self.listLimitCount))))
            } else {
                outputs.append(.erased(bounds))
                stage = .concluding
            }
        case .concluding:
            // What was retracted meanwhile stays, for the next round.
            let isLogged = bounds.allSatisfy { bound in
                view.state.erasures[bound.key].map { $0.through > bound.through } ?? true
            }
            guard isLogged else { return }
            outputs.append(
                .note(
                    "erased \(bounds.count) retracted or expired keys: \(purgeCount) purges, \(emptiedCount) log objects emptied"
                ))
            nextRound = now.milliseconds + intervalMilliseconds
            end()
        }
    }

    private static func isRequest(_ output: Output) -> Bool { if case .request = output { true } else { false } }

    /// Has the queue searched, a piece at a time.
    private mutating func isSearched(_ view: View, _ outputs: inout [Output]) -> Bool {
        guard !view.isMergerBusy, !outputs.contains(where: Self.isRequest) else { return false }
        // What a merger had that left is asked again.
        if asked.isEmpty {
            asked = queue.suffix(Self.nameLimitCount)
            queue.removeLast(asked.count)
        }
        guard !asked.isEmpty else { return true }
        outputs.append(.request(.find(bounds: bounds, names: asked)))
        return false
    }

    private mutating func beginPass(_ view: View) {
        passNames = Set((view.head.manifest.overlays + view.head.cells).map(\.objectName))
        queue = passNames.subtracting(searched).sorted()
        stage = .searchingHead(view.head.manifest.generation)
    }

    /// - Parameter generation: the first that has nothing of the keys.
    private mutating func forget(before generation: Generation, _ view: View) {
        forgotten = found.compactMap { view.collector.generations(naming: $0) }
        // What a merge made of found segments was named by generations between only.
        if generation > surveyed { forgotten.append(surveyed...Generation(generation.number - 1)) }
        forgotten = Self.union(forgotten)
        #if PLANTED_ERASED_BUT_KEPT
            forgotten = []
        #endif
        stage = .forgetting
    }

    private static func union(_ ranges: [ClosedRange<Generation>]) -> [ClosedRange<Generation>] {
        var joined: [ClosedRange<Generation>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = joined.last, range.lowerBound <= last.upperBound {
                joined[joined.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                joined.append(range)
            }
        }
        return joined
    }
}
