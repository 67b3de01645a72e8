package import News
package import Roles
import Storage

/// A term held by a command that writes to a store while no coordinator reigns.
///
/// As a coordinator it creates before it looks and looks before it tells (docs/log-format.md, section 2). It has no address:
/// nobody connects to it; those who stand by see its heartbeat move and wait.
package struct WriterTerm: Sendable {
    package let term: Term
    package let instance: Instance
    private let bucket: any Bucket

    /// The newest term there is, by its heartbeat.
    package struct Watch: Equatable, Sendable {
        package var newest: Term
        package var counter: UInt64?
        package var hasEnded: Bool
    }

    /// How long a heartbeat must stand still before its holder counts as gone.
    package static let patienceMilliseconds = 5000
    package static let beatMilliseconds = 1000

    /// Whether the holder of `later` is the one of `earlier`, and alive.
    package static func isAlive(_ earlier: Watch, _ later: Watch) -> Bool {
        !later.hasEnded && (earlier.newest != later.newest || earlier.counter != later.counter)
    }

    package static func watch(_ loader: SnapshotLoader) throws -> Watch {
        // Damage may have taken a term object: whatever tells of a term counts.
        var newest = Term.none
        for folder in ["terms/", "heartbeats/", "log/"] { newest = max(newest, try newestTerm(in: folder, loader)) }
        while case .size = try loader.perform(.size(name: ObjectName.term(newest.next))) { newest = newest.next }
        guard newest > .none else { return Watch(newest: newest, counter: nil, hasEnded: true) }
        guard case .bytes(let bytes) = try loader.perform(.get(name: ObjectName.heartbeat(newest), range: nil)) else {
            return Watch(newest: newest, counter: nil, hasEnded: false)
        }
        // One that cannot be read counts as standing still, as for whoever stands by.
        do {
            let heartbeat = try Heartbeat(decoding: bytes)
            return Watch(newest: newest, counter: heartbeat.counter, hasEnded: heartbeat.hasEnded)
        } catch { return Watch(newest: newest, counter: nil, hasEnded: false) }
    }

    /// The largest term of which a name in the folder tells. Of each, only some names are listed.
    private static func newestTerm(in folder: String, _ loader: SnapshotLoader) throws -> Term {
        var newest = Term.none
        var after: String?
        while case .names(let names) = try loader.perform(.list(prefix: folder, after: after, limit: 1000)),
            let last = names.last
        {
            for name in names {
                let number = name.dropFirst(folder.utf8.count).prefix(16)
                if let term = UInt64(number, radix: 16).map(Term.init) { newest = max(newest, term) }
            }
            after = folder == "log/" ? max(last, ObjectName.log(newest, .max)) : last
        }
        return newest
    }

    /// Creates the term behind the newest.
    ///
    /// - Throws: `Failure` if another was faster.
    package init(after newest: Term, instance: Instance, loader: SnapshotLoader) throws {
        term = newest.next
        self.instance = instance
        bucket = loader.bucket
        try create(ObjectName.term(term), TermObject(term: term, instance: instance, address: "").encoded)
        try beat(0)
    }

    package func beat(_ counter: UInt64, hasEnded: Bool = false) throws {
        let heartbeat = Heartbeat(counter: counter, address: "", hasEnded: hasEnded)
        try put(ObjectName.heartbeat(term), heartbeat.encoded)
    }

    /// - Throws: `Failure` if a later term has begun: what was written is void or a copy.
    package func look() throws {
        switch bucket.perform(.size(name: ObjectName.term(term.next))) {
        case .missing: return
        case .failed(let failure): throw failure
        default:
            throw Failure(
                .failed, "term \(term.next.number) has begun meanwhile: nothing was changed",
                hint: "stop every coordinator and run it again")
        }
    }

    package func create(_ name: String, _ bytes: [UInt8]) throws {
        switch bucket.perform(.create(name: name, bytes: bytes)) {
        case .done: return
        // A create that was repeated finds what it wrote: the bytes hold our instance, or name themselves.
        case .exists:
            if case .bytes(let found) = bucket.perform(.get(name: name, range: nil)), found == bytes { return }
            throw Failure(
                .failed, "\(name) was written by another process", hint: "stop every coordinator and run it again")
        case .failed(let failure): throw failure
        default: throw Failure(.failed, "\(name): unexpected answer of the store")
        }
    }

    func put(_ name: String, _ bytes: [UInt8]) throws {
        if case .failed(let failure) = bucket.perform(.put(name: name, bytes: bytes)) { throw failure }
    }
}
