/// What a seed makes of a world: its size, how long things last and how much goes wrong.
package struct Scenario: Sendable {
    package var seed: UInt64
    package var articleCount: Int
    package var shardCount: Int
    package var coordinatorCount: Int
    package var workerCount: Int
    package var mergerCount: Int
    package var faultCount: Int
    package var compactionCount: Int
    /// How long an unnamed object stands before it is collected; often shorter than an upload takes to be reported.
    package var collectGraceMilliseconds: Int64
    /// Log entries a coordinator keeps in memory: often less than wait.
    package var routedLimitBytes: Int
    /// From the first to the last fault. Articles come in the first seconds: a short span has all faults among them.
    package var faultSpanMilliseconds: Int64
    /// How much longer than other operations the reading of a log object may take: a replay then outlasts the patience
    /// of those who stand by.
    package var logReadMilliseconds: Int
    package var isTraced = false

    package init(seed: UInt64) {
        self.seed = seed
        var random = SeededRandom(seed: seed ^ 0x5CE7_A210)
        articleCount = random.int(100...350)
        shardCount = random.int(1...6)
        coordinatorCount = random.int(2...3)
        workerCount = random.int(1...4)
        mergerCount = random.int(1...2)
        faultCount = random.int(0...40)
        compactionCount = random.int(0...4)
        collectGraceMilliseconds = Int64(random.int(300...6000))
        routedLimitBytes = random.int(500...20_000)
        faultSpanMilliseconds = random.chance(500) ? 12_000 : World.workMilliseconds
        logReadMilliseconds = random.chance(200) ? random.int(500...2000) : 0
    }
}

/// A property that did not hold.
package struct Violation: Error, CustomStringConvertible, Sendable {
    package var property: String
    package var detail: String
    package var description: String { "\(property): \(detail)" }
}
