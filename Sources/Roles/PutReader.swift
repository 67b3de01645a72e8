package import ByteCoding
package import Cluster
import Extraction
package import News
import Storage
package import Wire

/// Turns the payload of a PUT into entries of the log. Confined to one thread.
package final class PutReader {
    private var reader = ArticleReader()
    private let compressor = ZstdCompressor(level: ZstdCompressor.frameLevel)

    package init() {}

    package struct Refusal: Error, Equatable {
        package var code: ErrorCode
        package var message: String
    }

    /// - Throws: `Refusal` if the payload is not what its line says or has too many lines; bad lines become rejections.
    package func read(
        _ payload: [UInt8], client: String, number: UInt64, lane: Lane, ack: AckLevel, digest: Digest256
    ) throws(Refusal) -> Coordinator.Put {
        let computed = SHA256.hash(of: payload)
        guard computed == digest else {
            throw Refusal(code: .badDigest, message: "the payload's SHA-256 is \(computed.hex)")
        }
        var entries: [LogEntry] = []
        var requests: [Coordinator.LetterRequest] = []
        var line = 0
        // One line after the other: all of them together may be as many as the payload has bytes.
        var rest = payload[...]
        while !rest.isEmpty {
            line += 1
            guard line <= Limits.batchEntries else {
                throw Refusal(
                    code: .tooLarge, message: "more than \(Limits.batchEntries) lines in one batch, empty ones counted")
            }
            let bytes = rest[..<(rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex)]
            rest = rest[bytes.endIndex...].dropFirst()
            guard bytes.contains(where: { $0 != 0x20 && $0 != 0x0D && $0 != 0x09 }) else { continue }
            switch reader.readPayloadLine(bytes) {
            case .deadLetter(let key, let isRetry):
                requests.append(Coordinator.LetterRequest(kind: isRetry ? .retry : .drop, key: key))
            case let read: entries.append(entry(read, place: "\(client) batch \(number) line \(line)"))
            }
        }
        return Coordinator.Put(
            id: BatchID(client: client, number: number), digest: digest, lane: lane, ack: ack, entries: entries,
            letterRequests: requests)
    }

    private func entry(_ line: PayloadLine, place: String) -> LogEntry {
        switch line {
        case .deadLetter: preconditionFailure("becomes an entry only where the dead letters are known")
        case .article(let incoming):
            return .article(
                LoggedArticle(
                    key: incoming.key, version: incoming.version, orderTime: incoming.article.orderTime,
                    source: label(incoming.article.source ?? ""), recordBytes: UInt32(incoming.record.count),
                    frame: compressor.compress(incoming.record)))
        case .rejected(let reason, let detail):
            return .rejection(
                Rejection(
                    reason: reason, source: (reader.source ?? "").prefix(utf8Bytes: Limits.nameBytes), place: place,
                    detail: label(detail)))
        case .reject(let source, let key, let line, let reason, let detail):
            var place = key?.hex ?? source
            if let line { place += ":\(line)" }
            return .rejection(
                Rejection(
                    reason: reason, source: label(source), place: place.prefix(utf8Bytes: Limits.urlBytes),
                    detail: label(detail)))
        case .retract(let key, let url, let reason):
            return .retraction(
                Retraction(
                    key: key, url: (url ?? "").prefix(utf8Bytes: Limits.urlBytes), reason: label(reason)))
        case .retention(let source, let rule):
            // Of a rule by age the coordinator's clock tells the horizon.
            let (time, days): (UInt64, UInt32) =
                switch rule {
                case .keep(let days): (RetentionHorizon.foreverTime, days)
                case .before(let at): (Timestamp.sortable(at), 0)
                case .all: (RetentionHorizon.allTime, 0)
                case .forever: (RetentionHorizon.foreverTime, 0)
                case .remove: (RetentionHorizon.noneTime, 0)
                }
            return .horizon(RetentionHorizon(source: source, time: time, ageDays: days))
        case .feed(.add(let url, let interval, let wantsPages)):
            return .feed(
                FeedChange(operation: wantsPages ? .addWithPages : .add, url: url, intervalSeconds: interval))
        case .feed(.remove(let url)):
            return .feed(FeedChange(operation: .remove, url: url, intervalSeconds: nil))
        }
    }

    private func label(_ text: String) -> String { text.prefix(utf8Bytes: Limits.labelBytes) }
}
