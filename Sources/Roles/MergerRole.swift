// Drives a `Merger`; the merging itself runs on a thread of its own and waits after each output until it is uploaded.

import ByteCoding
import Cluster
import Dispatch
import Engine
import Foundation
package import HostIO
package import Logging
package import NIOCore
import News
package import Storage
package import Wire

package final class MergerRole: Sendable {
    package struct Configuration: Sendable {
        package var bucket: any Bucket
        package var locator: CoordinatorLocator
        package var token: Token?
        package var tls: ClientTLS?
        package var name: String

        package init(bucket: any Bucket, locator: CoordinatorLocator, name: String) {
            self.bucket = bucket
            self.locator = locator
            self.name = name
        }
    }

    private enum Event: Sendable {
        case link(CoordinatorLink.Event)
        case completed(OperationTag, BucketResult)
        case merger(Merger.Event)
        case drain
    }

    private let configuration: Configuration
    private let logger: Logger
    private let mailbox = Mailbox<Event>()
    private let threads: BucketThreads
    private let mergeQueue = DispatchQueue(label: "coranto.merge")
    private let goOn = DispatchSemaphore(value: 0)

    static let tickMilliseconds = 50

    package init(_ configuration: Configuration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        threads = BucketThreads(configuration.bucket, width: 2, logger: logger)
    }

    package func drain() { mailbox.push(.drain) }

    package func run(on group: any EventLoopGroup) async {
        let mailbox = mailbox
        let link = CoordinatorLink(
            locator: configuration.locator, introduction: Introduction(role: .merger, client: configuration.name),
            token: configuration.token, tls: configuration.tls, logger: logger, tell: { mailbox.push(.link($0)) })
        await withDiscardingTaskGroup { tasks in
            tasks.addTask { await link.run(on: group) }
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let thread = Thread { [self] in
                    work(link)
                    continuation.resume()
                }
                thread.name = "coranto.merger"
                thread.start()
            }
            link.stop()
            tasks.cancelAll()
        }
        configuration.bucket.tellRequests(logger)
    }

    private func work(_ link: CoordinatorLink) {
        let clock = SystemClock()
        var machine = Merger(instance: SystemRandom().instance())
        var settings = Settings()
        var connection = 0
        var isDrained = false
        var nextTick: Int64 = 0
        var notes = RepeatedNotes()

        func feed(_ event: Merger.Event) {
            for action in machine.handle(event, now: clock.moment) {
                switch action {
                case .send(let message):
                    link.send(message)
                    if case .merged = message { Step.reach(.mergerMergedSent) }
                    if case .found = message { Step.reach(.mergerFoundSent) }
                case .reconnect: link.reconnect()
                case .operation(let tagged):
                    Step.reach(.mergerUploading)
                    threads.perform(tagged.operation) { [mailbox] result in
                        if result == .done { Step.reach(.mergerUploaded) }
                        mailbox.push(.completed(tagged.tag, result))
                    }
                case .merge(let job):
                    Step.reach(.mergerMerging)
                    let settings = settings
                    mergeQueue.async { [self] in merge(job, settings) }
                case .search(let search):
                    Step.reach(.mergerSearching)
                    mergeQueue.async { [self] in look(search) }
                case .goOn: goOn.signal()
                case .drained: isDrained = true
                case .note(let text):
                    if let line = notes.line(text, now: clock.moment.milliseconds) { logger.warning("\(line)") }
                }
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
                    if case .joined(_, _, _, let bytes) = message {
                        // The machine refuses what cannot be read.
                        do { settings = try Settings(decoding: bytes) } catch {
                            logger.error("the coordinator's settings cannot be read", metadata: ["error": "\(error)"])
                        }
                        logger.info("joined the coordinator")
                        Step.reach(.mergerJoined)
                    }
                    feed(.message(message))
                case .link(.disconnected(let number)):
                    guard number == connection else { continue }
                    connection = 0
                    feed(.disconnected)
                case .completed(let tag, let result): feed(.completed(tag, result))
                case .merger(let event): feed(event)
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

    /// On the merge thread.
    private func look(_ search: Merger.Search) {
        do {
            let bucket = configuration.bucket
            let source = BucketByteSource(bucket)
            switch search {
            case .find(let job):
                let names = try KeySearch(bounds: job.bounds, findsEmptied: true).run(
                    job.names, source: source, perform: bucket.perform)
                mailbox.push(.merger(.found(job, names)))
            case .scan(let job):
                let found = try HorizonSearch(rules: RetentionRules(job.rules), limitCount: Int(job.limitCount))
                    .run(job.names, source: source, perform: bucket.perform)
                mailbox.push(.merger(.scanned(job, found)))
            }
        } catch {
            mailbox.push(.merger(.searchFailed(search, "\(error)")))
        }
    }

    /// On the merge thread.
    private func merge(_ job: MergeJob, _ settings: Settings) {
        func emit(_ built: BuiltSegment) {
            let reference = built.reference(attempt: Attempt(term: .none, number: 0))
            mailbox.push(.merger(.produced(job, reference, built.bytes)))
            goOn.wait()
        }
        do {
            let started = SystemClock().monotonicNanoseconds()
            let source = BucketByteSource(configuration.bucket)
            try source.fetchSmall(job.inputs)
            let left = try SegmentMerger(settings: settings, source: source)
                .run(job.inputs, as: job.output) { emit($0) }
            let milliseconds = (SystemClock().monotonicNanoseconds() - started) / 1_000_000
            logger.info(
                "merged",
                metadata: [
                    "inputs": "\(job.inputs.count)",
                    "documents": "\(job.inputs.reduce(0) { $0 + Int($1.documentCount) })",
                    "to": "\(job.output)", "ms": "\(milliseconds)",
                ])
            mailbox.push(.merger(.finished(job, left: left)))
        } catch {
            mailbox.push(.merger(.engineFailed(job, "\(error)")))
        }
    }
}
