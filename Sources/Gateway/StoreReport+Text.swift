import Extraction
import News

extension StoreReport {
    package var json: [UInt8] {
        var out = JSONObjectWriter()
        out.member("generation", encoded: "\(generation.number)")
        out.member("objects", encoded: "\(objectCount)")
        out.member("bytes", encoded: "\(byteCount)")
        out.member("live_articles", encoded: "\(liveDocumentCount)")
        out.member("findings", encoded: AnswerJSON.array(findings.map(Self.json)))
        out.member("unknown", unknownNames)
        return out.finish()
    }

    private static func json(_ finding: Finding) -> [UInt8] {
        var out = JSONObjectWriter()
        out.member("object", finding.object)
        out.member("section", finding.section)
        if let offset = finding.offset { out.member("offset", encoded: "\(offset)") }
        out.member("message", finding.message)
        return out.finish()
    }

    package var text: String {
        var lines = findings.map { "\($0)" }
        for name in unknownNames { lines.append("\(name): not an object of a store; it was not read") }
        let read = "\(objectCount) objects, \(byteCount) bytes, generation \(generation.number)"
        lines.append(
            findings.isEmpty
                ? "sound: \(read), \(liveDocumentCount) live articles"
                : "not sound: \(findings.count) \(findings.count == 1 ? "finding" : "findings") in \(read)")
        return lines.joined(separator: "\n") + "\n"
    }
}
