import ByteCoding
package import News

/// Where a page of answers ended: an opaque string for the caller.
///
/// Bytes: version u8 = 1, sort u8, generation u64, first 8 bytes of the query's hash, score i64, order time u64, key 16,
/// CRC-32C; written in hexadecimal.
package struct SearchCursor: Equatable {
    private static let version: UInt8 = 1

    var sort: SearchRequest.Sort
    /// The snapshot the page was made of; the next must be of the same.
    package let generation: Generation
    var queryHash: UInt64
    var score: Int64
    var place: OrderKey

    /// The hash of what must not change between pages.
    static func hash(of query: QueryNode) -> UInt64 { SHA256.hash(of: Array(query.description.utf8)).limbs.0 }

    var text: String {
        var out = ByteWriter()
        out.fixed(Self.version)
        out.fixed(sort.rawValue)
        out.fixed(generation.number)
        out.fixed(queryHash)
        out.fixed(score)
        out.fixed(Timestamp.sortable(place.time))
        out.raw(place.key.bytes)
        out.checksum()
        return Hex.string(out.bytes)
    }

    init(sort: SearchRequest.Sort, generation: Generation, queryHash: UInt64, score: Int64, place: OrderKey) {
        self.sort = sort
        self.generation = generation
        self.queryHash = queryHash
        self.score = score
        self.place = place
    }

    /// - Throws: `QueryError` with code `.cursor` if the text is no cursor.
    package init(_ text: String) throws(QueryError) {
        let damaged = QueryError(.cursor, "the cursor is damaged", expected: "the one that came with a page of answers")
        guard text.utf8.count == 108, let bytes = Hex.bytes(text) else { throw damaged }
        do throws(CodingError) {
            var reader = ByteReader(try ByteReader.checked(bytes, what: "cursor"))
            let version: UInt8 = try reader.fixed()
            guard version == Self.version, let sort = SearchRequest.Sort(rawValue: try reader.fixed()) else {
                throw .badValue(what: "cursor", offset: 0)
            }
            self.sort = sort
            generation = Generation(try reader.fixed())
            queryHash = try reader.fixed()
            score = try reader.fixed()
            let time: UInt64 = try reader.fixed()
            guard let key = ArticleKey(bytes: try reader.raw(ArticleKey.byteCount)) else {
                throw .badValue(what: "key", offset: reader.offset)
            }
            place = OrderKey(time: Timestamp(sortable: time), key: key)
            try reader.requireEnd()
        } catch {
            throw damaged
        }
    }

    /// - Throws: `QueryError` with code `.cursor` if the cursor belongs to another question.
    func require(sort: SearchRequest.Sort, generation: Generation, queryHash: UInt64) throws(QueryError) {
        guard self.generation == generation else {
            throw QueryError(
                .cursor, "the cursor is of generation \(self.generation.number), this is \(generation.number)",
                expected: "the same generation on each page")
        }
        guard self.sort == sort, self.queryHash == queryHash else {
            throw QueryError(
                .cursor, "the cursor is of another query or order", expected: "the same question on each page")
        }
    }
}
