import ByteCoding
import Engine
import Extraction
import News
import Roles
import Storage

/// Which articles a rebuilt snapshot gets, and where each is copied from.
///
/// Memory: 16 bytes for each article that is copied and each article in the log; keys are compared by `KeyedRows`.
struct RebuildPlan {
    /// Where a version was found: bits 62 and 63 kind, bit 61 whether it is behind a horizon of retention, 29 bits of segment or
    /// log object, 32 of ordinal or entry. Of one version that bit is the same everywhere.
    private enum Found: UInt64 {
        case base = 0
        // Before segments: copying from the log keeps the hour of arrival and the frame.
        case log = 1
        case segment = 2

        func tag(_ object: Int, _ item: UInt32, isBehind: Bool = false) -> UInt64 {
            rawValue << 62 | (isBehind ? RebuildPlan.behindBit : 0) | UInt64(object) << 32 | UInt64(item)
        }
    }

    private static let behindBit: UInt64 = 1 << 61

    private enum Fate: UInt8 {
        case copied
        case duplicate
        case superseded
        case retracted
        case expired
        /// The decision counts it as dead-lettered.
        case deadLetter
        /// The base has it, where it counts as published.
        case inBase
    }

    private let state: ClusterState
    private let segments: [String]
    private var fromSegments: [UInt64] = []
    private var inLog: [(place: UInt64, fate: Fate)] = []
    private(set) var copiedFromLog: Int64 = 0
    private(set) var copiedFromSegments: Int64 = 0
    /// Articles of the base of which a larger version is copied.
    private(set) var olderInBase: Int64 = 0

    init(state: ClusterState, segments: [String]) {
        self.state = state
        self.segments = segments
    }

    static func forEachIdentity(
        _ segment: SegmentReader, _ body: (UInt32, ArticleKey, Version) throws -> Void
    ) throws {
        for start in stride(from: 0, to: segment.documentCount, by: 4096) {
            let range = start..<min(start + 4096, segment.documentCount)
            for (ordinal, identity) in zip(range, try segment.identities(range)) {
                try body(UInt32(ordinal), identity.key, identity.version)
            }
        }
    }

    private func forEachIdentity(
        _ segment: SegmentReader, _ body: (UInt32, ArticleKey, Version, Bool) throws -> Void
    ) throws {
        for start in stride(from: 0, to: segment.documentCount, by: 4096) {
            let range = start..<min(start + 4096, segment.documentCount)
            let horizons =
                state.retention.isEmpty
                ? range.map { _ in nil } : try HorizonSearch.horizons(of: segment, range, state.retention)
            for (index, identity) in try segment.identities(range).enumerated() {
                try body(UInt32(start + index), identity.key, identity.version, horizons[index] != nil)
            }
        }
    }

    mutating func decide(cells: [SegmentReader], loader: SnapshotLoader, log: RebuildLog) throws {
        let rows = KeyedRows()
        for cell in cells {
            try forEachIdentity(cell) { _, key, version, isBehind in
                try rows.append(.init(key: key, version: version, tag: Found.base.tag(0, 0, isBehind: isBehind)))
            }
        }
        let base = Set(cells.map(\.objectName))
        for (index, name) in segments.enumerated() where !base.contains(name) {
            try forEachIdentity(try Self.open(name, loader)) { ordinal, key, version, isBehind in
                let tag = Found.segment.tag(index, ordinal, isBehind: isBehind)
                try rows.append(.init(key: key, version: version, tag: tag))
            }
            loader.source.forget(except: base)
        }
        try log.forEachObject { index, object in
            var found: [KeyedRows.Row] = []
            object.forEachEntry { position, _, entry in
                switch entry {
                case .article(let article), .retried(let article):
                    guard article.isTextThere else { break }
                    let isBehind = state.retention.horizon(before: article) != nil
                    found.append(
                        .init(
                            key: article.key, version: article.version,
                            tag: Found.log.tag(index, position.index, isBehind: isBehind)))
                case .rejection, .retraction, .feed, .horizon, .deadLetter, .dropped, .erased, .expired: break
                }
            }
            for row in found { try rows.append(row) }
        }
        try rows.forEachKey { decide($0) }
        fromSegments.sort { $0 & ~Self.behindBit < $1 & ~Self.behindBit }
        inLog.sort { $0.place & ~Self.behindBit < $1.place & ~Self.behindBit }
    }

    private mutating func decide(_ rows: ArraySlice<KeyedRows.Row>) {
        let key = rows[rows.startIndex].key
        let isRetracted = state.retractions[key] != nil
        let best = rows.last { state.deadLetters[.init(key: key, version: $0.version)] == nil }?.version
        // As it would have gone: what is behind a horizon beats smaller versions, and then goes with them. A base that has it
        // keeps it, until a coordinator scans.
        let isExpired =
            best.map { best in
                state.expiration(of: key, best) != nil
                    || rows.contains { $0.version == best && $0.tag & Self.behindBit != 0 }
            } ?? false
        // Rows of a version stand in the order of their tags: the base, then the log in its order, then segments.
        var isFirst = true
        var isInBase = false
        for row in rows {
            let kind = Found(rawValue: row.tag >> 62)
            let isBest = row.version == best
            if kind == .base {
                isInBase = isInBase || isBest
                if !isBest { olderInBase += 1 }
            }
            switch kind {
            case .log:
                let fate: Fate =
                    if state.deadLetters[.init(key: key, version: row.version)] != nil {
                        .deadLetter
                    } else if !isBest {
                        .superseded
                    } else if !isFirst {
                        .duplicate
                    } else if isRetracted {
                        .retracted
                    } else if isExpired, !isInBase {
                        .expired
                    } else {
                        isInBase ? .inBase : .copied
                    }
                inLog.append((row.tag, fate))
            case .segment where isBest && isFirst && !isInBase && !isRetracted && !isExpired:
                fromSegments.append(row.tag)
            case .segment, .base, nil: break
            }
            if isBest, kind != .base { isFirst = false }
        }
    }

    private static func open(_ name: String, _ loader: SnapshotLoader) throws -> SegmentReader {
        guard case .size(let size) = try loader.perform(.size(name: name)) else {
            throw StoreError(.missing, object: name, message: "the object went away", hint: "stop every coordinator")
        }
        return try SegmentReader.open(objectName: name, sizeBytes: size, source: loader.source)
    }

    // MARK: Copying

    /// Copies what the log alone has to give, and counts what became of the rest.
    mutating func copyLog(
        _ log: RebuildLog, _ copy: inout LogCopy, _ ledger: inout KnownLedger, _ progress: (String) -> Void
    ) throws {
        var next = 0
        try log.forEachObject { index, object in
            var entries: [(Position, Lane, LogEntry)] = []
            object.forEachEntry { entries.append(($0, $1, $2)) }
            for (position, lane, entry) in entries {
                let article: LoggedArticle
                let isRetried: Bool
                switch entry {
                case .article(let logged): (article, isRetried) = (logged, false)
                case .retried(let logged): (article, isRetried) = (logged, true)
                case .rejection, .retraction, .feed, .horizon, .deadLetter, .dropped, .erased, .expired: continue
                }
                // If it is to be had, a segment has it.
                guard article.isTextThere else { continue }
                precondition(inLog[next].place & ~Self.behindBit == Found.log.tag(index, position.index))
                let fate = inLog[next].fate
                next += 1
                let key = LedgerKey(hour: object.hour, source: article.source)
                let isOpen = ledger.isOpen(position, object.hour) && !isRetried
                switch fate {
                case .copied:
                    try copy.append(article, lane: lane, at: object.acceptedAt)
                    copiedFromLog += 1
                case .inBase: break
                case .deadLetter: if isOpen { ledger.rows.received(1, source: key.source, hour: key.hour) }
                case .duplicate: ledger.count(.duplicate, key, isOpen)
                case .superseded: ledger.count(.superseded, key, isOpen)
                case .retracted: ledger.count(.retracted, key, isOpen)
                case .expired: ledger.count(.expired, key, isOpen)
                }
            }
            progress("\(copiedFromLog) articles copied from the log")
        }
    }

    mutating func copySegments(_ copy: inout LogCopy, _ loader: SnapshotLoader, _ progress: (String) -> Void) throws {
        let compressor = ZstdCompressor(level: ZstdCompressor.frameLevel)
        var start = 0
        while start < fromSegments.count {
            let index = Self.object(fromSegments[start])
            let segment = try Self.open(segments[index], loader)
            while start < fromSegments.count, Self.object(fromSegments[start]) == index {
                var end = start
                while end < min(start + 64, fromSegments.count), Self.object(fromSegments[end]) == index { end += 1 }
                let ordinals = fromSegments[start..<end].map { UInt32(truncatingIfNeeded: $0) }
                let identities = try segment.identities(ordinals)
                for (identity, record) in zip(identities, try segment.records(ordinals)) {
                    let article = try SearchAnswer.article(record, identity.key)
                    try copy.append(
                        LoggedArticle(
                            key: identity.key, version: identity.version, orderTime: article.orderTime,
                            source: (article.source ?? "").prefix(utf8Bytes: Limits.labelBytes),
                            recordBytes: UInt32(record.count), frame: compressor.compress(record)), lane: .bulk)
                    copiedFromSegments += 1
                }
                start = end
                progress("\(copiedFromSegments) articles copied from segments")
            }
            loader.source.forget(except: [])
        }
    }

    private static func object(_ tag: UInt64) -> Int { Int(tag >> 32 & 0x1FFF_FFFF) }
}

extension KnownLedger {
    fileprivate mutating func count(_ outcome: Outcome, _ key: LedgerKey, _ isOpen: Bool) {
        guard isOpen else { return }
        rows.received(1, source: key.source, hour: key.hour)
        rows.add(1, of: outcome, source: key.source, hour: key.hour)
    }
}

/// Writes articles into the log of our term, as they were accepted.
struct LogCopy {
    /// As the coordinator's own objects.
    static let objectBytes = 4 << 20
    static let objectEntryCount = 16_384

    private let holder: WriterTerm
    private let now: Timestamp
    private var number: UInt64 = 1
    private var entries: [LogEntry] = []
    private var lane = Lane.bulk
    private var acceptedAt: Timestamp
    private var sizeBytes = 0

    init(holder: WriterTerm, now: Timestamp) {
        self.holder = holder
        self.now = now
        acceptedAt = now
    }

    /// - Parameter time: of the first acceptance; its hour is kept. Nil: now.
    mutating func append(_ article: LoggedArticle, lane: Lane, at time: Timestamp? = nil) throws {
        let time = time ?? now
        let isOther = lane != self.lane || time.milliseconds / 3_600_000 != acceptedAt.milliseconds / 3_600_000
        if isOther || sizeBytes >= Self.objectBytes || entries.count >= Self.objectEntryCount { try flush() }
        if entries.isEmpty { (self.lane, acceptedAt) = (lane, time) }
        entries.append(.article(article))
        sizeBytes += article.frame.count + 256
    }

    mutating func flush() throws {
        guard !entries.isEmpty else { return }
        // No client asks for these again: as a coordinator's own batches they have an empty name.
        let batch = LogObject.Batch(client: "", number: number, digest: .zero, lane: lane, entries: entries)
        let object = LogObject(
            term: holder.term, number: number, instance: holder.instance, acceptedAt: acceptedAt, batches: [batch])
        try holder.create(object.name, object.encoded)
        try holder.look()
        number += 1
        entries = []
        sizeBytes = 0
    }
}
