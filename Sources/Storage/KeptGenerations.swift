import ByteCoding
package import News

/// Older generations that are kept, ascending. All other numbers below the newest are void.
///
/// Ten manifests a second, all of the last hour kept, are 36,000 generations, and each manifest names them all: so they are
/// written as runs of consecutive ones, each of at most a minute and a dozen bytes. When a run was written in between its
/// ends stands in the manifests themselves.
package struct KeptGenerations: Equatable, Sendable {
    /// Consecutive generations, and when the first and the last were written.
    package struct Run: Hashable, Sendable {
        package var first: Generation
        package var last: Generation
        package var firstAt: Timestamp
        package var lastAt: Timestamp

        package init(first: Generation, last: Generation, firstAt: Timestamp, lastAt: Timestamp) {
            self.first = first
            self.last = last
            self.firstAt = firstAt
            self.lastAt = lastAt
        }

        package var count: Int { Int(last.number - first.number) + 1 }
    }

    /// Longest time from the first to the last of a run. Runs are kept or thinned out as a whole.
    package static let runMilliseconds: Int64 = 60_000
    /// Most generations of a run: one each millisecond, with room.
    static let runLimitCount: UInt64 = 65_536

    package private(set) var runs: [Run] = []

    package init() {}

    package init(_ runs: [Run]) { self.runs = runs }

    package var count: Int { runs.reduce(0) { $0 + $1.count } }
    package var isEmpty: Bool { runs.isEmpty }

    package var generations: some Sequence<Generation> {
        runs.lazy.flatMap { ($0.first.number...$0.last.number).lazy.map(Generation.init) }
    }

    /// Adds a generation above all that are there.
    ///
    /// - Parameter runMilliseconds: longest time of a run that it joins, no more than `Self.runMilliseconds`.
    package mutating func append(
        _ generation: Generation, writtenAt: Timestamp, runMilliseconds: Int64 = Self.runMilliseconds
    ) {
        if let run = runs.last {
            precondition(run.last < generation, "generations are kept in their order")
            let (length, isOver) = writtenAt.milliseconds.subtractingReportingOverflow(run.firstAt.milliseconds)
            // Wall clocks may jump: within a run time never goes back.
            if run.last.next == generation, !isOver, length <= runMilliseconds, writtenAt >= run.lastAt,
                UInt64(run.count) < Self.runLimitCount
            {
                runs[runs.count - 1].last = generation
                runs[runs.count - 1].lastAt = writtenAt
                return
            }
        }
        runs.append(Run(first: generation, last: generation, firstAt: writtenAt, lastAt: writtenAt))
    }

    /// Without those runs that have a generation in one of `ranges`. When the ends of a part of a run were written stands in
    /// the manifests alone, so runs go whole.
    package func without(_ ranges: [ClosedRange<Generation>]) -> KeptGenerations {
        KeptGenerations(runs.filter { run in !ranges.contains { $0.overlaps(run.first...run.last) } })
    }

    package func contains(_ generation: Generation) -> Bool { hasAny(from: generation, through: generation) }

    /// Whether one of these is kept.
    ///
    /// - Complexity: O(log n) of the runs.
    package func hasAny(from first: Generation, through last: Generation) -> Bool {
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].last < first { low = middle + 1 } else { high = middle }
        }
        return low < runs.count && runs[low].first <= last
    }

    func encode(to out: inout ByteWriter) {
        out.varint(runs.count)
        var last = Generation.none
        var lastAt: Int64 = 0
        for run in runs {
            out.varint(run.first.number - last.number)
            out.varint(run.last.number - run.first.number)
            out.signedVarint(run.firstAt.milliseconds &- lastAt)
            out.varint(UInt64(run.lastAt.milliseconds - run.firstAt.milliseconds))
            last = run.last
            lastAt = run.lastAt.milliseconds
        }
    }

    init(decoding reader: inout ByteReader) throws(CodingError) {
        var last: UInt64 = 0
        var lastAt: Int64 = 0
        for _ in 0..<(try reader.count("kept runs", atMost: reader.remaining / 4)) {
            let start = reader.offset
            let gap = try reader.varint()
            let more = try reader.varint()
            let (first, isFirstOver) = last.addingReportingOverflow(gap)
            guard gap > 0, !isFirstOver, more < Self.runLimitCount else {
                throw .badValue(what: "run of kept generations", offset: start)
            }
            let (end, isEndOver) = first.addingReportingOverflow(more)
            let firstAt = lastAt &+ (try reader.signedVarint())
            let length = try reader.varint()
            guard !isEndOver, end < .max, length <= UInt64(Self.runMilliseconds), firstAt <= .max - Self.runMilliseconds
            else { throw .badValue(what: "run of kept generations", offset: start) }
            last = end
            lastAt = firstAt + Int64(length)
            runs.append(
                Run(
                    first: Generation(first), last: Generation(end), firstAt: Timestamp(milliseconds: firstAt),
                    lastAt: Timestamp(milliseconds: lastAt)))
        }
    }
}

/// Which older generations stay: all of the last hour, one an hour for a day, one a day for thirty days, unless configured
/// otherwise; each to within a minute, or a sixtieth of the time for which all are kept, for runs are judged by their last.
package struct KeepPolicy: Equatable, Sendable {
    private static let hour: Int64 = 3_600_000

    /// Ages, ascending: up to the first all are kept, up to the second one an hour, up to the third one a day, and nothing is
    /// kept longer.
    package let allMilliseconds: Int64
    package let hourlyMilliseconds: Int64
    package let dailyMilliseconds: Int64

    package init() {
        (allMilliseconds, hourlyMilliseconds, dailyMilliseconds) = (Self.hour, 24 * Self.hour, 30 * 24 * Self.hour)
    }

    /// - Returns: nil unless the ages are ascending and not negative.
    package init?(allMilliseconds: Int64, hourlyMilliseconds: Int64, dailyMilliseconds: Int64) {
        guard 0 <= allMilliseconds, allMilliseconds <= hourlyMilliseconds, hourlyMilliseconds <= dailyMilliseconds
        else { return nil }
        self.allMilliseconds = allMilliseconds
        self.hourlyMilliseconds = hourlyMilliseconds
        self.dailyMilliseconds = dailyMilliseconds
    }

    private var runMilliseconds: Int64 { min(allMilliseconds / 60, KeptGenerations.runMilliseconds) }

    /// What the generation after a manifest's is to keep.
    package func kept(after manifest: Manifest, now: Timestamp) -> KeptGenerations {
        guard manifest.generation != .none else { return manifest.kept }
        var kept = manifest.kept
        kept.append(manifest.generation, writtenAt: manifest.writtenAt, runMilliseconds: runMilliseconds)
        return prune(kept, now: now)
    }

    package func prune(_ kept: KeptGenerations, now: Timestamp) -> KeptGenerations {
        var last: (bucket: Int64, width: Int64) = (.min, 0)
        var result: [KeptGenerations.Run] = []
        for run in kept.runs.reversed() {
            let age = now.milliseconds &- run.lastAt.milliseconds
            if age <= allMilliseconds {
                result.append(run)
                continue
            }
            guard age <= dailyMilliseconds else { continue }
            let width = age <= hourlyMilliseconds ? Self.hour : 24 * Self.hour
            let bucket = run.lastAt.milliseconds / width
            // The newest of each hour or day stands for it.
            if (bucket, width) != last {
                result.append(
                    KeptGenerations.Run(first: run.last, last: run.last, firstAt: run.lastAt, lastAt: run.lastAt))
                last = (bucket, width)
            }
        }
        return KeptGenerations(result.reversed())
    }
}
