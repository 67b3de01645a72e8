import ByteCoding
import News
import Storage

/// Which articles a snapshot makes live, by plain counting: a document that no kill names. Goes from one snapshot to the next
/// by what was named and what no longer is.
struct LiveSet {
    private var named: Set<String> = []
    private var contents: [String: SegmentContents] = [:]
    private var documentCounts: [Int] = []
    private var killCounts: [Int] = []
    private(set) var live: [ArticleKey: Version] = [:]

    /// - Throws: `Violation` if a kill has not exactly one loser, or a key is live twice.
    mutating func move(
        to parts: [(SegmentReference, SegmentContents)], of manifest: Manifest, _ numbers: DocumentNumbers
    ) throws(Violation) {
        let more = numbers.documents.count - documentCounts.count
        documentCounts += Array(repeating: 0, count: more)
        killCounts += Array(repeating: 0, count: more)
        var touched: [Int] = []
        var next: Set<String> = []
        for (reference, segment) in parts {
            let name = reference.objectName
            // Named twice counts twice.
            if next.insert(name).inserted, named.remove(name) != nil { continue }
            contents[name] = segment
            add(segment, 1, &touched)
        }
        for name in named { add(contents.removeValue(forKey: name)!, -1, &touched) }
        named = next
        // First what is no longer live, so that the same key may be live anew.
        let isLive = touched.map { documentCounts[$0] > 0 && killCounts[$0] == 0 }
        for (number, isLive) in zip(touched, isLive) where !isLive {
            let id = numbers.documents[number]
            if live[id.key] == id.version { live[id.key] = nil }
        }
        for (number, isLive) in zip(touched, isLive) {
            let id = numbers.documents[number]
            let (documents, kills) = (documentCounts[number], killCounts[number])
            guard kills == 0 || (kills == 1 && documents == 1) else {
                throw violation("a kill has exactly one loser", manifest, id, "\(kills) kills, \(documents) losers")
            }
            guard isLive else { continue }
            guard documents == 1, live[id.key] == nil || live[id.key] == id.version else {
                throw violation("no key is live twice", manifest, id, "\(documents) copies")
            }
            live[id.key] = id.version
        }
    }

    private mutating func add(_ segment: SegmentContents, _ sign: Int, _ touched: inout [Int]) {
        for number in segment.documents { documentCounts[number] += sign }
        for number in segment.kills { killCounts[number] += sign }
        touched += segment.documents + segment.kills
    }

    private func violation(_ property: String, _ manifest: Manifest, _ id: DocumentID, _ what: String) -> Violation {
        Violation(property: property, detail: "generation \(manifest.generation.number), key \(id.key.hex): \(what)")
    }
}
