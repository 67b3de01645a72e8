import ArgumentParser
import Engine
import Extraction
import Gateway
import News
import Roles
import Storage
import Wire

struct RetractCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retract", abstract: "Takes an article back, for good.",
        discussion: """
            Every version of it leaves the snapshot, and later arrivals are rejected as retracted. Its text is erased from \
            kept generations and the log while a coordinator, a worker and a merger run; where none do, by the next that run, or \
            by this command with --wait. coranto erasure tells what is left.

            Example:
              coranto retract https://news.example/2016/01/20/talks --reason "published in error" --store /srv/news
            """)

    @Argument(help: ArgumentHelp("Its URL or its key.", valueName: "url|key"))
    var name: String
    @Option(help: "Why; kept with the retraction.")
    var reason: String
    @Flag(help: "Wait until its text is erased from the log and from everything that is kept.")
    var wait = false
    @OptionGroup var put: PutOptions

    func run() async throws {
        var inner = JSONObjectWriter()
        if let key = ArticleKey(hex: name) {
            inner.member("key", key.hex)
        } else if CanonicalURL.canonicalise(name) != nil {
            inner.member("url", name)
        } else {
            throw Failure(
                .badRequest, "\(name) is neither a key nor an http(s) URL", hint: "a key has 32 hexadecimal digits")
        }
        inner.member("reason", reason)
        var outer = JSONObjectWriter()
        outer.member("$retract", encoded: String(decoding: inner.finish(), as: UTF8.self))
        let line = outer.finish() + [0x0A]
        let address = ArticleAddress(name)
        let wasLive = known { try isLive(address) }
        let result = try await put.put(
            lane: .live, ack: .visible, workers: 1, until: { [wait] in !wait || $0.erasures == 0 }
        ) { client in try client.put(line) }
        guard result.totals.controls == 1 else { throw Failure(.failed, "the retraction was not taken") }
        // A cluster of our own has waited.
        let isOwn = result.after != nil
        if wait, !isOwn { try await put.wait(until: Self.isErased) }
        Terminal.write("retracted \(wait ? "and erased " : "")\(name)\n")
        // Of a store that is all ours the log tells whether it was ever there; it may take a while to read.
        let logged = isOwn && wasLive == false ? known { try isLogged(address) } : nil
        if wasLive == false, logged != true {
            let place = logged == nil ? "in the newest snapshot" : "in the store"
            Terminal.note(
                "no such article is \(place); the retraction is kept, and the article is rejected if it comes")
        }
        if wait {
            Terminal.note("objects that nothing names any more go with a collection a day from now")
        } else if isOwn, logged != false {
            Terminal.note(
                "its text is still in the log and in kept snapshots: the next coordinator that runs with a worker and a merger "
                    + "erases it (coranto up), or this command with --wait")
        }
    }

    /// What only a note depends on must not stand in the way of a retraction: an object that cannot be read is told.
    private func known(_ look: () throws -> Bool?) -> Bool? {
        do { return try look() } catch {
            Terminal.note("whether the article was there is not known: \(Failure(error))")
            return nil
        }
    }

    /// Whether the newest snapshot has it; nil if there is no store to look into, only a coordinator.
    private func isLive(_ address: ArticleAddress) throws -> Bool? {
        guard let path = put.store else { return nil }
        let place = try StorePlace(path, put.s3)
        guard !place.isFolder || FileBytes.exists(path) else { return false }
        let loader = SnapshotLoader(try place.openForReading(), for: .keys)
        guard let loaded = try loader.newest() else { return false }
        let keys = loader.keys(of: loaded.segments, settingsHash: loaded.manifest.settings.hash)
        return try keys.lookup([address.requireKey()])[0] != nil
    }

    /// Whether the log has had a version of it.
    private func isLogged(_ address: ArticleAddress) throws -> Bool {
        guard let path = put.store else { return true }
        let loader = SnapshotLoader(try StorePlace(path, put.s3).openForReading(), for: .keys)
        var isFound = false
        try KeptLog(loader, newest: loader.newest()).forEachObject { object in
            object.forEachEntry { _, _, entry in
                if case .article(let article) = entry, article.key == address.key { isFound = true }
            }
        }
        return isFound
    }

    private static func isErased(_ status: CoordinatorStatus) throws -> Bool {
        guard let left = status.erasures else {
            throw Failure(.failed, "the coordinator does not tell what it has erased", hint: "use coranto erasure")
        }
        guard left == 0 || status.mergers > 0 else {
            throw Failure(.failed, "no merger runs: nothing is erased until one does", hint: "start coranto merger")
        }
        return left == 0
    }
}
