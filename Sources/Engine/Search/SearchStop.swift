import Synchronization

/// Ends a search that somebody else no longer waits for: it looks here once for each block, window or list of places.
package final class SearchStop: Sendable {
    private let isStopped = Atomic(false)
    /// Stops this one too.
    private let other: SearchStop?

    package init(with other: SearchStop? = nil) { self.other = other }

    package func stop() { isStopped.store(true, ordering: .relaxed) }

    package var isSet: Bool { isStopped.load(ordering: .relaxed) || other?.isSet ?? false }

    /// - Throws: `EngineError` `.stopped`.
    package func check() throws(EngineError) {
        if isSet { throw EngineError(.stopped, "the question took too long, and was stopped") }
    }
}
