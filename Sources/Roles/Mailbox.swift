import Dispatch
import Synchronization

/// Events for one machine, in order, from any thread. What is in it is bounded by those who fill it: each connection by
/// its account (`PeerBacklog`) or by the credits it was given, the store by one operation at a time.
package final class Mailbox<Event: Sendable>: Sendable {
    private let events = Mutex<[Event]>([])
    private let filled = DispatchSemaphore(value: 0)

    package init() {}

    package func push(_ event: Event) {
        events.withLock { $0.append(event) }
        filled.signal()
    }

    /// Everything that is there, waiting at most `milliseconds` for the first; empty if none came.
    package func take(waitingMilliseconds milliseconds: Int) -> [Event] {
        guard filled.wait(timeout: .now() + .milliseconds(milliseconds)) == .success else { return [] }
        // There is one signal for each event. A later one may have been pushed and not yet signalled; it is left.
        var count = 1
        while filled.wait(timeout: .now()) == .success { count += 1 }
        return events.withLock { events in
            defer { events.removeFirst(count) }
            return Array(events.prefix(count))
        }
    }
}
