package import ByteCoding
package import Engine
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
        /// Made by rules that this program does not know.
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
        var newest = Generation.none
    }

    package let bucket: any Bucket
    package let source: BucketByteSource
    private let purpose: SegmentReader.Purpose
    private let state = Mutex(State())

    /// - Parameter purpose: what segments are opened for.
    package init(_ bucket: any Bucket, for purpose: SegmentReader.Purpose = .search) {
        self.bucket = bucket
        self.purpose = purpose
        source = BucketByteSource(bucket)
    }

    // MARK: Manifests

    /// The newest manifest; nil in a bucket that has none. Lists once, then probes forward.
    package func newest() throws -> LoadedManifest? {
        var generation = state.withLock { $0.newest }
        if generation == .none {
            guard case .names(let names) = try perform(.list(prefix: "manifests/", after: nil, limit: 1)),
                let listed = names.first.flatMap({ ObjectName.generation(ofManifest: $0) })
            else { return nil }
            generation = listed
        }
        guard var manifest = try read(generation) else {
            // Collected since: start from the list again.
            let known = state.withLock { state in
                defer { state.newest = .none }
                return state.newest
            }
            return known == .none ? nil : try newest()
        }
        while let next = try read(manifest.generation.next) { manifest = next }
        state.withLock { $0.newest = max($0.newest, manifest.generation) }
        return try load(manifest)
    }

    /// A given generation, if it is the newest or still kept; else nil.
    package func manifest(_ generation: Generation) throws -> LoadedManifest? {
        guard let newest = try newest() else { return nil }
        if newest.manifest.generation == generation { return newest }
        guard newest.manifest.kept.contains(generation) else { return nil }
        return try read(generation).map { try load($0) }
    }

    /// The newest generation written not later than `time`, if it is still kept.
    package func manifest(asOf time: Timestamp) throws -> LoadedManifest? {
        guard let newest = try newest() else { return nil }
        if newest.manifest.writtenAt <= time { return newest }
        guard let run = newest.manifest.kept.runs.last(where: { $0.firstAt <= time }) else { return nil }
        if run.lastAt <= time { return try read(run.last).map { try load($0) } }
        // Within a run time does not go back; each manifest tells its own.
        var best = try read(run.first)
        var low = run.first.number
        var high = run.last.number
        while low < high {
            let middle = low + (high - low + 1) / 2
            guard let candidate = try read(Generation(middle)) else { return nil }
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

    package func readers(_ references: [SegmentReference]) throws -> [SegmentReader] {
        let known = state.withLock { $0.readers }
        let fresh = references.filter { known[$0.objectName] == nil }
        let opened = try SegmentReader.open(fresh, for: purpose, source: source)
        return state.withLock { state in
            for (reference, reader) in zip(fresh, opened) { state.readers[reference.objectName] = reader }
            return references.map { state.readers[$0.objectName] ?? known[$0.objectName]! }
        }
    }

    /// Forgets segments that the newest manifest no longer names.
    package func forget(except references: [SegmentReference]) {
        let names = Set(references.map(\.objectName))
        state.withLock { state in state.readers = state.readers.filter { names.contains($0.key) } }
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
        if case .failed(let failure) = result {
            throw StoreError(.io, object: failure.name, message: failure.message)
        }
        return result
    }

    private func read(_ generation: Generation) throws -> Manifest? {
        let name = ObjectName.manifest(generation)
        guard case .bytes(let bytes) = try perform(.get(name: name, range: nil)) else { return nil }
        return try decode(name, bytes) { bytes throws(CodingError) in try Manifest(decoding: bytes, named: name) }
    }

    /// A manifest with its cells.
    package func load(_ manifest: Manifest) throws -> LoadedManifest {
        if let why = manifest.settings.readingRefusal {
            throw StoreError(
                .unsupported, object: manifest.name, message: why, hint: "use the version of coranto that writes here")
        }
        var cells: [SegmentReference] = []
        let names = manifest.pages.map { $0.name(in: "pages") }
        for (name, page) in zip(names, try bytes(names)) {
            cells += try decode(name, page) { bytes throws(CodingError) in
                try ManifestPage(decoding: bytes, named: name)
            }.cells
        }
        return LoadedManifest(manifest: manifest, cells: cells)
    }

    private func decode<Value>(
        _ name: String, _ bytes: [UInt8], _ read: ([UInt8]) throws(CodingError) -> Value
    ) throws -> Value {
        do { return try read(bytes) } catch {
            throw StoreError(
                .corrupt, object: name, message: "\(error)", hint: "restore the object from a backup")
        }
    }
}
