package import ByteCoding
package import News

/// How many articles were received and what became of them. `pending` is the rest.
///
/// What may be added is decided where reports are judged (`Cluster/Publisher.swift`). Here sums wrap around: numbers read
/// from a store may be anything and must not end the process.
package struct OutcomeSums: Equatable, Sendable {
    package var received: Int64 = 0
    /// Indexed by `Outcome.rawValue - 1`.
    private var byOutcome: [Int64] = Array(repeating: 0, count: Outcome.allCases.count)

    package init() {}

    package subscript(outcome: Outcome) -> Int64 {
        get { byOutcome[Int(outcome.rawValue) - 1] }
        set { byOutcome[Int(outcome.rawValue) - 1] = newValue }
    }

    package var pending: Int64 { byOutcome.reduce(received, &-) }

    package mutating func add(_ other: OutcomeSums) {
        received &+= other.received
        for outcome in Outcome.allCases { self[outcome] &+= other[outcome] }
    }

    func encode(to out: inout ByteWriter) {
        out.fixed(received)
        for value in byOutcome { out.fixed(value) }
    }

    init(decoding reader: inout ByteReader) throws(CodingError) {
        received = try reader.fixed()
        for index in byOutcome.indices { byOutcome[index] = try reader.fixed() }
    }
}

/// A row of the ledger: a source and an hour of arrival (hours since 1970).
package struct LedgerKey: Hashable, Sendable, Comparable {
    package var hour: UInt32
    package var source: String

    package init(hour: UInt32, source: String) {
        self.hour = hour
        self.source = source
    }

    package static func < (left: LedgerKey, right: LedgerKey) -> Bool {
        (left.hour, left.source) < (right.hour, right.source)
    }
}

/// Rows not yet folded into `ledger/` objects, in the manifest's head; or the rows of one or more such objects.
package struct LedgerRows: Equatable, Sendable {
    package private(set) var rows: [LedgerKey: OutcomeSums] = [:]

    package init() {}

    package var count: Int { rows.count }

    /// First and last hour; nil if there are no rows.
    package var hours: ClosedRange<UInt32>? {
        guard let first = rows.keys.map(\.hour).min(), let last = rows.keys.map(\.hour).max() else { return nil }
        return first...last
    }

    package mutating func received(_ count: Int64, source: String, hour: UInt32) {
        rows[LedgerKey(hour: hour, source: source), default: OutcomeSums()].received &+= count
    }

    package mutating func add(_ delta: Int64, of outcome: Outcome, source: String, hour: UInt32) {
        rows[LedgerKey(hour: hour, source: source), default: OutcomeSums()][outcome] &+= delta
    }

    package mutating func add(_ other: LedgerRows) {
        for (key, sums) in other.rows {
            rows[key, default: OutcomeSums()].add(sums)
        }
    }

    package func filtered(_ isIncluded: (LedgerKey) -> Bool) -> LedgerRows {
        var part = LedgerRows()
        part.rows = rows.filter { isIncluded($0.key) }
        return part
    }

    package var sorted: [(key: LedgerKey, sums: OutcomeSums)] {
        rows.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    func encode(to out: inout ByteWriter) {
        out.varint(rows.count)
        for (key, sums) in sorted {
            out.fixed(key.hour)
            out.string(key.source)
            sums.encode(to: &out)
        }
    }

    init(decoding reader: inout ByteReader) throws(CodingError) {
        for _ in 0..<(try reader.count("ledger rows", atMost: reader.remaining)) {
            let hour: UInt32 = try reader.fixed()
            let source = try reader.string(atMost: Limits.labelBytes)
            rows[LedgerKey(hour: hour, source: source)] = try OutcomeSums(decoding: &reader)
        }
    }

    static let magic = Array("CRNTLED0".utf8)

    /// As an object `ledger/<sha256>.<attempt>`.
    package var encodedObject: [UInt8] {
        var out = ByteWriter()
        out.raw(Self.magic)
        encode(to: &out)
        out.checksum()
        return out.bytes
    }

    package init(decodingObject bytes: [UInt8]) throws(CodingError) {
        var reader = try ByteReader(bytes, magic: Self.magic, what: "ledger object")
        try self.init(decoding: &reader)
        try reader.requireEnd()
    }
}
