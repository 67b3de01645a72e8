import Foundation
import Glibc

/// A file without a name, for what does not fit into memory: it goes with the value, or with the process.
package final class ScratchFile {
    private let path: String
    private let file: FileDescriptor
    package private(set) var sizeBytes: UInt64 = 0

    /// - Parameter folder: where it lies while it has a name; the system's folder for temporary files if not given.
    package init(in folder: String = NSTemporaryDirectory()) throws(SystemError) {
        let separator = folder.hasSuffix("/") ? "" : "/"
        path = "\(folder)\(separator)coranto-\(getpid())-\(SystemRandom().number())"
        file = try SystemCall.open(path, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
        try SystemCall.unlink(path)
    }

    package func append(_ bytes: [UInt8]) throws(SystemError) {
        try file.write(bytes, path)
        sizeBytes += UInt64(bytes.count)
    }

    package func read(_ count: Int, at offset: UInt64) throws(SystemError) -> [UInt8] {
        try file.read(count, at: offset, path)
    }
}
