// Batches on their way into the log, and what was answered to those that are in it.
//
// Guarantees
// 1. A batch id names one payload: the same again is answered as before, another payload under it is told apart.
// 2. The newest `rememberedLimitCount` answers are remembered. An older batch that comes again is logged again, and its
//    articles are counted as duplicates.

import ByteCoding
import News
import Storage
import Wire

struct Intake: Sendable {
    struct Item: Sendable {
        /// Whoever sent the batch, each time it came: each gets an answer.
        var askers: [Asker]
        var put: Coordinator.Put
        var counts: BatchCounts
    }

    enum Known: Sendable {
        case new
        /// It waits for the log, under this token.
        case coming(UInt64)
        /// It is in the log.
        case answered(BatchCounts)
        /// Another payload came under this id.
        case reused
    }

    private struct Remembered: Sendable {
        var digest: Digest256
        var counts: BatchCounts
    }

    static let rememberedLimitCount = 1_000_000

    private var items: [UInt64: Item] = [:]
    private var nextToken: UInt64 = 1
    private var tokens: [BatchID: UInt64] = [:]
    private var remembered: [BatchID: Remembered] = [:]
    private var order: [BatchID] = []
    private var firstRemembered = 0

    var isEmpty: Bool { items.isEmpty }

    /// The last token that was given out; 0 before the first.
    var newestToken: UInt64 { nextToken - 1 }

    func look(_ id: BatchID, _ digest: Digest256) -> Known {
        if let known = remembered[id] { return known.digest == digest ? .answered(known.counts) : .reused }
        if let token = tokens[id] { return items[token]!.put.digest == digest ? .coming(token) : .reused }
        return .new
    }

    /// A token for a batch of our own.
    mutating func takeToken() -> UInt64 {
        defer { nextToken += 1 }
        return nextToken
    }

    /// - Returns: a token that names the batch until it is durable or refused.
    mutating func add(_ put: Coordinator.Put, _ asker: Asker) -> UInt64 {
        let token = takeToken()
        items[token] = Item(askers: [asker], put: put, counts: BatchCounts(of: put.entries))
        tokens[put.id] = token
        return token
    }

    mutating func ask(_ token: UInt64, _ asker: Asker) { items[token]!.askers.append(asker) }

    mutating func durable(_ token: UInt64) -> Item? {
        guard let item = refused(token) else { return nil }
        remember(item.put.id, item.put.digest, item.counts)
        return item
    }

    /// It is not in the log: it may come again.
    mutating func refused(_ token: UInt64) -> Item? {
        guard let item = items.removeValue(forKey: token) else { return nil }
        tokens[item.put.id] = nil
        return item
    }

    mutating func remember(_ id: BatchID, _ digest: Digest256, _ counts: BatchCounts) {
        if remembered.updateValue(Remembered(digest: digest, counts: counts), forKey: id) == nil { order.append(id) }
        if order.count - firstRemembered > Self.rememberedLimitCount {
            remembered[order[firstRemembered]] = nil
            firstRemembered += 1
            if firstRemembered > Self.rememberedLimitCount {
                order.removeFirst(firstRemembered)
                firstRemembered = 0
            }
        }
    }
}

extension BatchCounts {
    init(of entries: [LogEntry]) {
        self.init()
        for entry in entries {
            switch entry {
            case .article:
                received += 1
                accepted += 1
            case .rejection:
                received += 1
                rejected += 1
            case .retraction, .feed, .horizon, .deadLetter, .retried, .dropped, .erased, .expired: controls += 1
            }
        }
    }
}
