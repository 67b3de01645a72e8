// What the tokenizer knows of each Unicode character: whether it belongs to a word, and what it folds to.
//
// A two-level table over all code points, unpacked once from `data` (scripts/make-character-table), then immutable; it
// lives as long as the process. The data is committed instead of asked from the standard library, so that another
// toolchain with another Unicode version gives the same terms.

/// One code point's class and folding.
struct CharacterEntry {
    enum Kind: UInt32 {
        /// Ends a word and is no part of one.
        case separator = 0
        /// Part of a word; `value` is the one scalar it folds to.
        case word = 1
        /// Part of a word; `value` is the place of its folded scalars in the table's expansions.
        case expansion = 2
        /// Belongs to a word it stands in and leaves no trace: accents, vowel points, soft hyphens.
        case ignored = 3
        /// Of scripts without blanks between words: words are pairs of neighbours in runs of these; `value` as for `word`.
        case paired = 4
        /// Joins letters at both its sides.
        case apostrophe = 5
        /// Part of a word that may change the letter before it; `value` as for `word`.
        case joining = 6
        /// Stays with the paired character before it; `value` as for `word`.
        case pairedMark = 7
    }

    let bits: UInt32

    var kind: Kind { Kind(rawValue: bits & 7) ?? .separator }
    @inline(__always) var value: UInt32 { bits >> 3 }
    /// Whether it is part of a word and folds to one scalar.
    @inline(__always) var isSimple: Bool { bits & 7 == 1 }
    @inline(__always) var isWord: Bool { (bits & 7) == 1 || (bits & 7) == 2 || (bits & 7) == 6 }
    var isPaired: Bool { (bits & 7) == 4 || (bits & 7) == 7 }
    var isDigit: Bool { bits & 7 == 1 && value &- 0x30 < 10 }
}

/// Safe to share: everything is written by `init`, before the one global instance can be seen.
@safe
final class CharacterTable: @unchecked Sendable {
    static let shared = CharacterTable()

    private static let pageCount = 0x1100

    /// Number of the page of 256 entries for each high part of a code point; page 0 is all separators.
    private let pageIndex: UnsafeMutablePointer<UInt16>
    private let entries: UnsafeMutablePointer<UInt32>
    /// Folded scalars of `.expansion` entries, each list preceded by its count.
    let expansions: [UInt32]

    private init() {
        // A first pass counts pages, the second fills them.
        var pages = [UInt16](repeating: 0, count: Self.pageCount)
        var used = 1
        var expansions: [UInt32] = []
        var filled = [UInt32](repeating: 0, count: 256)
        func set(_ code: Int, _ bits: UInt32) {
            let page = code >> 8
            if pages[page] == 0 {
                pages[page] = UInt16(used)
                used += 1
                filled.append(contentsOf: repeatElement(0, count: 256))
            }
            filled[Int(pages[page]) << 8 | code & 255] = bits
        }
        var numbers = PackedNumbers(Self.data)
        var code = 0
        while let gap = numbers.next(), let kind = numbers.next(), let third = numbers.next() {
            code += gap
            if kind == Int(CharacterEntry.Kind.expansion.rawValue) {
                set(code, UInt32(kind) | UInt32(expansions.count) << 3)
                expansions.append(UInt32(third))
                for _ in 0..<third { expansions.append(UInt32(numbers.next() ?? 0)) }
                code += 1
            } else {
                let zigzag = numbers.next() ?? 0
                let delta = zigzag & 1 == 0 ? zigzag >> 1 : -((zigzag + 1) >> 1)
                for _ in 0...third {
                    set(code, UInt32(kind) | UInt32(code + delta) << 3)
                    code += 1
                }
            }
        }
        unsafe pageIndex = .allocate(capacity: pages.count)
        unsafe pageIndex.initialize(from: pages, count: pages.count)
        unsafe entries = .allocate(capacity: filled.count)
        unsafe entries.initialize(from: filled, count: filled.count)
        self.expansions = expansions
    }

    /// - Parameter scalar: at most 0x10FFFF.
    @inline(__always)
    func entry(_ scalar: UInt32) -> CharacterEntry {
        // In bounds: the index has a page for every scalar up to 0x10FFFF, and only numbers of pages that exist.
        let page = unsafe UInt32(pageIndex[Int(scalar >> 8)])
        return unsafe CharacterEntry(bits: entries[Int(page << 8 | scalar & 255)])
    }
}

/// Numbers coded five bits a character from "0" on, low bits first, with 32 added to all but the last.
private struct PackedNumbers {
    private let text: StaticString
    private var offset = 0

    init(_ text: StaticString) { self.text = text }

    mutating func next() -> Int? {
        var value = 0
        var shift = 0
        while offset < text.utf8CodeUnitCount {
            // In bounds by the condition above; a static string lives forever.
            let byte = unsafe Int(text.utf8Start[offset])
            offset += 1
            guard byte >= 48 else { continue }  // line ends
            value |= ((byte - 48) & 31) << shift
            if byte - 48 < 32 { return value }
            shift += 5
        }
        return nil
    }
}
