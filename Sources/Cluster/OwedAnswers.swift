// What peers are owed: answers to batches that wait for more than the log, answers to COMPACT, and the close of a
// connection that said QUIT.
//
// Guarantees
// 1. A batch is answered once for each time it was asked for, when the snapshot has come as far as was asked.
// 2. One connection is owed at most `batchLimitCount` answers to batches and `compactionLimitCount` to COMPACT.
// 3. A connection that said QUIT is closed only when nothing is owed to it.

import News
import Storage
import Wire

/// Who is to be told, and when.
struct Asker: Sendable {
    var peer: PeerID
    var ack: AckLevel
}

struct OwedAnswers: Sendable {
    /// A batch whose client waits for more than the log.
    struct Waiter: Sendable {
        var asker: Asker
        var number: UInt64
        var counts: BatchCounts
        var needs: [ShardLane: Position]
        /// What of it concerns no shard is counted and in force up to here.
        var foldedTo: Position

        fileprivate func isDone(by snapshot: Manifest) -> Bool {
            snapshot.foldedTo >= foldedTo && needs.allSatisfy { snapshot[watermark: $0.key] >= $0.value }
        }
    }

    static let batchLimitCount = 4096
    static let compactionLimitCount = 16

    private var batches: [PeerID: Int] = [:]
    private var waiters: [Waiter] = []
    /// Who waits for a compaction, and for which job: the one that was given out after they asked.
    private var compactions: [(peer: PeerID, job: UInt64?)] = []
    private var quitting: Set<PeerID> = []

    // MARK: Batches

    /// - Returns: whether the peer may wait for one more answer.
    mutating func owe(_ peer: PeerID) -> Bool {
        guard batches[peer, default: 0] < Self.batchLimitCount else { return false }
        batches[peer, default: 0] += 1
        return true
    }

    mutating func settle(_ peer: PeerID) {
        // One that is gone is owed nothing.
        if let count = batches[peer] { batches[peer] = count == 1 ? nil : count - 1 }
    }

    mutating func wait(_ waiter: Waiter) { waiters.append(waiter) }

    /// Takes out those whose time has come. `indexed` is what the manifest being written covers: a report that waits may
    /// still be refused.
    mutating func ready(head: Manifest, coming: Manifest) -> [Waiter] {
        var done: [Waiter] = []
        waiters.removeAll { waiter in
            guard waiter.isDone(by: waiter.asker.ack == .indexed ? coming : head) else { return false }
            done.append(waiter)
            return true
        }
        for waiter in done { settle(waiter.asker.peer) }
        return done
    }

    /// Whether somebody waits for nothing but that counts and state are published.
    func isFoldAwaited(_ coming: Manifest) -> Bool {
        waiters.contains { waiter in
            waiter.foldedTo > coming.foldedTo
                && waiter.needs.allSatisfy { coming[watermark: $0.key] >= $0.value }
        }
    }

    // MARK: Compactions

    /// - Returns: whether the peer may wait for one more.
    mutating func compaction(_ peer: PeerID) -> Bool {
        guard compactions.count(where: { $0.peer == peer }) < Self.compactionLimitCount else { return false }
        compactions.append((peer, nil))
        return true
    }

    var isCompactionUnassigned: Bool { compactions.contains { $0.job == nil } }

    /// A compaction was given out: it is what everybody waits for who asked before.
    mutating func assign(_ job: UInt64) {
        for index in compactions.indices { compactions[index].job = job }
    }

    /// Jobs that failed, or whose merger is gone, are waited for no more.
    mutating func unassign(where isOver: (UInt64) -> Bool) {
        for index in compactions.indices {
            if let job = compactions[index].job, isOver(job) { compactions[index].job = nil }
        }
    }

    /// Takes out those who wait for a compaction, one entry for each time they asked.
    mutating func takeCompactions(where isMeant: (UInt64?) -> Bool = { _ in true }) -> [PeerID] {
        let told = compactions.filter { isMeant($0.job) }.map(\.peer)
        compactions.removeAll { isMeant($0.job) }
        return told
    }

    // MARK: The end of a connection

    mutating func quit(_ peer: PeerID) { quitting.insert(peer) }

    mutating func leave(_ peer: PeerID) {
        waiters.removeAll { $0.asker.peer == peer }
        batches[peer] = nil
        compactions.removeAll { $0.peer == peer }
    }

    mutating func closed(_ peer: PeerID) { quitting.remove(peer) }

    /// Takes out those that said QUIT and are owed nothing.
    ///
    /// - Parameter others: peers that are owed something elsewhere.
    mutating func takeSettled(besides others: () -> Set<PeerID>) -> [PeerID] {
        guard !quitting.isEmpty else { return [] }
        let due = others().union(waiters.map(\.asker.peer)).union(compactions.map(\.peer))
        let settled = quitting.subtracting(due).sorted()
        quitting.subtract(settled)
        return settled
    }
}
