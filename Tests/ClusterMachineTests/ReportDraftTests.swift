import ByteCoding
import Cluster
import News
import Storage
import Testing
import Wire

@Suite struct ReportDraftTests {
    @Test("every article has one outcome, and what is published is what becomes live less what was", arguments: 1...200)
    func sums(_ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var draft = ReportDraft()
        var articleCount: Int64 = 0
        var taken: [ArticleKey: [Version]] = [:]
        var through: [ArticleKey: Version] = [:]
        var retracted: Set<ArticleKey> = []
        for _ in 0..<40 {
            let article = logged(Int(random.below(6)), seen: 1 + random.below(5))
            switch random.below(10) {
            case 0:
                retracted.insert(article.key)
                draft.retract(article.key, hour: 1)
            case 1:
                let bound = max(through[article.key] ?? article.version, article.version)
                through[article.key] = bound
                draft.expire(Expiration(key: article.key, through: bound, horizon: 1), hour: 1)
            default:
                articleCount += 1
                if retracted.contains(article.key) {
                    draft.pass(article, hour: 1, as: .retracted)
                } else if let bound = through[article.key], article.version <= bound {
                    draft.pass(article, hour: 1, beside: bound)
                } else {
                    taken[article.key, default: []].append(article.version)
                    _ = draft.take(article, hour: 1)
                }
            }
        }
        draft.seal()
        let before = draft.lookupKeys.map { _ in random.below(2) == 0 ? version(1 + random.below(5)) : nil }
        draft.lookedUp(before.map { $0.map { Worker.Found(version: $0, orderTime: nil, source: "other") } })
        let counts = draft.report(1, nil).counts
        #expect(counts.reduce(0) { $0 + $1.delta } == articleCount)
        var published: Int64 = 0
        var killed: [Kill] = []
        for (key, old) in zip(draft.lookupKeys, before) {
            let kept = ((taken[key] ?? []) + [old].compactMap { $0 }).filter { version in
                !retracted.contains(key) && through[key].map { version > $0 } ?? true
            }
            published += (kept.isEmpty ? 0 : 1) - (old == nil ? 0 : 1)
            if let old, kept.max() != old { killed.append(Kill(key: key, version: old, orderTime: nil)) }
        }
        #expect(counts.filter { $0.outcome == .published }.reduce(0) { $0 + $1.delta } == published)
        #expect(draft.kills.sorted() == killed.sorted())
    }
}
