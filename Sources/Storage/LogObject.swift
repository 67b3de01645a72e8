package import ByteCoding
package import News

/// One immutable object of the log: the batches of one group commit (docs/log-format.md).
package struct LogObject: Equatable, Sendable {
    static let magic = Array("CRNTLOG0".utf8)

    /// Where the log of an earlier term ends: `log/<term>/<objectCount>` and all later are void.
    package struct TermEnd: Equatable, Sendable {
        package var term: Term
        package var objectCount: UInt64

        package init(term: Term, objectCount: UInt64) {
            self.term = term
            self.objectCount = objectCount
        }
    }

    package struct Batch: Equatable, Sendable {
        package var client: String
        package var number: UInt64
        /// SHA-256 of the payload as it was sent.
        package var digest: Digest256
        package var lane: Lane
        package var entries: [LogEntry]

        package init(client: String, number: UInt64, digest: Digest256, lane: Lane, entries: [LogEntry]) {
            self.client = client
            self.number = number
            self.digest = digest
            self.lane = lane
            self.entries = entries
        }
    }

    package var term: Term
    package var number: UInt64
    package var instance: Instance
    /// The coordinator's wall clock at acceptance. Never reaches a segment.
    package var acceptedAt: Timestamp
    /// Only in number 0: the ends of all earlier terms.
    package var ends: [TermEnd]
    package var batches: [Batch]

    package init(
        term: Term, number: UInt64, instance: Instance, acceptedAt: Timestamp, ends: [TermEnd] = [],
        batches: [Batch] = []
    ) {
        self.term = term
        self.number = number
        self.instance = instance
        self.acceptedAt = acceptedAt
        self.ends = ends
        self.batches = batches
    }

    package var name: String { ObjectName.log(term, number) }

    /// Hour of arrival of its entries, hours since 1970.
    package var hour: UInt32 { UInt32(clamping: acceptedAt.milliseconds / 3_600_000) }

    /// Position that covers all of it.
    package var endPosition: Position { Position(term: term, number: number, index: UInt32.max) }

    package var encoded: [UInt8] {
        var out = ByteWriter(reservingBytes: 4096)
        out.raw(Self.magic)
        out.fixed(term.number)
        out.fixed(number)
        out.fixed(instance.number)
        out.fixed(acceptedAt.milliseconds)
        out.varint(ends.count)
        for end in ends {
            out.fixed(end.term.number)
            out.fixed(end.objectCount)
        }
        out.varint(batches.count)
        for batch in batches {
            out.string(batch.client)
            out.fixed(batch.number)
            out.raw(batch.digest.bytes)
            out.fixed(batch.lane.rawValue)
            out.varint(batch.entries.count)
            for entry in batch.entries { entry.encode(to: &out) }
        }
        out.checksum()
        return out.bytes
    }

    /// - Throws: if any byte is not as it was written.
    package init(decoding bytes: [UInt8]) throws(CodingError) {
        var reader = try ByteReader(bytes, magic: Self.magic, what: "log object")
        term = Term(try reader.fixed())
        number = try reader.fixed()
        instance = Instance(try reader.fixed())
        acceptedAt = Timestamp(milliseconds: try reader.fixed())
        ends = []
        for _ in 0..<(try reader.count("ends", atMost: reader.remaining)) {
            ends.append(TermEnd(term: Term(try reader.fixed()), objectCount: try reader.fixed()))
        }
        batches = []
        for _ in 0..<(try reader.count("batches", atMost: reader.remaining)) {
            let client = try reader.string(atMost: 64)
            let number: UInt64 = try reader.fixed()
            let digest = try reader.digest()
            let start = reader.offset
            let rawLane: UInt8 = try reader.fixed()
            #if PLANTED_FUZZ_LOG
                let lane = Lane(rawValue: rawLane)!
            #else
                guard let lane = Lane(rawValue: rawLane) else { throw .badValue(what: "lane", offset: start) }
            #endif
            var entries: [LogEntry] = []
            for _ in 0..<(try reader.count("entries", atMost: Limits.batchEntries)) {
                entries.append(try LogEntry(decoding: &reader))
            }
            batches.append(Batch(client: client, number: number, digest: digest, lane: lane, entries: entries))
        }
        try reader.requireEnd()
    }

    /// What stands in its place once one text in it is to be erased: the same without any text. All it held is published and
    /// counted. That all texts go makes it the same whichever was meant, so that a late write brings none back.
    package var erased: LogObject {
        var stub = self
        for batch in stub.batches.indices {
            stub.batches[batch].entries = stub.batches[batch].entries.map(\.withoutText)
        }
        return stub
    }

    /// Whether texts were taken out.
    package var isErased: Bool {
        batches.contains { $0.entries.contains { $0.loggedArticle.map { !$0.isTextThere } ?? false } }
    }

    /// - Parameter isMeant: whether a version of a key is.
    package func holdsText(of isMeant: (ArticleKey, Version) -> Bool) -> Bool {
        batches.contains { $0.entries.contains { $0.articleOfText.map { isMeant($0.key, $0.version) } ?? false } }
    }

    /// Whether a text of a version that is meant stands in it, or was taken out.
    package func namesText(of isMeant: (ArticleKey, Version) -> Bool) -> Bool {
        batches.contains { $0.entries.contains { $0.loggedArticle.map { isMeant($0.key, $0.version) } ?? false } }
    }

    /// Every entry with its position and lane, in log order.
    package func forEachEntry(_ body: (Position, Lane, LogEntry) -> Void) {
        var index: UInt32 = 0
        for batch in batches {
            for entry in batch.entries {
                body(Position(term: term, number: number, index: index), batch.lane, entry)
                index += 1
            }
        }
    }
}
