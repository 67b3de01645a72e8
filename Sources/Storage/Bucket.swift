// The store everything durable lives in, as values: machines ask with a `BucketOperation` and later get a
// `BucketResult`. Drivers (folder, S3, memory with faults) carry them out and decide nothing.

/// One request to a bucket. Names are relative, "/"-separated, of the characters a-z 0-9 . _ - only.
package enum BucketOperation: Equatable, Sendable {
    /// Writes the object whole; what was there before is replaced. Overwritten are heartbeats, a term's record of unnamed
    /// objects, and log objects of which something is erased; nothing else.
    case put(name: String, bytes: [UInt8])
    /// Writes the object only if no object of this name exists, else `.exists`. Durable when it returns `.done`.
    case create(name: String, bytes: [UInt8])
    /// The whole object, or `length` bytes from `offset`.
    case get(name: String, range: BucketRange?)
    case size(name: String)
    /// Names that begin with `prefix` and are greater than `after`, ascending, at most `limit`. Those that no object in the
    /// folder can have are passed over (`ObjectName.isForeign`), so that whoever takes the first or last gets one of ours; only
    /// an empty prefix gives everything, and of a folder that can hold no object one name that ends in "/". May lag behind on S3: nothing but collection and the first guess of the newest
    /// manifest relies on it.
    case list(prefix: String, after: String?, limit: Int)
    /// Deleting what is not there is `.done`.
    case delete(name: String)

    /// Of those given to a driver together so many are under way at once, where it can; the others wait.
    package static let parallelCount = 64

    package var name: String {
        switch self {
        case .put(let name, _), .create(let name, _), .get(let name, _), .size(let name), .delete(let name): name
        case .list(let prefix, _, _): prefix
        }
    }
}

package struct BucketRange: Equatable, Sendable {
    package var offset: UInt64
    package var length: Int

    package init(offset: UInt64, length: Int) {
        self.offset = offset
        self.length = length
    }
}

package enum BucketResult: Equatable, Sendable {
    case done
    /// `create` found an object of that name.
    case exists
    case bytes([UInt8])
    case size(UInt64)
    case names([String])
    /// `get` or `size`: no such object.
    case missing
    /// The operation may or may not have taken effect.
    case failed(BucketFailure)
}

package struct BucketFailure: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Kind: Equatable, Sendable {
        /// Busy, timed out, connection lost: worth another try.
        case passing
        /// No space left.
        case full
        /// Permission, bad name, unsupported: the same again gives the same.
        case lasting
    }

    package var kind: Kind
    package var message: String
    package var name: String

    package init(_ kind: Kind, name: String, message: String) {
        self.kind = kind
        self.name = name
        self.message = message
    }

    package var description: String { "\(name): \(message)" }
}

/// A bucket as a driver offers it: blocking, safe to call from several threads at once.
package protocol Bucket: Sendable {
    /// For messages: a path or URL without secrets.
    var location: String { get }
    func perform(_ operation: BucketOperation) -> BucketResult
    /// Several that do not depend on one another, at once where the driver can; results in their order.
    func perform(_ operations: [BucketOperation]) -> [BucketResult]
    /// Room that is left; nil where that cannot be told.
    func room() -> StoreRoom?
    /// What was sent so far; nil where requests are not paid for.
    func requests() -> StoreRequests?
}

extension Bucket {
    package func perform(_ operations: [BucketOperation]) -> [BucketResult] { operations.map { perform($0) } }
    package func room() -> StoreRoom? { nil }
    package func requests() -> StoreRequests? { nil }
}
