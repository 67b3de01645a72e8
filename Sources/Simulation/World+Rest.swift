import Cluster
import News
import Storage
import Wire

// The end of a world: when it is at rest, and what must hold then.
extension World {
    /// Called at rest: checks what must hold then, and has the snapshot compacted.
    func isCompacted() throws -> Bool {
        if !hasRested {
            hasRested = true
            try properties.checkRest(
                store: store, clients: processes.compactMap(\.client), feeds: feeds,
                manifest: { try self.manifest($0) }, segments: { try self.segments($0) })
        }
        guard let head = properties.head else { return true }
        let cells = try segments(head).map(\.0).filter { $0.kind == .cell }
        guard !SnapshotHead(head, cells: cells).isCanonical else { return true }
        requestCompaction()
        return false
    }

    func isAtRest() -> Bool {
        guard lateRequestCount == 0, let healedAt, let head = properties.head, head.sums.pending == 0,
            processes.allSatisfy({ $0.client?.isDone ?? true }),
            feeds.allSatisfy({ $0.polledAt > healedAt }),
            processes.allSatisfy({ $0.fetcher?.outgoing.isEmpty ?? true }),
            scenario.retentionCount == 0 || isNothingExpiring
        else { return false }
        let log = ValidLog(store.everLog)
        return head.sums.received == log.articleCount && head.foldedTo >= log.lastRetry
            && properties.isFreeOfRetracted(log)
            && properties.leftToErase(log, store: store) == nil
    }

    /// What is behind a horizon counts as nothing that is pending.
    private var isNothingExpiring: Bool {
        processes.contains { process in
            process.isUp && process.coordinator.map { $0.isReigning && !$0.status.isExpiring } ?? false
        }
    }

    /// What a world that never comes to rest is waiting for.
    func stuckDetail() -> String {
        let log = ValidLog(store.everLog).articleCount
        let head = properties.head
        let late = feeds.filter { $0.polledAt <= healedAt ?? 0 }.map(\.url)
        return
            "expiring \(!isNothingExpiring), received \(head?.sums.received ?? 0) of \(log), pending \(head?.sums.pending ?? 0), clients done \(processes.map { $0.client?.isDone ?? true }), late requests \(lateRequestCount), feeds not polled \(late), reigning \(processes.map { $0.coordinator?.reigningTerm?.number ?? 0 }), watermarks \(head?.watermarks ?? []), folded to \(String(describing: head?.foldedTo)), fetchers \(processes.compactMap { $0.fetcher?.detail(now) }), to be erased \(properties.leftToErase(ValidLog(store.everLog), store: store) ?? "nothing")"
    }

    func requestCompaction() {
        let clients = processes.indices.filter { processes[$0].role == .client && processes[$0].connection != nil }
        guard !clients.isEmpty else { return }
        sendUp(random.pick(clients), .compact)
    }
}
