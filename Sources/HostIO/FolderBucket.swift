import ByteCoding
import Glibc
import News
package import Storage
import Synchronization

/// A bucket in a folder of a POSIX file system.
///
/// Guarantees
/// 1. `create` writes a temporary file, syncs it, links it to its name (link refuses a taken name, atomically, also
///    between processes), and syncs the directory and every directory above, up to the one that holds the bucket's, that this
///    process has not synced yet. When it returns `.done`, or `.exists`, the object survives a loss of power.
/// 2. A name shows either nothing or the whole object.
/// 3. After a failed fsync nobody knows what the disk holds, and a second fsync may succeed without having written
///    anything (the kernel drops dirty pages that could not be written). So the process ends, with status 1; its
///    successor reads what is really there. Only "disk full" while syncing a temporary file is an answer: that file is
///    thrown away.
/// 4. A write that fails with an I/O error is an answer, for nothing was written; but when all have for `WriteTrouble`'s patience
///    the process ends as well.
///
/// Safe to use from several threads and processes at once. Unfinished files lie in `tmp/` of the folder.
package final class FolderBucket: Bucket {
    package enum Access: Sendable {
        case readOnly
        case readWrite
    }

    package let location: String
    private let access: Access
    private let sync: SyncCall
    private let heldNameCount: Int
    private let instance = Hex.padded(SystemRandom().number())
    private let counter = Atomic<UInt64>(0)
    /// Directories of which this process knows that they are there and synced.
    private let syncedDirectories = Mutex<Set<String>>([])
    private let trouble = Mutex(WriteTrouble())
    private let rests = Mutex(ListingRests())

    /// Temporaries older than this belong to processes that ended: making an object takes seconds.
    private static let staleSeconds: Int64 = 3600

    /// 5 MB.
    package static let heldNameCount = 1 << 16

    /// fsync, or what a test puts in its place.
    package typealias SyncCall = @Sendable (_ descriptor: Int32) -> Int32

    /// - Parameters:
    ///   - path: for `readWrite` made if it is not there.
    ///   - heldNameCount: names of a folder that are held for a list that goes on.
    package init(
        path: String, access: Access = .readWrite, heldNameCount: Int = heldNameCount,
        sync: @escaping SyncCall = { fsync($0) }
    ) throws(BucketFailure) {
        self.heldNameCount = heldNameCount
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        location = path
        self.access = access
        self.sync = sync
        do throws(SystemError) {
            switch access {
            case .readOnly:
                guard try SystemCall.status(path).isDirectory else { throw SystemError("open", path, code: ENOTDIR) }
            case .readWrite:
                try makeRoot()
                try syncDirectories("")
                try removeStaleTemporaries()
            }
        } catch {
            throw Self.failure(error, name: path)
        }
    }

    package func perform(_ operation: BucketOperation) -> BucketResult {
        let name = operation.name
        do throws(BucketFailure) {
            if case .list = operation {
                guard BucketName.isValidPrefix(name) else { throw Self.badName(name) }
            } else {
                guard BucketName.isValid(name) else { throw Self.badName(name) }
            }
            do throws(SystemError) {
                switch operation {
                case .put(_, let bytes): return try written { () throws(SystemError) in try put(name, bytes) }
                case .create(_, let bytes): return try written { () throws(SystemError) in try create(name, bytes) }
                case .get(_, let range): return try get(name, range)
                case .size: return try size(name)
                case .list(_, let after, let limit): return try list(name, after: after, limit: limit)
                case .delete: return try written { () throws(SystemError) in try delete(name) }
                }
            } catch {
                throw Self.failure(error, name: name.isEmpty ? location : name)
            }
        } catch {
            return .failed(error)
        }
    }

    private func written(_ write: () throws(SystemError) -> BucketResult) throws(SystemError) -> BucketResult {
        do throws(SystemError) {
            let result = try write()
            note(nil)
            return result
        } catch {
            note(error)
            throw error
        }
    }

    private func note(_ error: SystemError?) {
        guard access == .readWrite else { return }
        let now = Int64(SystemClock().monotonicNanoseconds() / 1_000_000)
        guard trouble.withLock({ $0.note(error?.code, now: now) }), let error else { return }
        let seconds = WriteTrouble.patienceMilliseconds / 1000
        Self.endProcess(
            error, "Nothing could be written for \(seconds) s, so this process ends; start it when the disk works.")
    }

    /// The whole object in memory that the kernel fills as it is read; nil if there is none.
    package func map(_ name: String) throws(BucketFailure) -> MappedFile? {
        guard BucketName.isValid(name) else { throw Self.badName(name) }
        do throws(SystemError) {
            return try MappedFile(path(name))
        } catch {
            do throws(SystemError) { try expectMissing(error) } catch { throw Self.failure(error, name: name) }
            return nil
        }
    }

    package func room() -> StoreRoom? {
        do throws(SystemError) { return try SystemCall.room(location) } catch { return nil }
    }

    // MARK: Operations

    private func create(_ name: String, _ bytes: [UInt8]) throws(SystemError) -> BucketResult {
        let path = path(name)
        // That needs no room, so a full disk hides no taken name.
        if let status = try? SystemCall.status(path), status.isRegular {
            try makeDurable(name)
            return .exists
        }
        let temporary = try writeTemporary(bytes)
        do throws(SystemError) {
            try makeParents(of: name)
            try SystemCall.link(temporary, path)
        } catch {
            discard(temporary)
            guard error.code == EEXIST else { throw error }
            guard try SystemCall.status(path).isRegular else { throw SystemError("create", path, code: EISDIR) }
            try makeDurable(name)
            return .exists
        }
        try SystemCall.unlink(temporary)
        syncDirectory(Self.parent(of: path))
        return .done
    }

    /// An object that is there: its maker, and those of the directories above, may have died before they synced.
    private func makeDurable(_ name: String) throws(SystemError) {
        try makeParents(of: name)
        syncDirectory(Self.parent(of: path(name)))
    }

    /// Durable only some time later: heartbeats and the like are written so. A create of the same name, which
    /// tells that it exists, makes it durable.
    private func put(_ name: String, _ bytes: [UInt8]) throws(SystemError) -> BucketResult {
        let temporary = try writeTemporary(bytes)
        do throws(SystemError) {
            try makeParents(of: name)
            try SystemCall.rename(temporary, path(name))
        } catch {
            discard(temporary)
            throw error
        }
        return .done
    }

    private func get(_ name: String, _ range: BucketRange?) throws(SystemError) -> BucketResult {
        let path = path(name)
        do throws(SystemError) {
            let file = try SystemCall.open(path, O_RDONLY)
            let status = try file.status(path)
            guard status.isRegular else { return .missing }
            let offset = min(range?.offset ?? 0, status.sizeBytes)
            let rest = status.sizeBytes - offset
            guard let length = Int(exactly: min(rest, UInt64(max(0, range?.length ?? Int.max)))) else {
                throw SystemError("read", path, code: EFBIG)
            }
            return .bytes(length == 0 ? [] : try file.read(length, at: offset, path))
        } catch {
            try expectMissing(error)
            return .missing
        }
    }

    private func size(_ name: String) throws(SystemError) -> BucketResult {
        do throws(SystemError) {
            let status = try SystemCall.status(path(name))
            return status.isRegular ? .size(status.sizeBytes) : .missing
        } catch {
            try expectMissing(error)
            return .missing
        }
    }

    private func delete(_ name: String) throws(SystemError) -> BucketResult {
        do throws(SystemError) {
            try SystemCall.unlink(path(name))
        } catch {
            try expectMissing(error)
        }
        return .done
    }

    private func list(_ prefix: String, after: String?, limit: Int) throws(SystemError) -> BucketResult {
        let now = SystemClock().monotonicNanoseconds()
        let held = after.flatMap { after in rests.withLock { $0.take(prefix, after, now: now) } }
        var listing = FolderListing(
            root: location, prefix: prefix, after: after, limit: limit, rest: held?.rest ?? FolderListing.Rest(),
            heldCount: heldNameCount)
        try listing.run()
        // Whoever asks for one name does not go on.
        if limit > 1, let last = listing.names.last, !listing.rest.isEmpty {
            rests.withLock { $0.keep(listing.rest, prefix, last, readAt: held?.readAt ?? now) }
        }
        return .names(listing.names)
    }

    // MARK: Files

    private func path(_ name: String) -> String { location + "/" + name }

    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// - Throws: the error if it does not say that there is no such object, and what is wrong with the folder if that is away: then
    ///   nothing is known of what was in it.
    private func expectMissing(_ error: SystemError) throws(SystemError) {
        guard Self.meansMissing(error.code) else { throw error }
        guard try SystemCall.status(location).isDirectory else {
            throw SystemError("open", location, code: ENOTDIR)
        }
    }

    private static func meansMissing(_ code: Int32) -> Bool { code == ENOENT || code == ENOTDIR }

    /// A synced file of these bytes under a name of its own. What could not be written whole is taken away again.
    private func writeTemporary(_ bytes: [UInt8]) throws(SystemError) -> String {
        guard access == .readWrite else { throw SystemError("write to", location, code: EROFS) }
        let number = counter.add(1, ordering: .relaxed).newValue
        let path = path("\(BucketName.temporaryFolder)/\(getpid())-\(instance)-\(number)")
        let file = try SystemCall.open(path, O_WRONLY | O_CREAT | O_EXCL)
        do throws(SystemError) {
            try file.write(bytes, path)
            try file.sync(path, sync)
        } catch {
            discard(path)
            let isFull = error.code == ENOSPC || error.code == EDQUOT
            if error.operation == "sync", !isFull { Self.endProcess(error) }
            throw error
        }
        return path
    }

    /// After a failure. A disk in trouble may refuse this as well, and what failed first is what counts: a file that stays is taken away
    /// as a stale one.
    private func discard(_ temporary: String) {
        do throws(SystemError) { try SystemCall.unlink(temporary) } catch {}
    }

    /// Makes the directories above an object. One that another process made may not be durable yet: the directory above
    /// each is synced once by every process that writes.
    private func makeParents(of name: String) throws(SystemError) {
        var directory = location
        for word in name.split(separator: "/").dropLast() {
            let above = directory
            directory += "/" + word
            if syncedDirectories.withLock({ $0.contains(directory) }) { continue }
            try SystemCall.makeDirectory(directory)
            syncDirectory(above)
            _ = syncedDirectories.withLock { $0.insert(directory) }
        }
    }

    private func makeRoot() throws(SystemError) {
        var missing: [String] = []
        var directory = location
        while true {
            do throws(SystemError) {
                let status = try SystemCall.status(directory)
                guard status.isDirectory else { throw SystemError("make directory", directory, code: ENOTDIR) }
                try syncEntry(of: directory, status)
                break
            } catch {
                guard error.code == ENOENT, error.operation == "look at" else { throw error }
                missing.append(directory)
                directory = Self.parent(of: directory)
            }
        }
        for directory in missing.reversed() + [path(BucketName.temporaryFolder)] {
            try SystemCall.makeDirectory(directory)
            syncDirectory(Self.parent(of: directory))
        }
    }

    /// A directory that was found may be there only until power fails: who made it may have died before syncing the one above. One
    /// that we may not read was made by somebody else; a mount is no entry of the directory that it covers.
    private func syncEntry(of directory: String, _ status: FileStatus) throws(SystemError) {
        let above = Self.parent(of: directory)
        do throws(SystemError) {
            guard try SystemCall.status(above).device == status.device else { return }
            _ = try SystemCall.open(above, O_RDONLY | O_DIRECTORY)
        } catch {
            guard error.code == EACCES || error.code == EPERM else { throw error }
            return
        }
        syncDirectory(above)
    }

    /// What an earlier process linked and did not live to sync becomes durable before anyone relies on it.
    ///
    /// - Parameter folder: "" or a name that ends in "/".
    private func syncDirectories(_ folder: String) throws(SystemError) {
        let directory = folder.isEmpty ? location : path(String(folder.dropLast()))
        for entry in try SystemCall.entries(directory) {
            let inner = folder + entry.name + "/"
            guard ObjectName.mayLie(in: inner) || inner == BucketName.temporaryFolder + "/" else { continue }
            guard try SystemCall.isFolder(entry, at: path(folder + entry.name)) else { continue }
            do throws(SystemError) {
                try syncDirectories(inner)
            } catch {
                // Another process deleted it meanwhile.
                guard Self.meansMissing(error.code) else { throw error }
            }
        }
        syncDirectory(directory)
    }

    private func syncDirectory(_ path: String) {
        do throws(SystemError) {
            try SystemCall.open(path, O_RDONLY | O_DIRECTORY).sync(path, sync)
        } catch {
            Self.endProcess(error)
        }
    }

    private static func endProcess(
        _ error: SystemError,
        _ why: String = "What the disk holds is not known now, so this process ends; start it again."
    ) -> Never {
        let text = "coranto: \(error). \(why)\n"
        // Safe: writes the bytes of a live array. If even that fails there is nobody left to tell.
        let bytes = Array(text.utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
        exit(1)
    }

    private func removeStaleTemporaries() throws(SystemError) {
        let folder = path(BucketName.temporaryFolder)
        let now = SystemClock().wall().milliseconds / 1000
        for entry in try SystemCall.entries(folder) {
            let path = folder + "/" + entry.name
            do throws(SystemError) {
                if now - (try SystemCall.status(path).modifiedSeconds) > Self.staleSeconds {
                    try SystemCall.unlink(path)
                }
            } catch {
                guard Self.meansMissing(error.code) else { throw error }
            }
        }
    }

    // MARK: Failures

    private static func badName(_ name: String) -> BucketFailure {
        BucketFailure(.lasting, name: name, message: "no name for an object")
    }

    private static func failure(_ error: SystemError, name: String) -> BucketFailure {
        let kind: BucketFailure.Kind =
            switch error.code {
            case ENOSPC, EDQUOT: .full
            case EINTR, EAGAIN, EIO, ENFILE, EMFILE, ENOMEM, EBUSY, ESTALE, ETIMEDOUT, ENOENT: .passing
            default: .lasting
            }
        return BucketFailure(kind, name: name, message: error.description)
    }
}
