package import HostIO
package import Logging
package import NIOCore
import Storage
import Synchronization
package import Wire

/// The connection of a worker or merger to whoever is the coordinator: found, opened, watched, opened again.
///
/// Events carry the number of the connection, so that what comes late from an old one is told apart.
package final class CoordinatorLink: Sendable {
    package enum Event: Sendable {
        case connected(Int)
        case message(Int, Message)
        case disconnected(Int)
    }

    private struct State {
        var client: LineClient?
        var number = 0
        var isStopped = false
        var trouble = CoordinatorTrouble()
        /// Why the connection ended.
        var end: CloseReason?
    }

    private let locator: CoordinatorLocator
    private let introduction: Introduction
    private let token: Token?
    private let tls: ClientTLS?
    private let logger: Logger
    private let tell: @Sendable (Event) -> Void
    private let state = Mutex(State())

    static let firstPauseMilliseconds: Int64 = 50
    static let longestPauseMilliseconds: Int64 = 2000
    /// A connection that stood so long was one to whoever reigns. A standby lets in and then refuses: without a longer
    /// pause each time, those who were given its address would knock without end.
    static let steadyDuration = Duration.seconds(1)

    package init(
        locator: CoordinatorLocator, introduction: Introduction, token: Token?, tls: ClientTLS? = nil,
        logger: Logger,
        tell: @escaping @Sendable (Event) -> Void
    ) {
        self.locator = locator
        self.introduction = introduction
        self.token = token
        self.tls = tls
        self.logger = logger
        self.tell = tell
    }

    /// Keeps a connection until stopped or cancelled.
    package func run(on group: any EventLoopGroup) async {
        var backoff = Backoff(
            firstMilliseconds: Self.firstPauseMilliseconds, longestMilliseconds: Self.longestPauseMilliseconds,
            seed: SystemRandom().number())
        while !Task.isCancelled, !state.withLock({ $0.isStopped }) {
            let candidates = locator.candidates()
            if candidates.isEmpty, case .store(let bucket) = locator {
                say { $0.foundNobody(in: bucket.location, now: $1) }
            }
            for endpoint in candidates {
                let number = state.withLock { state in
                    state.number += 1
                    return state.number
                }
                if await hold(endpoint, number, on: group) { backoff.reset() }
                if state.withLock({ $0.isStopped }) { return }
            }
            // Nobody there: wait, longer each time, never long.
            do { try await Task.sleep(for: .milliseconds(backoff.next())) } catch { return }
        }
    }

    package func send(_ message: Message) { state.withLock { $0.client }?.send([message]) }

    /// Closes the connection; `run` opens another.
    package func reconnect() { state.withLock { $0.client }?.close() }

    /// Ends `run`, also while a connection is being opened: it is then closed as soon as it stands.
    package func stop() {
        let client = state.withLock { state in
            state.isStopped = true
            return state.client
        }
        client?.close()
    }

    private func say(_ decide: (inout CoordinatorTrouble, Int64) -> CoordinatorTrouble.Telling?) {
        let now = SystemClock().moment.milliseconds
        switch state.withLock({ state in state.isStopped ? nil : decide(&state.trouble, now) }) {
        case .warning(let line): logger.warning("no coordinator", metadata: ["reason": "\(line)"])
        case .notice(let line): logger.notice("no coordinator yet", metadata: ["reason": "\(line)"])
        case nil: break
        }
    }

    /// - Returns: whether a connection stood for a while.
    private func hold(_ endpoint: Endpoint, _ number: Int, on group: any EventLoopGroup) async -> Bool {
        var options = LineClient.Options(endpoint: endpoint, introduction: introduction, token: token)
        options.limits.helloMilliseconds = 3000
        options.tls = tls
        do {
            let client = try await LineClient.connect(options, on: group, logger: logger) { [self] event in
                switch event {
                // Only the client in hand can send.
                case .opened: break
                case .message(let message):
                    if case .joined = message { state.withLock { $0.trouble.joined() } }
                    tell(.message(number, message))
                case .closed(let reason): state.withLock { $0.end = reason }
                }
            }
            // Whoever stopped us while we connected had no client to close.
            let isWanted = state.withLock { state in
                if !state.isStopped { state.client = client }
                return !state.isStopped
            }
            guard isWanted else {
                client.close()
                return false
            }
            let began = ContinuousClock.now
            tell(.connected(number))
            do { try await client.waitUntilClosed() } catch {
                logger.debug("connection ended", metadata: ["reason": "\(error)"])
            }
            let end = state.withLock { state in
                defer {
                    state.client = nil
                    state.end = nil
                }
                return state.end
            }
            if let end { say { $0.failed(endpoint, end, now: $1) } }
            tell(.disconnected(number))
            return ContinuousClock.now - began >= Self.steadyDuration
        } catch {
            logger.debug("not connected", metadata: ["address": "\(endpoint)", "reason": "\(error)"])
            say { $0.failed(endpoint, error as? CloseReason ?? .failed("\(error)"), now: $1) }
            return false
        }
    }
}
