import HostIO
import Storage
import Synchronization

/// A store in memory that counts what it is asked for, and in how many rounds.
final class CountingBucket: Bucket {
    struct Counts {
        var lists = 0
        var rounds = 0
        /// Names of objects that were read or looked for.
        var asked: [String] = []
    }

    let location = "memory"
    private let inner: any Bucket
    private let counted = Mutex(Counts())
    /// Told of every read before it is done.
    private let onGet: @Sendable (String) -> Void

    init(_ inner: any Bucket, onGet: @escaping @Sendable (String) -> Void = { _ in }) {
        self.inner = inner
        self.onGet = onGet
    }

    var counts: Counts { counted.withLock { $0 } }

    func perform(_ operation: BucketOperation) -> BucketResult { perform([operation])[0] }

    func perform(_ operations: [BucketOperation]) -> [BucketResult] {
        counted.withLock { counts in
            counts.rounds += 1
            for operation in operations {
                switch operation {
                case .list: counts.lists += 1
                case .get(let name, _), .size(let name): counts.asked.append(name)
                case .put, .create, .delete: break
                }
            }
        }
        for case .get(let name, _) in operations { onGet(name) }
        return operations.map { inner.perform($0) }
    }
}
