import ByteCoding
import News
import Storage

// The binary payloads of LEASE, ARTICLES, SEALED, POISON, MERGE, MERGED, FIND, FOUND, SCAN and SCANNED, writer and reader side by
// side: the byte tables of docs/wire-protocol.md.

extension ArticlesBatch {
    func encode(to out: inout ByteWriter) {
        out.fixed(UInt8(isLast ? 1 : 0))
        out.varint(slices.count)
        for slice in slices {
            out.range(slice.shardLane, slice.epoch, slice.from, slice.to)
            out.varint(slice.entries.count)
            for entry in slice.entries {
                out.position(entry.position)
                out.fixed(entry.hour)
                entry.entry.encode(to: &out)
            }
        }
    }

    init(decoding reader: inout ByteReader) throws(CodingError) {
        let isLast = try reader.flag("last")
        let sliceCount = try reader.elements("slice count", ofAtLeastBytes: RangeHead.byteCount + 1)
        var slices: [Slice] = []
        slices.reserveCapacity(sliceCount)
        for _ in 0..<sliceCount {
            let head = try reader.range()
            // Position, hour, and the smallest entry, a retraction of empty strings: kind, key, two lengths.
            let entryCount = try reader.elements("entry count", ofAtLeastBytes: 24 + 1 + ArticleKey.byteCount + 2)
            var entries: [RoutedEntry] = []
            entries.reserveCapacity(entryCount)
            var last = head.from
            for _ in 0..<entryCount {
                let start = reader.offset
                let position = try reader.position()
                guard position > last, position <= head.to else {
                    throw .badValue(what: "position of an entry", offset: start)
                }
                last = position
                let hour: UInt32 = try reader.fixed()
                let entryStart = reader.offset
                let entry = try LogEntry(decoding: &reader)
                guard entry.routedKey != nil else {
                    throw .badValue(what: "entry that no worker sees", offset: entryStart)
                }
                entries.append(RoutedEntry(position: position, hour: hour, entry: entry))
            }
            slices.append(
                Slice(shardLane: head.shardLane, epoch: head.epoch, from: head.from, to: head.to, entries: entries))
        }
        self.init(slices: slices, isLast: isLast)
    }
}

extension SealedReport {
    func encode(to out: inout ByteWriter) {
        out.varint(entries.count)
        for entry in entries { out.range(entry.shardLane, entry.epoch, entry.from, entry.to) }
        out.fixed(UInt8(segment == nil ? 0 : 1))
        segment?.encode(to: &out)
        out.varint(counts.count)
        for count in counts {
            out.string(count.source)
            out.fixed(count.hour)
            out.fixed(count.outcome.rawValue)
            out.signedVarint(count.delta)
        }
    }

    init(number: UInt64, decoding reader: inout ByteReader) throws(CodingError) {
        let entryCount = try reader.elements("range count", ofAtLeastBytes: RangeHead.byteCount)
        var entries: [Entry] = []
        entries.reserveCapacity(entryCount)
        for _ in 0..<entryCount {
            let head = try reader.range()
            entries.append(Entry(shardLane: head.shardLane, epoch: head.epoch, from: head.from, to: head.to))
        }
        let segment = try reader.flag("segment flag") ? try SegmentReference(decoding: &reader) : nil
        // An empty source, hour, outcome, a one-byte change.
        let countCount = try reader.elements("count of counts", ofAtLeastBytes: 7)
        var counts: [OutcomeCount] = []
        counts.reserveCapacity(countCount)
        for _ in 0..<countCount {
            let source = try reader.string(atMost: Limits.labelBytes)
            let hour: UInt32 = try reader.fixed()
            let start = reader.offset
            guard let outcome = Outcome(rawValue: try reader.fixed()) else {
                throw .badValue(what: "outcome", offset: start)
            }
            let changeStart = reader.offset
            let delta: Int64 = try reader.signedVarint()
            guard delta.magnitude <= Limits.reportedChange.magnitude else {
                throw .badValue(what: "change \(delta)", offset: changeStart)
            }
            counts.append(OutcomeCount(source: source, hour: hour, outcome: outcome, delta: delta))
        }
        self.init(number: number, entries: entries, segment: segment, counts: counts)
    }
}

extension ShardRules {
    func encode(to out: inout ByteWriter) {
        for lane in Lane.allCases { out.position(suspectTo[lane] ?? .start) }
        out.marks(deadLetters)
        out.varint(retracted.count)
        for key in retracted { out.articleKey(key) }
        out.marks(expired)
    }

    init(decoding reader: inout ByteReader) throws(CodingError) {
        self.init()
        for lane in Lane.allCases { suspectTo[lane] = try reader.position() }
        deadLetters = try reader.marks("dead letter count")
        let keyCount = try reader.elements("retracted count", ofAtLeastBytes: ArticleKey.byteCount)
        retracted.reserveCapacity(keyCount)
        for _ in 0..<keyCount { retracted.append(try reader.articleKey()) }
        expired = try reader.marks("expired count")
    }
}

/// A run of one shard and lane under one epoch.
struct RangeHead {
    static let byteCount = 2 + 1 + 16 + 20 + 20

    var shardLane: ShardLane
    var epoch: ShardEpoch
    var from: Position
    var to: Position
}

extension ByteWriter {
    mutating func range(_ shardLane: ShardLane, _ epoch: ShardEpoch, _ from: Position, _ to: Position) {
        fixed(shardLane.shard.index)
        fixed(shardLane.lane.rawValue)
        fixed(epoch.term.number)
        fixed(epoch.counter)
        position(from)
        position(to)
    }

    mutating func poisonReports(_ reports: [PoisonReport]) {
        varint(reports.count)
        for report in reports {
            fixed(report.stream.shard.index)
            fixed(report.stream.lane.rawValue)
            fixed(report.epoch.term.number)
            fixed(report.epoch.counter)
            position(report.position)
            string(report.reason)
        }
    }

    mutating func marks(_ marks: [ShardRules.VersionMark]) {
        varint(marks.count)
        for mark in marks {
            articleKey(mark.key)
            version(mark.version)
            position(mark.position)
        }
    }

    mutating func scan(_ job: ScanJob) {
        varint(job.rules.count)
        for rule in job.rules {
            string(rule.source)
            fixed(rule.time)
            varint(UInt64(rule.ageDays))
        }
        fixed(job.limitCount)
        names(job.names)
    }

    mutating func expirations(_ expirations: [Expiration]) {
        varint(expirations.count)
        for expiration in expirations { self.expiration(expiration) }
    }

    mutating func versionBounds(_ bounds: [VersionBound]) {
        varint(bounds.count)
        for bound in bounds { versionBound(bound) }
    }

    mutating func names(_ names: [String]) {
        varint(names.count)
        for name in names { string(name) }
    }

    mutating func segmentReferences(_ references: [SegmentReference]) {
        varint(references.count)
        for reference in references { reference.encode(to: &self) }
    }

    mutating func inputNumbers(_ numbers: [UInt32]) {
        varint(numbers.count)
        for number in numbers { varint(Int(number)) }
    }
}

extension ByteReader {
    mutating func stream() throws(CodingError) -> ShardLane {
        let shard = Shard(try fixed())
        let laneStart = offset
        guard let lane = Lane(rawValue: try fixed()) else { throw .badValue(what: "lane", offset: laneStart) }
        return ShardLane(shard, lane)
    }

    mutating func poisonReports() throws(CodingError) -> [PoisonReport] {
        let count = try elements("poison count", ofAtLeastBytes: 2 + 1 + 16 + 20 + 1)
        var reports: [PoisonReport] = []
        reports.reserveCapacity(count)
        for _ in 0..<count {
            reports.append(
                PoisonReport(
                    stream: try stream(), epoch: ShardEpoch(term: Term(try fixed()), counter: try fixed()),
                    position: try position(), reason: try string(atMost: Limits.labelBytes)))
        }
        return reports
    }

    mutating func range() throws(CodingError) -> RangeHead {
        let shardLane = try stream()
        let epoch = ShardEpoch(term: Term(try fixed()), counter: try fixed())
        let start = offset
        let from = try position()
        let to = try position()
        guard from <= to else { throw .badValue(what: "range that ends before it begins", offset: start) }
        return RangeHead(shardLane: shardLane, epoch: epoch, from: from, to: to)
    }

    mutating func segmentReferences() throws(CodingError) -> [SegmentReference] {
        // Identity, attempt, kind, size, documents, kills, record bytes, digest, span flag.
        let count = try elements("segment count", ofAtLeastBytes: 32 + 16 + 1 + 8 + 4 + 4 + 8 + 32 + 1)
        var references: [SegmentReference] = []
        references.reserveCapacity(count)
        for _ in 0..<count { references.append(try SegmentReference(decoding: &self)) }
        return references
    }

    mutating func inputNumbers() throws(CodingError) -> [UInt32] {
        let count = try elements("input count", ofAtLeastBytes: 1)
        var numbers: [UInt32] = []
        numbers.reserveCapacity(count)
        for _ in 0..<count { numbers.append(UInt32(try self.count("input", atMost: Int(UInt32.max)))) }
        return numbers
    }

    mutating func marks(_ what: String) throws(CodingError) -> [ShardRules.VersionMark] {
        let count = try elements(what, ofAtLeastBytes: ArticleKey.byteCount + Version.byteCount + 20)
        var marks: [ShardRules.VersionMark] = []
        marks.reserveCapacity(count)
        for _ in 0..<count {
            marks.append(
                ShardRules.VersionMark(key: try articleKey(), version: try version(), position: try position()))
        }
        return marks
    }

    mutating func versionBounds() throws(CodingError) -> [VersionBound] {
        let count = try elements("key count", ofAtLeastBytes: ArticleKey.byteCount + Version.byteCount)
        var bounds: [VersionBound] = []
        bounds.reserveCapacity(count)
        for _ in 0..<count { bounds.append(try versionBound()) }
        return bounds
    }

    mutating func scan(job: UInt64) throws(CodingError) -> ScanJob {
        // An empty source, a time, an age.
        let count = try elements("rule count", ofAtLeastBytes: 1 + 8 + 1)
        var rules: [RetentionHorizon] = []
        rules.reserveCapacity(count)
        for _ in 0..<count {
            rules.append(
                RetentionHorizon(
                    source: try string(atMost: Limits.labelBytes), time: try fixed(),
                    ageDays: UInt32(try self.count("age", atMost: Int(RetentionHorizon.ageLimitDays)))))
        }
        return ScanJob(number: job, rules: rules, limitCount: try fixed(), names: try names())
    }

    mutating func expirations() throws(CodingError) -> [Expiration] {
        let count = try elements("expired count", ofAtLeastBytes: ArticleKey.byteCount + Version.byteCount + 8 + 20)
        var expirations: [Expiration] = []
        expirations.reserveCapacity(count)
        for _ in 0..<count { expirations.append(try expiration()) }
        return expirations
    }

    mutating func names() throws(CodingError) -> [String] {
        let count = try elements("name count", ofAtLeastBytes: 1)
        var names: [String] = []
        names.reserveCapacity(count)
        for _ in 0..<count { names.append(try string(atMost: WireLimits.objectNameBytes)) }
        return names
    }

    mutating func flag(_ what: String) throws(CodingError) -> Bool {
        let start = offset
        let value: UInt8 = try fixed()
        guard value <= 1 else { throw .badValue(what: what, offset: start) }
        return value == 1
    }

    /// A count of elements, each of at least `size` bytes: never more than can be there.
    mutating func elements(_ what: String, ofAtLeastBytes size: Int) throws(CodingError) -> Int {
        let start = offset
        let value = try count(what)
        guard value <= remaining / size else { throw .badValue(what: what, offset: start) }
        return value
    }
}
