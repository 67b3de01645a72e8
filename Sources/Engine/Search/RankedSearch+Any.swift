/// Any of some words: MaxScore in windows.
extension RankedSearch {
    private static let leastWindowCount: UInt32 = 512

    mutating func alternatives() throws {
        // All zero, and left so.
        let scores = unsafe scratch.scores
        let bits = unsafe scratch.bits
        if top.threshold < 0 { try raiseFloor() }
        var lower = range.lowerBound
        while lower < range.upperBound {
            try scratch.stop?.check()
            let window = alternativeWindow(from: lower)
            let threshold = top.threshold
            // Words up to here bring documents, those behind only add to them.
            var essentialCount = 0
            while essentialCount < wordCount, unsafe sums[essentialCount] > threshold { essentialCount += 1 }
            if essentialCount == 0 {
                if mayMatchInWindow { hasSkipped = true }
            } else if essentialCount == 1 {
                try essentialWord(window)
            } else {
                if essentialCount < wordCount { hasSkipped = true }
                for at in 0..<essentialCount { unsafe try gather(order[at], window, scores, bits) }
                unsafe try offerGathered(window, scores, bits, from: essentialCount)
            }
            lower = window.upper
        }
    }

    /// By the heaviest word that stands in enough documents.
    private mutating func raiseFloor() throws {
        var heaviest: Int?
        for at in 0..<wordCount {
            let word = unsafe order[at]
            guard unsafe cursors[word].documentFrequency >= top.limitCount else { continue }
            if heaviest.map({ weights[$0] < weights[word] }) ?? true { heaviest = word }
        }
        if let heaviest { unsafe try raiseFloor(cursors + heaviest, weights[heaviest]) }
    }

    /// A window in which bounds are those of few blocks, from the first document on that any word has.
    private mutating func alternativeWindow(from lower: UInt32) -> Window {
        let most = UInt32(min(UInt64(lower) + UInt64(Window.documentCount), UInt64(range.upperBound)))
        let least = min(lower &+ Self.leastWindowCount, most)
        var upper = most
        for index in 0..<wordCount {
            let cursor = unsafe cursors + order[index]
            guard unsafe cursor.pointee.hasBounds else { continue }
            let block = unsafe cursor.pointee.boundBlock(reaching: lower)
            guard unsafe block < cursor.pointee.blockCount else { continue }
            upper = unsafe min(upper, max(cursor.pointee.lastDocument(ofBlock: block) &+ 1, least))
        }
        mayMatchInWindow = false
        for index in 0..<wordCount {
            let word = unsafe order[index]
            let cursor = unsafe cursors + word
            var share: UInt64 = 0
            if unsafe cursor.pointee.hasBounds {
                var block = unsafe cursor.pointee.boundBlock(reaching: lower)
                while unsafe block < cursor.pointee.blockCount {
                    share = unsafe max(share, cursor.pointee.bound(ofBlock: block, by: table))
                    if unsafe cursor.pointee.lastDocument(ofBlock: block) >= upper &- 1 { break }
                    block &+= 1
                }
            } else if unsafe !cursor.pointee.isAtEnd {
                share = ScoreTable.wholeShare
            }
            // The part of a word that nearly all articles have may be 0.
            if share > 0 { mayMatchInWindow = true }
            let bound = ScoreTable.part(weight: weights[word], share: share)
            unsafe bounds[word] = bound
            var at = index
            while at > 0, unsafe bounds[order[at &- 1]] < bound {
                unsafe order[at] = order[at &- 1]
                at &-= 1
            }
            unsafe order[at] = word
        }
        unsafe sums[wordCount] = 0
        for at in (0..<wordCount).reversed() { unsafe sums[at] = sums[at &+ 1] &+ bounds[order[at]] }
        return Window(lower: lower, upper: upper)
    }

    /// Adds a word's part to the scores of the window's documents that have it.
    private func gather(
        _ word: Int, _ window: Window, _ scores: UnsafeMutablePointer<Int64>, _ bits: UnsafeMutablePointer<UInt64>
    ) throws(EngineError) {
        let weight = weights[word]
        let codes = unsafe place.lengths.base
        let shares = table.shares
        try place.lengths.check(Int(window.lower)..<Int(window.upper))
        var document = try unsafe cursors[word].advance(to: window.lower)
        while document < window.upper {
            let rest = try unsafe cursors[word].rest()
            var index = 0
            while unsafe index < rest.count {
                document = unsafe rest.documents[index]
                if document >= window.upper { break }
                let code = unsafe Int(codes.load(fromByteOffset: Int(document), as: UInt8.self))
                let share = unsafe shares.share(frequency: rest.frequencies[index], lengthCode: code)
                let place = Int(document &- window.lower)
                unsafe scores[place] &+= ScoreTable.part(weight: weight, share: share)
                unsafe window.set(document, in: bits)
                index &+= 1
            }
            document = try unsafe cursors[word].advance(to: index == rest.count ? document &+ 1 : document)
        }
    }

    private mutating func offerGathered(
        _ window: Window, _ scores: UnsafeMutablePointer<Int64>, _ bits: UnsafeMutablePointer<UInt64>, from place: Int
    ) throws {
        for word in 0..<Window.wordCount {
            var rest = unsafe bits[word]
            if rest == 0 { continue }
            unsafe bits[word] = 0
            while rest != 0 {
                let at = word << 6 | rest.trailingZeroBitCount
                rest &= rest &- 1
                let score = unsafe scores[at]
                unsafe scores[at] = 0
                try complete(window.lower &+ UInt32(truncatingIfNeeded: at), score, from: place)
            }
        }
    }

    /// Where one word brings all documents, nothing needs to be gathered.
    private mutating func essentialWord(_ window: Window) throws {
        let word = unsafe order[0]
        let weight = weights[word]
        let others = unsafe sums[1]
        hasSkipped = true
        var document = try unsafe cursors[word].advance(to: window.lower)
        while document < window.upper {
            let rest = try unsafe cursors[word].rest()
            let found = try unsafe candidates(rest, through: window.upper &- 1, weight, others: others)
            for index in 0..<found.count {
                let most = unsafe scratch.mosts[index]
                guard most > top.threshold else { continue }
                try unsafe complete(scratch.candidates[index], most &- others, from: 1)
            }
            let isWhole = unsafe found.seen == rest.count
            document = try unsafe cursors[word].advance(
                to: isWhole ? rest.documents[rest.count &- 1] &+ 1 : rest.documents[found.seen])
        }
    }

    /// Adds what the words from `place` of the order on have to say, as long as it can matter.
    @inline(__always)
    private mutating func complete(_ document: UInt32, _ gathered: Int64, from place: Int) throws {
        var score = gathered
        var place = place
        let threshold = top.threshold
        while place < wordCount {
            if unsafe score &+ sums[place] <= threshold {
                hasSkipped = true
                return
            }
            let word = unsafe order[place]
            if try unsafe cursors[word].advance(to: document) == document {
                let share = table.share(
                    frequency: try unsafe cursors[word].frequency(), lengthCode: try lengthCode(document))
                score &+= ScoreTable.part(weight: weights[word], share: share)
            }
            place &+= 1
        }
        if score <= threshold {
            hasSkipped = true
        } else if try isEligible(document) {
            offer(document, score)
        }
    }
}
