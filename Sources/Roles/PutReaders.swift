import Cluster
import Dispatch
import HostIO
import Synchronization

/// A thread on which payloads are read: those of one connection in their order, connections in turns, so that one who sends
/// much waits for himself.
///
/// What waits is bounded by `PeerBacklog`, which pauses connections.
final class PutReaders: Sendable {
    private let thread: DispatchQueue
    private let waiting = Mutex(FairQueue<PeerID, @Sendable () -> Void>(limitCount: .max))

    init(label: String) { thread = DispatchQueue(label: label) }

    func add(_ peer: PeerID, _ work: @escaping @Sendable () -> Void) {
        _ = waiting.withLock { $0.add(work, from: peer) }
        // One for each that waits, whosever turn it is then.
        thread.async { [self] in
            guard let next = waiting.withLock({ $0.next() }) else { return }
            next()
            waiting.withLock { $0.finished() }
        }
    }
}
