package import ByteCoding
package import News

/// Names of objects in the bucket. Numbers are 16 hexadecimal digits, so that names sort as numbers do; manifests count
/// down, so that the first name listed is the newest.
package enum ObjectName {
    package static func term(_ term: Term) -> String { "terms/" + Hex.padded(term.number) }
    package static func heartbeat(_ term: Term) -> String { "heartbeats/" + Hex.padded(term.number) }

    package static func collection(_ term: Term) -> String { "collection/" + Hex.padded(term.number) }

    package static func log(_ term: Term, _ number: UInt64) -> String {
        "log/\(Hex.padded(term.number))/\(Hex.padded(number))"
    }

    package static func manifest(_ generation: Generation) -> String {
        "manifests/" + Hex.padded(UInt64.max - generation.number)
    }

    /// `feeds/<share>.<term>-<counter>`: what a fetcher knew of a share's feeds when it handed it over.
    package static func pollState(_ share: FeedShare, _ epoch: ShardEpoch) -> String {
        "feeds/\(share.index).\(epoch.name)"
    }

    package static func share(ofPollState name: some StringProtocol) -> (FeedShare, ShardEpoch)? {
        guard name.hasPrefix("feeds/"), let dot = name.lastIndex(of: "."),
            let share = UInt16(name[name.index(name.startIndex, offsetBy: 6)..<dot]).flatMap({ FeedShare($0) })
        else { return nil }
        let parts = name[name.index(after: dot)...].split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let term = UInt64(parts[0]), let counter = UInt64(parts[1]) else { return nil }
        return (share, ShardEpoch(term: Term(term), counter: counter))
    }

    /// `kind/<sha256>.<term>-<attempt>`: content-named, but unique to the attempt that wrote it.
    package static func written(_ folder: String, _ digest: Digest256, _ attempt: Attempt) -> String {
        #if PLANTED_CONTENT_NAMED
            "\(folder)/\(digest.hex).\(Attempt(term: .none, number: 0).name)"
        #else
            "\(folder)/\(digest.hex).\(attempt.name)"
        #endif
    }

    /// Whether it lies in a folder of ours under a name that no object of ours has there: what a file system, a desktop or a
    /// copying program left. It is nobody's, and says nothing.
    package static func isForeign(_ name: some StringProtocol) -> Bool {
        let words = name.utf8.split(separator: 0x2F, omittingEmptySubsequences: false)
        guard words.count > 1 else { return false }
        // A folder that is told as a whole.
        if words[words.count - 1].isEmpty { return true }
        switch String(decoding: words[0], as: UTF8.self) {
        case "terms", "heartbeats", "collection", "manifests": return words.count != 2 || !isHex(words[1], 16)
        case "log": return words.count != 3 || !isHex(words[1], 16) || !isHex(words[2], 16)
        case "pages", "state", "ledger", "segments":
            return words.count != 2 || !isHex(words[1].prefix(64), 64) || words[1].dropFirst(64).first != 0x2E
                || attempt(ofWritten: name) == nil
        case "feeds": return share(ofPollState: name) == nil
        default: return false
        }
    }

    /// Whether an object of a store can have the name: nothing else is ever deleted.
    package static func isOwn(_ name: some StringProtocol) -> Bool {
        guard let slash = name.lastIndex(of: "/"), mayLie(in: name[...slash]) else { return false }
        return !name.hasPrefix("probe/") && !isForeign(name)
    }

    /// Whether an object can lie right in a folder, whose name ends in "/", or in one of its folders. All others are somebody else's.
    package static func mayLie(in folder: some StringProtocol) -> Bool {
        let words = folder.utf8.split(separator: 0x2F)
        switch words.first.map({ String(decoding: $0, as: UTF8.self) }) {
        case "log": return words.count == 1 || words.count == 2 && isHex(words[1], 16)
        case "terms", "heartbeats", "collection", "manifests", "pages", "state", "ledger", "segments", "feeds", "probe":
            return words.count == 1
        default: return false
        }
    }

    /// Whether a list of the prefix has the name.
    package static func isListed(_ name: some StringProtocol, under prefix: String) -> Bool {
        prefix.isEmpty || !isForeign(name)
    }

    private static func isHex(_ word: some Collection<UInt8>, _ count: Int) -> Bool {
        word.count == count && word.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    package static func generation(ofManifest name: some StringProtocol) -> Generation? {
        guard name.hasPrefix("manifests/"), let number = UInt64(name.dropFirst(10), radix: 16) else { return nil }
        return Generation(UInt64.max - number)
    }

    package static func term(ofName name: some StringProtocol) -> Term? {
        guard let slash = name.firstIndex(of: "/") else { return nil }
        return UInt64(name[name.index(after: slash)...], radix: 16).map(Term.init)
    }

    /// Of `log/<term>/<number>`: the position that covers all of it.
    package static func endPosition(ofLog name: some StringProtocol) -> Position? {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "log", let term = UInt64(parts[1], radix: 16),
            let number = UInt64(parts[2], radix: 16)
        else { return nil }
        return Position(term: Term(term), number: number, index: .max)
    }

    /// The attempt at the end of a name made by `written`.
    package static func attempt(ofWritten name: some StringProtocol) -> Attempt? {
        guard let dot = name.lastIndex(of: ".") else { return nil }
        let parts = name[name.index(after: dot)...].split(separator: "-")
        guard parts.count == 2, let term = UInt64(parts[0]), let number = UInt64(parts[1]) else { return nil }
        return Attempt(term: Term(term), number: number)
    }
}
