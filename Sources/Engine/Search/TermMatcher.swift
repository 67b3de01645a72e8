/// Tells which words a pattern stands for. Fastest on words in order. A hot file: every word of a dictionary may be asked about.
struct TermMatcher {
    private let pattern: TermPattern
    private var distance: EditDistance?

    init(_ pattern: TermPattern) {
        self.pattern = pattern
        if case .fuzzy(let bytes, let limit) = pattern { distance = EditDistance(to: bytes, limit: limit) }
    }

    /// Of the term asked about last, which did not match: so many bytes that no term that begins with them does; nil if that is not known.
    var deadCount: Int? { distance?.deadCount }

    mutating func matches(_ term: UnsafeBufferPointer<UInt8>) -> Bool {
        switch pattern {
        case .term(let bytes): unsafe term.elementsEqual(bytes)
        case .prefix(let bytes): unsafe Self.stands(bytes, at: 0, of: term)
        case .fuzzy: unsafe distance!.matches(term)
        case .wildcard(let parts): unsafe Self.matches(parts, term)
        }
    }

    private static func matches(_ parts: [[UInt8]], _ term: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let first = parts.first, let last = parts.last, parts.count > 1,
            unsafe term.count >= first.count + last.count && stands(first, at: 0, of: term)
                && stands(last, at: term.count - last.count, of: term)
        else { return false }
        // Each middle part at its first place behind the one before.
        var at = first.count
        let end = term.count - last.count
        for part in parts.dropFirst().dropLast() {
            while true {
                guard at + part.count <= end else { return false }
                if unsafe stands(part, at: at, of: term) { break }
                at += 1
            }
            at += part.count
        }
        return true
    }

    @inline(__always)
    private static func stands(_ part: [UInt8], at start: Int, of term: UnsafeBufferPointer<UInt8>) -> Bool {
        guard start + part.count <= term.count else { return false }
        for index in 0..<part.count where unsafe part[index] != term[start + index] { return false }
        return true
    }
}
