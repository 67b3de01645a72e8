import ByteCoding
import News
import Storage

/// Finds the losers of the kills of some segments among their documents, by (order key, version). The sparse order index
/// leads to the 64 rows where a loser must stand, so one round brings all that is needed, and others may read in it too.
struct KillLocator {
    /// A kill, counted from the first segment's on, and a loser that it names.
    struct Match: Equatable {
        let kill: Int
        let segment: Int
        let ordinal: UInt32
    }

    fileprivate struct Probe {
        let kill: Int
        let documents: Range<Int>
    }

    private let kills: [Kill]
    /// For each segment where losers would stand, and the rows that are read for it.
    private var probes: [[Probe]] = []
    private var runs: [[Range<Int>]] = []
    /// Index of the first of this reader's slices in the round.
    private let firstSlice: Int

    /// Adds what must be read to a round; nothing if there are no kills.
    init(_ segments: [SegmentReader], _ round: inout ReadRound) {
        kills = segments.flatMap { $0.kills.map(\.kill) }
        firstSlice = round.count
        guard !kills.isEmpty else { return }
        let width = SegmentFormat.documentRowBytes
        for segment in segments {
            let mine = segment.probes(for: kills)
            let merged = Self.union(of: mine.map(\.documents))
            for run in merged {
                round.add(segment, .times, UInt64(run.lowerBound * 8)..<UInt64(run.upperBound * 8))
                round.add(segment, .documents, UInt64(run.lowerBound * width)..<UInt64(run.upperBound * width))
            }
            probes.append(mine)
            runs.append(merged)
        }
    }

    /// - Parameter slices: of the whole round.
    /// - Returns: every document that has the key, order time and version of a kill, ordered by segment and ordinal.
    func matches(_ slices: [SectionSlice]) throws -> [Match] {
        var matches: [Match] = []
        var next = firstSlice
        for index in probes.indices {
            var found: [Match] = []
            var pending = probes[index][...]
            for run in runs[index] {
                let times = try slices[next].values(UInt64.self)
                let documents = slices[next + 1]
                next += 2
                while let probe = pending.first, probe.documents.lowerBound < run.upperBound {
                    pending.removeFirst()
                    let kill = kills[probe.kill]
                    let bits = kill.orderKey.timeBits
                    for document in probe.documents where times[document - run.lowerBound] == bits {
                        let identity = try documents.identity(document - run.lowerBound)
                        if identity.key == kill.key, identity.version == kill.version {
                            found.append(Match(kill: probe.kill, segment: index, ordinal: UInt32(document)))
                        }
                    }
                }
            }
            matches += found.sorted { ($0.ordinal, $0.kill) < ($1.ordinal, $1.kill) }
        }
        return matches
    }

    /// Joined ranges that overlap or touch.
    private static func union(of sorted: [Range<Int>]) -> [Range<Int>] {
        var joined: [Range<Int>] = []
        for range in sorted {
            if let last = joined.last, range.lowerBound <= last.upperBound {
                joined[joined.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                joined.append(range)
            }
        }
        return joined
    }

    fileprivate static func probe(kill: Int, documents: Range<Int>) -> Probe { Probe(kill: kill, documents: documents) }
}

extension SegmentReader {
    /// Where the losers of `kills` would stand, ascending; those that cannot be here are left out.
    fileprivate func probes(for kills: [Kill]) -> [KillLocator.Probe] {
        guard let span = footer.span else { return [] }
        var probes: [KillLocator.Probe] = []
        for (index, kill) in kills.enumerated() {
            let place = kill.orderKey
            guard span.contains(place), keyFilter.mayContain(kill.key) else { continue }
            // From the entry before the first that is not before `place` to the first that is after it: the same place may
            // hold several versions.
            let low = documentIndex.firstIndex(from: 0) { !($0 < place) }
            let high = documentIndex.firstIndex(from: low) { place < $0 }
            let start = max(low - 1, 0) * SegmentFormat.documentsPerIndexEntry
            let end = min(max(high, 1) * SegmentFormat.documentsPerIndexEntry, documentCount)
            probes.append(KillLocator.probe(kill: index, documents: start..<end))
        }
        return probes.sorted { $0.documents.lowerBound < $1.documents.lowerBound }
    }
}

extension Array {
    /// First index from `start` on for whose element `condition` holds, which stays true from there on; the count if none.
    func firstIndex(from start: Int, _ condition: (Element) -> Bool) -> Int {
        var low = start
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if condition(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
