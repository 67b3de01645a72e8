import ByteCoding
import News
import Storage
import Wire

/// A client that has its articles from a seed, sends them in batches, and sends a batch again until it is answered.
struct SimulatedClient {
    let name: String
    private var random: SeededRandom
    private var articlesLeft: Int
    private var nextNumber: UInt64 = 1
    private var current: (message: Message, entries: [LogEntry])?
    private var answers: [UInt64: BatchCounts] = [:]
    private(set) var acknowledged: [LogEntry] = []

    init(name: String, seed: UInt64, articleCount: Int) {
        self.name = name
        random = SeededRandom(seed: seed)
        articlesLeft = articleCount
    }

    var isDone: Bool { articlesLeft <= 0 && current == nil }

    mutating func connected() {}

    /// The batch in flight again, or a new one.
    mutating func next() -> Message? {
        if let current { return current.message }
        guard articlesLeft > 0 else { return nil }
        var entries: [LogEntry] = []
        for _ in 0..<random.int(1...12) { entries.append(makeEntry()) }
        var out = ByteWriter()
        for entry in entries { entry.encode(to: &out) }
        let lane: Lane = random.chance(500) ? .live : .bulk
        let acks: [AckLevel] = [.durable, .durable, .durable, .indexed, .visible]
        let message = Message.put(
            number: nextNumber, lane: lane, ack: random.pick(acks), digest: SHA256.hash(of: out.bytes),
            payload: out.bytes)
        nextNumber += 1
        current = (message, entries)
        return message
    }

    /// - Returns: what is wrong with the answer, if anything.
    mutating func accepted(_ number: UInt64, _ counts: BatchCounts) -> String? {
        if let known = answers[number], known != counts { return "\(name): batch \(number) answered differently" }
        answers[number] = counts
        guard let sent = current, case .put(number, _, _, _, _) = sent.message else { return nil }
        acknowledged += sent.entries
        current = nil
        return nil
    }

    mutating func refused(_ number: UInt64) {}

    static func entries(_ payload: [UInt8]) throws(CodingError) -> [LogEntry] {
        var reader = ByteReader(payload)
        var entries: [LogEntry] = []
        while !reader.isAtEnd { entries.append(try LogEntry(decoding: &reader)) }
        return entries
    }

    private mutating func makeEntry() -> LogEntry {
        let key = ArticleKey(source: "pool", guid: "\(random.int(0...79))")
        if random.chance(15) { return .retraction(Retraction(key: key, url: "", reason: "seed")) }
        articlesLeft -= 1
        if random.chance(30) {
            return .rejection(Rejection(reason: .empty, source: "paper", place: "line 1", detail: ""))
        }
        let seen = random.int(0...40)
        let content = SHA256.hash(of: [UInt8(random.int(0...3))])
        let version = Version(
            firstSeen: seen == 0 ? nil : Timestamp(seconds: Int64(seen)), extractorVersion: 0, contentHash: content,
            recordHash: content)
        let order = random.chance(200) ? nil : Timestamp(seconds: Int64(random.int(0...1000)) * 1000)
        return .article(
            LoggedArticle(
                key: key, version: version, orderTime: order, source: random.pick(["paper", "agency", ""]),
                recordBytes: UInt32(random.int(50...400)), frame: [UInt8](repeating: 1, count: random.int(20...200))))
    }
}
