import ByteCoding
import Cluster
import News
import Storage
import Testing
import Wire

/// A worker whose engine and store answer at once.
private struct Bench {
    var worker = Worker(instance: Instance(1), configuration: Worker.Configuration())
    /// What a look-up finds, if it is answered.
    var isFound = true
    var openSeal: UInt64?
    var snapshot: [ArticleKey: Worker.Found] = [:]
    var indexed: [ArticleKey] = []
    var dropped: [Int] = []
    var kills: [Kill] = []
    var reports: [SealedReport] = []
    var sent: [Message] = []
    var lookUps: [Generation] = []
    var reconnects = 0
    var isDrained = false
    var isUploading = true
    /// The engine fails on this one.
    var unindexable: ArticleKey?
    var held: [TaggedOperation] = []
    /// Ends whoever indexes it, and how often one was tried apart.
    var poison: Set<ArticleKey> = []
    var trialCount = 0
    var isTrialAnswered = true
    var openTrial: UInt64?

    init(shards: [UInt16] = [0], retracted: [ArticleKey] = []) { join(shards: shards, retracted: retracted) }

    mutating func join(shards: [UInt16] = [0], retracted: [ArticleKey] = []) {
        join(shards: shards, rules: ShardRules(retracted: retracted))
    }

    mutating func join(shards: [UInt16] = [0], rules: ShardRules) {
        step(.connected)
        step(
            .message(
                .joined(
                    term: Term(1), attempt: Attempt(term: Term(1), number: 5), leaseMilliseconds: 3000,
                    settings: Settings().encoded)))
        for shard in shards {
            step(
                .message(
                    .lease(
                        shard: Shard(shard), epoch: epoch(UInt64(shard) + 1), generation: Generation(4),
                        rules: rules)))
        }
    }

    mutating func step(_ event: Worker.Event, now: Int64 = 0) {
        for action in worker.handle(event, now: moment(now)) {
            switch action {
            case .send(.sealed(let report)): reports.append(report)
            case .send(let message): sent.append(message)
            case .reconnect: reconnects += 1
            case .operation(let tagged):
                if isUploading {
                    step(.completed(tagged.tag, .done), now: now)
                } else {
                    held.append(tagged)
                }
            case .index(let article) where article.key == unindexable:
                // As the driver does: the failure at once, and nothing more of what else was asked.
                return step(.indexFailed(article.key, "no"), now: now)
            case .index(let article): indexed.append(article.key)
            case .lookUp(let seal, let keys, let atLeast, let own):
                lookUps.append(atLeast)
                openSeal = seal
                guard isFound else { break }
                step(.lookedUp(seal: seal, keys.map { snapshot[$0] }, in: atLeast, notIncluded: own), now: now)
            case .build(let seal, let dropped, let kills):
                self.dropped = dropped
                self.kills = kills
                step(.built(seal: seal, segment(7), [1, 2, 3]), now: now)
            case .tryApart(let trial, let articles):
                trialCount += 1
                openTrial = trial
                guard isTrialAnswered else { break }
                let dies = articles.contains { poison.contains($0.key) }
                step(.tried(trial: trial, dies ? .died("signal 9") : .survived), now: now)
            case .drained: isDrained = true
            case .discard, .note: break
            }
        }
    }

    mutating func articles(
        _ entries: [LogEntry], from: Position = .start, to: Position, _ stream: ShardLane = bulk, now: Int64 = 0
    ) {
        let routed = entries.enumerated().map { index, entry in
            RoutedEntry(
                position: Position(term: to.term, number: to.number, index: UInt32(index)), hour: 9, entry: entry)
        }
        let slice = ArticlesBatch.Slice(
            shardLane: stream, epoch: epoch(UInt64(stream.shard.index) + 1), from: from, to: to, entries: routed)
        step(.message(.articles(ArticlesBatch(slices: [slice], isLast: true))), now: now)
    }

    /// Long enough after the last article for a seal.
    mutating func quiet() { step(.tick, now: 1000) }

    func count(_ outcome: Outcome) -> Int64 {
        reports.flatMap(\.counts).filter { $0.outcome == outcome }.reduce(0) { $0 + $1.delta }
    }
}

/// Whether the coordinator can read a report.
private func isReadable(_ report: SealedReport) -> Bool {
    var bytes: [UInt8] = []
    Message.sealed(report).encode(to: &bytes)
    var parser = MessageParser(side: .server, admitted: .worker)
    parser.append(bytes)
    do throws(WireError) { return try parser.next() == .sealed(report) } catch { return false }
}

@Suite struct WorkerTests {
    func found(_ seconds: Int64) -> Worker.Found {
        Worker.Found(version: version(seconds), orderTime: nil, source: "old")
    }

    @Test("a run is sealed when nothing more comes, and reported with its range")
    func sealing() {
        var bench = Bench()
        bench.articles([article(1), article(2)], to: position(1, 1))
        #expect(bench.reports.isEmpty)
        bench.quiet()
        #expect(bench.reports.count == 1)
        #expect(
            bench.reports[0].entries == [
                SealedReport.Entry(shardLane: bulk, epoch: epoch(1), from: .start, to: position(1, 1))
            ])
        #expect(bench.reports[0].segment?.attempt == Attempt(term: Term(1), number: 5))
        #expect(bench.count(.published) == 2)
        #expect(bench.lookUps == [Generation(4)])
    }

    private let full = BucketResult.failed(BucketFailure(.full, name: "segments/x", message: "No space left on device"))

    @Test("on a full disk the segment waits for room, and is built once")
    func waitsForRoom() {
        var bench = Bench()
        bench.isUploading = false
        bench.articles([article(1)], to: position(1))
        bench.quiet()
        var tries = 0
        for now in stride(from: Int64(1100), to: 9000, by: 100) {
            if let tagged = bench.held.popLast() {
                tries += 1
                bench.step(.completed(tagged.tag, full), now: now)
            }
            bench.step(.message(.touched), now: now)
            bench.step(.tick, now: now)
        }
        #expect(tries > 3 && bench.reconnects == 0 && bench.reports.isEmpty)
        for now in stride(from: Int64(9000), to: 20_000, by: 100) where bench.reports.isEmpty {
            if let tagged = bench.held.popLast() { bench.step(.completed(tagged.tag, .done), now: now) }
            bench.step(.message(.touched), now: now)
            bench.step(.tick, now: now)
        }
        #expect(bench.reports.count == 1)
    }

    @Test("a worker that is told to drain does not wait for room")
    func drainsWithoutRoom() {
        var bench = Bench()
        bench.isUploading = false
        bench.articles([article(1)], to: position(1))
        bench.quiet()
        bench.step(.completed(bench.held.removeLast().tag, full), now: 1000)
        bench.step(.drain, now: 1000)
        bench.step(.tick, now: 1500)
        for tagged in bench.held {
            bench.held = []
            bench.step(.completed(tagged.tag, full), now: 1500)
        }
        // It was tried more than once: read back whether one took effect.
        for tagged in bench.held { bench.step(.completed(tagged.tag, .missing), now: 1500) }
        #expect(bench.isDrained && bench.reports.isEmpty)
    }

    @Test("runs follow one another without gap or overlap")
    func runs() {
        var bench = Bench()
        bench.articles([article(1)], to: position(1))
        bench.articles([article(2)], from: position(1), to: position(2))
        bench.quiet()
        bench.articles([article(3)], from: position(2), to: position(3), now: 1000)
        bench.step(.tick, now: 2000)
        #expect(
            bench.reports.map { [$0.entries[0].from, $0.entries[0].to] } == [
                [.start, position(2)], [position(2), position(3)],
            ])
        bench.articles([article(4)], from: position(3), to: position(4), now: 2000)
        bench.articles([article(5)], from: position(5), to: position(6), now: 2000)
        #expect(bench.reconnects == 1)
        bench.step(.tick, now: 3000)
        #expect(bench.reports.count == 2)
    }

    @Test("a builder that takes as much memory as it may is sealed at once, and only if there is something in it")
    func overBudget() {
        var bench = Bench()
        bench.step(.overBudget)
        bench.articles([article(1)], to: position(1))
        #expect(bench.reports.isEmpty)
        bench.step(.overBudget)
        #expect(bench.reports.map { $0.entries[0].to } == [position(1)])
        bench.step(.overBudget)
        bench.articles([article(2)], from: position(1), to: position(2))
        #expect(bench.reports.count == 1)
        // While a segment is on its way the builder is not asked.
        bench.isFound = false
        bench.step(.overBudget)
        bench.step(.overBudget)
        #expect(bench.lookUps.count == 2)
    }

    @Test("a builder of many sources is sealed before its report is too large to be sent")
    func manySources() {
        var bench = Bench()
        var sent: UInt64 = 0
        for batch in 0..<40 {
            let entries = (0..<100).map { number in
                article(batch * 100 + number, source: String(repeating: "s", count: 4000) + "\(batch).\(number)")
            }
            bench.articles(
                entries, from: sent == 0 ? .start : position(sent, 99), to: position(sent + 1, 99))
            sent += 1
        }
        bench.quiet()
        #expect(bench.count(.published) == 4000)
        #expect(bench.reports.count > 2)
        for report in bench.reports { #expect(isReadable(report)) }
    }

    @Test("when the sources of what is killed make a report too large, it seals at fewer keys")
    func manyKilledSources() {
        var bench = Bench()
        for number in 0..<3000 {
            bench.snapshot[key(number)] = Worker.Found(
                version: version(1), orderTime: nil, source: String(repeating: "s", count: 4000) + "\(number)")
        }
        let entries = (0..<3000).map { article($0, seen: 2) }
        bench.articles(entries, to: position(1, 2999))
        bench.quiet()
        #expect(bench.reports.isEmpty)
        #expect(bench.reconnects == 1)
        bench.join()
        bench.articles(Array(entries[..<1500]), to: position(1, 1499), now: 1000)
        bench.articles(Array(entries[1500...]), from: position(1, 1499), to: position(2, 1499), now: 1000)
        #expect(bench.reports.count == 2)
        for report in bench.reports { #expect(isReadable(report)) }
    }

    @Test("what comes while a segment is on its way is kept for the next")
    func queueing() {
        var bench = Bench()
        bench.isUploading = false
        bench.articles([article(1)], to: position(1))
        bench.quiet()
        bench.articles([article(2)], from: position(1), to: position(2), now: 1000)
        #expect(bench.indexed == [key(1)])
        bench.isUploading = true
        bench.step(.completed(bench.held[0].tag, .done), now: 1000)
        #expect(bench.indexed == [key(1), key(2)])
        bench.step(.tick, now: 2000)
        #expect(bench.reports.map { $0.entries[0].to } == [position(1), position(2)])
    }

    @Test("of versions of one key in a builder the largest is kept, the others are counted")
    func versions() {
        var bench = Bench()
        bench.articles(
            [article(1, seen: 2), article(1, seen: 1), article(1, seen: 2), article(1, seen: 3)], to: position(1, 3))
        bench.quiet()
        #expect(bench.indexed == [key(1), key(1)])
        #expect(bench.dropped == [0])
        #expect(bench.count(.published) == 1)
        #expect(bench.count(.superseded) == 2)
        #expect(bench.count(.duplicate) == 1)
    }

    @Test("what beats a live version kills it, at the hour of the change and for the loser's source")
    func kills() {
        var bench = Bench()
        bench.snapshot[key(1)] = found(1)
        bench.articles([article(1, seen: 2)], to: position(1))
        bench.quiet()
        #expect(bench.kills == [Kill(key: key(1), version: version(1), orderTime: nil)])
        #expect(
            bench.reports[0].counts == [
                OutcomeCount(source: "old", hour: 9, outcome: .published, delta: -1),
                OutcomeCount(source: "old", hour: 9, outcome: .superseded, delta: 1),
                OutcomeCount(source: "paper", hour: 9, outcome: .published, delta: 1),
            ])
    }

    @Test("a live version whose source is too long is killed by a report that can be read")
    func longSource() throws {
        var bench = Bench()
        bench.snapshot[key(1)] = Worker.Found(
            version: version(1), orderTime: nil, source: String(repeating: "s", count: 5000))
        bench.articles([article(1, seen: 2)], to: position(1))
        bench.quiet()
        #expect(isReadable(try #require(bench.reports.first)))
    }

    @Test("a builder of nothing new is reported without a segment")
    func nothingNew() {
        var bench = Bench()
        bench.snapshot[key(1)] = found(5)
        bench.snapshot[key(2)] = found(3)
        bench.articles([article(1, seen: 5), article(2, seen: 1)], to: position(1, 1))
        bench.quiet()
        #expect(bench.reports.count == 1)
        #expect(bench.reports[0].segment == nil)
        #expect(bench.count(.duplicate) == 1)
        #expect(bench.count(.superseded) == 1)
    }

    @Test("a retraction takes what is in the builder, what is live, and what comes later")
    func retractions() {
        var bench = Bench()
        bench.snapshot[key(2)] = found(1)
        bench.articles(
            [article(1), retraction(1), article(1, seen: 9), retraction(2), article(3)], to: position(1, 4))
        bench.quiet()
        #expect(bench.kills == [Kill(key: key(2), version: version(1), orderTime: nil)])
        #expect(bench.dropped == [0])
        #expect(bench.count(.retracted) == 3)
        #expect(bench.count(.published) == 0)
    }

    private func expired(_ number: Int, through seconds: Int64) -> LogEntry {
        .expired(Expiration(key: key(number), through: version(seconds), horizon: 1))
    }

    @Test("what expired is killed at the hour of the entry, for its own source; a larger live version stays")
    func expiry() {
        var bench = Bench()
        bench.snapshot = [key(1): found(5), key(2): found(6), key(3): found(4)]
        bench.articles(
            [expired(1, through: 5), expired(2, through: 5), expired(3, through: 5), expired(4, through: 5)],
            to: position(3, 3), live)
        bench.quiet()
        #expect(bench.kills.map(\.key) == [key(1), key(3)].sorted())
        #expect(
            bench.reports[0].counts == [
                OutcomeCount(source: "old", hour: 9, outcome: .published, delta: -2),
                OutcomeCount(source: "old", hour: 9, outcome: .expired, delta: 2),
            ])
    }

    /// The log: article 1 in version 3 and, again, 5 before the entry that says that versions up to 5 expired; version 4 and
    /// 7 of keys 2 and 3 stand before and behind.
    @Test(
        "whatever lane comes first, versions up to the one that expired are not published, larger ones are",
        arguments: [false, true])
    func expiryInBothOrders(isExpiryFirst: Bool) {
        for isInOneBuilder in [false, true] {
            var bench = Bench()
            bench.snapshot = [key(1): found(5), key(2): found(5), key(3): found(5)]
            func entry(_ bench: inout Bench) {
                bench.articles(
                    [expired(1, through: 5), expired(2, through: 5), expired(3, through: 5)], to: position(3, 2), live)
                if !isInOneBuilder {
                    bench.quiet()
                    // What was killed is not found again.
                    for (key, found) in bench.snapshot where found.version <= version(5) { bench.snapshot[key] = nil }
                }
            }
            func articles(_ bench: inout Bench) {
                bench.articles(
                    [article(1, seen: 3), article(1, seen: 5), article(2, seen: 7), article(3, seen: 4)],
                    to: position(2, 3))
                if !isInOneBuilder { bench.quiet() }
            }
            if isExpiryFirst { entry(&bench) }
            articles(&bench)
            if !isExpiryFirst {
                if !isInOneBuilder { bench.snapshot[key(2)] = found(7) }
                entry(&bench)
            }
            bench.quiet()
            let place = "\(isExpiryFirst) \(isInOneBuilder)"
            #expect(bench.count(.superseded) + bench.count(.duplicate) + bench.count(.expired) == 6, "\(place)")
            #expect(bench.count(.duplicate) == 1, "\(place)")
            // Of key 2 the larger version is live, of the others nothing.
            #expect(bench.count(.published) == -2, "\(place)")
        }
    }

    @Test("what expired before the lease is known, and what comes behind it is an article like any other")
    func expiredBefore() {
        let mark = ShardRules.VersionMark(key: key(1), version: version(5), position: position(3, 0))
        var bench = Bench()
        bench.join(rules: ShardRules(expired: [mark]))
        bench.articles([article(1, seen: 4)], to: position(2, 0))
        bench.articles([article(1, seen: 3)], from: position(2, 0), to: position(4, 0))
        bench.quiet()
        #expect(bench.indexed == [key(1)])
        #expect(bench.count(.superseded) == 1 && bench.count(.published) == 1)
    }

    @Test("of older rounds nothing is remembered: their articles may come again")
    func laterRound() {
        var bench = Bench()
        bench.articles([expired(1, through: 5)], to: position(3, 0), live)
        bench.articles([expired(2, through: 5)], from: position(3, 0), to: position(6, 0), live)
        bench.articles([article(2, seen: 4), article(1, seen: 4)], to: position(5, 1))
        bench.quiet()
        #expect(bench.indexed == [key(1)])
    }

    @Test("keys that were retracted before the lease are known")
    func retractedBefore() {
        var bench = Bench(retracted: [key(1)])
        bench.articles([article(1)], to: position(1))
        bench.quiet()
        #expect(bench.indexed.isEmpty)
        #expect(bench.count(.retracted) == 1)
    }

    @Test("an article whose text was erased, which its coordinator does not know, makes it leave: a later one reigns")
    func erasedMeanwhile() {
        guard case .article(var erased) = article(2) else { return }
        erased.frame = []
        var bench = Bench()
        bench.articles([article(1), .article(erased), article(3)], to: position(3))
        #expect(bench.indexed == [key(1)])
        #expect(bench.reconnects == 1)
        bench.quiet()
        #expect(bench.reports.isEmpty, "what it took in before is not told")
        // Whoever knows why the text is gone needs none.
        var told = Bench(retracted: [key(2)])
        told.articles([article(1), .article(erased), article(3)], to: position(3))
        told.quiet()
        #expect(told.indexed == [key(1), key(3)] && told.count(.retracted) == 1 && told.reconnects == 0)
    }

    @Test("articles of a shard it does not hold, or under another epoch, are not touched")
    func foreign() {
        var bench = Bench()
        bench.articles([article(1)], to: position(1), ShardLane(Shard(3), .bulk))
        bench.step(.message(.revoke(shard: Shard(0), epoch: epoch(1))))
        bench.articles([article(2)], to: position(1))
        bench.quiet()
        #expect(bench.indexed.isEmpty && bench.reports.isEmpty)
    }

    @Test("after a refusal nothing of the old leases is reported")
    func refused() {
        var bench = Bench()
        bench.articles([article(1)], to: position(1))
        bench.step(.message(.refused(report: 1)))
        bench.quiet()
        #expect(bench.reconnects == 1)
        #expect(bench.reports.isEmpty)
        #expect(bench.worker.shardCount == 0)
    }

    @Test("after an article that could not be indexed nothing of the builder is reported, and it starts again")
    func unindexable() {
        var bench = Bench()
        bench.unindexable = key(2)
        bench.articles([article(1), article(2), article(3)], to: position(1, 2))
        #expect(bench.reconnects == 1)
        bench.quiet()
        bench.step(.drain)
        #expect(bench.reports.isEmpty)
        #expect(bench.worker.shardCount == 0)
        #expect(bench.isDrained)
    }

    @Test("a coordinator that is silent for a lease is left")
    func silence() {
        var bench = Bench()
        bench.step(.tick, now: 3000)
        #expect(bench.reconnects == 0)
        bench.step(.tick, now: 3001)
        #expect(bench.reconnects == 1)
    }

    @Test("settings that it cannot work by are refused before anything is done", arguments: foreignSettings)
    func refusedSettings(_ settings: [UInt8]) {
        var machine = Worker(instance: Instance(1), configuration: Worker.Configuration())
        _ = machine.handle(.connected, now: moment(0))
        let actions = machine.handle(
            .message(
                .joined(
                    term: Term(1), attempt: Attempt(term: Term(1), number: 5), leaseMilliseconds: 3000,
                    settings: settings)), now: moment(0))
        #expect(actions.contains(.reconnect))
        guard case .send(.error(code: .notAllowed, _))? = actions.first else {
            Issue.record("\(actions)")
            return
        }
    }

    @Test("it touches each second")
    func touches() {
        var bench = Bench()
        for time in stride(from: Int64(100), through: 2900, by: 100) { bench.step(.tick, now: time) }
        #expect(bench.sent.filter { $0 == .touch }.count == 2)
    }

    @Test("draining, it seals what it has and leaves when that is published")
    func drain() {
        var bench = Bench()
        bench.articles([article(1)], to: position(1))
        bench.step(.drain)
        #expect(bench.reports.count == 1)
        #expect(!bench.isDrained)
        bench.step(.message(.published(report: 1, generation: Generation(5))))
        #expect(bench.isDrained)
        #expect(bench.sent.last == .drain)
    }

    @Test("refused while draining it ends instead of joining again")
    func refusedWhileDraining() {
        var bench = Bench()
        bench.articles([article(1)], to: position(1))
        bench.step(.drain)
        bench.step(.message(.refused(report: 1)))
        #expect(bench.isDrained)
        #expect(bench.reconnects == 0)
    }

    @Test("credit is given back for what was taken in")
    func credit() {
        var bench = Bench()
        let entry = article(1)
        bench.articles([entry], to: position(1))
        #expect(bench.sent.last == .credit(lane: .bulk, bytes: UInt64(entry.sizeBytes)))
    }

    // MARK: Quarantine

    private func suspect(to last: Position) -> Bench {
        var bench = Bench(shards: [])
        bench.join(rules: ShardRules(suspectTo: [.bulk: last, .live: .start]))
        return bench
    }

    @Test("suspect articles are tried apart before they are taken in, later ones are not")
    func triesApart() {
        var bench = suspect(to: position(1, 1))
        bench.articles([article(1), article(2)], to: position(1, 1))
        #expect(bench.trialCount == 1)
        #expect(bench.indexed == [key(1), key(2)])
        bench.articles([article(3)], from: position(1, 1), to: position(2))
        #expect(bench.trialCount == 1)
        #expect(bench.indexed.count == 3)
    }

    @Test("what ends a process alone is reported with its position, and nothing of the batch is taken in")
    func reportsPoison() {
        var bench = suspect(to: position(1, 3))
        bench.poison = [key(2), key(4)]
        bench.articles([article(1), article(2), article(3), article(4)], to: position(1, 3))
        #expect(bench.indexed.isEmpty)
        guard case .poison(let reports)? = bench.sent.last else {
            Issue.record("no report of poison")
            return
        }
        #expect(reports.map(\.position).sorted() == [position(1, 1), position(1, 3)])
        #expect(reports.allSatisfy { $0.stream == bulk && $0.epoch == epoch(1) && $0.reason == "signal 9" })
        bench.quiet()
        #expect(bench.reports.isEmpty)
    }

    @Test("what comes while a trial runs waits, and an answer to an abandoned trial is passed over")
    func waitsForTrial() throws {
        var bench = suspect(to: position(1))
        bench.isTrialAnswered = false
        bench.articles([article(1)], to: position(1))
        let first = try #require(bench.openTrial)
        bench.articles([article(2)], from: position(1), to: position(2))
        bench.step(.tick, now: 1500)
        #expect(bench.indexed.isEmpty && bench.reports.isEmpty)
        bench.step(.disconnected, now: 1600)
        bench.step(.tried(trial: first, .survived), now: 1700)
        #expect(bench.indexed.isEmpty)
        bench.isTrialAnswered = true
        bench.join(rules: ShardRules(suspectTo: [.bulk: position(1), .live: .start]))
        bench.articles([article(1)], to: position(1), now: 1800)
        #expect(bench.indexed == [key(1)])
    }

    @Test("a dead letter is passed over and not counted where it was decided, and is a duplicate elsewhere")
    func deadLetter() {
        var bench = Bench(shards: [])
        bench.join(
            rules: ShardRules(deadLetters: [
                ShardRules.VersionMark(key: key(1), version: version(1), position: position(1, 0))
            ]))
        bench.articles([article(1), article(2), article(1), article(1, seen: 2)], to: position(1, 3))
        bench.quiet()
        #expect(bench.indexed == [key(2), key(1)])
        #expect(bench.count(.published) == 2)
        #expect(bench.count(.duplicate) == 1)
        #expect(bench.count(.deadLettered) == 0)
    }

    @Test("when no process can be started the worker begins anew, and gives nothing up")
    func untriable() throws {
        var bench = suspect(to: position(1))
        bench.isTrialAnswered = false
        bench.articles([article(1)], to: position(1))
        for _ in 0..<3 { bench.step(.tried(trial: try #require(bench.openTrial), .unknown("no process"))) }
        #expect(bench.reconnects == 1)
        #expect(!bench.sent.contains { if case .poison = $0 { true } else { false } })
    }

    @Test("it takes its leave before it begins anew because of a store, and not because of an article")
    func leave() throws {
        func tookLeave(_ bench: Bench) -> Bool { bench.sent.contains(.drain) }

        var refused = Bench()
        refused.isUploading = false
        refused.articles([article(1)], to: position(1))
        refused.quiet()
        let lasting = BucketResult.failed(BucketFailure(.lasting, name: "segments/1", message: "denied"))
        refused.step(.completed(refused.held.removeLast().tag, lasting), now: 1000)
        #expect(refused.reconnects == 1 && tookLeave(refused))

        var blind = Bench()
        blind.isFound = false
        blind.articles([article(1)], to: position(1))
        blind.quiet()
        blind.step(.engineFailed(seal: try #require(blind.openSeal), "503"), now: 1000)
        #expect(blind.reconnects == 1 && tookLeave(blind))

        var poisoned = Bench()
        poisoned.unindexable = key(1)
        poisoned.articles([article(1)], to: position(1))
        #expect(poisoned.reconnects == 1 && !tookLeave(poisoned))
    }
}
