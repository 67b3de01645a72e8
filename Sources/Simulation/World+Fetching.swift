import Fetching
import News
import Storage
import Wire

// Feeds that change, servers that fail, and the calls of `FetcherRole`. The poll state is written at once and survives the
// process; now and then the whole file is lost.
extension World {
    enum FeedAnswer {
        /// Status 200 with all it shows, or 304.
        case shown(version: Int, items: [SimulatedFeed.Item]?, startedAt: Int64)
        case robots(forbids: Bool)
        case page(isThere: Bool)
        case failed(status: Int, retryAfterMilliseconds: Int64?)
        case timedOut
    }

    func populateFeeds() {
        feeds = (0..<3).map { SimulatedFeed(url: "https://feed\($0).example/rss", wantsPages: $0 > 0) }
        for index in feeds.indices {
            for _ in 0..<random.int(4...10) {
                schedule(at: Int64(random.int(0...Int(Self.workMilliseconds))), .feedChange(index))
            }
        }
    }

    func bootFetcher(_ index: Int) throws {
        let run = processes[index].run
        let isForgotten = run > 1 && !isHealing && random.chance(100)
        if isForgotten {
            count("poll state lost")
            note("poll state lost", .fault)
        }
        processes[index].fetcher!.restart(
            run: run, seed: random.next() >> 1, wallFactor: scenario.wallFactor, isForgotten: isForgotten,
            now: moment(of: index).wall)
        let memory = processes[index].fetcher!.memory
        let list = feeds.enumerated().map { number, feed in
            (
                feed: FeedSpecification(
                    url: feed.url,
                    intervalMilliseconds: number == 0 && scenario.seed % 4 == 0 ? 1000 * scenario.wallFactor : nil,
                    wantsPages: feed.wantsPages),
                state: memory.feeds[feed.url]
            )
        }
        let web = WebMemory(
            robots: memory.robots.values.sorted { $0.origin < $1.origin },
            holds: memory.holds.values.sorted { $0.site < $1.site })
        try step(fetcher: index, .remember(web))
        try step(fetcher: index, .add(list))
    }

    func step(fetcher index: Int, _ event: FetchScheduler.Event) throws {
        let run = processes[index].run
        for action in processes[index].fetcher!.scheduler.handle(event, now: moment(of: index).wall)
        where isRunning(index, run) {
            switch action {
            case .saveAttempt(let url, let time):
                save(.attemptSave, on: index) { fetcher in
                    var state =
                        fetcher.memory.feeds[url]
                        ?? FeedState(
                            url: url,
                            intervalMilliseconds: SimulatedFetcher.settings(wallFactor: scenario.wallFactor)
                                .firstIntervalMilliseconds)
                    state.lastAttempt = time
                    fetcher.memory.feeds[url] = state
                }
            case .saveRobots(let state):
                save(.attemptSave, on: index) { $0.memory.robots[state.origin] = state }
            case .saveHold(let hold): save(.attemptSave, on: index) { $0.memory.holds[hold.site] = hold }
            case .start(let request): fetch(request, on: index)
            case .keep(let url, let entries):
                let items = processes[index].fetcher!.items
                processes[index].fetcher!.kept[url] = Dictionary(
                    uniqueKeysWithValues: entries.map { ($0, items[$0]) })
            case .put(let batch): put(batch, on: index)
            case .save(let state, let seen):
                save(.pollSave, on: index) { fetcher in
                    fetcher.memory.feeds[state.url] = state
                    for entry in seen { fetcher.memory.seen[state.url, default: [:]][entry.key] = entry }
                    guard let answer = fetcher.answered.removeValue(forKey: state.url) else { return }
                    guard let number = self.feeds.firstIndex(where: { $0.url == state.url }) else { return }
                    let seen = fetcher.memory.seen[state.url] ?? [:]
                    self.feeds[number].polled(answer.version, startedAt: answer.startedAt) {
                        seen[$0.key]?.contentHash == $0.contentHash
                    }
                }
            case .forget(let url): processes[index].fetcher!.memory.feeds[url] = nil
            }
        }
        let fetcher = processes[index].fetcher!
        if isRunning(index, run), fetcher.isDraining, fetcher.scheduler.isIdle {
            note("drained \(index)", .process)
            stop(index)
        }
    }

    private func save(_ step: Step, on index: Int, _ write: (inout SimulatedFetcher) -> Void) {
        let fault = strike(step)
        if fault == .crashBefore { return stop(index) }
        write(&processes[index].fetcher!)
        switch fault {
        case .crashHandled: stop(index)
        case .pause: pause(index)
        case .drain: schedule(after: 0, .drain(process: index, run: processes[index].run))
        default: break
        }
    }

    // MARK: Polls

    private func fetch(_ request: FetchScheduler.Request, on index: Int) {
        var delay = Int64(random.int(5...120))
        let fault = strike(.feedRequest)
        var url = ""
        var answer = FeedAnswer.robots(forbids: !isHealing && random.chance(50))
        switch request.purpose {
        case .feed(let name):
            guard let feed = feeds.first(where: { $0.url == name }) else { return }
            url = name
            answer = .shown(
                version: feed.version, items: request.etag == feed.etag ? nil : feed.items, startedAt: now)
        case .page: answer = .page(isThere: random.chance(900))
        case .robots: break
        }
        switch fault {
        case .crashBefore: return stop(index)
        case .crashAfter: schedule(after: delay, .crash(process: index, run: processes[index].run))
        case .pause: pause(index)
        case .drain: schedule(after: 0, .drain(process: index, run: processes[index].run))
        case .slow:
            delay = longDelay()
            if random.chance(500) { answer = .timedOut }
        case .refused:
            answer = .failed(
                status: random.pick([429, 500, 503]),
                retryAfterMilliseconds: random.chance(500) ? Int64(random.int(1...3000)) * scenario.wallFactor : nil)
        default: break
        }
        schedule(
            after: delay,
            .feedAnswer(
                process: index, run: processes[index].run, request: request.number, url: url, answer, fault))
    }

    func feedAnswered(_ index: Int, _ request: UInt64, _ url: String, _ answer: FeedAnswer) throws {
        switch answer {
        case .timedOut: try step(fetcher: index, .failed(request: request, why: "time-out"))
        case .robots(let forbids):
            var response = FetchScheduler.Response(status: forbids ? 200 : 404)
            if forbids { response.text = Array("User-agent: *\nDisallow: /\n".utf8) }
            try step(fetcher: index, .responded(request: request, response))
        case .page(let isThere):
            try step(fetcher: index, .responded(request: request, FetchScheduler.Response(status: isThere ? 200 : 404)))
        case .failed(let status, let retryAfter):
            var response = FetchScheduler.Response(status: status)
            response.retryAt = retryAfter.map {
                Timestamp(milliseconds: moment(of: index).wall.milliseconds + $0)
            }
            try step(fetcher: index, .responded(request: request, response))
        case .shown(let version, let items, let startedAt):
            processes[index].fetcher!.answered[url] = (version, startedAt)
            processes[index].fetcher!.items = items ?? []
            var response = FetchScheduler.Response(status: items == nil ? 304 : 200)
            response.etag = "\"\(version)\""
            let feed = feeds.first { $0.url == url }
            response.entries = (items ?? []).map {
                FetchScheduler.Entry(key: $0.key, contentHash: $0.contentHash, page: feed?.page(of: $0))
            }
            let seen = processes[index].fetcher!.memory.seen[url] ?? [:]
            for entry in response.entries { response.known[entry.key] = seen[entry.key] }
            try step(fetcher: index, .responded(request: request, response))
        }
    }

    // MARK: Batches

    private func put(_ batch: FetchScheduler.Batch, on index: Int) {
        let kept = processes[index].fetcher!.kept.removeValue(forKey: batch.feed)
        let items = processes[index].fetcher!.items
        let entries = batch.entries.map { entry in
            var article = (kept?[entry.index] ?? items[entry.index]).article
            article.firstSeen = entry.firstSeen
            return LogEntry.article(pool.logged(article))
        }
        let fetcher = processes[index].fetcher!
        let id = BatchID(client: fetcher.name, number: fetcher.nextNumber)
        processes[index].fetcher!.nextNumber += 1
        processes[index].fetcher!.outgoing.append(
            SimulatedFetcher.Outgoing(
                batch: batch.number, feed: batch.feed, put: SimulatedClient.Batch(id, .live, .durable, entries)))
        if fetcher.outgoing.isEmpty { sendFromFetcher(index) }
    }

    /// The first batch that is not acknowledged, again if need be.
    func sendFromFetcher(_ index: Int) {
        guard let id = processes[index].connection, !connections[id].isCut,
            let first = processes[index].fetcher!.outgoing.first
        else { return }
        send(id, toServer: true, first.put.message)
    }

    func receiveAtFetcher(_ index: Int, _ message: Message) throws {
        let run = processes[index].run
        switch message {
        case .accepted(let number, _):
            guard let first = processes[index].fetcher!.outgoing.first, first.put.id.number == number else { return }
            processes[index].fetcher!.outgoing.removeFirst()
            if let feed = feeds.firstIndex(where: { $0.url == first.feed }) {
                feeds[feed].acknowledged.append(first.put.id)
            }
            try step(fetcher: index, .acknowledged(batch: first.batch))
            guard isRunning(index, run) else { return }
            sendFromFetcher(index)
        case .refusedBatch(let number, let code, _):
            if code == .idReused { throw Violation(property: "a batch may be sent again", detail: "batch \(number)") }
            schedule(after: Int64(random.int(100...1000)), .clientSend(process: index, run: run))
        default: break
        }
    }
}
