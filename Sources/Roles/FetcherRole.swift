// A fetcher: its configuration, and the thread that its loop runs on. See FetcherLoop.

package import FetchIO
package import HostIO
package import Logging
package import NIOCore
package import Storage
import Synchronization
package import Wire

package final class FetcherRole: Sendable {
    package struct Configuration: Sendable {
        package var bucket: any Bucket
        package var locator: CoordinatorLocator
        package var token: Token?
        package var tls: ClientTLS?
        /// The folder of the poll state, never in the bucket. Of one process at a time.
        package var stateFolder: String
        /// Whether it waits for another process that has the folder; else it fails.
        package var waitsForState = false
        /// Where answers are kept as they came; nil: nowhere.
        package var archivePath: String?
        /// How it asks.
        package var web: CurlClient.Settings
        /// In the coordinator's logs and status.
        package var name: String

        package init(
            bucket: any Bucket, locator: CoordinatorLocator, stateFolder: String, web: CurlClient.Settings,
            name: String = "fetcher"
        ) {
            self.name = name
            self.bucket = bucket
            self.locator = locator
            self.stateFolder = stateFolder
            self.web = web
        }
    }

    private let configuration: Configuration
    private let logger: Logger
    private let mailbox = Mailbox<FetcherLoop.Event>()
    private let isDraining = Mutex(false)

    static let lockWaitMilliseconds = 1000

    package init(_ configuration: Configuration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    /// Start no more requests, have what was fetched acknowledged, return from `run`.
    package func drain() {
        isDraining.withLock { $0 = true }
        mailbox.push(.drain)
    }

    package func run(on group: any EventLoopGroup) async throws {
        guard let lock = try await lockState() else { return }
        defer { withExtendedLifetime(lock) {} }
        let state = try PollState(path: configuration.stateFolder + "/fetcher.sqlite")
        let client = CurlClient(settings: configuration.web)
        defer { client.stop() }
        let mailbox = mailbox
        let link = CoordinatorLink(
            locator: configuration.locator, introduction: Introduction(role: .fetcher, client: configuration.name),
            token: configuration.token, tls: configuration.tls, logger: logger, tell: { mailbox.push(.link($0)) })
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await link.run(on: group) }
            defer {
                link.stop()
                tasks.cancelAll()
            }
            try await Blocking.run { [self] in
                let loop = try FetcherLoop(configuration, state, client, link, mailbox, logger)
                try loop.run()
            }
        }
        try state.close()
    }

    /// Two processes that poll by one state would each fetch what the other has, and neither would know.
    ///
    /// - Returns: nil if it drained before the folder was free.
    private func lockState() async throws -> FolderLock? {
        let folder = configuration.stateFolder
        var isTold = false
        while !isDraining.withLock({ $0 }) {
            let holder: Int32?
            switch try FolderLock.take(folder) {
            case .held(let lock):
                if isTold { logger.info("fetches now: the state folder is free", metadata: ["state": "\(folder)"]) }
                return lock
            case .heldBy(let process): holder = process
            }
            let who = holder.map { "process \($0)" } ?? "another process"
            guard configuration.waitsForState else {
                throw RoleError(
                    "the fetcher's state \(folder) is in use by \(who); give each fetcher a --state of its own")
            }
            if !isTold {
                isTold = true
                logger.warning(
                    "the state folder is in use: not fetching until it is free",
                    metadata: ["state": "\(folder)", "by": "\(who)"])
            }
            try await Task.sleep(for: .milliseconds(Self.lockWaitMilliseconds))
        }
        return nil
    }
}
