/// A language whose words are reduced to stems, by Snowball's algorithm for it (libstemmer). Raw values stand in segments.
package enum StemLanguage: UInt8, Sendable, CaseIterable {
    case arabic = 1
    case armenian
    case basque
    case catalan
    case danish
    case dutch
    case english
    case finnish
    case french
    case german
    case greek
    case hindi
    case hungarian
    case indonesian
    case irish
    case italian
    case lithuanian
    case nepali
    case norwegian
    case portuguese
    case romanian
    case russian
    case serbian
    case spanish
    case swedish
    case tamil
    case turkish
    case yiddish

    /// Codes of ISO 639-1, and others in use for the same.
    private static let codes: [String: StemLanguage] = [
        "ar": .arabic, "hy": .armenian, "eu": .basque, "ca": .catalan, "da": .danish, "nl": .dutch, "en": .english,
        "fi": .finnish, "fr": .french, "de": .german, "el": .greek, "hi": .hindi, "hu": .hungarian, "id": .indonesian,
        "in": .indonesian, "ga": .irish, "it": .italian, "lt": .lithuanian, "ne": .nepali, "no": .norwegian,
        "nb": .norwegian, "nn": .norwegian, "pt": .portuguese, "ro": .romanian, "ru": .russian, "sr": .serbian,
        "es": .spanish, "sv": .swedish, "ta": .tamil, "tr": .turkish, "yi": .yiddish,
    ]

    /// By the code of the language it is best known by.
    package var code: String { Self.codes.filter { $0.value == self }.keys.sorted { $0 < $1 }.first { $0 != "in" }! }

    /// Of a language tag such as "pt-BR"; nil if its words are not reduced.
    package init?(tag: some Collection<UInt8>) {
        let code = tag.prefix { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "_") }
        guard code.count == 2 else { return nil }
        let lower = String(decoding: code.map { $0 | 0x20 }, as: UTF8.self)
        guard let found = Self.codes[lower] else { return nil }
        self = found
    }
}

/// Some stem languages.
package struct StemLanguages: Equatable, Sendable {
    package private(set) var bits: UInt32 = 0

    package init() {}

    /// - Returns: nil if a bit says nothing.
    package init?(bits: UInt32) {
        let known = StemLanguage.allCases.reduce(UInt32(0)) { $0 | 1 << UInt32($1.rawValue) }
        guard bits & ~known == 0 else { return nil }
        self.bits = bits
    }

    package func contains(_ language: StemLanguage) -> Bool { bits >> UInt32(language.rawValue) & 1 == 1 }

    package mutating func insert(_ language: StemLanguage) { bits |= 1 << UInt32(language.rawValue) }

    package mutating func formUnion(_ other: StemLanguages) { bits |= other.bits }

    /// By raw value.
    package var all: [StemLanguage] { StemLanguage.allCases.filter(contains) }
}
