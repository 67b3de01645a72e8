package import HostIO
import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
import NIOPosix
import News
import Roles
import ServiceLifecycle

/// A gateway: answers questions over HTTP about the newest snapshot of a store. Needs no coordinator.
///
/// It listens until `drain` is called or its task is cancelled; questions in work are then still answered.
package final class GatewayRole: Sendable {
    private let threads: SearchThreads
    /// Newer snapshots are opened there: questions that wait must not keep them back.
    private let followThread = NIOThreadPool(numberOfThreads: 1)
    private let holder: SnapshotHolder
    private let front: HTTPFront
    private let services: ServiceGroup
    private let endpoint: Endpoint

    /// How long questions in work may take when the gateway ends.
    static let drainDuration = Duration.seconds(10)

    /// - Parameter listening: told once where the gateway listens; port 0 takes a free one.
    package init(
        _ configuration: GatewayConfiguration, logger: Logger,
        listening: @escaping @Sendable (Endpoint) -> Void = { _ in }
    ) throws {
        let front = HTTPFront(configuration.limits, tls: configuration.tls, logger: logger)
        let holder = try SnapshotHolder(configuration.bucket, cacheBytes: configuration.cacheBytes)
        let metrics = GatewayMetrics(
            connections: { front.door.counts }, cache: { holder.loader.source.cacheCounts })
        self.front = front
        self.holder = holder
        threads = SearchThreads(count: configuration.threadCount, limitCount: configuration.questionLimitCount)
        let routes = GatewayRoutes(
            holder: holder, threads: threads, metrics: metrics, token: configuration.token,
            bodyMilliseconds: configuration.limits.requestMilliseconds,
            questionMilliseconds: configuration.questionMilliseconds)
        let endpoint = configuration.endpoint
        self.endpoint = endpoint
        let application = Application(
            router: routes.router(),
            server: front.server,
            configuration: .init(
                address: .hostname(endpoint.host, port: endpoint.port), serverName: "coranto", backlog: 1024),
            onServerRunning: { channel in
                listening(Endpoint(host: endpoint.host, port: channel.localAddress?.port ?? endpoint.port))
            },
            logger: logger)
        let follower = SnapshotFollower(
            holder: holder, thread: followThread, metrics: metrics, interval: configuration.pollInterval, logger: logger
        )
        var group = ServiceGroupConfiguration(services: [follower, application], logger: logger)
        group.maximumGracefulShutdownDuration = Self.drainDuration
        services = ServiceGroup(configuration: group)
    }

    /// Serves until drained.
    ///
    /// - Throws: if the port is taken or the store cannot be read when it starts.
    package func run() async throws {
        threads.start()
        followThread.start()
        do {
            _ = try await followThread.runIfActive { [holder] in try holder.refresh() }
            // No child: cancelling this task must drain the services, not cut their answers off.
            let serving = Task { try await services.run() }
            try await withTaskCancellationHandler {
                try await serving.value
            } onCancel: {
                drain()
            }
        } catch {
            try await stop()
            throw ListenFailure(error, endpoint: endpoint) ?? error
        }
        try await stop()
    }

    private func stop() async throws {
        try await threads.end()
        try await followThread.shutdownGracefully()
    }

    /// Refuses new connections, answers what was asked, and lets `run` return. May be called from anywhere.
    package func drain() {
        // An answer that nobody reads would otherwise be waited for.
        front.close(after: .seconds(Self.drainDuration.components.seconds))
        // Ends at once: it only tells the services.
        Task { await services.triggerGracefulShutdown() }
    }
}

/// Looks for newer manifests, off the way of requests.
private struct SnapshotFollower: Service {
    let holder: SnapshotHolder
    let thread: NIOThreadPool
    let metrics: GatewayMetrics
    let interval: Duration
    let logger: Logger

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            var isFailing = false
            while true {
                let pause = isFailing ? max(interval, GatewayConfiguration.failedPollInterval) : interval
                do { try await Task.sleep(for: pause) } catch is CancellationError { return }
                do {
                    if try await thread.runIfActive({ try holder.refresh() }) {
                        logger.debug(
                            "opened a snapshot", metadata: ["generation": "\(holder.newest.generation.number)"])
                    }
                    isFailing = false
                } catch {
                    // The old snapshot stays, and the next look may succeed: told once.
                    metrics.countRefreshFailure()
                    if !isFailing {
                        logger.error(
                            "the newest snapshot could not be opened", metadata: ["error": "\(Failure(error))"])
                    }
                    isFailing = true
                }
            }
        }
    }
}
