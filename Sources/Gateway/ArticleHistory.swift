import ByteCoding
package import Engine
package import News
package import Roles
package import Storage

/// What happened to one article as far as the log is kept: when its versions came, and what became of each.
package struct ArticleHistory: Sendable {
    package enum Fate: Equatable, Sendable {
        case live
        /// A larger version of the key won.
        case superseded(by: Version)
        /// The same version came before.
        case duplicate
        case rejected(RejectionReason)
        /// Its key is retracted.
        case retracted
        /// Behind a horizon of retention, or of a smaller version than one that was.
        case expired
        /// Accepted, and not yet in a snapshot.
        case pending(watermark: Position)
        /// It ended who indexed it, and is not given to a worker again unless somebody asks for it.
        case deadLettered
        /// Published, and neither live nor explained by what is kept.
        case gone

        package var name: String {
            switch self {
            case .live: "live"
            case .superseded: "superseded"
            case .duplicate: "duplicate"
            case .rejected: "rejected"
            case .retracted: "retracted"
            case .expired: "expired"
            case .pending: "pending"
            case .deadLettered: "dead-lettered"
            case .gone: "gone"
            }
        }
    }

    package enum Content: Equatable, Sendable {
        case article(LoggedArticle)
        /// A dead letter that came again as an article, because somebody asked for it.
        case retried(LoggedArticle)
        case deadLetter(DeadLetter)
        case dropped(DeadLetter.ID)
        /// Versions of the key up to one were found behind a horizon.
        case expired(Expiration)
        /// Of the retracted or expired key: no log object and no kept generation has its text any more.
        case erased
        case rejection(Rejection)
        case retraction(Retraction)
    }

    package struct Event: Equatable, Sendable {
        package var position: Position
        package var receivedAt: Timestamp
        package var lane: Lane
        /// Who sent the batch, and the number of the batch.
        package var client: String
        package var batch: UInt64
        package var content: Content
        package var fate: Fate?
    }

    package let address: ArticleAddress
    package let generation: Generation
    /// What the snapshot has.
    package let live: LiveVersion?
    package let retraction: Retraction?
    /// What expired of it and is not erased yet.
    package let expiration: Expiration?
    /// The rule of retention for the source of its newest article that the log tells of, or else of the live one.
    package private(set) var rule: RetentionHorizon?
    package private(set) var events: [Event] = []
    /// When the oldest object of the log that is kept was written: what came before cannot be told. Nil: nothing is kept.
    package private(set) var horizon: Timestamp?
    /// Whether the log is kept from its very first object on.
    package private(set) var isWhole = false

    /// Reads the whole log that is kept: minutes for a large one.
    package init(of address: ArticleAddress, in snapshot: OpenSnapshot, _ loader: SnapshotLoader) throws {
        self.address = address
        generation = snapshot.generation
        live = try address.key.flatMap { try snapshot.reader.lookup(keys: [$0])[0] }
        let state = try snapshot.loaded.map { try loader.state(of: $0.manifest) } ?? ClusterState()
        retraction = address.key.flatMap { state.retractions[$0] }
        expiration = address.key.flatMap { state.erasures[$0]?.expiration }
        let log = try KeptLog(loader, newest: snapshot.loaded)
        try log.forEachObject { object in
            // The first object of a term has no entries, and need not have a time.
            if object.number == 0 { isWhole = isWhole || object.term == Term(1) }
            if horizon == nil, object.number > 0 { horizon = object.acceptedAt }
            append(object)
        }
        let source = events.last { $0.content.article != nil }?.content.article?.source ?? live?.source
        rule = source.flatMap { state.retention.rule(of: $0) }
        judge(snapshot.loaded?.manifest)
    }

    /// Keys that begin so in what is retracted and, as `why` reads all of it anyway, in the log.
    package static func keys(
        _ prefix: KeyPrefix, in snapshot: OpenSnapshot, _ loader: SnapshotLoader
    ) throws -> Set<ArticleKey> {
        let state = try snapshot.loaded.map { try loader.state(of: $0.manifest) } ?? ClusterState()
        var keys = Set(state.retractions.keys.filter(prefix.contains))
        try KeptLog(loader, newest: snapshot.loaded).forEachObject { object in
            object.forEachEntry { _, _, entry in
                if let key = entry.routedKey, prefix.contains(key) { keys.insert(key) }
            }
        }
        return keys
    }

    private mutating func append(_ object: LogObject) {
        var index: UInt32 = 0
        for batch in object.batches {
            for entry in batch.entries {
                let position = Position(term: object.term, number: object.number, index: index)
                index += 1
                guard let content = content(of: entry) else { continue }
                events.append(
                    Event(
                        position: position, receivedAt: object.acceptedAt, lane: batch.lane, client: batch.client,
                        batch: batch.number, content: content))
            }
        }
    }

    /// Nil if the entry is about something else.
    private func content(of entry: LogEntry) -> Content? {
        switch entry {
        case .article(let article): article.key == address.key ? .article(article) : nil
        case .retraction(let retraction): retraction.key == address.key ? .retraction(retraction) : nil
        case .rejection(let rejection): isAbout(rejection) ? .rejection(rejection) : nil
        case .deadLetter(let letter): letter.article.key == address.key ? .deadLetter(letter) : nil
        case .retried(let article): article.key == address.key ? .retried(article) : nil
        case .dropped(let id): id.key == address.key ? .dropped(id) : nil
        case .erased(let bound): bound.key == address.key ? .erased : nil
        case .expired(let expiration): expiration.key == address.key ? .expired(expiration) : nil
        case .feed, .horizon: nil
        }
    }

    /// Rejected inputs have no key of their own: they are known by their place, which may be a key, a URL or a line.
    private func isAbout(_ rejection: Rejection) -> Bool {
        let place = rejection.place
        if place == address.text || place.hasPrefix(address.text + ":") { return true }
        if let key = address.key, place == key.hex { return true }
        return address.canonicalURL.map { place.contains($0) || place.contains(address.text) } ?? false
    }

    // MARK: Fates

    private mutating func judge(_ manifest: Manifest?) {
        var seen: Set<Version> = []
        var best: Version? = live?.version
        // A decision accounts for one entry; of another of the same version nothing more can come.
        var letters: [Position: Version] = [:]
        let expirations = events.compactMap { event -> (Position, Version)? in
            if case .expired(let expiration) = event.content { (event.position, expiration.through) } else { nil }
        }
        for event in events {
            if case .deadLetter(let letter) = event.content { letters[letter.position] = letter.article.version }
        }
        for event in events where letters[event.position] == nil {
            if let article = event.content.article, pendingMark(event, manifest) == nil {
                best = max(best ?? article.version, article.version)
            }
        }
        for index in events.indices {
            let event = events[index]
            switch event.content {
            case .rejection(let rejection): events[index].fate = .rejected(rejection.reason)
            case .retraction, .expired:
                if event.position > manifest?.foldedTo ?? .start {
                    events[index].fate = .pending(watermark: manifest?.foldedTo ?? .start)
                }
            case .deadLetter, .dropped, .erased: break
            case .article, .retried:
                guard let article = event.content.article else { break }
                if letters[event.position] != nil {
                    events[index].fate = .deadLettered
                    seen.insert(article.version)
                } else if let watermark = pendingMark(event, manifest) {
                    events[index].fate = .pending(watermark: watermark)
                } else if !seen.insert(article.version).inserted, !event.content.isRetried {
                    events[index].fate = .duplicate
                } else if live?.version == article.version {
                    events[index].fate = .live
                } else if let best, article.version < best {
                    events[index].fate = .superseded(by: best)
                } else if retraction == nil,
                    expirations.contains(where: { event.position < $0 && article.version <= $1 })
                        || expiration.map({ article.version <= $0.through }) ?? false
                {
                    events[index].fate = .expired
                } else {
                    events[index].fate = retraction == nil ? .gone : .retracted
                }
            }
        }
    }

    /// The watermark of the article's stream, if the event is behind it: not yet published.
    private func pendingMark(_ event: Event, _ manifest: Manifest?) -> Position? {
        guard let manifest, let key = address.key else { return .start }
        let watermark = manifest[watermark: ShardLane(manifest.sharding.shard(of: key), event.lane)]
        return event.position > watermark ? watermark : nil
    }
}

extension ArticleHistory.Content {
    fileprivate var isRetried: Bool { if case .retried = self { true } else { false } }

    fileprivate var article: LoggedArticle? {
        switch self {
        case .article(let article), .retried(let article): article
        case .rejection, .retraction, .deadLetter, .dropped, .erased, .expired: nil
        }
    }
}
