import ByteCoding
import Gateway
import Glibc
import HostIO

/// Where a command writes much: standard output, or a file that has its name only once it is whole. A name that ends in .zst
/// is packed.
@safe final class OutputFile {
    private let path: String?
    private var descriptor: Int32 = -1
    private var waiting: [UInt8] = []
    private let packer: ZstdPacker?

    private var temporaryPath: String { "\(path ?? "").part" }

    /// - Parameter path: "-" is standard output.
    /// - Throws: `Failure` for another kind of name, or a file that cannot be made.
    init(_ path: String) throws {
        guard path != "-" else {
            self.path = nil
            packer = nil
            return
        }
        guard [".ndjson", ".jsonl", ".ndjson.zst", ".jsonl.zst"].contains(where: { path.hasSuffix($0) }) else {
            throw Failure(
                .badRequest, "\(path) is no name that coranto ingest would read",
                hint: "end it in .ndjson or .ndjson.zst; - is standard output")
        }
        self.path = path
        packer = path.hasSuffix(".zst") ? ZstdPacker() : nil
        descriptor = unsafe open(temporaryPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.failure("make", temporaryPath) }
    }

    func write(_ line: [UInt8]) throws {
        guard let packer else { return try hold(line) }
        try packer.append(line) { try hold($0) }
    }

    /// Writes what is left, and gives the file its name.
    func finish() throws {
        try packer?.finish { try hold($0) }
        try flush()
        guard let path else { return }
        guard fsync(descriptor) == 0 else { throw Self.failure("sync", temporaryPath) }
        guard unsafe rename(temporaryPath, path) == 0 else { throw Self.failure("name", path) }
        close(descriptor)
        descriptor = -1
        do throws(SystemError) { try DurableName.sync(path) } catch { throw Failure(.failed, "\(error)") }
    }

    deinit {
        guard descriptor >= 0 else { return }
        close(descriptor)
        // Not whole: better nothing than something that looks like it.
        _ = unsafe unlink(temporaryPath)
    }

    private func hold(_ bytes: [UInt8]) throws {
        waiting += bytes
        if waiting.count >= 1 << 18 { try flush() }
    }

    private func flush() throws {
        defer { waiting.removeAll(keepingCapacity: true) }
        guard path != nil else { return Terminal.write(waiting) }
        var start = 0
        while start < waiting.count {
            // Safe: writes from a live array, within it.
            let count = unsafe waiting.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress! + start, waiting.count - start)
            }
            if count < 0, errno != EINTR { throw Self.failure("write", temporaryPath) }
            start += max(count, 0)
        }
    }

    private static func failure(_ what: String, _ path: String) -> Failure {
        // Safe: strerror gives a C string.
        Failure(.failed, "cannot \(what) \(path): \(unsafe String(cString: strerror(errno)))")
    }
}
