import ByteCoding
import Engine
import Extraction
import News
import Storage

extension ArticleHistory {
    package var json: [UInt8] {
        var out = JSONObjectWriter()
        out.member(orNull: "key", address.key?.hex)
        out.member(orNull: "url", address.canonicalURL)
        out.member("generation", encoded: "\(generation.number)")
        out.member(orNull: "live_version", live.map { Hex.string($0.version.bytes) })
        if let retraction {
            out.member("retraction") { inner in
                inner.required("url", retraction.url)
                inner.required("reason", retraction.reason)
            }
        }
        if let expiration {
            out.member("expired") { inner in
                inner.required("horizon", expiration.horizonText)
                inner.required("version", Hex.string(expiration.through.bytes))
            }
        }
        if let rule {
            out.member("retention") { inner in
                inner.required("horizon", rule.dateText)
                inner.member("source", rule.source)
                if rule.ageDays > 0 { inner.member("days", encoded: "\(rule.ageDays)") }
            }
        }
        out.member("events", encoded: AnswerJSON.array(events.map(Self.json)))
        out.member(orNull: "log_kept_since", horizon.map { ArticleJSON.time($0) })
        out.member("log_is_whole", encoded: "\(isWhole)")
        return out.finish()
    }

    private static func json(_ event: Event) -> [UInt8] {
        var out = JSONObjectWriter()
        out.member("received_at", ArticleJSON.time(event.receivedAt))
        switch event.content {
        case .deadLetter(let letter):
            out.member("kind", "dead_letter")
            out.member("reason", letter.reason)
            out.member("version", Hex.string(letter.article.version.bytes))
        case .dropped(let id):
            out.member("kind", "dropped")
            out.member("version", Hex.string(id.version.bytes))
        case .erased: out.member("kind", "erased")
        case .expired(let expiration):
            out.member("kind", "expired")
            out.member("horizon", expiration.horizonText)
            out.member("version", Hex.string(expiration.through.bytes))
        case .article(let article), .retried(let article):
            if case .retried = event.content { out.member("kind", "retried") } else { out.member("kind", "article") }
            out.member("version", Hex.string(article.version.bytes))
            out.member("first_seen", article.version.firstSeen.map { ArticleJSON.time($0) })
            out.member("order_time", article.orderTime.map { ArticleJSON.time($0) })
            out.member("source", article.source)
        case .rejection(let rejection):
            out.member("kind", "rejection")
            out.member("reason", rejection.reason.name)
            out.member("place", rejection.place)
            out.member("detail", rejection.detail)
            out.member("source", rejection.source)
        case .retraction(let retraction):
            out.member("kind", "retraction")
            out.member("reason", retraction.reason)
        }
        if let fate = event.fate {
            out.member("outcome", fate.name)
            if case .superseded(let winner) = fate { out.member("superseded_by", Hex.string(winner.bytes)) }
        }
        out.member("lane", event.lane.name)
        out.member("client", event.client)
        out.member("batch", encoded: "\(event.batch)")
        out.member("position") { position in
            position.member("term", encoded: "\(event.position.term.number)")
            position.member("number", encoded: "\(event.position.number)")
            position.member("index", encoded: "\(event.position.index)")
        }
        return out.finish()
    }

    package var text: String {
        var lines: [String] = []
        if let key = address.key { lines.append("key \(key.hex)") }
        if let url = address.canonicalURL { lines.append("url \(PlainText.line(url))") }
        lines.append(now)
        if let rule {
            lines.append(
                rule.ageDays > 0
                    ? "kept \(rule.ageDays) days by its order time: the horizon is \(rule.dateText)"
                    : "the horizon of retention is \(rule.dateText)")
        }
        for event in events { lines.append(Self.line(event)) }
        if events.isEmpty { lines.append("nothing about it in the log that is kept") }
        switch horizon {
        case let horizon? where !isWhole:
            lines.append("the log is kept since \(AnswerText.time(horizon)) UTC; what came before is not told here")
        case nil: lines.append("no log is kept")
        default: lines.append("the log is kept from its beginning")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private var now: String {
        let place = "generation \(generation.number)"
        if let live { return "live in \(place), version \(Self.short(live.version))" }
        if let retraction {
            return "retracted, in \(place): \(PlainText.line(retraction.reason))"
        }
        if let expiration { return "expired, not in \(place): behind the horizon \(expiration.horizonText)" }
        return "not in \(place)"
    }

    private static func line(_ event: Event) -> String {
        let place = "\(event.position.term.number)/\(event.position.number)/\(event.position.index)"
        var text = "\(AnswerText.time(event.receivedAt)) UTC  "
        switch event.content {
        case .article(let article): text += "received version \(short(article.version))"
        case .retried(let article): text += "tried again, version \(short(article.version))"
        case .deadLetter(let letter):
            text += "version \(short(letter.article.version)) became a dead letter: \(PlainText.line(letter.reason))"
        case .dropped(let id): text += "the dead letter's text was dropped, version \(short(id.version))"
        case .rejection(let rejection):
            text += "rejected as \(rejection.reason.name): \(PlainText.line(rejection.detail)) "
            text += "(\(PlainText.line(rejection.place)))"
        case .erased: text += "erased from the log and from all kept generations"
        case .expired(let expiration):
            text += "behind the horizon \(expiration.horizonText), with all versions up to "
            text += short(expiration.through)
        case .retraction(let retraction): text += "retracted: \(PlainText.line(retraction.reason))"
        }
        switch event.fate {
        case .superseded(let winner): text += ", superseded by \(short(winner))"
        case .duplicate: text += ", a duplicate of an earlier one"
        case .live: text += ", live"
        case .retracted: text += ", retracted"
        case .expired: text += ", expired"
        case .pending: text += ", pending: not yet in a snapshot"
        case .deadLettered: text += ", a dead letter"
        case .gone: text += ", not live and not explained by the log that is kept"
        case .rejected, nil: break
        }
        return text + "  (\(event.lane.name) lane, \(PlainText.line(event.client)) #\(event.batch), log \(place))"
    }

    /// Versions differ in their record's hash.
    private static func short(_ version: Version) -> String { String(version.recordHash.hex.prefix(12)) }
}

extension Expiration {
    fileprivate var horizonText: String { RetentionHorizon(source: "", time: horizon).dateText }
}
