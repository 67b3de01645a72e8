import Storage

/// What a seed makes of a world: its size, how long things last and how much goes wrong.
package struct Scenario: Sendable {
    package enum Shape: String, Sendable {
        /// What counts: at least 300 articles, 3 workers, 2 coordinators and 20 faults.
        case full
        /// One worker or few articles too, sometimes without faults; other things go wrong there.
        case small
    }

    /// What each seed of the full shape must have had.
    package static let leastArticleCount = 300
    package static let leastWorkerCount = 3
    package static let leastCoordinatorCount = 2
    package static let leastFaultCount = 20

    package var seed: UInt64
    package let shape: Shape
    package var articleCount: Int
    package var shardCount: Int
    package var coordinatorCount: Int
    package var workerCount: Int
    package var mergerCount: Int
    package var fetcherCount: Int
    /// Faults that strike a process, a connection or the store at a time of their own.
    package var faultCount: Int
    /// Faults that wait for a common step.
    package var armedCount: Int
    /// How likely each rare step has a fault waiting for it, in a thousand.
    package var rarePerMille: Int
    /// The same of the steps of an erasure.
    package var erasurePerMille = 200
    /// Of ten thousand operations of the store, how many meet each of the commonest faults.
    package var commonPerTenThousand = 12
    /// What is late is so by at least two seconds, and at most by this.
    package var longestDelayMilliseconds = 4500
    /// How many of the faults that wait for a common step wait for one of those that come once something is published, in a
    /// thousand.
    package var latePerMille = 700
    /// How likely each of the faults that lead to rare steps is.
    package var consequencePerMille = 150
    package var clientCount: Int
    package var compactionCount: Int
    /// Power fails at so many moments: what was not synced may be gone.
    package var powerLossCount: Int
    /// And soon after so many times that the log said that something was erased.
    package var erasurePowerLossCount = 0
    /// How long an unnamed object stands before it is collected, by wall clocks; often shorter than an upload takes to be
    /// reported.
    package var collectGraceMilliseconds: Int64
    /// Log entries a coordinator keeps in memory: often less than wait.
    package var routedLimitBytes: Int
    /// From the first to the last fault. Articles come in the first seconds: a short span has all faults among them.
    package var faultSpanMilliseconds: Int64
    /// How much longer than other operations the reading of a log object may take: a replay then outlasts the patience
    /// of those who stand by.
    package var logReadMilliseconds: Int
    /// How many times faster than the monotonic clock the wall clock runs: so that seconds see hours, and kept generations
    /// are thinned out within a run.
    package var wallFactor: Int64
    /// Articles that end whoever indexes them.
    package var poisonCount = 0
    /// From when on they no longer do, as after a correction of the program; nil if never.
    package var curedAt: Int64?
    /// How often somebody retries or drops a dead letter.
    package var letterRequestCount = 0
    /// How often somebody sets a rule of retention or takes one back.
    package var retentionCount = 0
    /// Whether a coordinator takes it that workers ended with the one before it.
    package var isWithItsWorkers = false
    /// Whether the bucket is an object store, spoken to by `S3Call`; else a folder.
    package var isObjectStore = false
    /// Segments above this go up in parts, if the bucket is an object store.
    package var partBytes = 1500
    /// Generations are thinned out quickly, coordinators change and the store seldom hangs: much is collected while
    /// things go wrong.
    package var isCollecting = false
    package var cellTargetBytes: UInt64 = 2500
    package var collectIntervalMilliseconds: Int64 = 1500
    /// A client sends its next batch within this.
    package var clientPauseMilliseconds = 400
    /// How often whoever reigns ends.
    package var takeOverCount = 0
    /// How long a connection may go on after a message was lost on it.
    package var overtakenMilliseconds = 300
    /// How often all connections are cut at once.
    package var switchFailureCount = 0
    /// Cells that a page of a manifest names: few, so that there are several pages.
    package var pageCellLimitCount = ManifestPage.cellLimitCount
    package var isTraced = false

    package init(seed: UInt64, shape: Shape = .full) {
        self.seed = seed
        self.shape = shape
        var random = SeededRandom(seed: seed ^ 0x5CE7_A210)
        let isFull = shape == .full
        articleCount = isFull ? random.int(305...360) : random.int(100...350)
        shardCount = isFull ? random.int(2...7) : random.int(1...6)
        clientCount = isFull ? 5 : random.int(1...3)
        coordinatorCount = random.int(2...3)
        workerCount = isFull ? random.int(3...4) : random.int(1...4)
        mergerCount = random.int(1...2)
        fetcherCount = isFull ? 2 : random.int(0...2)
        faultCount = isFull ? random.int(3...6) : random.int(0...20)
        armedCount = isFull ? random.int(8...16) : random.int(0...20)
        rarePerMille = isFull ? 150 : random.int(0...600)
        compactionCount = random.int(0...4)
        powerLossCount = random.chance(200) ? random.int(1...2) : 0
        wallFactor = random.pick([360, 360, 1440, 3600])
        collectGraceMilliseconds = Int64(random.int(1...3000)) * wallFactor
        routedLimitBytes = random.int(500...20_000)
        faultSpanMilliseconds = random.chance(500) ? 15_000 : World.workMilliseconds
        logReadMilliseconds = random.chance(200) ? random.int(500...2000) : 0
        specialise(&random)
    }

    /// What only some worlds have is told by the seed, so that the others stay as they are when more is added.
    private mutating func specialise(_ random: inout SeededRandom) {
        let kind = seed % 5
        if kind == 0 {
            poisonCount = random.int(1...2)
            curedAt = random.chance(600) ? Int64(random.int(5000...Int(World.workMilliseconds))) : nil
            letterRequestCount = random.int(0...5)
            isWithItsWorkers = random.chance(400)
        }
        if kind == 1 {
            isCollecting = true
            // A day in less than a tenth of a second: what is older than two seconds is kept no more.
            wallFactor = 1_300_000
            collectGraceMilliseconds = Int64(random.int(1...1000)) * wallFactor
            compactionCount = random.int(8...16)
            takeOverCount = random.int(1...2)
            mergerCount = 2
            // Three cells or so, which are soon made.
            cellTargetBytes = 9000
            // Without publishing there is nothing to collect: fewer faults that stop everything.
            armedCount = random.int(3...6)
            rarePerMille = 60
            commonPerTenThousand = 4
            consequencePerMille = 200
            faultCount = random.int(1...3)
            clientPauseMilliseconds = 2500
            collectIntervalMilliseconds = 400
        }
        if kind == 2 { retentionCount = random.int(1...6) }
        if kind == 0 || kind == 1 { isObjectStore = random.chance(250) }
        if kind == 3, shape == .full {
            // So much goes wrong that little else is done.
            faultCount = random.int(3...10)
            armedCount = random.int(18...30)
            rarePerMille = 600
            commonPerTenThousand = 60
            longestDelayMilliseconds = 9000
            latePerMille = 0
        }
        if kind == 4 { isObjectStore = true }
        if !isObjectStore, random.chance(250) { erasurePowerLossCount = 2 }
        if isObjectStore {
            partBytes = random.pick([1000, 3000, 1_000_000])
        }
        if kind == 0 || kind == 1 || kind == 4 {
            overtakenMilliseconds = 3000
            switchFailureCount = random.int(0...2)
            pageCellLimitCount = isCollecting ? 1 : random.int(2...4)
        }
    }
}

/// A property that did not hold.
package struct Violation: Error, CustomStringConvertible, Sendable {
    package var property: String
    package var detail: String

    package init(property: String, detail: String) {
        self.property = property
        self.detail = detail
    }

    package var description: String { "\(property): \(detail)" }
}
