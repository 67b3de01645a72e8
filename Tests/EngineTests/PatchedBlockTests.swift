import ByteCoding
import Engine
import News
import Testing

/// Blocks with exceptions, held against a second encoder that follows docs/segment-format.md, section 6, by the letter.
@Suite("blocks with exceptions")
struct PatchedBlockTests {
    /// A word and where it stands in the one article that has it: gaps are small but for some, in blocks of all sizes.
    private static let words: [(name: String, positions: [UInt32])] = {
        var generator = SplitMix64(seed: 11)
        return (0..<160).map { number in
            let count = number < 80 ? number + 2 : Int.random(in: 2...400, using: &generator)
            let usualBits = Int.random(in: 0...5, using: &generator)
            let wideShare = Double.random(in: 0...0.1, using: &generator)
            var position = UInt32.random(in: 0..<300, using: &generator)
            var positions = [position]
            while positions.count < count {
                let isWide = Double.random(in: 0..<1, using: &generator) < wideShare
                position += UInt32.random(in: 1...(isWide ? 600 : 1 << usualBits), using: &generator)
                positions.append(position)
            }
            return ("w\(number)", positions)
        }
    }()

    @Test("each block of positions is the one of fewest bytes, and is read as it was written")
    func positions() throws {
        var exceptionCounts = Set<UInt8>()
        for word in Self.words {
            var text = [String](repeating: "x", count: Int(word.positions.last!) + 1)
            for position in word.positions { text[Int(position)] = word.name }
            var article = Article()
            article.url = "https://news.example/\(word.name)"
            article.body = text.joined(separator: " ")
            let segment = try build([Sample(article, key: ArticleKey(canonicalURL: article.url!))])
            let reader = try open(segment)
            let entry = try #require(try reader.lookup([IndexField.text.key(Array(word.name.utf8))])[0])
            let start = Int(segment.footer.section(.positions).offset)
            let written = segment.bytes[
                (start + Int(entry.positions.lowerBound))..<(start + Int(entry.positions.upperBound))]

            let differences = zip(word.positions, [0] + word.positions).map { $0 - $1 }
            var expected: [UInt8] = []
            for chunk in stride(from: 0, to: differences.count, by: 128) {
                let block = Self.block(Array(differences[chunk..<min(chunk + 128, differences.count)]))
                exceptionCounts.insert(block[0] >> 5)
                expected += block
            }
            #expect(Array(written) == expected, "of \(word.name)")

            let list = try PostingList(reader, entry, needsPositions: true)
            #expect(try list.next() == 0)
            #expect(try list.positions() == word.positions)
        }
        #expect(exceptionCounts == Set(0...7))
    }

    private static func block(_ values: [UInt32]) -> [UInt8] {
        let widest = values.map { 32 - $0.leadingZeroBitCount }.max()!
        func wide(_ width: Int) -> [Int] { values.indices.filter { values[$0] >> UInt32(width) != 0 } }
        func byteCount(_ width: Int) -> Int { (values.count * width + 7) / 8 + 2 * wide(width).count }
        var width = widest
        for narrower in (max(0, widest - 8)..<widest).reversed()
        where wide(narrower).count <= 7 && byteCount(narrower) < byteCount(width) { width = narrower }

        var bytes = [UInt8(width | wide(width).count << 5)]
        if values.count == 128 {
            let lanes = (0..<4).map { lane in
                pack(stride(from: lane, to: 128, by: 4).map { values[$0] }, width, roundedTo: 32)
            }
            for word in 0..<width {
                for lane in lanes { bytes += lane[(4 * word)..<(4 * word + 4)] }
            }
        } else {
            bytes += pack(values, width, roundedTo: 8)
        }
        for index in wide(width) { bytes += [UInt8(index), UInt8(values[index] >> UInt32(width))] }
        return bytes
    }

    /// The low bits of each value, bit by bit.
    private static func pack(_ values: [UInt32], _ width: Int, roundedTo unit: Int) -> [UInt8] {
        let bits: [Bool] = values.flatMap { value -> [Bool] in (0..<width).map { value >> UInt32($0) & 1 == 1 } }
        var bytes = [UInt8](repeating: 0, count: (bits.count + unit - 1) / unit * unit / 8)
        for (index, isSet) in bits.enumerated() where isSet { bytes[index / 8] |= 1 << UInt8(index % 8) }
        return bytes
    }
}
