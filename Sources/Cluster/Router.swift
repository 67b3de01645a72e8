// Which entries of the log go to which worker, and when.
//
// Invariants
// 1. Of each shard and lane every entry behind the watermark is sent in log order, each to the holder of the shard. What
//    may not be sent for a while (the shard is to move) is passed over by nothing: each stream has a place of its own.
// 2. Entries are kept in memory only within `cacheLimitBytes`; what fell out is read from the log again. What grows with
//    the backlog is 16 bytes for each log object of each stream that has entries in it.
// 3. Two lanes never wait for one another: each has places and credits of its own.

package import ByteCoding
package import News
package import Storage
package import Wire

package struct Router: Sendable {
    private struct Decoded: Sendable {
        var entries: [ShardLane: [RoutedEntry]]
        var sizeBytes: Int
        /// Streams whose entries in it are not all published.
        var unpublishedCount: Int
    }

    private let sharding: Sharding
    private let cacheLimitBytes: Int
    private let streams: [ShardLane]
    /// By shard, then lane.
    private var queues: [StreamQueue]
    private var cache: [LogObjectID: Decoded] = [:]
    private var cachedBytes = 0
    private var credits: [PeerID: [Lane: Int]] = [:]
    private var call = StoreCall(owner: .router)

    /// All durable entries up to here are known.
    package private(set) var routedEnd = Position.start

    package init(sharding: Sharding, watermarks: Manifest, cacheLimitBytes: Int) {
        self.sharding = sharding
        self.cacheLimitBytes = cacheLimitBytes
        streams = (0..<sharding.shardCount).flatMap { index in Lane.allCases.map { ShardLane(Shard(index), $0) } }
        queues = streams.map { StreamQueue(sentTo: watermarks[watermark: $0]) }
        routedEnd = watermarks.watermarks.max() ?? .start
    }

    private func slot(_ stream: ShardLane) -> Int {
        Int(stream.shard.index) * Lane.allCases.count + Int(stream.lane.rawValue)
    }

    /// Takes in a durable object.
    package mutating func append(_ object: LogObject, watermarks: Manifest) {
        routedEnd = max(routedEnd, object.endPosition)
        let decoded = decode(object, watermarks: watermarks)
        guard !decoded.entries.isEmpty else { return }
        for (stream, entries) in decoded.entries {
            queues[slot(stream)].append(last: entries[entries.count - 1].position)
        }
        if cachedBytes + decoded.sizeBytes <= cacheLimitBytes { store(decoded, LogObjectID(object)) }
    }

    private func decode(_ object: LogObject, watermarks: Manifest) -> Decoded {
        var entries: [ShardLane: [RoutedEntry]] = [:]
        var size = 0
        object.forEachEntry { position, lane, entry in
            guard let key = entry.routedKey else { return }
            let stream = ShardLane(sharding.shard(of: key), entry.lane(given: lane))
            guard position > watermarks[watermark: stream] else { return }
            entries[stream, default: []].append(RoutedEntry(position: position, hour: object.hour, entry: entry))
            size += entry.sizeBytes
        }
        return Decoded(entries: entries, sizeBytes: size, unpublishedCount: entries.count)
    }

    /// Whether every entry of the stream is published.
    package func isQuiet(_ stream: ShardLane, watermark: Position) -> Bool { lastEntry(of: stream) <= watermark }

    /// Up to where a stream was sent to the holder of its shard.
    package func sentTo(_ stream: ShardLane) -> Position { queues[slot(stream)].sentTo }

    package func lastEntry(of stream: ShardLane) -> Position { queues[slot(stream)].lastEntry }

    package func isQuiet(_ shard: Shard, watermarks: Manifest) -> Bool {
        Lane.allCases.allSatisfy { lane in
            let stream = ShardLane(shard, lane)
            return isQuiet(stream, watermark: watermarks[watermark: stream])
                || queues[slot(stream)].sentTo == watermarks[watermark: stream]
        }
    }

    /// Whether all that was appended, retractions too, is in this snapshot.
    package func isQuiet(_ manifest: Manifest) -> Bool {
        streams.allSatisfy { isQuiet($0, watermark: manifest[watermark: $0]) }
    }

    /// The holder of the shard changed: the new one gets everything behind the watermark.
    package mutating func rewind(_ shard: Shard, watermarks: Manifest) {
        for lane in Lane.allCases {
            let stream = ShardLane(shard, lane)
            queues[slot(stream)].rewind(to: watermarks[watermark: stream])
        }
    }

    /// A manifest is being written: quiet streams go on from its watermark, so that what comes while it is written is not
    /// sent from a place it leaves behind.
    package mutating func announced(_ manifest: Manifest) {
        for stream in streams where isQuiet(stream, watermark: manifest[watermark: stream]) {
            queues[slot(stream)].passOver(to: manifest[watermark: stream])
        }
    }

    /// A manifest is out: what it covers is forgotten.
    package mutating func published(_ manifest: Manifest) {
        for stream in streams {
            for id in queues[slot(stream)].dropPublished(to: manifest[watermark: stream]) {
                guard cache[id] != nil else { continue }
                cache[id]!.unpublishedCount -= 1
                if cache[id]!.unpublishedCount <= 0 { drop(id) }
            }
        }
    }

    package mutating func joined(_ worker: PeerID) { credits[worker] = [:] }

    package mutating func left(_ worker: PeerID) { credits[worker] = nil }

    package mutating func credit(_ worker: PeerID, _ lane: Lane, bytes: UInt64) {
        guard credits[worker] != nil else { return }
        let known = credits[worker]![lane] ?? 0
        credits[worker]![lane] = min(known + Int(min(bytes, UInt64(Self.creditLimitBytes))), Self.creditLimitBytes)
    }

    /// - Parameter grants: what the worker holds and may be sent now.
    /// - Returns: the next batch for the worker, nil if nothing can be sent; and a read if the log must be read first.
    package mutating func next(
        for worker: PeerID, grants: [LeaseTable.Grant], now: Moment
    ) -> (batch: ArticlesBatch?, read: TaggedOperation?) {
        guard credits[worker] != nil else { return (nil, nil) }
        var slices: [ArticlesBatch.Slice] = []
        var read: TaggedOperation?
        var isLast = true
        for lane in Lane.allCases {
            var budget = credits[worker]![lane] ?? 0
            let taken = take(lane, grants, budget: &budget, into: &slices)
            credits[worker]![lane] = budget
            if taken.remains { isLast = false }
            if let missing = taken.missing, !call.isBusy, read == nil {
                read = call.start(.get(name: ObjectName.log(missing.term, missing.number), range: nil))
            }
        }
        return (slices.isEmpty ? nil : ArticlesBatch(slices: slices, isLast: isLast), read)
    }

    /// Credits of a worker and lane add up to at most this.
    static let creditLimitBytes = 1 << 30
    /// Largest batch, in bytes of entries; one entry may exceed it.
    static let batchTargetBytes = 1 << 20

    /// Goes through the log objects in order, in each through the streams of the grants.
    private mutating func take(
        _ lane: Lane, _ grants: [LeaseTable.Grant], budget: inout Int, into slices: inout [ArticlesBatch.Slice]
    ) -> (remains: Bool, missing: LogObjectID?) {
        var size = 0
        var slots: [ShardLane: Int] = [:]
        let held = grants.map { (stream: ShardLane($0.shard, lane), epoch: $0.epoch) }
        while let id = held.compactMap({ queues[slot($0.stream)].nextObject }).min() {
            guard let decoded = cache[id] else { return (true, id) }
            for (stream, epoch) in held where queues[slot(stream)].nextObject == id {
                let from = queues[slot(stream)].sentTo
                for entry in decoded.entries[stream] ?? [] where entry.position > from {
                    guard budget > 0, size < Self.batchTargetBytes else { return (true, nil) }
                    let bytes = entry.entry.sizeBytes
                    budget -= bytes
                    size += bytes
                    if let slot = slots[stream] {
                        slices[slot].entries.append(entry)
                        slices[slot].to = entry.position
                    } else {
                        slots[stream] = slices.count
                        slices.append(
                            ArticlesBatch.Slice(
                                shardLane: stream, epoch: epoch, from: from, to: entry.position, entries: [entry]))
                    }
                    queues[slot(stream)].sent(entry.position)
                }
                precondition(
                    queues[slot(stream)].nextObject != id, "a log object lacks the last entry it was seen to have")
            }
        }
        return (false, nil)
    }

    // MARK: Reading the log again

    package mutating func tick(now: Moment) -> TaggedOperation? { call.due(now: now) }

    /// - Throws: if the object is not what was written.
    package mutating func handle(
        _ tag: OperationTag, _ result: BucketResult, watermarks: Manifest, now: Moment
    ) throws(CodingError) -> BucketFailure? {
        guard let (operation, result) = call.handle(tag, result, now: now) else { return nil }
        switch result {
        case .bytes(let bytes):
            let object = try LogObject(decoding: bytes, named: operation.name)
            // Only what is published is emptied: a later coordinator has done so while we slept.
            guard !object.isErased else {
                return BucketFailure(.lasting, name: operation.name, message: "its texts were erased meanwhile")
            }
            let decoded = decode(object, watermarks: watermarks)
            makeRoom(bytes: decoded.sizeBytes)
            store(decoded, LogObjectID(object))
            return nil
        case .failed(let failure): return failure
        default: return BucketFailure(.lasting, name: operation.name, message: "the log object is gone")
        }
    }

    /// What was fully sent goes first, then what is needed last.
    private mutating func makeRoom(bytes: Int) {
        guard cachedBytes + bytes > cacheLimitBytes else { return }
        let ids = cache.keys.sorted()
        var unsent: [LogObjectID] = []
        for id in ids {
            let isSent = cache[id]!.entries.allSatisfy { stream, entries in
                queues[slot(stream)].sentTo >= entries[entries.count - 1].position
            }
            if isSent { drop(id) } else { unsent.append(id) }
            if cachedBytes + bytes <= cacheLimitBytes { return }
        }
        while cachedBytes + bytes > cacheLimitBytes, let last = unsent.popLast() { drop(last) }
    }

    private mutating func store(_ decoded: Decoded, _ id: LogObjectID) {
        drop(id)
        cache[id] = decoded
        cachedBytes += decoded.sizeBytes
    }

    private mutating func drop(_ id: LogObjectID) {
        if let old = cache.removeValue(forKey: id) { cachedBytes -= old.sizeBytes }
    }
}

extension LogEntry {
    /// Retractions go through the live lane whatever their batch asked for, and so does what expired.
    func lane(given lane: Lane) -> Lane {
        switch self {
        case .retraction, .expired: .live
        default: lane
        }
    }

    /// What it costs of a worker's credit (docs/wire-protocol.md, CREDIT), in bytes; 0 for what no worker sees.
    package var sizeBytes: Int {
        switch self {
        case .article(let article), .retried(let article): article.frame.count + 160
        case .retraction(let retraction): 64 + retraction.url.utf8.count + retraction.reason.utf8.count
        case .expired: 160
        case .rejection, .feed, .horizon, .deadLetter, .dropped, .erased: 0
        }
    }

    /// What it takes of memory while it waits for the log, in bytes: the texts, and no less than all else together. Unlike
    /// `sizeBytes` it counts every entry: a batch may be 65,536 lines that are no articles.
    package var heldBytes: Int {
        let texts =
            switch self {
            case .article(let article), .retried(let article): article.frame.count + article.source.utf8.count
            case .deadLetter(let letter): letter.article.frame.count + letter.reason.utf8.count
            case .dropped, .erased, .expired: 0
            case .horizon(let rule): rule.source.utf8.count
            case .rejection(let rejection):
                rejection.source.utf8.count + rejection.place.utf8.count + rejection.detail.utf8.count
            case .retraction(let retraction): retraction.url.utf8.count + retraction.reason.utf8.count
            case .feed(let change): change.url.utf8.count
            }
        return 256 + texts
    }
}
