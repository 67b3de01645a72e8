/// The first documents that match, in the order of ordinals, whatever they score: of `newest`.
extension RankedSearch {
    /// Documents that have all words, from the first on, until no more are wanted.
    mutating func firstOfAll() throws {
        let lead = unsafe cursors + order[0]
        let isOnePhrase = isOnePhrase
        // Of a phrase the two rarest words; the others are looked for where those stand in place.
        let askedCount = isOnePhrase ? 2 : max(wordCount, 1)
        var document = try unsafe lead.pointee.advance(to: range.lowerBound)
        search: while document < range.upperBound {
            for index in 1..<askedCount {
                let found = try unsafe cursors[order[index]].advance(to: document)
                if found != document {
                    guard found < range.upperBound else { return }
                    document = try unsafe lead.pointee.advance(to: found)
                    continue search
                }
            }
            if try isEligible(document),
                let score = try isOnePhrase ? scoreOfPhrase(document) : score(document, lead: unsafe order[0])
            {
                offer(document, score)
                if top.isComplete { return hasSkipped = true }
            }
            document = try unsafe lead.pointee.next()
        }
    }

    private func scoreOfPhrase(_ document: UInt32) throws -> Int64? {
        var count = try unsafe scratch.phrase.begin(
            cursors + order[0], at: distances[0], cursors + order[1], at: distances[1])
        if count > 0, shape.words.count > 2 { count = try keepOthers(count, in: document) }
        return count > 0 ? phraseScore(UInt32(clamping: count), try lengthCode(document)) : nil
    }

    /// Documents that have any of the words, from the first on, until no more are wanted.
    mutating func firstOfAny() throws {
        for place in 0..<wordCount { try unsafe cursors[order[place]].advance(to: range.lowerBound) }
        while true {
            var document = TermCursor.end
            for place in 0..<wordCount { document = unsafe min(document, cursors[order[place]].document) }
            guard document < range.upperBound else { return }
            let code = try lengthCode(document)
            var score: Int64 = 0
            for place in 0..<wordCount {
                let word = unsafe order[place]
                guard unsafe cursors[word].document == document else { continue }
                let share = table.share(frequency: try unsafe cursors[word].frequency(), lengthCode: code)
                score &+= ScoreTable.part(weight: weights[word], share: share)
                try unsafe cursors[word].next()
            }
            if try isEligible(document) {
                offer(document, score)
                if top.isComplete { return hasSkipped = true }
            }
        }
    }
}
