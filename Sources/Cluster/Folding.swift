package import News
package import Storage

/// What the log brought since the last manifest.
package struct Folding: Sendable {
    package var foldedTo: Position
    package var received = LedgerRows()
    package var receivedCount: Int64 = 0
    package var outcomes: [Outcome: Int64] = [:]
    package var changedState: Set<ClusterState.Kind> = []
    package var isStateChanged: Bool { !changedState.isEmpty }

    package init(foldedTo: Position) { self.foldedTo = foldedTo }

    /// Takes in an entry behind `foldedTo`.
    ///
    /// - Parameter changed: the kinds of state that are other than before, by it.
    package mutating func add(_ entry: LogEntry, hour: UInt32, changed: Set<ClusterState.Kind> = []) {
        changedState.formUnion(changed)
        switch entry {
        case .article(let article):
            receivedCount += 1
            received.received(1, source: article.source, hour: hour)
        case .rejection(let rejection):
            let outcome: Outcome =
                switch rejection.reason {
                case .retracted: .retracted
                case .expired: .expired
                case .empty, .tooLarge, .malformed, .unreadable: .rejected
                }
            receivedCount += 1
            received.received(1, source: rejection.source, hour: hour)
            count(1, outcome, rejection.source, hour)
        // The decision counts, not who passes its entry over: so it counts once, whoever does and however often.
        case .deadLetter(let letter): count(1, .deadLettered, letter.article.source, letter.hour)
        case .retried(let article) where changed.contains(.deadLetters):
            count(-1, .deadLettered, article.source, hour)
        // Asked for twice before the first was in the log: it came as any article comes.
        case .retried(let article):
            receivedCount += 1
            received.received(1, source: article.source, hour: hour)
        case .retraction, .feed, .horizon, .dropped, .erased, .expired: break
        }
    }

    private mutating func count(_ delta: Int64, _ outcome: Outcome, _ source: String, _ hour: UInt32) {
        outcomes[outcome, default: 0] += delta
        received.add(delta, of: outcome, source: source, hour: hour)
    }
}
