// Deletes what nothing names any more.
//
// Guarantees
// 1. Nothing is deleted that the newest or a kept manifest names, or that may still be published: written under an attempt
//    that is not over.
// 2. A written object goes only after it stood unnamed for `graceMilliseconds` of our own clock, so that readers of a
//    snapshot that has just left the kept ones can finish.
// 3. Log objects go only when they lie wholly behind the watermarks of every kept manifest.
// 4. Before each deletion no later term was seen.

package import News
package import Storage

package struct Collector: Sendable {
    package enum Output: Equatable, Sendable {
        case operation(TaggedOperation)
        case finished(deletedCount: Int)
        case fenced
    }

    private enum Stage: Equatable {
        case idle
        case readingManifest(Generation)
        case readingPage(Generation, Manifest.Named)
        case listing(String)
        case looking
        case deleting(String)
    }

    private struct Names: Sendable {
        var written: Set<String>
        var firstNeeded: Position
    }

    static let folders = ["segments/", "pages/", "state/", "ledger/", "log/", "manifests/"]

    private let term: Term
    private let graceMilliseconds: Int64
    private let intervalMilliseconds: Int64
    private var nextRound: Int64
    private var stage = Stage.idle
    private var call = StoreCall(owner: .collector)
    private var head: Manifest?
    /// What each kept generation names; manifests never change, so each is read once.
    private var known: [Generation: Names] = [:]
    private var toRead: [Generation] = []
    private var reading: (generation: Generation, manifest: Manifest, pages: [Manifest.Named])?
    private var foldersLeft: [String] = []
    private var unnamedSince: [String: Int64] = [:]
    private var seenUnnamed: Set<String> = []
    private var victims: [String] = []
    private var deletedCount = 0

    package init(term: Term, graceMilliseconds: Int64, intervalMilliseconds: Int64, now: Moment) {
        self.term = term
        self.graceMilliseconds = graceMilliseconds
        self.intervalMilliseconds = intervalMilliseconds
        nextRound = now.milliseconds + intervalMilliseconds
    }

    /// - Parameter head: the newest manifest, with `cells`, the cells it names.
    package mutating func tick(now: Moment, head: Manifest, cells: [SegmentReference]) -> [Output] {
        if let again = call.due(now: now) { return [.operation(again)] }
        guard stage == .idle, now.milliseconds >= nextRound else { return [] }
        nextRound = now.milliseconds + intervalMilliseconds
        self.head = head
        let kept = Set(head.kept.map(\.generation))
        known = known.filter { kept.contains($0.key) }
        known[head.generation] = names(head, cells.map(\.objectName))
        toRead = kept.filter { known[$0] == nil }.sorted()
        victims = []
        seenUnnamed = []
        deletedCount = 0
        foldersLeft = Self.folders
        return [next(now: now)].compactMap { $0 }
    }

    /// - Parameter isOver: whether nothing written under an attempt can be published any more.
    package mutating func handle(
        _ tag: OperationTag, _ result: BucketResult, now: Moment, head newest: Manifest, cells: [SegmentReference],
        isOver: (Attempt) -> Bool, protected: Set<String>
    ) -> [Output] {
        guard let (operation, result) = call.handle(tag, result, now: now) else { return [] }
        // What was published meanwhile is named too.
        known[newest.generation] = names(newest, cells.map(\.objectName))
        switch (stage, result) {
        case (.readingManifest(let generation), .bytes(let bytes)):
            do {
                let manifest = try Manifest(decoding: bytes, named: operation.name)
                reading = (generation, manifest, manifest.pages)
                known[generation] = names(manifest, [])
            } catch {
                // A kept manifest that cannot be read: whatever it named must stay.
                return abandonRound()
            }
        case (.readingPage(let generation, _), .bytes(let bytes)):
            do {
                known[generation]?.written.formUnion(
                    try ManifestPage(decoding: bytes, named: operation.name).cells.map(\.objectName))
            } catch { return abandonRound() }
        case (.listing(let folder), .names(let names)):
            judge(names, now: now, isOver: isOver, protected: protected)
            if names.count == Self.listLimitCount, let last = names.last {
                return [.operation(call.start(.list(prefix: folder, after: last, limit: Self.listLimitCount)))]
            }
        case (.looking, .missing):
            if let victim = victims.popLast() {
                stage = .deleting(victim)
                return [.operation(call.start(.delete(name: victim)))]
            }
        case (.looking, .size): return [.fenced]
        case (.deleting(let name), .done):
            deletedCount += 1
            unnamedSince[name] = nil
        default: return abandonRound()
        }
        return [next(now: now)].compactMap { $0 }
    }

    static let listLimitCount = 1000

    private mutating func next(now: Moment) -> Output? {
        if var current = reading {
            if let page = current.pages.popLast() {
                reading = current
                stage = .readingPage(current.generation, page)
                return .operation(call.start(.get(name: page.name(in: "pages"), range: nil)))
            }
            reading = nil
        }
        if let generation = toRead.popLast() {
            stage = .readingManifest(generation)
            return .operation(call.start(.get(name: ObjectName.manifest(generation), range: nil)))
        }
        if let folder = foldersLeft.first {
            foldersLeft.removeFirst()
            stage = .listing(folder)
            return .operation(call.start(.list(prefix: folder, after: nil, limit: Self.listLimitCount)))
        }
        if !victims.isEmpty {
            stage = .looking
            return .operation(call.start(.size(name: ObjectName.term(term.next))))
        }
        stage = .idle
        unnamedSince = unnamedSince.filter { seenUnnamed.contains($0.key) }
        return .finished(deletedCount: deletedCount)
    }

    private mutating func abandonRound() -> [Output] {
        stage = .idle
        reading = nil
        return [.finished(deletedCount: deletedCount)]
    }

    private func names(_ manifest: Manifest, _ cells: [String]) -> Names {
        return Names(
            written: manifest.namedObjects.union(cells),
            firstNeeded: min(manifest.watermarks.min() ?? .start, manifest.foldedTo))
    }

    private mutating func judge(
        _ names: [String], now: Moment, isOver: (Attempt) -> Bool, protected: Set<String>
    ) {
        guard let head else { return }
        let firstNeeded = known.values.map(\.firstNeeded).min() ?? .start
        let keptNames = Set(known.keys.map { ObjectName.manifest($0) })
        for name in names {
            if name.hasPrefix("log/") {
                let parts = name.split(separator: "/")
                guard parts.count == 3, let term = UInt64(parts[1], radix: 16), let number = UInt64(parts[2], radix: 16)
                else { continue }
                if (term, number) < (firstNeeded.term.number, firstNeeded.number) { victims.append(name) }
            } else if name.hasPrefix("manifests/") {
                guard let generation = ObjectName.generation(ofManifest: name) else { continue }
                if generation < head.generation, !keptNames.contains(name) { victims.append(name) }
            } else {
                guard let attempt = ObjectName.attempt(ofWritten: name) else { continue }
                guard !known.values.contains(where: { $0.written.contains(name) }) else {
                    unnamedSince[name] = nil
                    continue
                }
                #if !PLANTED_COLLECT_LIVE_ATTEMPT
                    guard !protected.contains(name), isOver(attempt) else { continue }
                #else
                    _ = attempt
                #endif
                seenUnnamed.insert(name)
                let since = unnamedSince[name] ?? now.milliseconds
                unnamedSince[name] = since
                if now.milliseconds - since >= graceMilliseconds { victims.append(name) }
            }
        }
    }
}
