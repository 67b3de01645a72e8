import ByteCoding
import News
import Storage
import Wire

/// The log as every reader must take it: of each term the objects before its recorded end. What the cluster does is held
/// against this, so it is computed from all that was ever written, and by other code than the product's.
struct ValidLog {
    private let objects: [LogObject]
    /// Where the log of a term ends, if that is recorded.
    let ends: [Term: UInt64]
    /// Entries that count as received.
    let articleCount: Int64
    /// What is a dead letter at its end.
    let deadLetters: Set<DocumentID>
    /// What was one at some time.
    let givenUp: Set<DocumentID>
    /// The last entry that brings one back: it is no article more, but counts are other ones once it is folded.
    let lastRetry: Position

    /// - Parameter everLog: in any order, with what was collected since.
    init(_ everLog: [LogObject]) {
        let sorted = everLog.sorted { ($0.term, $0.number) < ($1.term, $1.number) }
        // A term's own record of ends counts only if it is not void itself: the newest term's does.
        var ends: [Term: UInt64] = [:]
        for object in sorted.reversed() where object.number == 0 {
            if let end = ends[object.term], end == 0 { continue }
            for end in object.ends where ends[end.term] == nil { ends[end.term] = end.objectCount }
        }
        objects = sorted.filter { $0.number < ends[$0.term] ?? UInt64.max }
        self.ends = ends
        var letters = LetterBook()
        var lastRetry = Position.start
        for object in objects {
            object.forEachEntry { position, _, entry in
                letters.take(entry)
                if case .retried = entry { lastRetry = position }
            }
        }
        self.lastRetry = lastRetry
        articleCount = letters.receivedCount
        deadLetters = letters.letters
        givenUp = letters.givenUp
    }

    var batches: Set<BatchID> {
        Set(objects.flatMap(\.batches).map { BatchID(client: $0.client, number: $0.number) })
    }

    /// What each key was said to hold.
    var contents: [ArticleKey: Set<Digest256>] {
        var contents: [ArticleKey: Set<Digest256>] = [:]
        forEachEntry { entry in
            if case .article(let article) = entry {
                contents[article.key, default: []].insert(article.version.contentHash)
            }
        }
        return contents
    }

    var retracted: Set<ArticleKey> {
        var retracted: Set<ArticleKey> = []
        forEachEntry { entry in
            if case .retraction(let retraction) = entry { retracted.insert(retraction.key) }
        }
        return retracted
    }

    /// The rules of retention at its end.
    var retention: RetentionRules {
        var rules = RetentionRules()
        forEachEntry { entry in if case .horizon(let rule) = entry { rules.set(rule) } }
        return rules
    }

    /// Of which something expired, or was rejected as that: what a sender knows of them may be other than what is there.
    var touchedByRetention: Set<ArticleKey> {
        var keys: Set<ArticleKey> = []
        forEachEntry { entry in
            switch entry {
            case .expired(let expiration): keys.insert(expiration.key)
            case .rejection(let rejection) where rejection.reason == .expired:
                if let key = ArticleKey(hex: rejection.place) { keys.insert(key) }
            default: break
            }
        }
        return keys
    }

    /// What the log says of these retracted keys is that nothing is left.
    var erased: Set<ArticleKey> { Set(objects.flatMap(\.erasedForGood)) }

    /// Written behind the end of its term.
    func isVoid(_ id: LogObject.ID) -> Bool { ends[id.term].map { id.number >= $0 } ?? false }

    /// What must be live when all is quiet: of every key the largest version that is no dead letter and did not expire after it
    /// came, unless the key was retracted.
    var winners: [LoggedArticle] {
        var best: [ArticleKey: LoggedArticle] = [:]
        forEachEntry { entry in
            switch entry {
            case .article(let article)
            where !deadLetters.contains(DocumentID(key: article.key, version: article.version))
                && best[article.key].map({ $0.version < article.version }) ?? true:
                best[article.key] = article
            case .expired(let expiration):
                // A larger version is there now or beats what comes; of smaller ones the larger have been seen.
                if let known = best[expiration.key], known.version <= expiration.through { best[expiration.key] = nil }
            default: break
            }
        }
        let retracted = retracted
        return best.values.filter { !retracted.contains($0.key) }.sorted { $0.key < $1.key }
    }

    /// How many articles can have ended as duplicates. Copies of a key's winner can be nothing else; copies of an earlier
    /// version are superseded if the winner was there first. Of retracted keys anything can be, and of what ever was a dead
    /// letter.
    var duplicates: ClosedRange<Int64> {
        var copies: [ArticleKey: [Version: Int64]] = [:]
        forEachEntry { entry in
            switch entry {
            case .article(let article), .retried(let article):
                copies[article.key, default: [:]][article.version, default: 0] += 1
            case .rejection, .retraction, .feed, .horizon, .deadLetter, .dropped, .erased, .expired: break
            }
        }
        let retracted = retracted.union(touchedByRetention)
        var least: Int64 = 0
        var most: Int64 = 0
        for (key, versions) in copies {
            let alive = versions.keys.filter { !givenUp.contains(DocumentID(key: key, version: $0)) }
            if !retracted.contains(key), let winner = alive.max(), winner == versions.keys.max() {
                least += versions[winner]! - 1
            }
            most += versions.values.reduce(0) { $0 + $1 } - Int64(alive.count)
        }
        return least...most
    }

    private func forEachEntry(_ body: (LogEntry) -> Void) {
        for object in objects { object.forEachEntry { _, _, entry in body(entry) } }
    }
}
