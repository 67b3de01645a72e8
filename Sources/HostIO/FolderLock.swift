// A C call is wrapped here: flock.

import Glibc

/// Keeps a folder to one process of this machine, by a lock on a file in it. The system gives it back when the process ends, however
/// that happens; the file stays, with the number of the last holder.
package final class FolderLock: Sendable {
    package enum Attempt: Sendable {
        case held(FolderLock)
        /// Another process has it; its number, if the file tells it.
        case heldBy(Int32?)
    }

    static let fileName = "lock"
    /// More than the digits of a process number.
    private static let readBytes = 32

    private let file: FileDescriptor

    private init(_ file: consuming FileDescriptor) { self.file = file }

    /// - Throws: if the file cannot be made or locked.
    package static func take(_ folder: String) throws(SystemError) -> Attempt {
        let path = folder + "/" + fileName
        let file = try SystemCall.open(path, O_RDWR | O_CREAT)
        guard flock(file.raw, LOCK_EX | LOCK_NB) == 0 else {
            guard errno == EWOULDBLOCK else { throw SystemError("lock", path) }
            let text = String(decoding: try file.read(readBytes, at: 0, path), as: UTF8.self)
            return .heldBy(Int32(text.prefix { $0.isNumber }))
        }
        guard ftruncate(file.raw, 0) == 0 else { throw SystemError("write to", path) }
        try file.write(Array("\(getpid())\n".utf8), path)
        return .held(FolderLock(file))
    }
}
