/// Tells which words a pattern stands for. Fastest on words in order.
struct TermMatcher {
    private let pattern: TermPattern
    private var distance: EditDistance?

    init(_ pattern: TermPattern) {
        self.pattern = pattern
        if case .fuzzy(let bytes, let limit) = pattern { distance = EditDistance(to: bytes, limit: limit) }
    }

    mutating func matches(_ term: some BidirectionalCollection<UInt8>) -> Bool {
        switch pattern {
        case .term(let bytes): return term.elementsEqual(bytes)
        case .prefix(let bytes): return term.starts(with: bytes)
        case .fuzzy: return distance!.matches(term)
        case .wildcard(let parts):
            guard let first = parts.first, let last = parts.last, parts.count > 1 else { return false }
            let bytes = Array(term)
            guard bytes.count >= first.count + last.count, bytes.starts(with: first),
                bytes[(bytes.count - last.count)...].elementsEqual(last)
            else { return false }
            // Each middle part at its first place behind the one before.
            var at = first.count
            let end = bytes.count - last.count
            for part in parts.dropFirst().dropLast() {
                while true {
                    guard at + part.count <= end else { return false }
                    if bytes[at..<(at + part.count)].elementsEqual(part) { break }
                    at += 1
                }
                at += part.count
            }
            return true
        }
    }
}
