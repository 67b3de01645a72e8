import Glibc
import Storage

/// A system call that failed: what was tried on what, and errno.
package struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
    package var code: Int32
    package var operation: String
    package var subject: String

    /// With the errno of the call that has just failed.
    init(_ operation: String, _ subject: String, code: Int32 = errno) {
        self.code = code
        self.operation = operation
        self.subject = subject
    }

    package var reason: String { unsafe String(cString: strerror(code)) }
    package var description: String { "cannot \(operation) \(subject): \(reason)" }
}

/// The few file calls the bucket is made of: each retried when a signal interrupts it, each failure a `SystemError`.
enum SystemCall {
    static func open(_ path: String, _ flags: Int32, mode: mode_t = 0o644) throws(SystemError) -> FileDescriptor {
        let raw = retrying { unsafe Glibc.open(path, flags | O_CLOEXEC, mode) }
        guard raw >= 0 else { throw SystemError("open", path) }
        return FileDescriptor(raw: raw)
    }

    static func link(_ path: String, _ newPath: String) throws(SystemError) {
        guard unsafe Glibc.link(path, newPath) == 0 else { throw SystemError("link", newPath) }
    }

    static func rename(_ path: String, _ newPath: String) throws(SystemError) {
        guard unsafe Glibc.rename(path, newPath) == 0 else { throw SystemError("rename to", newPath) }
    }

    static func unlink(_ path: String) throws(SystemError) {
        guard unsafe Glibc.unlink(path) == 0 else { throw SystemError("delete", path) }
    }

    /// An existing directory is fine.
    static func makeDirectory(_ path: String) throws(SystemError) {
        guard unsafe mkdir(path, 0o755) == 0 || errno == EEXIST else { throw SystemError("make directory", path) }
    }

    static func status(_ path: String) throws(SystemError) -> FileStatus {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { throw SystemError("look at", path) }
        return FileStatus(status)
    }

    /// Of the file system that holds `path`.
    static func room(_ path: String) throws(SystemError) -> StoreRoom {
        var status = statvfs()
        guard unsafe statvfs(path, &status) == 0 else { throw SystemError("look at the room of", path) }
        let block = UInt64(status.f_frsize)
        return StoreRoom(freeBytes: UInt64(status.f_bavail) * block, totalBytes: UInt64(status.f_blocks) * block)
    }

    /// What is in a directory, "." and ".." left out, in no order.
    static func entries(_ path: String) throws(SystemError) -> [FolderEntry] {
        guard let directory = unsafe opendir(path) else { throw SystemError("list", path) }
        defer { unsafe closedir(directory) }
        var entries: [FolderEntry] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(directory) else {
                if errno != 0 { throw SystemError("list", path) }
                return entries
            }
            // Safe: d_name is ended by a zero within the entry, which lives until the next readdir.
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
            }
            if name == "." || name == ".." { continue }
            let kind: FolderEntry.Kind =
                switch unsafe Int(entry.pointee.d_type) {
                case DT_DIR: .folder
                case DT_LNK: .link
                case DT_UNKNOWN: .untold
                default: .other
                }
            entries.append(FolderEntry(name: name, kind: kind))
        }
    }

    /// Whether an entry is a directory, or a link that leads to one: reads follow links, so lists do.
    ///
    /// - Parameter path: of the entry.
    /// - Throws: also if a link leads nowhere. What it should lead to is away, which is not the same as empty.
    static func isFolder(_ entry: FolderEntry, at path: String) throws(SystemError) -> Bool {
        switch entry.kind {
        case .folder: return true
        case .other: return false
        case .link, .untold:
            do throws(SystemError) { return try status(path).isDirectory } catch {
                // Deleted meanwhile.
                if entry.kind == .untold, error.code == ENOENT { return false }
                throw error
            }
        }
    }

    static func retrying(_ call: () -> Int32) -> Int32 {
        while true {
            let result = call()
            if result >= 0 || errno != EINTR { return result }
        }
    }
}

struct FolderEntry {
    enum Kind {
        case folder
        case link
        /// A file, or something else that holds no entries.
        case other
        /// Some file systems do not tell with the name.
        case untold
    }

    var name: String
    var kind: Kind
}

struct FileStatus {
    var sizeBytes: UInt64
    var isDirectory: Bool
    var isRegular: Bool
    var modifiedSeconds: Int64
    /// Of the file system.
    var device: UInt64

    init(_ status: stat) {
        sizeBytes = UInt64(max(0, status.st_size))
        isDirectory = status.st_mode & S_IFMT == S_IFDIR
        isRegular = status.st_mode & S_IFMT == S_IFREG
        modifiedSeconds = Int64(status.st_mtim.tv_sec)
        device = UInt64(status.st_dev)
    }
}

/// An open file, closed when the value ends.
struct FileDescriptor: ~Copyable {
    let raw: Int32

    // An error of close says nothing that fsync has not said.
    deinit { close(raw) }

    func status(_ path: String) throws(SystemError) -> FileStatus {
        var status = stat()
        guard unsafe fstat(raw, &status) == 0 else { throw SystemError("look at", path) }
        return FileStatus(status)
    }

    func write(_ bytes: [UInt8], _ path: String) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            // Safe: reads `count - done` bytes from `done` on, all inside the array.
            let count = unsafe bytes.withUnsafeBytes { all in
                unsafe Glibc.write(raw, all.baseAddress! + done, all.count - done)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw SystemError("write", path)
            }
            done += count
        }
    }

    /// - Parameter count: bytes that are there, by the file's status.
    /// - Returns: fewer bytes only if the file shrank meanwhile.
    func read(_ count: Int, at offset: UInt64, _ path: String) throws(SystemError) -> [UInt8] {
        var failure: SystemError?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                // Safe: writes at most `count - filled` bytes from `filled` on, inside the capacity.
                let step = unsafe pread(
                    raw, buffer.baseAddress! + filled, count - filled, off_t(offset) + off_t(filled))
                if step < 0 {
                    if errno == EINTR { continue }
                    failure = SystemError("read", path)
                    return
                }
                if step == 0 { return }
                filled += step
            }
        }
        if let failure { throw failure }
        return bytes
    }

    func sync(_ path: String, _ call: (Int32) -> Int32) throws(SystemError) {
        guard SystemCall.retrying({ call(raw) }) == 0 else { throw SystemError("sync", path) }
    }
}
