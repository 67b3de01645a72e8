package import News

/// Writes the line of a PUT payload that says of an input that no article could be made of it.
package enum RejectLine {
    /// Bytes of a source or detail that are kept; escaped they still fit into a directive.
    static let textBytes = 1024

    /// - Parameters:
    ///   - source: the file or feed it came from.
    ///   - key: of the article it would have been, if that is known.
    ///   - line: where in the source, counted from 1.
    package static func write(
        source: String, key: ArticleKey? = nil, line: UInt64? = nil, reason: RejectionReason, detail: String
    ) -> [UInt8] {
        var inner = JSONObjectWriter()
        inner.member("source", source.prefix(utf8Bytes: textBytes))
        if let key { inner.member("key", key.hex) }
        if let line { inner.member("line", encoded: "\(line)") }
        inner.member("reason", reason.name)
        inner.member("detail", detail.prefix(utf8Bytes: textBytes))
        var outer = JSONObjectWriter()
        outer.member("$reject", encoded: String(decoding: inner.finish(), as: UTF8.self))
        return outer.finish()
    }
}
