import ByteCoding
import Cluster
import News
import Storage
import Testing
import Wire

/// A coordinator over a store in memory, whose operations wait until they are done.
private final class Desk {
    var objects: [String: [UInt8]] = [:]
    var machine = Coordinator(Coordinator.Configuration(instance: Instance(1), address: "h:1", empty: emptyManifest()))
    var waiting: [TaggedOperation] = []
    var told: [String] = []
    var isFull = false
    var isDrained = false
    private var now: Int64 = 0

    init() {
        handle(.start)
        while !machine.isReigning { work() }
        work()
        told = []
    }

    func handle(_ event: Coordinator.Event) {
        for action in machine.handle(event, now: moment(now)) {
            switch action {
            case .operation(let operation): waiting.append(operation)
            case .send(let peer, let message): told.append("\(peer.number) \(message.commandName)")
            case .close(let peer): told.append("\(peer.number) closed")
            case .drained: isDrained = true
            default: break
            }
        }
    }

    /// Does what the store was asked, and what follows.
    func work() {
        while !waiting.isEmpty {
            let tagged = waiting.removeFirst()
            handle(.completed(tagged.tag, perform(tagged.operation)))
        }
        now += 20
        handle(.tick)
    }

    private func perform(_ operation: BucketOperation) -> BucketResult {
        switch operation {
        case .put(let name, _) where isFull, .create(let name, _) where isFull:
            return .failed(BucketFailure(.full, name: name, message: "No space left on device"))
        case .put(let name, let bytes), .create(let name, let bytes):
            objects[name] = bytes
            return .done
        case .get(let name, _): return objects[name].map { .bytes($0) } ?? .missing
        case .size(let name): return objects[name].map { .size(UInt64($0.count)) } ?? .missing
        case .list(let prefix, _, let limit):
            return .names(Array(objects.keys.filter { $0.hasPrefix(prefix) }.sorted().prefix(limit)))
        case .delete(let name):
            objects[name] = nil
            return .done
        }
    }

    func put(_ number: UInt64, from peer: PeerID, ack: AckLevel = .durable) {
        handle(
            .put(
                peer,
                Coordinator.Put(
                    id: BatchID(client: "c", number: number), digest: .zero, lane: .live, ack: ack,
                    entries: [article(Int(number))])))
    }
}

@Suite struct CoordinatorTests {
    let peer = PeerID(1)

    @Test("QUIT right behind a PUT: the answer comes first, then the end")
    func quit() {
        let desk = Desk()
        desk.handle(.connected(peer, .client))
        desk.put(1, from: peer)
        desk.handle(.message(peer, .touch))
        desk.handle(.message(peer, .quit))
        #expect(desk.told == ["1 TOUCHED"])
        desk.work()
        #expect(desk.told == ["1 TOUCHED", "1 ACCEPTED", "1 closed"])
    }

    @Test("a coordinator that drains on a full store ends: what could not be published is in the log")
    func drainFull() {
        let desk = Desk()
        desk.handle(.connected(peer, .client))
        desk.put(1, from: peer)
        desk.work()
        #expect(desk.told == ["1 ACCEPTED"])
        desk.isFull = true
        // Long enough for a manifest with the counts, and a heartbeat.
        for _ in 0..<200 { desk.work() }
        desk.handle(.drain)
        for _ in 0..<500 where !desk.isDrained { desk.work() }
        #expect(desk.isDrained)
    }

    @Test("QUIT with nothing due closes at once, also at a standby")
    func quitAtOnce() {
        let desk = Desk()
        desk.handle(.connected(peer, .client))
        desk.handle(.message(peer, .quit))
        #expect(desk.told == ["1 closed"])
        var standby = Coordinator(
            Coordinator.Configuration(instance: Instance(2), address: "h:2", empty: emptyManifest()))
        _ = standby.handle(.start, now: moment(0))
        let actions = standby.handle(.message(peer, .quit), now: moment(0))
        #expect(actions == [.close(peer)])
    }

    @Test("a connection that is owed too many answers is told BUSY, and a batch that is in the log is never refused")
    func owed() {
        let desk = Desk()
        desk.handle(.connected(peer, .client))
        for number in UInt64(1)...UInt64(OwedAnswers.batchLimitCount) {
            desk.put(number, from: peer, ack: .visible)
            if number % 512 == 0 { desk.work() }
        }
        #expect(desk.told.isEmpty)
        desk.put(100_001, from: peer, ack: .visible)
        #expect(desk.told == ["1 REFUSED_BATCH"])
        // A refusal would say that it is not there.
        desk.put(1, from: peer, ack: .visible)
        #expect(desk.told == ["1 REFUSED_BATCH", "1 ERROR", "1 closed"])
    }

    @Test("who is owed much does not keep answers from who is owed little, and all together are bounded")
    func owedTogether() {
        var answers = OwedAnswers()
        func owed(_ number: UInt64, asks: Int) -> Int { (0..<asks).count { _ in answers.owe(PeerID(number)) } }
        let many = UInt64(OwedAnswers.totalLimitCount / OwedAnswers.batchLimitCount)
        for number in 1...many { #expect(owed(number, asks: 5000) == OwedAnswers.batchLimitCount) }
        #expect(owed(100, asks: 5000) == OwedAnswers.shareCount)
        answers.leave(PeerID(1))
        #expect(owed(100, asks: 5000) == OwedAnswers.batchLimitCount - OwedAnswers.shareCount)
    }
}
