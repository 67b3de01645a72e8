import ByteCoding
import Engine
import News
import Roles
import Storage

/// Holds one manifest against what it names.
struct SnapshotCheck {
    struct Scope {
        /// The newest is held against the log and the ledger too, and its keys are compared.
        var isNewest: Bool
        var log: LogSummary
    }

    /// 6 MB of a segment's rows: an object store is asked for as much at once.
    private static let stepRowCount = 1 << 16

    private let loaded: LoadedManifest
    private let present: Set<String>
    private let sound: Set<String>
    private let loader: SnapshotLoader
    private(set) var findings: [Finding] = []
    private(set) var liveDocumentCount = 0

    init(_ loaded: LoadedManifest, present: Set<String>, sound: Set<String>, loader: SnapshotLoader) {
        self.loaded = loaded
        self.present = present
        self.sound = sound
        self.loader = loader
    }

    private var manifest: Manifest { loaded.manifest }

    private mutating func find(_ section: String, _ message: String) {
        findings.append(Finding(object: manifest.name, section: section, message: message))
    }

    mutating func run(_ scope: Scope) throws {
        let named = manifest.namedObjects.union(loaded.cells.map(\.objectName))
        for name in named.sorted() where try !isPresent(name) {
            findings.append(
                Finding(
                    object: name, section: "object",
                    message: "the object is missing; generation \(manifest.generation.number) names it"))
        }
        checkSums()
        checkCells()
        if scope.isNewest {
            try checkReplay(scope.log)
            try checkPositions(scope.log)
            try checkLedger()
        }
        let unsound = loaded.segments.map(\.objectName).filter { !sound.contains($0) }
        guard unsound.isEmpty else { return try unsound.forEach { try tellUnchecked($0) } }
        try checkSegments(scope)
    }

    /// A named segment that is damaged is told already. One that was not read is not known to be sound.
    private mutating func tellUnchecked(_ name: String) throws {
        let isListed = present.contains(name)
        let isThere = if case .size = try loader.perform(.size(name: name)) { true } else { false }
        // Missing and not listed is told already.
        guard isListed != isThere else { return }
        findings.append(
            Finding(
                object: name, section: "object",
                message: (isThere
                    ? "no list has the object, so it was not checked" : "the object is listed and missing")
                    + "; generation \(manifest.generation.number) names it"))
    }

    /// What came after the listing is there, too.
    private func isPresent(_ name: String) throws -> Bool {
        if present.contains(name) { return true }
        guard case .size = try loader.perform(.size(name: name)) else { return false }
        return true
    }

    private func holds(_ position: Position, _ log: LogSummary) throws -> Bool {
        if log.holds(position) { return true }
        return try log.ends[position.term] == nil && isPresent(ObjectName.log(position.term, position.number))
    }

    private mutating func checkSums() {
        let digest = loaded.segments.reduce(Digest256.zero) { $0 &+ $1.digest }
        if digest != manifest.setDigest {
            find("set digest", "it is \(manifest.setDigest.hex), the segments add up to \(digest.hex)")
        }
        let live = loaded.segments.reduce(Int64(0)) { $0 + Int64($1.documentCount) - Int64($1.killCount) }
        if manifest.sums[.published] != live {
            find("sums", "\(manifest.sums[.published]) articles are published, the segments have \(live) live ones")
        }
        let counts = Outcome.allCases.map { ($0.name, manifest.sums[$0]) } + [("received", manifest.sums.received)]
        for (name, count) in counts where count < 0 { find("sums", "\(count) articles are \(name)") }
        if manifest.sums.pending < 0 {
            find("sums", "\(manifest.sums.received) articles were received, and more became something")
        }
    }

    private mutating func checkCells() {
        for (left, right) in zip(loaded.cells, loaded.cells.dropFirst()) {
            guard let last = left.span?.last, let first = right.span?.first, last < first else {
                find("pages", "the cells \(left.objectName) and \(right.objectName) are out of order")
                continue
            }
        }
        for cell in loaded.cells where cell.kind != .cell { find("pages", "\(cell.objectName) is no cell") }
        for overlay in manifest.overlays where overlay.kind != .overlay {
            find("overlays", "\(overlay.objectName) is no overlay")
        }
    }

    private mutating func checkPositions(_ log: LogSummary) throws {
        for (index, watermark) in manifest.watermarks.enumerated() where try !holds(watermark, log) {
            miss(watermark, log, "watermarks", "shard \(index / 2) stands at \(Self.text(watermark))")
        }
        if try !holds(manifest.foldedTo, log) {
            miss(manifest.foldedTo, log, "folded", "the log is counted to \(Self.text(manifest.foldedTo))")
        }
    }

    /// What a coordinator reads of the log at its start is there.
    private mutating func checkReplay(_ log: LogSummary) throws {
        let missing = try manifest.neededLog.flatMap { term, numbers in
            try numbers.lazy.map { ObjectName.log(term, $0) }.filter { try !isPresent($0) }
        }
        guard let first = missing.first else { return }
        let others = missing.count > 1 ? ", and \(missing.count - 1) more up to \(missing[missing.count - 1])" : ""
        guard !log.isMissed(first) else { return }
        findings.append(
            Finding(
                object: first, section: "log",
                message:
                    "the object is missing\(others): generation \(manifest.generation.number) needs the log from here on, "
                    + "and no coordinator starts without it"))
    }

    /// Of a term that goes on the object is missing, which is told once; behind the end of another the manifest is wrong.
    private mutating func miss(_ position: Position, _ log: LogSummary, _ section: String, _ what: String) {
        guard log.ends[position.term] == nil else { return find(section, "\(what), which the log does not have") }
        let name = ObjectName.log(position.term, position.number)
        guard !findings.contains(where: { $0.object == name }) else { return }
        findings.append(Finding(object: name, section: "log", message: "the object is missing; \(what)"))
    }

    private static func text(_ position: Position) -> String {
        "\(position.term.number)/\(position.number)/\(position.index)"
    }

    /// The rows of the ledger add up to the sums of the manifest.
    private mutating func checkLedger() throws {
        let rows: LedgerRows
        do { rows = try loader.ledger(of: manifest) } catch let error as StoreError where error.code != .io {
            guard error.code == .missing else { return }  // Told when the object itself was read.
            findings.append(
                Finding(
                    object: error.object, section: "ledger",
                    message: "the object is missing; generation \(manifest.generation.number) names it"))
            return
        }
        let all = rows.sorted.map(\.sums)
        let received = all.reduce(0) { $0 + $1.received }
        if received != manifest.sums.received {
            find("ledger", "\(manifest.sums.received) articles were received, the ledger's rows have \(received)")
        }
        for outcome in Outcome.allCases {
            let count = all.reduce(0) { $0 + $1[outcome] }
            if count != manifest.sums[outcome] {
                find(
                    "ledger", "\(manifest.sums[outcome]) articles are \(outcome.name), the ledger's rows have \(count)")
            }
        }
    }

    /// References against footers, kills against losers, and no key live twice.
    private mutating func checkSegments(_ scope: Scope) throws {
        do {
            let snapshot = try loader.open(loaded)
            liveDocumentCount = snapshot.liveDocumentCount
            let dead = try snapshot.dead
            guard scope.isNewest else { return }
            try checkKeys(snapshot, dead)
        } catch let error as EngineError where error.code != .io {
            findings.append(Finding(error, object: manifest.name))
        }
    }

    /// Memory: what `KeyedRows` holds, and the rows of one step.
    private mutating func checkKeys(_ snapshot: SnapshotReader, _ dead: [DocumentSet]) throws {
        let live = KeyedRows(.ignored)
        for (index, segment) in snapshot.segments.enumerated() {
            for start in stride(from: 0, to: segment.documentCount, by: Self.stepRowCount) {
                let range = start..<min(start + Self.stepRowCount, segment.documentCount)
                for (ordinal, identity) in zip(range, try segment.identities(range))
                where !dead[index].contains(UInt32(ordinal)) {
                    let place = UInt64(index) << 32 | UInt64(ordinal)
                    try live.append(.init(key: identity.key, version: identity.version, tag: place))
                }
            }
        }
        try live.forEachKey { rows in
            for (left, right) in zip(rows, rows.dropFirst()) {
                let others = snapshot.segments[Int(left.tag >> 32)].objectName
                findings.append(
                    Finding(
                        object: snapshot.segments[Int(right.tag >> 32)].objectName, section: SectionKind.documents.name,
                        offset: (right.tag & 0xFFFF_FFFF) * UInt64(SegmentFormat.documentRowBytes),
                        message: "key \(right.key.hex) is live here and in \(others)"))
            }
        }
    }
}
