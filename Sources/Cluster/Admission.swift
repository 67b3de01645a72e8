// What may go into the log: decided by what is durable, and by the rules of retention that are on their way there.
//
// Guarantees
// 1. No article is logged that a retraction, an expiration or a horizon which was durable when it came says is not taken: a
//    rejection is logged in its place.
// 2. No article is logged behind a rule or an expiration that concerns it: while one is on its way, what it concerns can
//    neither be taken nor rejected, and comes again.
// 3. A rule by age has the coordinator's clock as a horizon before it is logged: clocks enter only so.

import News
package import Storage
package import Wire

package struct Admission: Sendable {
    /// Why a batch is not taken.
    package struct Refusal: Error, Equatable {
        package var code: ErrorCode
        package var message: String
    }

    /// Rules and expirations that wait for the log, by the batch that brings them.
    private var coming: [UInt64: [LogEntry]] = [:]

    package init() {}

    /// A batch goes to the log: what comes behind it is held against its rules and expirations.
    package mutating func begin(_ token: UInt64, _ entries: [LogEntry]) {
        if !entries.isEmpty { coming[token] = entries }
    }

    /// A batch is in the log, and its entries in the state; or it was refused.
    package mutating func end(_ token: UInt64) { coming[token] = nil }

    /// Whether a rule is on its way.
    package var isRuleComing: Bool { coming.values.joined().contains(where: \.isHorizon) }

    /// The entries that a batch becomes in the log.
    ///
    /// - Parameter head: what is published.
    package func entries(of put: Coordinator.Put, state: ClusterState, head: Manifest, now: Moment) throws(Refusal)
        -> [LogEntry]
    {
        var entries = put.entries
        for (index, entry) in put.entries.enumerated() {
            // By age: the clock becomes a record here.
            guard case .horizon(var rule) = entry, rule.ageDays > 0 else { continue }
            rule.time = RetentionHorizon.time(ofAgeDays: rule.ageDays, at: now.wall)
            entries[index] = .horizon(rule)
        }
        for request in put.letterRequests { entries += try Self.entries(of: request, state, head) }
        let rules = rulesToBe(state)
        guard !isConcerned(entries, by: rules) else {
            throw Refusal(code: .busy, message: "a rule of retention is on its way into the log")
        }
        try Self.checkCount(of: rules, with: entries)
        for (index, entry) in entries.enumerated() {
            guard case .article(let article) = entry, let why = state.rejection(of: article) else { continue }
            entries[index] = .rejection(why)
        }
        return entries
    }

    /// The rules that are in force for whatever comes into the log behind those that are on their way.
    private func rulesToBe(_ state: ClusterState) -> RetentionRules {
        var rules = state.retention
        for token in coming.keys.sorted() {
            for case .horizon(let rule) in coming[token]! { rules.set(rule) }
        }
        return rules
    }

    /// Whether something of it would have to be held against a rule that is not durable yet.
    private func isConcerned(_ entries: [LogEntry], by rules: RetentionRules) -> Bool {
        guard !coming.isEmpty else { return false }
        var bounds: [ArticleKey: Version] = [:]
        for case .expired(let expiration) in coming.values.joined() {
            bounds[expiration.key] = max(bounds[expiration.key] ?? expiration.through, expiration.through)
        }
        return entries.contains { entry in
            switch entry {
            case .article(let article), .retried(let article):
                rules.horizon(before: article) != nil || bounds[article.key].map { article.version <= $0 } ?? false
            default: false
            }
        }
    }

    private static func checkCount(of rules: RetentionRules, with entries: [LogEntry]) throws(Refusal) {
        var rules = rules
        for case .horizon(let rule) in entries { rules.set(rule) }
        guard rules.bySource.count <= Limits.retentionRules else {
            throw Refusal(code: .notAllowed, message: "more than \(Limits.retentionRules) rules of retention")
        }
    }

    /// What is asked of the dead letters of a key, as entries.
    private static func entries(
        of request: Coordinator.LetterRequest, _ state: ClusterState, _ head: Manifest
    ) throws(Refusal) -> [LogEntry] {
        func refusal(_ message: String) -> Refusal { Refusal(code: .notAllowed, message: message) }
        let letters = state.deadLetters.filter { $0.key.key == request.key }.sorted { $0.key < $1.key }
        guard letters.contains(where: \.value.isTextThere) else {
            throw refusal(
                letters.isEmpty
                    ? "there is no dead letter of key \(request.key.hex)"
                    : "the text of dead letter \(request.key.hex) was dropped, or its key retracted")
        }
        var entries: [LogEntry] = []
        for (id, letter) in letters where letter.isTextThere {
            switch request.kind {
            case .retry:
                if let why = state.rejection(of: letter.article) {
                    throw refusal("dead letter \(id.key.hex) is \(why.reason.name): \(why.detail)")
                }
                // Whoever reads its first entry again must still find the decision.
                let shard = head.sharding.shard(of: id.key)
                guard Lane.allCases.allSatisfy({ head[watermark: ShardLane(shard, $0)] >= letter.position }) else {
                    throw refusal("what the log held beside dead letter \(id.key.hex) is not published yet")
                }
                entries.append(.retried(letter.article))
            case .drop: entries.append(.dropped(id))
            }
        }
        return entries
    }
}

extension ClusterState {
    /// Why an article is not taken, by what is durable.
    fileprivate func rejection(of article: LoggedArticle) -> Rejection? {
        func rejected(_ reason: RejectionReason, _ detail: String) -> Rejection {
            Rejection(reason: reason, source: article.source, place: article.key.hex, detail: detail)
        }
        if retractions[article.key] != nil { return rejected(.retracted, "") }
        if let rule = retention.horizon(before: article) {
            return rejected(.expired, "behind the horizon \(rule.dateText)")
        }
        if expiration(of: article.key, article.version) != nil {
            return rejected(.expired, "a version as large or larger is being expired")
        }
        return nil
    }
}

extension LogEntry {
    var isHorizon: Bool { if case .horizon = self { true } else { false } }
}
