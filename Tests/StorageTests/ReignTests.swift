import ByteCoding
import News
import Storage
import Testing

@Suite struct ReignTests {
    /// A store whose first coordinator has reigned and ended in good order after one log object.
    func ended(in store: TestStore, logCount: UInt64 = 1) {
        let first = ReignDriver(store, instance: 1)
        first.start()
        for number in 1..<(1 + logCount) {
            let object = LogObject(
                term: Term(1), number: number, instance: Instance(1), acceptedAt: Timestamp(seconds: 1))
            store.objects[object.name] = object.encoded
        }
        beat(store, Term(1), counter: 1, hasEnded: true)
    }

    func beat(_ store: TestStore, _ term: Term, counter: UInt64, hasEnded: Bool = false) {
        store.objects[ObjectName.heartbeat(term)] =
            Heartbeat(counter: counter, address: "h:1", hasEnded: hasEnded).encoded
    }

    @Test("the first coordinator of an empty bucket reigns in term 1")
    func fresh() {
        let store = TestStore()
        let first = ReignDriver(store, instance: 1)
        first.start()
        #expect(first.hasWon)
        #expect(
            store.objects.keys.sorted() == [
                ObjectName.log(Term(1), 0), ObjectName.manifest(Generation(1)), ObjectName.term(Term(1)),
            ])
    }

    @Test("a coordinator that cannot work by the bucket's settings does not reign and writes nothing")
    func foreignSettings() throws {
        let store = TestStore()
        ended(in: store)
        let name = ObjectName.manifest(Generation(1))
        var manifest = try Manifest(decoding: try #require(store.objects[name]))
        manifest.settings.zstdVersion += 1
        store.objects[name] = manifest.encoded
        let before = Set(store.objects.keys)
        let second = ReignDriver(store, instance: 2)
        second.start()
        #expect(!second.hasWon && second.inherited == nil)
        #expect(second.failure?.contains("zstd version") == true)
        #expect(Set(store.objects.keys) == before)
    }

    @Test("a coordinator that meets a newer format says which it found and reads, and writes nothing")
    func newerFormat() throws {
        let store = TestStore()
        ended(in: store)
        let name = ObjectName.manifest(Generation(1))
        var out = ByteWriter()
        out.raw(Array("CRNTMAN1".utf8) + (try #require(store.objects[name])).dropFirst(8).dropLast(4))
        out.checksum()
        store.objects[name] = out.bytes
        let before = Set(store.objects.keys)
        let second = ReignDriver(store, instance: 2)
        second.start()
        #expect(!second.hasWon && Set(store.objects.keys) == before)
        #expect(
            second.failure
                == "\(name): format version 1 of manifest; this program reads version 0; use the version of coranto that writes here"
        )
    }

    @Test("a coordinator does not begin on a manifest under another's name, and does not read on for ever")
    func exchangedManifests() {
        let store = TestStore()
        ended(in: store)
        beat(store, Term(1), counter: 1, hasEnded: true)
        let second = ReignDriver(store, instance: 2)
        second.start()
        #expect(second.hasWon)
        beat(store, Term(2), counter: 1, hasEnded: true)
        let names = [ObjectName.manifest(Generation(1)), ObjectName.manifest(Generation(2))]
        let objects = names.map { store.objects[$0] }
        store.objects[names[0]] = objects[1]
        store.objects[names[1]] = objects[0]
        let third = ReignDriver(store, instance: 3)
        third.start()
        #expect(!third.hasWon && third.failure?.contains(names[1]) == true)
    }

    @Test("a standby waits while the heartbeat changes, and takes over when it stood still")
    func standby() {
        let store = TestStore()
        ReignDriver(store, instance: 1).start()
        beat(store, Term(1), counter: 1)
        let second = ReignDriver(store, instance: 2)
        second.start()
        for counter in UInt64(2)..<40 {
            beat(store, Term(1), counter: counter)
            second.tick(after: 500)
        }
        #expect(!second.hasWon)
        for _ in 0..<9 { second.tick(after: 500) }
        #expect(!second.hasWon)
        for _ in 0..<2 { second.tick(after: 500) }
        #expect(second.hasWon)
        #expect(second.inherited?.term == Term(2))
    }

    @Test("an answer that comes late is no sign that the heartbeat stood still")
    func lateAnswer() {
        let store = TestStore()
        ReignDriver(store, instance: 1).start()
        beat(store, Term(1), counter: 1)
        let second = ReignDriver(store, instance: 2)
        second.start()
        second.holds = { $0 == .get(name: ObjectName.heartbeat(Term(1)), range: nil) }
        second.tick(after: 500)
        second.tick(after: 9000)
        second.release()
        #expect(!second.hasWon)
        beat(store, Term(1), counter: 2)
        second.tick(after: 500)
        #expect(!second.hasWon)
    }

    @Test("a heartbeat that is missing or unreadable counts as standing still")
    func missing() {
        for bytes in [nil, [UInt8]("rubbish".utf8)] {
            let store = TestStore()
            ReignDriver(store, instance: 1).start()
            store.objects[ObjectName.heartbeat(Term(1))] = bytes
            let second = ReignDriver(store, instance: 2)
            second.start()
            #expect(!second.hasWon)
            for _ in 0..<11 { second.tick(after: 500) }
            #expect(second.hasWon)
        }
    }

    @Test("after an orderly end nobody waits")
    func orderlyEnd() {
        let store = TestStore()
        ended(in: store)
        let second = ReignDriver(store, instance: 2)
        second.start()
        #expect(second.hasWon)
        #expect(second.inherited?.ends == [LogObject.TermEnd(term: Term(1), objectCount: 2)])
        #expect(second.replayed == [ObjectName.log(Term(1), 0), ObjectName.log(Term(1), 1)])
    }

    @Test("the last object of the log that ended is made durable before its end is written", arguments: [0, 1, 3])
    func lastObjectSettled(logCount: UInt64) {
        let store = TestStore()
        ended(in: store, logCount: logCount)
        let before = store.settled.count
        let second = ReignDriver(store, instance: 2)
        second.start()
        #expect(second.hasWon)
        let logs = store.settled[before...].filter { $0.hasPrefix("log/") }
        // Object 0 was durable before the manifest of its term was committed.
        let last = logCount == 0 ? [] : [ObjectName.log(Term(1), logCount)]
        #expect(logs == last + [ObjectName.log(Term(2), 0)])
    }

    @Test("a log is read several objects ahead, and replayed in its order whatever comes first")
    func readAhead() {
        let store = TestStore()
        ended(in: store, logCount: 20)
        let names = (0...20).map { ObjectName.log(Term(1), $0) }
        let second = ReignDriver(store, instance: 2)
        second.holds = { if case .get(let name, _) = $0 { names.contains(name) && name != names[20] } else { false } }
        second.start()
        // Object 0 to learn the ends of that term, then the log.
        #expect(second.held.map(\.operation.name) == Array(names[..<Reign.aheadCount]))
        second.release(lastFirst: true)
        #expect(second.hasWon)
        #expect(second.replayed == names)
    }

    @Test("an object of the log that is missing amidst of what was read ahead is told, and nothing of the rest")
    func readAheadMissing() {
        let store = TestStore()
        ended(in: store, logCount: 20)
        let names = (0...20).map { ObjectName.log(Term(1), $0) }
        let second = ReignDriver(store, instance: 2)
        second.holds = { if case .get(let name, _) = $0 { names.contains(name) && name != names[20] } else { false } }
        second.start()
        second.release(lastFirst: true) { store.objects[names[3]] = nil }
        #expect(second.replayed == Array(names[..<3]))
        #expect(second.failure?.contains(names[3]) ?? false)
    }

    @Test("the 0 of a term that committed no manifest is made durable by the next")
    func zeroSettled() {
        let store = TestStore()
        ended(in: store)
        let second = ReignDriver(store, instance: 2)
        second.holds = { if case .create(let name, _) = $0 { name.hasPrefix("manifests/") } else { false } }
        second.start()
        #expect(!second.hasWon && !second.held.isEmpty)
        beat(store, Term(2), counter: 1, hasEnded: true)
        let before = store.settled.count
        let third = ReignDriver(store, instance: 3)
        third.start()
        #expect(third.hasWon)
        #expect(
            store.settled[before...].filter { $0.hasPrefix("log/") }
                == [ObjectName.log(Term(2), 0), ObjectName.log(Term(3), 0)])
    }

    @Test("what a zombie writes behind its recorded end is never read")
    func zombie() {
        let store = TestStore()
        ended(in: store)
        ReignDriver(store, instance: 2).start()
        let late = LogObject(term: Term(1), number: 2, instance: Instance(1), acceptedAt: Timestamp(seconds: 1))
        store.objects[late.name] = late.encoded
        beat(store, Term(2), counter: 1, hasEnded: true)
        let third = ReignDriver(store, instance: 3)
        third.start()
        #expect(third.hasWon)
        #expect(
            third.inherited?.ends == [
                LogObject.TermEnd(term: Term(1), objectCount: 2), LogObject.TermEnd(term: Term(2), objectCount: 1),
            ])
        #expect(!third.replayed.contains(late.name))
    }

    @Test("a term that wrote nothing ends at 0, and its late object is void")
    func silentTerm() {
        let store = TestStore()
        ended(in: store)
        store.objects[ObjectName.term(Term(2))] =
            TermObject(term: Term(2), instance: Instance(9), address: "").encoded
        beat(store, Term(2), counter: 1, hasEnded: true)
        let third = ReignDriver(store, instance: 3)
        third.start()
        #expect(
            third.inherited?.ends == [
                LogObject.TermEnd(term: Term(1), objectCount: 2), LogObject.TermEnd(term: Term(2), objectCount: 0),
            ])
    }

    @Test("a manifest that an earlier coordinator commits meanwhile becomes the parent")
    func takenNumber() throws {
        let store = TestStore()
        ended(in: store)
        let second = ReignDriver(store, instance: 2)
        second.holds = { if case .create(let name, _) = $0 { name.hasPrefix("manifests/") } else { false } }
        second.start()
        #expect(second.held.count == 1)
        let first = try #require(store.objects[ObjectName.manifest(Generation(1))])
        var late = try Manifest(decoding: first)
        late.generation = Generation(2)
        late.parent = Generation(1)
        late.setDigest = Sample.overlay.digest
        second.release { store.objects[late.name] = late.encoded }
        #expect(second.hasWon)
        #expect(second.inherited?.parent == Generation(2))
        #expect(second.inherited?.generation == Generation(3))
        #expect(second.inherited?.setDigest == Sample.overlay.digest)
    }

    @Test(
        "one that was overtaken while it slept stands by again",
        arguments: ["log/", "manifests/", "terms/0000000000000003"])
    func overtaken(_ prefix: String) {
        let store = TestStore()
        ended(in: store)
        let second = ReignDriver(store, instance: 2)
        second.holds = {
            switch $0 {
            case .create(let name, _), .size(let name): name.hasPrefix(prefix)
            default: false
            }
        }
        second.start()
        #expect(second.held.first?.operation.name.hasPrefix(prefix) ?? false)
        second.release {
            store.objects[ObjectName.term(Term(3))] =
                TermObject(term: Term(3), instance: Instance(3), address: "h:3").encoded
        }
        #expect(!second.hasWon)
        #expect(second.events.last == .standingBy(Term(3), address: ""))
    }

    @Test("two that claim at once: one reigns, the other stands by")
    func race() {
        let store = TestStore()
        let first = ReignDriver(store, instance: 1)
        let second = ReignDriver(store, instance: 2)
        first.holds = { if case .create(ObjectName.term(Term(1)), _) = $0 { true } else { false } }
        first.start()
        second.start()
        first.release()
        #expect(second.hasWon)
        #expect(!first.hasWon)
        #expect(first.events.last == .standingBy(Term(1), address: ""))
    }

    @Test("a damaged object is named, and nobody reigns over it", arguments: ["manifests/", "log/"])
    func damaged(_ prefix: String) throws {
        let store = TestStore()
        ended(in: store)
        let name = try #require(store.objects.keys.filter { $0.hasPrefix(prefix) }.max())
        store.objects[name]![20] ^= 1
        let second = ReignDriver(store, instance: 2)
        second.start()
        #expect(!second.hasWon)
        #expect(second.failure?.contains(name) == true)
    }
}
