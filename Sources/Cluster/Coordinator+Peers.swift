import News
import Storage
import Wire

// Workers and mergers: who joins, what they say, who leaves.
extension Coordinator {
    mutating func receive(_ message: Message, from peer: PeerID, now: Moment) {
        if case .quit = message {
            answers.quit(peer)
            return
        }
        guard phase == .reigning else {
            actions.append(.send(peer, .error(code: .notCoordinator, message: presentAddress)))
            actions.append(.close(peer))
            return
        }
        leases?.heard(peer, now: now.milliseconds)
        merges.heard(peer, now: now.milliseconds)
        feedShares?.heard(peer, now: now.milliseconds)
        switch message {
        case .join(let instance): join(peer, instance, now: now)
        // Nothing new is possible by it, and it is the commonest.
        case .touch:
            switch feedShares?.touch(peer) ?? .atOnce {
            case .atOnce: return actions.append(.send(peer, .touched))
            case .later: return look(now: now)
            case .never: return refuseMessage(peer, "\(FeedShares.touchLimitCount) TOUCHes wait", .busy)
            }
        case .credit(let lane, let bytes): router?.credit(peer, lane, bytes: bytes)
        case .sealed(let report): guard take(report, from: peer, now: now) else { return }
        case .poison(let reports):
            poison(reports, from: peer)
            // It begins anew: what it took in besides goes to whoever holds the shards next.
            actions.append(.close(peer))
            leave(peer, now: now, isOrderly: true)
        case .merged(let report):
            guard let job = merges.report(report.job, by: peer) else {
                return actions.append(.send(peer, .refused(report: report.job)))
            }
            publisher?.add(job, outputs: report.outputs, left: report.left)
        case .found(let report):
            guard merges.reportSearch(report.job, by: peer, now: now.milliseconds) else { break }
            eraser?.found(report.names, now: now)
        case .scanned(let report):
            guard merges.reportSearch(report.job, by: peer, now: now.milliseconds) else { break }
            expirer.scanned(report.expirations)
        case .mergeFailed(let job, let why): failed(job, why, by: peer, now: now)
        case .kept(let share, let epoch):
            // Before it joins, so nothing follows of it yet.
            feedShares?.kept(peer, share, epoch)
            return
        case .returned(let share, let epoch): feedShares?.returned(peer, share, epoch)
        case .drain:
            if peers.role(of: peer) == .fetcher {
                feedShares?.leaving(peer)
            } else {
                leave(peer, now: now, isOrderly: true)
            }
        case .error(let code, let text):
            actions.append(.note("peer \(peer.number): \(code.rawValue) \(text)"))
            actions.append(.close(peer))
            leave(peer, now: now)
        case .compact: guard compact(peer) else { return }
        default: refuseMessage(peer, "this command is not for a coordinator")
        }
        advance(now: now)
    }

    private mutating func look(now: Moment) {
        if let operation = feedShares?.tick(now: now) { actions.append(.operation(operation)) }
    }

    mutating func looked(_ tag: OperationTag, _ result: BucketResult, now: Moment) {
        guard feedShares != nil, phase == .reigning else { return }
        guard let touched = feedShares!.looked(tag, result, now: now) else { return fence() }
        for peer in touched { actions.append(.send(peer, .touched)) }
        look(now: now)
    }

    /// - Returns: whether it was taken.
    private mutating func take(_ report: SealedReport, from peer: PeerID, now: Moment) -> Bool {
        switch peers.take(report, from: peer) {
        case .taken:
            publisher?.add(report, from: peer)
            answerWaiters()
            return true
        case .notJoined: refuseMessage(peer, "SEALED before JOIN")
        case .outOfTurn(let last):
            refuseMessage(peer, "report \(report.number) came after \(last)")
            leave(peer, now: now)
        case .tooMany(let count): refuseMessage(peer, "\(count) reports of this worker wait", .busy)
        }
        return false
    }

    private mutating func failed(_ job: UInt64, _ why: String, by peer: PeerID, now: Moment) {
        if merges.reportSearch(job, by: peer, now: now.milliseconds) {
            if expirer.isScanning {
                take(expirer.scanFailed(why, now: now), now: now)
            } else {
                take(eraser?.failed("search \(job) failed: \(why)", now: now) ?? [], now: now)
            }
        } else if merges.report(job, by: peer) != nil {
            mergeFailed(job, why, now: now)
        }
    }

    /// - Returns: whether it will be answered.
    private mutating func compact(_ peer: PeerID) -> Bool {
        if isDraining {
            refuseMessage(peer, "the coordinator drains", .draining)
        } else if let why = roomGuard.refusal(.bulk) {
            refuseMessage(peer, why, .storeFailed)
        } else if !answers.compaction(peer) {
            refuseMessage(peer, "\(OwedAnswers.compactionLimitCount) compactions are asked for", .busy)
        } else {
            merges.requestCompaction()
            return true
        }
        return false
    }

    mutating func refuseMessage(_ peer: PeerID, _ why: String, _ code: ErrorCode = .notAllowed) {
        actions.append(.send(peer, .error(code: code, message: why)))
        actions.append(.close(peer))
    }

    private mutating func join(_ peer: PeerID, _ instance: Instance, now: Moment) {
        guard !peers.hasJoined(peer), let head = publisher?.head, let role = peers.role(of: peer) else {
            return refuseMessage(peer, "JOIN twice or before HELLO")
        }
        guard [.worker, .merger, .fetcher].contains(role) else {
            return refuseMessage(peer, "JOIN is for workers, mergers and fetchers")
        }
        // The same process again: its older connection is dead, and need not be waited for.
        for older in peers.members(of: instance) {
            actions.append(.note("peer \(older.number) joined again as \(peer.number)"))
            actions.append(.close(older))
            leave(older, now: now)
        }
        let attempt = attempts.take()
        peers.join(peer, instance, attempt)
        actions.append(
            .send(
                peer,
                .joined(
                    term: term, attempt: attempt, leaseMilliseconds: UInt32(configuration.leaseMilliseconds),
                    settings: head.settings.encoded)))
        switch role {
        case .merger: merges.join(peer, now: now.milliseconds)
        case .fetcher: feedShares?.join(peer, now: now.milliseconds)
        default:
            leases?.join(peer, now: now.milliseconds)
            router?.joined(peer)
        }
    }

    /// Believes a worker that its articles are to be decided upon, if it holds their shards and nobody counted them.
    private mutating func poison(_ reports: [PoisonReport], from peer: PeerID) {
        guard let leases, let router, let publisher else { return }
        for report in reports {
            guard leases.holds(peer, report.stream.shard, report.epoch),
                report.position > publisher.coming[watermark: report.stream],
                report.position <= router.sentTo(report.stream)
            else {
                actions.append(
                    .note("peer \(peer.number) gives up entry \(report.position.name), which is not its own"))
                continue
            }
            quarantine.add(report)
        }
    }

    /// - Parameter isOrderly: it left by its own will. Else what it was given may have ended it.
    mutating func leave(_ peer: PeerID, now: Moment, isOrderly: Bool = false) {
        if !isOrderly, let leases, let router, let publisher, peers.hasJoined(peer) {
            for grant in leases.shards(of: peer) {
                for lane in Lane.allCases {
                    let stream = ShardLane(grant.shard, lane)
                    quarantine.lost(
                        stream, watermark: publisher.head[watermark: stream], sentTo: router.sentTo(stream))
                }
            }
        }
        answers.leave(peer)
        feedShares?.remove(peer)
        guard peers.leave(peer) else { return }
        leases?.remove(peer)
        router?.left(peer)
        publisher?.drop(peer)
        merges.remove(peer)
    }

    /// A dead letter is an article again, and the shard's holder was told with its lease that it is none: it begins anew.
    mutating func renewLease(of shard: Shard, now: Moment) {
        guard let holder = leases?.grant(of: shard)?.worker else { return }
        actions.append(.note("peer \(holder.number) begins anew: a dead letter of shard \(shard.index) is retried"))
        actions.append(.close(holder))
        leave(holder, now: now, isOrderly: true)
    }
}
