import ByteCoding
import Glibc
import HostIO
import News

/// Appends responses to files of a folder: `coranto-<time>-<process>.warc.zst`, a new one when a file is full and with each start.
///
/// A record is handed to the system whole before `append` returns, and made durable when its file is full or closed: the
/// archive is a copy for later, not what keeps articles safe. A file that was cut short reads up to there.
package final class WebArchiveWriter {
    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    private let folder: String
    private let limitBytes: Int
    private let zstd = ZstdCompressor(level: 9)
    private var descriptor: Int32 = -1
    private var path = ""
    private var sizeBytes = 0
    private var fileCount = 0

    /// - Parameters:
    ///   - folder: must be there.
    ///   - limitBytes: a file that has more is not appended to.
    package init(folder: String, limitBytes: Int = 1 << 30) {
        self.folder = folder
        self.limitBytes = limitBytes
    }

    deinit { if descriptor >= 0 { Glibc.close(descriptor) } }

    package func append(_ record: WebArchive.Record) throws(Failure) {
        if descriptor < 0 || sizeBytes >= limitBytes { try begin(at: record.takenAt) }
        let frame = zstd.compress(WebArchive.encode(record))
        var written = 0
        while written < frame.count {
            // Safe: the slice outlives the call, which reads no more than its count.
            let count = unsafe frame[written...].withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else { throw failure("cannot be written") }
            written += max(count, 0)
        }
        sizeBytes += frame.count
    }

    package func close() throws(Failure) {
        guard descriptor >= 0 else { return }
        defer { descriptor = -1 }
        let isSynced = fsync(descriptor) == 0
        guard Glibc.close(descriptor) == 0, isSynced else { throw failure("cannot be made durable") }
        do throws(SystemError) { try DurableName.sync(path) } catch {
            throw failure("cannot be made durable", error.code)
        }
    }

    private func begin(at time: Timestamp) throws(Failure) {
        try close()
        fileCount += 1
        let stamp = WebArchiveDate.text(time).filter { $0 != "-" && $0 != ":" && $0 != "." }
        path = "\(folder)/coranto-\(stamp)-\(getpid())-\(fileCount).warc.zst"
        descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure("cannot be made") }
        sizeBytes = 0
    }

    private func failure(_ what: String, _ code: Int32 = errno) -> Failure {
        // Safe: strerror gives a C string.
        let reason = unsafe String(cString: strerror(code))
        return Failure(
            description: "the archive \(path) \(what): \(reason); make room, or start the fetcher without --archive")
    }
}
