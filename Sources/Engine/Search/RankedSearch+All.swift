/// All of some words: the rarest is walked, the others are asked. Phrases are all of their words, and then their places.
extension RankedSearch {
    mutating func conjunction() throws {
        let first = unsafe order[0]
        let lead = unsafe cursors + first
        // A leaf that holds the lead: the lead's frequency bounds what it can add.
        let leadLeaf = shape.leavesOfTerms[first]
        let leadWeight = weights[leadLeaf]
        let candidates = unsafe scratch.candidates
        let mosts = unsafe scratch.mosts
        let isOfWords = shape.isOfWords && wordCount == weights.count
        if isOfWords { for at in 0..<wordCount { unsafe leaves[at] = shape.leavesOfTerms[order[at]] } }
        let isOnePhrase = isOnePhrase
        var from = range.lowerBound
        while from < range.upperBound {
            try scratch.stop?.check()
            let (windowLast, windowBound) = bound(from: from)
            if windowBound <= top.threshold {
                hasSkipped = true
                from = windowLast &+ 1
                continue
            }
            let document = try unsafe lead.pointee.advance(to: from)
            if document > windowLast {
                from = document
                continue
            }
            // Which of the lead's documents can be hits.
            let others = unsafe windowBound &- bounds[leadLeaf]
            let rest = try unsafe lead.pointee.rest()
            let last = unsafe min(rest.documents[rest.count &- 1], windowLast)
            let found = try unsafe self.candidates(rest, through: last, leadWeight, others: others)
            if isOfWords {
                unsafe try verifyWords(candidates, mosts, found.count)
            } else if isOnePhrase {
                unsafe try verifyPhrase(candidates, mosts, found.count)
            } else {
                unsafe try verify(candidates, mosts, found.count)
            }
            from = last &+ 1
        }
    }

    /// Offers those of some documents of the lead that have all other words too.
    private mutating func verify(
        _ candidates: UnsafePointer<UInt32>, _ mosts: UnsafePointer<Int64>, _ count: Int
    ) throws {
        var next = 0
        search: while next < count {
            let document = unsafe candidates[next]
            if unsafe mosts[next] <= top.threshold {
                hasSkipped = true
                next &+= 1
                continue
            }
            for index in 1..<max(wordCount, 1) {
                let found = try unsafe cursors[order[index]].advance(to: document)
                if found != document {
                    repeat { next &+= 1 } while unsafe next < count && candidates[next] < found
                    continue search
                }
            }
            if let score = try score(document, lead: unsafe order[0]), try isEligible(document) {
                offer(document, score)
            }
            next &+= 1
        }
    }

    /// Likewise, where each leaf is a word of its own: what it adds is known where it is found, and the next is asked only if it matters.
    private mutating func verifyWords(
        _ candidates: UnsafePointer<UInt32>, _ mosts: UnsafePointer<Int64>, _ count: Int
    ) throws {
        var next = 0
        search: while next < count {
            let document = unsafe candidates[next]
            var most = unsafe mosts[next]
            for at in 1..<wordCount {
                if most <= top.threshold { break }
                let (word, leaf) = unsafe (order[at], leaves[at])
                let found = try unsafe cursors[word].advance(to: document)
                if found != document {
                    repeat { next &+= 1 } while unsafe next < count && candidates[next] < found
                    continue search
                }
                let share = table.share(
                    frequency: try unsafe cursors[word].frequency(), lengthCode: try lengthCode(document))
                unsafe most &+= ScoreTable.part(weight: weights[leaf], share: share) &- bounds[leaf]
            }
            if most <= top.threshold {
                hasSkipped = true
            } else if try isEligible(document) {
                offer(document, most)
            }
            next &+= 1
        }
    }

    /// Likewise of one phrase: its rarest words must stand in place before others, which are in most documents, are looked for at all.
    private mutating func verifyPhrase(
        _ candidates: UnsafePointer<UInt32>, _ mosts: UnsafePointer<Int64>, _ count: Int
    ) throws {
        let (lead, second) = unsafe (cursors + order[0], cursors + order[1])
        let (leadDistance, secondDistance) = unsafe (distances[0], distances[1])
        let phrase = scratch.phrase
        let hasOthers = shape.words.count > 2
        var next = 0
        while next < count {
            let document = unsafe candidates[next]
            if unsafe mosts[next] <= top.threshold {
                hasSkipped = true
                next &+= 1
                continue
            }
            let found = try unsafe second.pointee.advance(to: document)
            if found != document {
                repeat { next &+= 1 } while unsafe next < count && candidates[next] < found
                continue
            }
            next &+= 1
            // The lead stands where its block begins to be looked at, not at the candidate.
            try unsafe lead.pointee.advance(to: document)
            let code = try lengthCode(document)
            let most = try unsafe min(lead.pointee.frequency(), second.pointee.frequency())
            if phraseScore(most, code) <= top.threshold {
                hasSkipped = true
                continue
            }
            // Before positions are read, which may be very many.
            guard try isEligible(document) else { continue }
            var count = try unsafe phrase.begin(lead, at: leadDistance, second, at: secondDistance)
            if count > 0, hasOthers { count = try keepOthers(count, in: document) }
            if count > 0 { offer(document, phraseScore(UInt32(clamping: count), code)) }
        }
    }

    /// Whether it is one phrase, of two words at least, and nothing else that scores.
    var isOnePhrase: Bool { shape.kind == .all && weights.count == 1 && wordCount > 1 }

    /// Of one phrase.
    @inline(__always)
    func phraseScore(_ frequency: UInt32, _ lengthCode: Int) -> Int64 {
        ScoreTable.part(weight: weights[0], share: table.share(frequency: frequency, lengthCode: lengthCode))
    }

    /// Of the starts where the two rarest words of the one phrase stand, how many the others follow.
    func keepOthers(_ count: Int, in document: UInt32) throws(EngineError) -> Int {
        let phrase = scratch.phrase
        var kept = count
        var at = 2
        while kept > 0, at < wordCount {
            let word = unsafe cursors + order[at]
            guard try unsafe word.pointee.advance(to: document) == document else { return 0 }
            kept = try unsafe phrase.keep(kept, word, at: distances[at])
            at &+= 1
        }
        guard shape.words.count > wordCount else { return kept }
        // Words that stand in it twice.
        for (place, word) in shape.words.enumerated() where kept > 0 && place != shape.places[word] {
            kept = try unsafe phrase.keep(kept, cursors + word, at: place)
        }
        return kept
    }

    /// Puts the most each leaf can add from `document` on into `bounds`.
    ///
    /// - Returns: the last document for which that holds, and the sum.
    private mutating func bound(from document: UInt32) -> (last: UInt32, sum: Int64) {
        var last = range.upperBound &- 1
        var sum: Int64 = 0
        var at = 0
        for leaf in weights.indices {
            var share = ScoreTable.wholeShare
            while at < shape.wordEnds[leaf] {
                let cursor = unsafe cursors + shape.words[at]
                at &+= 1
                guard unsafe cursor.pointee.hasBounds else { continue }
                let block = unsafe cursor.pointee.boundBlock(reaching: document)
                guard unsafe block < cursor.pointee.blockCount else {
                    share = 0
                    continue
                }
                last = unsafe min(last, cursor.pointee.lastDocument(ofBlock: block))
                // A phrase is no more frequent than each of its words.
                share = unsafe min(share, cursor.pointee.bound(ofBlock: block, by: table))
            }
            let bound = ScoreTable.part(weight: weights[leaf], share: share)
            unsafe bounds[leaf] = bound
            sum &+= bound
        }
        // Where damaged bytes say otherwise: the search must go on.
        return (max(last, document), sum)
    }

    /// The score of a document that has all words; nil if a phrase is not in it or it cannot be a hit.
    mutating func score(_ document: UInt32, lead: Int) throws -> Int64? {
        let code = try lengthCode(document)
        var sum: Int64 = 0
        var at = 0
        for leaf in weights.indices {
            var frequency = UInt32.max
            while at < shape.wordEnds[leaf] {
                let word = shape.words[at]
                at &+= 1
                let own = try word == lead ? leadFrequency(document) : unsafe cursors[word].frequency()
                frequency = min(frequency, own)
            }
            sum &+= ScoreTable.part(
                weight: weights[leaf], share: table.share(frequency: frequency, lengthCode: code))
        }
        if sum <= top.threshold {
            hasSkipped = true
            return nil
        }
        guard shape.words.count > weights.count else { return sum }
        // Before positions are read, which may be very many.
        guard try isEligible(document) else { return nil }
        sum = 0
        at = 0
        for leaf in weights.indices {
            let end = shape.wordEnds[leaf]
            let frequency: UInt32
            if end &- at > 1 {
                frequency = try phraseFrequency(at..<end)
                if frequency == 0 { return nil }
            } else {
                frequency = try unsafe cursors[shape.words[at]].frequency()
            }
            at = end
            sum &+= ScoreTable.part(
                weight: weights[leaf], share: table.share(frequency: frequency, lengthCode: code))
        }
        return sum
    }

    /// The lead stands where its block begins to be looked at, not at the candidate.
    private func leadFrequency(_ document: UInt32) throws(EngineError) -> UInt32 {
        let lead = unsafe cursors + order[0]
        try unsafe lead.pointee.advance(to: document)
        return try unsafe lead.pointee.frequency()
    }

    /// How often the words follow one another in the current document of all cursors.
    private func phraseFrequency(_ part: Range<Int>) throws(EngineError) -> UInt32 {
        try unsafe scratch.phrase.count(part.count) { unsafe cursors + shape.words[part.lowerBound &+ $0] }
    }
}
