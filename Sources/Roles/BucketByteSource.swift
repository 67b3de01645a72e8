package import Engine
import HostIO
import News
package import Storage
import Synchronization

/// Ranges of a bucket's objects for the engine: folder objects are mapped once and never copied, others are read, all of
/// a round at once.
///
/// Objects are immutable and their names are never used again, so a mapping stays true as long as it is held.
package final class BucketByteSource: ByteSource {
    private let bucket: any Bucket
    private let maps = Mutex<[String: MappedFile]>([:])
    /// Of an object store.
    private let cache: Mutex<RangeCache>
    /// Objects of an object store that are in memory.
    private let whole = Mutex<[String: ByteView]>([:])

    /// Mappings kept at once; they cost address space, not memory.
    static let mapLimitCount = 4096

    /// - Parameter cache: what of ranges is kept in memory, where objects cannot be mapped.
    package init(_ bucket: any Bucket, cache: RangeCache.Budget = .none) {
        self.bucket = bucket
        self.cache = Mutex(RangeCache(cache))
    }

    package var cacheCounts: RangeCache.Counts { cache.withLock { $0.counts } }

    /// Objects up to this size are fetched at once, and so much of them in all.
    static let wholeObjectBytes: UInt64 = 512 << 10
    static let wholeTotalBytes: UInt64 = 64 << 20

    /// Of an object store the small ones of some objects are fetched whole, many at once and smallest first: what reads through them then
    /// waits for one answer and not for one after the other.
    package func fetchSmall(_ objects: [SegmentReference]) throws {
        guard !(bucket is FolderBucket) else { return }
        var room = Self.wholeTotalBytes
        var names: [String] = []
        for object in objects.sorted(by: { $0.sizeBytes < $1.sizeBytes }) {
            guard object.sizeBytes <= min(Self.wholeObjectBytes, room) else { break }
            room -= object.sizeBytes
            names.append(object.objectName)
        }
        for (name, result) in zip(names, bucket.perform(names.map { .get(name: $0, range: nil) })) {
            switch result {
            case .bytes(let bytes): whole.withLock { $0[name] = ByteView(copying: bytes) }
            case .failed(let failure): throw failure
            default: throw missing(name)
            }
        }
    }

    package func mapped(_ object: String) -> ByteView? {
        if let view = whole.withLock({ $0[object] }) { return view }
        // A folder that fails to map it says why when it is read.
        guard let folder = bucket as? FolderBucket, let file = try? map(object, in: folder) else { return nil }
        // Safe: the view holds the mapping.
        return unsafe ByteView(file.unsafeBytes, owner: file)
    }

    package func read(_ requests: [ByteRequest]) throws -> [ByteView] {
        guard let folder = bucket as? FolderBucket else { return try readCached(requests) }
        return try requests.map { request in
            let file = try map(request.object, in: folder)
            let start = min(Int(clamping: request.offset), file.count)
            let end = start + min(request.length, file.count - start)
            // Safe: the view holds the mapping, and start...end lies within it.
            return unsafe ByteView(UnsafeRawBufferPointer(rebasing: file.unsafeBytes[start..<end]), owner: file)
        }
    }

    /// Forgets mappings of objects that are no longer named.
    package func forget(except names: Set<String>) {
        maps.withLock { held in held = held.filter { names.contains($0.key) } }
        cache.withLock { $0.forget(except: names) }
    }

    /// What was read may be damaged: it is read again.
    package func forgetCached() { cache.withLock { $0.forget(except: []) } }

    private func map(_ name: String, in folder: FolderBucket) throws -> MappedFile {
        if let known = maps.withLock({ $0[name] }) { return known }
        guard let file = try folder.map(name) else { throw missing(name) }
        maps.withLock { held in
            if held.count >= Self.mapLimitCount { held.removeAll() }
            held[name] = file
        }
        return file
    }

    private func readCached(_ requests: [ByteRequest]) throws -> [ByteView] {
        let held = whole.withLock { whole in requests.map { whole[$0.object] } }
        var views = cache.withLock { cache in zip(requests, held).map { $1 == nil ? cache.view(of: $0) : nil } }
        for (index, view) in held.enumerated() {
            guard let view else { continue }
            let start = min(Int(clamping: requests[index].offset), view.count)
            views[index] = view.slice(start..<(start + min(max(requests[index].length, 0), view.count - start)))
        }
        let missing = requests.indices.filter { views[$0] == nil }
        guard !missing.isEmpty else { return views.map { $0! } }
        let fetched = try readRanges(missing.map { requests[$0] })
        cache.withLock { cache in
            for (index, view) in zip(missing, fetched) {
                views[index] = view
                cache.keep(view, of: requests[index])
            }
        }
        return views.map { $0! }
    }

    /// One round: neighbours are fetched together, all at once.
    private func readRanges(_ requests: [ByteRequest]) throws -> [ByteView] {
        let plan = RangePlan(requests, parallelCount: BucketOperation.parallelCount)
        let results = bucket.perform(
            plan.fetches.map { .get(name: $0.object, range: BucketRange(offset: $0.offset, length: $0.length)) })
        var fetched: [ByteView] = []
        for (fetch, result) in zip(plan.fetches, results) {
            switch result {
            case .bytes(let bytes): fetched.append(ByteView(copying: bytes))
            case .failed(let failure): throw failure
            default: throw missing(fetch.object)
            }
        }
        return zip(requests, plan.places).map { request, place in
            let view = fetched[place.fetch]
            let start = min(place.start, view.count)
            return view.slice(start..<(start + min(max(request.length, 0), view.count - start)))
        }
    }

    private func missing(_ name: String) -> EngineError {
        EngineError(
            .missing, "the object is missing", object: name,
            hint: "a manifest names it: restore it from a backup, or rebuild the snapshot")
    }
}
