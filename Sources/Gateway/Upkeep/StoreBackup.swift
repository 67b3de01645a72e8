package import ByteCoding
package import News
import Roles
package import Storage

/// Copies a store, also while a cluster runs on it, into a bucket that is a store then.
///
/// Guarantees
/// 1. What the newest manifest of the beginning names, and the log from it on as far as it is seen, is in the copy: every article
///    that was acknowledged before.
/// 2. A copy that breaks off leaves the one before it whole: manifests are written last, the newest last of all.
/// 3. Every object is checked against its name or checksum before it is written.
///
/// Objects never change, so what an earlier backup has copied is not copied again.
///
/// Memory: the name of each object of the copy, and the bytes of one block. What is written last waits in a file: the store may
/// have collected some of it by then.
package struct StoreBackup {
    package struct Report: Equatable, Sendable {
        package var generation = Generation.none
        package var setDigest = Digest256.zero
        package var copiedCount = 0
        package var copiedBytes: UInt64 = 0
        /// There already.
        package var presentCount = 0
        package var prunedCount = 0
    }

    /// A generation that was to be copied is not kept any more: its objects may be gone.
    private struct MovedOn: Error {}

    private let source: any Bucket
    private let destination: any Bucket
    private var present: Set<String> = []
    /// Names that belong into the copy.
    private var wanted: Set<String> = []
    /// Log objects of which the copy has an older form, with a text that was erased since.
    private var emptied = HeldObjects()
    private var report = Report()

    private static let tryLimitCount = 5
    private static let atOnceCount = 8
    private static let atOnceBytes: UInt64 = 128 << 20
    /// Manifests, or objects of terms: a megabyte, or a few kilobytes.
    private static let smallAtOnceCount = 64

    package init(from source: any Bucket, to destination: any Bucket) {
        self.source = source
        self.destination = destination
    }

    /// - Parameters:
    ///   - prunes: whether to delete from the destination what this copy does not hold.
    ///   - progress: told how many objects there are in the copy so far, and how many there will be at least.
    /// - Throws: `StoreError` or `Failure`; what was copied stays, and is not copied again.
    package mutating func run(prunes: Bool = false, progress: (Int, Int) -> Void = { _, _ in }) throws -> Report {
        for _ in 0..<Self.tryLimitCount {
            do {
                // One that knows nothing yet: an older newest manifest may be gone.
                try copy(SnapshotLoader(source), progress)
                if prunes { try prune() }
                return report
            } catch is MovedOn {
                continue
            }
        }
        throw Failure(
            .failed, "the store's generations go faster than they are copied",
            hint: "run it again: what was copied stays")
    }

    private mutating func copy(_ loader: SnapshotLoader, _ progress: (Int, Int) -> Void) throws {
        guard let newest = try loader.newest() else { throw Failure(.notFound, "the store has no snapshot yet") }
        try look(for: newest.manifest)
        wanted = []
        emptied = HeldObjects()
        report.generation = newest.manifest.generation
        report.setDigest = newest.manifest.setDigest
        let manifests = HeldObjects()
        var segments: [String: UInt64] = [:]
        var names = newest.manifest.kept.generations.map { ObjectName.manifest($0) }
        names.append(newest.manifest.name)
        try forEachBlock(of: names) { block in
            for (name, bytes) in block {
                let manifest = try decoded(name, bytes) { bytes throws(CodingError) in
                    try Manifest(decoding: bytes, named: name)
                }
                try note(manifest, &segments)
            }
            try manifests.append(block)
        }
        let total = wanted.count + names.count
        try copyNamed(segments) { progress($0, total) }
        let log = try KeptLog(loader, newest: newest)
        let needed = min(newest.manifest.watermarks.min() ?? .start, newest.manifest.foldedTo)
        try log.forEachObject { object in
            // Emptied while we copy: a manifest newer than ours has what else it held.
            let end = Position(term: object.term, number: object.number, index: .max)
            if object.isErased, end > needed { throw MovedOn() }
            try copyChecked(object.name, object.encoded, replaces: object.isErased)
        }
        // Without it no coordinator could start on the copy.
        for (term, numbers) in newest.manifest.neededLog {
            for name in numbers.lazy.map({ ObjectName.log(term, $0) }) where !wanted.contains(name) {
                _ = try content(name, .missing)
            }
        }
        try copyTerms(through: log.newestTerm)
        try manifests.forEachBlock { block in
            let theirs = try theirs(block.map(\.name))
            for ((name, bytes), theirs) in zip(block, theirs) {
                try copy(name, bytes, over: theirs)
                progress(wanted.count, total)
            }
        }
        // Only now: an older manifest of the copy may have needed what else they held.
        try emptied.forEachBlock { block in
            for (name, bytes) in block {
                // On a folder the second, which finds it there, makes the first durable.
                for operation in [BucketOperation.put(name: name, bytes: bytes), .create(name: name, bytes: bytes)] {
                    if case .failed(let failure) = destination.perform(operation) { throw failure }
                }
                report.copiedCount += 1
                report.copiedBytes += UInt64(bytes.count)
            }
        }
    }

    /// What is there already must be an older copy of this very store.
    private mutating func look(for newest: Manifest) throws {
        let names = try names(of: destination)
        present = Set(names.filter { ObjectName.isOwn($0) })
        if present.isEmpty, let other = names.first(where: { !ObjectName.isForeign($0) && !$0.hasPrefix("probe/") }) {
            throw Failure(
                .failed, "\(destination.location) is no backup and not empty: it has \(other)",
                hint: "give a folder or prefix of its own for backups")
        }
        if let beaten = present.first(where: { $0.hasPrefix("heartbeats/") }) {
            throw Failure(
                .failed, "\(destination.location) is a store in use: it has \(beaten)",
                hint: "give a folder or prefix of its own for backups")
        }
        // Terms are consecutive and never change, and each holds the random number of its holder: the last tells of all.
        if let name = present.filter({ $0.hasPrefix("terms/") }).max(), let theirs = try bytes(name, of: destination),
            try bytes(name, of: source) != theirs
        {
            throw Failure(
                .failed, "\(destination.location) is a copy of another store: \(name) differs",
                hint: "give a folder or prefix of its own for each store")
        }
        let newer = present.compactMap { ObjectName.generation(ofManifest: $0) }.max() ?? .none
        guard newer <= newest.generation else {
            throw Failure(
                .failed,
                "\(destination.location) has generation \(newer.number), the store only \(newest.generation.number)",
                hint: "the store was put back to an older state since: begin a new backup elsewhere")
        }
    }

    /// Notes all that a generation names; a page or ledger index that was noted before is not read again.
    private mutating func note(_ manifest: Manifest, _ segments: inout [String: UInt64]) throws {
        var head = SnapshotHead(manifest)
        for page in manifest.pages {
            let name = page.name(in: "pages")
            guard !wanted.contains(name) else { continue }
            head.cells += try decoded(name, try whole(name)) { bytes throws(CodingError) in
                try ManifestPage(decoding: bytes, named: name)
            }.cells
        }
        if let index = manifest.ledgerIndex {
            let name = index.name(in: "ledger")
            if !wanted.contains(name) {
                head.ledger = try decoded(name, try whole(name)) { bytes throws(CodingError) in
                    try LedgerIndex(decoding: bytes, named: name)
                }
            }
        }
        for segment in manifest.overlays + head.cells { segments[segment.objectName] = segment.sizeBytes }
        wanted.formUnion(head.namedObjects)
    }

    // MARK: Objects

    /// Objects that bear their SHA-256 in their names.
    private mutating func copyNamed(_ segments: [String: UInt64], _ progress: (Int) -> Void) throws {
        var left = wanted.sorted().filter { name in
            guard present.contains(name) else { return true }
            report.presentCount += 1
            return false
        }[...]
        while let first = left.first {
            var sum = segments[first] ?? 0
            var names = [first]
            for name in left.dropFirst() {
                sum += segments[name] ?? 0
                guard names.count < Self.atOnceCount, sum <= Self.atOnceBytes else { break }
                names.append(name)
            }
            left = left.dropFirst(names.count)
            var creates: [BucketOperation] = []
            for (name, result) in zip(names, source.perform(names.map { .get(name: $0, range: nil) })) {
                let bytes = try content(name, result)
                do throws(CodingError) { try ObjectName.requireDigest(of: bytes, in: name) } catch {
                    throw StoreError(.corrupt, object: name, message: "\(error)", hint: "it was not copied")
                }
                creates.append(.create(name: name, bytes: bytes))
            }
            try write(creates)
            progress(wanted.count - left.count)
        }
    }

    /// Objects whose names may have been used for other bytes, in another store or before a loss of power.
    ///
    /// - Parameter replaces: whether what is there gives way: a text in it was erased since.
    private mutating func copyChecked(_ name: String, _ bytes: [UInt8], replaces: Bool = false) throws {
        try copy(name, bytes, over: try theirs([name])[0], replaces: replaces)
    }

    /// What the copy has of these names.
    private func theirs(_ names: [String]) throws -> [[UInt8]?] {
        let known = names.filter { present.contains($0) }
        let found = zip(known, destination.perform(known.map { .get(name: $0, range: nil) }))
        let bytes = Dictionary(uniqueKeysWithValues: try found.map { ($0, try Self.bytes($0, $1)) })
        return names.map { bytes[$0] ?? nil }
    }

    private mutating func copy(_ name: String, _ bytes: [UInt8], over theirs: [UInt8]?, replaces: Bool = false) throws {
        wanted.insert(name)
        if let theirs {
            if theirs == bytes {
                report.presentCount += 1
                return
            }
            guard !replaces else { return try emptied.append([(name, bytes)]) }
            guard name.hasPrefix("manifests/") else {
                throw Failure(.failed, "\(destination.location) is a copy of another store: \(name) differs")
            }
            // A manifest's number may have been given again after a loss of power.
            if case .failed(let failure) = destination.perform(.delete(name: name)) { throw failure }
        }
        try write([.create(name: name, bytes: bytes)])
    }

    /// Those that are there are of this store (`look`).
    private mutating func copyTerms(through newest: Term) throws {
        let names = (1...max(1, newest.number)).map { ObjectName.term(Term($0)) }
        let missing = names.filter { !present.contains($0) }
        report.presentCount += names.count - missing.count
        wanted.formUnion(names)
        try forEachBlock(of: missing) { block in
            for (name, bytes) in block {
                _ = try decoded(name, bytes) { bytes throws(CodingError) in try TermObject(decoding: bytes) }
            }
            try write(block.map { .create(name: $0.name, bytes: $0.bytes) })
        }
    }

    private mutating func write(_ creates: [BucketOperation]) throws {
        for (operation, result) in zip(creates, destination.perform(creates)) {
            switch result {
            case .done:
                report.copiedCount += 1
                if case .create(_, let bytes) = operation { report.copiedBytes += UInt64(bytes.count) }
            case .exists: report.presentCount += 1
            case .failed(let failure): throw failure
            default: throw StoreError(.io, object: operation.name, message: "unexpected answer of the store")
            }
        }
    }

    /// Manifests first: what they name may go only after them. Of what is no object of a store nothing goes.
    private mutating func prune() throws {
        let superfluous = present.subtracting(wanted).sorted { left, right in
            (left.hasPrefix("manifests/") ? 0 : 1, left) < (right.hasPrefix("manifests/") ? 0 : 1, right)
        }
        for name in superfluous {
            if case .failed(let failure) = destination.perform(.delete(name: name)) { throw failure }
            report.prunedCount += 1
        }
    }

    // MARK: Reading

    private func names(of bucket: any Bucket) throws -> [String] {
        var all: [String] = []
        while true {
            switch bucket.perform(.list(prefix: "", after: all.last, limit: 1000)) {
            case .names(let page) where page.isEmpty: return all
            case .names(let page): all += page
            case .failed(let failure): throw failure
            default: throw StoreError(.io, object: bucket.location, message: "unexpected answer of the store")
            }
        }
    }

    private func bytes(_ name: String, of bucket: any Bucket) throws -> [UInt8]? {
        try Self.bytes(name, bucket.perform(.get(name: name, range: nil)))
    }

    private static func bytes(_ name: String, _ result: BucketResult) throws -> [UInt8]? {
        switch result {
        case .bytes(let bytes): bytes
        case .missing: nil
        case .failed(let failure): throw failure
        default: throw StoreError(.io, object: name, message: "unexpected answer of the store")
        }
    }

    /// Small objects of the source in their order, many at once.
    private func forEachBlock(
        of names: [String], _ body: ([(name: String, bytes: [UInt8])]) throws -> Void
    ) throws {
        var left = names[...]
        while !left.isEmpty {
            let some = left.prefix(Self.smallAtOnceCount)
            left = left.dropFirst(some.count)
            let results = source.perform(some.map { .get(name: $0, range: nil) })
            try body(try zip(some, results).map { ($0, try content($0, $1)) })
        }
    }

    private func whole(_ name: String) throws -> [UInt8] {
        try content(name, source.perform(.get(name: name, range: nil)))
    }

    private func content(_ name: String, _ result: BucketResult) throws -> [UInt8] {
        switch result {
        case .bytes(let bytes): return bytes
        case .failed(let failure): throw failure
        case .missing:
            // Gone with its generation, or damage: the newest manifest tells.
            if let newest = try SnapshotLoader(source).newest()?.manifest, newest.generation > report.generation {
                throw MovedOn()
            }
            throw StoreError(
                .missing, object: name, message: "the object is missing", hint: "coranto snapshot verify tells more")
        default: throw StoreError(.io, object: name, message: "unexpected answer of the store")
        }
    }

    private func decoded<Value>(
        _ name: String, _ bytes: [UInt8], _ read: ([UInt8]) throws(CodingError) -> Value
    ) throws -> Value {
        do throws(CodingError) { return try read(bytes) } catch {
            var failure = StoreError(error, object: name)
            if failure.code == .corrupt { failure.hint = "coranto snapshot verify tells more" }
            throw failure
        }
    }
}
