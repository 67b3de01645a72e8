// Text to terms (docs/query-language.md, "Words"). One of the hot files: pointers into the caller's text and into a
// term buffer on the stack, valid during one call of `scan`. Most words are short and of ASCII: they are found sixteen bytes
// at a time and without a branch that depends on their length.
//
// Invariants
// 1. Terms depend on the text alone: not on the place of its bytes, the machine or the toolchain.
// 2. Any bytes are taken: what is not UTF-8 separates words.
// 3. Positions of a text start at 0 and grow by one from term to term.

import CBits

/// Splits text into folded terms with positions.
package struct Tokenizer: Sendable {
    private let table: CharacterTable

    package init() { table = .shared }

    /// Calls `body` with each term of `utf8`, in order.
    ///
    /// - Parameter body: gets the term's folded bytes (1 to `Analysis.termBytes`, valid during the call only) and its
    ///   position.
    package mutating func tokenize(
        _ utf8: UnsafeBufferPointer<UInt8>, _ body: (_ term: UnsafeBufferPointer<UInt8>, _ position: Int) -> Void
    ) {
        unsafe scan(utf8) { term, position, _, _ in unsafe body(term, position) }
    }

    /// As `tokenize`, and where in `utf8` each term was found: `start..<end` are byte offsets of its source text. The
    /// ranges of two neighbouring bigrams share a character.
    package mutating func tokenizeWithOffsets(
        _ utf8: UnsafeBufferPointer<UInt8>,
        _ body: (_ term: UnsafeBufferPointer<UInt8>, _ position: Int, _ start: Int, _ end: Int) -> Void
    ) {
        unsafe scan(utf8, body)
    }

    /// Whether a term is one character of a script without blanks, with its marks: a run of one, for longer runs are pairs.
    static func isUnpaired(_ term: [UInt8]) -> Bool {
        let scalars = String(decoding: term, as: UTF8.self).unicodeScalars
        guard let first = scalars.first, CharacterTable.shared.entry(first.value).isPaired else { return false }
        return scalars.dropFirst().allSatisfy { CharacterTable.shared.entry($0.value).kind == .pairedMark }
    }

    /// First bytes of the terms that pairs and single characters of the same run as `term` give.
    ///
    /// - Parameter term: which is unpaired.
    static func pairLeads(_ term: [UInt8]) -> ClosedRange<UInt8> { term[0] < 0xE3 ? 0xE0...0xE1 : 0xE3...0xF0 }

    /// Whether a character leaves no trace of its own in a word.
    static func isIgnored(_ scalar: Unicode.Scalar) -> Bool {
        CharacterTable.shared.entry(scalar.value).kind == .ignored
    }

    /// The terms of a short text, for queries and tests.
    package mutating func terms(of text: String) -> [[UInt8]] {
        var found: [[UInt8]] = []
        var text = text
        text.withUTF8 { unsafe scan($0) { term, _, _, _ in unsafe found.append(Array(term)) } }
        return found
    }

    @inline(__always)
    private func scan(
        _ utf8: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>, Int, Int, Int) -> Void
    ) {
        guard let text = utf8.baseAddress else { return }
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Analysis.termBytes + 1) { buffer in
            // The buffer has room for the longest term; every append below checks against it.
            let out = buffer.baseAddress!
            unsafe withUnsafeBytes(of: ASCII.classes) { raw in
                let classes = unsafe raw.baseAddress!.assumingMemoryBound(to: UInt8.self)
                var word = unsafe WordScanner(text: text, count: utf8.count, term: out, table: table)
                var position = 0
                var at = 0
                let count = utf8.count
                while at < count {
                    let byte = unsafe text[at]
                    let folded = unsafe classes[Int(byte)]
                    if folded < ASCII.nonASCII {
                        if folded == 0 {
                            at &+= 1
                            continue
                        }
                        if at &+ 16 <= count {
                            // In bounds by the condition; the term's buffer is wider.
                            let length = unsafe Int(cbits_word16(text + at, out))
                            let end = at &+ length
                            if length < 16,
                                unsafe classes[Int(text[end])] == 0
                                    && ASCII.endsWord(text[end], after: out[length &- 1], length)
                            {
                                unsafe body(UnsafeBufferPointer(start: out, count: length), position, at, end)
                                position &+= 1
                                at = end &+ 1
                                continue
                            }
                        }
                        // A longer one, or one near the end of the text.
                        let stop = min(count, at &+ Analysis.termBytes)
                        var length = 0
                        var next = folded
                        repeat {
                            unsafe out[length] = next
                            length &+= 1
                            next = unsafe at &+ length < stop ? classes[Int(text[at &+ length])] : 0
                        } while next &- 1 < ASCII.nonASCII - 1
                        let end = at &+ length
                        // Its end, or that of the text.
                        if unsafe next == 0
                            && (end == count
                                || end < stop && ASCII.endsWord(text[end], after: out[length &- 1], length))
                        {
                            unsafe body(UnsafeBufferPointer(start: out, count: length), position, at, end)
                            position &+= 1
                            at = end
                            continue
                        }
                    } else {
                        let (scalar, size) = word.decode(at)
                        switch table.entry(scalar).kind {
                        case .separator, .ignored, .apostrophe:
                            at &+= size
                            continue
                        case .paired, .pairedMark:
                            at = unsafe word.scanPairs(from: at) { term, start, end in
                                unsafe body(term, position, start, end)
                                position &+= 1
                            }
                            continue
                        case .word, .expansion, .joining: break
                        }
                    }
                    let end = word.scanWord(from: at)
                    if word.length > 0 {
                        unsafe body(UnsafeBufferPointer(start: out, count: word.length), position, at, end)
                        position &+= 1
                    }
                    at = end
                }
            }
        }
    }
}

/// What the first byte of a character says.
enum ASCII {
    /// Class of a byte that starts no ASCII character.
    static let nonASCII: UInt8 = 0xFF

    /// For each byte: the folded letter or digit, 0 for what separates, `nonASCII`.
    static let classes: InlineArray<256, UInt8> = {
        var classes = InlineArray<256, UInt8>(repeating: 0)
        for byte in 0..<256 {
            switch UInt8(byte) {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"):
                classes[byte] = UInt8(byte)
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): classes[byte] = UInt8(byte) | 0x20
            case 0x80...: classes[byte] = nonASCII
            default: break
            }
        }
        return classes
    }()

    /// Whether an ASCII separator behind a run of letters and digits ends the word, whatever follows.
    ///
    /// - Parameter last: the run's last byte, folded.
    @inline(__always)
    static func endsWord(_ separator: UInt8, after last: UInt8, _ length: Int) -> Bool {
        switch separator {
        case UInt8(ascii: "'"), UInt8(ascii: "`"): false
        // Numbers go on behind them, and so do single letters with dots between.
        case UInt8(ascii: "."), UInt8(ascii: ","): length > 1 && last >= UInt8(ascii: "a")
        default: true
        }
    }
}
