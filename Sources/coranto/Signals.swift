import Dispatch
import Glibc

/// Turns SIGTERM and SIGINT into a drain: the first asks, a second ends the process at once.
final class DrainSignals {
    private let sources: [any DispatchSourceSignal]

    /// - Parameter notice: told on the first signal; nil for what ends at once anyway.
    init(
        notice: String? = "draining; once more to end at once", _ drain: @escaping @Sendable () -> Void
    ) {
        // Whoever started us may have had them blocked, and the mask is inherited.
        var both = sigset_t()
        _ = unsafe sigemptyset(&both)
        for number in [SIGTERM, SIGINT] { _ = unsafe sigaddset(&both, number) }
        _ = unsafe pthread_sigmask(SIG_UNBLOCK, &both, nil)
        let asked = DispatchQueue(label: "coranto.signals")
        nonisolated(unsafe) var count = 0  // only touched on the queue
        sources = [SIGTERM, SIGINT].map { number in
            // The default action would end the process before the source is told.
            _ = signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: asked)
            source.setEventHandler {
                unsafe count += 1
                if unsafe count > 1 { exit(130) }
                if let notice { Terminal.note(notice) }
                drain()
            }
            source.resume()
            return source
        }
    }

    func cancel() { for source in sources { source.cancel() } }
}
