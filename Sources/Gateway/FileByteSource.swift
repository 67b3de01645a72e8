package import Engine
import HostIO

/// Ranges of one file, wherever it lies: for segments outside a store. The object's name does not matter.
package struct FileByteSource: ByteSource {
    private let file: MappedFile

    /// - Throws: `Failure` if the file cannot be read.
    package init(path: String) throws(Failure) {
        do throws(SystemError) { file = try MappedFile(path) } catch {
            throw Failure(.failed, "\(error)")
        }
    }

    package var sizeBytes: UInt64 { UInt64(file.count) }

    package func read(_ requests: [ByteRequest]) throws -> [ByteView] {
        requests.map { request in
            let start = min(Int(clamping: request.offset), file.count)
            let end = start + min(max(request.length, 0), file.count - start)
            // Safe: the view holds the mapping, and start...end lies within it.
            return unsafe ByteView(UnsafeRawBufferPointer(rebasing: file.unsafeBytes[start..<end]), owner: file)
        }
    }
}
