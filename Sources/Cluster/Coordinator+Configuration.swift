package import News
package import Storage

extension Coordinator {
    /// What becomes of what is old, and when.
    package struct Upkeep: Equatable, Sendable {
        package var keepPolicy = KeepPolicy()
        package var collectIntervalMilliseconds = Collector.intervalMilliseconds
        package var collectGraceMilliseconds = Collector.graceMilliseconds
        /// Ledger rows in the head of a manifest before they are folded into an object.
        package var ledgerTailLimitCount = 2048

        package init() {}
    }

    package struct Configuration: Sendable {
        package var instance: Instance
        /// HOST:PORT told to others, "" if none.
        package var address: String
        /// What a new bucket starts from.
        package var empty: Manifest
        package var leaseMilliseconds: Int64 = 10_000
        package var heartbeatMilliseconds: Int64 = 1000
        /// Least time between two manifests.
        package var publishIntervalMilliseconds: Int64 = 100
        /// Counts and state are published after this long even if no segment is.
        package var foldIntervalMilliseconds: Int64 = 2000
        package var mergePolicy = MergePolicy()
        package var upkeep = Upkeep()
        /// From the end of an erasure to the next: what is retracted meanwhile goes together.
        package var eraseIntervalMilliseconds: Int64 = 600_000
        package var pageCellLimitCount = ManifestPage.cellLimitCount
        /// Log entries kept in memory for workers, in bytes; what falls out is read from the log again.
        package var routedLimitBytes = 96 << 20
        /// Whether the workers end with this process: then an article may have ended it, and what it left is suspect.
        package var isWithItsWorkers = false
        /// Room of the store below which bulk articles are refused; nil: `RoomGuard` decides by its size.
        package var keepFreeBytes: UInt64?
        /// Batches that wait for the log, in bytes; beyond it a PUT is told BUSY.
        package var intakeLimitBytes = 64 << 20

        package init(instance: Instance, address: String, empty: Manifest) {
            self.instance = instance
            self.address = address
            self.empty = empty
        }
    }
}
