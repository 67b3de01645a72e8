import News
import Storage
import Wire

/// Which versions are dead letters, by the entries of the log in order, and by other code than the product's.
struct LetterBook {
    private(set) var letters: Set<DocumentID> = []
    private(set) var givenUp: Set<DocumentID> = []
    /// Positions that a decision accounts for.
    private(set) var settled: Set<Position> = []
    /// Entries that count as received: a dead letter that is retried was received before.
    private(set) var receivedCount: Int64 = 0

    /// - Returns: whether the entry counts as received.
    @discardableResult
    mutating func take(_ entry: LogEntry) -> Bool {
        var isReceived = false
        switch entry {
        case .article, .rejection: isReceived = true
        case .retried(let article):
            isReceived = letters.remove(DocumentID(key: article.key, version: article.version)) == nil
        case .deadLetter(let letter):
            let id = DocumentID(key: letter.article.key, version: letter.article.version)
            letters.insert(id)
            givenUp.insert(id)
            settled.insert(letter.position)
        case .retraction, .feed, .horizon, .dropped, .erased, .expired: break
        }
        if isReceived { receivedCount += 1 }
        return isReceived
    }
}
