import ByteCoding

/// Why bytes are no message. The connection they came from is to be closed: after one of these nobody knows where the
/// next message begins.
package struct WireError: Error, Equatable, Sendable, CustomStringConvertible {
    package var code: ErrorCode
    /// What was seen and what was expected; fit for `Message.error`.
    package var message: String

    package init(_ code: ErrorCode, _ message: String) {
        self.code = code
        self.message = message
    }

    /// What the other side is told before the connection closes.
    package var reply: Message { .error(code: code, message: message) }

    package var description: String { "\(code.rawValue): \(message)" }
}

extension WireError {
    static func payload(_ command: Command, _ error: CodingError) -> WireError {
        WireError(.badFormat, "payload of \(command.rawValue): \(error)")
    }
}
