/// Positions of all the words that a word with stars stands for, in documents that may match.
final class PlacedList {
    /// Ascending.
    let documents: [UInt32]
    private let ends: [Int]
    private let places: [UInt32]

    /// - Parameters:
    ///   - documents: in which positions are wanted, ascending.
    ///   - cursors: asked for, one after the other, and used up.
    ///   - stop: by which the search can be ended.
    /// - Throws: `QueryError` if there are more places than may be held.
    init(_ documents: [UInt32], _ cursors: [() throws -> TermCursor], stop: SearchStop?) throws {
        // A document's index and a position each, as they are read: what bytes say of their number is not trusted.
        var pairs: [UInt64] = []
        let positions = PlaceBuffer()
        for make in cursors {
            try stop?.check()
            guard pairs.count <= Self.placeCount else {
                throw QueryError(
                    .limit,
                    "a word with stars stands at more than \(Self.placeCount) places of a segment where its phrase may be",
                    expected: "more letters before or after the star, or rarer words beside it")
            }
            var cursor = try make()
            var index = 0
            while index < documents.count {
                let found = try cursor.advance(to: documents[index])
                index = Self.index(of: found, in: documents, from: index)
                guard index < documents.count, documents[index] == found else { continue }
                try cursor.positions(into: positions)
                for place in 0..<positions.count {
                    unsafe pairs.append(UInt64(index) << 32 | UInt64(positions.base[place]))
                }
                index += 1
            }
        }
        pairs.sort()
        var ends = [Int](repeating: 0, count: documents.count)
        for pair in pairs { ends[Int(pair >> 32)] += 1 }
        var sum = 0
        for index in ends.indices {
            sum += ends[index]
            ends[index] = sum
        }
        self.documents = documents
        self.ends = ends
        places = pairs.map { UInt32(truncatingIfNeeded: $0) }
    }

    /// Places of one word with stars in one segment; they are held, and sorted.
    private static let placeCount = 32 << 20

    /// Documents alone: there are no positions to ask for.
    init(_ documents: [UInt32]) {
        self.documents = documents
        ends = [Int](repeating: 0, count: documents.count)
        places = []
    }

    /// The first index from `start` on whose document is not before `document`.
    func index(of document: UInt32, from start: Int) -> Int { Self.index(of: document, in: documents, from: start) }

    /// By growing steps, then by halves.
    private static func index(of document: UInt32, in documents: [UInt32], from start: Int) -> Int {
        var low = start
        var step = 1
        while low + step < documents.count, documents[low + step] < document {
            low += step
            step *= 2
        }
        var high = min(low + step, documents.count)
        while low < high {
            let middle = (low + high) / 2
            if documents[middle] < document { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Of a document by its index, ascending.
    func positions(at index: Int) -> ArraySlice<UInt32> { places[(index == 0 ? 0 : ends[index - 1])..<ends[index]] }
}
