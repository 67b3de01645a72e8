// Finds the articles of a batch that end the process which indexes them: all together first, and where that dies, the halves.
//
// Guarantees
// 1. An article is given up only after it ended a process alone `deathLimitCount` times.
// 2. What says nothing of the articles (no process could be started) is told apart, and gives nothing up.

package struct Trial: Sendable {
    /// What became of one process.
    package enum Run: Equatable, Sendable {
        case survived
        case died(String)
        /// It could not be tried.
        case unknown(String)
    }

    package enum Next: Equatable, Sendable {
        /// Index these, of the articles given, in a process of their own.
        case run(Range<Int>)
        /// Those that are given up, with the reason.
        case finished([Verdict])
        case failed(String)
    }

    package struct Verdict: Equatable, Sendable {
        package var index: Int
        package var reason: String
    }

    package static let deathLimitCount = 3
    static let unknownLimitCount = 3

    /// What is still to be tried, the next last.
    private var ranges: [Range<Int>]
    private var deathCount = 0
    private var unknownCount = 0
    private var verdicts: [Verdict] = []

    package init(count: Int) { ranges = count > 0 ? [0..<count] : [] }

    package var next: Next { ranges.last.map { .run($0) } ?? .finished(verdicts) }

    package mutating func handle(_ run: Run) -> Next {
        guard let range = ranges.last else { return next }
        switch run {
        case .survived:
            ranges.removeLast()
            deathCount = 0
            unknownCount = 0
        case .unknown(let why):
            unknownCount += 1
            if unknownCount >= Self.unknownLimitCount { return .failed(why) }
        case .died(let why):
            unknownCount = 0
            if range.count > 1 {
                ranges.removeLast()
                let middle = range.lowerBound + range.count / 2
                ranges += [middle..<range.upperBound, range.lowerBound..<middle]
            } else {
                deathCount += 1
                guard deathCount >= Self.deathLimitCount else { break }
                ranges.removeLast()
                deathCount = 0
                verdicts.append(Verdict(index: range.lowerBound, reason: why))
            }
        }
        return next
    }
}
