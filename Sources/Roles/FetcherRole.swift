// A fetcher: its configuration, and the thread that its loop runs on. See FetcherLoop.

package import FetchIO
package import HostIO
package import Logging
package import NIOCore
package import Storage
package import Wire

package final class FetcherRole: Sendable {
    package struct Configuration: Sendable {
        package var bucket: any Bucket
        package var locator: CoordinatorLocator
        package var token: Token?
        package var tls: ClientTLS?
        /// The poll state's file, never in the bucket.
        package var statePath: String
        /// Where answers are kept as they came; nil: nowhere.
        package var archivePath: String?
        /// How it asks.
        package var web: CurlClient.Settings
        /// In the coordinator's logs and status.
        package var name: String

        package init(
            bucket: any Bucket, locator: CoordinatorLocator, statePath: String, web: CurlClient.Settings,
            name: String = "fetcher"
        ) {
            self.name = name
            self.bucket = bucket
            self.locator = locator
            self.statePath = statePath
            self.web = web
        }
    }

    private let configuration: Configuration
    private let logger: Logger
    private let mailbox = Mailbox<FetcherLoop.Event>()

    package init(_ configuration: Configuration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    /// Start no more requests, have what was fetched acknowledged, return from `run`.
    package func drain() { mailbox.push(.drain) }

    package func run(on group: any EventLoopGroup) async throws {
        let state = try PollState(path: configuration.statePath)
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
}
