import Cluster
import News
import Storage
import Testing
import Wire

@Suite struct RouterTests {
    let worker = PeerID(1)
    let cacheLimitBytes = 3000
    let grants = [LeaseTable.Grant(worker: PeerID(1), shard: Shard(0), epoch: epoch(1))]

    func router(_ objects: [LogObject], creditBytes: UInt64 = 1 << 20) -> Router {
        var router = Router(
            sharding: emptyManifest().sharding, watermarks: emptyManifest(), cacheLimitBytes: cacheLimitBytes)
        for object in objects { router.append(object, watermarks: emptyManifest()) }
        router.joined(worker)
        for lane in Lane.allCases { router.credit(worker, lane, bytes: creditBytes) }
        return router
    }

    @Test("entries go out in log order, each run beginning where the last ended")
    func order() throws {
        var router = router([object(1, .bulk, [article(1), article(2)]), object(2, .bulk, [article(3)])])
        let (sent, read) = router.next(for: worker, grants: grants, now: moment(0))
        let batch = try #require(sent)
        #expect(read == nil)
        #expect(batch.isLast)
        #expect(batch.slices.count == 1)
        #expect(batch.slices[0].from == .start)
        #expect(batch.slices[0].to == position(2))
        #expect(batch.slices[0].entries.map(\.position) == [position(1, 0), position(1, 1), position(2)])
        router.append(object(3, .bulk, [article(4)]), watermarks: emptyManifest())
        let more = try #require(router.next(for: worker, grants: grants, now: moment(0)).batch)
        #expect(more.slices[0].from == position(2))
        #expect(more.slices[0].to == position(3))
        #expect(router.next(for: worker, grants: grants, now: moment(0)).batch == nil)
    }

    @Test("a credit as large as a number can be is bounded, however often it comes")
    func hugeCredit() {
        var router = router([object(1, .bulk, [article(1)])], creditBytes: 1)
        for _ in 0..<3 { router.credit(worker, .bulk, bytes: .max) }
        #expect(router.next(for: worker, grants: grants, now: moment(0)).batch?.slices.count == 1)
    }

    @Test("a lane without credit does not hold up the other")
    func lanes() throws {
        var router = router([object(1, .bulk, [article(1)]), object(2, .live, [article(2)])], creditBytes: 0)
        router.credit(worker, .live, bytes: 1000)
        let batch = try #require(router.next(for: worker, grants: grants, now: moment(0)).batch)
        #expect(batch.slices.map(\.shardLane) == [live])
        #expect(!batch.isLast)
        router.credit(worker, .bulk, bytes: 1000)
        let rest = try #require(router.next(for: worker, grants: grants, now: moment(0)).batch)
        #expect(rest.slices.map(\.shardLane) == [bulk])
    }

    @Test("credits of any size add up to the limit", arguments: [1 << 30, UInt64(Int64.max), .max])
    func endlessCredit(_ bytes: UInt64) throws {
        var router = router([object(1, .live, [article(1)])], creditBytes: 1)
        for _ in 0..<3 { router.credit(worker, .live, bytes: bytes) }
        #expect(router.next(for: worker, grants: grants, now: moment(0)).batch != nil)
    }

    @Test("streams that may not be sent for a while miss nothing when they may again")
    func passedOver() throws {
        let sharding = emptyManifest(shardCount: 2).sharding
        let keys = Dictionary(grouping: 0..<100) { sharding.shard(of: key($0)) }
        let one = try #require(keys[Shard(0)])
        let two = try #require(keys[Shard(1)])
        var router = Router(sharding: sharding, watermarks: emptyManifest(shardCount: 2), cacheLimitBytes: 1 << 20)
        router.joined(worker)
        router.credit(worker, .bulk, bytes: 1 << 20)
        let both = grants + [LeaseTable.Grant(worker: worker, shard: Shard(1), epoch: epoch(2))]
        for number in 0..<3 {
            let came = object(UInt64(number + 1), .bulk, [article(one[number]), article(two[number])])
            router.append(came, watermarks: emptyManifest(shardCount: 2))
            let batch = router.next(for: worker, grants: number == 1 ? grants : both, now: moment(0)).batch
            #expect(batch?.slices.map(\.entries.count) == [[1, 1], [1], [2, 1]][number])
        }
    }

    @Test("a retraction goes through the live lane")
    func retractions() throws {
        var router = router([object(1, .bulk, [retraction(1)])])
        let batch = try #require(router.next(for: worker, grants: grants, now: moment(0)).batch)
        #expect(batch.slices.map(\.shardLane) == [live])
    }

    @Test("a new holder is sent everything behind the watermark again")
    func rewind() throws {
        var router = router([object(1, .bulk, [article(1), article(2)])])
        _ = router.next(for: worker, grants: grants, now: moment(0))
        var manifest = emptyManifest()
        manifest[watermark: bulk] = position(1, 0)
        router.rewind(Shard(0), watermarks: manifest)
        let batch = try #require(router.next(for: worker, grants: grants, now: moment(0)).batch)
        #expect(batch.slices[0].from == position(1, 0))
        #expect(batch.slices[0].entries.map(\.position) == [position(1, 1)])
    }

    @Test("what came while a shard was not to be sent is sent when it may be again")
    func heldBack() throws {
        let sharding = emptyManifest(shardCount: 2).sharding
        let numbers = (0..<2).map { index in (1...).first { sharding.shard(of: key($0)) == Shard(index) }! }
        let both = (0..<2).map { LeaseTable.Grant(worker: worker, shard: Shard($0), epoch: epoch(UInt64($0) + 1)) }
        let manifest = emptyManifest(shardCount: 2)
        var router = Router(sharding: sharding, watermarks: manifest, cacheLimitBytes: cacheLimitBytes)
        router.joined(worker)
        router.credit(worker, .bulk, bytes: 1 << 20)
        router.append(object(1, .bulk, [article(numbers[0])]), watermarks: manifest)
        // Shard 0 is to move to a worker that then does not come.
        #expect(router.next(for: worker, grants: [both[1]], now: moment(0)).batch == nil)
        router.append(object(2, .bulk, [article(numbers[0]), article(numbers[1])]), watermarks: manifest)
        let other = try #require(router.next(for: worker, grants: [both[1]], now: moment(0)).batch)
        #expect(other.slices.map(\.shardLane.shard) == [Shard(1)])
        let batch = try #require(router.next(for: worker, grants: both, now: moment(0)).batch)
        #expect(batch.slices.map(\.shardLane) == [bulk])
        #expect(batch.slices[0].from == .start)
        #expect(batch.slices[0].entries.map(\.position) == [position(1), position(2, 0)])
        // And held back again: what comes then is no part of what was looked through for both.
        router.append(object(3, .bulk, [article(numbers[0])]), watermarks: manifest)
        #expect(router.next(for: worker, grants: [both[1]], now: moment(0)).batch == nil)
        let late = try #require(router.next(for: worker, grants: both, now: moment(0)).batch)
        #expect(late.slices[0].from == position(2, 0))
        #expect(late.slices[0].entries.map(\.position) == [position(3)])
    }

    @Test("what comes while a manifest is written goes on from where that manifest puts the stream")
    func announced() throws {
        var router = router([])
        var coming = emptyManifest()
        coming[watermark: bulk] = position(4, .max)
        router.announced(coming)
        router.append(object(5, .bulk, [article(1)]), watermarks: emptyManifest())
        let batch = try #require(router.next(for: worker, grants: grants, now: moment(0)).batch)
        #expect(batch.slices[0].from == position(4, .max))
    }

    @Test("what fell out of memory is read from the log again")
    func overflow() throws {
        let large = cacheLimitBytes * 2 / 3
        let objects = [object(1, .bulk, [article(1, bytes: large)]), object(2, .bulk, [article(2, bytes: large)])]
        var router = router(objects, creditBytes: 1 << 30)
        let (first, read) = router.next(for: worker, grants: grants, now: moment(0))
        #expect(try #require(first).slices[0].entries.map(\.position) == [position(1)])
        #expect(first?.isLast == false)
        #expect(router.next(for: worker, grants: grants, now: moment(0)).batch == nil)
        let tagged = try #require(read)
        #expect(tagged.operation == .get(name: ObjectName.log(Term(1), 2), range: nil))
        let failure = try router.handle(
            tagged.tag, .bytes(objects[1].encoded), watermarks: emptyManifest(), now: moment(0))
        #expect(failure == nil)
        let second = try #require(router.next(for: worker, grants: grants, now: moment(0)).batch)
        #expect(second.slices[0].entries.map(\.position) == [position(2)])
    }

    @Test("a log object that is gone or was emptied is a failure, a damaged one an error")
    func unreadable() throws {
        let large = cacheLimitBytes + 1
        var router = router([object(1, .bulk, [article(1, bytes: large)])])
        let tagged = try #require(router.next(for: worker, grants: grants, now: moment(0)).read)
        var other = router
        #expect(try router.handle(tagged.tag, .missing, watermarks: emptyManifest(), now: moment(0)) != nil)
        var overtaken = other
        // One that was emptied is of use to nobody who still needs it.
        let emptied = object(1, .bulk, [article(1, bytes: large)]).erased.encoded
        #expect(try overtaken.handle(tagged.tag, .bytes(emptied), watermarks: emptyManifest(), now: moment(0)) != nil)
        #expect(overtaken.next(for: worker, grants: grants, now: moment(0)).batch == nil)
        #expect(throws: (any Error).self) {
            try other.handle(tagged.tag, .bytes([1, 2, 3, 4, 5]), watermarks: emptyManifest(), now: moment(0))
        }
    }
}
