import Cluster
import Dispatch
import HostIO
import Synchronization

/// A thread on which payloads are read: those of one connection in their order, next always of the one of whom least was read,
/// so that one who sends much waits for himself.
///
/// What waits is bounded by `PeerBacklog`, which pauses connections.
final class PutReaders: Sendable {
    private let thread: DispatchQueue
    private let waiting = Mutex(FairQueue<PeerID, @Sendable () -> Void>(limitCount: .max))

    /// What any payload takes, as if it were bytes of it.
    private static let readCost = 1024

    init(label: String) { thread = DispatchQueue(label: label) }

    /// - Parameter bytes: of the payload.
    func add(_ peer: PeerID, bytes: Int, _ work: @escaping @Sendable () -> Void) {
        _ = waiting.withLock { $0.add(work, from: peer, cost: Self.readCost + bytes) }
        // One for each that waits, whosever turn it is then.
        thread.async { [self] in
            guard let next = waiting.withLock({ $0.next() }) else { return }
            next()
            waiting.withLock { $0.finished() }
        }
    }
}
