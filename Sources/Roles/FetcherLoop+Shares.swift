import Cluster
import FetchIO
import Fetching
import HostIO
import Logging
import News
import Storage
import Wire

/// Which feeds are polled here: what the coordinator gives and recalls, and the poll states that come and go with it.
extension FetcherLoop {
    func hear(_ event: CoordinatorLink.Event) throws {
        switch event {
        case .connected(let number):
            connection = number
            try hold(.connected)
        case .message(let number, let message):
            guard number == connection else { return }
            if case .joined = message {
                Step.reach(.fetcherJoined)
                logger.info("joined the coordinator")
            }
            try hold(.message(message))
        case .disconnected(let number):
            guard number == connection else { return }
            connection = 0
            logger.info("the connection to the coordinator ended")
            try hold(.disconnected)
        }
    }

    func hold(_ event: ShareHolder.Event) throws {
        for action in holder.handle(event, now: clock.moment) {
            switch action {
            case .send(let message): link.send(message)
            case .reconnect: link.reconnect()
            case .operation(let tagged):
                // When what is written here is durable: what was taken over is deleted then, what is handed over was saved.
                if case .create = tagged.operation { errands.append(.reach(.fetcherHandingOver)) }
                errands.append(.operation(tagged))
            case .take(let share, let epoch, let bytes): try take(share, epoch, bytes)
            case .renew(let share, let epoch): try state.save(share, epoch)
            case .release(let share): try release(share)
            case .drop(let share): try drop(share)
            case .drained: isDrained = true
            case .note(let text): logger.warning("\(text)")
            }
        }
    }

    private func take(_ share: FeedShare, _ epoch: ShardEpoch, _ bytes: [UInt8]?) throws {
        if let bytes {
            do {
                try feed(.remember(try state.absorb(bytes, share)), clock.wall())
                errands.append(.reach(.fetcherTookOver))
                logger.info("took over", metadata: ["share": "\(share.index)", "bytes": "\(bytes.count)"])
            } catch let failure as PollState.Failure {
                logger.warning(
                    "a poll state that was handed over cannot be read: its feeds are polled in full",
                    metadata: ["share": "\(share.index)", "error": "\(failure.message)"])
            }
        }
        try state.save(share, epoch)
        loaded.insert(share)
        unchecked.insert(share)
        takenCount += 1
        listedIn = nil
        nextList = 0
        try hold(.taken(share))
    }

    private func release(_ share: FeedShare) throws {
        let urls = forget(share)
        releasing[share] = Set(urls)
        try feed(.leave(urls), clock.wall())
        try finishRelease(of: share)
    }

    /// Nothing of the feed is under way any more.
    func left(_ url: String) throws {
        guard let share = shareOf[url] else { return }
        releasing[share]?.remove(url)
        try finishRelease(of: share)
    }

    private func finishRelease(of share: FeedShare) throws {
        guard releasing[share]?.isEmpty == true else { return }
        releasing[share] = nil
        try hold(.released(share, state: try state.export(share)))
    }

    private func drop(_ share: FeedShare) throws {
        let urls = forget(share) + (releasing.removeValue(forKey: share) ?? []).sorted()
        for url in urls { kept[url] = nil }
        try feed(.drop(urls), clock.wall())
    }

    /// - Returns: its feeds, which are in the list no longer.
    private func forget(_ share: FeedShare) -> [String] {
        loaded.remove(share)
        let urls = polled.keys.filter { shareOf[$0] == share }.sorted()
        for url in urls { polled[url] = nil }
        return urls
    }
}
