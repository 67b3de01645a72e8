import Engine
import HostIO
import NIOPosix
import Synchronization

/// Threads on which questions are answered, so that neither an event loop nor the cooperative pool waits for a disk.
/// Bounded: what would wait too long is refused at once. Askers take turns.
final class SearchThreads: Sendable {
    private struct Job: Sendable {
        var work: @Sendable () -> Void
        var refuse: @Sendable (Failure) -> Void
    }

    private let pool: NIOThreadPool
    private let limitCount: Int
    private let queue: Mutex<FairQueue<String, Job>>
    /// Stops all questions that have one with it.
    let stop = SearchStop()

    /// Whose question is being answered, by his address.
    @TaskLocal static var asker = ""

    init(count: Int, limitCount: Int) {
        pool = NIOThreadPool(numberOfThreads: count)
        self.limitCount = limitCount
        queue = Mutex(FairQueue(limitCount: limitCount))
    }

    func start() { pool.start() }

    /// What is being answered is stopped.
    func end() async throws {
        stop.stop()
        try await pool.shutdownGracefully()
    }

    /// - Throws: `Failure` `.busy`, or what `body` throws.
    func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        let asker = Self.asker
        return try await withCheckedThrowingContinuation { continuation in
            add(
                Job(
                    work: { continuation.resume(with: Swift.Result { try body() }) },
                    refuse: { continuation.resume(throwing: $0) }),
                asker)
        }
    }

    private func add(_ job: Job, _ asker: String) {
        switch queue.withLock({ $0.add(job, from: asker) }) {
        case .refused: job.refuse(busy)
        // A thread will come for as many as wait: one for this one, that was meant for the other.
        case .queuedInsteadOf(let other): other.refuse(busy)
        case .queued:
            pool.submit { [self] state in
                guard let job = queue.withLock({ $0.next() }) else { return }
                if state == .active { job.work() } else { job.refuse(Failure(.busy, "the gateway ends")) }
                queue.withLock { $0.finished() }
            }
        }
    }

    private var busy: Failure {
        Failure(.busy, "\(limitCount) questions are being answered", hint: "try again in a moment")
    }
}
