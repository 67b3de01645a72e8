import Engine
import News
import Storage

/// The bucket of a simulated world: objects by name, and a shadow of the whole log, so that properties can be checked
/// against what a collector has deleted since.
struct SimulatedStore {
    private(set) var objects: [String: [UInt8]] = [:]
    private(set) var everLog: [LogObject] = []
    /// The segments among the objects, as the engine reads them.
    let segments = MemoryByteSource()
    var isFull = false

    /// - Throws: if a machine wrote a log object that cannot be read.
    mutating func perform(_ operation: BucketOperation) throws -> BucketResult {
        switch operation {
        case .put(let name, let bytes):
            if isFull { return full(name) }
            objects[name] = bytes
            return .done
        case .create(let name, let bytes):
            // A folder bucket writes a temporary file first: a full store hides that the name is taken.
            if isFull { return full(name) }
            if objects[name] != nil { return .exists }
            objects[name] = bytes
            if name.hasPrefix("segments/") { segments.put(bytes, as: name) }
            if name.hasPrefix("log/") { everLog.append(try LogObject(decoding: bytes)) }
            return .done
        case .get(let name, let range):
            guard let bytes = objects[name] else { return .missing }
            guard let range else { return .bytes(bytes) }
            let start = min(Int(range.offset), bytes.count)
            return .bytes(Array(bytes[start..<min(start + range.length, bytes.count)]))
        case .size(let name): return objects[name].map { .size(UInt64($0.count)) } ?? .missing
        case .list(let prefix, let after, let limit):
            let names = objects.keys.filter { $0.hasPrefix(prefix) && $0 > (after ?? "") }.sorted()
            return .names(Array(names.prefix(limit)))
        case .delete(let name):
            objects[name] = nil
            segments.remove(name)
            return .done
        }
    }

    private func full(_ name: String) -> BucketResult {
        .failed(BucketFailure(.full, name: name, message: "no space left"))
    }
}
