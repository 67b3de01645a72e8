import ArgumentParser
import Cluster
import Storage

/// For how long what is old stays: of whoever collects.
struct KeepOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            How old generations that are kept may be: all of them, one an hour, one a day. Else 1h,24h,30d. Give whoever reigns over a store \
            the same, for what one does not keep is gone.
            """,
            valueName: "all,hourly,daily"),
        transform: Self.policy)
    var keepGenerations: KeepPolicy?
    @Option(
        help: ArgumentHelp(
            "How long what no kept generation names stands, so that its last readers can finish; else 24h.",
            valueName: "5m|24h"),
        transform: { try Age.milliseconds($0, in: 1000...Age.yearMilliseconds) })
    var collectAfter: Int64?

    var policy: KeepPolicy { keepGenerations ?? KeepPolicy() }
    var graceMilliseconds: Int64 { collectAfter ?? Collector.graceMilliseconds }

    @Sendable private static func policy(_ text: String) throws -> KeepPolicy {
        let ages = try text.split(separator: ",", omittingEmptySubsequences: false).map {
            try Age.milliseconds(String($0), in: 0...10 * Age.yearMilliseconds)
        }
        guard ages.count == 3,
            let policy = KeepPolicy(allMilliseconds: ages[0], hourlyMilliseconds: ages[1], dailyMilliseconds: ages[2])
        else { throw ValidationError("\(text) is not three ages, none smaller than the one before: write 1h,24h,30d") }
        return policy
    }
}

/// What becomes of what is old, and when: of a coordinator.
struct UpkeepOptions: ParsableArguments {
    @OptionGroup var keep: KeepOptions
    @Option(
        help: ArgumentHelp(
            "How often what nothing needs any more is looked for and deleted; else 10m.", valueName: "30s|10m"),
        transform: { try Age.milliseconds($0, in: 1000...Age.dayMilliseconds) })
    var collectEvery: Int64?
    /// For tests: a ledger of few rows is folded too.
    @Option(help: .hidden)
    var ledgerTail: Int?

    func validate() throws {
        if let ledgerTail, !(1...65_536).contains(ledgerTail) { throw ValidationError("--ledger-tail is 1 to 65536") }
    }

    var upkeep: Coordinator.Upkeep {
        var upkeep = Coordinator.Upkeep()
        upkeep.keepPolicy = keep.policy
        upkeep.collectGraceMilliseconds = keep.graceMilliseconds
        if let collectEvery { upkeep.collectIntervalMilliseconds = collectEvery }
        if let ledgerTail { upkeep.ledgerTailLimitCount = ledgerTail }
        return upkeep
    }
}

/// A time written as 30s, 10m, 24h or 7d; a bare number means seconds.
enum Age {
    static let dayMilliseconds: Int64 = 24 * 3_600_000
    static let yearMilliseconds: Int64 = 366 * dayMilliseconds

    private static let units: [(letter: Character, milliseconds: Int64)] = [
        ("d", dayMilliseconds), ("h", 3_600_000), ("m", 60_000), ("s", 1000),
    ]

    static func milliseconds(_ text: String, in range: ClosedRange<Int64>) throws -> Int64 {
        let unit = units.first { text.last == $0.letter }
        guard let count = UInt32(unit == nil ? text[...] : text.dropLast()) else {
            throw ValidationError("\(text) is no time: write 30s, 10m, 24h or 7d")
        }
        let time = Int64(count) * (unit?.milliseconds ?? 1000)
        guard range.contains(time) else {
            throw ValidationError(
                "\(text) is not between \(Self.text(range.lowerBound)) and \(Self.text(range.upperBound))")
        }
        return time
    }

    private static func text(_ milliseconds: Int64) -> String {
        let unit = units.first { milliseconds >= $0.milliseconds && milliseconds % $0.milliseconds == 0 } ?? units[3]
        return "\(milliseconds / unit.milliseconds)\(unit.letter)"
    }
}
