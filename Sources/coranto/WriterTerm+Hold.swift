import Gateway
import HostIO
import News
import Roles
import Storage

extension WriterTerm {
    /// Takes a term while no coordinator is at work, and keeps its heartbeat while `body` writes.
    ///
    /// - Throws: `Failure` if a coordinator is at work, or the store is empty.
    static func hold<Result: Sendable>(
        _ loader: SnapshotLoader, _ body: @escaping @Sendable (WriterTerm) throws -> Result
    ) async throws -> Result {
        let before = try watch(loader)
        if !before.hasEnded { try await Task.sleep(for: .milliseconds(patienceMilliseconds)) }
        let after = try watch(loader)
        guard !isAlive(before, after) else {
            throw Failure(
                .failed, "a coordinator of term \(after.newest.number) is at work", hint: "stop every coordinator")
        }
        guard after.newest > .none else { throw Failure(.notFound, "the store is empty") }
        let holder = try WriterTerm(after: after.newest, instance: SystemRandom().instance(), loader: loader)
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(
                try await withThrowingTaskGroup(of: Result?.self) { group in
                    group.addTask {
                        var counter: UInt64 = 1
                        while true {
                            try await Task.sleep(for: .milliseconds(beatMilliseconds))
                            counter += 1
                            // One that fails is made up for by the next: whoever takes over meanwhile is seen before the commit.
                            do { try holder.beat(counter) } catch { Terminal.note("the heartbeat failed: \(error)") }
                        }
                    }
                    group.addTask { try await Blocking.run { try body(holder) } }
                    defer { group.cancelAll() }
                    // The heartbeat ends only when it is cancelled.
                    return try await group.next()!!
                })
        } catch { result = .failure(error) }
        // However it went: nobody need wait for us.
        try holder.beat(.max, hasEnded: true)
        return try result.get()
    }
}
