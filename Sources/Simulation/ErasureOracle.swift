import ByteCoding
import News
import Storage

/// Nothing may be left of a retracted key once the log says that it is erased, nor of an expired version at the moment when it
/// says so: no record, no words and no place in the order in what the newest or a kept manifest names, no text in the log.
/// Counted from the objects, not by what the product's search finds.
struct ErasureOracle {
    /// Retracted keys that a valid entry of the log says are erased: for good.
    private(set) var erased: Set<ArticleKey> = []
    /// Objects that have nothing of these.
    private var clean: Set<String> = []

    /// The log says so.
    mutating func erase(_ keys: Set<ArticleKey>) {
        guard !keys.isSubset(of: erased) else { return }
        erased.formUnion(keys)
        clean = []
    }

    /// Power took entries of the log away that nobody had been told of.
    mutating func begin(anew keys: Set<ArticleKey>) {
        erased = keys
        clean = []
    }

    /// Checks what a new manifest names, of retracted keys.
    ///
    /// - Throws: `Violation` if an object has something of an erased key, or cannot be read.
    mutating func checkNamed(
        _ names: Set<String>, store: SimulatedStore, numbers: DocumentNumbers, segment: (String) -> SegmentContents?
    ) throws {
        guard !erased.isEmpty else { return }
        let new = names.subtracting(clean)
        try Self.check(new, store: store, numbers: numbers, segment: segment) { id in erased.contains(id.key) }
        clean.formUnion(new)
    }

    /// Checks objects that are named, at the moment when the log says that nothing of some is left.
    static func check(
        _ names: Set<String>, store: SimulatedStore, numbers: DocumentNumbers,
        segment: (String) -> SegmentContents?, isErased: (DocumentID) -> Bool
    ) throws {
        for name in names.sorted() {
            if name.hasPrefix("segments/") {
                guard let contents = segment(name) else {
                    throw Violation(property: "what a kept manifest names is there", detail: name)
                }
                // A kill brings its loser's words and place.
                let all = contents.documents + contents.kills
                if let number = all.first(where: { isErased(numbers.documents[$0]) }) {
                    throw violation(numbers.documents[number].key, name)
                }
            } else if name.hasPrefix("state/") {
                guard let bytes = store.objects[name] else {
                    throw Violation(property: "what a kept manifest names is there", detail: name)
                }
                var state = ClusterState()
                try state.add(decoding: bytes)
                for (id, letter) in state.deadLetters where !letter.article.frame.isEmpty {
                    guard isErased(DocumentID(key: id.key, version: id.version)) else { continue }
                    throw violation(id.key, name)
                }
            }
        }
    }

    /// The same of the log. What is void, and what was collected and came back, is for the collector, and gone at rest: a
    /// create that was given up and asked again may act long after its object went, and power may bring back what was deleted.
    static func checkLog(_ store: SimulatedStore, isErased: (DocumentID) -> Bool) throws {
        let log = ValidLog(store.everLog)
        let collected = store.collectedLogNames
        for (name, texts) in store.logTexts.sorted(by: { $0.key < $1.key })
        where !log.isVoid(texts.id) && !collected.contains(name) {
            if let id = texts.articles.first(where: isErased) { throw violation(id.key, name) }
        }
    }

    /// A log object with the text of an erased key, whatever it is.
    func textLeft(in store: SimulatedStore) -> (name: String, key: ArticleKey)? {
        guard !erased.isEmpty else { return nil }
        for (name, texts) in store.logTexts.sorted(by: { $0.key < $1.key }) {
            if let id = texts.articles.first(where: { erased.contains($0.key) }) { return (name, id.key) }
        }
        return nil
    }

    private static func violation(_ key: ArticleKey, _ place: String) -> Violation {
        Violation(property: "what is erased is nowhere", detail: "key \(key.hex): \(place)")
    }
}

extension LogObject {
    struct ID: Hashable {
        var term: Term
        var number: UInt64
    }

    var id: ID { ID(term: term, number: number) }

    /// Articles whose text stands in it.
    var articlesOfTexts: [DocumentID] {
        batches.flatMap(\.entries).compactMap { entry in
            switch entry {
            case .article(let article), .retried(let article):
                article.frame.isEmpty ? nil : DocumentID(key: article.key, version: article.version)
            case .deadLetter(let letter) where !letter.article.frame.isEmpty:
                DocumentID(key: letter.article.key, version: letter.article.version)
            default: nil
            }
        }
    }

    /// What it says of which nothing is left: all versions of the key up to this one.
    var erasedBounds: [ArticleKey: Version] {
        Dictionary(
            batches.flatMap(\.entries).compactMap { entry in
                if case .erased(let bound) = entry { (bound.key, bound.through) } else { nil }
            }, uniquingKeysWith: max)
    }

    var erasedForGood: [ArticleKey] { erasedBounds.filter { $0.value == .largest }.keys.sorted() }
}
