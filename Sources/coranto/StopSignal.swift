import Synchronization

/// Something that is told once and waited for.
final class StopSignal: Sendable {
    private let isTold = Mutex(false)

    func tell() { isTold.withLock { $0 = true } }

    /// Returns when told, or when `isOver` says so; looks ten times a second.
    func wait(or isOver: @Sendable () -> Bool) async {
        while !isTold.withLock({ $0 }), !isOver() {
            do { try await Task.sleep(for: .milliseconds(100)) } catch { return }
        }
    }
}
