import ByteCoding
import News

/// From the canonical record of an article to its terms, for indexing and for corrections alike.
struct RecordTerms {
    private var tokenizer = Tokenizer()

    init() {}

    /// What of the article becomes columns.
    struct Columns {
        var source: ArraySlice<UInt8> = []
        var language: ArraySlice<UInt8> = []
        var section: ArraySlice<UInt8> = []
        var published: Timestamp?
        var firstSeen: Timestamp?

        var orderTime: Timestamp? { OrderTime.of(published: published, firstSeen: firstSeen) }

        /// By which words are reduced to stems, where the settings say that they are.
        var stemLanguage: StemLanguage? { StemLanguage(tag: language) }
    }

    /// Calls `emit` with each term of the article, field by field, positions ascending within a field.
    ///
    /// - Parameter emit: the bytes are valid during the call, and from their start `TermTable.readableBytes` can be read. The
    ///   position means nothing for fields without positions.
    /// - Throws: `CodingError` if the record is not canonical.
    @inline(__always)
    mutating func forEach(
        in record: [UInt8], _ emit: (IndexField, UnsafeBufferPointer<UInt8>, UInt32) -> Void
    ) throws(CodingError) -> Columns {
        var columns = Columns()
        // Next free position of each field.
        var nextText = 0
        var nextBy = 0
        try CanonicalRecord.forEachField(of: record) { (field, bytes) throws(CodingError) in
            switch field {
            case .headline:
                // Twice: as part of the text and as a field of its own.
                unsafe text(bytes, .text, &nextText, emit)
                var next = 0
                unsafe text(bytes, .headline, &next, emit)
            case .summary, .body: unsafe text(bytes, .text, &nextText, emit)
            case .media:
                var reader = ByteReader(bytes)
                while !reader.isAtEnd {
                    _ = try Self.optional(&reader)
                    unsafe text(try Self.optional(&reader), .text, &nextText, emit)
                    _ = try Self.optional(&reader)
                }
            case .by: unsafe text(bytes, .by, &nextBy, emit)
            case .authors: try unsafe list(bytes, .by, &nextBy, emit)
            case .source:
                columns.source = bytes
                var next = 0
                unsafe text(bytes, .source, &next, emit)
                unsafe wholeValue(bytes, .sourceName, emit)
            case .agency:
                var next = 0
                unsafe text(bytes, .agency, &next, emit)
            case .language:
                columns.language = bytes
                unsafe language(bytes, emit)
            case .located:
                var next = 0
                unsafe text(bytes, .located, &next, emit)
            case .section:
                columns.section = bytes
                var next = 0
                unsafe text(bytes, .section, &next, emit)
                unsafe wholeValue(bytes, .sectionName, emit)
            case .subjects:
                var next = 0
                try unsafe list(bytes, .subject, &next, emit)
            case .slugs:
                var next = 0
                try unsafe list(bytes, .slug, &next, emit)
            case .quotes:
                var reader = ByteReader(bytes)
                var (nextQuote, nextSpeaker) = (0, 0)
                while !reader.isAtEnd {
                    unsafe text(try reader.lengthPrefixed(), .quote, &nextQuote, emit)
                    unsafe text(try Self.optional(&reader), .speaker, &nextSpeaker, emit)
                }
            case .published:
                var reader = ByteReader(bytes)
                columns.published = Timestamp(milliseconds: try reader.signedVarint())
            case .firstSeen:
                var reader = ByteReader(bytes)
                columns.firstSeen = Timestamp(milliseconds: try reader.signedVarint())
            case .url, .guid, .canonicalURL, .provider, .edNote, .dateline, .updated, .removed, .extra,
                .extractorVersion:
                break
            }
        }
        return columns
    }

    @inline(__always)
    private mutating func text(
        _ bytes: ArraySlice<UInt8>, _ field: IndexField, _ next: inout Int,
        _ emit: (IndexField, UnsafeBufferPointer<UInt8>, UInt32) -> Void
    ) {
        guard !bytes.isEmpty else { return }
        let base = next
        var end = base
        unsafe bytes.withUnsafeBufferPointer { utf8 in
            unsafe tokenizer.tokenize(utf8) { term, position in
                unsafe emit(field, term, UInt32(truncatingIfNeeded: base + position))
                end = max(end, base + position + 1)
            }
        }
        if end > base { next = end + IndexField.gapPositions }
    }

    @inline(__always)
    private mutating func list(
        _ bytes: ArraySlice<UInt8>, _ field: IndexField, _ next: inout Int,
        _ emit: (IndexField, UnsafeBufferPointer<UInt8>, UInt32) -> Void
    ) throws(CodingError) {
        var reader = ByteReader(bytes)
        while !reader.isAtEnd { unsafe text(try reader.lengthPrefixed(), field, &next, emit) }
    }

    private mutating func wholeValue(
        _ bytes: ArraySlice<UInt8>, _ field: IndexField,
        _ emit: (IndexField, UnsafeBufferPointer<UInt8>, UInt32) -> Void
    ) {
        let joined = joinedTokens(of: bytes)
        guard !joined.isEmpty, joined.count <= IndexField.maxTermBytes else { return }
        unsafe TermTable.withReadable(joined) { unsafe emit(field, $0, 0) }
    }

    /// The tokens of a value joined by one space: the term of `sourceName` and `sectionName`.
    mutating func joinedTokens(of bytes: ArraySlice<UInt8>) -> [UInt8] {
        var joined: [UInt8] = []
        unsafe bytes.withUnsafeBufferPointer { utf8 in
            unsafe tokenizer.tokenize(utf8) { term, _ in
                if !joined.isEmpty { joined.append(0x20) }
                unsafe joined.append(contentsOf: term)
            }
        }
        return joined
    }

    private mutating func language(
        _ bytes: ArraySlice<UInt8>, _ emit: (IndexField, UnsafeBufferPointer<UInt8>, UInt32) -> Void
    ) {
        let lower = bytes.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        guard !lower.isEmpty, lower.count <= IndexField.maxTermBytes else { return }
        unsafe TermTable.withReadable(lower) { unsafe emit(.language, $0, 0) }
        if let hyphen = lower.firstIndex(of: 0x2D), hyphen > 0 {
            unsafe TermTable.withReadable(lower[..<hyphen]) { unsafe emit(.language, $0, 0) }
        }
    }

    private static func optional(_ reader: inout ByteReader) throws(CodingError) -> ArraySlice<UInt8> {
        let count = try reader.count("length", atMost: Limits.recordBytes)
        return count > 0 ? try reader.raw(count - 1) : []
    }
}
