import ByteCoding
import Cluster
import News
import Storage
import Wire

/// A coordinator over a bucket in memory: operations are done at once, or held back until released.
final class CoordinatorDriver {
    private var configuration: Coordinator.Configuration
    var coordinator: Coordinator
    var objects: [String: [UInt8]] = [:]
    var milliseconds: Int64 = 0
    var sent: [(peer: PeerID, message: Message)] = []
    var closed: [PeerID] = []
    var events: [Coordinator.Action] = []
    var held: [TaggedOperation] = []
    var holds: (BucketOperation) -> Bool = { _ in false }

    init(shardCount: UInt16 = 1, configure: (inout Coordinator.Configuration) -> Void = { _ in }) {
        var configuration = Coordinator.Configuration(
            instance: Instance(1), address: "c:1", empty: emptyManifest(shardCount: shardCount))
        configure(&configuration)
        coordinator = Coordinator(configuration)
        self.configuration = configuration
    }

    /// Another machine takes the place of a fenced one.
    func become(_ instance: Instance) {
        configuration.instance = instance
        coordinator = Coordinator(configuration)
        start()
    }

    var now: Moment { moment(milliseconds) }

    func start() { step(.start) }

    func step(_ event: Coordinator.Event) {
        var pending = coordinator.handle(event, now: now)
        while !pending.isEmpty {
            let action = pending.removeFirst()
            switch action {
            case .operation(let tagged):
                if holds(tagged.operation) {
                    held.append(tagged)
                } else {
                    pending += coordinator.handle(.completed(tagged.tag, perform(tagged.operation)), now: now)
                }
            case .send(let peer, let message): sent.append((peer, message))
            case .close(let peer): closed.append(peer)
            default: events.append(action)
            }
        }
    }

    /// Lets time pass in ticks of 100 ms.
    func pass(_ length: Int64) {
        let end = milliseconds + length
        while milliseconds < end {
            milliseconds = min(end, milliseconds + 100)
            step(.tick)
        }
    }

    /// Does what was held back; nothing is held from now on.
    func release() {
        holds = { _ in false }
        let all = held
        held = []
        for tagged in all { step(.completed(tagged.tag, perform(tagged.operation))) }
    }

    /// What lists lack, as those of a store that lags.
    var hides: (String) -> Bool = { _ in false }

    func perform(_ operation: BucketOperation) -> BucketResult {
        switch operation {
        case .put(let name, let bytes):
            objects[name] = bytes
            return .done
        case .create(let name, let bytes):
            if objects[name] != nil { return .exists }
            objects[name] = bytes
            return .done
        case .get(let name, _): return objects[name].map { .bytes($0) } ?? .missing
        case .size(let name): return objects[name].map { .size(UInt64($0.count)) } ?? .missing
        case .list(let prefix, let after, let limit):
            let names = objects.keys.filter { $0.hasPrefix(prefix) && $0 > (after ?? "") && !hides($0) }.sorted()
            return .names(Array(names.prefix(limit)))
        case .delete(let name):
            objects[name] = nil
            return .done
        }
    }

    // MARK: Peers

    func connect(_ peer: PeerID, _ role: PeerRole) { step(.connected(peer, role)) }

    func join(_ peer: PeerID, _ role: PeerRole = .worker, instance: UInt64? = nil) {
        connect(peer, role)
        step(.message(peer, .join(instance: Instance(instance ?? peer.number))))
    }

    func put(
        _ number: UInt64, _ entries: [LogEntry], from peer: PeerID, lane: Lane = .bulk, ack: AckLevel = .durable
    ) {
        step(
            .put(
                peer,
                Coordinator.Put(
                    id: BatchID(client: "c", number: number), digest: SHA256.hash(of: "\(number)".utf8), lane: lane,
                    ack: ack, entries: entries)))
    }

    /// Numbers of the batches this peer was told ACCEPTED.
    func accepted(by peer: PeerID) -> [UInt64] {
        sent.compactMap {
            if $0.peer == peer, case .accepted(let number, _) = $0.message { number } else { nil }
        }
    }

    func slices(to peer: PeerID) -> [ArticlesBatch.Slice] {
        sent.flatMap { sent -> [ArticlesBatch.Slice] in
            if sent.peer == peer, case .articles(let batch) = sent.message { batch.slices } else { [] }
        }
    }

    func leases(of peer: PeerID) -> [Shard: ShardEpoch] {
        var all: [Shard: ShardEpoch] = [:]
        for sent in sent where sent.peer == peer {
            switch sent.message {
            case .lease(let shard, let epoch, _, _): all[shard] = epoch
            case .revoke(let shard, _): all[shard] = nil
            default: break
            }
        }
        return all
    }

    /// A report over what the slices carried, each stream from its first slice to its last. The segment becomes one of the
    /// worker's attempt; what is not in it counts as duplicates.
    func seal(
        _ number: UInt64, _ slices: [ArticlesBatch.Slice], by peer: PeerID, _ segment: SegmentReference? = nil,
        source: String = "paper"
    ) {
        var entries: [SealedReport.Entry] = []
        for slice in slices {
            if let index = entries.firstIndex(where: { $0.shardLane == slice.shardLane }) {
                entries[index].to = slice.to
            } else {
                entries.append(
                    SealedReport.Entry(
                        shardLane: slice.shardLane, epoch: slice.epoch, from: slice.from, to: slice.to))
            }
        }
        let count = Int64(slices.reduce(0) { $0 + $1.entries.count })
        var segment = segment
        for sent in sent where sent.peer == peer {
            if case .joined(_, let attempt, _, _) = sent.message { segment?.attempt = attempt }
        }
        let published = segment?.liveChange ?? 0
        let counts = [
            OutcomeCount(source: source, hour: 1, outcome: .published, delta: published),
            OutcomeCount(source: source, hour: 1, outcome: .duplicate, delta: count - published),
        ].filter { $0.delta != 0 }
        step(
            .message(
                peer,
                .sealed(
                    SealedReport(
                        number: number, entries: entries, segment: segment, counts: counts))))
    }
}
