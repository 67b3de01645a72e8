package import HostIO
package import News
package import Storage

/// Where to find the coordinator: at given addresses, or by the heartbeat in the store.
package enum CoordinatorLocator: Sendable {
    case addresses([Endpoint])
    case store(any Bucket)

    /// Addresses worth trying now, likeliest first; empty if nobody is known.
    package func candidates() -> [Endpoint] {
        switch self {
        case .addresses(let all): return all
        case .store(let bucket):
            guard let found = Self.heartbeat(in: bucket), !found.heartbeat.hasEnded else { return [] }
            return Endpoint(found.heartbeat.address).map { [$0] } ?? []
        }
    }

    /// The newest term's heartbeat. Unreadable counts as absent: it is overwritten each second.
    package static func heartbeat(in bucket: any Bucket) -> (term: Term, heartbeat: Heartbeat)? {
        var after: String?
        var last: String?
        while case .names(let names) = bucket.perform(.list(prefix: "terms/", after: after, limit: 1000)),
            let name = names.last
        {
            last = name
            after = name
            if names.count < 1000 { break }
        }
        guard let term = last.flatMap({ ObjectName.term(ofName: $0) }),
            case .bytes(let bytes) = bucket.perform(.get(name: ObjectName.heartbeat(term), range: nil))
        else { return nil }
        do { return (term, try Heartbeat(decoding: bytes)) } catch { return nil }
    }
}
