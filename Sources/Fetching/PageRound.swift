import News

/// The pages behind the new entries of one answer, asked for one after another.
///
/// Entries and what is seen of them stand in the same order: first those that nothing is known of, then those that changed. All of a round is sent in one batch; what is left of the answer
/// (`isCut`) is new again for the feed's next poll, which for that asks without validators.
struct PageRound: Sendable {
    /// To be saved once everything in the round is acknowledged.
    private(set) var state: FeedState
    private(set) var new: [FetchScheduler.NewEntry]
    private(set) var seen: [SeenEntry]
    private(set) var isCut = false
    /// Something is left that nothing is known of. What only changed can wait, and may change each time.
    private(set) var leavesUnknown = false
    private var unknownCount: Int
    /// Pages that were had.
    private(set) var pageCount = 0
    /// By place among `new`.
    private let pages: [(place: Int, address: WebAddress)]
    private var turn = 0

    /// - Parameters:
    ///   - new: of the answer's entries.
    ///   - limit: of pages; the entries from the next one on that has one are left. Of entries so many times as many.
    init(
        _ state: FeedState, _ new: [FetchScheduler.NewEntry], _ seen: [SeenEntry], _ response: FetchScheduler.Response,
        _ limit: Int
    ) {
        self.state = state
        let isKnown = seen.map { response.known[$0.key] != nil }
        let order = new.indices.filter { !isKnown[$0] } + new.indices.filter { isKnown[$0] }
        let entries = response.entries
        let new = order.map { new[$0] }
        self.new = new
        self.seen = order.map { seen[$0] }
        unknownCount = isKnown.count { !$0 }
        pages = new.enumerated().lazy.compactMap { place, new in entries[new.index].page.map { (place, $0) } }
            .prefix(limit + 1).map { $0 }
        let end = min(pages.count > limit ? pages[limit].place : .max, limit * Self.entriesPerPage)
        if !pages.isEmpty, end < new.count { cut(at: end) }
    }

    /// Entries that need no page wait in memory with those that do.
    private static let entriesPerPage = 8

    /// Of the page whose turn it is; nil if all had theirs.
    var address: WebAddress? {
        turn < pages.count && pages[turn].place < new.count ? pages[turn].address : nil
    }

    /// The entry of that page. Only to be asked for if there is one.
    var entry: Int { new[pages[turn].place].index }

    mutating func advance(hasPage: Bool) {
        if hasPage { pageCount += 1 }
        turn += 1
    }

    /// Leaves the entry whose page's turn it is, and all behind it. Only to be called if there is one.
    mutating func cut() { cut(at: pages[turn].place) }

    private mutating func cut(at place: Int) {
        new.removeSubrange(place...)
        seen.removeSubrange(place...)
        isCut = true
        leavesUnknown = place < unknownCount
        state.etag = nil
        state.lastModified = nil
    }

    /// The poll counts as failed, though it brought something.
    mutating func noteFailure(_ why: String, failureCount: Int) {
        state.failureCount = failureCount
        state.lastError = FetchScheduler.shortened(why)
    }
}
