import News
import Storage
import Wire

// Batches: from PUT into the log, and to the answer.
extension Coordinator {
    mutating func accept(_ put: Put, from peer: PeerID, now: Moment) {
        guard phase == .reigning, log != nil, let head = publisher?.head else {
            return refuse(put, peer, .notCoordinator, presentAddress)
        }
        let asker = Asker(peer: peer, ack: put.ack)
        switch intake.look(put.id, put.digest) {
        case .reused: return refuse(put, peer, .idReused, "batch \(put.id.number) was used for another payload")
        case .answered(let counts):
            // It is in the log, so it cannot be refused; it can be asked for again.
            guard put.ack == .durable || answers.owe(peer) else { return refuseMessage(peer, Self.owedTooMuch, .busy) }
            return answer(asker, put, counts)
        case .coming(let token):
            guard answers.owe(peer) else { return refuseMessage(peer, Self.owedTooMuch, .busy) }
            return intake.ask(token, asker)
        case .new: break
        }
        guard !isDraining else { return refuse(put, peer, .draining, "the coordinator drains") }
        guard log!.waitingBytes <= configuration.intakeLimitBytes else {
            return refuse(put, peer, .busy, "too much waits for the log")
        }
        if put.holdsArticles, let why = roomGuard.refusal(put.lane) { return refuse(put, peer, .storeFailed, why) }
        var put = put
        do throws(Admission.Refusal) {
            put.entries = try admission.entries(of: put, state: folded.state, head: head, now: now)
        } catch { return refuse(put, peer, error.code, error.message) }
        guard answers.owe(peer) else { return refuse(put, peer, .busy, Self.owedTooMuch) }
        let token = intake.add(put, asker)
        admission.begin(token, put.entries.filter(\.isHorizon))
        let batch = LogObject.Batch(
            client: put.id.client, number: put.id.number, digest: put.digest, lane: put.lane, entries: put.entries)
        take(log!.append(token: token, batch: batch, sizeBytes: put.heldBytes, now: now), now: now)
    }

    mutating func take(_ outputs: [LogWriter.Output], now: Moment) {
        for output in outputs {
            switch output {
            case .operation(let operation): actions.append(.operation(operation))
            case .durable(let object, let tokens):
                guard let head = publisher?.head else { return }
                let revived = folded.fold(object)
                router?.append(object, watermarks: head)
                for shard in revived.sorted() { renewLease(of: shard, now: now) }
                for token in tokens { durable(token) }
            case .refused(let tokens, let failure):
                for token in tokens {
                    admission.end(token)
                    ownRefused(token, "\(failure)", now: now)
                    guard let item = intake.refused(token) else { continue }
                    for asker in item.askers {
                        answers.settle(asker.peer)
                        refuse(item.put, asker.peer, .storeFailed, "\(failure)")
                    }
                }
            case .fenced: fence()
            }
        }
    }

    private mutating func durable(_ token: UInt64) {
        admission.end(token)
        ownDurable(token)
        guard let item = intake.durable(token) else { return }
        for asker in item.askers {
            if asker.ack == .durable { answers.settle(asker.peer) }
            answer(asker, item.put, item.counts)
        }
    }

    private static let owedTooMuch = "too many batches are unanswered"

    /// Answers now or, for more than durability, when the snapshot has come so far. A batch that was durable before
    /// waits for all that is durable now: its own positions are among them.
    private mutating func answer(_ asker: Asker, _ put: Put, _ counts: BatchCounts) {
        guard asker.ack != .durable, let head = publisher?.head, let router else {
            actions.append(.send(asker.peer, .accepted(number: put.id.number, counts: counts)))
            return
        }
        var needs: [ShardLane: Position] = [:]
        for entry in put.entries {
            guard let key = entry.routedKey else { continue }
            let stream = ShardLane(head.sharding.shard(of: key), entry.lane(given: put.lane))
            needs[stream] = router.lastEntry(of: stream)
        }
        answers.wait(
            OwedAnswers.Waiter(
                asker: asker, number: put.id.number, counts: counts, needs: needs,
                foldedTo: asker.ack == .visible ? folded.folding.foldedTo : .start))
        answerWaiters()
    }

    mutating func answerWaiters() {
        guard let publisher else { return }
        for done in answers.ready(head: publisher.head, coming: publisher.coming) {
            actions.append(.send(done.asker.peer, .accepted(number: done.number, counts: done.counts)))
        }
    }

    private mutating func refuse(_ put: Put, _ peer: PeerID, _ code: ErrorCode, _ message: String) {
        actions.append(.send(peer, .refusedBatch(number: put.id.number, code: code, message: message)))
    }
}
