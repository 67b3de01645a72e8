import Glibc

/// Standard output and standard error. Written without buffers between, so that what was printed is out.
enum Terminal {
    /// Whether colours help: only on a terminal, and not where the user said no (https://no-color.org).
    static var hasColour: Bool {
        // Safe: getenv returns nil or a C string that nothing here changes.
        let refuses = unsafe getenv("NO_COLOR").map { unsafe $0.pointee != 0 } ?? false
        return isatty(STDOUT_FILENO) == 1 && !refuses
    }

    /// - Parameter status: what the process ends with if nobody reads; of a command that does nothing but answer it is 0.
    static func write(_ text: String, unread status: Int32 = 0) { write(Array(text.utf8), unread: status) }

    /// Ends the process if nobody can read any more: a closed pipe is an orderly end, all else is a failure.
    static func write(_ bytes: [UInt8], unread status: Int32 = 0) {
        // Safe: the array lives until all is written.
        unsafe bytes.withUnsafeBytes { unsafe write($0, unread: status) }
    }

    static func write(_ bytes: UnsafeRawBufferPointer) { unsafe write(bytes, unread: 0) }

    private static func write(_ bytes: UnsafeRawBufferPointer, unread status: Int32) {
        guard let code = unsafe write(bytes, to: STDOUT_FILENO) else { return }
        if code == EPIPE { end(status: status) }
        // Safe: strerror gives a C string.
        fail("cannot write the answer: \(unsafe String(cString: strerror(code)))", status: 1)
    }

    static func note(_ text: String) { _ = write(Array("coranto: \(text)\n".utf8), to: STDERR_FILENO) }

    /// A line on a terminal that the next one replaces; "" takes it away.
    static func progress(_ text: String) { _ = write(Array("\r\u{1B}[K\(text)".utf8), to: STDERR_FILENO) }

    static func fail(_ text: String, status: Int32) -> Never {
        note(text)
        end(status: status)
    }

    /// Ends the process without the handlers and destructors that libraries run at an exit: threads of the same libraries still
    /// run meanwhile (the runtime's, OpenSSL's), and some find their world gone.
    static func end(status: Int32) -> Never {
        fflush(nil)
        _exit(status)
    }

    /// - Returns: nil, or the system's error.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
        // Safe: the array lives until all is written.
        unsafe bytes.withUnsafeBytes { unsafe write($0, to: descriptor) }
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32? {
        var start = 0
        while start < bytes.count {
            // Safe: writes from bytes that the caller holds, within them.
            let count = unsafe Glibc.write(descriptor, bytes.baseAddress! + start, bytes.count - start)
            if count < 0, errno != EINTR { return errno }
            start += max(count, 0)
        }
        return nil
    }
}

/// One line on a terminal, rewritten while something long runs; nothing where standard error is no terminal.
final class ProgressLine {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var isShown = false

    func show(_ text: String) {
        guard isTerminal else { return }
        isShown = true
        Terminal.progress(text)
    }

    func clear() {
        guard isShown else { return }
        isShown = false
        Terminal.progress("")
    }
}
