package import News

/// A question to a snapshot.
package struct SearchRequest: Sendable {
    package enum Sort: UInt8, Sendable, CaseIterable {
        /// Higher scores first, equal ones newest first.
        case score = 0
        /// Order time descending, then key ascending; undated last.
        case newest = 1
        /// The reverse of `newest`.
        case oldest = 2
    }

    package enum Facet: UInt8, Sendable, CaseIterable {
        case source = 0
        case language = 1
        case section = 2
    }

    package enum Interval: Sendable {
        case day
        /// Begins on Monday.
        case week
        case month
    }

    package var query: QueryNode
    package var sort: Sort
    /// Most hits wanted.
    package var limitCount: Int
    /// From `SearchResults.next`: continue behind its last hit.
    package var after: String?
    /// Whether the total must be exact. If not, counting may stop when the hits are complete.
    package var countExact: Bool
    package var facets: [Facet]
    /// Most values of a facet, those with the largest counts; nil for all.
    package var facetLimitCount: Int?
    package var histogram: Interval?
    /// Minutes east of UTC in which days of the histogram begin.
    package var zoneOffsetMinutes: Int
    /// Looks at every document, also where the hits can be found without: the answer must be the same.
    package var isExhaustive = false
    /// By which it can be ended while it runs.
    package var stop: SearchStop?

    /// Most hits of one page.
    package static let limitCount = 10_000

    package init(
        query: QueryNode, sort: Sort = .score, limitCount: Int = 10, after: String? = nil, countExact: Bool = true,
        facets: [Facet] = [], facetLimitCount: Int? = nil, histogram: Interval? = nil, zoneOffsetMinutes: Int = 0
    ) {
        self.query = query
        self.sort = sort
        self.limitCount = limitCount
        self.after = after
        self.countExact = countExact
        self.facets = facets
        self.facetLimitCount = facetLimitCount
        self.histogram = histogram
        self.zoneOffsetMinutes = zoneOffsetMinutes
    }
}

/// The answer to a `SearchRequest`.
package struct SearchResults: Equatable, Sendable {
    package struct Hit: Equatable, Sendable {
        package var key: ArticleKey
        /// In 2^-16.
        package var score: Int64
        package var orderTime: Timestamp?
        /// Where the article lies: index of the segment in the snapshot, ordinal in the segment. No part of the answer:
        /// another cut of the same articles has others.
        package var segment: Int
        package var ordinal: UInt32

        package var orderKey: OrderKey { OrderKey(time: orderTime, key: key) }
    }

    package struct FacetValue: Equatable, Sendable {
        /// Nil for articles without a value.
        package var name: String?
        package var count: Int
    }

    package struct FacetCounts: Equatable, Sendable {
        /// Largest counts first; equal ones by name.
        package var values: [FacetValue] = []
        /// What was left out because of a limit: how many values, and the sum of their counts.
        package var leftValueCount = 0
        package var leftArticleCount = 0
    }

    package struct Bucket: Equatable, Sendable {
        /// First instant of the day, week or month.
        package var start: Timestamp
        package var count: Int
    }

    /// What answering took.
    package struct Work: Equatable, Sendable {
        package var roundCount = 0
        package var requestCount = 0
        package var requestBytes = 0
        package var windowCount = 0
    }

    /// What a cursor is made of, when it is asked for.
    struct More: Equatable, Sendable {
        var query: QueryNode
        var sort: SearchRequest.Sort
        var generation: Generation
        var score: Int64
        var place: OrderKey

        var text: String {
            SearchCursor(
                sort: sort, generation: generation, queryHash: SearchCursor.hash(of: query), score: score, place: place
            ).text
        }
    }

    /// Live articles that match, before `after`.
    package var total: Int
    /// Whether `total` is exact; else it is a lower bound.
    package var isExact = true
    package var hits: [Hit] = []
    /// Where the next page begins; nil if this is the last.
    var more: More?
    /// For the next page; nil if this is the last.
    package var next: String? { more?.text }
    package var facets: [SearchRequest.Facet: FacetCounts] = [:]
    /// Ascending; buckets without articles are left out.
    package var histogram: [Bucket] = []
    /// Matching articles in no bucket of the histogram, because they are undated.
    package var undatedCount = 0
    package var work = Work()
}
