import Cluster
import News
import Storage
import Testing
import Wire

@Suite("A fetcher's side of its leases")
struct ShareHolderTests {
    private struct Bench {
        var holder: ShareHolder
        var actions: [ShareHolder.Action] = []
        var sent: [Message] = []
        var operations: [TaggedOperation] = []

        init(kept: [FeedShare: ShardEpoch] = [:]) {
            holder = ShareHolder(instance: Instance(1), kept: kept)
        }

        mutating func step(_ event: ShareHolder.Event, now: Int64 = 0) {
            for action in holder.handle(event, now: moment(now)) {
                switch action {
                case .send(let message): sent.append(message)
                case .operation(let operation): operations.append(operation)
                case .take(let share, _, _):
                    actions.append(action)
                    step(.taken(share), now: now)
                default: actions.append(action)
                }
            }
        }

        mutating func join(now: Int64 = 0) {
            step(.connected, now: now)
            step(
                .message(
                    .joined(
                        term: Term(1), attempt: Attempt(term: Term(1), number: 2), leaseMilliseconds: 1000, settings: []
                    )),
                now: now)
            step(.message(.touched), now: now)
        }

        mutating func answer(_ result: BucketResult, now: Int64 = 0) {
            guard !operations.isEmpty else { return }
            let tagged = operations.removeFirst()
            step(.completed(tagged.tag, result), now: now)
        }

        mutating func taken() -> [ShareHolder.Action] {
            defer { actions = [] }
            return actions
        }
    }

    private let share = FeedShare(5)!
    private let other = FeedShare(6)!
    private func epoch(_ counter: UInt64, term: UInt64 = 1) -> ShardEpoch {
        ShardEpoch(term: Term(term), counter: counter)
    }

    @Test("it says what it has before it joins, and polls nothing before it is given something")
    func joining() {
        var bench = Bench(kept: [other: epoch(2), share: epoch(1)])
        #expect(!bench.holder.mayAsk(now: moment(0)))
        bench.step(.connected)
        #expect(
            bench.sent == [
                .kept(share: share, epoch: epoch(1)), .kept(share: other, epoch: epoch(2)),
                .join(instance: Instance(1)),
            ])
        bench.join()
        #expect(bench.holder.shares == [])
        #expect(bench.sent.last == .touch)
    }

    @Test("with a share it takes the newest poll state that was handed over before, and cleans up")
    func taking() {
        var bench = Bench(kept: [share: epoch(3)])
        bench.join()
        bench.step(.message(.share(share, epoch: epoch(9))))
        #expect(bench.operations.map(\.operation) == [.list(prefix: "feeds/", after: nil, limit: 10_000)])
        bench.answer(
            .names([
                "feeds/5.1-2", "feeds/5.1-4", "feeds/5.1-7", "feeds/5.1-9", "feeds/5.2-1", "feeds/6.1-8", "feeds/x",
            ]))
        #expect(bench.operations.map(\.operation) == [.get(name: "feeds/5.1-7", range: nil)])
        bench.answer(.bytes([1, 2]))
        let firstActions = bench.taken()
        #expect(firstActions == [.take(share, epoch(9), state: [1, 2])])
        #expect(bench.holder.shares == [share])
        var deleted: [String] = []
        while case .delete(let name)? = bench.operations.first?.operation {
            deleted.append(name)
            bench.answer(.done)
        }
        #expect(
            deleted.sorted() == ["feeds/5.1-2", "feeds/5.1-4", "feeds/5.1-7"],
            "not those of later leases, nor of others")
    }

    @Test("a poll state of its own that is newer stays, and one that cannot be read is done without")
    func withoutState() {
        var bench = Bench(kept: [share: epoch(8)])
        bench.join()
        bench.step(.message(.share(share, epoch: epoch(9))))
        bench.step(.message(.share(other, epoch: epoch(10))))
        bench.answer(.names(["feeds/5.1-7", "feeds/6.1-7"]))
        let firstActions = bench.taken()
        #expect(firstActions == [.take(share, epoch(9), state: nil)])
        bench.answer(.missing)
        let secondActions = bench.taken()
        #expect(secondActions.last == .take(other, epoch(10), state: nil))
        var unlisted = Bench()
        unlisted.join()
        unlisted.step(.message(.share(share, epoch: epoch(9))))
        unlisted.answer(.failed(BucketFailure(.lasting, name: "", message: "403")))
        let thirdActions = unlisted.taken()
        #expect(thirdActions.last == .take(share, epoch(9), state: nil))
    }

    private func holding() -> Bench {
        var bench = Bench()
        bench.join()
        bench.step(.message(.share(share, epoch: epoch(1))))
        bench.answer(.names([]))
        _ = bench.taken()
        bench.sent = []
        return bench
    }

    @Test("a share that is recalled is returned when its poll state is in the store")
    func returning() {
        var bench = holding()
        bench.step(.message(.recall(share, epoch: epoch(7))))
        let firstActions = bench.taken()
        #expect(firstActions == [], "another lease")
        bench.step(.message(.recall(share, epoch: epoch(1))))
        let secondActions = bench.taken()
        #expect(secondActions == [.release(share)])
        #expect(bench.sent.isEmpty)
        bench.step(.released(share, state: [7]))
        #expect(bench.operations.map(\.operation) == [.create(name: "feeds/5.1-1", bytes: [7])])
        #expect(bench.sent.isEmpty)
        bench.answer(.done)
        let thirdActions = bench.taken()
        #expect(thirdActions == [.drop(share)])
        #expect(bench.sent == [.returned(share: share, epoch: epoch(1))])
    }

    @Test("of many shares that are recalled so many are released at a time, the next when one is returned")
    func returningMany() {
        var bench = Bench()
        bench.join()
        for index in UInt16(0)..<8 { bench.step(.message(.share(FeedShare(index)!, epoch: epoch(UInt64(index) + 1)))) }
        bench.answer(.names([]))
        _ = bench.taken()
        for index in UInt16(0)..<8 { bench.step(.message(.recall(FeedShare(index)!, epoch: epoch(UInt64(index) + 1)))) }
        let first = bench.taken()
        #expect(first == (UInt16(0)..<4).map { .release(FeedShare($0)!) })
        bench.step(.released(FeedShare(2)!, state: [2]))
        bench.answer(.done)
        let next = bench.taken()
        #expect(next == [.drop(FeedShare(2)!), .release(FeedShare(4)!)])
        // One that waits for its turn is polled on, also by the word of another coordinator.
        bench.step(.disconnected, now: 100)
        bench.join(now: 100)
        bench.step(.message(.share(FeedShare(7)!, epoch: epoch(1, term: 2))), now: 100)
        let renewed = bench.taken()
        #expect(renewed == [.renew(FeedShare(7)!, epoch(1, term: 2))])
    }

    @Test("a store that takes no poll state does not hold the share up for ever")
    func withoutStore() {
        var bench = holding()
        bench.step(.message(.recall(share, epoch: epoch(1))))
        bench.step(.released(share, state: [7]))
        var now: Int64 = 0
        while bench.sent.last != .returned(share: share, epoch: epoch(1)), now < 100_000 {
            bench.answer(.failed(BucketFailure(.passing, name: "", message: "503")), now: now)
            now += 100
            bench.step(.message(.touched), now: now)
            bench.step(.tick, now: now)
        }
        #expect(now < 10_000)
    }

    @Test("it asks under leases only that begin when an answered TOUCH was sent")
    func lease() {
        var bench = holding()
        #expect(bench.holder.mayAsk(now: moment(799)))
        #expect(!bench.holder.mayAsk(now: moment(800)), "a margin before the end")
        bench.step(.tick, now: 300)
        #expect(bench.sent == [.touch])
        #expect(!bench.holder.mayAsk(now: moment(900)), "not answered yet")
        bench.step(.message(.touched), now: 900)
        #expect(bench.holder.mayAsk(now: moment(1099)) && !bench.holder.mayAsk(now: moment(1100)))
    }

    @Test(
        "after a lost connection it waits: it goes on with what it is given again, and drops the rest when its lease is over"
    )
    func reconnecting() {
        var bench = holding()
        bench.step(.message(.share(other, epoch: epoch(2))))
        bench.answer(.names([]))
        _ = bench.taken()
        bench.step(.disconnected, now: 100)
        #expect(!bench.holder.mayAsk(now: moment(100)))
        bench.join(now: 200)
        bench.step(.message(.share(share, epoch: epoch(1, term: 2))), now: 300)
        let firstActions = bench.taken()
        #expect(firstActions == [.renew(share, epoch(1, term: 2))])
        #expect(!bench.holder.mayAsk(now: moment(300)), "nobody knows yet who has the other")
        bench.step(.tick, now: 500)
        bench.step(.message(.touched), now: 510)
        bench.step(.tick, now: 1001)
        let secondActions = bench.taken()
        #expect(secondActions == [.drop(other)])
        #expect(bench.holder.shares == [share])
        #expect(bench.holder.mayAsk(now: moment(1001)))
    }

    @Test("under leases of another coordinator nothing is asked before it answers a TOUCH: it may have slept")
    func anotherCoordinator() {
        var bench = holding()
        bench.step(.disconnected, now: 100)
        bench.step(.connected, now: 110)
        bench.step(
            .message(
                .joined(
                    term: Term(1), attempt: Attempt(term: Term(1), number: 3), leaseMilliseconds: 1000, settings: [])),
            now: 120)
        bench.step(.message(.share(share, epoch: epoch(2))), now: 130)
        #expect(bench.holder.shares == [share])
        #expect(!bench.holder.mayAsk(now: moment(130)), "the lease of the last one held until 1000")
        bench.step(.message(.touched), now: 140)
        #expect(bench.holder.mayAsk(now: moment(140)))
    }

    @Test("who was recalled by a coordinator that is gone is given the share anew")
    func recalledByAnother() {
        var bench = holding()
        bench.step(.message(.recall(share, epoch: epoch(1))))
        bench.step(.disconnected, now: 100)
        bench.join(now: 200)
        _ = bench.taken()
        bench.step(.message(.share(share, epoch: epoch(1, term: 2))), now: 300)
        let firstActions = bench.taken()
        #expect(firstActions == [.drop(share), .take(share, epoch(1, term: 2), state: nil)])
        bench.step(.released(share, state: [1]), now: 301)
        #expect(bench.operations.isEmpty, "what was released belongs to the lease that is gone")
    }

    @Test("it ends when it is told that nothing is left, and at once without a coordinator")
    func draining() {
        var bench = holding()
        bench.step(.drain)
        #expect(bench.sent == [.drain])
        let firstActions = bench.taken()
        #expect(!firstActions.contains(.drained))
        bench.step(.message(.drain))
        let secondActions = bench.taken()
        #expect(secondActions.contains(.drained))
        var alone = Bench()
        alone.step(.drain)
        let thirdActions = alone.taken()
        #expect(thirdActions == [.drained])
    }
}
