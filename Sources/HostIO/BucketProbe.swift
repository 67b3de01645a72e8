import ByteCoding
package import Storage

/// Tries out, on the real mount or endpoint, what every promise rests on: before anything is trusted to it.
package struct BucketProbe {
    private let bucket: any Bucket
    private let name: String

    /// - Parameter random: makes the name of the object that is tried with; two probes at once must not meet.
    package init(_ bucket: any Bucket, random: UInt64) {
        self.bucket = bucket
        name = "probe/\(Hex.padded(random))"
    }

    /// - Throws: what went wrong, with the place of the bucket.
    package func run() throws(BucketFailure) {
        let bytes = Array("coranto probe".utf8)
        // Before anything is written: some stores make a bucket that is not there at the first write, so that a slip in its name
        // would begin an empty store.
        try expect(.names([]), of: .list(prefix: name, after: nil, limit: 1), "names cannot be listed")
        try expect(.done, of: .create(name: name, bytes: bytes), "an object cannot be created")
        try expect(
            .exists, of: .create(name: name, bytes: [0]),
            "creating an object that exists is not refused: two coordinators could both believe to be the only one")
        try expect(.bytes(bytes), of: .get(name: name, range: nil), "an object does not read back as it was written")
        try expect(
            .bytes(Array(bytes[8..<11])), of: .get(name: name, range: BucketRange(offset: 8, length: 3)),
            "a part of an object does not read back as it was written")
        try expect(.size(UInt64(bytes.count)), of: .size(name: name), "an object's size is wrong")
        try expect(.names([name]), of: .list(prefix: name, after: nil, limit: 2), "a new object is not listed")
        try expect(.done, of: .put(name: name, bytes: [1]), "an object cannot be overwritten")
        try expect(.bytes([1]), of: .get(name: name, range: nil), "an overwritten object keeps its old bytes")
        try expect(.done, of: .delete(name: name), "an object cannot be deleted")
        try expect(.missing, of: .get(name: name, range: nil), "a deleted object is still there")
        try expect(.done, of: .delete(name: name), "deleting what is not there fails")
    }

    private func expect(
        _ expected: BucketResult, of operation: BucketOperation, _ complaint: String
    ) throws(BucketFailure) {
        let result = bucket.perform(operation)
        if result == expected { return }
        if case .failed(let failure) = result {
            throw BucketFailure(failure.kind, name: bucket.location, message: "\(complaint): \(failure)")
        }
        throw BucketFailure(.lasting, name: bucket.location, message: complaint)
    }
}

extension Bucket {
    /// `BucketProbe` with a name of its own.
    package func probe() throws(BucketFailure) { try BucketProbe(self, random: SystemRandom().number()).run() }
}
