import ByteCoding
package import News
package import Storage

/// Entries of the log on their way to the worker that holds their shard.
package struct ArticlesBatch: Equatable, Sendable {
    /// A run of one shard and lane: every entry of it with `from` < position ≤ `to` is here, in log order.
    package struct Slice: Equatable, Sendable {
        package var shardLane: ShardLane
        package var epoch: ShardEpoch
        package var from: Position
        package var to: Position
        package var entries: [RoutedEntry]

        package init(
            shardLane: ShardLane, epoch: ShardEpoch, from: Position, to: Position, entries: [RoutedEntry]
        ) {
            self.shardLane = shardLane
            self.epoch = epoch
            self.from = from
            self.to = to
            self.entries = entries
        }
    }

    package var slices: [Slice]
    /// Whether more waits at the coordinator for this worker; false lets it seal without waiting for more.
    package var isLast: Bool

    package init(slices: [Slice], isLast: Bool) {
        self.slices = slices
        self.isLast = isLast
    }
}

package struct RoutedEntry: Equatable, Sendable {
    package var position: Position
    /// Hour of arrival: hours since 1970 by the coordinator's clock at acceptance.
    package var hour: UInt32
    /// An article, a dead letter that is tried again, or a retraction.
    package var entry: LogEntry

    package init(position: Position, hour: UInt32, entry: LogEntry) {
        self.position = position
        self.hour = hour
        self.entry = entry
    }
}

/// What a new holder of a shard must know.
package struct ShardRules: Equatable, Sendable {
    package struct VersionMark: Equatable, Sendable {
        package var key: ArticleKey
        package var version: Version
        /// Of a dead letter the entry that the decision accounts for; of an expiration the entry that says it.
        package var position: Position

        package init(key: ArticleKey, version: Version, position: Position) {
            self.key = key
            self.version = version
            self.position = position
        }
    }

    /// Articles of a lane up to here are to be tried before they are taken in (`Cluster/Quarantine.swift`).
    package var suspectTo: [Lane: Position]
    package var deadLetters: [VersionMark]
    package var retracted: [ArticleKey]
    /// What expired and is not erased yet: of versions up to these nothing that stands before the positions is published.
    package var expired: [VersionMark]

    package init(
        suspectTo: [Lane: Position] = [:], deadLetters: [VersionMark] = [], retracted: [ArticleKey] = [],
        expired: [VersionMark] = []
    ) {
        self.suspectTo = suspectTo
        self.deadLetters = deadLetters
        self.retracted = retracted
        self.expired = expired
    }
}

/// An article that ended whoever indexed it, alone and three times.
package struct PoisonReport: Equatable, Sendable {
    package var stream: ShardLane
    package var epoch: ShardEpoch
    package var position: Position
    package var reason: String

    package init(stream: ShardLane, epoch: ShardEpoch, position: Position, reason: String) {
        self.stream = stream
        self.epoch = epoch
        self.position = position
        self.reason = reason
    }
}

/// A row of the ledger's change: how many articles of a source that arrived in an hour got (+) or left (-) an outcome.
package struct OutcomeCount: Equatable, Sendable {
    package var source: String
    package var hour: UInt32
    package var outcome: Outcome
    package var delta: Int64

    package init(source: String, hour: UInt32, outcome: Outcome, delta: Int64) {
        self.source = source
        self.hour = hour
        self.outcome = outcome
        self.delta = delta
    }
}

/// A worker's report: everything of these ranges is decided, and lies in `segment` if anything was new.
package struct SealedReport: Equatable, Sendable {
    package struct Entry: Equatable, Sendable {
        package var shardLane: ShardLane
        package var epoch: ShardEpoch
        package var from: Position
        package var to: Position

        package init(shardLane: ShardLane, epoch: ShardEpoch, from: Position, to: Position) {
            self.shardLane = shardLane
            self.epoch = epoch
            self.from = from
            self.to = to
        }
    }

    /// Unique within the worker's connection.
    package var number: UInt64
    package var entries: [Entry]
    package var segment: SegmentReference?
    package var counts: [OutcomeCount]

    package init(number: UInt64, entries: [Entry], segment: SegmentReference?, counts: [OutcomeCount]) {
        self.number = number
        self.entries = entries
        self.segment = segment
        self.counts = counts
    }
}

package struct MergeJob: Equatable, Sendable {
    package typealias Output = MergeOutput

    package var number: UInt64
    package var attempt: Attempt
    package var output: Output
    package var inputs: [SegmentReference]

    package init(number: UInt64, attempt: Attempt, output: Output, inputs: [SegmentReference]) {
        self.number = number
        self.attempt = attempt
        self.output = output
        self.inputs = inputs
    }
}

package struct MergedReport: Equatable, Sendable {
    package var job: UInt64
    package var outputs: [SegmentReference]
    /// Which of the job's inputs stay as they are, by their place among them: cells that a fold did not take.
    package var left: [UInt32]

    package init(job: UInt64, outputs: [SegmentReference], left: [UInt32] = []) {
        self.job = job
        self.outputs = outputs
        self.left = left
    }
}

/// Which of these objects hold something of these articles?
package struct FindJob: Equatable, Sendable {
    package var number: UInt64
    package var bounds: [VersionBound]
    /// Of `segments/`, `log/` and `state/`.
    package var names: [String]

    package init(number: UInt64, bounds: [VersionBound], names: [String]) {
        self.number = number
        self.bounds = bounds
        self.names = names
    }
}

/// Which documents of these segments, dead or not, are behind a horizon?
package struct ScanJob: Equatable, Sendable {
    package var number: UInt64
    package var rules: [RetentionHorizon]
    /// Most keys in the answer.
    package var limitCount: UInt32
    /// Of `segments/`, in the order in which they are to be looked through.
    package var names: [String]

    package init(number: UInt64, rules: [RetentionHorizon], limitCount: UInt32, names: [String]) {
        self.number = number
        self.rules = rules
        self.limitCount = limitCount
        self.names = names
    }
}

package struct ScannedReport: Equatable, Sendable {
    package var job: UInt64
    /// Of each key once, with the largest version that was found. Fewer than asked for: that is all of it.
    package var expirations: [Expiration]

    package init(job: UInt64, expirations: [Expiration]) {
        self.job = job
        self.expirations = expirations
    }
}

package struct FoundReport: Equatable, Sendable {
    package var job: UInt64
    package var names: [String]

    package init(job: UInt64, names: [String]) {
        self.job = job
        self.names = names
    }
}
