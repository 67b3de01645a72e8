import ObjectStore
import Storage
import Synchronization

/// Counts the requests of all sessions of a bucket.
final class RequestMeter: Sendable {
    private let counts = Mutex(StoreRequests())

    var counted: StoreRequests { counts.withLock { $0 } }

    func sent(_ request: S3Request) {
        counts.withLock { counts in
            switch request.method {
            case .put, .post: counts.puts += 1
            // The bucket itself, not an object: a page of a list.
            case .get where request.key.isEmpty: counts.lists += 1
            case .get, .head: counts.gets += 1
            case .delete: counts.deletes += 1
            }
            counts.sentBytes += UInt64(request.body.count)
        }
    }

    func received(_ event: S3Call.Event) {
        guard case .response(let response) = event else { return }
        counts.withLock { $0.receivedBytes += UInt64(response.body.count) }
    }
}
