import ByteCoding
import Cluster
import News
import Storage
import Testing
import Wire

/// A publisher whose store does everything at once.
private struct Press {
    var publisher = Publisher(
        head: SnapshotHead(emptyManifest()), term: Term(1), instance: Instance(1), ledgerTailLimitCount: 100)
    var folding = Folding(foldedTo: .start)
    var attempts: UInt64 = 100
    var published: [UInt64] = []
    var refused: [UInt64] = []
    var mergeRefusals: [String] = []
    var isFenced = false
    var termExists = false
    /// What was written, and what is no longer there.
    var objects: [String: [UInt8]] = [:]
    var lost: Set<String> = []
    /// What fails as a bad sector or a busy store does, each time.
    var failing: Set<String> = []
    /// Up to where every stream was sent.
    var sent = position(100)
    /// Epochs that are live, by worker.
    var held: [PeerID: Set<ShardEpoch>] = [PeerID(1): [epoch(1)], PeerID(2): [epoch(2)]]

    /// - Parameter received: articles the log brought.
    init(received: Int64 = 10) { folding.receivedCount = received }

    /// The rows of the ledger, read as a reader does.
    func ledger() throws -> LedgerRows {
        var rows = publisher.head.ledgerTail
        guard let named = publisher.head.ledgerIndex else { return rows }
        let index = try LedgerIndex(decoding: try #require(objects[named.name(in: "ledger")]))
        #expect(index == publisher.snapshot.ledger)
        for entry in index.entries {
            let part = try LedgerRows(decodingObject: try #require(objects[entry.object.name(in: "ledger")]))
            #expect(part.count == Int(entry.rowCount))
            #expect(part.hours == entry.firstHour...entry.lastHour)
            rows.add(part)
        }
        return rows
    }

    /// Rejections of as many sources in one hour, published.
    mutating func reject(sources: Int, hour: UInt32, now: Int64) {
        for source in 0..<sources {
            folding.add(
                .rejection(Rejection(reason: .empty, source: "source \(source)", place: "", detail: "")), hour: hour)
        }
        publish(now: now, isForced: true)
    }

    mutating func publish(now: Int64 = 0, isForced: Bool = false) {
        let held = held
        let sent = sent
        let outputs = publisher.begin(
            now: moment(now),
            knowledge: Publisher.Knowledge(
                holds: { worker, _, epoch in held[worker]?.contains(epoch) ?? false },
                attempt: { Attempt(term: Term(1), number: $0.number) }, sent: { _ in sent }),
            isQuiet: { _, _ in false }, routedEnd: .start, folding: &folding, state: ClusterState(),
            attempt: {
                attempts += 1
                return Attempt(term: Term(1), number: attempts)
            }, isForced: isForced)
        take(outputs, now: now)
    }

    mutating func take(_ outputs: [Publisher.Output], now: Int64) {
        for output in outputs {
            switch output {
            case .operation(let tagged):
                let result: BucketResult
                switch tagged.operation {
                case .size: result = termExists ? .size(1) : .missing
                case .create(let name, let bytes):
                    objects[name] = bytes
                    result = .done
                case .get(let name, _):
                    result =
                        failing.contains(name)
                        ? .failed(BucketFailure(.passing, name: name, message: "EIO"))
                        : lost.contains(name) ? .missing : objects[name].map { .bytes($0) } ?? .missing
                default: result = .done
                }
                take(publisher.handle(tagged.tag, result, now: moment(now)), now: now)
            case .published(_, let reports, _): published += reports.map(\.number)
            case .refused(let report): refused.append(report.number)
            case .mergeRefused(_, let reason): mergeRefusals.append(reason)
            case .fenced: isFenced = true
            case .failed: break
            }
        }
    }
}

private func report(
    _ number: UInt64, _ entries: [(ShardLane, UInt64, Position, Position)], segment: SegmentReference? = nil,
    counts: [(Outcome, Int64)]? = nil
) -> SealedReport {
    SealedReport(
        number: number,
        entries: entries.map { SealedReport.Entry(shardLane: $0.0, epoch: epoch($0.1), from: $0.2, to: $0.3) },
        segment: segment,
        counts: (counts ?? [(segment == nil ? .duplicate : .published, 1)]).map {
            OutcomeCount(source: "paper", hour: 1, outcome: $0.0, delta: $0.1)
        })
}

@Suite struct PublisherTests {
    @Test("objects of the ledger are consolidated: there are few of them, and no row is lost or counted twice")
    func ledger() throws {
        var press = Press(received: 0)
        for hour in 0..<200 { press.reject(sources: 101, hour: UInt32(hour), now: Int64(hour)) }
        let rows = try press.ledger()
        #expect(rows.count == 200 * 101)
        #expect(rows.sorted.allSatisfy { $0.sums.received == 1 && $0.sums[.rejected] == 1 })
        #expect(press.publisher.head.sums.received == 200 * 101)
        // 6 full ones of 3232 rows at most, and a few on their way.
        let sizes = press.publisher.snapshot.ledger.entries.map(\.rowCount)
        #expect(sizes.count <= 14, "\(sizes)")
        let written = press.objects.filter { $0.key.hasPrefix("ledger/") && !LedgerIndex.isIndex($0.value) }
            .reduce(0) { $0 + ((try? LedgerRows(decodingObject: $1.value).count) ?? 0) }
        #expect(written < rows.count * 7, "\(written) rows written for \(rows.count)")
    }

    @Test("an object of the ledger that cannot be read stays named, and publishing goes on")
    func ledgerUnreadable() throws {
        var press = Press(received: 0)
        press.reject(sources: 101, hour: 1, now: 1)
        let first = try #require(press.publisher.snapshot.ledger.entries.first)
        press.lost.insert(first.object.name(in: "ledger"))
        press.reject(sources: 101, hour: 2, now: 2)
        #expect(press.publisher.head.generation == Generation(2))
        #expect(press.publisher.snapshot.ledger.entries.count == 2)
        #expect(press.publisher.snapshot.ledger.entries.first == first)
        #expect(try press.ledger().count == 202)
    }

    @Test("a report moves watermarks, adds its segment, its digest and its counts in one manifest")
    func one() {
        var press = Press()
        let added = segment(1, digest: SHA256.hash(of: [9]))
        press.publisher.add(report(1, [(bulk, 1, .start, position(1))], segment: added), from: PeerID(1))
        press.publish()
        #expect(press.published == [1])
        let head = press.publisher.head
        #expect(head.generation == Generation(1))
        #expect(head.overlays == [added])
        #expect(head[watermark: bulk] == position(1))
        #expect(head[watermark: live] == .start)
        #expect(head.setDigest == added.digest)
        #expect(head.sums[.published] == 1)
    }

    @Test("an object of the ledger that fails each time stays named after a few tries, and publishing goes on")
    func ledgerFailing() throws {
        var press = Press(received: 0)
        press.reject(sources: 101, hour: 1, now: 1)
        let first = try #require(press.publisher.snapshot.ledger.entries.first)
        press.failing.insert(first.object.name(in: "ledger"))
        press.reject(sources: 101, hour: 2, now: 2)
        #expect(press.publisher.head.generation == Generation(1) && !press.publisher.isIdle)
        for time in stride(from: Int64(10), through: 1000, by: 10) {
            press.take(press.publisher.tick(now: moment(time)), now: time)
        }
        #expect(press.publisher.isIdle && press.publisher.head.generation == Generation(2))
        #expect(press.publisher.snapshot.ledger.entries.first == first)
        press.failing = []
        #expect(try press.ledger().count == 202)
    }

    @Test("a report that is early waits for the one before")
    func early() {
        var press = Press()
        press.publisher.add(report(2, [(bulk, 1, position(1), position(2))]), from: PeerID(1))
        press.publish()
        #expect(press.published.isEmpty && press.refused.isEmpty)
        press.held[PeerID(2)] = [epoch(1)]
        press.publisher.add(report(1, [(bulk, 1, .start, position(1))]), from: PeerID(2))
        press.publish()
        #expect(press.published == [1, 2] || press.published == [2, 1])
        #expect(press.publisher.head[watermark: bulk] == position(2))
    }

    @Test(
        "a report with one stale entry is refused whole",
        arguments: [
            (bulk, UInt64(9), Position.start, position(1)),  // an epoch that is not live
            (bulk, UInt64(1), position(1), position(1)),  // nothing in it
            (ShardLane(Shard(7), .bulk), UInt64(1), Position.start, position(1)),  // no such shard
        ])
    func stale(_ entry: (ShardLane, UInt64, Position, Position)) {
        var press = Press()
        press.publisher.add(report(1, [(live, 1, .start, position(1)), entry], segment: segment(1)), from: PeerID(1))
        press.publish()
        #expect(press.refused == [1])
        #expect(press.publisher.head == emptyManifest())
    }

    /// The first report of a press is refused, and nothing of it is in any manifest.
    private func refuses(
        _ report: SealedReport, sent: Position = position(100), _ location: SourceLocation = #_sourceLocation
    ) {
        var press = Press()
        press.sent = sent
        press.publisher.add(report, from: PeerID(1))
        press.publish()
        #expect(press.refused == [report.number], sourceLocation: location)
        #expect(press.publisher.head == emptyManifest(), sourceLocation: location)
    }

    @Test("a report of nothing publishes no segment and no counts, whoever sends it")
    func noRange() {
        refuses(report(1, [], segment: segment(1)))
        refuses(report(1, [], counts: [(.duplicate, 1)]))
    }

    @Test("a report beyond what was sent does not move the watermark over articles nobody has seen")
    func beyond() {
        refuses(report(1, [(bulk, 1, .start, position(4))]), sent: position(3))
    }

    @Test("a stream that stands twice in a report is refused")
    func twice() {
        refuses(report(1, [(bulk, 1, .start, position(1)), (bulk, 1, .start, position(2))]))
    }

    @Test(
        "counts that cannot be are refused before they end this and every later coordinator",
        arguments: [
            [(Outcome.duplicate, Int64.max)], [(.duplicate, .min)], [(.duplicate, 1 << 40)],
            [(.duplicate, 11)],  // more than are pending
            [(.duplicate, -1)],
            [(.published, 1)],  // without a segment
            [(.superseded, 5), (.retracted, -5)],  // an outcome is never taken back but "published"
            [(.duplicate, .max), (.duplicate, .max), (.retracted, .min), (.retracted, .min)],
        ])
    func counts(_ counts: [(Outcome, Int64)]) {
        refuses(report(1, [(bulk, 1, .start, position(1))], counts: counts))
    }

    @Test("a segment counts as many published articles as it has documents, less its kills")
    func documents() {
        let whole = segment(1, documents: 2, kills: 1)
        refuses(report(1, [(bulk, 1, .start, position(1))], segment: whole, counts: [(.published, 2)]))
        var press = Press()
        press.publisher.add(
            report(
                1, [(bulk, 1, .start, position(1))], segment: whole,
                counts: [(.published, 2), (.published, -1), (.superseded, 1)]), from: PeerID(1))
        press.publish()
        #expect(press.published == [1])
        #expect(press.publisher.head.sums.pending == 8)
    }

    @Test("a segment of another attempt or kind is refused: the collector goes by the attempt")
    func foreignSegment() {
        refuses(report(1, [(bulk, 1, .start, position(1))], segment: segment(1, attempt: 2)))
        var cell = segment(1)
        cell.kind = .cell
        refuses(report(1, [(bulk, 1, .start, position(1))], segment: cell))
    }

    @Test("a report that begins before the watermark is refused")
    func overlap() {
        var press = Press()
        press.publisher.add(report(1, [(bulk, 1, .start, position(2))]), from: PeerID(1))
        press.publish()
        press.publisher.add(report(2, [(bulk, 1, position(1), position(3))]), from: PeerID(1))
        press.publish()
        #expect(press.refused == [2])
        #expect(press.publisher.head[watermark: bulk] == position(2))
    }

    @Test("after a refused report all later ones of its worker are refused")
    func order() {
        var press = Press()
        press.publisher.add(report(1, [(bulk, 9, .start, position(1))]), from: PeerID(1))
        press.publisher.add(report(2, [(live, 1, .start, position(1))]), from: PeerID(1))
        press.publish()
        press.publisher.add(report(3, [(live, 1, .start, position(1))]), from: PeerID(1))
        press.publish()
        #expect(press.refused == [1, 2, 3])
        #expect(press.published.isEmpty)
    }

    @Test("reports of a worker that left are dropped")
    func dropped() {
        var press = Press()
        press.publisher.add(report(1, [(bulk, 1, .start, position(1))], segment: segment(1)), from: PeerID(1))
        #expect(press.publisher.protectedNames == [segment(1).objectName])
        press.publisher.drop(PeerID(1))
        press.publish()
        #expect(!press.publisher.hasReports)
        #expect(press.publisher.protectedNames.isEmpty)
        #expect(press.publisher.head.generation == .none)
    }

    @Test("nobody is told once a later term exists")
    func fenced() {
        var press = Press()
        press.termExists = true
        press.publisher.add(report(1, [(bulk, 1, .start, position(1))]), from: PeerID(1))
        press.publish()
        #expect(press.isFenced)
        #expect(press.published.isEmpty)
    }

    fileprivate func merge(_ outputs: [SegmentReference], inputs: [SegmentReference]) -> Press {
        var press = Press()
        for (number, input) in inputs.enumerated() {
            let from = number == 0 ? .start : position(UInt64(number))
            press.publisher.add(
                report(UInt64(number), [(bulk, 1, from, position(UInt64(number + 1)))], segment: input), from: PeerID(1)
            )
        }
        press.publish()
        let job = MergeJob(number: 1, attempt: Attempt(term: Term(1), number: 9), output: .overlay, inputs: inputs)
        press.publisher.add(job, outputs: outputs)
        press.publish()
        return press
    }

    @Test("a merge with the same digest takes the place of its inputs")
    func merged() {
        let a = segment(1, digest: SHA256.hash(of: [1]))
        let b = segment(2, digest: SHA256.hash(of: [2]))
        let whole = segment(3, attempt: 9, digest: a.digest &+ b.digest, documents: 2)
        let press = merge([whole], inputs: [a, b])
        #expect(press.publisher.head.overlays == [whole])
        #expect(press.publisher.head.setDigest == whole.digest)
    }

    @Test("a merge with another digest is refused")
    func mergedWrong() {
        let a = segment(1, digest: SHA256.hash(of: [1]))
        let press = merge([segment(3, attempt: 9)], inputs: [a])
        #expect(press.mergeRefusals == ["the set digest differs"])
        #expect(press.publisher.head.overlays == [a])
    }

    @Test(
        "a merge whose outputs are not of the job is refused",
        arguments: [
            ([segment(3, attempt: 8)], "an output is of another attempt"),
            ([segment(3, attempt: 9, documents: 2)], "the number of live articles differs"),
            (
                [segment(3, attempt: 9), segment(4, attempt: 9, documents: 1, kills: 1)], "more than one overlay"
            ),
            ([segment(3, attempt: 9), segment(3, attempt: 9)], "an output is named twice"),
        ])
    func mergedForeign(_ outputs: [SegmentReference], _ reason: String) {
        let press = merge(outputs, inputs: [segment(1)])
        #expect(press.mergeRefusals == [reason])
        #expect(press.publisher.head.overlays == [segment(1)])
    }

    @Test("cells that do not follow one another are refused")
    func mergedCells() {
        var press = Press()
        let input = segment(1, documents: 2)
        press.publisher.add(
            report(1, [(bulk, 1, .start, position(1))], segment: input, counts: [(.published, 2)]), from: PeerID(1))
        press.publish()
        var cells = [segment(2, attempt: 9), segment(3, attempt: 9)]
        for index in cells.indices { cells[index].kind = .cell }
        cells.sort { $0.span!.first < $1.span!.first }
        for (number, outputs) in [Array(cells.reversed()), cells].enumerated() {
            press.publisher.add(
                MergeJob(
                    number: UInt64(number), attempt: Attempt(term: Term(1), number: 9), output: .cells, inputs: [input]),
                outputs: outputs)
            press.publish()
        }
        #expect(press.mergeRefusals == ["the cells do not follow one another"])
        #expect(press.publisher.cells == cells)
    }

    @Test("a fold takes the place of the inputs that it used; the cells that it left may be gone by then")
    func folded() {
        var press = Press()
        let input = segment(1, documents: 2)
        press.publisher.add(
            report(1, [(bulk, 1, .start, position(1))], segment: input, counts: [(.published, 2)]), from: PeerID(1))
        press.publish()
        var cells = [segment(2, attempt: 9), segment(3, attempt: 9)]
        for index in cells.indices { cells[index].kind = .cell }
        cells.sort { $0.span!.first < $1.span!.first }
        func fold(_ inputs: [SegmentReference], _ outputs: [SegmentReference], left: [UInt32]) {
            press.publisher.add(
                MergeJob(number: 1, attempt: Attempt(term: Term(1), number: 9), output: .folded, inputs: inputs),
                outputs: outputs, left: left)
            press.publish()
        }
        var gone = segment(99)
        gone.kind = .cell
        fold([input], cells, left: [0])
        fold([input, gone], cells, left: [2])
        fold([input, gone], cells, left: [])
        #expect(
            press.mergeRefusals == [
                "an input is left that is no cell", "an input is left that is no cell", "an input is no longer named",
            ])
        fold([input, gone], cells, left: [1])
        #expect(press.publisher.cells == cells && press.publisher.head.overlays.isEmpty)
    }

    @Test("of two merges with a common input the second is refused")
    func mergedTwice() {
        var press = Press()
        let input = segment(1)
        press.publisher.add(report(1, [(bulk, 1, .start, position(1))], segment: input), from: PeerID(1))
        press.publish()
        for number in UInt64(1)...2 {
            press.publisher.add(
                MergeJob(number: number, attempt: Attempt(term: Term(1), number: 9), output: .overlay, inputs: [input]),
                outputs: [segment(UInt8(number) + 10, attempt: 9)])
        }
        press.publish()
        #expect(press.mergeRefusals == ["an input is no longer named"])
        #expect(press.publisher.head.overlays == [segment(11, attempt: 9)])
    }
}

@Suite struct KeepPolicyTests {
    @Test("all of the last hour, one an hour for a day, one a day for thirty days")
    func kept() {
        let now: Int64 = 1_700_000_000_000
        let minute: Int64 = 60_000
        // One each ten minutes, for forty days.
        let count: Int64 = 40 * 24 * 6
        var all = KeptGenerations()
        for step in (0..<count).reversed() {
            let time = Timestamp(milliseconds: now - step * 10 * minute)
            all.append(Generation(UInt64(count - step)), writtenAt: time)
        }
        let kept = KeepPolicy().prune(all, now: Timestamp(milliseconds: now))
        let ages: [Int64] = kept.runs.map { (now - $0.lastAt.milliseconds) / minute }
        #expect(ages.filter { $0 <= 60 }.count == 7)
        #expect((23...25).contains(ages.filter { $0 > 60 && $0 <= 24 * 60 }.count))
        #expect((29...31).contains(ages.filter { $0 > 24 * 60 }.count))
        #expect(ages.max()! <= 30 * 24 * 60)
        #expect(Array(kept.generations) == kept.generations.sorted())
        #expect(KeepPolicy().prune(kept, now: Timestamp(milliseconds: now)) == kept)
    }

    @Test("all of the last six seconds and nothing else, to within a tenth of a second")
    func seconds() throws {
        let policy = try #require(
            KeepPolicy(allMilliseconds: 6000, hourlyMilliseconds: 6000, dailyMilliseconds: 6000))
        let start: Int64 = 1_700_000_000_000
        var manifest = emptyManifest()
        for step in 1...1000 {
            let now = Timestamp(milliseconds: start + Int64(step) * 20)
            manifest.kept = policy.kept(after: manifest, now: now)
            manifest.generation = Generation(UInt64(step))
            manifest.writtenAt = now
        }
        // The newest is 999's child: 300 generations of 20 ms, and no more than a run of them besides.
        #expect(manifest.kept.contains(Generation(999)))
        #expect(manifest.kept.contains(Generation(700)))
        #expect((300...306).contains(manifest.kept.count))
    }

    @Test("ages that do not ascend are none")
    func ages() {
        #expect(KeepPolicy(allMilliseconds: 2, hourlyMilliseconds: 1, dailyMilliseconds: 3) == nil)
        #expect(KeepPolicy(allMilliseconds: 1, hourlyMilliseconds: 3, dailyMilliseconds: 2) == nil)
        #expect(KeepPolicy(allMilliseconds: -1, hourlyMilliseconds: 1, dailyMilliseconds: 1) == nil)
        #expect(KeepPolicy(allMilliseconds: 0, hourlyMilliseconds: 0, dailyMilliseconds: 0) != nil)
    }
}

@Suite struct KeptGenerationsTests {
    @Test(
        "ten manifests a second for two hours: all of the last hour is kept, and no manifest has more than 2 KB of it")
    func manifestsASecond() throws {
        let start: Int64 = 1_700_000_000_000
        let count: Int64 = 2 * 3600 * 10
        var manifest = emptyManifest()
        let without = manifest.encoded.count
        for number in 1...count {
            let now = Timestamp(milliseconds: start + number * 100)
            manifest.kept.append(Generation(UInt64(number)), writtenAt: now)
            if number % 100 == 0 { manifest.kept = KeepPolicy().prune(manifest.kept, now: now) }
        }
        manifest.generation = Generation(UInt64(count) + 1)
        let kept = manifest.kept
        #expect(kept.hasAny(from: Generation(1), through: Generation(UInt64(count) / 2 - 1000)))
        for number in (count - 36_000)...count { #expect(kept.contains(Generation(UInt64(number)))) }
        #expect((36_000...36_700).contains(kept.count))
        #expect(manifest.encoded.count - without < 2000)
        #expect(try Manifest(decoding: manifest.encoded).kept == kept)
    }

    @Test("a jump of the wall clock or a hole in the numbers begins another run")
    func runs() {
        var kept = KeptGenerations()
        for (number, time) in [(1, 0), (2, 5), (3, 4), (5, 6), (6, 60_006), (7, 60_007), (8, Int64.max), (9, .min)] {
            kept.append(Generation(UInt64(number)), writtenAt: Timestamp(milliseconds: time))
        }
        #expect(kept.runs.map(\.count) == [2, 1, 2, 1, 1, 1])
        #expect(Array(kept.generations).map(\.number) == [1, 2, 3, 5, 6, 7, 8, 9])
        #expect(!kept.contains(Generation(4)) && kept.contains(Generation(6)) && !kept.contains(Generation(10)))
        #expect(!kept.hasAny(from: Generation(4), through: Generation(4)))
        #expect(kept.hasAny(from: Generation(4), through: Generation(5)))
    }
}

@Suite struct MergePolicyTests {
    let policy = MergePolicy(fanIn: 3, smallestTierBytes: 100)

    @Test("a full tier is merged, in the snapshot's order; a tier that is not full waits")
    func tiers() {
        let small = (UInt8(1)...3).map { segment($0, sizeBytes: 50) }
        let large = segment(9, sizeBytes: 250)
        #expect(policy.choose(from: [small[0], large, small[1]], busy: []) == nil)
        #expect(policy.choose(from: [small[0], large, small[1], small[2]], busy: []) == small)
    }

    @Test("what is being merged is left alone")
    func busy() {
        let small = (UInt8(1)...3).map { segment($0, sizeBytes: 50) }
        #expect(policy.choose(from: small, busy: [small[1]]) == nil)
    }

    @Test("the inputs of a merge never exceed what a merger can hold")
    func largest() {
        let policy = MergePolicy(fanIn: 3, smallestTierBytes: 100, largestBytes: 1000)
        func choose(_ sizes: UInt64...) -> [UInt64]? {
            let overlays = sizes.enumerated().map { segment(UInt8($0.offset), sizeBytes: $0.element) }
            return policy.choose(from: overlays, busy: [])?.map(\.sizeBytes)
        }
        #expect(choose(310, 320, 330) == [310, 320, 330])
        #expect(choose(450, 310, 330, 320) == [310, 330, 320])
        #expect(choose(600, 600, 600) == nil)
        #expect(choose(600, 600, 600, 301) == [600, 301])
        #expect(choose(.max, .max, .max) == nil)
        // What is too large does not keep smaller tiers from being merged, nor larger ones.
        #expect(choose(600, 600, 600, 50, 50, 50) == [50, 50, 50])
    }

    @Test("what grew too large to be merged is folded once there is enough of it, with the cells that may be concerned")
    func fold() {
        let policy = MergePolicy(
            fanIn: 3, smallestTierBytes: 100, foldFromBytes: 400, foldBytes: 600, largestBytes: 2000)
        func overlay(_ seed: UInt8, _ bytes: UInt64, _ span: OrderSpan) -> SegmentReference {
            var overlay = segment(seed, sizeBytes: bytes)
            overlay.span = span
            return overlay
        }
        func cell(_ seed: UInt8, _ span: OrderSpan) -> SegmentReference {
            var cell = overlay(seed, 10, span)
            cell.kind = .cell
            return cell
        }
        // Seconds before some day: later is further in the order.
        func span(_ first: Int64, _ last: Int64) -> OrderSpan {
            func place(_ second: Int64) -> OrderKey {
                OrderKey(time: Timestamp(milliseconds: -second * 1000), key: ArticleKey(high: 1, low: 1))
            }
            return OrderSpan(first: place(first), last: place(last))
        }
        let cells = (0..<5).map { cell(UInt8(100 + $0), span(Int64($0) * 10, Int64($0) * 10 + 5)) }
        let a = overlay(1, 500, span(22, 23))
        let b = overlay(2, 700, span(23, 31))
        let small = overlay(3, 300, span(0, 50))
        func fold(_ overlays: [SegmentReference], busy: Set<SegmentReference> = []) -> [SegmentReference]? {
            policy.fold(overlays, into: cells, busy: busy)
        }
        #expect(fold([a]) == nil)
        #expect(fold([a, b, small]) == nil)
        let c = overlay(4, 600, span(22, 22))
        #expect(fold([a, b, small, c]) == [a, b, c] + cells[1...4])
        #expect(fold([a, b, c], busy: [cells[1]]) == nil)
        #expect(fold([a, b, c], busy: [cells[0]]) == [a, b, c] + cells[1...4])
        #expect(fold([a, b, c], busy: [a]) == [b, c] + cells[1...4])
        #expect(policy.choose(from: [a, b, c], busy: []) == nil)
        // The largest waits when not all fit.
        let huge = overlay(5, 1500, span(0, 50))
        #expect(fold([huge, a, b, c]) == [a, b, c] + cells[1...4])
        // Newer than all cells, older than all, between two.
        func concerned(_ first: Int64, _ last: Int64) -> [SegmentReference]? {
            fold([overlay(6, 600, span(first, last)), overlay(7, 700, span(first, last))])?.filter { $0.kind == .cell }
        }
        #expect(concerned(-9, -3) == [cells[0]])
        #expect(concerned(60, 70) == [cells[4]])
        #expect(concerned(16, 18) == Array(cells[1...2]))
        #expect(concerned(-9, 70) == cells)
        #expect(policy.fold([a, b, c], into: [], busy: []) == [a, b, c])
    }

    @Test("the idle one leaves all there is as it is, however much")
    func idle() {
        let overlays = (0..<200).map { segment(UInt8($0), sizeBytes: $0 < 150 ? 50 : 100 << 20) }
        #expect(MergePolicy().choose(from: overlays, busy: []) != nil)
        #expect(MergePolicy.idle.choose(from: overlays, busy: []) == nil)
        #expect(MergePolicy().fold(overlays, into: [], busy: []) != nil)
        #expect(MergePolicy.idle.fold(overlays, into: [], busy: []) == nil)
    }

    @Test("each tier is fan-in times the one below")
    func sizes() {
        #expect([100, 101, 300, 301, 900].map { policy.tier(of: segment(1, sizeBytes: $0)) } == [0, 1, 1, 2, 2])
        #expect(policy.tier(of: segment(1, sizeBytes: .max)) == 16)
    }
}
