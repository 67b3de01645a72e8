import ByteCoding
package import News
import Storage

// Columns, keys and articles of a segment, by document ordinal.

extension SegmentReader {
    /// Length codes of all documents; index 0 of the bytes is document 0.
    package func lengthCodes() throws -> SectionSlice { try read(.lengths, 0..<footer.section(.lengths).length) }

    /// Time bits (`OrderKey.timeBits`) of the documents of `range`.
    package func timeBits(_ range: Range<Int>) throws -> [UInt64] {
        let slice = try read(.times, UInt64(range.lowerBound * 8)..<UInt64(range.upperBound * 8))
        return try slice.values(UInt64.self)
    }

    /// Sizes of the canonical records of the documents of `range`, in bytes.
    package func recordSizes(_ range: Range<Int>) throws -> [UInt32] {
        let slice = try read(.recordSizes, UInt64(range.lowerBound * 4)..<UInt64(range.upperBound * 4))
        let sizes = try slice.values(UInt32.self)
        // Room is made by what they say.
        for (index, size) in sizes.enumerated() where size > Limits.recordBytes {
            throw corrupt(.recordSizes, slice.range.lowerBound + UInt64(index * 4), "a record of \(size) bytes")
        }
        return sizes
    }

    package func names(_ column: NameColumn) -> NameList {
        switch column {
        case .source: sourceNames
        case .language: languageNames
        case .section: sectionNames
        }
    }

    /// Name codes of the documents of `range`; 0 for none, each at most the number of names.
    package func codes(_ column: NameColumn, _ range: Range<Int>) throws -> [UInt32] {
        let list = names(column)
        let width = NameList.codeBytes(nameCount: list.names.count)
        let slice = try read(column.kind, UInt64(range.lowerBound * width)..<UInt64(range.upperBound * width))
        return try unsafe slice.withBytes { bytes throws(EngineError) in
            var codes: [UInt32] = []
            codes.reserveCapacity(range.count)
            for index in 0..<range.count {
                var code: UInt32 = 0
                for place in 0..<width { unsafe code |= UInt32(bytes[index * width + place]) << UInt32(8 * place) }
                #if !PLANTED_FUZZ_SEGMENT
                    guard code <= list.names.count else {
                        throw corrupt(column.kind, slice.range.lowerBound + UInt64(index * width), "name code \(code)")
                    }
                #endif
                codes.append(code)
            }
            return codes
        }
    }

    /// Everything but text and terms of the documents of `range`.
    package func rows(_ range: Range<Int>) throws -> [DocumentRow] {
        let width = SegmentFormat.documentRowBytes
        var round = ReadRound()
        round.add(self, .documents, UInt64(range.lowerBound * width)..<UInt64(range.upperBound * width))
        round.add(self, .lengths, UInt64(range.lowerBound)..<UInt64(range.upperBound))
        let slices = try round.run(source)
        let identities = try slices[0].identities()
        let lengths = try slices[1].copy()
        let times = try timeBits(range)
        let sizes = try recordSizes(range)
        let sources = try codes(.source, range)
        let languages = try codes(.language, range)
        let sections = try codes(.section, range)
        return range.indices.map { ordinal in
            let index = ordinal - range.lowerBound
            let identity = identities[index]
            return DocumentRow(
                key: identity.key, version: identity.version, timeBits: times[index], lengthCode: lengths[index],
                recordBytes: sizes[index], source: sources[index], language: languages[index], section: sections[index])
        }
    }

    /// Key and version of single documents, in the order asked for; one round.
    package func identities(_ ordinals: [UInt32]) throws -> [(key: ArticleKey, version: Version)] {
        let width = UInt64(SegmentFormat.documentRowBytes)
        var round = ReadRound()
        for ordinal in ordinals { round.add(self, .documents, UInt64(ordinal) * width..<UInt64(ordinal + 1) * width) }
        let slices = try round.run(source)
        return try slices.map { try $0.identity(0) }
    }

    /// Key and version of the documents of `range`, in one piece.
    package func identities(_ range: Range<Int>) throws -> [(key: ArticleKey, version: Version)] {
        let width = UInt64(SegmentFormat.documentRowBytes)
        let slice = try read(.documents, UInt64(range.lowerBound) * width..<UInt64(range.upperBound) * width)
        return try slice.identities()
    }

    /// Place in the order of a document of a mapped object.
    func mappedPlace(of ordinal: UInt32) throws(EngineError) -> OrderBits {
        let width = UInt64(SegmentFormat.documentRowBytes)
        let row = UInt64(ordinal) * width
        guard let keys = try mappedBytes(.documents, row..<(row + 16)),
            let times = try mappedBytes(.times, UInt64(ordinal) * 8..<UInt64(ordinal) * 8 + 8)
        else { preconditionFailure("a place is asked of an object that is not mapped") }
        try keys.check(0..<16)
        try times.check(0..<8)
        func word(_ bytes: PagedBytes, _ offset: Int) -> UInt64 {
            unsafe bytes.base.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        }
        return OrderBits(
            time: UInt64(littleEndian: word(times, 0)), high: UInt64(bigEndian: word(keys, 0)),
            low: UInt64(bigEndian: word(keys, 8)))
    }

    /// - Parameter index: a row within `bytes`.
    static func identity(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> (key: ArticleKey, version: Version) {
        let start = index * SegmentFormat.documentRowBytes
        func word(_ offset: Int) -> UInt64 {
            unsafe UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: start + offset, as: UInt64.self))
        }
        func digest(_ offset: Int) -> Digest256 {
            Digest256(limbs: (word(offset), word(offset + 8), word(offset + 16), word(offset + 24)))
        }
        let extractor = unsafe UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: start + 24, as: UInt32.self))
        let version = Version(
            firstSeen: Timestamp(sortable: word(16)), extractorVersion: extractor, contentHash: digest(28),
            recordHash: digest(60))
        return (ArticleKey(high: word(0), low: word(8)), version)
    }

    // MARK: The order

    /// Places in the order of the documents of `range`.
    package func places(_ range: Range<Int>) throws -> [OrderKey] {
        let times = try timeBits(range)
        let keys = try rowKeys(range)
        return zip(times, keys).map { OrderKey(time: Timestamp(sortable: ~$0), key: $1) }
    }

    /// First document that is not before `place`; the document count if all are.
    package func firstDocument(notBefore place: OrderKey) throws -> Int {
        guard let range = orderBlock(of: place) else { return 0 }
        if isMapped { return try mappedFirstDocument(notBefore: OrderBits(place), in: range) }
        let index = try places(range).firstIndex { !($0 < place) }
        return index.map { range.lowerBound + $0 } ?? range.upperBound
    }

    private func mappedFirstDocument(
        notBefore place: OrderBits, in range: Range<Int>
    ) throws(EngineError) -> Int {
        var low = range.lowerBound
        var high = range.upperBound
        while low < high {
            let middle = (low + high) / 2
            if try mappedPlace(of: UInt32(middle)) < place { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The documents between two entries of the sparse index among which the first that is not before `place` stands, or
    /// just before which it stands; nil if `place` is not after the first document.
    func orderBlock(of place: OrderKey) -> Range<Int>? {
        var low = 0
        var high = documentIndex.count
        while low < high {
            let middle = (low + high) / 2
            if documentIndex[middle] < place { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return nil }
        let start = (low - 1) * SegmentFormat.documentsPerIndexEntry
        return start..<min(start + SegmentFormat.documentsPerIndexEntry, documentCount)
    }

    private func rowKeys(_ range: Range<Int>) throws -> [ArticleKey] {
        let width = SegmentFormat.documentRowBytes
        let slice = try read(.documents, UInt64(range.lowerBound * width)..<UInt64(range.upperBound * width))
        return try slice.identities().map(\.key)
    }

    // MARK: Keys

    /// Rows of the key run that may hold `key`; nil if it is surely not there.
    func keyRunRange(of key: ArticleKey) -> Range<UInt64>? {
        guard keyFilter.mayContain(key) else { return nil }
        // First entry of the index that is not below: the key may start in the block before it.
        var low = 0
        var high = keyIndex.count
        while low < high {
            let middle = (low + high) / 2
            if keyIndex[middle] < key.high { low = middle + 1 } else { high = middle }
        }
        let first = max(low - 1, 0)
        var end = low
        while end < keyIndex.count, keyIndex[end] == key.high { end += 1 }
        let start = first * SegmentFormat.keysPerIndexEntry
        let stop = min(max(end, first + 1) * SegmentFormat.keysPerIndexEntry, documentCount)
        guard start < stop else { return nil }
        let width = UInt64(SegmentFormat.keyRunRowBytes)
        return UInt64(start) * width..<UInt64(stop) * width
    }

    /// Documents whose key begins with one of `halves`, by ascending key; they may be dead.
    package func documents(withKeyHalfIn halves: ClosedRange<UInt64>) throws -> [UInt32] {
        let low = keyIndex.partitioningIndex { $0 >= halves.lowerBound }
        let high = keyIndex.partitioningIndex { $0 > halves.upperBound }
        let start = max(low - 1, 0) * SegmentFormat.keysPerIndexEntry
        let stop = min(high * SegmentFormat.keysPerIndexEntry, documentCount)
        guard start < stop else { return [] }
        let width = UInt64(SegmentFormat.keyRunRowBytes)
        let slice = try read(.keyRun, UInt64(start) * width..<UInt64(stop) * width)
        return try ordinals(withKeyHalfIn: halves, in: slice)
    }

    /// Ordinals of the rows in `slice` whose key starts with `high`.
    func ordinals(withKeyHigh high: UInt64, in slice: SectionSlice) throws(EngineError) -> [UInt32] {
        try ordinals(withKeyHalfIn: high...high, in: slice)
    }

    private func ordinals(
        withKeyHalfIn halves: ClosedRange<UInt64>, in slice: SectionSlice
    ) throws(EngineError) -> [UInt32] {
        var found: [UInt32] = []
        for (row, (half, ordinal)) in try slice.keyRunRows().enumerated() where halves.contains(half) {
            guard ordinal < footer.documentCount else {
                throw corrupt(
                    .keyRun, slice.range.lowerBound + UInt64(row * SegmentFormat.keyRunRowBytes), "ordinal \(ordinal)")
            }
            found.append(ordinal)
        }
        return found
    }
}

extension SectionSlice {
    /// Key and version in a row of the section of documents.
    ///
    /// - Parameter index: of the row, counted from the slice's start.
    func identity(_ index: Int) throws(EngineError) -> (key: ArticleKey, version: Version) {
        try unsafe withBytes { bytes throws(EngineError) in unsafe SegmentReader.identity(bytes, index) }
    }

    /// First half of the key and ordinal in each row of the key run; nothing is checked but their bytes.
    package func keyRunRows() throws(EngineError) -> [(high: UInt64, ordinal: UInt32)] {
        try unsafe withBytes { bytes throws(EngineError) in
            (0..<(bytes.count / SegmentFormat.keyRunRowBytes)).map { row in
                let start = row * SegmentFormat.keyRunRowBytes
                return unsafe (
                    UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self)),
                    UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: start + 8, as: UInt32.self))
                )
            }
        }
    }

    /// Of all rows.
    func identities() throws(EngineError) -> [(key: ArticleKey, version: Version)] {
        try unsafe withBytes { bytes throws(EngineError) in
            (0..<(bytes.count / SegmentFormat.documentRowBytes)).map { unsafe SegmentReader.identity(bytes, $0) }
        }
    }
}

extension Array {
    /// First index whose element is beyond; all before it are not.
    fileprivate func partitioningIndex(_ isBeyond: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isBeyond(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
