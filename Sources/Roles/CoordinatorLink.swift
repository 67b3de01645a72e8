package import HostIO
package import Logging
package import NIOCore
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
        /// Told last, so that trying again and again does not tell it again and again.
        var trouble: CloseReason?
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
            for endpoint in locator.candidates() {
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

    /// What waiting does not mend: a wrong certificate, or nobody who speaks.
    private func isNewTrouble(_ error: any Error) -> Bool {
        let trouble: CloseReason? =
            switch error as? CloseReason {
            case .tls, .noGreeting: error as? CloseReason
            default: nil
            }
        return state.withLock { state in
            defer { state.trouble = trouble }
            return trouble != nil && trouble != state.trouble
        }
    }

    /// - Returns: whether a connection stood for a while.
    private func hold(_ endpoint: Endpoint, _ number: Int, on group: any EventLoopGroup) async -> Bool {
        var options = LineClient.Options(endpoint: endpoint, introduction: introduction, token: token)
        options.limits.helloMilliseconds = 3000
        options.tls = tls
        do {
            let client = try await LineClient.connect(options, on: group, logger: logger) { [tell] event in
                // `opened` comes from here too, but only the client in hand can send.
                if case .message(let message) = event { tell(.message(number, message)) }
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
            state.withLock { $0.client = nil }
            tell(.disconnected(number))
            return ContinuousClock.now - began >= Self.steadyDuration
        } catch {
            logger.log(
                level: isNewTrouble(error) ? .warning : .debug, "no coordinator",
                metadata: ["address": "\(endpoint)", "reason": "\(error)"])
            return false
        }
    }
}
