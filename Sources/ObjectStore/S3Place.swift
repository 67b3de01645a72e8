import News

/// `s3://BUCKET[/PREFIX]`: where in a store the objects of this bucket of ours lie.
package struct S3Place: Equatable, Sendable, CustomStringConvertible {
    package static let scheme = "s3://"

    package var bucket: String
    /// Before every name: "" or words with "/" behind each.
    package var prefix: String

    package struct Refusal: Error, Equatable, Sendable, CustomStringConvertible {
        package var description: String
    }

    package init(bucket: String, prefix: String) {
        self.bucket = bucket
        self.prefix = prefix
    }

    /// - Throws: what is wrong with the words.
    package init(_ text: String) throws(Refusal) {
        guard text.hasPrefix(Self.scheme) else { throw Refusal(description: "\(text) does not begin with s3://") }
        let parts = text.dropFirst(Self.scheme.count).split(
            separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        bucket = String(parts[0])
        let isBucket =
            (3...63).contains(bucket.utf8.count)
            && bucket.utf8.allSatisfy { ASCII.isAlphanumeric($0) || ".-_".utf8.contains($0) }
        guard isBucket else {
            throw Refusal(
                description:
                    "\"\(bucket)\" is no bucket's name: 3 to 63 letters, digits, dots, hyphens (s3://BUCKET/PREFIX)")
        }
        var rest = parts.count > 1 ? parts[1] : ""
        while rest.hasSuffix("/") { rest.removeLast() }
        let words = rest.split(separator: "/", omittingEmptySubsequences: false)
        let isPrefix =
            rest.isEmpty
            || words.allSatisfy { word in
                !word.isEmpty && word != "." && word != ".."
                    && word.utf8.allSatisfy { ASCII.isAlphanumeric($0) || "._-=+@".utf8.contains($0) }
            }
        guard isPrefix, rest.utf8.count <= 512 else {
            throw Refusal(
                description: "\"\(rest)\" is no prefix: words of letters, digits and . _ - = + @ with one / between")
        }
        prefix = rest.isEmpty ? "" : rest + "/"
    }

    /// Whether all that lies here lies in another place, too.
    package func isIn(_ other: S3Place) -> Bool { bucket == other.bucket && prefix.hasPrefix(other.prefix) }

    package var description: String { "s3://\(bucket)/\(prefix.isEmpty ? "" : String(prefix.dropLast()))" }
}
