package import ByteCoding
package import News

/// What a snapshot is: an immutable object `manifests/<number counted down>` (docs/manifest-format.md). Committed by
/// creating the next number; names everything a reader needs.
package struct Manifest: Equatable, Sendable {
    static let magic = Array("CRNTMAN0".utf8)

    /// An object that the manifest names besides segments.
    package struct Named: Hashable, Sendable {
        package var digest: Digest256
        package var attempt: Attempt

        package init(digest: Digest256, attempt: Attempt) {
            self.digest = digest
            self.attempt = attempt
        }

        package func name(in folder: String) -> String { ObjectName.written(folder, digest, attempt) }
    }

    package var generation: Generation
    package var parent: Generation
    package var term: Term
    package var instance: Instance
    /// The coordinator's wall clock when it was written, for `--as-of DATE`.
    package var writtenAt: Timestamp
    package var settings: Settings
    package var sharding: Sharding
    /// Sum of the digest terms of all live articles, modulo 2^256.
    package var setDigest: Digest256
    package var sums: OutcomeSums
    /// Every log entry up to here is in `sums.received`, `sums[.rejected]` and the state.
    package var foldedTo: Position
    /// Where the logs of earlier terms end, ascending.
    package var ends: [LogObject.TermEnd]
    /// Per shard and lane (index `shard * 2 + lane`): all up to here is published.
    package var watermarks: [Position]
    /// The object of each kind of state that was ever set.
    package var state: [ClusterState.Kind: Named]
    /// Names the objects of the ledger; nil while all its rows are in the tail.
    package var ledgerIndex: Named?
    package var ledgerTail: LedgerRows
    package var overlays: [SegmentReference]
    package var pages: [Named]
    package var kept: KeptGenerations

    /// The empty snapshot that precedes the first manifest.
    package init(settings: Settings, sharding: Sharding) {
        generation = .none
        parent = .none
        term = .none
        instance = Instance(0)
        writtenAt = Timestamp(milliseconds: 0)
        self.settings = settings
        self.sharding = sharding
        setDigest = .zero
        sums = OutcomeSums()
        foldedTo = .start
        ends = []
        watermarks = Array(repeating: .start, count: Int(sharding.shardCount) * 2)
        state = [:]
        ledgerTail = LedgerRows()
        overlays = []
        pages = []
        kept = KeptGenerations()
    }

    package subscript(watermark shardLane: ShardLane) -> Position {
        get { watermarks[Self.slot(shardLane)] }
        set { watermarks[Self.slot(shardLane)] = newValue }
    }

    private static func slot(_ stream: ShardLane) -> Int {
        #if PLANTED_LANE_SHARED
            Int(stream.shard.index) * 2
        #else
            Int(stream.shard.index) * 2 + Int(stream.lane.rawValue)
        #endif
    }

    package var name: String { ObjectName.manifest(generation) }

    /// All of the log up to here is published, counted and in the state.
    package var coveredTo: Position { min(watermarks.min() ?? .start, foldedTo) }

    /// Names of the objects it names itself; those its pages and its ledger index name come besides (`SnapshotHead`).
    package var namedObjects: Set<String> {
        var names = Set(overlays.map(\.objectName))
        names.formUnion(pages.map { $0.name(in: "pages") })
        names.formUnion(state.values.map { $0.name(in: "state") })
        if let ledgerIndex { names.insert(ledgerIndex.name(in: "ledger")) }
        return names
    }

    package var encoded: [UInt8] {
        var out = ByteWriter(reservingBytes: 8192)
        out.raw(Self.magic)
        out.fixed(generation.number)
        out.fixed(parent.number)
        out.fixed(term.number)
        out.fixed(instance.number)
        out.fixed(writtenAt.milliseconds)
        out.lengthPrefixed(settings.encoded)
        out.fixed(sharding.shardCount)
        out.fixed(sharding.secret)
        out.raw(setDigest.bytes)
        sums.encode(to: &out)
        out.position(foldedTo)
        out.varint(ends.count)
        for end in ends {
            out.fixed(end.term.number)
            out.fixed(end.objectCount)
        }
        encodeWatermarks(to: &out)
        out.varint(state.count)
        for (kind, object) in state.sorted(by: { $0.key < $1.key }) {
            out.fixed(kind.rawValue)
            out.named(object)
        }
        out.fixed(UInt8(ledgerIndex == nil ? 0 : 1))
        if let ledgerIndex { out.named(ledgerIndex) }
        ledgerTail.encode(to: &out)
        out.varint(overlays.count)
        for overlay in overlays { overlay.encode(to: &out) }
        out.varint(pages.count)
        for page in pages { out.named(page) }
        kept.encode(to: &out)
        out.checksum()
        return out.bytes
    }

    /// - Throws: if any byte is not as it was written.
    package init(decoding bytes: [UInt8]) throws(CodingError) {
        var reader = try ByteReader(bytes, magic: Self.magic, what: "manifest")
        generation = Generation(try reader.fixed())
        parent = Generation(try reader.fixed())
        term = Term(try reader.fixed())
        instance = Instance(try reader.fixed())
        writtenAt = Timestamp(milliseconds: try reader.fixed())
        var inner = ByteReader(try reader.lengthPrefixed(atMost: 4096))
        settings = try Settings(decoding: &inner)
        try inner.requireEnd()
        let start = reader.offset
        let shardCount: UInt16 = try reader.fixed()
        guard shardCount > 0 else { throw .badValue(what: "shard count", offset: start) }
        sharding = Sharding(shardCount: shardCount, secret: try reader.fixed())
        setDigest = try reader.digest()
        sums = try OutcomeSums(decoding: &reader)
        foldedTo = try reader.position()
        ends = []
        for _ in 0..<(try reader.count("ends", atMost: reader.remaining)) {
            ends.append(LogObject.TermEnd(term: Term(try reader.fixed()), objectCount: try reader.fixed()))
        }
        watermarks = try Self.watermarks(count: Int(shardCount) * 2, from: &reader)
        state = [:]
        var lastKind: ClusterState.Kind?
        for _ in 0..<(try reader.count("state", atMost: reader.remaining)) {
            let kindStart = reader.offset
            guard let kind = ClusterState.Kind(rawValue: try reader.fixed()), lastKind.map({ $0 < kind }) ?? true else {
                throw .badValue(what: "state kind", offset: kindStart)
            }
            lastKind = kind
            state[kind] = try reader.named()
        }
        let flagStart = reader.offset
        let hasIndex: UInt8 = try reader.fixed()
        guard hasIndex <= 1 else { throw .badValue(what: "ledger index flag", offset: flagStart) }
        if hasIndex == 1 { ledgerIndex = try reader.named() }
        ledgerTail = try LedgerRows(decoding: &reader)
        overlays = []
        for _ in 0..<(try reader.count("overlays", atMost: reader.remaining)) {
            overlays.append(try SegmentReference(decoding: &reader))
        }
        pages = []
        for _ in 0..<(try reader.count("pages", atMost: reader.remaining)) { pages.append(try reader.named()) }
        let keptStart = reader.offset
        kept = try KeptGenerations(decoding: &reader)
        guard kept.runs.last.map({ $0.last < generation }) ?? true else {
            throw .badValue(what: "kept generation", offset: keptStart)
        }
        try reader.requireEnd()
    }

    /// Most shards stand at the same position: the commonest once, then the exceptions.
    private func encodeWatermarks(to out: inout ByteWriter) {
        var counts: [Position: Int] = [:]
        for watermark in watermarks { counts[watermark, default: 0] += 1 }
        let common = counts.max { ($0.value, $0.key) < ($1.value, $1.key) }!.key
        out.position(common)
        let exceptions = watermarks.indices.filter { watermarks[$0] != common }
        out.varint(exceptions.count)
        for index in exceptions {
            out.varint(index)
            out.position(watermarks[index])
        }
    }

    private static func watermarks(count: Int, from reader: inout ByteReader) throws(CodingError) -> [Position] {
        var all = Array(repeating: try reader.position(), count: count)
        for _ in 0..<(try reader.count("watermarks", atMost: count)) {
            #if PLANTED_FUZZ_MANIFEST
                let index = try reader.count("shard and lane", atMost: count)
            #else
                let index = try reader.count("shard and lane", atMost: count - 1)
            #endif
            all[index] = try reader.position()
        }
        return all
    }
}

extension ByteWriter {
    mutating func named(_ named: Manifest.Named) {
        raw(named.digest.bytes)
        fixed(named.attempt.term.number)
        fixed(named.attempt.number)
    }
}

extension ByteReader {
    mutating func named() throws(CodingError) -> Manifest.Named {
        Manifest.Named(digest: try digest(), attempt: Attempt(term: Term(try fixed()), number: try fixed()))
    }
}

/// A page: some of the cells of a snapshot in the order of the order key, an object `pages/<sha256>.<attempt>`.
package struct ManifestPage: Equatable, Sendable {
    static let magic = Array("CRNTPAG0".utf8)

    /// Cells in a page, at most.
    package static let cellLimitCount = 1024

    package var cells: [SegmentReference]

    package init(cells: [SegmentReference]) { self.cells = cells }

    package var encoded: [UInt8] {
        var out = ByteWriter()
        out.raw(Self.magic)
        out.varint(cells.count)
        for cell in cells { cell.encode(to: &out) }
        out.checksum()
        return out.bytes
    }

    package init(decoding bytes: [UInt8]) throws(CodingError) {
        var reader = try ByteReader(bytes, magic: Self.magic, what: "manifest page")
        cells = []
        for _ in 0..<(try reader.count("cells", atMost: Self.cellLimitCount)) {
            cells.append(try SegmentReference(decoding: &reader))
        }
        try reader.requireEnd()
    }
}
