// What peers are owed: answers to batches that wait for more than the log, answers to COMPACT, and the close of a
// connection that said QUIT.
//
// Guarantees
// 1. A batch is answered once for each time it was asked for, when the snapshot has come as far as was asked.
// 2. One connection is owed at most `batchLimitCount` answers to batches and `compactionLimitCount` to COMPACT; all together
//    `totalLimitCount` to batches, beyond which each may have `shareCount` still.
// 3. A connection that said QUIT is closed only when nothing is owed to it.
//
// What waits may be thousands of answers, and events come by the thousand each second: so nothing here looks at all of them for an
// event that can change none.

import News
import Storage
import Wire

/// Who is to be told, and when.
struct Asker: Sendable {
    var peer: PeerID
    var ack: AckLevel
}

package struct OwedAnswers: Sendable {
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

    /// Whoever sends more is told BUSY.
    package static let batchLimitCount = 4096
    static let compactionLimitCount = 16
    package static let totalLimitCount = 65_536
    package static let shareCount = 16

    private var batches: [PeerID: Int] = [:]
    private var totalCount = 0
    private var waiters: [Waiter] = []
    /// Who waits for a compaction, and for which job: the one that was given out after they asked.
    private var compactions: [(peer: PeerID, job: UInt64?)] = []
    private var quitting: Set<PeerID> = []
    /// Those of them that are owed nothing any more.
    private var settled: Set<PeerID> = []
    /// The manifests that the first `lookedCount` waiters were held against, and did not suffice for.
    private var looked = (head: Generation.none, coming: Generation.none)
    private var lookedCount = 0
    /// The same for `isFoldAwaited`.
    private var foldLooked = Generation.none
    private var foldLookedCount = 0
    private var isFoldAwaited = false

    package init() {}

    // MARK: Batches

    /// - Returns: whether the peer may wait for one more answer.
    package mutating func owe(_ peer: PeerID) -> Bool {
        let count = batches[peer, default: 0]
        guard count < (totalCount < Self.totalLimitCount ? Self.batchLimitCount : Self.shareCount) else { return false }
        batches[peer] = count + 1
        totalCount += 1
        return true
    }

    mutating func settle(_ peer: PeerID) {
        // One that is gone is owed nothing.
        guard let count = batches[peer] else { return }
        batches[peer] = count == 1 ? nil : count - 1
        totalCount -= 1
        release(peer)
    }

    mutating func wait(_ waiter: Waiter) { waiters.append(waiter) }

    /// Takes out those whose time has come. `indexed` is what the manifest being written covers: a report that waits may
    /// still be refused.
    ///
    /// What a generation covers never changes: only another one, or another waiter, is worth a look.
    mutating func ready(head: Manifest, coming: Manifest) -> [Waiter] {
        if looked != (head.generation, coming.generation) {
            looked = (head.generation, coming.generation)
            lookedCount = 0
        }
        guard lookedCount < waiters.count else { return [] }
        var done: [Waiter] = []
        var left = Array(waiters[..<lookedCount])
        for waiter in waiters[lookedCount...] {
            if waiter.isDone(by: waiter.asker.ack == .indexed ? coming : head) {
                done.append(waiter)
            } else {
                left.append(waiter)
            }
        }
        if !done.isEmpty {
            waiters = left
            foldLookedCount = 0
            isFoldAwaited = false
        }
        lookedCount = waiters.count
        for waiter in done { settle(waiter.asker.peer) }
        return done
    }

    /// Whether somebody waits for nothing but that counts and state are published.
    mutating func isFoldAwaited(_ head: Manifest) -> Bool {
        if foldLooked != head.generation {
            foldLooked = head.generation
            foldLookedCount = 0
            isFoldAwaited = false
        }
        if !isFoldAwaited {
            isFoldAwaited = waiters[foldLookedCount...].contains { waiter in
                waiter.foldedTo > head.foldedTo && waiter.needs.allSatisfy { head[watermark: $0.key] >= $0.value }
            }
            foldLookedCount = waiters.count
        }
        return isFoldAwaited
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
        guard !told.isEmpty else { return [] }
        compactions.removeAll { isMeant($0.job) }
        for peer in told { release(peer) }
        return told
    }

    // MARK: The end of a connection

    mutating func quit(_ peer: PeerID) {
        quitting.insert(peer)
        release(peer)
    }

    package mutating func leave(_ peer: PeerID) {
        if let owed = batches[peer] {
            totalCount -= owed
            let count = waiters.count
            waiters.removeAll { $0.asker.peer == peer }
            if waiters.count < count { (lookedCount, foldLookedCount, isFoldAwaited) = (0, 0, false) }
        }
        batches[peer] = nil
        compactions.removeAll { $0.peer == peer }
        release(peer)
    }

    mutating func closed(_ peer: PeerID) { quitting.remove(peer) }

    /// Takes out those that said QUIT and are owed nothing.
    mutating func takeSettled() -> [PeerID] {
        guard !settled.isEmpty else { return [] }
        defer { settled = [] }
        return settled.sorted()
    }

    private mutating func release(_ peer: PeerID) {
        guard quitting.contains(peer), batches[peer] == nil, !compactions.contains(where: { $0.peer == peer }) else {
            return
        }
        quitting.remove(peer)
        settled.insert(peer)
    }
}
