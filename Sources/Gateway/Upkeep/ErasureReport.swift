import Engine
package import News
import Roles
package import Storage

/// Which objects of a store hold something of given articles: record, words, corrections or a place in the order. Every object
/// is read, whether a manifest names it or not (docs/log-format.md, section 7).
package struct ErasureReport: Sendable {
    package enum Found: Equatable, Sendable {
        case nothing
        /// The newest snapshot names it.
        case inNewest
        /// Of the log, a kept generation, or what nothing names any more: it goes with a collection.
        case leftOver
    }

    package struct Object: Equatable, Sendable {
        package var name: String
        package var found: Found
    }

    package private(set) var objects: [Object] = []
    /// Of the keys, those that are retracted.
    package private(set) var retracted: Set<ArticleKey> = []
    /// Of the others, those of which versions expired, with the largest: larger ones are not looked for.
    package private(set) var expired: [ArticleKey: Version] = [:]
    /// Of both, those of which the log says that no log object and no kept generation has anything of them.
    package private(set) var erased: Set<ArticleKey> = []

    package var holders: [Object] { objects.filter { $0.found != .nothing } }

    /// Objects that are looked into before progress is told.
    private static let namesAtOnce = 64
    private static let searched = ["log", "segments", "state"]
    /// These name articles only as the ends of segments, or not at all.
    private static let listed = ["manifests", "pages", "ledger", "terms", "collection", "heartbeats", "feeds"]

    /// - Parameter progress: told how many objects were read, and of how many.
    /// - Throws: what the store throws, and for an object that cannot be read: nothing can be said of it.
    package init(of keys: Set<ArticleKey>, in bucket: any Bucket, progress: (Int, Int) -> Void = { _, _ in }) throws {
        let loader = SnapshotLoader(bucket)
        let newest = try loader.newest()
        var named = newest?.manifest.namedObjects ?? []
        named.formUnion(newest?.segments.map(\.objectName) ?? [])
        if let manifest = newest?.manifest {
            named.insert(manifest.name)
            let state = try loader.state(of: manifest)
            retracted = keys.filter { state.retractions[$0] != nil }
            for key in keys.subtracting(retracted) { expired[key] = state.erasures[key]?.expiration?.through }
            let others = keys.subtracting(retracted).subtracting(expired.keys)
            // What the manifest's state does not know of yet.
            var coming: Set<ArticleKey> = []
            if !others.isEmpty {
                coming = try findExpired(others, KeptLog(loader, newest: newest), behind: manifest.foldedTo)
            }
            erased = retracted.union(expired.keys).filter { state.erasures[$0] == nil && !coming.contains($0) }
        }
        // A larger version that stays has a place in the order too.
        var staying: Set<OrderKey> = []
        if let newest, !expired.isEmpty {
            let snapshot = try loader.open(newest)
            for live in try snapshot.lookup(keys: Array(expired.keys)) {
                if let live, live.version > expired[live.key]! {
                    staying.insert(OrderKey(time: live.orderTime, key: live.key))
                }
            }
        }
        var names: [String] = []
        while case .names(let page) = try loader.perform(.list(prefix: "", after: names.last, limit: 1000)),
            !page.isEmpty
        {
            names += page
        }
        guard names.contains(where: { ObjectName.isOwn($0) }) else {
            throw Failure(
                .notFound, "there is no store at \(bucket.location): no object of one was found",
                hint: "is the disk mounted, and the path or prefix right?")
        }
        let search = KeySearch(
            bounds: keys.map { VersionBound(key: $0, through: expired[$0] ?? .largest) })
        for start in stride(from: 0, to: names.count, by: Self.namesAtOnce) {
            let piece = names[start..<min(start + Self.namesAtOnce, names.count)]
            if let name = piece.first(where: { ObjectName.isForeign($0) }) { throw Self.foreign(name) }
            let holders = Set(
                try search.run(
                    piece.filter { Self.searched.contains(Self.folder(of: $0)) },
                    source: loader.source,
                    perform: bucket.perform))
            loader.source.forget(except: [])
            for name in piece {
                let folder = Self.folder(of: name)
                let isFound: Bool
                if Self.searched.contains(folder) {
                    isFound = holders.contains(name)
                } else if Self.listed.contains(folder) {
                    isFound = try Self.isEnd(of: name, keys, staying, loader)
                } else {
                    throw Self.foreign(name)
                }
                objects.append(
                    Object(name: name, found: !isFound ? .nothing : named.contains(name) ? .inNewest : .leftOver))
            }
            progress(objects.count, names.count)
        }
    }

    /// Of what is none of ours nothing can be said.
    private static func foreign(_ name: String) -> StoreError {
        StoreError(
            .unsupported, object: name, message: "no object of a store has such a name",
            hint: "look into it yourself, and take it out of the store")
    }

    private static func folder(of name: String) -> String { String(name.prefix { $0 != "/" }) }

    /// What expired and is erased stands only in the log, as far as that is kept.
    /// - Returns: those of which something expired behind the position, and is not erased in the log.
    private mutating func findExpired(
        _ keys: Set<ArticleKey>, _ log: KeptLog, behind known: Position
    ) throws -> Set<ArticleKey> {
        var coming: Set<ArticleKey> = []
        try log.forEachObject { object in
            object.forEachEntry { position, _, entry in
                switch entry {
                case .expired(let expiration) where keys.contains(expiration.key):
                    expired[expiration.key] = max(expired[expiration.key] ?? expiration.through, expiration.through)
                    if position > known { coming.insert(expiration.key) }
                case .erased(let bound): coming.remove(bound.key)
                default: break
                }
            }
        }
        return coming
    }

    /// Whether a manifest or page names one of the articles as the first or last of a segment.
    private static func isEnd(
        of name: String, _ keys: Set<ArticleKey>, _ staying: Set<OrderKey>, _ loader: SnapshotLoader
    ) throws -> Bool {
        let isManifest = name.hasPrefix("manifests/")
        guard isManifest || name.hasPrefix("pages/"),
            case .bytes(let bytes) = try loader.perform(.get(name: name, range: nil))
        else { return false }
        let segments =
            isManifest
            ? try Manifest(decoding: bytes, named: name).overlays : try ManifestPage(decoding: bytes, named: name).cells
        return segments.contains { segment in
            guard let span = segment.span else { return false }
            return [span.first, span.last].contains { keys.contains($0.key) && !staying.contains($0) }
        }
    }
}
