import ByteCoding
import News
import Storage

// What the coordinator decides of its own: what becomes a dead letter, what expires, what is erased, what is collected.
extension Coordinator {
    mutating func take(_ outputs: [Quarantine.Output], now: Moment) {
        for output in outputs {
            switch output {
            case .operation(let operation): actions.append(.operation(operation))
            case .decide(let letter):
                actions.append(.deciding(.deadLetter))
                actions.append(
                    .note("article \(letter.article.key.hex) becomes a dead letter: \(letter.reason)"))
                log([.deadLetter(letter)], as: .deadLetter, letter.article.version.recordHash, now: now)
            case .note(let text): actions.append(.note(text))
            case .failed(let message): failUnlessOvertaken(message)
            }
        }
    }

    /// Position that the snapshot must come to before all is in it that the log says. What lies behind, such as the first object
    /// of a term, changes nothing: no manifest is written for it alone.
    private func toBeCovered(_ publisher: Publisher) -> Position {
        folded.hasNews ? folded.folding.foldedTo : publisher.coming.foldedTo
    }

    /// Lets the expirer and the eraser go on, one of which at a time has a merger.
    mutating func erase(now: Moment) {
        guard let publisher, let collector, let eraser, !isDraining else { return }
        let scan = Expirer.View(
            head: publisher.snapshot, state: folded.state, toBeCovered: toBeCovered(publisher),
            hasStanding: folded.expiringCount > 0,
            isMergerBusy: merges.isErasureBusy, isErasing: !eraser.isIdle,
            hasComingRules: admission.isRuleComing)
        take(expirer.step(scan, now: now), now: now)
        guard !expirer.isScanning, !folded.state.erasures.isEmpty || !eraser.isIdle else { return }
        let view = Eraser.View(
            head: publisher.snapshot, state: folded.state, toBeCovered: toBeCovered(publisher),
            newestToken: intake.newestToken,
            oldestWaitingToken: log?.oldestWaitingToken, collector: collector, isMergerBusy: merges.isErasureBusy)
        take(self.eraser!.step(view, now: now), now: now)
    }

    mutating func take(_ outputs: [Expirer.Output], now: Moment) {
        for output in outputs {
            switch output {
            case .request(let work): merges.request(work)
            case .log(let entries):
                actions.append(.deciding(.expiry))
                log(entries, as: .expiry, now: now)
            case .note(let text): actions.append(.note(text))
            }
        }
    }

    mutating func take(_ outputs: [Eraser.Output], now: Moment) {
        for output in outputs {
            switch output {
            case .operation(let operation): actions.append(.operation(operation))
            case .request(let work): merges.request(work)
            case .survey: collector?.hurry(now: now)
            case .erased(let bounds):
                actions.append(.deciding(.erasure))
                log(bounds.map { .erased($0) }, as: .erasure, now: now)
            case .note(let text): actions.append(.note(text))
            case .fenced: fence()
            }
        }
    }

    mutating func take(_ outputs: [Collector.Output], now: Moment) {
        for output in outputs {
            switch output {
            case .operation(let operation): actions.append(.operation(operation))
            case .abandoned(let why): actions.append(.note("a collection ends early: \(why)"))
            case .finished(let count): if count > 0 { actions.append(.note("collected \(count) objects")) }
            case .unreadable(let generation, let why):
                actions.append(.note("generation \(generation.number) cannot be read and is kept no longer: \(why)"))
                unreadable.note(generation, why)
            case .fenced: fence()
            case .judged: break
            }
        }
    }

    // MARK: Batches of our own

    /// - Parameter digest: if it is not that of the entries' bytes.
    private mutating func log(_ entries: [LogEntry], as own: OwnBatch, _ digest: Digest256? = nil, now: Moment) {
        let token = intake.takeToken()
        ownBatches[token] = own
        if own == .expiry { admission.begin(token, entries) }
        let batch = LogObject.Batch(
            client: "", number: token, digest: digest ?? Self.digest(of: entries), lane: .live, entries: entries)
        let size = entries.reduce(0) { $0 + $1.heldBytes }
        take(log!.append(token: token, batch: batch, sizeBytes: size, now: now), now: now)
    }

    private static func digest(of entries: [LogEntry]) -> Digest256 {
        var bytes = ByteWriter()
        for entry in entries { entry.encode(to: &bytes) }
        return SHA256.hash(of: bytes.bytes)
    }

    /// If the batch is our own it is in the log now, and in the state.
    mutating func ownDurable(_ token: UInt64) {
        switch ownBatches.removeValue(forKey: token) {
        case .deadLetter:
            quarantine.decided()
            actions.append(.decided(.deadLetter))
        case .expiry:
            expirer.logged()
            actions.append(.decided(.expiry))
        case .erasure: actions.append(.decided(.erasure))
        case nil: break
        }
    }

    /// If the batch is our own whoever wanted it begins anew.
    mutating func ownRefused(_ token: UInt64, _ why: String, now: Moment) {
        switch ownBatches.removeValue(forKey: token) {
        case .deadLetter: take(quarantine.undecided(why, now: now), now: now)
        case .expiry: take(expirer.refused(why, now: now), now: now)
        case .erasure: take(eraser?.failed(why, now: now) ?? [], now: now)
        case nil: break
        }
    }
}
