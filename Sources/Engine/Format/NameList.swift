import ByteCoding

/// Distinct names met while building, and their codes in the finished segment. Names are bytes, never `String`s: two
/// byte forms of one text are equal as strings, and which of them came first would then decide the segment's bytes.
struct NameCollector {
    private var known: [[UInt8]: UInt32] = [:]
    /// In order of arrival; provisional code p is `names[p - 1]`.
    private(set) var names: [[UInt8]] = []

    /// - Returns: the provisional code; 0 for an absent or empty name.
    mutating func code(of name: some Collection<UInt8>) -> UInt32 {
        guard !name.isEmpty else { return 0 }
        let bytes = Array(name)
        if let code = known[bytes] { return code }
        names.append(bytes)
        known[bytes] = UInt32(names.count)
        return UInt32(names.count)
    }

    /// Final codes: names that are used, in ascending byte order.
    ///
    /// - Parameter used: whether each provisional code (index 0 is "none") is used by a document of the segment.
    /// - Returns: the sorted names and, for each provisional code, the final one.
    func sorted(used: [Bool]) -> (names: [[UInt8]], codes: [UInt32]) {
        let order = names.indices.filter { used[$0 + 1] }
            .sorted { names[$0].lexicographicallyPrecedes(names[$1]) }
        var codes = [UInt32](repeating: 0, count: names.count + 1)
        for (rank, index) in order.enumerated() { codes[index + 1] = UInt32(rank + 1) }
        return (order.map { names[$0] }, codes)
    }
}

/// Names of one column of a finished segment.
package struct NameList: Equatable, Sendable {
    /// In ascending byte order; code c is `names[c - 1]`.
    package let names: [[UInt8]]

    /// Bytes of a code in its column.
    static func codeBytes(nameCount: Int) -> Int { nameCount < 256 ? 1 : nameCount < 65_536 ? 2 : 4 }

    package func name(_ code: UInt32) -> String? {
        code == 0 ? nil : String(decoding: names[Int(code) - 1], as: UTF8.self)
    }

    init(_ names: [[UInt8]]) { self.names = names }

    /// The names of the columns, and in the rows final codes instead of provisional ones.
    ///
    /// - Parameter collectors: in the order of `NameColumn`.
    static func finalize(_ collectors: [NameCollector], _ rows: inout [DocumentRow]) -> [NameList] {
        zip(collectors, NameColumn.allCases).map { collector, column in
            var used = [Bool](repeating: false, count: collector.names.count + 1)
            for row in rows { used[Int(row[column])] = true }
            let (names, codes) = collector.sorted(used: used)
            for index in rows.indices { rows[index][column] = codes[Int(rows[index][column])] }
            return NameList(names)
        }
    }

    init(decoding reader: inout ByteReader) throws(CodingError) {
        let start = reader.offset
        let count = try reader.count("name count", atMost: reader.remaining)
        var names: [[UInt8]] = []
        for _ in 0..<count {
            let name = Array(try reader.lengthPrefixed())
            guard !name.isEmpty, names.last.map({ $0.lexicographicallyPrecedes(name) }) ?? true else {
                throw .badValue(what: "name", offset: start)
            }
            names.append(name)
        }
        self.names = names
    }

    func encode(to out: inout ByteWriter) {
        out.varint(names.count)
        for name in names { out.lengthPrefixed(name) }
    }
}
