import News
import Roles
import Storage

/// The log of a store that may be damaged: where each term ends, and which objects before the ends cannot be read.
struct RebuildLog {
    /// Ends of the earlier terms, ascending, but for those that the newest manifest tells no longer: they are collected.
    private(set) var ends: [LogObject.TermEnd] = []
    /// Of each term the first number that is there and the end; what lies before the first was collected, or is lost.
    private(set) var kept: [(term: Term, numbers: Range<UInt64>)] = []
    /// Between those, missing or damaged.
    private(set) var lost: Set<String> = []
    /// Of those that are there: without their texts, as one of them was to be erased. The others are only in what was published.
    private let erased: Set<String>
    private let loader: SnapshotLoader
    private let own: Term

    /// - Parameters:
    ///   - names: of all log objects.
    ///   - isDamaged: whether an object was found so.
    ///   - erased: objects whose texts were taken out.
    ///   - known: the newest manifest: it tells the ends of all terms before its own of which anything may be left.
    ///   - reached: positions that manifests name: the log went at least so far, even if its last objects are gone.
    init(
        before own: Term, names: [String], isDamaged: (String) -> Bool, erased: Set<String>,
        known: Manifest?, reached: [Position], loader: SnapshotLoader
    ) throws {
        self.loader = loader
        self.own = own
        self.erased = erased
        var numbers: [Term: [UInt64]] = [:]
        for name in names {
            guard let term = UInt64(name.dropFirst(4).prefix(16), radix: 16),
                let number = UInt64(name.dropFirst(21), radix: 16)
            else { continue }
            numbers[Term(term), default: []].append(number)
        }
        var counts: [Term: UInt64] = [:]
        var term = own
        while term.number > 1, term > known?.term ?? .none {
            term = Term(term.number - 1)
            // Nobody can add to it any more: we hold a later term. Behind a hole may lie what was acknowledged.
            var count = numbers[term]?.max().map { $0 + 1 } ?? 0
            while case .size = try loader.perform(.size(name: ObjectName.log(term, count))) { count += 1 }
            for position in reached where position.term == term { count = max(count, position.number + 1) }
            counts[term] = count
            let first = ObjectName.log(term, 0)
            guard count > 0, !isDamaged(first), numbers[term]?.contains(0) ?? false else { continue }
            let object = try LogObject(decoding: loader.bytes(first), named: first)
            for end in object.ends { counts[end.term] = end.objectCount }
            break
        }
        for end in known?.ends ?? [] where counts[end.term] == nil { counts[end.term] = end.objectCount }
        ends = counts.filter { $0.key < own }.map { .init(term: $0.key, objectCount: $0.value) }
            .sorted { $0.term < $1.term }
        for end in ends {
            let counted = Set((numbers[end.term] ?? []).filter { $0 < end.objectCount })
            guard let first = counted.min() else { continue }
            kept.append((end.term, first..<end.objectCount))
            for number in first..<end.objectCount {
                let name = ObjectName.log(end.term, number)
                if !counted.contains(number) || isDamaged(name) { lost.insert(name) }
            }
        }
    }

    /// Position that covers all of it.
    var endPosition: Position {
        guard let last = ends.last(where: { $0.objectCount > 0 }) else { return .start }
        return Position(term: last.term, number: last.objectCount - 1, index: .max)
    }

    /// Whether the last object that it is known to have had can be read: behind one that is gone nobody knows what there was.
    var hasLast: Bool {
        guard let last = ends.last(where: { $0.objectCount > 0 }) else { return false }
        return kept.contains { $0.term == last.term } && !lost.contains(ObjectName.log(last.term, last.objectCount - 1))
    }

    /// Whether everything from `position` on can be read.
    func isWhole(from position: Position) -> Bool {
        if position >= endPosition { return true }
        // What stood in a term without an end cannot be told.
        let start = max(position.term, Term(1))
        guard UInt64(ends.count { $0.term >= start }) == own.number - start.number else { return false }
        for end in ends where end.term >= position.term {
            let first = end.term == position.term ? position.number : 0
            guard first < end.objectCount else { continue }
            guard let range = kept.first(where: { $0.term == end.term })?.numbers, range.lowerBound <= first else {
                return false
            }
            for number in first..<end.objectCount {
                let name = ObjectName.log(end.term, number)
                let isCovered = end.term == position.term && number == position.number && position.index == .max
                if lost.contains(name) || (!isCovered && erased.contains(name)) { return false }
            }
        }
        return true
    }

    /// How many articles that a manifest counts as pending are in objects that can be read.
    func pendingCount(of manifest: Manifest) throws -> Int64 {
        guard manifest.sums.pending > 0 else { return 0 }
        var count: Int64 = 0
        try forEachObject { _, object in
            object.forEachEntry { position, lane, entry in
                switch entry {
                case .article(let article), .retried(let article):
                    let shard = manifest.sharding.shard(of: article.key)
                    if position <= manifest.foldedTo, position > manifest[watermark: ShardLane(shard, lane)] {
                        count += 1
                    }
                case .rejection, .retraction, .feed, .horizon, .deadLetter, .dropped, .erased, .expired: break
                }
            }
        }
        return count
    }

    /// Calls `body` with every object that can be read, in order, each with its number among all of them.
    func forEachObject(_ body: (Int, LogObject) throws -> Void) throws {
        var index = 0
        for (term, numbers) in kept {
            let start = index
            let names = numbers.lazy.map { ObjectName.log(term, $0) }.filter { !lost.contains($0) }
            try loader.forEachWhole(names) { name, bytes in
                guard let bytes else {
                    throw StoreError(
                        .missing, object: name, message: "the object went away", hint: "stop every coordinator")
                }
                let object = try LogObject(decoding: bytes, named: name)
                try body(start + Int(object.number - numbers.lowerBound), object)
                return true
            }
            index += numbers.count
        }
    }
}
