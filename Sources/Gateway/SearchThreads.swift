import NIOPosix
import Synchronization

/// Threads on which questions are answered, so that neither an event loop nor the cooperative pool waits for a disk.
/// Bounded: what would wait too long is refused at once.
final class SearchThreads: Sendable {
    private let pool: NIOThreadPool
    private let limitCount: Int
    private let busyCount = Atomic<Int>(0)

    init(count: Int, limitCount: Int) {
        pool = NIOThreadPool(numberOfThreads: count)
        self.limitCount = limitCount
    }

    func start() { pool.start() }

    func stop() async throws { try await pool.shutdownGracefully() }

    /// - Throws: `Failure` `.busy`, or what `body` throws.
    func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        defer { busyCount.subtract(1, ordering: .relaxed) }
        guard busyCount.add(1, ordering: .relaxed).newValue <= limitCount else {
            throw Failure(.busy, "\(limitCount) questions are being answered", hint: "try again in a moment")
        }
        return try await pool.runIfActive(body)
    }
}
