import Cluster
import Dispatch
package import Logging
package import News
package import Storage
import Synchronization

/// The list of feeds as a snapshot has it.
package struct FeedList: Sendable {
    package var generation: Generation
    package var feeds: [String: FeedChange]
}

/// Reads the list of feeds of the newest snapshot, on a thread of its own: while the store does not answer, polling goes on
/// with the feeds that are known. Tells the log when it begins to fail, and when it works again.
package final class FeedListReader: Sendable {
    private let loader: SnapshotLoader
    private let logger: Logger
    private let queue = DispatchQueue(label: "coranto.feed-list")
    private let isFailing = Mutex(false)

    package init(_ bucket: any Bucket, logger: Logger) {
        loader = SnapshotLoader(bucket)
        self.logger = logger
    }

    /// - Parameters:
    ///   - known: the generation whose list is known.
    ///   - done: is called with nil if there is none newer, or it cannot be read now: ask again later.
    package func read(after known: Generation?, then done: @escaping @Sendable (FeedList?) -> Void) {
        queue.async { [self] in
            var list: FeedList?
            do {
                if let manifest = try loader.newest()?.manifest, manifest.generation != known {
                    list = FeedList(generation: manifest.generation, feeds: try loader.state(of: manifest).feeds)
                }
                tell(nil)
            } catch {
                tell(error)
            }
            done(list)
        }
    }

    private func tell(_ error: (any Error)?) {
        let wasFailing = isFailing.withLock { isFailing in
            defer { isFailing = error != nil }
            return isFailing
        }
        switch error {
        case let error? where !wasFailing:
            logger.warning(
                "the store fails: the list of feeds cannot be read, those that are known are polled on",
                metadata: ["store": "\(loader.bucket.location)", "reason": "\(error)"])
        case nil where wasFailing: logger.notice("the list of feeds can be read again")
        default: break
        }
    }
}
