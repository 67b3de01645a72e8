/// One thing that happened in a world.
package struct TraceLine: Sendable, CustomStringConvertible {
    package enum Kind: Sendable {
        case event
        case fault
        /// A process begins, ends, reigns or is fenced.
        case process
    }

    package var now: Int64
    package var kind: Kind
    package var text: String

    package var description: String { "\(now) \(text)" }

    /// What concerns the objects and keys that a violation names, and all faults.
    package static func shortened(_ trace: [TraceLine], for violation: Violation) -> [TraceLine] {
        var subjects = Self.subjects(of: violation.detail)
        // The segments a key came in.
        for line in trace where line.text.contains(" built ") && subjects.contains(where: line.text.contains) {
            subjects += Self.subjects(of: line.text).filter { $0.hasPrefix("segments/") }
        }
        return trace.filter { line in line.kind != .event || subjects.contains { line.text.contains($0) } }
    }

    /// Names of objects, keys, shards, generations and batches in a text.
    private static func subjects(of text: String) -> [String] {
        let words = text.split { $0 == " " || $0 == ":" || $0 == "," }.map(String.init)
        var subjects: [String] = []
        for (index, word) in words.enumerated() {
            if word.contains("/") { subjects.append(String(word.prefix(80))) }
            if word.count >= 16, word.allSatisfy(\.isHexDigit) { subjects.append(String(word.prefix(8))) }
            if ["generation", "shard", "batch", "term", "job"].contains(word), index + 1 < words.count {
                subjects.append("\(word) \(words[index + 1])")
            }
        }
        return subjects
    }
}
