package import ByteCoding
package import Engine
import HostIO
package import News
package import Storage
import Synchronization

/// What went wrong with an object of the bucket.
package struct StoreError: Error, CustomStringConvertible {
    package enum Code: Sendable {
        case corrupt
        case missing
        case io
        case empty
        /// Made by rules, or in a format version, that this program does not know.
        case unsupported
    }

    package var code: Code
    package var object: String
    package var message: String
    package var hint: String

    package init(_ code: Code, object: String, message: String, hint: String = "") {
        self.code = code
        self.object = object
        self.message = message
        self.hint = hint
    }

    /// Of an object whose bytes are not what its name says.
    package init(_ error: CodingError, object: String) {
        if case .unsupportedVersion = error {
            self.init(
                .unsupported, object: object, message: "\(error)", hint: "use the version of coranto that writes here")
        } else {
            self.init(.corrupt, object: object, message: "\(error)", hint: "restore the object from a backup")
        }
    }

    package var description: String { "\(object): \(message)\(hint.isEmpty ? "" : "; \(hint)")" }
}

/// A manifest with everything it names but the segments' contents.
package struct LoadedManifest: Sendable {
    package var manifest: Manifest
    package var cells: [SegmentReference]

    package var segments: [SegmentReference] { manifest.overlays + cells }
}

/// Reads manifests and opens snapshots. Readers never take a term and need no coordinator.
///
/// Safe to use from several threads; segments are opened once and shared between snapshots.
package final class SnapshotLoader: Sendable {
    private struct State {
        var readers: [String: SegmentReader] = [:]
        /// What the cells among them take.
        var cellBytes = 0
        /// Of the newest manifest: most of them are those of the next.
        var pages: [String: [SegmentReference]] = [:]
        var newest: LoadedManifest?
        /// When a list, or a manifest that was found, told last which is the newest.
        var toldAt: Int64 = 0
    }

    package let bucket: any Bucket
    package let source: BucketByteSource
    private let purpose: SegmentReader.Purpose
    private let rules: Rules
    private let keyBytes: Int
    private let milliseconds: @Sendable () -> Int64
    private let state = Mutex(State())

    /// How long the next number is believed to be free if it is missing. Whoever slept longer than generations are all kept
    /// may miss the next and not the one after it.
    static let beliefMilliseconds: Int64 = 10_000
    /// What is held of cells that are opened for keys: two bytes an article. Where files are mapped, opening one again costs
    /// a tenth of a millisecond, on an object store two requests.
    static let mappedKeyBytes = 8 << 20
    static let fetchedKeyBytes = 256 << 20
    /// Lists in which the first name is gone before it is read.
    static let listLimitCount = 5

    /// Which snapshots are loaded, by the rules that made their words.
    package enum Rules: Sendable {
        /// Those of this program: for whoever asks for words.
        case own
        /// Any: their articles can be read, and all that is not about words.
        case any
    }

    /// - Parameters:
    ///   - purpose: what segments are opened for.
    ///   - cache: for ranges that are read again and again, on an object store.
    ///   - keyBytes: how much is held of cells that are opened for keys, if not the standard.
    ///   - milliseconds: a monotonic clock.
    package init(
        _ bucket: any Bucket, for purpose: SegmentReader.Purpose = .search, rules: Rules = .any,
        cache: RangeCache.Budget = .none, keyBytes: Int? = nil,
        milliseconds: @escaping @Sendable () -> Int64 = { Int64(SystemClock().monotonicNanoseconds() / 1_000_000) }
    ) {
        self.bucket = bucket
        self.purpose = purpose
        self.rules = rules
        self.keyBytes = keyBytes ?? (bucket is FolderBucket ? Self.mappedKeyBytes : Self.fetchedKeyBytes)
        self.milliseconds = milliseconds
        source = BucketByteSource(bucket, cache: cache)
    }

    // MARK: Manifests

    /// The newest manifest; nil in a bucket that has none. Lists at times, and else probes forward.
    ///
    /// - Parameter least: a generation that is known to be there: if nothing so new is found by probing it lists.
    /// - Throws: also if the newest manifest of before is gone and there is none that is newer: a store does not go back.
    package func newest(atLeast least: Generation = .none) throws -> LoadedManifest? {
        try newest(atLeast: least, for: Self.beliefMilliseconds)
    }

    /// - Parameter belief: how long what was told before is believed, in milliseconds.
    private func newest(atLeast least: Generation = .none, for belief: Int64) throws -> LoadedManifest? {
        let now = milliseconds()
        let (known, toldAt) = state.withLock { ($0.newest, $0.toldAt) }
        var found: Manifest?
        if let known, now - toldAt < belief {
            found = try last(from: known.manifest)
            if let found, found.generation == known.manifest.generation, found.generation >= least { return known }
        }
        if found == nil || found!.generation < least {
            let listed = try listed()
            if let known = known?.manifest, listed?.generation ?? .none < known.generation {
                try expectStill(known)
            }
            // A list may lag.
            let newest = [listed, found, known?.manifest].compactMap { $0 }.max { $0.generation < $1.generation }
            found = try newest.map { try last(from: $0) }
        }
        guard let newest = found else { return nil }
        let loaded = newest.generation == known?.manifest.generation ? known! : try load(newest)
        return state.withLock { state in
            if let held = state.newest, held.manifest.generation > newest.generation { return held }
            state.newest = loaded
            state.toldAt = now
            let names = Set(newest.pages.map { $0.name(in: "pages") })
            state.pages = state.pages.filter { names.contains($0.key) }
            return loaded
        }
    }

    /// If a list lags, what was the newest is still there.
    private func expectStill(_ known: Manifest) throws {
        guard try read(known.generation) == nil else { return }
        throw BucketFailure(
            .passing, name: bucket.location,
            message:
                "generation \(known.generation.number) was there, and neither it nor a newer one is: is the store still in its place?"
        )
    }

    /// The last of those that follow a manifest without a gap.
    private func last(from manifest: Manifest) throws -> Manifest {
        var last = manifest
        while let next = try read(last.generation.next) { last = next }
        return last
    }

    /// The newest of those that a list names.
    private func listed() throws -> Manifest? {
        for _ in 0..<Self.listLimitCount {
            guard case .names(let names) = try perform(.list(prefix: "manifests/", after: nil, limit: 1)),
                let generation = names.first.flatMap({ ObjectName.generation(ofManifest: $0) })
            else { return nil }
            // Missing: collected since, for there is a newer one.
            if let manifest = try read(generation) { return manifest }
        }
        throw StoreError(
            .missing, object: "manifests/", message: "what a list names first is not there, again and again")
    }

    /// A given generation, if it is the newest or still kept; else nil.
    package func manifest(_ generation: Generation) throws -> LoadedManifest? {
        guard let newest = try newest() else { return nil }
        if newest.manifest.generation == generation { return newest }
        guard newest.manifest.kept.contains(generation) else { return nil }
        return try kept(generation).map { try load($0) }
    }

    /// - Returns: nil if it was collected since.
    private func kept(_ generation: Generation) throws -> Manifest? {
        if let manifest = try read(generation) { return manifest }
        // Or the store is away.
        _ = try newest(for: 0)
        return nil
    }

    /// The newest generation written not later than `time`, if it is still kept.
    package func manifest(asOf time: Timestamp) throws -> LoadedManifest? {
        guard let newest = try newest() else { return nil }
        if newest.manifest.writtenAt <= time { return newest }
        guard let run = newest.manifest.kept.runs.last(where: { $0.firstAt <= time }) else { return nil }
        if run.lastAt <= time { return try kept(run.last).map { try load($0) } }
        // Within a run time does not go back; each manifest tells its own.
        var best = try kept(run.first)
        var low = run.first.number
        var high = run.last.number
        while low < high {
            let middle = low + (high - low + 1) / 2
            guard let candidate = try kept(Generation(middle)) else { return nil }
            if candidate.writtenAt <= time {
                best = candidate
                low = middle
            } else {
                high = middle - 1
            }
        }
        return try best.map { try load($0) }
    }

    package func state(of manifest: Manifest) throws -> ClusterState {
        var state = ClusterState()
        let objects = manifest.state.sorted(by: { $0.key < $1.key })
        let names = objects.map { $0.value.name(in: "state") }
        for ((kind, _), (name, bytes)) in zip(objects, zip(names, try bytes(names))) {
            state = try decode(name, bytes) { [state] bytes throws(CodingError) in
                var state = state
                try state.add(kind, decoding: bytes, named: name)
                return state
            }
        }
        return state
    }

    // MARK: Snapshots

    package func open(_ loaded: LoadedManifest) throws -> SnapshotReader {
        try open(loaded.segments, settingsHash: loaded.manifest.settings.hash)
    }

    package func open(_ references: [SegmentReference], settingsHash: Digest256) throws -> SnapshotReader {
        try SnapshotReader(segments: try readers(references), settingsHash: settingsHash, source: source)
    }

    /// For looking keys up, without holding all segments.
    package func keys(of references: [SegmentReference], settingsHash: Digest256) -> SnapshotKeys {
        SnapshotKeys(references, settingsHash: settingsHash, source: source) { try self.readers($0) }
    }

    /// Overlays are held, they are few; of cells the first that fit.
    package func readers(_ references: [SegmentReference]) throws -> [SegmentReader] {
        var readers = state.withLock { state in references.map { state.readers[$0.objectName] } }
        let fresh = references.indices.filter { readers[$0] == nil }
        let opened = try SegmentReader.open(fresh.map { references[$0] }, for: purpose, source: source)
        state.withLock { state in
            for (index, reader) in zip(fresh, opened) {
                readers[index] = reader
                guard state.readers[reader.objectName] == nil else { continue }
                if reader.footer.kind == .cell {
                    guard purpose == .search || reader.heldBytes <= keyBytes - state.cellBytes else { continue }
                    state.cellBytes += reader.heldBytes
                }
                state.readers[reader.objectName] = reader
            }
        }
        return readers.map { $0! }
    }

    /// Forgets segments that the newest manifest no longer names.
    package func forget(except references: [SegmentReference]) {
        let names = Set(references.map(\.objectName))
        state.withLock { state in
            state.readers = state.readers.filter { names.contains($0.key) }
            state.cellBytes = state.readers.values.reduce(0) { $0 + ($1.footer.kind == .cell ? $1.heldBytes : 0) }
        }
        source.forget(except: names)
    }

    // MARK: Objects

    package func bytes(_ name: String) throws -> [UInt8] { try bytes([name])[0] }

    /// Whole objects, in one round.
    private func bytes(_ names: [String]) throws -> [[UInt8]] {
        let results = names.isEmpty ? [] : bucket.perform(names.map { .get(name: $0, range: nil) })
        return try zip(names, results).map { name, result in
            guard case .bytes(let bytes) = try Self.checked(result) else {
                throw StoreError(
                    .missing, object: name, message: "the object is missing",
                    hint: "a manifest names it: restore it from a backup")
            }
            return bytes
        }
    }

    package func perform(_ operation: BucketOperation) throws -> BucketResult {
        try Self.checked(bucket.perform(operation))
    }

    /// All at once, results in their order.
    package func perform(_ operations: [BucketOperation]) throws -> [BucketResult] {
        try bucket.perform(operations).map(Self.checked)
    }

    private static func checked(_ result: BucketResult) throws -> BucketResult {
        // As it is: its kind tells whether to come again.
        if case .failed(let failure) = result { throw failure }
        return result
    }

    private func read(_ generation: Generation) throws -> Manifest? {
        let name = ObjectName.manifest(generation)
        guard case .bytes(let bytes) = try perform(.get(name: name, range: nil)) else { return nil }
        return try decode(name, bytes) { bytes throws(CodingError) in try Manifest(decoding: bytes, named: name) }
    }

    /// A manifest with its cells.
    package func load(_ manifest: Manifest) throws -> LoadedManifest {
        let settings = manifest.settings
        if let why = rules == .any ? settings.recordRefusal : settings.readingRefusal {
            throw StoreError(
                .unsupported, object: manifest.name, message: why,
                hint: settings.recordRefusal == nil
                    ? "use the version of coranto that writes here, or stop it and run: coranto snapshot upgrade"
                    : "use the version of coranto that writes here")
        }
        let names = manifest.pages.map { $0.name(in: "pages") }
        var pages = state.withLock { $0.pages }
        let fresh = names.filter { pages[$0] == nil }
        for (name, page) in zip(fresh, try bytes(fresh)) {
            pages[name] = try decode(name, page) { bytes throws(CodingError) in
                try ManifestPage(decoding: bytes, named: name)
            }.cells
        }
        state.withLock { state in for name in fresh { state.pages[name] = pages[name] } }
        return LoadedManifest(manifest: manifest, cells: names.flatMap { pages[$0]! })
    }

    private func decode<Value>(
        _ name: String, _ bytes: [UInt8], _ read: ([UInt8]) throws(CodingError) -> Value
    ) throws -> Value {
        do { return try read(bytes) } catch { throw StoreError(error, object: name) }
    }
}
