import ByteCoding
import News
import Storage

/// Takes the words of one line, from left to right. Lines come from outside: each word is checked, nothing traps.
struct LineWords {
    let command: Command
    private var rest: ArraySlice<UInt8>
    /// False when the line ended with the word before, so that an empty last word differs from none.
    private var hasMore: Bool

    /// - Parameters:
    ///   - line: without CR LF, free of control bytes.
    init(_ line: ArraySlice<UInt8>) throws(WireError) {
        let end = line.firstIndex(of: 0x20)
        let first = line[..<(end ?? line.endIndex)]
        guard let command = Command(rawValue: String(decoding: first, as: UTF8.self)) else {
            throw WireError(.unknownCommand, "unknown command \(Self.shown(first))")
        }
        self.command = command
        hasMore = end != nil
        rest = line[(end.map { $0 + 1 } ?? line.endIndex)...]
    }

    mutating func word(_ what: String) throws(WireError) -> ArraySlice<UInt8> {
        guard hasMore else { throw WireError(.badFormat, "\(command.rawValue) ends before <\(what)>") }
        let end = rest.firstIndex(of: 0x20)
        let word = rest[..<(end ?? rest.endIndex)]
        guard !word.isEmpty else { throw WireError(.badFormat, "\(command.rawValue): <\(what)> is empty") }
        hasMore = end != nil
        rest = rest[(end.map { $0 + 1 } ?? rest.endIndex)...]
        return word
    }

    func requireEnd() throws(WireError) {
        if hasMore { throw WireError(.badFormat, "\(command.rawValue): unexpected words \(Self.shown(rest))") }
    }

    mutating func number(_ what: String) throws(WireError) -> UInt64 {
        let word = try word(what)
        guard let value = Self.decimal(word) else { throw bad(what, word, "a number") }
        return value
    }

    mutating func number<Value: FixedWidthInteger>(_ what: String, as: Value.Type) throws(WireError) -> Value {
        let word = try word(what)
        guard let value = Self.decimal(word).flatMap({ Value(exactly: $0) }) else {
            throw bad(what, word, "a number up to \(Value.max)")
        }
        return value
    }

    /// The last word: length of the payload, within the command's limit.
    mutating func payloadLength() throws(WireError) -> Int {
        let limit = command.payloadLimitBytes ?? 0
        let length = try number("bytes")
        try requireEnd()
        guard length <= UInt64(limit) else {
            throw WireError(.tooLarge, "\(command.rawValue) of \(length) bytes, at most \(limit) are allowed")
        }
        return Int(length)
    }

    /// Two numbers with "-" between them.
    mutating func pair(_ what: String) throws(WireError) -> (UInt64, UInt64) {
        let word = try word(what)
        guard let dash = word.firstIndex(of: 0x2D), let first = Self.decimal(word[..<dash]),
            let second = Self.decimal(word[(dash + 1)...])
        else { throw bad(what, word, "two numbers with - between") }
        return (first, second)
    }

    mutating func epoch() throws(WireError) -> ShardEpoch {
        let (term, counter) = try pair("epoch")
        return ShardEpoch(term: Term(term), counter: counter)
    }

    mutating func share() throws(WireError) -> FeedShare {
        let index = try number("share", as: UInt16.self)
        guard let share = FeedShare(index) else {
            throw WireError(.badFormat, "share \(index): there are \(FeedShare.count)")
        }
        return share
    }

    mutating func attempt() throws(WireError) -> Attempt {
        let (term, number) = try pair("attempt")
        return Attempt(term: Term(term), number: number)
    }

    /// - Parameter none: whether "-" may stand for no bytes.
    mutating func hex(_ what: String, _ lengths: ClosedRange<Int>, none: Bool = false) throws(WireError) -> [UInt8] {
        let word = try word(what)
        if none, word.elementsEqual([0x2D]) { return [] }
        let isLowerHex = word.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        guard isLowerHex, word.count % 2 == 0, lengths.contains(word.count / 2),
            let bytes = Hex.bytes(String(decoding: word, as: UTF8.self))
        else {
            let count = lengths.count == 1 ? "\(lengths.lowerBound)" : "\(lengths.lowerBound) to \(lengths.upperBound)"
            throw bad(what, word, "\(count) bytes in lower-case hex")
        }
        return bytes
    }

    mutating func choice<Value>(_ what: String, _ make: (String) -> Value?) throws(WireError) -> Value {
        let word = try word(what)
        guard let value = make(String(decoding: word, as: UTF8.self)) else { throw bad(what, word, "a known \(what)") }
        return value
    }

    mutating func clientName() throws(WireError) -> String {
        let word = try word("client")
        let name = String(decoding: word, as: UTF8.self)
        guard BatchID.isClientName(name) else {
            throw bad("client", word, "1 to \(WireLimits.clientBytes) characters of A-Z a-z 0-9 . _ -")
        }
        return name
    }

    /// The rest of the line.
    mutating func text() throws(WireError) -> String {
        guard hasMore else { return "" }
        guard !rest.isEmpty, rest.count <= WireLimits.textBytes, let text = String(validating: rest, as: UTF8.self)
        else {
            throw WireError(.badFormat, "\(command.rawValue): bad <text>")
        }
        hasMore = false
        rest = []
        return text
    }

    private func bad(_ what: String, _ word: ArraySlice<UInt8>, _ expected: String) -> WireError {
        WireError(.badFormat, "\(command.rawValue): <\(what)> is \(Self.shown(word)), expected \(expected)")
    }

    /// Digits without sign or leading zero, up to `UInt64.max`.
    private static func decimal(_ word: ArraySlice<UInt8>) -> UInt64? {
        guard let first = word.first, word.count <= 20, first != 0x30 || word.count == 1 else { return nil }
        var value: UInt64 = 0
        for byte in word {
            guard (0x30...0x39).contains(byte) else { return nil }
            let (product, over) = value.multipliedReportingOverflow(by: 10)
            let (sum, carried) = product.addingReportingOverflow(UInt64(byte - 0x30))
            if over || carried { return nil }
            value = sum
        }
        return value
    }

    /// At most 40 bytes of what came, made printable.
    static func shown(_ bytes: ArraySlice<UInt8>) -> String {
        let start = String(decoding: bytes.prefix(40).map { (0x20..<0x7F).contains($0) ? $0 : 0x3F }, as: UTF8.self)
        return bytes.count > 40 ? start + "…" : start
    }
}
