package import Cluster
package import HostIO
package import Logging
package import NIOCore
import NIOPosix
package import News
package import Storage
import Synchronization
package import Wire

/// Coordinator, workers and merger in one process: the same roles, over loopback.
package final class LocalCluster: Sendable {
    package struct Configuration: Sendable {
        package var bucket: any Bucket
        package var endpoint = Endpoint(host: "127.0.0.1", port: 0)
        /// What others are told to connect to; nil takes the endpoint with the port that was bound.
        package var advertised: String?
        package var token: Token?
        package var limits = ConnectionLimits()
        /// nil: plain TCP. Both or none: this process connects to itself.
        package var tls: ServerTLS?
        package var ownTLS: ClientTLS?
        package var workerCount = 1
        package var settings = Settings()
        package var machine = WorkerSettings()
        /// The program that tries suspect articles apart; nil if there is none.
        package var trialExecutable: String?
        package var keepFreeBytes: UInt64?
        package var upkeep = Coordinator.Upkeep()
        package var mergePolicy = MergePolicy()

        package init(bucket: any Bucket) { self.bucket = bucket }
    }

    package struct WorkerSettings: Sendable {
        package var sealRecordBytes: UInt64 = 48 << 20
        package init() {}
    }

    package let coordinator: CoordinatorRole
    private let configuration: Configuration
    private let logger: Logger
    private let workers: [WorkerRole]
    private let merger: MergerRole
    private let bound = Mutex<Endpoint?>(nil)
    private let failed = Mutex<String?>(nil)

    package init(_ configuration: Configuration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        var settings = CoordinatorRole.Configuration(bucket: configuration.bucket, endpoint: configuration.endpoint)
        settings.advertised = configuration.advertised
        settings.token = configuration.token
        settings.limits = configuration.limits
        settings.tls = configuration.tls
        settings.settings = configuration.settings
        settings.keepFreeBytes = configuration.keepFreeBytes
        settings.upkeep = configuration.upkeep
        settings.mergePolicy = configuration.mergePolicy
        settings.isWithItsWorkers = configuration.trialExecutable != nil
        coordinator = CoordinatorRole(settings, logger: logger)
        let locator = CoordinatorLocator.store(configuration.bucket)
        workers = (0..<configuration.workerCount).map { index in
            var worker = WorkerRole.Configuration(
                bucket: configuration.bucket, locator: locator, name: "worker-\(index)")
            worker.token = configuration.token
            worker.tls = configuration.ownTLS
            worker.trialExecutable = configuration.trialExecutable
            worker.machine.sealRecordBytes = configuration.machine.sealRecordBytes
            return WorkerRole(worker, logger: logger)
        }
        var merging = MergerRole.Configuration(bucket: configuration.bucket, locator: locator, name: "merger")
        merging.token = configuration.token
        merging.tls = configuration.ownTLS
        merger = MergerRole(merging, logger: logger)
    }

    /// Where the coordinator listens; nil until it does.
    package var endpoint: Endpoint? { bound.withLock { $0 } }

    /// Why the coordinator ended, if it did on its own.
    package var failure: String? { failed.withLock { $0 } }

    /// An object of the store without which the workers cannot go on.
    package var storeDamage: (any Error)? { workers.lazy.compactMap(\.storeDamage).first }

    /// Runs `body` beside the roles; when it returns or throws, everything drains: workers first, the coordinator last.
    ///
    /// - Throws: what `body` throws, else why the coordinator ended on its own.
    package func run<Result: Sendable>(
        on group: any EventLoopGroup, _ body: @Sendable (LocalCluster) async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { [self] in
                do {
                    try await coordinator.run(on: group) { endpoint in bound.withLock { $0 = endpoint } }
                } catch {
                    failed.withLock { $0 = "\(error)" }
                    throw error
                }
            }
            let result = try await withThrowingTaskGroup(of: Void.self) { helpers in
                for worker in workers { helpers.addTask { await worker.run(on: group) } }
                helpers.addTask { [merger] in await merger.run(on: group) }
                let result: Swift.Result<Result, any Error>
                do { result = .success(try await body(self)) } catch { result = .failure(error) }
                for worker in workers { worker.drain() }
                merger.drain()
                try await helpers.waitForAll()
                coordinator.drain()
                return try result.get()
            }
            // A coordinator that ended on its own is no orderly end, however calmly the body took it.
            try await tasks.waitForAll()
            return result
        }
    }
}
