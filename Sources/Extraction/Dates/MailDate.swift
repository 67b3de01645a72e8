import News

/// Dates of RFC 822 in the form that nearly every feed has: "Thu, 21 Jan 2016 18:14:05 +0100". Variations are for `DateReading`;
/// this one is here because it costs a tenth.
struct MailDate {
    private let bytes: [UInt8]
    private var index = 0

    /// - Returns: nil if `text` is anything else, be it a date or not.
    static func stated(_ text: some Sequence<UInt8>) -> StatedTime? {
        var reader = MailDate(bytes: Array(text))
        return reader.read()
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private mutating func read() -> StatedTime? {
        if bytes.first.map(ASCII.isLetter) ?? false {
            guard let weekday = letters(3), Self.weekdays.contains(weekday), skip(","), skip(" ") else { return nil }
        }
        var stated = StatedTime()
        stated.day = number(2) ?? number(1)
        guard stated.day != nil, skip(" "), let name = letters(3), let month = Self.months.firstIndex(of: name),
            skip(" "),
            let year = number(4), skip(" "), let hour = number(2), skip(":"), let minute = number(2)
        else { return nil }
        (stated.month, stated.year, stated.hour, stated.minute) = (month + 1, year, hour, minute)
        if skip(":") {
            guard let second = number(2) else { return nil }
            stated.second = second
        }
        guard skip(" "), let offset = readZone(), index == bytes.count else { return nil }
        stated.offsetMinutes = offset
        return stated
    }

    private mutating func readZone() -> Int? {
        if skip("Z") { return 0 }
        let isWest = skip("-")
        if isWest || skip("+") {
            guard let value = number(4), value / 100 <= 23, value % 100 <= 59 else { return nil }
            return (value / 100 * 60 + value % 100) * (isWest ? -1 : 1)
        }
        guard let name = letters(3), name == Self.gmt || name == Self.utc else { return nil }
        return 0
    }

    // MARK: Pieces

    private mutating func skip(_ byte: Unicode.Scalar) -> Bool {
        guard index < bytes.count, bytes[index] == UInt8(ascii: byte) else { return false }
        index += 1
        return true
    }

    /// Exactly so many digits.
    private mutating func number(_ count: Int) -> Int? {
        guard index + count <= bytes.count, index + count == bytes.count || !ASCII.isDigit(bytes[index + count]) else {
            return nil
        }
        var value = 0
        for byte in bytes[index..<index + count] {
            guard ASCII.isDigit(byte) else { return nil }
            value = value * 10 + Int(byte - 0x30)
        }
        index += count
        return value
    }

    /// Letters in small form, packed.
    private mutating func letters(_ count: Int) -> UInt32? {
        guard index + count <= bytes.count else { return nil }
        var value: UInt32 = 0
        for byte in bytes[index..<index + count] {
            guard ASCII.isLetter(byte) else { return nil }
            value = value << 8 | UInt32(byte | 0x20)
        }
        index += count
        return value
    }

    private static func packed(_ name: StaticString) -> UInt32 {
        "\(name)".utf8.reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static let gmt = packed("gmt")
    private static let utc = packed("utc")
    private static let weekdays = (["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as [StaticString]).map(packed)
    private static let months =
        (["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"] as [StaticString]).map(
            packed)
}
