import News
import Storage
import Wire

/// The log as every reader must take it: of each term the objects before its recorded end. What the cluster does is held
/// against this, so it is computed from all that was ever written, and by other code than the product's.
struct ValidLog {
    private let objects: [LogObject]

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
    }

    /// Entries that count as received.
    var articleCount: Int64 {
        var count: Int64 = 0
        forEachEntry { entry in
            switch entry {
            case .article, .rejection: count += 1
            case .retraction, .feed, .deadLetter, .retried, .dropped: break
            }
        }
        return count
    }

    var batches: Set<BatchID> {
        Set(objects.flatMap(\.batches).map { BatchID(client: $0.client, number: $0.number) })
    }

    /// What must be live when all is quiet: of every key the largest version, unless the key was retracted.
    var winners: [LoggedArticle] {
        var best: [ArticleKey: LoggedArticle] = [:]
        var retracted: Set<ArticleKey> = []
        forEachEntry { entry in
            switch entry {
            case .article(let article), .retried(let article):
                if best[article.key].map({ $0.version < article.version }) ?? true { best[article.key] = article }
            case .retraction(let retraction): retracted.insert(retraction.key)
            case .rejection, .feed, .deadLetter, .dropped: break
            }
        }
        return best.values.filter { !retracted.contains($0.key) }.sorted { $0.key < $1.key }
    }

    private func forEachEntry(_ body: (LogEntry) -> Void) {
        for object in objects { object.forEachEntry { _, _, entry in body(entry) } }
    }
}
