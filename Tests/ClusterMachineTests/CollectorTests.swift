import ByteCoding
import Cluster
import News
import Storage
import Testing

/// A collector over a store in memory.
private final class Yard {
    var objects: [String: [UInt8]] = [:]
    var collector = Collector(term: Term(1), graceMilliseconds: 1000, intervalMilliseconds: 100, now: moment(0))
    var head: Manifest
    var open: Set<Attempt> = []
    var protected: Set<String> = []
    var isFenced = false
    /// In their order.
    var deleted: [String] = []
    var abandoned: String?
    var unreadable: Set<Generation> = []
    /// What comes before the truth, by name.
    var answers: [String: [BucketResult]] = [:]

    init() {
        head = emptyManifest()
        head.generation = Generation(5)
        head.watermarks = head.watermarks.map { _ in position(3) }
        head.foldedTo = position(3)
        objects[head.name] = head.encoded
    }

    /// All objects but those the collector writes itself.
    var written: [String] { objects.keys.filter { !$0.hasPrefix("collection/") }.sorted() }

    /// Another coordinator takes over.
    func takeOver(_ term: UInt64, at milliseconds: Int64) {
        collector = Collector(
            term: Term(term), graceMilliseconds: 1000, intervalMilliseconds: 100, now: moment(milliseconds))
    }

    func round(at milliseconds: Int64) {
        take(collector.tick(now: moment(milliseconds), head: SnapshotHead(head)), at: milliseconds)
    }

    private func take(_ outputs: [Collector.Output], at milliseconds: Int64) {
        for output in outputs {
            switch output {
            case .operation(let tagged):
                let open = open
                take(
                    collector.handle(
                        tagged.tag, perform(tagged.operation), now: moment(milliseconds), head: SnapshotHead(head),
                        isOver: { !open.contains($0) }, protected: protected), at: milliseconds)
            case .fenced: isFenced = true
            case .abandoned(let why): abandoned = why
            case .unreadable(let generation, _): unreadable.insert(generation)
            case .finished, .judged: break
            }
        }
    }

    private func perform(_ operation: BucketOperation) -> BucketResult {
        if let next = answers[operation.name]?.first {
            answers[operation.name]?.removeFirst()
            return next
        }
        switch operation {
        case .get(let name, _): return objects[name].map { .bytes($0) } ?? .missing
        case .size(let name): return objects[name].map { .size(UInt64($0.count)) } ?? .missing
        case .list(let prefix, let after, let limit):
            let names = objects.keys.filter { $0.hasPrefix(prefix) && $0 > (after ?? "") }.sorted()
            return .names(Array(names.prefix(limit)))
        case .delete(let name):
            objects[name] = nil
            deleted.append(name)
            return .done
        case .put(let name, let bytes) where name.hasPrefix("collection/"):
            objects[name] = bytes
            return .done
        case .put, .create: return .failed(BucketFailure(.lasting, name: operation.name, message: "not a collector's"))
        }
    }
}

@Suite struct CollectorTests {
    let orphan = segment(1, attempt: 4)

    @Test("an orphan goes after it stood unnamed for the grace time")
    func orphans() {
        let yard = Yard()
        yard.objects[orphan.objectName] = [1]
        for time in stride(from: Int64(100), through: 1000, by: 100) { yard.round(at: time) }
        #expect(yard.objects[orphan.objectName] != nil)
        yard.round(at: 1100)
        #expect(yard.objects[orphan.objectName] == nil)
    }

    @Test("the grace time goes on through a change of coordinators, and not before it is over")
    func restarts() {
        let yard = Yard()
        yard.objects[orphan.objectName] = [1]
        var term: UInt64 = 1
        for time in stride(from: Int64(100), through: 1000, by: 100) {
            yard.round(at: time)
            term += 1
            yard.takeOver(term, at: time)
        }
        #expect(yard.objects[orphan.objectName] != nil)
        yard.round(at: 1100)
        #expect(yard.objects[orphan.objectName] == nil)
        for time in stride(from: Int64(1200), through: 1500, by: 100) { yard.round(at: time) }
        #expect(yard.objects.keys.filter { $0.hasPrefix("collection/") } == [ObjectName.collection(Term(term))])
    }

    @Test("a record that cannot be read begins the grace time anew, and never shortens it")
    func badRecord() {
        let yard = Yard()
        yard.objects[orphan.objectName] = [1]
        yard.objects[ObjectName.collection(Term(1))] = [1, 2, 3]
        yard.takeOver(2, at: 0)
        for time in stride(from: Int64(100), through: 1000, by: 100) { yard.round(at: time) }
        #expect(yard.objects[orphan.objectName] != nil)
        yard.round(at: 1100)
        #expect(yard.objects[orphan.objectName] == nil)
    }

    @Test("an orphan whose attempt is not over, or of which a report waits, stays")
    func publishable() {
        let yard = Yard()
        yard.objects[orphan.objectName] = [1]
        yard.open = [orphan.attempt]
        for time in stride(from: Int64(100), through: 5000, by: 100) { yard.round(at: time) }
        yard.open = []
        yard.protected = [orphan.objectName]
        for time in stride(from: Int64(5100), through: 9000, by: 100) { yard.round(at: time) }
        #expect(yard.objects[orphan.objectName] != nil)
        yard.protected = []
        for time in stride(from: Int64(9100), through: 10_100, by: 100) { yard.round(at: time) }
        #expect(yard.objects[orphan.objectName] == nil)
    }

    @Test("what was named goes when it is named no more, though who wrote it goes on", arguments: [true, false])
    func writerStays(isSeenByARound: Bool) {
        let yard = Yard()
        yard.open = [orphan.attempt]
        yard.objects[orphan.objectName] = [1]
        yard.head.overlays = [orphan]
        yard.objects[yard.head.name] = yard.head.encoded
        // Before the first round it is only seen.
        yard.round(at: isSeenByARound ? 100 : 50)
        yard.head.overlays = []
        yard.head.generation = Generation(6)
        yard.objects[yard.head.name] = yard.head.encoded
        for time in stride(from: Int64(200), through: 1100, by: 100) { yard.round(at: time) }
        #expect(yard.objects[orphan.objectName] != nil)
        for time in stride(from: Int64(1200), through: 1400, by: 100) { yard.round(at: time) }
        #expect(yard.objects[orphan.objectName] == nil)
    }

    @Test("what the head or a kept manifest names stays; other manifests go")
    func kept() {
        let yard = Yard()
        var older = emptyManifest()
        older.generation = Generation(3)
        older.overlays = [orphan]
        older.watermarks = older.watermarks.map { _ in position(2) }
        older.foldedTo = position(3)
        yard.objects[older.name] = older.encoded
        yard.objects[ObjectName.manifest(Generation(4))] = older.encoded
        yard.head.kept.append(Generation(3), writtenAt: Timestamp(seconds: 0))
        yard.objects[orphan.objectName] = [1]
        for number in UInt64(1)...4 { yard.objects[ObjectName.log(Term(1), number)] = [1] }
        for time in stride(from: Int64(100), through: 5000, by: 100) { yard.round(at: time) }
        #expect(
            yard.written
                == [
                    ObjectName.log(Term(1), 2), ObjectName.log(Term(1), 3), ObjectName.log(Term(1), 4), yard.head.name,
                    older.name, orphan.objectName,
                ].sorted())
        yard.head.kept = KeptGenerations()
        yard.head.generation = Generation(6)
        yard.objects[yard.head.name] = yard.head.encoded
        for time in stride(from: Int64(5100), through: 9000, by: 100) { yard.round(at: time) }
        #expect(
            yard.written
                == [ObjectName.log(Term(1), 3), ObjectName.log(Term(1), 4), yard.head.name].sorted())
    }

    @Test("a kept manifest that cannot be read stops the round, and is told")
    func unreadable() {
        let yard = Yard()
        yard.objects[ObjectName.manifest(Generation(3))] = [1, 2, 3]
        yard.head.kept.append(Generation(3), writtenAt: Timestamp(seconds: 0))
        yard.objects[orphan.objectName] = [1]
        for time in stride(from: Int64(100), through: 5000, by: 100) { yard.round(at: time) }
        #expect(yard.objects[orphan.objectName] != nil)
        #expect(yard.abandoned?.hasPrefix(ObjectName.manifest(Generation(3))) == true)
        #expect(yard.unreadable == [Generation(3)] && yard.collector.forgotten == [Generation(3)...Generation(3)])
        // It is kept no longer: all goes on.
        yard.head.kept = KeptGenerations()
        yard.collector.published(yard.head, now: moment(5000))
        #expect(yard.collector.forgotten.isEmpty)
        for time in stride(from: Int64(5100), through: 9000, by: 100) { yard.round(at: time) }
        #expect(yard.objects[orphan.objectName] == nil)
    }

    @Test("what comes damaged once and whole the second time is not told")
    func secondLook() {
        let yard = Yard()
        var older = emptyManifest()
        older.generation = Generation(3)
        yard.objects[older.name] = older.encoded
        yard.head.kept.append(Generation(3), writtenAt: Timestamp(seconds: 0))
        yard.objects[orphan.objectName] = [1]
        yard.answers = [older.name: [.bytes([1, 2, 3])]]
        for time in stride(from: Int64(100), through: 5000, by: 100) { yard.round(at: time) }
        #expect(yard.unreadable.isEmpty && yard.objects[orphan.objectName] == nil)
    }

    @Test("what a store refuses counts as unreadable in the third round, and never while it answers nothing")
    func refused() {
        let yard = Yard()
        var older = emptyManifest()
        older.generation = Generation(3)
        yard.head.kept.append(Generation(3), writtenAt: Timestamp(seconds: 0))
        let refusal = BucketResult.failed(BucketFailure(.lasting, name: older.name, message: "denied"))
        yard.answers = [
            older.name: Array(repeating: refusal, count: 9),
            ObjectName.term(Term(2)): Array(repeating: refusal, count: 4),
        ]
        for round in Int64(1)...4 { yard.round(at: round * 100) }
        #expect(yard.unreadable.isEmpty && yard.answers[ObjectName.term(Term(2))] == [])
        for round in Int64(5)...6 { yard.round(at: round * 100) }
        #expect(yard.unreadable.isEmpty)
        yard.round(at: 700)
        #expect(yard.unreadable == [Generation(3)])
    }

    @Test("a kept manifest under another's name stops the round: what the right one names stays")
    func exchanged() {
        let yard = Yard()
        var other = emptyManifest()
        other.generation = Generation(2)
        yard.objects[ObjectName.manifest(Generation(3))] = other.encoded
        yard.head.kept.append(Generation(3), writtenAt: Timestamp(seconds: 0))
        yard.objects[orphan.objectName] = [1]
        for time in stride(from: Int64(100), through: 5000, by: 100) { yard.round(at: time) }
        #expect(yard.objects[orphan.objectName] != nil)
    }

    @Test("a page of a kept manifest that cannot be read stops every round, not only the first")
    func unreadablePage() {
        let yard = Yard()
        var cell = segment(2, attempt: 5)
        cell.kind = .cell
        let page = ManifestPage(cells: [cell]).encoded
        let named = Manifest.Named(digest: SHA256.hash(of: page), attempt: Attempt(term: Term(1), number: 6))
        var older = emptyManifest()
        older.generation = Generation(3)
        older.pages = [named]
        yard.objects[older.name] = older.encoded
        yard.objects[named.name(in: "pages")] = [1, 2, 3]
        yard.objects[cell.objectName] = [1]
        yard.head.kept.append(Generation(3), writtenAt: Timestamp(seconds: 0))
        for time in stride(from: Int64(100), through: 5000, by: 100) { yard.round(at: time) }
        #expect(yard.objects[cell.objectName] != nil)
        yard.objects[named.name(in: "pages")] = page
        yard.objects[orphan.objectName] = [1]
        for time in stride(from: Int64(5100), through: 9000, by: 100) { yard.round(at: time) }
        #expect(yard.objects[cell.objectName] != nil)
        #expect(yard.objects[orphan.objectName] == nil)
    }

    @Test("an object stays as long as one generation between the first and the last that name it is kept")
    func between() {
        let yard = Yard()
        for number in UInt64(1)...4 {
            var older = emptyManifest()
            older.generation = Generation(number)
            if (2...3).contains(number) { older.overlays = [orphan] }
            yard.objects[older.name] = older.encoded
            yard.head.kept.append(Generation(number), writtenAt: Timestamp(seconds: Int64(number) * 1000))
        }
        yard.objects[orphan.objectName] = [1]
        for time in stride(from: Int64(100), through: 3000, by: 100) { yard.round(at: time) }
        let runs = yard.head.kept.runs
        yard.head.kept = KeptGenerations([runs[0], runs[2], runs[3]])
        for time in stride(from: Int64(3100), through: 6000, by: 100) { yard.round(at: time) }
        #expect(yard.objects[orphan.objectName] != nil)
        yard.head.kept = KeptGenerations([runs[0], runs[3]])
        for time in stride(from: Int64(6100), through: 9000, by: 100) { yard.round(at: time) }
        #expect(yard.objects[orphan.objectName] == nil)
    }

    @Test(
        "a term's log goes from its oldest object on, after manifests: whenever a round ends, what is left has no hole")
    func logOrder() {
        let yard = Yard()
        let log = (0..<300).map { ObjectName.log(Term(1), $0) }
        for name in log { yard.objects[name] = [1] }
        yard.objects[ObjectName.manifest(Generation(2))] = [1]
        yard.head.watermarks = yard.head.watermarks.map { _ in position(250) }
        yard.head.foldedTo = position(250)
        yard.objects[yard.head.name] = yard.head.encoded
        for time in stride(from: Int64(100), through: 2000, by: 100) { yard.round(at: time) }
        #expect(yard.deleted.first == ObjectName.manifest(Generation(2)))
        #expect(yard.deleted.dropFirst().elementsEqual(log[..<250]))
    }

    @Test("no object of the log is deleted while one is written again; what was left goes afterwards, all else at once")
    func heldLog() {
        let yard = Yard()
        let log = (0..<6).map { ObjectName.log(Term(1), $0) }
        for name in log { yard.objects[name] = [1] }
        yard.objects[ObjectName.manifest(Generation(2))] = [1]
        yard.head.watermarks = yard.head.watermarks.map { _ in position(4) }
        yard.head.foldedTo = position(4)
        yard.objects[yard.head.name] = yard.head.encoded
        yard.collector.isLogHeld = true
        for time in stride(from: Int64(100), through: 2000, by: 100) { yard.round(at: time) }
        #expect(yard.deleted == [ObjectName.manifest(Generation(2))])
        #expect(yard.collector.firstLogTerm == .none)
        yard.collector.isLogHeld = false
        for time in stride(from: Int64(2100), through: 2500, by: 100) { yard.round(at: time) }
        #expect(yard.deleted.dropFirst().elementsEqual(log[..<4]))
        #expect(yard.collector.firstLogTerm == Term(1))
    }

    @Test("nothing is deleted once a later term exists")
    func fenced() {
        let yard = Yard()
        yard.objects[orphan.objectName] = [1]
        yard.objects[ObjectName.term(Term(2))] = [1]
        for time in stride(from: Int64(100), through: 1100, by: 100) { yard.round(at: time) }
        #expect(yard.isFenced)
        #expect(yard.objects[orphan.objectName] != nil)
    }

    @Test("names of no known form are left alone")
    func foreign() {
        let yard = Yard()
        let names = ["segments/readme", "log/x/y", "manifests/old", "other/file"]
        for name in names { yard.objects[name] = [1] }
        for time in stride(from: Int64(100), through: 3000, by: 100) { yard.round(at: time) }
        for name in names { #expect(yard.objects[name] != nil) }
    }
}
