import Engine
import Synchronization

/// Tells a damaged store from one that fails in passing: an object that is wrong or not there several times on end will be so the
/// next time. A worker of a cluster goes on trying, for somebody may put the object back; a command that is the cluster ends.
final class StoreDamage: Sendable {
    private struct State {
        var error: (any Error)?
        var count = 0
    }

    /// A worker tries again as soon as it has joined again: so often within a few seconds.
    static let limitCount = 5

    private let state = Mutex(State())

    /// The last error, if it was found often enough.
    var lasting: (any Error)? { state.withLock { $0.count >= Self.limitCount ? $0.error : nil } }

    func note(_ error: any Error) {
        guard Self.isDamage(error) else { return }
        state.withLock { state in
            state.error = error
            state.count += 1
        }
    }

    func clear() { state.withLock { $0 = State() } }

    private static func isDamage(_ error: any Error) -> Bool {
        switch error {
        case let error as EngineError:
            switch error.code {
            case .corrupt, .truncated, .mismatch, .missing: true
            case .unsupportedVersion, .io, .limit, .stopped: false
            }
        case let error as StoreError: error.code == .corrupt || error.code == .missing
        default: false
        }
    }
}
