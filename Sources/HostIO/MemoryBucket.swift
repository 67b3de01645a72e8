package import Storage
import Synchronization

/// A bucket that lives as long as the object: for tests.
package final class MemoryBucket: Bucket {
    package let location = "memory"
    private let objects = Mutex<[String: [UInt8]]>([:])

    package init() {}

    package func perform(_ operation: BucketOperation) -> BucketResult {
        let name = operation.name
        if case .list(let prefix, let after, let limit) = operation {
            guard BucketName.isValidPrefix(prefix) else { return Self.badName(name) }
            let names = objects.withLock { objects in
                objects.keys.filter { name in
                    name.utf8.starts(with: prefix.utf8) && ObjectName.isListed(name, under: prefix)
                        && after.map { BucketName.precedes($0, name) } ?? true
                }
            }
            return .names(Array(names.sorted(by: BucketName.precedes).prefix(max(0, limit))))
        }
        guard BucketName.isValid(name) else { return Self.badName(name) }
        return objects.withLock { objects in
            switch operation {
            case .put(_, let bytes):
                objects[name] = bytes
                return .done
            case .create(_, let bytes):
                if objects[name] != nil { return .exists }
                objects[name] = bytes
                return .done
            case .get(_, let range):
                guard let bytes = objects[name] else { return .missing }
                guard let range else { return .bytes(bytes) }
                let start = Int(min(range.offset, UInt64(bytes.count)))
                return .bytes(Array(bytes[start...].prefix(max(0, range.length))))
            case .size:
                return objects[name].map { .size(UInt64($0.count)) } ?? .missing
            case .delete:
                objects[name] = nil
                return .done
            case .list:
                preconditionFailure("answered above")
            }
        }
    }

    private static func badName(_ name: String) -> BucketResult {
        .failed(BucketFailure(.lasting, name: name, message: "no name for an object"))
    }
}
