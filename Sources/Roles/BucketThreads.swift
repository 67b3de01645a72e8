import Dispatch
package import Storage

/// Carries out store operations on threads of their own: they block on disk or network.
package final class BucketThreads: Sendable {
    package let bucket: any Bucket
    private let queue: DispatchQueue
    private let places: DispatchSemaphore

    /// - Parameter width: operations at once.
    package init(_ bucket: any Bucket, width: Int = 8) {
        self.bucket = bucket
        queue = DispatchQueue(label: "coranto.bucket", attributes: .concurrent)
        places = DispatchSemaphore(value: width)
    }

    package func perform(_ operation: BucketOperation, then done: @escaping @Sendable (BucketResult) -> Void) {
        queue.async { [bucket, places] in
            places.wait()
            defer { places.signal() }
            done(bucket.perform(operation))
        }
    }
}
