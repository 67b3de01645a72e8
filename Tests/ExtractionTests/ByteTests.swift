import ByteCoding
import News
import Testing

@testable import Extraction

@Suite("Bytes")
struct ByteTests {
    /// Random texts of a few letters, so that what is sought comes often, at all lengths around the sixteen of one step.
    private func forEachText(seed: UInt64, count: Int, of letters: [UInt8], _ body: ([UInt8]) throws -> Void) rethrows {
        var random = SplitMix64(seed: seed)
        for _ in 0..<count {
            let length = Int(random.next() % 50)
            try body((0..<length).map { _ in letters[Int(random.next() % UInt64(letters.count))] })
        }
    }

    @Test("searches find what a look at each byte finds, from any place and in any slice")
    func searches() {
        let letters: [UInt8] = Array("aaaaaaaaaaaaaaaaaa\"\\&<>\n\u{1F} ".utf8) + [0x80, 0xC3, 0xFF]
        forEachText(seed: 1, count: 4000, of: letters) { text in
            let cut = text.count / 3
            ByteSpan.of(text) { whole in
                for (bytes, start) in [(whole, 0), (whole[cut..<text.count], cut), (whole[0..<cut], cut / 2)] {
                    func first(_ isWanted: (UInt8) -> Bool) -> Int {
                        (start..<bytes.endIndex).first { isWanted(bytes[$0]) } ?? bytes.endIndex
                    }
                    #expect(ByteSearch.first(0x26, in: bytes, from: start) == first { $0 == 0x26 })
                    #expect(
                        ByteSearch.first(0x3C, or: 0x26, in: bytes, from: start) == first { $0 == 0x26 || $0 == 0x3C })
                    #expect(
                        ByteSearch.firstToEscape(in: bytes, from: start)
                            == first { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C })
                    #expect(
                        ByteSearch.firstMark(in: bytes, from: start)
                            == first { [0x22, 0x26, 0x3C, 0x3E].contains($0) })
                    #expect(ByteSearch.firstToDecode(in: bytes, from: start) == first { $0 < 0x20 || $0 == 0x26 })
                    #expect(ByteSearch.firstBeyondASCII(in: bytes, from: start) == first { $0 >= 0x80 })
                }
            }
        }
    }

    @Test("UTF-8 is what the standard library takes for it")
    func validity() {
        // Beginnings and continuations at the borders of what is allowed, so that many texts are nearly right.
        let letters: [UInt8] = [
            0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF1,
            0xF4,
            0xF5, 0xFF,
        ]
        var valid = 0
        var random = SplitMix64(seed: 2)
        for _ in 0..<200_000 {
            let text = (0..<Int(random.next() % 6)).map { _ in letters[Int(random.next() % UInt64(letters.count))] }
            let isValid = ByteSpan.of(text) { UTF8Check.isValid($0) }
            #expect(isValid == (String(validating: text, as: UTF8.self) != nil), "\(text)")
            valid += isValid ? 1 : 0
        }
        #expect(valid > 10_000)
        // Longer ones, most of whose bytes are ASCII, anywhere in an array: what is looked at many bytes at a time.
        let pieces: [[UInt8]] =
            ["a", "bc", "0123456789abcdef", "ü", "한", "🙂"].map { Array($0.utf8) } + [
                [0x80], [0xE0, 0x9F, 0x80], [0xC3],
            ]
        valid = 0
        for _ in 0..<100_000 {
            let first = Int(random.next() % 9)
            // The last three are not valid.
            let kinds = random.next() % 2 == 0 ? UInt64(pieces.count) : 6
            let text = (0..<Int(random.next() % 10)).flatMap { _ in pieces[Int(random.next() % kinds)] }
            let part = ([UInt8](repeating: 0xFF, count: first) + text + [0xFF])[first..<(first + text.count)]
            let isValid = ByteSpan.of(part) { UTF8Check.isValid($0) }
            #expect(isValid == (String(validating: text, as: UTF8.self) != nil), "\(text)")
            valid += isValid ? 1 : 0
        }
        #expect(valid > 10_000 && valid < 90_000)
        let long = Array("Ein Satz mit Umläuten, 한국어 und 🙂, länger als sechzehn Bytes".utf8)
        #expect(ByteSpan.of(long) { UTF8Check.isValid($0) })
        for cut in 1..<long.count {
            let part = Array(long[..<cut])
            #expect(ByteSpan.of(part) { UTF8Check.isValid($0) } == (String(validating: part, as: UTF8.self) != nil))
        }
    }

    @Test("a sink holds what was appended, whatever the pieces")
    func sink() {
        var random = SplitMix64(seed: 3)
        var sink = ByteSink(capacity: 1)
        var expected: [UInt8] = []
        for _ in 0..<2000 {
            switch random.next() % 6 {
            case 0:
                sink.append(UInt8(ascii: "x"))
                expected.append(UInt8(ascii: "x"))
            case 1:
                sink.append("a static text")
                expected += Array("a static text".utf8)
            case 2:
                let piece = [UInt8](repeating: 0x79, count: Int(random.next() % 300))
                sink.append(contentsOf: piece)
                expected += piece
            case 3:
                sink.append("\u{1F642}" as Unicode.Scalar)
                expected += Array("\u{1F642}".utf8)
            case 4:
                sink.append(contentsOf: "ä text")
                expected += Array("ä text".utf8)
            default:
                let place = expected.count - Int(random.next() % UInt64(expected.count / 4 + 1))
                sink.removeAll(from: place)
                expected.removeSubrange(place...)
            }
            #expect(sink.count == expected.count)
        }
        #expect(sink.array == expected)
    }

    @Test("a name has one number in all its spellings, wherever it stands, and no other name has it")
    func names() {
        var random = SplitMix64(seed: 4)
        var table = NameTable(["", "title"])
        var known: [[UInt8]: NameTable.ID] = [[]: 0, Array("title".utf8): 1]
        let letters = Array("abYZ-:_@[`{é".utf8)
        for _ in 0..<20_000 {
            let name = (0..<Int(random.next() % 14)).map { _ in letters[Int(random.next() % UInt64(letters.count))] }
            let small = name.map(ASCII.lowercased)
            // Behind it other bytes, which must not count.
            let around = Array("<<".utf8) + name + (random.next() % 2 == 0 ? [] : Array("AAAAAAAAAA".utf8))
            let id = ByteSpan.of(around) { table.id($0, 2..<(2 + name.count)) }
            if let number = known[small] {
                #expect(id == number)
            } else if id != NameTable.other {
                #expect(!known.values.contains(id))
                #expect(Array(table.name(id)) == small)
                known[small] = id
            }
        }
        #expect(known.count == NameTable.maxNames)
    }

    @Test("the names of months in English mean what the table of all languages says")
    func months() {
        for (number, names) in [
            ["january", "jan"], ["february", "feb"], ["march", "mar"], ["april", "apr"], ["may"], ["june", "jun"],
            ["july", "jul"], ["august", "aug"], ["september", "sep", "sept"], ["october", "oct"], ["november", "nov"],
            ["december", "dec"],
        ].enumerated() {
            for name in names { #expect(MonthNames.month(name) == number + 1) }
        }
        #expect(MonthNames.month("janvi") == 1 && MonthNames.month("foo") == nil)
    }
}
