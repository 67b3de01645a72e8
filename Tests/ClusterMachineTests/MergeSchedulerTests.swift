import Cluster
import News
import Storage
import Testing
import Wire

@Suite struct MergeSchedulerTests {
    let merger = PeerID(1)
    let other = PeerID(2)
    let client = PeerID(9)

    func head(_ seeds: ClosedRange<UInt8>) -> Manifest {
        var head = emptyManifest()
        head.overlays = seeds.map { segment($0) }
        return head
    }

    func scheduler(_ mergers: [PeerID]) -> MergeScheduler {
        var scheduler = MergeScheduler(policy: MergePolicy(fanIn: 2, smallestTierBytes: 1000))
        for merger in mergers { scheduler.join(merger, now: 0) }
        return scheduler
    }

    func schedule(_ scheduler: inout MergeScheduler, _ head: Manifest, now: Int64) -> [MergeJob] {
        scheduler.schedule(head: head, cells: [], now: now) { Attempt(term: Term(1), number: 1) }.map(\.job)
    }

    /// A coordinator, with `merger` for a worker, `other` for a merger, and a client.
    private func driver(_ policy: MergePolicy) -> CoordinatorDriver {
        let driver = CoordinatorDriver { $0.mergePolicy = policy }
        driver.start()
        driver.connect(client, .client)
        driver.join(merger)
        driver.join(other, .merger)
        driver.step(.message(merger, .credit(lane: .bulk, bytes: 1 << 20)))
        return driver
    }

    /// An article, and its segment.
    private func publish(_ number: UInt64, on driver: CoordinatorDriver) {
        let before = driver.slices(to: merger).count
        driver.put(number, [article(Int(number))], from: client)
        let new = Array(driver.slices(to: merger).dropFirst(before))
        driver.seal(number, new, by: merger, segment(UInt8(number), attempt: 1))
        driver.pass(200)
    }

    /// All that were given out.
    private func jobs(of driver: CoordinatorDriver) -> [MergeJob] {
        driver.sent.compactMap { if case .merge(let job) = $0.message { job } else { nil } }
    }

    @Test("a merge that fails again and again is tried ever less often, and at last not at all")
    func hotLoop() {
        var scheduler = scheduler([merger])
        var tried: [Int64] = []
        for second in Int64(0)..<10_000 {
            for job in schedule(&scheduler, head(1...2), now: second * 1000) {
                tried.append(second)
                let isGivenUp = scheduler.fail(job.number, now: second * 1000)
                #expect(!isGivenUp)
            }
        }
        #expect(tried == [0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 1023])
        // Others are merged meanwhile.
        #expect(schedule(&scheduler, head(1...4), now: 0).map(\.inputs) == [[segment(3), segment(4)]])
    }

    @Test("a job is reported once, by the merger that has it")
    func reportedOnce() {
        var scheduler = scheduler([merger])
        let job = schedule(&scheduler, head(1...2), now: 0)[0]
        let reports = [(job.number, other), (job.number, merger), (job.number, merger), (job.number + 1, merger)]
        let known = reports.map { scheduler.report($0.0, by: $0.1) }
        #expect(known == [nil, job, nil, nil])
    }

    @Test("searches and purges take no longer than merges as long as some wait")
    func fair() {
        var scheduler = scheduler([merger])
        func erase(_ work: MergeScheduler.ErasureWork, _ head: Manifest, now: Int64, mayMerge: Bool = true) -> Bool {
            scheduler.request(work)
            return scheduler.scheduleErasure(head: head, cells: [], now: now, mayMerge: mayMerge) {
                Attempt(term: Term(1), number: 9)
            } != nil
        }
        func endSearch(_ number: UInt64, now: Int64) -> Bool { scheduler.reportSearch(number, by: merger, now: now) }
        func begins(_ head: Manifest, now: Int64) -> [MergeJob] { schedule(&scheduler, head, now: now) }
        let find = MergeScheduler.ErasureWork.find(bounds: [], names: ["log/1"])
        // The first goes before merges, and takes a minute.
        let isFirst = erase(find, head(1...4), now: 0)
        #expect(isFirst && begins(head(1...4), now: 10).isEmpty)
        let isEnded = endSearch(1, now: 60_000)
        // So merges have a minute, if there are any and they may run.
        let isBefore = erase(find, head(1...4), now: 60_000)
        #expect(isEnded && !isBefore)
        let job = begins(head(1...4), now: 60_000)
        #expect(job.count == 1)
        scheduler.finish(job[0].number, now: 70_000)
        let isEarly = erase(find, head(3...6), now: 119_999)
        let isAlone = erase(find, head(3...6), now: 119_999, mayMerge: false)
        #expect(!isEarly && isAlone)
        let isEndedToo = endSearch(3, now: 120_000)
        let isPurging = erase(.purge([segment(5)]), head(5...5), now: 120_000)
        #expect(isEndedToo && isPurging)
        scheduler.finish(4, now: 150_000)
        let isEarlyAgain = erase(find, head(6...9), now: 179_999)
        let isDue = erase(find, head(6...9), now: 180_000)
        #expect(!isEarlyAgain && isDue)
    }

    @Test("a compaction waits for what runs, and what comes while it runs is merged beside it")
    func besides() {
        var scheduler = scheduler([merger, other])
        let first = schedule(&scheduler, head(1...2), now: 0)
        #expect(first.map(\.output) == [.overlay])
        scheduler.requestCompaction()
        #expect(schedule(&scheduler, head(1...4), now: 0).isEmpty)
        scheduler.finish(first[0].number, now: 0)
        let second = schedule(&scheduler, head(3...6), now: 0)
        #expect(second.map(\.output) == [.cells])
        #expect(schedule(&scheduler, head(3...8), now: 0).map(\.inputs) == [[segment(7), segment(8)]])
    }

    @Test("a compaction that would name too many segments is refused with the reason, and the rest goes on")
    func tooLarge() throws {
        var policy = MergePolicy(fanIn: 2, smallestTierBytes: 1000)
        policy.inputLimitCount = 3
        var scheduler = MergeScheduler(policy: policy)
        scheduler.join(merger, now: 0)
        scheduler.requestCompaction()
        #expect(schedule(&scheduler, head(1...4), now: 0).map(\.output) == [.overlay])

        policy = MergePolicy(fanIn: 8)
        policy.inputLimitCount = 1
        let driver = driver(policy)
        for number in UInt64(1)...2 { publish(number, on: driver) }
        driver.step(.message(client, .compact))
        driver.pass(200)
        #expect(jobs(of: driver).isEmpty)
        let refusals = driver.sent.compactMap {
            if $0.peer == client, case .error(.tooLarge, let why) = $0.message { why } else { nil }
        }
        #expect(refusals.count == 1 && refusals[0].hasPrefix("the snapshot has 2 segments"))
    }

    @Test("COMPACT is answered when what there was is in cells, though articles go on coming")
    func underLiveStream() throws {
        let driver = driver(MergePolicy(fanIn: 8))
        publish(1, on: driver)
        driver.step(.message(client, .compact))
        let job = try #require(jobs(of: driver).first)
        #expect(job.output == .cells)
        publish(2, on: driver)
        var cell = segment(100, attempt: job.attempt.number)
        cell.kind = .cell
        cell.killCount = 0
        driver.step(.message(other, .merged(MergedReport(job: job.number, outputs: [cell]))))
        driver.pass(200)
        #expect(driver.coordinator.head?.overlays.count == 1)
        #expect(driver.sent.contains { $0.peer == client && $0.message.isCompacted })
        #expect(jobs(of: driver).count == 1)
    }

    @Test("a fold that runs is told apart from a merge that somebody may wait for", arguments: [true, false])
    func folds(_ isFold: Bool) throws {
        let driver = driver(isFold ? MergePolicy(foldFromBytes: 1, foldBytes: 1) : MergePolicy(fanIn: 2))
        for number in UInt64(1)...2 { publish(number, on: driver) }
        #expect(jobs(of: driver).map(\.output) == [isFold ? .folded : .overlay])
        #expect(driver.coordinator.status.runningMerges == 1)
        #expect(driver.coordinator.status.runningFolds == (isFold ? 1 : 0))
    }

    @Test("who waits for a compaction that always fails is told so")
    func hopeless() {
        let driver = driver(MergePolicy())
        publish(1, on: driver)
        driver.step(.message(client, .compact))
        var answered = 0
        for _ in 0..<400 {
            for job in jobs(of: driver).dropFirst(answered) {
                answered += 1
                driver.step(.message(other, .mergeFailed(job: job.number, message: "corrupt")))
            }
            driver.pass(100)
            driver.step(.message(merger, .touch))
            driver.step(.message(other, .touch))
        }
        #expect(answered == 5)
        #expect(
            driver.sent.contains {
                if $0.peer == client, case .error(.internalError, _) = $0.message { true } else { false }
            })
    }
}

extension Message {
    fileprivate var isCompacted: Bool { if case .compacted = self { true } else { false } }
}
