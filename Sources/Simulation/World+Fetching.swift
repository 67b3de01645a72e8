import Cluster
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

    func bootFetcher(_ index: Int, _ instance: Instance) throws {
        let run = processes[index].run
        let isForgotten = run > 1 && !isHealing && random.chance(100)
        if isForgotten {
            count("poll state lost")
            note("poll state lost", .fault)
        }
        processes[index].fetcher!.restart(
            run: run, seed: random.next() >> 1, instance: instance, wallFactor: scenario.wallFactor,
            isForgotten: isForgotten,
            now: moment(of: index).wall)
        let memory = processes[index].fetcher!.memory
        let web = WebMemory(
            robots: memory.robots.values.sorted { $0.origin < $1.origin },
            holds: memory.holds.values.sorted { $0.site < $1.site })
        try step(fetcher: index, .remember(web))
        try step(fetcher: index, .pause(true))
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
            case .start(let request):
                guard processes[index].fetcher!.holder.mayAsk(now: moment(of: index)) else {
                    schedule(
                        after: 0,
                        .feedAnswer(process: index, run: run, request: request.number, url: "", .timedOut, nil))
                    continue
                }
                try fetch(request, on: index)
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
            case .left(let url):
                let share = FeedShare(ofFeed: url)
                processes[index].fetcher!.releasing[share]?.remove(url)
                try finishRelease(of: share, on: index)
            }
        }
        let fetcher = processes[index].fetcher!
        if isRunning(index, run), fetcher.isDraining, !fetcher.hasLeft, fetcher.scheduler.isIdle {
            processes[index].fetcher!.hasLeft = true
            try hold(fetcher: index, .drain)
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

    // MARK: Shares

    func tick(fetcher index: Int) throws {
        let run = processes[index].run
        try hold(fetcher: index, .tick)
        guard isRunning(index, run) else { return }
        let mayAsk = processes[index].fetcher!.holder.mayAsk(now: moment(of: index))
        if mayAsk == processes[index].fetcher!.isPaused {
            processes[index].fetcher!.isPaused = !mayAsk
            try step(fetcher: index, .pause(!mayAsk))
        }
        if isRunning(index, run) { try step(fetcher: index, .tick) }
    }

    func hold(fetcher index: Int, _ event: ShareHolder.Event) throws {
        let run = processes[index].run
        for action in processes[index].fetcher!.holder.handle(event, now: moment(of: index))
        where isRunning(index, run) {
            switch action {
            case .send(let message): sendUp(index, message)
            case .reconnect: reconnect(index)
            case .operation(let operation): issue(operation, from: index)
            case .take(let share, let epoch, let state): try take(share, epoch, state, on: index)
            case .renew(let share, let epoch):
                save(.pollSave, on: index) { $0.memory.shares[share] = epoch }
            case .release(let share):
                let urls = forget(share, on: index)
                processes[index].fetcher!.releasing[share] = Set(urls)
                try step(fetcher: index, .leave(urls))
                if isRunning(index, run) { try finishRelease(of: share, on: index) }
            case .drop(let share):
                let left = processes[index].fetcher!.releasing.removeValue(forKey: share) ?? []
                try step(fetcher: index, .drop(forget(share, on: index) + left.sorted()))
            case .drained:
                note("drained \(index)", .process)
                stop(index)
            case .note(let text): note("fetcher \(index): \(text)")
            }
        }
    }

    private func take(_ share: FeedShare, _ epoch: ShardEpoch, _ state: [UInt8]?, on index: Int) throws {
        let run = processes[index].run
        save(.pollSave, on: index) { fetcher in
            if let state { fetcher.memory.absorb(self.handedOver[Int(state[0]) << 8 | Int(state[1])]) }
            fetcher.memory.shares[share] = epoch
        }
        guard isRunning(index, run) else { return }
        if state != nil { count("a share was handed over") }
        let memory = processes[index].fetcher!.memory
        if state != nil {
            let part = memory.part(of: share)
            try step(
                fetcher: index,
                .remember(
                    WebMemory(
                        robots: part.robots.values.sorted { $0.origin < $1.origin },
                        holds: part.holds.values.sorted { $0.site < $1.site })))
        }
        let list = feeds.enumerated().filter { FeedShare(ofFeed: $0.element.url) == share }.map { number, feed in
            (
                feed: FeedSpecification(
                    url: feed.url,
                    intervalMilliseconds: number == 0 && scenario.seed % 4 == 0 ? 1000 * scenario.wallFactor : nil,
                    wantsPages: feed.wantsPages),
                state: memory.feeds[feed.url]
            )
        }
        processes[index].fetcher!.polled.formUnion(list.map(\.feed.url))
        if !list.isEmpty { try step(fetcher: index, .add(list)) }
        if isRunning(index, run) { try hold(fetcher: index, .taken(share)) }
    }

    private func finishRelease(of share: FeedShare, on index: Int) throws {
        guard processes[index].fetcher!.releasing[share]?.isEmpty == true else { return }
        processes[index].fetcher!.releasing[share] = nil
        let number = handedOver.count
        handedOver.append(processes[index].fetcher!.memory.part(of: share))
        try hold(fetcher: index, .released(share, state: [UInt8(number >> 8), UInt8(number & 0xFF)]))
    }

    private func forget(_ share: FeedShare, on index: Int) -> [String] {
        let urls = processes[index].fetcher!.polled.filter { FeedShare(ofFeed: $0) == share }.sorted()
        processes[index].fetcher!.polled.subtract(urls)
        return urls
    }

    // MARK: Polls

    private func fetch(_ request: FetchScheduler.Request, on index: Int) throws {
        var delay = Int64(random.int(5...120))
        if let feed = request.purpose.feed {
            let share = FeedShare(ofFeed: feed)
            let epoch = processes[index].fetcher!.memory.shares[share]
            try properties.asked(share, under: epoch)
        }
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
        default: try hold(fetcher: index, .message(message))
        }
    }
}
