import ByteCoding
import Cluster
import News
import Storage
import Wire

/// A client that has its articles from a seed, sends them in batches, and sends a batch again until it is answered. One that
/// was begun anew may have forgotten the number: then the same articles come under another.
struct SimulatedClient {
    struct Batch {
        var id: BatchID
        var ack: AckLevel
        var lane: Lane
        var entries: [LogEntry]
        var requests: [Coordinator.LetterRequest]
        var payload: [UInt8]
        var digest: Digest256

        init(
            _ id: BatchID, _ lane: Lane, _ ack: AckLevel, _ entries: [LogEntry],
            requests: [Coordinator.LetterRequest] = []
        ) {
            var out = ByteWriter()
            out.varint(requests.count)
            for request in requests {
                out.fixed(UInt8(request.kind == .retry ? 1 : 0))
                out.articleKey(request.key)
            }
            self.requests = requests
            for entry in entries { entry.encode(to: &out) }
            self.id = id
            self.ack = ack
            self.lane = lane
            self.entries = entries
            payload = out.bytes
            digest = SHA256.hash(of: payload)
        }

        var message: Message { .put(number: id.number, lane: lane, ack: ack, digest: digest, payload: payload) }
    }

    let name: String
    private var random: SeededRandom
    private let pool: ArticlePool
    /// Articles that end whoever indexes them.
    private let poison: [LoggedArticle]
    /// What somebody asks of dead letters by this client.
    private var requests: [Coordinator.LetterRequest] = []
    /// Rules of retention that somebody sets by this client.
    private var rules: [RetentionHorizon] = []
    private var articlesLeft: Int
    private var nextNumber: UInt64 = 1
    private var current: Batch?
    private var answers: [UInt64: BatchCounts] = [:]
    private(set) var acknowledged: [BatchID] = []
    /// Keys it ever asked to retract.
    private(set) var retracted: Set<ArticleKey> = []
    private(set) var renamedCount = 0

    init(name: String, seed: UInt64, articleCount: Int, pool: ArticlePool, poison: [LoggedArticle] = []) {
        self.poison = poison
        self.name = name
        random = SeededRandom(seed: seed)
        articlesLeft = articleCount
        self.pool = pool
    }

    var isDone: Bool { articlesLeft <= 0 && current == nil && requests.isEmpty && rules.isEmpty }
    var isIdle: Bool { current == nil }

    mutating func ask(_ request: Coordinator.LetterRequest) { requests.append(request) }

    mutating func ask(_ rule: RetentionHorizon) { rules.append(rule) }

    /// What is asked of a dead letter cannot be done: nobody asks again.
    mutating func giveUp(_ number: UInt64) {
        if let current, current.id.number == number, !current.requests.isEmpty { self.current = nil }
    }

    /// The batch in flight again, or a new one.
    mutating func next() -> Message? {
        if let current { return current.message }
        if !requests.isEmpty {
            current = Batch(
                BatchID(client: name, number: nextNumber), .live, .durable, [], requests: [requests.removeFirst()])
            nextNumber += 1
            return current!.message
        }
        if !rules.isEmpty {
            current = Batch(
                BatchID(client: name, number: nextNumber), .live, .durable, [.horizon(rules.removeFirst())])
            nextNumber += 1
            return current!.message
        }
        guard articlesLeft > 0 else { return nil }
        var entries: [LogEntry] = []
        for _ in 0..<random.int(1...20) { entries.append(makeEntry()) }
        let lane: Lane = random.chance(500) ? .live : .bulk
        let ack: AckLevel = random.pick([.durable, .durable, .durable, .indexed, .visible])
        current = Batch(BatchID(client: name, number: nextNumber), lane, ack, entries)
        nextNumber += 1
        return current!.message
    }

    /// It was begun anew: what was on its way may go again under a number of its own.
    mutating func restarted() {
        guard let batch = current, random.chance(600) else { return }
        current = Batch(
            BatchID(client: name, number: nextNumber), batch.lane, batch.ack, batch.entries, requests: batch.requests)
        nextNumber += 1
        renamedCount += 1
    }

    /// - Returns: the batch that is done with this answer, if it is one that was waited for.
    /// - Throws: `Violation` if the same batch was answered otherwise before.
    mutating func accepted(_ number: UInt64, _ counts: BatchCounts) throws(Violation) -> Batch? {
        if let known = answers[number], known != counts {
            throw Violation(property: "the same batch gets the same answer", detail: "\(name), batch \(number)")
        }
        answers[number] = counts
        guard let done = current, done.id.number == number else { return nil }
        acknowledged.append(done.id)
        current = nil
        return done
    }

    static func content(
        _ payload: [UInt8]
    ) throws(CodingError) -> (entries: [LogEntry], requests: [Coordinator.LetterRequest]) {
        var reader = ByteReader(payload)
        var requests: [Coordinator.LetterRequest] = []
        for _ in 0..<(try reader.count("requests", atMost: 100)) {
            let kind: UInt8 = try reader.fixed()
            requests.append(Coordinator.LetterRequest(kind: kind == 1 ? .retry : .drop, key: try reader.articleKey()))
        }
        var entries: [LogEntry] = []
        while !reader.isAtEnd { entries.append(try LogEntry(decoding: &reader)) }
        return (entries, requests)
    }

    private mutating func makeEntry() -> LogEntry {
        let number = random.int(0...(SimulatedArticle.keyCount - 1))
        if random.chance(15) {
            let key = SimulatedArticle.key(number)
            retracted.insert(key)
            return .retraction(Retraction(key: key, url: SimulatedArticle.url(number), reason: "seed"))
        }
        articlesLeft -= 1
        if random.chance(30) {
            return .rejection(Rejection(reason: .empty, source: "paper", place: "line 1", detail: ""))
        }
        if !poison.isEmpty, random.chance(25) { return .article(random.pick(poison)) }
        return .article(
            pool.article(
                number, sighting: random.int(0...(SimulatedArticle.sightingCount - 1)),
                text: random.int(0...(SimulatedArticle.textCount - 1))))
    }
}
