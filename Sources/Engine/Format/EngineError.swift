/// What went wrong with the bytes of a segment or snapshot, and where.
package struct EngineError: Error, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// Bytes are not what their checksum or the format says.
        case corrupt
        /// The format version is not one this reader knows.
        case unsupportedVersion
        /// The object is shorter than it should be.
        case truncated
        /// There is no such object.
        case missing
        /// The object could not be read.
        case io
        /// Things that are each sound do not belong together: settings, references, kills without a loser.
        case mismatch
        /// A bound of the format would be passed.
        case limit
        /// Whoever asked had it ended (`SearchStop`).
        case stopped
    }

    package var code: Code
    package var message: String
    /// Name of the object, empty when it is about bytes in memory.
    package var object: String
    /// Section, "footer" or "tail"; nil when it is about the whole object.
    package var section: String?
    /// From the start of the object, in bytes.
    package var offset: UInt64?
    package var hint: String

    package init(
        _ code: Code, _ message: String, object: String = "", section: String? = nil, offset: UInt64? = nil,
        hint: String = ""
    ) {
        self.code = code
        self.message = message
        self.object = object
        self.section = section
        self.offset = offset
        self.hint = hint
    }

    package var description: String {
        var text = "\(code.rawValue): \(message)"
        if !object.isEmpty { text += "; object \(object)" }
        if let section { text += ", section \(section)" }
        if let offset { text += ", offset \(offset)" }
        if !hint.isEmpty { text += " (\(hint))" }
        return text
    }
}
