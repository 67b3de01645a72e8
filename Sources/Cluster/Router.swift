// Which entries of the log go to which worker, and when.
//
// Invariants
// 1. Of each shard and lane every entry behind the watermark is sent in log order, each to the holder of the shard.
// 2. Entries are kept in memory only within `cacheLimitBytes`; what fell out is read from the log again. What grows with
//    the backlog is one summary per log object.
// 3. Two lanes never wait for one another: each has cursors and credits of its own.

package import ByteCoding
package import News
package import Storage
package import Wire

package struct Router: Sendable {
    private struct ObjectID: Hashable, Comparable, Sendable {
        var term: Term
        var number: UInt64
        static func < (left: ObjectID, right: ObjectID) -> Bool {
            (left.term, left.number) < (right.term, right.number)
        }
    }

    private struct Summary: Sendable {
        var id: ObjectID
        /// Streams that have entries in it, each with its last.
        var last: [ShardLane: Position]
    }

    private struct Decoded: Sendable {
        var entries: [ShardLane: [RoutedEntry]]
        var sizeBytes: Int
    }

    private let sharding: Sharding
    private let cacheLimitBytes: Int
    private var summaries: [Summary] = []
    private var cache: [ObjectID: Decoded] = [:]
    private var cachedBytes = 0
    /// Everything up to here was sent to the holder.
    private var sent: [ShardLane: Position] = [:]
    private var lastEntry: [ShardLane: Position] = [:]
    private var credits: [PeerID: [Lane: Int]] = [:]
    /// Objects up to here hold nothing more to send to the worker; void when it gets another shard.
    private var scanned: [PeerID: [Lane: ObjectID]] = [:]
    private var call = StoreCall(owner: .router)

    /// All durable entries up to here are known.
    package private(set) var routedEnd = Position.start

    package init(sharding: Sharding, watermarks: Manifest, cacheLimitBytes: Int) {
        self.sharding = sharding
        self.cacheLimitBytes = cacheLimitBytes
        for stream in streams { sent[stream] = watermarks[watermark: stream] }
        routedEnd = watermarks.watermarks.max() ?? .start
    }

    package var streams: [ShardLane] {
        (0..<sharding.shardCount).flatMap { index in Lane.allCases.map { ShardLane(Shard(index), $0) } }
    }

    /// Takes in a durable object.
    package mutating func append(_ object: LogObject, watermarks: Manifest) {
        let id = ObjectID(term: object.term, number: object.number)
        var entries: [ShardLane: [RoutedEntry]] = [:]
        var size = 0
        object.forEachEntry { position, lane, entry in
            guard let key = entry.routedKey else { return }
            let stream = ShardLane(sharding.shard(of: key), entry.lane(given: lane))
            guard position > watermarks[watermark: stream] else { return }
            entries[stream, default: []].append(RoutedEntry(position: position, hour: object.hour, entry: entry))
            size += entry.sizeBytes
            lastEntry[stream] = position
        }
        routedEnd = max(routedEnd, object.endPosition)
        guard !entries.isEmpty else { return }
        summaries.append(Summary(id: id, last: entries.mapValues { $0[$0.count - 1].position }))
        if cachedBytes + size <= cacheLimitBytes { store(Decoded(entries: entries, sizeBytes: size), id) }
    }

    /// Whether every entry of the stream is published.
    package func isQuiet(_ stream: ShardLane, watermark: Position) -> Bool {
        (lastEntry[stream] ?? .start) <= watermark
    }

    /// Up to where a stream was sent to the holder of its shard.
    package func sentTo(_ stream: ShardLane) -> Position { sent[stream] ?? .start }

    package func lastEntry(of stream: ShardLane) -> Position { lastEntry[stream] ?? .start }

    package func isQuiet(_ shard: Shard, watermarks: Manifest) -> Bool {
        Lane.allCases.allSatisfy { lane in
            let stream = ShardLane(shard, lane)
            return isQuiet(stream, watermark: watermarks[watermark: stream])
                || sent[stream] == watermarks[watermark: stream]
        }
    }

    /// The holder of the shard changed: the new one gets everything behind the watermark.
    package mutating func rewind(_ shard: Shard, watermarks: Manifest) {
        for worker in scanned.keys { scanned[worker] = [:] }
        for lane in Lane.allCases {
            let stream = ShardLane(shard, lane)
            sent[stream] = watermarks[watermark: stream]
        }
    }

    /// A manifest is being written: quiet streams go on from its watermark, so that what comes while it is written is not
    /// sent from a place it leaves behind.
    package mutating func announced(_ manifest: Manifest) {
        for stream in streams where isQuiet(stream, watermark: manifest[watermark: stream]) {
            sent[stream] = max(sent[stream] ?? .start, manifest[watermark: stream])
        }
    }

    /// A manifest is out: objects no stream needs are forgotten.
    package mutating func published(_ manifest: Manifest) {
        while let first = summaries.first, first.last.allSatisfy({ manifest[watermark: $0.key] >= $0.value }) {
            drop(first.id)
            summaries.removeFirst()
        }
    }

    package mutating func joined(_ worker: PeerID) {
        credits[worker] = [:]
        scanned[worker] = [:]
    }

    package mutating func left(_ worker: PeerID) {
        credits[worker] = nil
        scanned[worker] = nil
    }

    package mutating func credit(_ worker: PeerID, _ lane: Lane, bytes: UInt64) {
        guard credits[worker] != nil else { return }
        let known = credits[worker]![lane] ?? 0
        credits[worker]![lane] = min(known + Int(clamping: bytes), 1 << 30)
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
            let taken = take(lane, for: worker, grants, budget: &budget, into: &slices)
            credits[worker]![lane] = budget
            if taken.remains { isLast = false }
            if let missing = taken.missing, !call.isBusy, read == nil {
                read = call.start(.get(name: ObjectName.log(missing.term, missing.number), range: nil))
            }
        }
        return (slices.isEmpty ? nil : ArticlesBatch(slices: slices, isLast: isLast), read)
    }

    /// Largest batch, in bytes of entries; one entry may exceed it.
    static let batchTargetBytes = 1 << 20

    private mutating func take(
        _ lane: Lane, for worker: PeerID, _ grants: [LeaseTable.Grant], budget: inout Int,
        into slices: inout [ArticlesBatch.Slice]
    ) -> (remains: Bool, missing: ObjectID?) {
        var size = 0
        var slots: [ShardLane: Int] = [:]
        let epochs = Dictionary(uniqueKeysWithValues: grants.map { (ShardLane($0.shard, lane), $0.epoch) })
        let first = scanned[worker]?[lane].map { done in summaries.partitioningIndex { $0.id > done } } ?? 0
        for summary in summaries[first...] {
            let wanted = summary.last.filter { epochs[$0.key] != nil && sent[$0.key]! < $0.value }.map(\.key).sorted()
            guard !wanted.isEmpty else {
                scanned[worker]?[lane] = summary.id
                continue
            }
            guard let decoded = cache[summary.id] else { return (true, summary.id) }
            for stream in wanted {
                let from = sent[stream]!
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
                                shardLane: stream, epoch: epochs[stream]!, from: from, to: entry.position,
                                entries: [entry]))
                    }
                    sent[stream] = entry.position
                }
            }
            scanned[worker]?[lane] = summary.id
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
            var entries: [ShardLane: [RoutedEntry]] = [:]
            var size = 0
            object.forEachEntry { position, lane, entry in
                guard let key = entry.routedKey else { return }
                let stream = ShardLane(sharding.shard(of: key), entry.lane(given: lane))
                guard position > watermarks[watermark: stream] else { return }
                entries[stream, default: []].append(RoutedEntry(position: position, hour: object.hour, entry: entry))
                size += entry.sizeBytes
            }
            while cachedBytes + size > cacheLimitBytes, let oldest = evictable() { drop(oldest) }
            store(
                Decoded(entries: entries, sizeBytes: size), ObjectID(term: object.term, number: object.number))
            return nil
        case .failed(let failure): return failure
        default: return BucketFailure(.lasting, name: operation.name, message: "the log object is gone")
        }
    }

    /// What was fully sent goes first, then what is needed last.
    private func evictable() -> ObjectID? {
        let ids = cache.keys.sorted()
        let summary = Dictionary(uniqueKeysWithValues: summaries.map { ($0.id, $0) })
        return ids.first { id in summary[id]?.last.allSatisfy { sent[$0.key]! >= $0.value } ?? true } ?? ids.last
    }

    private mutating func store(_ decoded: Decoded, _ id: ObjectID) {
        drop(id)
        cache[id] = decoded
        cachedBytes += decoded.sizeBytes
    }

    private mutating func drop(_ id: ObjectID) {
        if let old = cache.removeValue(forKey: id) { cachedBytes -= old.sizeBytes }
    }
}

extension LogEntry {
    /// Retractions go through the live lane whatever their batch asked for.
    func lane(given lane: Lane) -> Lane {
        if case .retraction = self { return .live }
        return lane
    }

    /// Bytes it takes in memory and on the wire, about.
    package var sizeBytes: Int {
        switch self {
        case .article(let article): article.frame.count + 160
        case .retraction(let retraction): 64 + retraction.url.utf8.count + retraction.reason.utf8.count
        case .rejection, .feed: 0
        }
    }
}

extension Array {
    /// Index of the first element for which `isSecond` holds; the array has those for which it does not in front.
    fileprivate func partitioningIndex(where isSecond: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isSecond(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
