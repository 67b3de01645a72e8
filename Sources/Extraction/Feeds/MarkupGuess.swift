import News

/// Whether a text that is nominally plain is markup all the same, as RSS leaves open.
enum MarkupGuess {
    /// A closing tag or a reference must be there, and every tag and reference must be one of HTML: a wrong guess would lose
    /// text, so it errs on the side of plain.
    static func isMarkup(_ text: [UInt8]) -> Bool { ByteSpan.of(text) { isMarkup($0) } }

    private static func isMarkup(_ text: ByteSpan) -> Bool {
        var hasSign = false
        var place = 0
        while true {
            place = ByteSearch.first(UInt8(ascii: "<"), or: UInt8(ascii: "&"), in: text, from: place)
            guard place < text.count else { return hasSign }
            let isTag = text[place] == UInt8(ascii: "<")
            place += 1
            if isTag {
                guard let isEnd = tag(text, &place) else { return false }
                hasSign = hasSign || isEnd
            } else {
                guard let isReference = reference(text, &place) else { return false }
                hasSign = hasSign || isReference
            }
        }
    }

    /// - Returns: whether a tag is an end tag; nil if it is none of HTML. "<" that begins no tag is false.
    private static func tag(_ text: ByteSpan, _ place: inout Int) -> Bool? {
        let isEnd = place < text.count && text[place] == UInt8(ascii: "/")
        if isEnd { place += 1 }
        let name = text[place...].prefix(64).prefix { ASCII.isAlphanumeric($0) || $0 == 0x5F }
        guard !name.isEmpty else { return false }
        place = name.endIndex
        guard HTMLVocabulary.word(name)?.flags.contains(.element) ?? false else {
            return nil
        }
        return isEnd && place < text.count && text[place] == UInt8(ascii: ">")
    }

    /// - Returns: nil if it is a name that HTML lacks.
    private static func reference(_ text: ByteSpan, _ place: inout Int) -> Bool? {
        let isNumber = place < text.count && text[place] == UInt8(ascii: "#")
        if isNumber { place += 1 }
        let name = text[place...].prefix(64).prefix { ASCII.isAlphanumeric($0) || $0 == 0x5F }
        place = name.endIndex
        guard !name.isEmpty, place < text.count, text[place] == UInt8(ascii: ";") else { return false }
        return isNumber || Entities.isName(name) ? true : nil
    }
}
