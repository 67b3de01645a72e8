// Drives a `Worker` on one thread, which also takes articles into the engine: credits bound what can wait for it.

import ByteCoding
package import Cluster
import Engine
import Foundation
package import HostIO
package import Logging
package import NIOCore
import News
package import Storage
package import Wire

package final class WorkerRole: Sendable {
    package struct Configuration: Sendable {
        package var bucket: any Bucket
        package var locator: CoordinatorLocator
        package var token: Token?
        package var tls: ClientTLS?
        package var name: String
        package var machine = Worker.Configuration()
        /// The program that tries suspect articles apart, given the argument `try-articles`; nil if there is none.
        package var trialExecutable: String?

        package init(bucket: any Bucket, locator: CoordinatorLocator, name: String) {
            self.bucket = bucket
            self.locator = locator
            self.name = name
        }
    }

    private enum Event: Sendable {
        case link(CoordinatorLink.Event)
        case completed(OperationTag, BucketResult)
        case tried(trial: UInt64, Trial.Run)
        case engine(draft: Int, Worker.Event)
        case drain
    }

    private let configuration: Configuration
    private let logger: Logger
    private let mailbox = Mailbox<Event>()
    private let threads: BucketThreads
    private let damage = StoreDamage()

    static let tickMilliseconds = 20

    package init(_ configuration: Configuration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        threads = BucketThreads(configuration.bucket, width: 2, logger: logger)
    }

    /// An object of the store that it needs, and finds wrong or missing again and again.
    package var storeDamage: (any Error)? { damage.lasting }

    /// Seal what is there, have it published, hand the shards back, return from `run`.
    package func drain() { mailbox.push(.drain) }

    package func run(on group: any EventLoopGroup) async {
        let mailbox = mailbox
        let link = CoordinatorLink(
            locator: configuration.locator, introduction: Introduction(role: .worker, client: configuration.name),
            token: configuration.token, tls: configuration.tls, logger: logger, tell: { mailbox.push(.link($0)) })
        await withDiscardingTaskGroup { tasks in
            tasks.addTask { await link.run(on: group) }
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let thread = Thread { [self] in
                    work(link)
                    continuation.resume()
                }
                thread.name = "coranto.worker"
                thread.stackSize = 16 << 20
                thread.start()
            }
            link.stop()
            tasks.cancelAll()
        }
        configuration.bucket.tellRequests(logger)
    }

    /// Waits for the process on a thread of its own: TOUCH goes on meanwhile.
    private func tryApart(_ trial: UInt64, _ articles: [LoggedArticle], settings: Settings) {
        logger.info("trying suspect articles apart", metadata: ["articles": "\(articles.count)"])
        let mailbox = mailbox
        guard let executable = configuration.trialExecutable else {
            return mailbox.push(.tried(trial: trial, .unknown("this process has no program to try them with")))
        }
        DispatchQueue.global().async {
            mailbox.push(.tried(trial: trial, TrialProcess(executable: executable).run(articles, settings: settings)))
        }
    }

    private func work(_ link: CoordinatorLink) {
        let clock = SystemClock()
        let engine = WorkerEngine(configuration.bucket, damage: damage) { [mailbox] in
            mailbox.push(.engine(draft: $0, $1))
        }
        var machine = Worker(instance: SystemRandom().instance(), configuration: configuration.machine)
        var connection = 0
        var isDrained = false
        var nextTick: Int64 = 0

        var indexFailure: Worker.Event?
        var notes = RepeatedNotes()

        func feed(_ event: Worker.Event) {
            for action in machine.handle(event, now: clock.moment) {
                perform(action)
                // What else was to be done was about a builder that lacks an article.
                guard let failure = indexFailure else { continue }
                indexFailure = nil
                return feed(failure)
            }
            // Told once, whatever the machine makes of it.
            if case .overBudget = event { return }
            if engine.isOverBudget { feed(.overBudget) }
        }

        func perform(_ action: Worker.Action) {
            switch action {
            case .send(let message):
                link.send(message)
                if case .sealed = message { Step.reach(.workerSealedSent) }
                if case .poison = message { Step.reach(.workerPoisonSent) }
            case .reconnect: link.reconnect()
            case .operation(let tagged):
                Step.reach(.workerUploading)
                threads.perform(tagged.operation) { [mailbox] result in
                    if result == .done { Step.reach(.workerUploaded) }
                    mailbox.push(.completed(tagged.tag, result))
                }
            case .index(let article):
                Step.reach(.workerIndexing)
                do { try engine.index(article) } catch { indexFailure = .indexFailed(article.key, "\(error)") }
            case .tryApart(let trial, let articles):
                Step.reach(.workerTrying)
                tryApart(trial, articles, settings: engine.settings)
            case .lookUp(let seal, let keys, let atLeast, let own):
                Step.reach(.workerLookingUp)
                engine.lookUp(keys, atLeast: atLeast, own: own, for: seal)
            case .build(let seal, let dropped, let kills):
                Step.reach(.workerBuilding)
                engine.build(dropped: dropped, kills: kills, for: seal)
            case .discard: engine.discard()
            case .drained: isDrained = true
            case .note(let text):
                if let line = notes.line(text, now: clock.moment.milliseconds) { logger.warning("\(line)") }
            }
        }

        while !isDrained {
            for event in mailbox.take(waitingMilliseconds: Self.tickMilliseconds) where !isDrained {
                switch event {
                case .link(.connected(let number)):
                    connection = number
                    feed(.connected)
                case .link(.message(let number, let message)):
                    guard number == connection else { continue }
                    switch message {
                    case .joined(_, _, _, let bytes):
                        // The machine refuses what cannot be read.
                        do { engine.use(try Settings(decoding: bytes)) } catch {
                            logger.error("the coordinator's settings cannot be read", metadata: ["error": "\(error)"])
                        }
                        logger.info("joined the coordinator")
                        Step.reach(.workerJoined)
                    case .lease: Step.reach(.workerLeased)
                    default: break
                    }
                    feed(.message(message))
                case .link(.disconnected(let number)):
                    guard number == connection else { continue }
                    connection = 0
                    logger.info("the connection to the coordinator ended")
                    feed(.disconnected)
                case .completed(let tag, let result): feed(.completed(tag, result))
                case .tried(let trial, let run): feed(.tried(trial: trial, run))
                case .engine(let draft, let event):
                    engine.returned(draft)
                    feed(event)
                case .drain: feed(.drain)
                }
            }
            let now = clock.moment
            if now.milliseconds >= nextTick, !isDrained {
                nextTick = now.milliseconds + Int64(Self.tickMilliseconds)
                feed(.tick)
            }
        }
    }
}
