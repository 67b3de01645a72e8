import Glibc

/// A pipe or file, a piece at a time as it comes: whoever waits for more can look up meanwhile.
struct PolledInput {
    enum Piece {
        case bytes([UInt8])
        case nothingYet
        case end
    }

    struct Failure: Error, CustomStringConvertible {
        let code = errno
        // Safe: strerror gives a C string.
        var description: String { unsafe String(cString: strerror(code)) }
    }

    static let pieceBytes = 1 << 18

    let descriptor: Int32

    /// - Parameter waitingMilliseconds: at most; 0 for what is there already.
    func next(waitingMilliseconds: Int32) throws(Failure) -> Piece {
        var asked = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let readyCount = unsafe poll(&asked, 1, waitingMilliseconds)
        guard readyCount > 0 else {
            if readyCount < 0, errno != EINTR { throw Failure() }
            return .nothingYet
        }
        var count = 0
        // Safe: it writes into the capacity that is asked for, and what was written is counted.
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Self.pieceBytes) { buffer, written in
            count = unsafe Glibc.read(descriptor, buffer.baseAddress, Self.pieceBytes)
            written = max(0, count)
        }
        if count < 0 {
            guard errno == EINTR || errno == EAGAIN else { throw Failure() }
            return .nothingYet
        }
        return count == 0 ? .end : .bytes(bytes)
    }
}
