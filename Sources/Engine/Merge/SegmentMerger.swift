import ByteCoding
package import News
package import Storage

/// Makes one segment, or cells, out of several segments without looking at text again.
///
/// Guarantees
/// 1. Only kills that are in the inputs are applied. A kill and its loser vanish together when both are in the inputs; any
///    other kill is carried with its correction, and a document killed from outside stays.
/// 2. So the digests of the outputs add up to those of the inputs.
/// 3. What `compact` makes depends on the live articles and the settings alone.
///
/// Memory is bounded by the largest output, the lists of its most frequent word three times over with four bytes for each position, and, for
/// each document of the inputs, four bytes and one bit.
package struct SegmentMerger {
    private let settings: Settings
    private let source: any ByteSource

    package init(settings: Settings, source: any ByteSource) {
        self.settings = settings
        self.source = source
    }

    /// Opens inputs and makes of them what is asked for.
    ///
    /// - Parameter emit: takes the outputs, one at a time.
    /// - Returns: which inputs stay as they are, by their place: none, but for `fold`.
    /// - Throws: as `merge`, `compact`, `purge` and `fold`; what the source throws if an input is gone.
    @discardableResult
    package func run(
        _ references: [SegmentReference], as output: MergeOutput, emit: (BuiltSegment) throws -> Void
    ) throws -> [UInt32] {
        // Of what is folded only some is opened.
        let inputs = output == .folded ? [] : try SegmentReader.open(references, source: source)
        switch output {
        case .overlay: if let built = try merge(inputs) { try emit(built) }
        case .cells: try compact(inputs, emit: emit)
        case .purged: try purge(inputs, emit: emit)
        case .folded: return try fold(references, emit: emit)
        }
        return []
    }

    /// Merges inputs into one overlay.
    ///
    /// - Returns: nil if nothing is left: everything was killed, and every kill found its loser.
    /// - Throws: `EngineError`: corrupt inputs, inputs of other settings, a document killed twice.
    package func merge(_ inputs: [SegmentReader]) throws -> BuiltSegment? {
        try requireSettings(inputs)
        let liveness = try Liveness(of: inputs, source: source)
        if let twice = liveness.killedTwice.first { throw twice }
        let parts = inputs.indices.map { index in
            RangeMerge.Part(
                segment: inputs[index], range: 0..<inputs[index].documentCount, dead: liveness.dead[index],
                isKillDropped: liveness.isMatched[index])
        }
        let output = try RangeMerge(parts: parts, settings: settings, source: source).run(.overlay)
        #if !PLANTED_KILL_LOST && !PLANTED_KILL_TWICE
            try requireDigest(inputs, output.footer.digest)
        #endif
        return output.footer.documentCount == 0 && output.footer.killCount == 0 ? nil : output
    }

    /// Merges all segments of a snapshot into the cells of its canonical form.
    ///
    /// - Parameter emit: takes the cells in order, one at a time.
    /// - Throws: as `merge`; `.mismatch` also for a kill without a loser, so that inputs must be a whole snapshot.
    package func compact(_ inputs: [SegmentReader], emit: (BuiltSegment) throws -> Void) throws {
        try requireSettings(inputs)
        let liveness = try Liveness(of: inputs, source: source)
        if let finding = liveness.findings.first { throw finding }
        var walk = try OrderWalk(inputs, dead: liveness.dead)
        try withoutActuallyEscaping(emit) { emit in
            var cells = CellWriter(inputs, dead: liveness.dead, settings: settings, source: source, emit: emit)
            var last: OrderKey?
            while let item = try walk.next() {
                if item.place == last {
                    throw KeyMatches.liveTwice(item.place.key, in: inputs[item.input].objectName)
                }
                last = item.place
                try cells.add(item)
            }
            try cells.cut()
            try requireDigest(inputs, cells.digest)
        }
    }

    /// Puts the documents of overlays into cells, where that is worth it: the cells of which the overlays hold a share are
    /// written again, with what comes to lie in their regions; one overlay takes the rest, and the kills whose losers are elsewhere.
    ///
    /// The new cells are bounded as canonical ones are, and nothing lies between them, but they need not be nodes of the
    /// canonical form. What is killed from outside goes into them and stays dead.
    ///
    /// - Parameter inputs: overlays, then cells that follow one another with none between them that is not here. Of those only the ones
    ///   that are taken are opened.
    /// - Parameter emit: takes the cells in order, one at a time, and then the overlay.
    /// - Returns: the cells that stay as they are, by their place among the inputs.
    /// - Throws: as `merge`.
    package func fold(_ references: [SegmentReference], emit: (BuiltSegment) throws -> Void) throws -> [UInt32] {
        let overlays = try SegmentReader.open(references.filter { $0.kind == .overlay }, source: source)
        let candidates = references.filter { $0.kind == .cell }
        let plan = try FoldPlan(cells: candidates, overlays: overlays)
        let isTaken = { (index: Int) in plan.isTaken[index] }
        let inputs =
            overlays
            + (try SegmentReader.open(candidates.indices.filter(isTaken).map { candidates[$0] }, source: source))
        try requireSettings(inputs)
        let liveness = try Liveness(of: inputs, source: source)
        if let twice = liveness.killedTwice.first { throw twice }
        var rest = overlays.map { DocumentSet(documentCount: $0.documentCount) }
        var digest = Digest256.zero
        try withoutActuallyEscaping(emit) { emit in
            var walk = try OrderWalk(inputs, dead: liveness.dead)
            var cells = CellWriter(inputs, dead: liveness.dead, settings: settings, source: source, emit: emit)
            var region = 0
            var lastTaken: Int?
            while let item = try walk.next() {
                region = plan.region(of: item.place, from: region)
                if plan.isTaken[region] {
                    if let before = lastTaken, !plan.isWhole(before, region) { try cells.cut() }
                    lastTaken = region
                    try cells.add(item)
                } else {
                    guard item.input < overlays.count else {
                        throw EngineError(
                            .corrupt, "an article of a cell lies outside the span that its reference tells",
                            object: inputs[item.input].objectName, section: "footer")
                    }
                    cells.exclude(item)
                    rest[item.input].insert(UInt32(item.ordinal))
                }
            }
            try cells.cut()
            digest = cells.digest
        }
        let parts = overlays.indices.map { index in
            RangeMerge.Part(
                segment: overlays[index], range: 0..<overlays[index].documentCount, dead: rest[index].inverted,
                isKillDropped: liveness.isMatched[index])
        }
        let overlay = try RangeMerge(parts: parts, settings: settings, source: source).run(.overlay)
        try requireDigest(inputs, digest &+ overlay.footer.digest)
        if overlay.footer.documentCount > 0 || overlay.footer.killCount > 0 { try emit(overlay) }
        return candidates.indices.filter { !isTaken($0) }.map { UInt32(overlays.count + $0) }
    }

    /// Writes each input again without the documents that kills of the inputs name, and without those kills: nothing of
    /// such a document is left, neither record nor postings nor correction. What other segments kill stays as it is.
    ///
    /// A cell stays the only segment of its region, but need not be a node of the canonical form any more
    /// (`Storage/CanonicalForm.swift`).
    ///
    /// - Parameter emit: takes what is left of each input that has something left, of the input's kind.
    /// - Throws: as `merge`.
    package func purge(_ inputs: [SegmentReader], emit: (BuiltSegment) throws -> Void) throws {
        try requireSettings(inputs)
        let liveness = try Liveness(of: inputs, source: source)
        if let twice = liveness.killedTwice.first { throw twice }
        var digest = Digest256.zero
        for (index, input) in inputs.enumerated() {
            let part = RangeMerge.Part(
                segment: input, range: 0..<input.documentCount, dead: liveness.dead[index],
                isKillDropped: liveness.isMatched[index])
            let left = try RangeMerge(parts: [part], settings: settings, source: source).run(input.footer.kind)
            digest = digest &+ left.footer.digest
            if left.footer.documentCount > 0 || left.footer.killCount > 0 { try emit(left) }
        }
        try requireDigest(inputs, digest)
    }

    private func requireSettings(_ inputs: [SegmentReader]) throws(EngineError) {
        let hash = settings.hash
        for input in inputs { try input.requireSettings(hash) }
    }

    private func requireDigest(_ inputs: [SegmentReader], _ output: Digest256) throws(EngineError) {
        let sum = inputs.reduce(Digest256.zero) { $0 &+ $1.footer.digest }
        guard sum == output else {
            throw EngineError(
                .mismatch, "the outputs' digests add up to \(output.hex), the inputs' to \(sum.hex)",
                hint: "a footer is wrong; run: coranto segment verify")
        }
    }
}
