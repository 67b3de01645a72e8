import News

/// Documents that have one of some keys, in some segments, dead or alive.
enum KeyMatches {
    /// A row of a key run whose first half fits.
    struct Candidate {
        /// Index of the key, of the segment among those looked through, ordinal there.
        let key: Int
        let segment: Int
        let ordinal: UInt32
    }

    /// Ranges of key runs in one round: some megabytes.
    static let runsPerRound = 4096

    /// One round, more only where it would read many megabytes.
    static func candidates(
        of keys: [ArticleKey], in segments: [SegmentReader], source: any ByteSource
    ) throws -> [Candidate] {
        var candidates: [Candidate] = []
        var round = ReadRound()
        var runs: [(key: Int, segment: Int)] = []
        func read() throws {
            let slices = runs.isEmpty ? [] : try round.run(source)
            for (number, run) in runs.enumerated() {
                let segment = segments[run.segment]
                for ordinal in try segment.ordinals(withKeyHigh: keys[run.key].high, in: slices[number]) {
                    candidates.append(Candidate(key: run.key, segment: run.segment, ordinal: ordinal))
                }
            }
            round = ReadRound()
            runs = []
        }
        for (index, segment) in segments.enumerated() {
            for (number, key) in keys.enumerated() {
                guard let range = segment.keyRunRange(of: key) else { continue }
                round.add(segment, .keyRun, range)
                runs.append((number, index))
                if runs.count == runsPerRound { try read() }
            }
        }
        try read()
        return candidates
    }

    /// What the candidates are: one round. Those whose key is another's are left out.
    static func confirm(
        _ candidates: [Candidate], of keys: [ArticleKey], in segments: [SegmentReader], source: any ByteSource
    ) throws -> [(key: Int, found: LiveVersion)] {
        guard !candidates.isEmpty else { return [] }
        var round = ReadRound()
        for candidate in candidates {
            let segment = segments[candidate.segment]
            let ordinal = UInt64(candidate.ordinal)
            let width = UInt64(SegmentFormat.documentRowBytes)
            let codeWidth = UInt64(NameList.codeBytes(nameCount: segment.sourceNames.names.count))
            round.add(segment, .documents, ordinal * width..<(ordinal + 1) * width)
            round.add(segment, .times, ordinal * 8..<(ordinal + 1) * 8)
            round.add(segment, .sources, ordinal * codeWidth..<(ordinal + 1) * codeWidth)
        }
        let slices = try round.run(source)
        var matches: [(key: Int, found: LiveVersion)] = []
        for (number, candidate) in candidates.enumerated() {
            let segment = segments[candidate.segment]
            let identity = try slices[3 * number].identity(0)
            guard identity.key == keys[candidate.key] else { continue }
            let bits = try slices[3 * number + 1].values(UInt64.self)[0]
            let code = try segment.nameCode(slices[3 * number + 2], of: segment.sourceNames)
            matches.append(
                (
                    candidate.key,
                    LiveVersion(
                        key: identity.key, version: identity.version, orderTime: Timestamp(sortable: ~bits),
                        source: segment.sourceNames.name(code), segment: candidate.segment, ordinal: candidate.ordinal)
                ))
        }
        return matches
    }

    static func liveTwice(_ key: ArticleKey, in object: String) -> EngineError {
        EngineError(
            .mismatch, "key \(key.hex) is live twice", object: object, section: SectionKind.documents.name,
            hint: "run: coranto snapshot verify")
    }
}

extension SegmentReader {
    fileprivate func nameCode(_ slice: SectionSlice, of names: NameList) throws(EngineError) -> UInt32 {
        var code: UInt32 = 0
        for (place, byte) in try slice.copy().enumerated() { code |= UInt32(byte) << UInt32(8 * place) }
        guard code <= names.names.count else {
            throw corrupt(slice.section, slice.range.lowerBound, "name code \(code)")
        }
        return code
    }
}
