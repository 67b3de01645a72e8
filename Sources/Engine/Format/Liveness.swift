import News

/// Which documents of some segments are dead, and what is wrong with their kills.
struct Liveness {
    private(set) var dead: [DocumentSet]
    /// Documents killed twice or that are there twice.
    private(set) var killedTwice: [EngineError] = []
    private(set) var killsWithoutLoser: [EngineError] = []
    /// For each segment, for each of its kills, whether its loser is in one of the segments.
    private(set) var isMatched: [[Bool]]
    /// Where the losers are: kill of a segment, and its document.
    private(set) var losers: [Loser] = []

    struct Loser {
        let killSegment: Int
        let kill: Int
        let segment: Int
        let ordinal: UInt32
    }

    /// What is wrong if the segments are a whole snapshot.
    var findings: [EngineError] { killedTwice + killsWithoutLoser }

    /// Reads in a round of its own, or in none if there are no kills.
    init(of segments: [SegmentReader], source: any ByteSource) throws {
        var round = ReadRound()
        let killed = KillLocator(segments, &round)
        self.init(of: segments, try killed.matches(round.run(source)))
    }

    /// - Parameter matches: of all kills of the segments.
    init(of segments: [SegmentReader], _ matches: [KillLocator.Match]) {
        dead = segments.map { DocumentSet(documentCount: $0.documentCount) }
        isMatched = segments.map { [Bool](repeating: false, count: $0.kills.count) }
        var kills: [Kill] = []
        var owners: [(segment: Int, kill: Int)] = []
        for (index, segment) in segments.enumerated() {
            for (number, row) in segment.kills.enumerated() {
                kills.append(row.kill)
                owners.append((index, number))
            }
        }
        for match in matches {
            let owner = owners[match.kill]
            let segment = segments[match.segment]
            let isFirst = dead[match.segment].insert(match.ordinal)
            if !isFirst || isMatched[owner.segment][owner.kill] {
                killedTwice.append(
                    segment.corrupt(
                        .documents, UInt64(match.ordinal) * UInt64(SegmentFormat.documentRowBytes),
                        "document \(match.ordinal), key \(kills[match.kill].key.hex), is killed twice or there twice"
                    ).with(.mismatch))
            }
            isMatched[owner.segment][owner.kill] = true
            losers.append(
                Loser(
                    killSegment: owner.segment, kill: owner.kill, segment: match.segment, ordinal: match.ordinal))
        }
        for (index, segment) in segments.enumerated() {
            for number in segment.kills.indices where !isMatched[index][number] {
                killsWithoutLoser.append(
                    segment.corrupt(
                        .kills, UInt64(number * SegmentFormat.killRowBytes),
                        "kill \(number), key \(segment.kills[number].kill.key.hex), has no loser in the snapshot"
                    ).with(.mismatch))
            }
        }
    }
}

extension EngineError {
    func with(_ code: Code) -> EngineError {
        var changed = self
        changed.code = code
        return changed
    }
}
