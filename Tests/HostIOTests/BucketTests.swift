import Foundation
import HostIO
import News
import Storage
import Synchronization
import Testing

/// A folder that is there as long as the object.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "coranto-test-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            Issue.record("\(error)")
        }
    }
}

enum BucketKind: CaseIterable, Sendable {
    case folder
    case memory
    /// Where `TestObjectStore` says; left out if it says nothing.
    case objectStore

    static var allCases: [BucketKind] {
        TestObjectStore.isGiven ? [.folder, .memory, .objectStore] : [.folder, .memory]
    }
}

/// Runs a test of what every bucket does.
func withBucket(_ kind: BucketKind, _ body: (any Bucket) throws -> Void) throws {
    switch kind {
    case .memory:
        try body(MemoryBucket())
    case .folder:
        let folder = try TemporaryFolder()
        try withExtendedLifetime(folder) { try body(try FolderBucket(path: folder.path + "/store")) }
    case .objectStore:
        try body(try TestObjectStore.bucket())
    }
}

@Suite struct BucketTests {
    @Test("an object is created once, and stays as it was", arguments: BucketKind.allCases)
    func createOnce(kind: BucketKind) throws {
        try withBucket(kind) { bucket in
            #expect(bucket.perform(.create(name: "log/1/0", bytes: [1, 2, 3])) == .done)
            #expect(bucket.perform(.create(name: "log/1/0", bytes: [4])) == .exists)
            #expect(bucket.perform(.get(name: "log/1/0", range: nil)) == .bytes([1, 2, 3]))
            #expect(bucket.perform(.size(name: "log/1/0")) == .size(3))
        }
    }

    @Test("put replaces", arguments: BucketKind.allCases)
    func putReplaces(kind: BucketKind) throws {
        try withBucket(kind) { bucket in
            #expect(bucket.perform(.put(name: "heartbeats/1", bytes: [1])) == .done)
            #expect(bucket.perform(.put(name: "heartbeats/1", bytes: [2, 2])) == .done)
            #expect(bucket.perform(.get(name: "heartbeats/1", range: nil)) == .bytes([2, 2]))
            #expect(bucket.perform(.create(name: "heartbeats/1", bytes: [3])) == .exists)
        }
    }

    @Test("what is not there is missing, and can be deleted", arguments: BucketKind.allCases)
    func missing(kind: BucketKind) throws {
        try withBucket(kind) { bucket in
            for name in ["a", "a/b", "a/b/c"] {
                #expect(bucket.perform(.get(name: name, range: nil)) == .missing)
                #expect(bucket.perform(.size(name: name)) == .missing)
                #expect(bucket.perform(.delete(name: name)) == .done)
            }
            #expect(bucket.perform(.list(prefix: "a", after: nil, limit: 10)) == .names([]))
            #expect(bucket.perform(.create(name: "a/b", bytes: [])) == .done)
            #expect(bucket.perform(.get(name: "a/b", range: nil)) == .bytes([]))
            #expect(bucket.perform(.delete(name: "a/b")) == .done)
            #expect(bucket.perform(.get(name: "a/b", range: nil)) == .missing)
            #expect(bucket.perform(.create(name: "a/b", bytes: [7])) == .done)
        }
    }

    @Test("a range is cut to the object", arguments: BucketKind.allCases)
    func ranges(kind: BucketKind) throws {
        try withBucket(kind) { bucket in
            let bytes = (0..<200).map { UInt8($0) }
            #expect(bucket.perform(.create(name: "x", bytes: bytes)) == .done)
            for (offset, length, expected) in [
                (0, 200, 0..<200), (0, 1, 0..<1), (199, 1, 199..<200), (10, 20, 10..<30), (190, 100, 190..<200),
                (200, 5, 200..<200), (5000, 5, 200..<200), (3, 0, 3..<3), (3, Int.max, 3..<200), (3, -1, 3..<3),
            ] {
                let result = bucket.perform(.get(name: "x", range: BucketRange(offset: UInt64(offset), length: length)))
                #expect(result == .bytes(Array(bytes[expected])), "\(offset) \(length)")
            }
            let far = BucketRange(offset: .max, length: 1)
            #expect(bucket.perform(.get(name: "x", range: far)) == .bytes([]))
        }
    }

    @Test("what a folder of the store cannot hold is passed over in lists of the folder, not of everything")
    func foreignNames() throws {
        for (name, foreign) in [
            ("manifests/fffffffffffffff7", "manifests/.nfs0001"), ("log/0000000000000001/0000000000000002", "log/x"),
            ("terms/0000000000000001", "terms/.a.b"), ("feeds/3.1-2", "feeds/.3.1-2.x"),
            (
                "segments/\(String(repeating: "a", count: 64)).1-2",
                "segments/.\(String(repeating: "a", count: 64)).1-2.x1"
            ),
        ] {
            let folder = name.prefix { $0 != "/" } + "/"
            for kind in [BucketKind.folder, .memory] {
                try withBucket(kind) { bucket in
                    for name in [foreign, name] { #expect(bucket.perform(.create(name: name, bytes: [])) == .done) }
                    #expect(bucket.perform(.list(prefix: String(folder), after: nil, limit: 1)) == .names([name]))
                    #expect(
                        bucket.perform(.list(prefix: "", after: nil, limit: 9)) == .names([foreign, name].sorted()))
                }
            }
        }
    }

    @Test(
        "names are listed in bytewise order, from a prefix, after a name, at most so many",
        arguments: BucketKind.allCases)
    func listing(kind: BucketKind) throws {
        try withBucket(kind) { bucket in
            // SeaweedFS sorts folder by folder ("a/b" before "a-b"), and after "a" it passes over all of "a/": an object store is
            // given names of the shape that the product gives, and continues after names it has listed, as the product does.
            let log = [(1, 1), (1, 2), (2, 1)].map { ObjectName.log(Term($0), $1) }
            let names =
                kind == .objectStore
                ? ["a/0b", "a/b", "a/b.c", "a/c", "b/a/a", "b/a/b", "b/b/a", "c/0.1-2", "c/0.1-3", "z/z"]
                : ["log-b", "log.b"] + log + ["log0", "probe/a-b", "probe/a.b", "probe/a0", "probe0", "terms.z"]
            for name in names.reversed() { #expect(bucket.perform(.create(name: name, bytes: [])) == .done) }
            let sorted = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            for prefix in [""] + names.flatMap({ name in (1...name.count).map { String(name.prefix($0)) } }) + [
                "q", "a/b/",
            ] {
                let places =
                    kind == .objectStore ? names : ["log", "log/", log[0], log[2] + "a", "probe/a/b", "q", "terms.z"]
                for after in [nil] + places {
                    let expected = sorted.filter { name in name.hasPrefix(prefix) && after.map { $0 < name } ?? true }
                    for limit in [0, 1, 3, 100] {
                        let result = bucket.perform(.list(prefix: prefix, after: after, limit: limit))
                        #expect(result == .names(Array(expected.prefix(limit))), "\(prefix) \(after ?? "-") \(limit)")
                    }
                }
            }
        }
    }

    @Test("bad names are refused", arguments: BucketKind.allCases)
    func badNames(kind: BucketKind) throws {
        try withBucket(kind) { bucket in
            for name in [
                "", "/", "/a", "a/", "a//b", "..", "a/../b", "./a", "A", "a b", "ä", "a\0", "tmp/x", "tmp",
                String(repeating: "a", count: 256), String(repeating: "ab/", count: 400),
            ] {
                for operation: BucketOperation in [
                    .put(name: name, bytes: []), .create(name: name, bytes: []), .get(name: name, range: nil),
                    .size(name: name), .delete(name: name),
                ] {
                    guard case .failed(let failure) = bucket.perform(operation) else {
                        Issue.record("\(operation)")
                        continue
                    }
                    #expect(failure.kind == .lasting)
                }
            }
            guard case .failed = bucket.perform(.list(prefix: "A", after: nil, limit: 1)) else {
                Issue.record("a prefix no name can have")
                return
            }
        }
    }

    @Test("of sixteen creators at once one wins, and all read its bytes", arguments: BucketKind.allCases)
    func race(kind: BucketKind) throws {
        try withBucket(kind) { bucket in
            for round in 0..<10 {
                let wins = Mutex<[UInt8]>([])
                DispatchQueue.concurrentPerform(iterations: 16) { number in
                    let bytes = [UInt8](repeating: UInt8(number), count: 1000)
                    let result = bucket.perform(.create(name: "race/\(round)/x", bytes: bytes))
                    if result == .done {
                        wins.withLock { $0.append(UInt8(number)) }
                    } else {
                        #expect(result == .exists)
                    }
                }
                let winners = wins.withLock { $0 }
                #expect(winners.count == 1)
                let expected = [UInt8](repeating: try #require(winners.first), count: 1000)
                #expect(bucket.perform(.get(name: "race/\(round)/x", range: nil)) == .bytes(expected))
            }
        }
    }

    @Test("the probe passes and leaves nothing", arguments: BucketKind.allCases)
    func probe(kind: BucketKind) throws {
        try withBucket(kind) { bucket in
            try bucket.probe()
            #expect(bucket.perform(.list(prefix: "", after: nil, limit: 10)) == .names([]))
        }
    }

    /// Overwrites where it should refuse.
    private struct Careless: Bucket {
        let inside = MemoryBucket()
        var location: String { "/mnt/careless" }
        func perform(_ operation: BucketOperation) -> BucketResult {
            if case .create(let name, let bytes) = operation { return inside.perform(.put(name: name, bytes: bytes)) }
            return inside.perform(operation)
        }
    }

    @Test("the probe names the place and what is wrong")
    func probeFails() throws {
        let failure = #expect(throws: BucketFailure.self) { try Careless().probe() }
        #expect(failure?.name == "/mnt/careless")
        #expect(failure?.message.contains("is not refused") == true)
    }
}

@Suite struct FolderBucketTests {
    /// All names, page by page.
    private static func names(_ bucket: FolderBucket, _ prefix: String = "", limit: Int = 1000) -> [String] {
        var all: [String] = []
        while case .names(let page) = bucket.perform(.list(prefix: prefix, after: all.last, limit: limit)),
            !page.isEmpty
        {
            all += page
        }
        return all
    }

    @Test(
        "a list that goes on tells every name that stays once, whatever comes and goes meanwhile",
        arguments: [3, FolderBucket.heldNameCount])
    func changesBetweenPages(heldNameCount: Int) throws {
        let folder = try TemporaryFolder()
        let bucket = try FolderBucket(path: folder.path, heldNameCount: heldNameCount) { _ in 0 }
        let stays = (1...4).flatMap { term in (0..<50).map { ObjectName.log(Term(term), $0 * 2) } }
        for name in stays { _ = bucket.perform(.put(name: name, bytes: [])) }
        for limit in [2, 7, 50, 1000] {
            for prefix in ["", "log/"] {
                var told: [String] = []
                var number: UInt64 = 0
                while case .names(let page) = bucket.perform(.list(prefix: prefix, after: told.last, limit: limit)),
                    !page.isEmpty
                {
                    told += page
                    // Ahead of the list and behind it, and in the folder it is in.
                    for term in [1, 2, 4, 5] as [UInt64] {
                        _ = bucket.perform(.delete(name: ObjectName.log(Term(term), number)))
                        number = (number + 37) % 100 | 1
                        _ = bucket.perform(.put(name: ObjectName.log(Term(term), number), bytes: []))
                    }
                    // Others list the same.
                    _ = bucket.perform(.list(prefix: prefix, after: told.first, limit: limit))
                }
                #expect(told == told.sorted() && Set(told).count == told.count)
                #expect(Set(told).isSuperset(of: stays.dropFirst()))
                #expect(bucket.perform(.list(prefix: "log/", after: told.last, limit: limit)) == .names([]))
            }
        }
        // Nothing that is held outlives the end of a list.
        let late = ObjectName.log(Term(9), 0)
        #expect(bucket.perform(.list(prefix: "log/", after: stays.last, limit: 9)) != .names([late]))
        _ = bucket.perform(.put(name: late, bytes: []))
        #expect(bucket.perform(.list(prefix: "log/", after: ObjectName.log(Term(8), 0), limit: 9)) == .names([late]))
    }

    @Test("a list that goes on reads no folder again")
    func pages() throws {
        let folder = try TemporaryFolder()
        let bucket = try FolderBucket(path: folder.path) { _ in 0 }
        let names = (0..<10).map { ObjectName.log(Term(1), $0) }
        for name in names { _ = bucket.perform(.put(name: name, bytes: [])) }
        #expect(bucket.perform(.list(prefix: "log/", after: nil, limit: 3)) == .names(Array(names[..<3])))
        try FileManager.default.removeItem(atPath: folder.path + "/log")
        // So it need not look, and may lag.
        #expect(bucket.perform(.list(prefix: "log/", after: names[2], limit: 4)) == .names(Array(names[3..<7])))
        #expect(bucket.perform(.list(prefix: "log/", after: names[6], limit: 4)) == .names(Array(names[7...])))
        #expect(bucket.perform(.list(prefix: "log/", after: names[9], limit: 4)) == .names([]))
        // What was told is held no more.
        #expect(bucket.perform(.list(prefix: "log/", after: names[2], limit: 4)) == .names([]))
    }

    @Test("a folder of the store may be a link: lists see what reads see, and a circle ends")
    func links() throws {
        let folder = try TemporaryFolder()
        let (root, elsewhere, files) = (folder.path + "/store", folder.path + "/elsewhere", FileManager.default)
        var bucket = try FolderBucket(path: root)
        let names = [
            ObjectName.log(Term(1), 0), ObjectName.log(Term(1), 1), "segments/\(String(repeating: "a", count: 64)).1-2",
        ]
        for name in names { #expect(bucket.perform(.create(name: name, bytes: [1])) == .done) }
        try files.createDirectory(atPath: elsewhere, withIntermediateDirectories: true)
        let term = "log/0000000000000001"
        for (name, link) in [("segments", "segments"), (term, "term")] {
            try files.moveItem(atPath: "\(root)/\(name)", toPath: "\(elsewhere)/\(link)")
            try files.createSymbolicLink(atPath: "\(root)/\(name)", withDestinationPath: "\(elsewhere)/\(link)")
        }
        // A process that begins syncs what lies behind the links, too.
        let synced = Mutex<[String]>([])
        bucket = try FolderBucket(path: root) { descriptor in
            let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)")
            synced.withLock { $0.append(path ?? "") }
            return fsync(descriptor)
        }
        #expect(synced.withLock { Set($0) }.isSuperset(of: [elsewhere + "/segments", elsewhere + "/term"]))
        #expect(Self.names(bucket) == names && Self.names(bucket, limit: 1) == names)
        #expect(Self.names(bucket, "log/") == Array(names[..<2]) && Self.names(bucket, "segments/") == [names[2]])

        for circle in ["ring", "log/ring", "segments/ring"] {
            try files.createSymbolicLink(atPath: "\(root)/\(circle)", withDestinationPath: root)
        }
        #expect(Self.names(try FolderBucket(path: root)) == (names + ["ring", "log/ring", "segments/ring"]).sorted())
        #expect(Self.names(bucket, "segments/") == [names[2]])
    }

    @Test("a folder of the store that leads nowhere is a failure, not empty")
    func brokenLink() throws {
        let folder = try TemporaryFolder()
        let bucket = try FolderBucket(path: folder.path)
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/segments", withDestinationPath: folder.path + "/away")
        for prefix in ["", "segments/"] {
            guard case .failed(let failure) = bucket.perform(.list(prefix: prefix, after: nil, limit: 1)) else {
                Issue.record("listed \(prefix)")
                continue
            }
            #expect(failure.kind == .passing && failure.message.contains("\(folder.path)/segments"))
            #expect(failure.name == (prefix.isEmpty ? folder.path : prefix))
        }
        #expect(bucket.perform(.list(prefix: "log/", after: nil, limit: 1)) == .names([]))
        #expect(throws: BucketFailure.self) { try FolderBucket(path: folder.path) }
    }

    @Test("a folder that is none of the store's is told and not opened; what the disk keeps for itself is not told")
    func closedFolders() throws {
        let folder = try TemporaryFolder()
        let files = FileManager.default
        for name in ["lost+found", ".snapshot/a", "log/.snapshot/a", "segments/lost+found/a", "other/log/a"] {
            try files.createDirectory(atPath: folder.path + "/" + name, withIntermediateDirectories: true)
        }
        let synced = Mutex<Set<String>>([])
        let bucket = try FolderBucket(path: folder.path) { descriptor in
            let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)")
            _ = synced.withLock { $0.insert(URL(filePath: path ?? "").lastPathComponent) }
            return fsync(descriptor)
        }
        // Whoever is not root could not open them.
        #expect(synced.withLock { $0.isDisjoint(with: ["lost+found", ".snapshot", "other", "a"]) })
        let told = [".snapshot/", "log/.snapshot/", "other/"]
        #expect(Self.names(bucket) == told && Self.names(bucket, limit: 1) == told)
        #expect(told.allSatisfy { ObjectName.isForeign($0) })
        #expect(Self.names(bucket, "log/") == [] && Self.names(bucket, "segments/") == [])
    }

    @Test("another process's bucket in the same folder sees the same objects")
    func twoBuckets() throws {
        let folder = try TemporaryFolder()
        let first = try FolderBucket(path: folder.path)
        let second = try FolderBucket(path: folder.path + "/")
        #expect(first.perform(.create(name: "terms/1", bytes: [1])) == .done)
        #expect(second.perform(.create(name: "terms/1", bytes: [2])) == .exists)
        #expect(second.perform(.get(name: "terms/1", range: nil)) == .bytes([1]))
    }

    @Test("an object is synced before it has a name, and its directory and all new ones above after")
    func order() throws {
        let folder = try TemporaryFolder()
        let synced = Mutex<[String]>([])
        let root = folder.path + "/store"
        let name = ObjectName.log(Term(1), 0)
        let object = root + "/" + name
        let term = "/store/log/0000000000000001"
        let bucket = try FolderBucket(path: root) { descriptor in
            do {
                let path = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)")
                let kind = path.contains("/store/tmp/") ? "temporary" : path
                let isThere = FileManager.default.fileExists(atPath: object)
                synced.withLock {
                    $0.append((isThere ? "after " : "before ") + kind.replacingOccurrences(of: folder.path, with: ""))
                }
            } catch {
                Issue.record("\(error)")
            }
            return fsync(descriptor)
        }
        func take() -> [String] {
            synced.withLock { all in
                defer { all = [] }; return all
            }
        }
        let above = URL(filePath: folder.path).deletingLastPathComponent().path
        #expect(take() == ["before " + above, "before ", "before /store", "before /store/tmp", "before /store"])
        #expect(bucket.perform(.create(name: name, bytes: [1])) == .done)
        #expect(take() == ["before temporary", "before /store", "before /store/log", "after \(term)"])
        let next = ObjectName.log(Term(1), 1)
        #expect(bucket.perform(.create(name: next, bytes: [1])) == .done)
        #expect(take() == ["after temporary", "after \(term)"])
        #expect(bucket.perform(.create(name: next, bytes: [1])) == .exists)
        #expect(take() == ["after \(term)"])
        // Another process trusts no directory it has not synced itself.
        let other = try FolderBucket(path: root) { descriptor in
            synced.withLock { $0.append("other") }
            return fsync(descriptor)
        }
        #expect(take().count == 6)
        #expect(other.perform(.create(name: ObjectName.log(Term(1), 2), bytes: [1])) == .done)
        #expect(take().count == 4)
    }

    @Test("an object whose maker died is durable with all directories above it, once it is said to exist")
    func leftBehind() throws {
        let folder = try TemporaryFolder()
        let synced = Mutex<[String]>([])
        let root = folder.path + "/store"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        let bucket = try FolderBucket(path: root) { descriptor in
            do {
                let path = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)")
                synced.withLock { $0.append(path.replacingOccurrences(of: folder.path, with: "")) }
            } catch {
                Issue.record("\(error)")
            }
            return fsync(descriptor)
        }
        // Somebody made the store's folder, too, and may not have synced what holds it.
        #expect(synced.withLock { $0.first } == "")
        synced.withLock { $0 = [] }
        try FileManager.default.createDirectory(atPath: root + "/log/1", withIntermediateDirectories: true)
        try Data([1]).write(to: URL(filePath: root + "/log/1/0"))
        #expect(bucket.perform(.create(name: "log/1/0", bytes: [2])) == .exists)
        #expect(synced.withLock { $0 } == ["/store", "/store/log", "/store/log/1"])
    }

    @Test("a failed fsync ends the process with status 1")
    func syncFails() async throws {
        let folder = try TemporaryFolder()
        await #expect(processExitsWith: .exitCode(1)) { [path = folder.path as String] in
            let fails = Atomic(false)
            let bucket = try FolderBucket(path: path) { descriptor in
                if fails.load(ordering: .relaxed) {
                    errno = EIO
                    return -1
                }
                return fsync(descriptor)
            }
            fails.store(true, ordering: .relaxed)
            _ = bucket.perform(.create(name: "a", bytes: [1]))
            exit(0)
        }
    }

    @Test("a failed fsync ends the process also if what was written cannot be taken away")
    func syncAndUnlinkFail() async throws {
        let folder = try TemporaryFolder()
        await #expect(processExitsWith: .exitCode(1)) { [path = folder.path as String] in
            let fails = Atomic(false)
            let bucket = try FolderBucket(path: path) { descriptor in
                guard fails.load(ordering: .relaxed) else { return fsync(descriptor) }
                // Safe: both names live until the call returns.
                _ = unsafe rename(path + "/tmp", path + "/away")
                errno = EIO
                return -1
            }
            fails.store(true, ordering: .relaxed)
            _ = bucket.perform(.create(name: "a", bytes: [1]))
            exit(0)
        }
    }

    @Test("a disk that is full while syncing is an answer")
    func syncFull() throws {
        let folder = try TemporaryFolder()
        let fails = Mutex(false)
        let bucket = try FolderBucket(path: folder.path) { descriptor in
            if fails.withLock({ $0 }) {
                errno = ENOSPC
                return -1
            }
            return fsync(descriptor)
        }
        fails.withLock { $0 = true }
        guard case .failed(let failure) = bucket.perform(.create(name: "a", bytes: [1])) else {
            Issue.record("created")
            return
        }
        #expect(failure.kind == .full)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/tmp") == [])
    }

    @Test("no temporary file is left, stale ones go at the start, young ones stay")
    func temporaries() throws {
        let folder = try TemporaryFolder()
        let bucket = try FolderBucket(path: folder.path)
        #expect(bucket.perform(.create(name: "a", bytes: [1])) == .done)
        #expect(bucket.perform(.create(name: "a", bytes: [1])) == .exists)
        #expect(bucket.perform(.put(name: "b/c", bytes: [1])) == .done)
        let files = FileManager.default
        #expect(try files.contentsOfDirectory(atPath: folder.path + "/tmp") == [])
        for (name, age) in [("old", 3700.0), ("young", 60)] {
            let path = folder.path + "/tmp/" + name
            #expect(files.createFile(atPath: path, contents: Data()))
            try files.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -age)], ofItemAtPath: path)
        }
        _ = try FolderBucket(path: folder.path)
        #expect(try files.contentsOfDirectory(atPath: folder.path + "/tmp") == ["young"])
    }

    @Test("a file where a directory is needed, and the reverse, is a lasting failure")
    func confusion() throws {
        let folder = try TemporaryFolder()
        let bucket = try FolderBucket(path: folder.path)
        #expect(bucket.perform(.create(name: "a/b", bytes: [1])) == .done)
        for name in ["a", "a/b/c"] {
            guard case .failed(let failure) = bucket.perform(.create(name: name, bytes: [])) else {
                Issue.record("\(name)")
                continue
            }
            #expect(failure.kind == .lasting)
        }
        #expect(bucket.perform(.get(name: "a", range: nil)) == .missing)
    }

    @Test("reading only makes nothing, and refuses to write")
    func readOnly() throws {
        let folder = try TemporaryFolder()
        #expect(throws: BucketFailure.self) { try FolderBucket(path: folder.path + "/none", access: .readOnly) }
        let bucket = try FolderBucket(path: folder.path, access: .readOnly)
        guard case .failed(let failure) = bucket.perform(.create(name: "a", bytes: [])) else {
            Issue.record("created")
            return
        }
        #expect(failure.kind == .lasting)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
        #expect(throws: BucketFailure.self) { try FolderBucket(path: "/proc/version") }
        #expect(throws: BucketFailure.self) { try FolderBucket(path: "/proc/version", access: .readOnly) }
    }

    @Test("a mapped object reads as it is, also after it was deleted")
    func mapping() throws {
        let folder = try TemporaryFolder()
        let bucket = try FolderBucket(path: folder.path)
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        #expect(bucket.perform(.create(name: "segments/x", bytes: bytes)) == .done)
        #expect(bucket.perform(.create(name: "segments/empty", bytes: [])) == .done)
        #expect(try bucket.map("segments/none") == nil)
        #expect(throws: BucketFailure.self) { try bucket.map("segments") }
        #expect(throws: BucketFailure.self) { try bucket.map("../x") }
        let empty = try #require(try bucket.map("segments/empty"))
        #expect(empty.count == 0 && empty.bytes(from: 0, 0) == [])
        let file = try #require(try bucket.map("segments/x"))
        #expect(bucket.perform(.delete(name: "segments/x")) == .done)
        #expect(file.bytes(from: 0, file.count) == bytes)
        #expect(file.bytes(from: 99_999, 1) == [bytes[99_999]])
        #expect(file.withBytes { $0.byteCount } == 100_000)
        for (offset, length) in [(-1, 1), (0, -1), (100_000, 1), (1, 100_000), (Int.max, Int.max)] {
            #expect(file.bytes(from: offset, length) == nil)
        }
    }

    @Test(
        "a full disk is said to be full, and leaves nothing behind", .enabled(if: getuid() == 0, "mounts a small disk"))
    func full() throws {
        let folder = try TemporaryFolder()
        func run(_ arguments: [String]) throws -> Int32 {
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = arguments
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            return process.terminationStatus
        }
        guard try run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder.path]) == 0 else {
            return  // A container may forbid mounting even to root.
        }
        defer {
            do { #expect(try run(["umount", folder.path]) == 0) } catch { Issue.record("\(error)") }
        }
        let bucket = try FolderBucket(path: folder.path)
        #expect(bucket.perform(.create(name: "small", bytes: [1])) == .done)
        let large = [UInt8](repeating: 1, count: 1 << 20)
        for operation: BucketOperation in [.create(name: "a", bytes: large), .put(name: "b", bytes: large)] {
            guard case .failed(let failure) = bucket.perform(operation) else {
                Issue.record("\(operation.name) fits")
                continue
            }
            #expect(failure.kind == .full)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/tmp") == [])
        // What is taken needs no room to say so.
        #expect(bucket.perform(.create(name: "small", bytes: large)) == .exists)
        // A process that another test starts holds, until it runs its program, what was open here when it was forked: so
        // long the disk stays full.
        let deadline = ContinuousClock.now + .seconds(60)
        var still = bucket.perform(.create(name: "still", bytes: [1]))
        while still != .done, ContinuousClock.now < deadline {
            sched_yield()
            still = bucket.perform(.create(name: "still", bytes: [1]))
        }
        #expect(still == .done)
        #expect(bucket.perform(.list(prefix: "", after: nil, limit: 10)) == .names(["small", "still"]))
    }

    @Test("in a store that is away nothing is missing and no list is empty: all fails in a way that may pass")
    func away() throws {
        let folder = try TemporaryFolder()
        let bucket = try FolderBucket(path: folder.path + "/store")
        let name = ObjectName.log(Term(1), 0)
        #expect(bucket.perform(.create(name: name, bytes: [1])) == .done)
        try FileManager.default.moveItem(atPath: folder.path + "/store", toPath: folder.path + "/elsewhere")
        for operation: BucketOperation in [
            .get(name: name, range: nil), .size(name: name), .delete(name: name), .create(name: name, bytes: [1]),
            .list(prefix: "", after: nil, limit: 1), .list(prefix: "log/", after: nil, limit: 1),
        ] {
            guard case .failed(let failure) = bucket.perform(operation) else {
                Issue.record("\(operation)")
                continue
            }
            #expect(failure.kind == .passing)
        }
        #expect(throws: BucketFailure.self) { try bucket.map(name) }
        try FileManager.default.moveItem(atPath: folder.path + "/elsewhere", toPath: folder.path + "/store")
        #expect(bucket.perform(.get(name: name, range: nil)) == .bytes([1]))
    }

    @Test("a folder that was taken away fails in a way that may pass")
    func gone() throws {
        let folder = try TemporaryFolder()
        let bucket = try FolderBucket(path: folder.path)
        try FileManager.default.removeItem(atPath: folder.path + "/tmp")
        guard case .failed(let failure) = bucket.perform(.create(name: "a", bytes: [1])) else {
            Issue.record("created without a folder for temporaries")
            return
        }
        #expect(failure.kind == .passing)
    }
}
