// What a worker decides: which articles go into the builder, when it is sealed, what is killed, what is reported.
//
// Guarantees
// 1. Of each shard and lane the runs reported follow one another without gap or overlap.
// 2. An outcome is counted once for each entry of a reported run.
// 3. What is killed was live in the snapshot or in an own segment, and loses against what kills it.
// 4. After a refusal or a lost connection nothing of the old leases is reported.
// 5. Of versions that expired nothing is published that stands in the log before the entry that says so, in whatever order
//    the lanes bring them.
// 6. An article that may have ended a worker is taken in only after it was tried in a process of its own.

import ByteCoding
package import News
package import Storage
package import Wire

package struct Worker: Sendable {
    package struct Configuration: Sendable {
        /// Sealed when the builder's articles reach this, in bytes of canonical records.
        package var sealRecordBytes: UInt64 = 48 << 20
        /// Sealed when what is to be counted by source and hour may take this much of a report, which must stay below
        /// `WireLimits.reportBytes`.
        package var sealReportBytes = 4 << 20
        /// Sealed this long after its first article if that came through the live lane …
        package var liveAgeMilliseconds: Int64 = 300
        /// … or the bulk lane,
        package var bulkAgeMilliseconds: Int64 = 15_000
        /// or when nothing came for this long and the coordinator has no more.
        package var quietMilliseconds: Int64 = 100
        package var liveCreditBytes: UInt64 = 4 << 20
        package var bulkCreditBytes: UInt64 = 8 << 20
        package var touchMilliseconds: Int64 = 1000

        package init() {}
    }

    /// A live document found for a key.
    package struct Found: Equatable, Sendable {
        package var version: Version
        package var orderTime: Timestamp?
        package var source: String

        package init(version: Version, orderTime: Timestamp?, source: String) {
            self.version = version
            self.orderTime = orderTime
            // Whatever a segment says: a longer one would make a report that nobody can read, again and again.
            self.source = source.prefix(utf8Bytes: Limits.labelBytes)
        }
    }

    /// A segment this worker made. It is in every manifest whose watermark of `stream` has come to `to`: nobody else
    /// publishes for our shards.
    package struct Own: Equatable, Sendable {
        package var segment: SegmentReference
        package var stream: ShardLane
        package var to: Position

        package func isIncluded(in manifest: Manifest) -> Bool { manifest[watermark: stream] >= to }
    }

    package enum Event: Sendable {
        /// The connection stands and was welcomed.
        case connected
        case disconnected
        case message(Message)
        case tick
        case completed(OperationTag, BucketResult)
        /// Answer to `.tryApart`.
        case tried(trial: UInt64, Trial.Run)
        /// Answer to `.lookUp`: one for each key, the generation that was read, and the own segments it does not include.
        case lookedUp(seal: UInt64, [Found?], in: Generation, notIncluded: [Own])
        /// Answer to `.build`: the segment (attempt not yet set) and its bytes.
        case built(seal: UInt64, SegmentReference, [UInt8])
        /// The engine could not do what was asked.
        case engineFailed(seal: UInt64, String)
        /// The engine could not take in an article: ordinals from here on are not what we think, so nothing of this builder
        /// may be reported. To be told before anything else is.
        case indexFailed(ArticleKey, String)
        case drain
    }

    package enum Action: Equatable, Sendable {
        case send(Message)
        /// Close the connection and open it again.
        case reconnect
        case operation(TaggedOperation)
        /// Put the article into the builder as the next ordinal.
        case index(LoggedArticle)
        /// Index these in a process of their own, under a fixed limit of memory.
        case tryApart(trial: UInt64, [LoggedArticle])
        /// Find the live version of each key in the newest snapshot, at least `atLeast`, together with `own` segments
        /// that it does not include.
        case lookUp(seal: UInt64, [ArticleKey], atLeast: Generation, own: [Own])
        /// Build a segment of everything in the builder but `dropped`.
        case build(seal: UInt64, dropped: [Int], kills: [Kill])
        /// Forget everything in the builder.
        case discard
        case drained
        case note(String)
    }

    private struct Lease: Sendable {
        var epoch: ShardEpoch
        var generation: Generation
        var suspectTo: [Lane: Position]
    }

    /// A batch with articles that are to be tried before it is taken in.
    private struct Suspects: Sendable {
        var batch: ArticlesBatch
        var articles: [LoggedArticle]
        /// Where each came from.
        var places: [(stream: ShardLane, epoch: ShardEpoch, position: Position)]
        var trial: Trial
    }

    private struct Run: Sendable {
        var epoch: ShardEpoch
        var from: Position
        var to: Position
    }

    private struct Open: Sendable {
        var ordinal: Int
        var version: Version
        var source: String
        var hour: UInt32
        var shard: Shard
    }

    private struct Expiry: Sendable {
        var through: Version
        var hour: UInt32
    }

    private struct Label: Hashable {
        var source: String
        var hour: UInt32
    }

    private struct CountKey: Hashable {
        var source: String
        var hour: UInt32
        var outcome: Outcome
    }

    private enum Stage: Equatable {
        case disconnected
        case joining
        case filling
        case trying
        case lookingUp
        case building
        case uploading
        case over
    }

    private let configuration: Configuration
    private let instance: Instance
    private var stage = Stage.disconnected
    private var isDraining = false
    private var attempt: Attempt?
    private var actions: [Action] = []
    /// On a full disk it waits, for the segment built again would not fit either; but not when it drains.
    private var create = CreateCall(owner: .worker, waitsForSpace: true)
    private var nextTouch: Int64 = 0
    private var leaseMilliseconds: Int64 = 10_000
    private var lastHeard: Int64 = 0

    private var leases: [Shard: Lease] = [:]
    private var retracted: Set<ArticleKey> = []
    /// As told with each lease: one that was retried since an earlier lease is no longer among them.
    private var deadLetters: [Shard: [ArticleKey: [ShardRules.VersionMark]]] = [:]
    /// What expired, as told with each lease and by entries since; only of the newest round, for before a round begins
    /// everything that the one before concerns is published.
    private var expired: [Shard: [ArticleKey: ShardRules.VersionMark]] = [:]
    private var queue: [ArticlesBatch] = []
    private var suspects: Suspects?
    /// Tells answers to an abandoned trial apart.
    private var trialNumber: UInt64 = 0

    // The builder.
    private var nextOrdinal = 0
    private var recordBytes: UInt64 = 0
    private var runs: [ShardLane: Run] = [:]
    private var open: [ArticleKey: Open] = [:]
    private var dropped: [Int] = []
    private var retractions: [ArticleKey: UInt32] = [:]
    private var expiries: [ArticleKey: Expiry] = [:]
    private var counts: [CountKey: Int64] = [:]
    /// Sources and hours of its articles, and an upper bound of the report's rows of them.
    private var labels: Set<Label> = []
    private var lastLabel: Label?
    private var labelBytes = 0
    /// Keys of a builder at which it is sealed: halved when a report grew too large because of the sources of what its
    /// articles kill, which nobody knows before.
    private var keyLimitCount = Int.max
    private var firstLive: Int64?
    private var firstBulk: Int64?
    private var lastEntry: Int64 = 0
    private var hasMore = false
    private var returned: [Lane: UInt64] = [:]

    // The seal. Its number tells answers of the engine to an abandoned one apart.
    private var seal: UInt64 = 0
    private var lookupKeys: [ArticleKey] = []
    private var kills: [Kill] = []
    private var report: SealedReport?
    private var nextReport: UInt64 = 1
    private var unpublished: Set<UInt64> = []
    private var own: [Own] = []
    /// Newest generation that was looked up in: own segments it includes are forgotten, so no older one may be read.
    private var lastRead = Generation.none

    package init(instance: Instance, configuration: Configuration) {
        self.instance = instance
        self.configuration = configuration
    }

    package var shardCount: Int { leases.count }

    package mutating func handle(_ event: Event, now: Moment) -> [Action] {
        guard stage != .over else { return [] }
        switch event {
        case .connected:
            reset()
            stage = .joining
            lastHeard = now.milliseconds
            actions.append(.send(.join(instance: instance)))
        case .disconnected:
            reset()
            if isDraining { finish() }
        case .message(let message):
            lastHeard = now.milliseconds
            receive(message, now: now)
        case .tick: tick(now: now)
        case .completed(let tag, let result): completed(tag, result, now: now)
        case .tried(let number, let run):
            if number == trialNumber, stage == .trying { tried(run, now: now) }
        case .lookedUp(let number, let found, let generation, let left):
            if number == seal, stage == .lookingUp, found.count == lookupKeys.count {
                own = left
                lastRead = max(lastRead, generation)
                lookedUp(found, now: now)
            }
        case .built(let number, let segment, let bytes): if number == seal { built(segment, bytes) }
        case .engineFailed(let number, let why):
            guard number == seal else { break }
            actions.append(.note("the segment could not be built: \(why)"))
            rejoin()
        case .indexFailed(let key, let why):
            actions.append(.note("article \(key.hex) could not be indexed: \(why)"))
            rejoin()
        case .drain:
            isDraining = true
            create.stopWaitingForSpace()
            if stage == .disconnected || stage == .joining { finish() }
            beginSeal(now: now)
            leaveIfDone()
        }
        defer { actions = [] }
        return actions
    }

    // MARK: Connection

    private mutating func reset() {
        stage = .disconnected
        seal += 1
        attempt = nil
        create.abandon()
        leases = [:]
        retracted = []
        deadLetters = [:]
        expired = [:]
        queue = []
        suspects = nil
        trialNumber += 1
        clearBuilder()
        report = nil
        nextReport = 1
        unpublished = []
        own = []
        lastRead = .none
        returned = [:]
        actions.append(.discard)
    }

    /// We cannot work by the bucket's settings.
    private mutating func refuse(_ why: String) {
        actions.append(.send(.error(code: .notAllowed, message: why)))
        actions.append(.note(why))
        rejoin()
    }

    private mutating func rejoin() {
        reset()
        if isDraining { finish() } else { actions.append(.reconnect) }
    }

    private mutating func finish() {
        stage = .over
        actions.append(.drained)
    }

    private mutating func leaveIfDone() {
        guard isDraining, stage == .filling, runs.isEmpty, unpublished.isEmpty else { return }
        actions.append(.send(.drain))
        finish()
    }

    private mutating func receive(_ message: Message, now: Moment) {
        switch message {
        case .joined(_, let attempt, let leaseMilliseconds, let settings):
            if let why = Settings.refusal(of: settings) { return refuse(why) }
            self.attempt = attempt
            self.leaseMilliseconds = Int64(leaseMilliseconds)
            stage = .filling
            nextTouch = now.milliseconds + configuration.touchMilliseconds
            actions.append(.send(.credit(lane: .live, bytes: configuration.liveCreditBytes)))
            actions.append(.send(.credit(lane: .bulk, bytes: configuration.bulkCreditBytes)))
        case .touched: break
        case .lease(let shard, let epoch, let generation, let rules):
            leases[shard] = Lease(epoch: epoch, generation: generation, suspectTo: rules.suspectTo)
            retracted.formUnion(rules.retracted)
            deadLetters[shard] = Dictionary(grouping: rules.deadLetters, by: \.key)
            expired[shard] = Dictionary(rules.expired.map { ($0.key, $0) }, uniquingKeysWith: { $1 })
        case .revoke(let shard, let epoch):
            guard leases[shard]?.epoch == epoch else { return }
            leases[shard] = nil
            expired[shard] = nil
            forget(shard)
        case .articles(let batch):
            guard !isDraining else { return }
            queue.append(batch)
            takeQueued(now: now)
        case .published(let number, _):
            unpublished.remove(number)
            leaveIfDone()
        case .refused: rejoin()
        case .error(let code, let text):
            actions.append(.note("coordinator: \(code.rawValue) \(text)"))
            rejoin()
        default: rejoin()
        }
    }

    private mutating func tick(now: Moment) {
        guard stage != .disconnected else { return }
        // The coordinator has given us up long ago, or is gone: nothing of the old leases can be published.
        if now.milliseconds - lastHeard > leaseMilliseconds { return rejoin() }
        if let again = create.due(now: now) { actions.append(.operation(again)) }
        if stage != .joining, now.milliseconds >= nextTouch {
            nextTouch = now.milliseconds + configuration.touchMilliseconds
            actions.append(.send(.touch))
        }
        sealIfDue(now: now)
    }

    // MARK: Filling

    private mutating func takeQueued(now: Moment) {
        while stage == .filling, !queue.isEmpty {
            let batch = queue.removeFirst()
            guard !beginTrial(batch) else { return }
            take(batch, now: now)
            sealIfDue(now: now)
        }
    }

    /// - Returns: whether there is something to try: then the batch waits.
    private mutating func beginTrial(_ batch: ArticlesBatch) -> Bool {
        var found = Suspects(batch: batch, articles: [], places: [], trial: Trial(count: 0))
        for slice in batch.slices {
            guard let lease = leases[slice.shardLane.shard], lease.epoch == slice.epoch,
                let suspectTo = lease.suspectTo[slice.shardLane.lane], slice.from < suspectTo
            else { continue }
            for routed in slice.entries where routed.position <= suspectTo {
                switch routed.entry {
                case .article(let article), .retried(let article):
                    guard deadLetterMark(of: article, in: slice.shardLane.shard) == nil,
                        !retracted.contains(article.key),
                        expiry(of: article, at: routed.position, in: slice.shardLane.shard) == nil
                    else { continue }
                    found.articles.append(article)
                    found.places.append((slice.shardLane, slice.epoch, routed.position))
                case .retraction, .expired, .rejection, .feed, .horizon, .deadLetter, .dropped, .erased: break
                }
            }
        }
        guard !found.articles.isEmpty else { return false }
        found.trial = Trial(count: found.articles.count)
        stage = .trying
        go(on: found.trial.next, found)
        return true
    }

    private mutating func tried(_ run: Trial.Run, now: Moment) {
        guard var current = suspects else { return }
        let next = current.trial.handle(run)
        guard case .finished(let verdicts) = next, verdicts.isEmpty else { return go(on: next, current) }
        suspects = nil
        stage = .filling
        take(current.batch, now: now)
        sealIfDue(now: now)
        takeQueued(now: now)
    }

    private mutating func go(on next: Trial.Next, _ current: Suspects) {
        suspects = current
        switch next {
        case .run(let range):
            trialNumber += 1
            actions.append(.tryApart(trial: trialNumber, Array(current.articles[range])))
        case .finished(let verdicts):
            // The coordinator ends this connection: the shards come back with the decisions.
            actions.append(
                .send(
                    .poison(
                        verdicts.map {
                            let place = current.places[$0.index]
                            return PoisonReport(
                                stream: place.stream, epoch: place.epoch, position: place.position,
                                reason: $0.reason.prefix(utf8Bytes: Limits.labelBytes))
                        })))
        case .failed(let why):
            actions.append(.note("suspect articles could not be tried: \(why)"))
            rejoin()
        }
    }

    private func deadLetterMark(of article: LoggedArticle, in shard: Shard) -> ShardRules.VersionMark? {
        deadLetters[shard]?[article.key]?.first { $0.version == article.version }
    }

    /// The expiration behind which an article came; it is no article of its own then.
    private func expiry(
        of article: LoggedArticle, at position: Position, in shard: Shard
    ) -> ShardRules.VersionMark? {
        guard let mark = expired[shard]?[article.key], position < mark.position, article.version <= mark.version
        else { return nil }
        return mark
    }

    private mutating func take(_ batch: ArticlesBatch, now: Moment) {
        hasMore = !batch.isLast
        for slice in batch.slices {
            guard let lease = leases[slice.shardLane.shard], lease.epoch == slice.epoch else { continue }
            if let run = runs[slice.shardLane] {
                guard run.to == slice.from else {
                    actions.append(.note("articles of a shard do not follow one another"))
                    return rejoin()
                }
                runs[slice.shardLane]!.to = slice.to
            } else {
                runs[slice.shardLane] = Run(epoch: slice.epoch, from: slice.from, to: slice.to)
            }
            for entry in slice.entries { take(entry, of: slice.shardLane, now: now) }
        }
        lastEntry = now.milliseconds
        for lane in Lane.allCases {
            if let bytes = returned.removeValue(forKey: lane) {
                actions.append(.send(.credit(lane: lane, bytes: bytes)))
            }
        }
    }

    private mutating func take(_ routed: RoutedEntry, of stream: ShardLane, now: Moment) {
        returned[stream.lane, default: 0] += UInt64(routed.entry.sizeBytes)
        if stream.lane == .live {
            firstLive = firstLive ?? now.milliseconds
        } else {
            firstBulk = firstBulk ?? now.milliseconds
        }
        switch routed.entry {
        case .article(let article), .retried(let article):
            if let letter = deadLetterMark(of: article, in: stream.shard) {
                // The decision accounts for the entry it was made of; any other is the same version again.
                guard letter.position != routed.position else { break }
                label(Label(source: article.source, hour: routed.hour))
                count(.duplicate, article.source, routed.hour)
            } else if let mark = expiry(of: article, at: routed.position, in: stream.shard),
                !retracted.contains(article.key)
            {
                label(Label(source: article.source, hour: routed.hour))
                count(article.version, beside: mark.version, article.source, routed.hour)
            } else {
                take(article, hour: routed.hour, shard: stream.shard)
            }
        case .retraction(let retraction):
            retracted.insert(retraction.key)
            retractions[retraction.key] = routed.hour
            if let old = open.removeValue(forKey: retraction.key) {
                dropped.append(old.ordinal)
                count(.retracted, old.source, old.hour)
            }
        case .expired(let expiration): expire(expiration, at: routed.position, hour: routed.hour, shard: stream.shard)
        case .rejection, .feed, .horizon, .deadLetter, .dropped, .erased: break
        }
    }

    private mutating func expire(_ expiration: Expiration, at position: Position, hour: UInt32, shard: Shard) {
        // A round is one batch, so one object of the log.
        if let older = expired[shard]?.values.first?.position,
            (older.term, older.number) != (position.term, position.number)
        {
            expired[shard] = [:]
        }
        expired[shard, default: [:]][expiration.key] = ShardRules.VersionMark(
            key: expiration.key, version: expiration.through, position: position)
        expiries[expiration.key] = Expiry(through: expiration.through, hour: hour)
        // Had it come by another lane before the scan it would have lost against what expired.
        if let old = open[expiration.key], old.version <= expiration.through {
            open[expiration.key] = nil
            dropped.append(old.ordinal)
            count(old.version, beside: expiration.through, old.source, old.hour)
        }
    }

    /// Counts an article that came beside a version that is as large or larger.
    private mutating func count(_ version: Version, beside larger: Version, _ source: String, _ hour: UInt32) {
        count(version == larger ? Self.duplicate : .superseded, source, hour)
    }

    private mutating func take(_ article: LoggedArticle, hour: UInt32, shard: Shard) {
        label(Label(source: article.source, hour: hour))
        if retracted.contains(article.key) { return count(.retracted, article.source, hour) }
        if let old = open[article.key] {
            if article.version == old.version { return count(Self.duplicate, article.source, hour) }
            if article.version < old.version { return count(.superseded, article.source, hour) }
            dropped.append(old.ordinal)
            count(.superseded, old.source, old.hour)
        }
        open[article.key] = Open(
            ordinal: nextOrdinal, version: article.version, source: article.source, hour: hour, shard: shard)
        nextOrdinal += 1
        recordBytes += UInt64(article.recordBytes)
        actions.append(.index(article))
    }

    /// What a version is counted as that is live already.
    #if PLANTED_RETRY_NOT_DUPLICATE
        private static let duplicate = Outcome.superseded
    #else
        private static let duplicate = Outcome.duplicate
    #endif

    private mutating func label(_ label: Label) {
        guard label != lastLabel else { return }
        lastLabel = label
        // Published, and most often one outcome more.
        if labels.insert(label).inserted { labelBytes += 3 * Self.rowBytes(of: label.source) }
    }

    /// Largest size of a row in a report: length, source, hour, outcome, change.
    private static func rowBytes(of source: String) -> Int { 3 + source.utf8.count + 4 + 1 + 10 }

    private mutating func count(_ outcome: Outcome, _ source: String, _ hour: UInt32, by delta: Int64 = 1) {
        counts[CountKey(source: source, hour: hour, outcome: outcome), default: 0] += delta
    }

    /// The shard was taken away while nothing of it was on its way.
    private mutating func forget(_ shard: Shard) {
        guard stage == .filling else { return }
        guard runs.keys.contains(where: { $0.shard == shard }) else { return }
        // Counts of the builder cannot be told apart by shard any more: start again.
        rejoin()
    }

    private mutating func clearBuilder() {
        nextOrdinal = 0
        recordBytes = 0
        runs = [:]
        open = [:]
        dropped = []
        retractions = [:]
        expiries = [:]
        counts = [:]
        labels = []
        lastLabel = nil
        labelBytes = 0
        firstLive = nil
        firstBulk = nil
        kills = []
        lookupKeys = []
    }

    // MARK: Sealing

    /// Expirations of a builder at which it is sealed: what each kills is read, and held, while the segment is built.
    static let expiryLimitCount = 4096

    private mutating func sealIfDue(now: Moment) {
        guard stage == .filling, !runs.isEmpty else { return }
        let time = now.milliseconds
        let isFull =
            recordBytes >= configuration.sealRecordBytes || labelBytes >= configuration.sealReportBytes
            || open.count + retractions.count + expiries.count >= keyLimitCount
            || expiries.count >= Self.expiryLimitCount
        let isOld =
            (firstLive.map { time - $0 >= configuration.liveAgeMilliseconds } ?? false)
            || (firstBulk.map { time - $0 >= configuration.bulkAgeMilliseconds } ?? false)
        let isQuiet = !hasMore && time - lastEntry >= configuration.quietMilliseconds
        if isFull || isOld || isQuiet { beginSeal(now: now) }
    }

    private mutating func beginSeal(now: Moment) {
        guard stage == .filling, !runs.isEmpty else { return }
        lookupKeys = Array(open.keys) + retractions.keys
        lookupKeys += expiries.keys.filter { open[$0] == nil && retractions[$0] == nil }
        lookupKeys.sort()
        stage = .lookingUp
        seal += 1
        if lookupKeys.isEmpty {
            lookedUp([], now: now)
        } else {
            let shards = Set(runs.keys.map(\.shard))
            let atLeast = max(lastRead, shards.compactMap { leases[$0]?.generation }.max() ?? .none)
            actions.append(.lookUp(seal: seal, lookupKeys, atLeast: atLeast, own: own))
        }
    }

    private mutating func lookedUp(_ found: [Found?], now: Moment) {
        for (key, live) in zip(lookupKeys, found) {
            if let hour = retractions[key] {
                guard let live else { continue }
                kill(key, live, as: .retracted, hour: hour)
            } else if let document = open[key] {
                guard let live else {
                    count(.published, document.source, document.hour)
                    continue
                }
                if live.version < document.version {
                    kill(key, live, as: .superseded, hour: document.hour)
                    count(.published, document.source, document.hour)
                } else {
                    dropped.append(document.ordinal)
                    count(
                        live.version == document.version ? Self.duplicate : .superseded, document.source, document.hour)
                }
            } else if let expiry = expiries[key], let live, live.version <= expiry.through {
                kill(key, live, as: .expired, hour: expiry.hour)
            }
        }
        let reportBytes = counts.keys.reduce(1 << 16) { $0 + Self.rowBytes(of: $1.source) }
        guard reportBytes <= WireLimits.reportBytes else {
            keyLimitCount = max(1, lookupKeys.count / 2)
            actions.append(.note("a report of \(reportBytes) bytes is too large; sealing at \(keyLimitCount) keys"))
            return rejoin()
        }
        if dropped.count == nextOrdinal, kills.isEmpty {
            actions.append(.discard)
            send(nil, now: now)
        } else {
            stage = .building
            actions.append(.build(seal: seal, dropped: dropped.sorted(), kills: kills.sorted()))
        }
    }

    private mutating func kill(_ key: ArticleKey, _ live: Found, as outcome: Outcome, hour: UInt32) {
        kills.append(Kill(key: key, version: live.version, orderTime: live.orderTime))
        count(.published, live.source, hour, by: -1)
        count(outcome, live.source, hour)
    }

    private mutating func built(_ segment: SegmentReference, _ bytes: [UInt8]) {
        guard stage == .building, let attempt else { return }
        var named = segment
        named.attempt = attempt
        stage = .uploading
        report = makeReport(named)
        actions.append(.operation(create.start(name: named.objectName, bytes: bytes)))
    }

    private mutating func completed(_ tag: OperationTag, _ result: BucketResult, now: Moment) {
        let (outcome, next) = create.handle(tag, result, now: now)
        if let next { actions.append(.operation(next)) }
        guard let outcome, stage == .uploading, let report else { return }
        switch outcome {
        case .created: send(report.segment, now: now)
        case .taken: rejoin()
        case .failed(let failure):
            actions.append(.note("the segment could not be uploaded: \(failure)"))
            rejoin()
        }
    }

    private func makeReport(_ segment: SegmentReference?) -> SealedReport {
        SealedReport(
            number: nextReport,
            entries: runs.sorted { $0.key < $1.key }.map {
                SealedReport.Entry(shardLane: $0.key, epoch: $0.value.epoch, from: $0.value.from, to: $0.value.to)
            },
            segment: segment,
            counts: counts.filter { $0.value != 0 }.map {
                OutcomeCount(source: $0.key.source, hour: $0.key.hour, outcome: $0.key.outcome, delta: $0.value)
            }.sorted { ($0.hour, $0.source, $0.outcome) < ($1.hour, $1.source, $1.outcome) })
    }

    private mutating func send(_ segment: SegmentReference?, now: Moment) {
        let report = report ?? makeReport(nil)
        actions.append(.send(.sealed(report)))
        unpublished.insert(report.number)
        if let segment, let entry = report.entries.first {
            own.append(Own(segment: segment, stream: entry.shardLane, to: entry.to))
        }
        nextReport += 1
        self.report = nil
        clearBuilder()
        stage = .filling
        takeQueued(now: now)
    }
}

extension [Worker.Own] {
    /// Those that a look-up in the snapshot of `manifest` must read besides it; all if there is no snapshot yet.
    package func notIncluded(in manifest: Manifest?) -> [Worker.Own] {
        filter { own in manifest.map { !own.isIncluded(in: $0) } ?? true }
    }
}
