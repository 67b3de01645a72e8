/// Marks that make another letter instead of accenting one: a character and its decomposed form give one term.
enum Composition {
    static func of(_ base: UInt32, _ mark: UInt32) -> UInt32? {
        switch mark {
        case 0x306: return base == 0x438 ? 0x439 : nil  // и to й
        case 0x94D: return base == 0x928 ? 0x902 : nil  // na without its vowel: anusvara
        case 0x102E: return base == 0x1025 ? 0x1026 : nil  // Burmese u to uu
        case 0x1161...0x1175:  // a vowel of Hangul behind a consonant
            return (0x1100...0x1112).contains(base) ? 0xAC00 + ((base - 0x1100) * 21 + mark - 0x1161) * 28 : nil
        case 0x11A8...0x11C2:  // a final consonant behind a syllable that has none
            return (0xAC00...0xD7A3).contains(base) && (base - 0xAC00) % 28 == 0 ? base + mark - 0x11A7 : nil
        case 0x3099:  // voiced sound mark: the voiced kana follows the plain one
            let kana = base >= 0x30A1 ? base - 0x60 : base
            if kana == 0x3046 { return base + 0x4E }  // u to vu
            let isPlain =
                (0x304B...0x3061).contains(kana) && kana & 1 == 1 || [0x3064, 0x3066, 0x3068].contains(kana)
                || (0x306F...0x307B).contains(kana) && kana % 3 == 0
            return isPlain ? base + 1 : nil
        case 0x309A:  // semi-voiced sound mark
            let kana = base >= 0x30A1 ? base - 0x60 : base
            return (0x306F...0x307B).contains(kana) && kana % 3 == 0 ? base + 2 : nil
        default: return nil
        }
    }

    /// A consonant of Hangul that makes no syllable as it is typed alone; all else as it is.
    static func alone(_ scalar: UInt32) -> UInt32 {
        guard (0x1100...0x1112).contains(scalar) else { return scalar }
        return 0x3130 + UInt32(consonants[Int(scalar) - 0x1100])
    }

    private static let consonants: InlineArray<19, UInt8> = [
        0x01, 0x02, 0x04, 0x07, 0x08, 0x09, 0x11, 0x12, 0x13, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x1B, 0x1C, 0x1D,
        0x1E,
    ]
}
