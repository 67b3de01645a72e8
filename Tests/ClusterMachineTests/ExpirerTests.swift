import ByteCoding
import Cluster
import News
import Storage
import Testing
import Wire

private let day: Int64 = 86_400_000

private func time(_ seconds: Int64) -> UInt64 { Timestamp.sortable(Timestamp(seconds: seconds)) }

private func rule(_ source: String, _ time: UInt64, days: UInt32 = 0) -> LogEntry {
    .horizon(RetentionHorizon(source: source, time: time, ageDays: days))
}

private func dated(_ number: Int, _ seconds: Int64, seen: Int64 = 1, source: String = "paper") -> LogEntry {
    var article = logged(number, seen: seen, source: source)
    article.orderTime = Timestamp(seconds: seconds)
    return .article(article)
}

/// A coordinator with a worker and a merger of paper: whatever is sealed and scanned is what the test says.
private final class House {
    let driver: CoordinatorDriver
    let client = PeerID(1)
    let worker = PeerID(2)
    let merger = PeerID(3)
    /// What scans find, until it is logged.
    var behind: [Expiration] = []
    var scans: [ScanJob] = []
    var finds: [FindJob] = []
    var scanFailures = 0
    private var heard = 0
    private var reports: UInt64 = 0
    private var sealed = 0

    init() {
        driver = CoordinatorDriver { configuration in
            configuration.publishIntervalMilliseconds = 0
            configuration.eraseIntervalMilliseconds = 1_000_000
            configuration.leaseMilliseconds = 1_000_000_000
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
    var notes: [String] { driver.events.compactMap { if case .note(let text) = $0 { text } else { nil } } }
    var status: CoordinatorSummary { driver.coordinator.status }

    var log: [LogEntry] {
        driver.objects.keys.filter { $0.hasPrefix("log/") }.sorted().flatMap { name -> [LogEntry] in
            guard let object = try? LogObject(decoding: driver.objects[name]!) else { return [] }
            return object.batches.flatMap(\.entries)
        }
    }

    var logged: [Expiration] { log.compactMap { if case .expired(let expiration) = $0 { expiration } else { nil } } }

    func counts(of number: UInt64) -> BatchCounts? {
        driver.sent.compactMap { sent -> BatchCounts? in
            if case .accepted(number, let counts) = sent.message { counts } else { nil }
        }.last
    }

    func refusal(of number: UInt64) -> ErrorCode? {
        driver.sent.compactMap { sent -> ErrorCode? in
            if case .refusedBatch(number, let code, _) = sent.message { code } else { nil }
        }.last
    }

    /// The worker reports all it was sent since, as duplicates or, with a segment, as the changes say.
    func seal(_ segment: SegmentReference? = nil, _ changes: [(Outcome, Int64)] = []) {
        let slices = driver.slices(to: worker)[sealed...]
        guard !slices.isEmpty else { return }
        sealed += slices.count
        let articles = slices.flatMap(\.entries).count { if case .article = $0.entry { true } else { false } }
        reports += 1
        var segment = segment
        for sent in driver.sent where sent.peer == worker {
            if case .joined(_, let attempt, _, _) = sent.message { segment?.attempt = attempt }
        }
        if let segment { driver.objects[segment.objectName] = [1] }
        let changes = segment == nil ? [(.duplicate, Int64(articles))] : changes
        var entries: [SealedReport.Entry] = []
        for slice in slices {
            if let index = entries.firstIndex(where: { $0.shardLane == slice.shardLane }) {
                entries[index].to = slice.to
            } else {
                entries.append(
                    .init(shardLane: slice.shardLane, epoch: slice.epoch, from: slice.from, to: slice.to))
            }
        }
        driver.step(
            .message(
                worker,
                .sealed(
                    SealedReport(
                        number: reports, entries: entries, segment: segment,
                        counts: changes.filter { $0.1 != 0 }.map {
                            OutcomeCount(source: "paper", hour: 1, outcome: $0.0, delta: $0.1)
                        }))))
    }

    func pass(_ milliseconds: Int64) {
        for _ in 0..<(milliseconds / 100) {
            driver.pass(100)
            while heard < driver.sent.count {
                let (peer, message) = driver.sent[heard]
                heard += 1
                guard peer == merger else { continue }
                switch message {
                case .find(let job):
                    finds.append(job)
                    driver.step(.message(merger, .found(FoundReport(job: job.number, names: []))))
                case .scan(let job):
                    scans.append(job)
                    guard scanFailures == 0 else {
                        scanFailures -= 1
                        driver.step(.message(merger, .mergeFailed(job: job.number, message: "gone")))
                        continue
                    }
                    let known = Set(logged.map(\.key))
                    let found = behind.filter { !known.contains($0.key) }.prefix(Int(job.limitCount))
                    driver.step(
                        .message(merger, .scanned(ScannedReport(job: job.number, expirations: Array(found)))))
                default: break
                }
            }
        }
    }

    /// An overlay with documents from 1970 on.
    func publish(_ seed: UInt8, _ documents: UInt32) {
        var overlay = segment(seed, documents: documents)
        let place = OrderKey(time: Timestamp(seconds: 100), key: key(Int(seed)))
        overlay.span = OrderSpan(first: place, last: place)
        seal(overlay, [(.published, Int64(documents))])
        driver.pass(200)
    }
}

@Suite struct ExpirerTests {
    @Test("what arrives behind a horizon is rejected as expired, a rule for its source first; what is undated stays")
    func arrivals() {
        let house = House()
        house.driver.put(1, [rule("", time(1000)), rule("kept", RetentionHorizon.foreverTime)], from: house.client)
        #expect(house.counts(of: 1) == BatchCounts(controls: 2))
        house.driver.put(
            2, [dated(1, 999), dated(2, 1000), dated(3, 1, source: "kept"), article(4)], from: house.client)
        #expect(house.counts(of: 2) == BatchCounts(received: 4, accepted: 3, rejected: 1))
        house.driver.put(3, [rule("", RetentionHorizon.noneTime)], from: house.client)
        house.driver.put(4, [dated(1, 999)], from: house.client)
        #expect(house.counts(of: 4)?.accepted == 1)
        house.seal()
        house.driver.pass(3000)
        #expect(house.head.sums[.expired] == 1 && house.head.sums[.duplicate] == 4)
        #expect(
            house.log.contains {
                if case .rejection(let rejection) = $0 {
                    rejection.reason == .expired && rejection.place == key(1).hex
                        && rejection.detail == "behind the horizon 1970-01-01T00:16:40Z"
                } else {
                    false
                }
            })
    }

    @Test("while a rule is on its way into the log, what it concerns is neither taken nor rejected")
    func ruleInFlight() {
        let house = House()
        house.driver.holds = { if case .create(let name, _) = $0 { name.hasPrefix("log/") } else { false } }
        house.driver.put(1, [rule("", time(1000))], from: house.client)
        house.driver.put(2, [dated(1, 999)], from: house.client)
        #expect(house.refusal(of: 2) == .busy)
        house.driver.put(3, [dated(2, 1000)], from: house.client)
        #expect(house.refusal(of: 3) == nil)
        house.driver.release()
        house.driver.put(2, [dated(1, 999)], from: house.client)
        #expect(house.counts(of: 2)?.rejected == 1 && house.counts(of: 3)?.accepted == 1)
    }

    @Test("what the removal of a rule brings under the rule for all waits too, and a refusal owes nothing")
    func removalInFlight() {
        let house = House()
        house.driver.put(
            1, [rule("", time(1000)), rule("kept", RetentionHorizon.foreverTime)], from: house.client)
        house.driver.holds = { if case .create(let name, _) = $0 { name.hasPrefix("log/") } else { false } }
        house.driver.put(2, [rule("kept", RetentionHorizon.noneTime)], from: house.client)
        house.driver.put(3, [dated(1, 999, source: "kept")], from: house.client)
        #expect(house.refusal(of: 3) == .busy)
        house.driver.release()
        house.driver.put(3, [dated(1, 999, source: "kept")], from: house.client)
        #expect(house.counts(of: 3)?.rejected == 1)
        house.driver.step(.message(house.client, .quit))
        #expect(house.driver.closed.contains(house.client))
    }

    @Test("behind a rule that is on its way nothing is logged by the rules that it changes")
    func rulesOfBefore() {
        let house = House()
        house.driver.put(1, [dated(1, 100)], from: house.client)
        house.driver.pass(200)
        house.publish(1, 1)
        house.driver.put(2, [rule("", RetentionHorizon.foreverTime, days: 2)], from: house.client)
        house.pass(2000)
        house.driver.holds = { if case .create(let name, _) = $0 { name.hasPrefix("log/") } else { false } }
        house.driver.put(3, [rule("", RetentionHorizon.noneTime)], from: house.client)
        // A day passes meanwhile.
        house.driver.milliseconds = day
        house.pass(1000)
        house.driver.release()
        house.pass(3000)
        #expect(house.log.count { if case .horizon = $0 { true } else { false } } == 2)
        #expect(house.status.retentionRuleCount == 0 && house.logged.isEmpty)
    }

    @Test("what is retracted and not erased yet does not expire as well")
    func retracted() {
        let house = House()
        house.driver.put(1, [dated(1, 100)], from: house.client)
        house.driver.pass(200)
        house.publish(1, 1)
        house.behind = [Expiration(key: key(1), through: version(1), horizon: time(1000))]
        house.driver.put(
            2, [.retraction(Retraction(key: key(1), url: "", reason: "")), rule("", time(1000))], from: house.client,
            lane: .live)
        house.pass(500)
        house.seal(segment(2, documents: 0, kills: 1), [(.published, -1), (.retracted, 1)])
        house.pass(5000)
        #expect(house.scans.count == 1 && house.logged.isEmpty && !house.status.isExpiring)
    }

    @Test("there are at most 1,024 rules")
    func ruleLimit() {
        let house = House()
        house.driver.put(1, (0..<1024).map { rule("s\($0)", time(1)) }, from: house.client)
        house.driver.put(2, [rule("one more", time(1))], from: house.client)
        #expect(house.refusal(of: 2) == .notAllowed)
        house.driver.put(3, [rule("s1", RetentionHorizon.noneTime), rule("one more", time(1))], from: house.client)
        #expect(house.counts(of: 3)?.controls == 2)
    }

    @Test("what a scan finds is logged, killed, erased; then it is scanned again until nothing is found")
    func round() {
        let house = House()
        house.driver.put(1, [dated(1, 100), dated(2, 100, seen: 5)], from: house.client)
        house.driver.pass(200)
        house.publish(1, 2)
        house.behind = [1, 2].map { Expiration(key: key($0), through: version($0 == 1 ? 1 : 5), horizon: time(1000)) }
            .sorted { $0.key < $1.key }
        house.driver.put(2, [rule("", time(1000))], from: house.client)
        house.pass(3000)
        #expect(house.scans.count == 1 && house.logged == house.behind)
        #expect(house.status.isExpiring && house.status.expiringCount == 2)
        // While it stands, versions up to those are rejected, a larger one is not.
        house.driver.put(3, [dated(2, 2000, seen: 4), dated(2, 2000, seen: 6)], from: house.client)
        #expect(house.counts(of: 3) == BatchCounts(received: 2, accepted: 1, rejected: 1))
        house.pass(500)
        #expect(house.finds.isEmpty)
        house.seal(segment(2, documents: 1, kills: 2), [(.published, -1), (.expired, 2)])
        house.pass(3000)
        #expect(house.finds.first?.bounds.map(\.through).sorted() == [version(1), version(5)])
        #expect(house.scans.count == 2)
        #expect(!house.status.isExpiring && house.status.expiringCount == 0, "\(house.notes)")
        #expect(house.head.sums[.expired] == 3 && house.head.sums.pending == 0)
        // Erased: what comes now is judged afresh.
        house.driver.put(4, [dated(2, 2000, seen: 3)], from: house.client)
        #expect(house.counts(of: 4)?.accepted == 1)
        house.pass(3000)
        #expect(house.scans.count == 2)
    }

    @Test("nothing is scanned before all is published that came before the rule, nor what is younger than any horizon")
    func covering() {
        let house = House()
        house.driver.put(1, [dated(1, 100)], from: house.client)
        house.driver.put(2, [rule("", time(50))], from: house.client)
        house.pass(2000)
        #expect(house.scans.isEmpty && house.status.isExpiring)
        house.publish(1, 1)
        house.pass(2000)
        #expect(house.scans.isEmpty && !house.status.isExpiring)
        house.driver.put(3, [rule("", time(101))], from: house.client)
        house.pass(2000)
        #expect(house.scans.map(\.names) == [house.head.overlays.map(\.objectName)])
    }

    @Test("a rule by age gets its horizon from the coordinator's clock, and a new one each day")
    func age() {
        let house = House()
        house.driver.put(1, [rule("", RetentionHorizon.foreverTime, days: 2)], from: house.client)
        let start = 1_700_000_000_000 / day * day
        func horizons() -> [UInt64] {
            house.log.compactMap { if case .horizon(let rule) = $0 { rule.time } else { nil } }
        }
        #expect(horizons() == [Timestamp.sortable(Timestamp(milliseconds: start - 2 * day))])
        house.driver.milliseconds = day
        house.pass(1000)
        #expect(horizons().count == 2)
        #expect(horizons().last == Timestamp.sortable(Timestamp(milliseconds: start - day)))
    }

    @Test("a scan that fails is tried again, and one whose rule is taken back finds nothing")
    func failure() {
        let house = House()
        house.driver.put(1, [dated(1, 100)], from: house.client)
        house.driver.pass(200)
        house.publish(1, 1)
        house.behind = [Expiration(key: key(1), through: version(1), horizon: time(1000))]
        house.scanFailures = 1
        house.driver.put(2, [rule("", time(1000))], from: house.client)
        house.pass(2600)
        #expect(house.notes.contains { $0.contains("begins anew: gone") })
        #expect(house.logged.isEmpty)
        house.driver.put(3, [rule("", RetentionHorizon.noneTime)], from: house.client)
        house.pass(3000)
        #expect(house.logged.isEmpty && !house.status.isExpiring)
        house.driver.put(4, [rule("", time(1000))], from: house.client)
        house.pass(3000)
        #expect(house.logged.count == 1)
    }

    @Test("a new coordinator knows rules and expirations, tells the next holder, and ends the round first")
    func takeOver() throws {
        let house = House()
        house.driver.put(1, [dated(1, 100)], from: house.client)
        house.driver.pass(200)
        house.publish(1, 1)
        house.behind = [Expiration(key: key(1), through: version(1), horizon: time(1000))]
        house.driver.put(2, [rule("", time(1000))], from: house.client)
        house.pass(5000)
        #expect(house.logged.count == 1)
        house.driver.become(Instance(2))
        house.driver.pass(20_000)
        #expect(house.head.term == Term(2))
        #expect(house.status.retentionRuleCount == 1 && house.status.expiringCount == 1)
        let worker = PeerID(9)
        house.driver.join(worker)
        let rules = house.driver.sent.compactMap { sent -> ShardRules? in
            if sent.peer == worker, case .lease(_, _, _, let rules) = sent.message { rules } else { nil }
        }
        let mark = try #require(rules.first?.expired.first)
        #expect(mark.key == key(1) && mark.version == version(1) && mark.position.term == Term(1))
    }
}
