import Dispatch
import HostIO
package import Logging
package import Storage
import Synchronization

/// Carries out store operations on threads of their own: they block on disk or network. Tells the log when the store fails.
package final class BucketThreads: Sendable {
    package let bucket: any Bucket
    private let queue: DispatchQueue
    private let places: DispatchSemaphore
    private let logger: Logger
    private let trouble = Mutex(StoreTrouble())

    /// - Parameter width: operations at once.
    package init(_ bucket: any Bucket, width: Int = 8, logger: Logger) {
        self.bucket = bucket
        self.logger = logger
        queue = DispatchQueue(label: "coranto.bucket", attributes: .concurrent)
        places = DispatchSemaphore(value: width)
    }

    package func perform(_ operation: BucketOperation, then done: @escaping @Sendable (BucketResult) -> Void) {
        queue.async { [self] in
            places.wait()
            defer { places.signal() }
            let result = bucket.perform(operation)
            tell(operation, result)
            done(result)
        }
    }

    private func tell(_ operation: BucketOperation, _ result: BucketResult) {
        let now = Int64(SystemClock().monotonicNanoseconds() / 1_000_000)
        switch trouble.withLock({ $0.note(operation, result, now: now) }) {
        case .fails(let failure):
            let isFull = failure.kind == .full
            logger.warning(
                "\(isFull ? "the store is full; all goes on when there is room" : "the store fails")",
                metadata: ["reason": "\(failure)"])
        case .worksAgain: logger.notice("the store works again")
        case nil: break
        }
    }
}
