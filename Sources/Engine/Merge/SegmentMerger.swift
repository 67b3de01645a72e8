import ByteCoding
package import News
package import Storage

/// Makes one segment, or the cells of the canonical form, out of several segments without looking at text again.
///
/// Guarantees
/// 1. Only kills that are in the inputs are applied. A kill and its loser vanish together when both are in the inputs; any
///    other kill is carried with its correction, and a document killed from outside stays.
/// 2. So the digests of the outputs add up to those of the inputs.
/// 3. Cells depend on the live articles and the settings alone.
///
/// Memory is bounded by the largest output and, for each document of the inputs, four bytes and one bit.
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
    /// - Throws: as `merge`, `compact` and `purge`; what the source throws if an input is gone.
    package func run(
        _ inputs: [SegmentReference], as output: MergeOutput, emit: (BuiltSegment) throws -> Void
    ) throws {
        let inputs = try SegmentReader.open(inputs, source: source)
        switch output {
        case .overlay: if let built = try merge(inputs) { try emit(built) }
        case .cells: try compact(inputs, emit: emit)
        case .purged: try purge(inputs, emit: emit)
        }
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
        var plan = CellPlan(targetBytes: settings.cellTargetBytes)
        // Documents handed to the plan and not yet in a cell.
        var pending: [(input: Int, ordinal: Int)] = []
        var starts = inputs.map { _ in 0 }
        var digest = Digest256.zero
        func write(_ counts: [Int]) throws {
            var done = 0
            for count in counts {
                var ends = starts
                for item in pending[done..<(done + count)] { ends[item.input] = item.ordinal + 1 }
                done += count
                let parts = inputs.indices.filter { starts[$0] < ends[$0] }.map { index in
                    RangeMerge.Part(
                        segment: inputs[index], range: starts[index]..<ends[index], dead: liveness.dead[index],
                        isKillDropped: liveness.isMatched[index])
                }
                let cell = try RangeMerge(parts: parts, settings: settings, source: source).run(.cell)
                digest = digest &+ cell.footer.digest
                try emit(cell)
                starts = ends
            }
            pending.removeFirst(done)
        }
        var last: OrderKey?
        while let item = try walk.next() {
            if item.place == last {
                throw EngineError(
                    .mismatch, "key \(item.place.key.hex) is live twice", object: inputs[item.input].objectName,
                    section: SectionKind.documents.name)
            }
            last = item.place
            pending.append((item.input, item.ordinal))
            try write(plan.add(item.place, bytes: UInt64(item.recordBytes)))
        }
        try write(plan.finish())
        try requireDigest(inputs, digest)
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
        for input in inputs where input.footer.settingsHash != settings.hash {
            throw EngineError(
                .mismatch, "settings hash is \(input.footer.settingsHash.hex), expected \(settings.hash.hex)",
                object: input.objectName, section: "footer")
        }
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
