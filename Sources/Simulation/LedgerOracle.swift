import News
import Storage

/// What the ledger must say, counted from the log alone: of each source and hour how many entries were received, and of how
/// many the outcome is known, because a watermark has passed them or because they were rejected at acceptance.
struct LedgerOracle {
    struct Row: Equatable {
        var received: Int64 = 0
        var decided: Int64 = 0
    }

    private struct Routed {
        var position: Position
        var key: LedgerKey
    }

    private(set) var rows: [LedgerKey: Row] = [:]
    private var letters = LetterBook()
    private var objects: [Term: [UInt64: LogObject]] = [:]
    private var objectCount = 0
    private var countedTo = Position.start
    /// Entries of each shard and lane behind its watermark, and how many of the first are decided.
    private var streams: [ShardLane: (entries: [Routed], decidedCount: Int)] = [:]

    /// Counts what the manifest has taken in since the one before.
    ///
    /// - Parameter log: all that was ever written; only ever longer.
    /// - Throws: `Violation` if the log lacks what the manifest has counted.
    mutating func advance(to manifest: Manifest, log: [LogObject]) throws(Violation) {
        for object in log[objectCount...] { objects[object.term, default: [:]][object.number] = object }
        objectCount = log.count
        for id in try range(to: manifest, log: log) {
            guard let object = objects[id.term]?[id.number] else {
                throw Violation(
                    property: "what is counted is in the log",
                    detail: "generation \(manifest.generation.number): \(ObjectName.log(id.term, id.number))")
            }
            count(object, manifest.sharding)
        }
        countedTo = max(countedTo, manifest.foldedTo)
        for (stream, known) in streams {
            let watermark = manifest[watermark: stream]
            var decided = known.decidedCount
            while decided < known.entries.count, known.entries[decided].position <= watermark {
                // What was given up was decided then.
                if !letters.settled.contains(known.entries[decided].position) {
                    rows[known.entries[decided].key, default: Row()].decided += 1
                }
                decided += 1
            }
            streams[stream]!.decidedCount = decided
        }
    }

    /// Objects behind `countedTo` up to the manifest's `folded to`, none behind the end of its term.
    private func range(
        to manifest: Manifest, log: [LogObject]
    ) throws(Violation) -> [(term: Term, number: UInt64)] {
        let end = manifest.foldedTo
        guard end > countedTo else { return [] }
        var ids: [(term: Term, number: UInt64)] = []
        var number = countedTo == .start ? 0 : countedTo.number + 1
        for term in (countedTo.term.number...end.term.number).map(Term.init) {
            if term == end.term {
                if number <= end.number { ids += (number...end.number).map { (term, $0) } }
            } else if term != .none {
                // The manifest may have forgotten it, if it is long ago; and we have, if we begin again after a loss of power.
                guard
                    let known = manifest.ends.first(where: { $0.term == term })?.objectCount
                        ?? ValidLog(log).ends[term]
                else {
                    throw Violation(property: "what is counted is in the log", detail: "no end of term \(term.number)")
                }
                if number < known { ids += (number..<known).map { (term, $0) } }
            }
            number = 0
        }
        return ids
    }

    private mutating func count(_ object: LogObject, _ sharding: Sharding) {
        object.forEachEntry { position, lane, entry in
            let isReceived = letters.take(entry)
            switch entry {
            case .article(let article), .retried(let article):
                let key = LedgerKey(hour: object.hour, source: article.source)
                if isReceived {
                    rows[key, default: Row()].received += 1
                } else {
                    // A dead letter is pending again, at the hour when it was retried.
                    rows[key, default: Row()].decided -= 1
                }
                let stream = ShardLane(sharding.shard(of: article.key), lane)
                streams[stream, default: ([], 0)].entries.append(Routed(position: position, key: key))
            case .rejection(let rejection):
                let key = LedgerKey(hour: object.hour, source: rejection.source)
                rows[key, default: Row()].received += 1
                rows[key, default: Row()].decided += 1
            case .deadLetter(let letter):
                rows[LedgerKey(hour: letter.hour, source: letter.article.source), default: Row()].decided += 1
            case .retraction, .feed, .horizon, .dropped, .erased, .expired: break
            }
        }
    }

    /// - Throws: `Violation` naming the first row that differs.
    func check(_ ledger: LedgerRows, of manifest: Manifest) throws(Violation) {
        func require(_ holds: Bool, _ key: LedgerKey, _ what: String) throws(Violation) {
            guard !holds else { return }
            throw Violation(
                property: "the ledger's rows are those of the log",
                detail: "generation \(manifest.generation.number), source \(key.source), hour \(key.hour): \(what)")
        }
        for (key, sums) in ledger.rows {
            let row = rows[key] ?? Row()
            // Pending is what is received less all outcomes: an outcome is of one entry, and moves within its row.
            let decided = sums.received - sums.pending
            try require(sums.received == row.received, key, "received \(sums.received), the log has \(row.received)")
            try require(decided == row.decided, key, "outcomes of \(decided), due of \(row.decided)")
        }
        for (key, row) in rows where ledger.rows[key] == nil && row != Row() {
            try require(false, key, "no row, the log has \(row.received)")
        }
    }
}
