/// Letters and the marks behind them as one character where there is one (Unicode NFC), for hosts.
///
/// The standard library compares and hashes strings by canonical equivalence, so a table of composed letters finds what
/// decomposed ones make. It covers the scripts in which both forms are typed: Latin, Greek, Cyrillic, Arabic, kana and, by
/// arithmetic, Hangul. Elsewhere text stays as it is.
enum CanonicalComposition {
    static func composed(_ text: String) -> String {
        var out = String.UnicodeScalarView()
        for character in text {
            let scalars = Array(character.unicodeScalars)
            if scalars.count == 1, scalars[0].isASCII {
                out.append(scalars[0])
            } else {
                append(scalars, to: &out)
            }
        }
        return String(out)
    }

    private static func append(_ scalars: [Unicode.Scalar], to out: inout String.UnicodeScalarView) {
        var base = table[String(scalars[0])] ?? scalars[0]
        // Marks that do not join their base stay behind it.
        var marks: [Unicode.Scalar] = []
        for mark in scalars.dropFirst() {
            if let joined = hangul(base, mark) ?? pair(base, mark) { base = joined } else { marks.append(mark) }
        }
        out.append(base)
        out.append(contentsOf: marks)
    }

    private static func pair(_ base: Unicode.Scalar, _ mark: Unicode.Scalar) -> Unicode.Scalar? {
        var text = String.UnicodeScalarView()
        text.append(base)
        text.append(mark)
        return table[String(text)]
    }

    /// The Unicode standard, 3.12: a syllable's number follows from those of its parts.
    private static func hangul(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> Unicode.Scalar? {
        if (0x1100...0x1112).contains(first.value), (0x1161...0x1175).contains(second.value) {
            return Unicode.Scalar(0xAC00 + ((first.value - 0x1100) * 21 + second.value - 0x1161) * 28)
        }
        guard (0xAC00...0xD7A3).contains(first.value), (first.value - 0xAC00) % 28 == 0,
            (0x11A8...0x11C2).contains(second.value)
        else { return nil }
        return Unicode.Scalar(first.value + second.value - 0x11A7)
    }

    private static let table: [String: Unicode.Scalar] = {
        var found: [String: Unicode.Scalar] = [:]
        // Of letters with the same meaning the first keeps its place: it is the one that NFC prefers.
        for range in [0xC0...0x24F, 0x370...0x52F, 0x620...0x6D3, 0x1E00...0x1FFF, 0x3041...0x30FF]
            as [ClosedRange<UInt32>]
        {
            for value in range {
                guard let scalar = Unicode.Scalar(value), scalar.properties.isAlphabetic else { continue }
                let text = String(scalar)
                if found[text] == nil { found[text] = scalar }
            }
        }
        return found
    }()
}
