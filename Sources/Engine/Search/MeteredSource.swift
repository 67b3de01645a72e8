import Synchronization

/// Counts what one search reads.
final class MeteredSource: ByteSource {
    private let inner: any ByteSource
    private let counts = Mutex((rounds: 0, requests: 0, bytes: 0))

    init(_ inner: any ByteSource) { self.inner = inner }

    /// What was read so far.
    func work(windowCount: Int) -> SearchResults.Work {
        counts.withLock {
            SearchResults.Work(
                roundCount: $0.rounds, requestCount: $0.requests, requestBytes: $0.bytes, windowCount: windowCount)
        }
    }

    func mapped(_ object: String) -> ByteView? { inner.mapped(object) }

    func read(_ requests: [ByteRequest]) throws -> [ByteView] {
        let views = try inner.read(requests)
        let bytes = views.reduce(0) { $0 + $1.count }
        counts.withLock {
            $0.rounds += 1
            $0.requests += requests.count
            $0.bytes += bytes
        }
        return views
    }
}
