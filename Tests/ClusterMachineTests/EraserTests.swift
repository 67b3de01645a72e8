import ByteCoding
import Cluster
import News
import Storage
import Testing
import Wire

/// A cluster of one worker and one merger, both of paper: the merger finds what is said to be dirty, and its purges leave
/// nothing of it.
private final class House {
    let driver: CoordinatorDriver
    let client = PeerID(1)
    let worker = PeerID(2)
    var merger = PeerID(3)
    /// Objects with something of the retracted key.
    var dirty: Set<String> = []
    var purges: [MergeJob] = []
    var searchedNames: [String] = []
    var isMergerSilent = false
    private var heard = 0
    private var reports: UInt64 = 0
    private var sealed = 0

    init() {
        driver = CoordinatorDriver { configuration in
            configuration.publishIntervalMilliseconds = 0
            configuration.eraseIntervalMilliseconds = 1000
            configuration.leaseMilliseconds = 1_000_000
            configuration.mergePolicy = MergePolicy(fanIn: 100)
        }
        driver.start()
        driver.connect(client, .client)
        driver.join(worker)
        driver.step(.message(worker, .credit(lane: .bulk, bytes: 1 << 20)))
        driver.step(.message(worker, .credit(lane: .live, bytes: 1 << 20)))
        driver.join(merger, .merger)
    }

    var head: Manifest { driver.coordinator.head! }
    var notes: [String] {
        driver.events.compactMap { if case .note(let text) = $0 { text } else { nil } }
    }
    var isErased: Bool { notes.contains { $0.hasPrefix("erased") } }

    /// The worker reports what it was sent since.
    func seal(_ segment: SegmentReference?, published: Int64, retracted: Int64 = 0) {
        let slices = driver.slices(to: worker)[sealed...]
        sealed += slices.count
        reports += 1
        var segment = segment
        for sent in driver.sent where sent.peer == worker {
            if case .joined(_, let attempt, _, _) = sent.message { segment?.attempt = attempt }
        }
        if let segment { driver.objects[segment.objectName] = [1] }
        let counts = [
            OutcomeCount(source: "paper", hour: 1, outcome: .published, delta: published),
            OutcomeCount(source: "paper", hour: 1, outcome: .retracted, delta: retracted),
        ].filter { $0.delta != 0 }
        driver.step(
            .message(
                worker,
                .sealed(
                    SealedReport(
                        number: reports,
                        entries: slices.map {
                            SealedReport.Entry(shardLane: $0.shardLane, epoch: $0.epoch, from: $0.from, to: $0.to)
                        }, segment: segment, counts: counts))))
    }

    /// Article 1 and article 2, then a retraction of 1, all published.
    func retract() {
        driver.put(1, [article(1)], from: client)
        driver.pass(200)
        seal(segment(1), published: 1)
        driver.pass(200)
        driver.put(2, [article(2)], from: client)
        driver.pass(200)
        seal(segment(2), published: 1)
        driver.pass(200)
        dirty = Set(head.overlays.prefix(1).map(\.objectName))
        driver.put(3, [retraction(1)], from: client, lane: .live)
        driver.pass(200)
        seal(segment(3, documents: 0, kills: 1), published: -1, retracted: 1)
        dirty.insert(segmentName(3))
        dirty.insert(ObjectName.log(Term(1), 1))
    }

    func segmentName(_ seed: UInt8) -> String {
        head.overlays.first { $0.identity == segment(seed).identity }!.objectName
    }

    /// Time passes, and the merger does what it is asked.
    func pass(_ milliseconds: Int64) {
        for _ in 0..<(milliseconds / 100) {
            driver.pass(100)
            while !isMergerSilent, heard < driver.sent.count {
                let (peer, message) = driver.sent[heard]
                heard += 1
                guard peer == merger else { continue }
                switch message {
                case .find(let job):
                    searchedNames += job.names
                    let names = job.names.filter { dirty.contains($0) && driver.objects[$0] != nil }
                    driver.step(.message(merger, .found(FoundReport(job: job.number, names: names))))
                case .merge(let job):
                    purges.append(job)
                    driver.step(.message(merger, .merged(MergedReport(job: job.number, outputs: []))))
                default: break
                }
            }
        }
    }

    func logObject(_ number: UInt64) throws -> LogObject {
        try LogObject(decoding: driver.objects[ObjectName.log(Term(1), number)]!)
    }
}

@Suite struct EraserTests {
    @Test(
        "a retracted text leaves the head by a purge, then the kept generations, then the log; then it is told erased")
    func erasure() throws {
        let house = House()
        house.retract()
        let before = house.head.generation
        #expect(house.head.overlays.count == 3)
        house.pass(3000)
        #expect(house.isErased, "\(house.notes)")
        // Loser and kill met; the other article was not touched.
        #expect(house.purges.map { $0.inputs.map(\.identity) } == [[segment(1).identity, segment(3).identity]])
        #expect(house.purges.map(\.output) == [.purged])
        #expect(house.head.overlays.map(\.identity) == [segment(2).identity])
        #expect(house.head.sums[.published] == 1 && house.head.sums[.retracted] == 1)
        #expect(!house.head.kept.hasAny(from: Generation(1), through: before))
        // The object with the text is emptied, those of others stay.
        #expect(try house.logObject(1).isErased)
        #expect(try !house.logObject(2).isErased && !house.logObject(3).isErased)
        var state = ClusterState()
        for named in house.head.state.values { try state.add(decoding: house.driver.objects[named.name(in: "state")]!) }
        #expect(state.erasures.isEmpty && state.retractions.count == 1)
    }

    @Test("nothing is erased while an article that came before is pending")
    func pending() {
        let house = House()
        house.driver.put(1, [article(1)], from: house.client)
        house.driver.put(2, [retraction(1)], from: house.client, lane: .live)
        house.pass(5000)
        #expect(house.searchedNames.isEmpty && !house.isErased)
    }

    @Test("an article that was accepted while its retraction was being written is waited for, and emptied too")
    func acceptedMeanwhile() throws {
        let house = House()
        house.driver.put(1, [article(1)], from: house.client)
        house.pass(200)
        house.seal(segment(1), published: 1)
        house.pass(200)
        house.driver.holds = { if case .create(let name, _) = $0 { name.hasPrefix("log/") } else { false } }
        house.driver.put(2, [retraction(1)], from: house.client, lane: .live)
        house.driver.put(3, [article(1)], from: house.client)
        // The retraction is in the log, the article behind it not yet.
        let written = house.driver.held.removeFirst()
        house.driver.step(.completed(written.tag, house.driver.perform(written.operation)))
        house.pass(200)
        house.seal(segment(2, documents: 0, kills: 1), published: -1, retracted: 1)
        house.pass(3000)
        #expect(house.head.coveredTo > Position(term: Term(1), number: 2, index: 0))
        #expect(house.searchedNames.isEmpty && !house.isErased)
        house.driver.release()
        house.pass(200)
        #expect(try house.logObject(3).holdsText { found, _ in found == key(1) })
        house.dirty = Set([1, 3].map { ObjectName.log(Term(1), $0) })
        house.pass(3000)
        #expect(house.searchedNames.isEmpty && !house.isErased)
        house.seal(nil, published: 0, retracted: 1)
        house.pass(3000)
        #expect(house.isErased, "\(house.notes)")
        #expect(try house.logObject(1).isErased && house.logObject(3).isErased)
    }

    @Test("a merger that leaves in the midst of it costs time, nothing else")
    func mergerLeaves() {
        let house = House()
        house.retract()
        house.isMergerSilent = true
        house.pass(2000)
        house.driver.step(.disconnected(house.merger))
        house.merger = PeerID(4)
        house.driver.join(house.merger, .merger)
        house.isMergerSilent = false
        house.pass(3000)
        #expect(house.isErased)
    }

    @Test("a new coordinator begins anew")
    func takeOver() throws {
        let house = House()
        house.retract()
        house.isMergerSilent = true
        house.pass(2000)
        house.driver.become(Instance(2))
        house.driver.pass(20_000)
        #expect(house.head.term == Term(2))
        house.driver.join(PeerID(5), .worker)
        house.merger = PeerID(6)
        house.driver.join(house.merger, .merger)
        house.isMergerSilent = false
        house.pass(3000)
        #expect(house.isErased)
        #expect(try house.logObject(1).isErased)
    }

    @Test("nothing is waited for that no manifest will ever tell: a term that wrote nothing but its beginning")
    func emptyTerm() {
        let house = House()
        house.retract()
        house.isMergerSilent = true
        house.pass(2000)
        for number in UInt64(2)...3 {
            house.driver.become(Instance(number))
            house.driver.pass(20_000)
        }
        #expect(house.head.term == Term(3) && house.head.foldedTo.term == Term(1))
        house.driver.join(PeerID(5), .worker)
        house.merger = PeerID(6)
        house.driver.join(house.merger, .merger)
        house.isMergerSilent = false
        house.pass(3000)
        #expect(house.isErased)
    }

    @Test("a text that only kept generations hold goes with them, and nothing is written again for it")
    func keptOnly() throws {
        let house = House()
        house.retract()
        // The purge is published, and then its coordinator ends.
        house.driver.holds = { [unowned house] operation in
            guard case .create(let name, _) = operation else { return false }
            return name.hasPrefix("manifests/") && house.head.overlays.count == 1
        }
        house.pass(3000)
        house.driver.holds = { _ in false }
        let purged = house.head.generation
        #expect(!house.isErased && house.purges.count == 1)
        #expect(house.head.overlays.map(\.identity) == [segment(2).identity] && house.head.kept.count > 1)
        house.driver.become(Instance(2))
        house.driver.pass(20_000)
        #expect(!house.isErased && house.head.kept.contains(Generation(purged.number - 1)))
        house.driver.join(PeerID(5), .worker)
        house.merger = PeerID(6)
        house.driver.join(house.merger, .merger)
        house.pass(3000)
        #expect(house.isErased && house.purges.count == 1)
        #expect(!house.head.kept.hasAny(from: Generation(1), through: Generation(purged.number - 1)))
        #expect(try house.logObject(1).isErased)
    }

    @Test(
        "a kept manifest that is damaged or gone does not hold an erasure up: it is kept no longer, and told",
        arguments: [[1, 2], nil])
    func damagedGeneration(_ damage: [UInt8]?) throws {
        let house = House()
        house.retract()
        let older = Generation(house.head.generation.number - 1)
        #expect(house.head.kept.contains(older))
        // Another coordinator, which has to read what is kept.
        house.driver.become(Instance(2))
        house.driver.objects[ObjectName.manifest(older)] = damage
        house.driver.pass(20_000)
        house.driver.join(PeerID(5), .worker)
        house.merger = PeerID(6)
        house.driver.join(house.merger, .merger)
        house.pass(4000)
        #expect(!house.head.kept.contains(older))
        #expect(house.isErased)
        #expect(house.driver.coordinator.status.unreadable.last.map(\.generation) == [older])
        #expect(house.notes.contains { $0.contains("cannot be read and is kept no longer") })
    }

    @Test("a search that fails is tried again after a rest")
    func failure() {
        let house = House()
        house.retract()
        house.isMergerSilent = true
        house.pass(500)
        let jobs = house.driver.sent.compactMap { sent -> UInt64? in
            if case .find(let job) = sent.message { job.number } else { nil }
        }
        for job in jobs { house.driver.step(.message(house.merger, .mergeFailed(job: job, message: "corrupt"))) }
        #expect(house.notes.contains { $0.contains("an erasure begins anew") && $0.contains("corrupt") })
        house.isMergerSilent = false
        house.pass(Eraser.restMilliseconds + 5000)
        #expect(house.isErased)
    }

    @Test("a list of the log that lags hides no text, whether it lacks the newest objects or names none at all")
    func laggingList() throws {
        let partial = House()
        partial.retract()
        partial.driver.hides = { $0.hasPrefix("log/") && $0 > ObjectName.log(Term(1), 0) }
        partial.pass(3000)
        #expect(partial.isErased)
        #expect(try partial.logObject(1).isErased)

        let empty = House()
        empty.retract()
        empty.driver.hides = { $0.hasPrefix("log/") }
        empty.pass(3000)
        #expect(!empty.isErased)
        #expect(empty.notes.contains { $0.contains("a list of the log names nothing") })
        empty.driver.hides = { _ in false }
        empty.pass(Eraser.restMilliseconds + 5000)
        #expect(empty.isErased)
        // Emptied, if it was not collected meanwhile.
        let text = empty.driver.objects[ObjectName.log(Term(1), 1)]
        #expect(try text.map { try LogObject(decoding: $0).isErased } ?? true)
    }

    @Test("of a log that was collected nothing is left to empty")
    func collectedLog() {
        let house = House()
        house.retract()
        for name in house.driver.objects.keys.sorted() where name.hasPrefix("log/") { house.driver.objects[name] = nil }
        house.pass(3000)
        #expect(house.isErased, "\(house.notes)")
    }

    @Test("what one before emptied and was not yet sure of is made sure of before it is told erased")
    func emptiedByOneBefore() throws {
        let house = House()
        house.retract()
        // Overwritten by a coordinator that ended then: after a loss of power the text may be there again.
        let name = ObjectName.log(Term(1), 1)
        house.driver.objects[name] = try house.logObject(1).erased.encoded
        var isOverwritten = false
        house.driver.holds = { operation in
            if case .put(name, _) = operation { isOverwritten = true }
            return if case .create(name, _) = operation { true } else { false }
        }
        house.pass(3000)
        #expect(!house.driver.held.isEmpty && !house.isErased && !isOverwritten)
        house.driver.release()
        house.pass(3000)
        #expect(house.isErased)
    }

    @Test("nothing in the log is emptied once a later term exists")
    func fenced() throws {
        let house = House()
        house.retract()
        house.driver.holds = { if case .put(let name, _) = $0 { name.hasPrefix("log/") } else { false } }
        house.driver.objects[ObjectName.term(Term(2))] = [1]
        house.pass(3000)
        #expect(house.driver.held.isEmpty)
        #expect(try !house.logObject(1).isErased)
    }
}
