package import News

/// What a segment keeps of a document besides its terms and its text.
package struct DocumentRow: Equatable, Sendable {
    package var key: ArticleKey
    package var version: Version
    package var timeBits: UInt64
    package var lengthCode: UInt8
    /// Bytes of the canonical record.
    package var recordBytes: UInt32
    /// Codes in the segment's `names`; 0 for none.
    package var source: UInt32
    package var language: UInt32
    package var section: UInt32

    package init(
        key: ArticleKey, version: Version, timeBits: UInt64, lengthCode: UInt8, recordBytes: UInt32, source: UInt32,
        language: UInt32, section: UInt32
    ) {
        self.key = key
        self.version = version
        self.timeBits = timeBits
        self.lengthCode = lengthCode
        self.recordBytes = recordBytes
        self.source = source
        self.language = language
        self.section = section
    }

    /// The code in a column of names.
    subscript(column: NameColumn) -> UInt32 {
        get {
            switch column {
            case .source: source
            case .language: language
            case .section: section
            }
        }
        set {
            switch column {
            case .source: source = newValue
            case .language: language = newValue
            case .section: section = newValue
            }
        }
    }

    package var orderTime: Timestamp? { Timestamp(sortable: ~timeBits) }
    package var orderKey: OrderKey { OrderKey(time: orderTime, key: key) }

    /// The order of documents in a segment: order key, then version for the rare key that is there twice.
    package static func isBefore(_ left: DocumentRow, _ right: DocumentRow) -> Bool {
        if left.timeBits != right.timeBits { return left.timeBits < right.timeBits }
        if left.key != right.key { return left.key < right.key }
        return left.version < right.version
    }
}

/// What a document has a name of, in the order of the segment's lists.
package enum NameColumn: Sendable, CaseIterable {
    case source, language, section

    var kind: SectionKind {
        switch self {
        case .source: .sources
        case .language: .languages
        case .section: .sections
        }
    }
}

/// A kill as a segment keeps it.
package struct KillRow: Equatable, Sendable {
    package var kill: Kill
    /// Length of the loser in terms of the text field, exact.
    package var tokenCount: UInt32

    package init(kill: Kill, tokenCount: UInt32) {
        self.kill = kill
        self.tokenCount = tokenCount
    }
}
