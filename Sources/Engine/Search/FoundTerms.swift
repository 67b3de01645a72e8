/// What one segment's dictionary says of a plan's terms: of those it has. Most segments have few of the words of a long query.
struct FoundTerms {
    /// What the plan has for each term: one language more than there are stems.
    private let languageCount: Int
    /// Term and language of each entry as one number, ascending.
    private var places: [UInt32] = []
    private(set) var entries: [TermEntry] = []

    init(languageCount: Int) { self.languageCount = languageCount }

    var count: Int { entries.count }
    var isEmpty: Bool { entries.isEmpty }

    /// - Precondition: behind those that were added, by term and then by language. A query has fewer words than 2^17 and there are
    ///   fewer than 2^8 languages.
    mutating func add(_ term: Int, _ language: Int, _ entry: TermEntry) {
        let place = UInt32(term * languageCount + language)
        precondition(places.last.map { $0 < place } ?? true, "terms are added in their order")
        places.append(place)
        entries.append(entry)
    }

    /// - Returns: its index among the entries; nil if the segment has not the term in articles of the language.
    func index(of term: Int, _ language: Int) -> Int? {
        let place = UInt32(term * languageCount + language)
        var low = 0
        var high = places.count
        while low < high {
            let middle = (low + high) / 2
            if places[middle] < place { low = middle + 1 } else { high = middle }
        }
        return low < places.count && places[low] == place ? low : nil
    }

    subscript(_ term: Int, _ language: Int) -> TermEntry? { index(of: term, language).map { entries[$0] } }

    /// The term of an entry.
    func term(_ index: Int) -> Int { Int(places[index]) / languageCount }

    /// Whether there is what a shape must have, in any language.
    func canMatch(_ shape: RankedShape) -> Bool {
        (0..<languageCount).contains { language in shape.canMatch { index(of: $0, language) != nil } }
    }
}
