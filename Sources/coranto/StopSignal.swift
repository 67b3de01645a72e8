import Synchronization

/// Something that is told once and waited for.
final class StopSignal: Sendable {
    private let state = Mutex(false)

    var isTold: Bool { state.withLock { $0 } }

    func tell() { state.withLock { $0 = true } }

    /// Returns when told, or when `isOver` says so; looks ten times a second.
    func wait(or isOver: @Sendable () -> Bool) async {
        while !isTold, !isOver() {
            do { try await Task.sleep(for: .milliseconds(100)) } catch { return }
        }
    }
}
