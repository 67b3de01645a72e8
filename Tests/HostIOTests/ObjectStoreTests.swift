import ByteCoding
import HostIO
import News
import ObjectStore
import ObjectStoreIO
import Storage
import Testing

/// What only object stores do, against a real one. What every bucket does stands in `BucketTests`.
@Suite(.enabled(if: TestObjectStore.isGiven, TestObjectStore.why), .serialized)
struct ObjectStoreTests {
    private static func failure(_ result: BucketResult) -> BucketFailure? {
        guard case .failed(let failure) = result else { return nil }
        return failure
    }

    @Test("a list goes over a thousand names, from a prefix and after a name")
    func longList() throws {
        let bucket = try TestObjectStore.bucket()
        let names = (0..<1205).map { "lists/\(Hex.padded(UInt64($0 * 7)))" }
        #expect(bucket.perform(names.shuffled().map { .create(name: $0, bytes: []) }).allSatisfy { $0 == .done })
        #expect(bucket.perform(.create(name: "listt/1", bytes: [])) == .done)
        #expect(bucket.perform(.list(prefix: "lists/", after: nil, limit: 5000)) == .names(names))
        #expect(bucket.perform(.list(prefix: "lists/", after: nil, limit: 1001)) == .names(Array(names[..<1001])))
        #expect(
            bucket.perform(.list(prefix: "lists/", after: names[99], limit: 1105))
                == .names(Array(names[100...].prefix(1105))))
        #expect(bucket.perform(.list(prefix: "lists/", after: names[1204], limit: 10)) == .names([]))
        #expect(bucket.perform(.list(prefix: "", after: names[1203], limit: 10)) == .names([names[1204], "listt/1"]))
        #expect(bucket.perform(names.map { .delete(name: $0) }).allSatisfy { $0 == .done })
        #expect(bucket.perform(.list(prefix: "lists", after: nil, limit: 10)) == .names([]))
    }

    @Test("a large segment goes up in parts and reads back, whole and by ranges at once")
    func parts() throws {
        let bucket = try TestObjectStore.bucket()
        var random = SplitMix64(seed: 5)
        var bytes: [UInt8] = []
        while bytes.count < S3Call.partBytes * 2 + 12_345 {
            let word = random.next()
            for shift in 0..<8 as Range<UInt64> { bytes.append(UInt8(truncatingIfNeeded: word >> (8 * shift))) }
        }
        let name = ObjectName.written("segments", SHA256.hash(of: bytes), Attempt(term: Term(3), number: 4))
        #expect(bucket.perform(.create(name: name, bytes: bytes)) == .done)
        #expect(bucket.perform(.create(name: name, bytes: bytes)) == .exists)
        #expect(bucket.perform(.size(name: name)) == .size(UInt64(bytes.count)))
        let offsets = (0..<40).map { _ in Int(random.below(Int64(bytes.count))) }
        let results = bucket.perform(
            offsets.map { .get(name: name, range: BucketRange(offset: UInt64($0), length: 5000)) })
        for (offset, result) in zip(offsets, results) {
            #expect(result == .bytes(Array(bytes[offset...].prefix(5000))))
        }
        #expect(bucket.perform(.get(name: name, range: nil)) == .bytes(bytes))
    }

    @Test(
        "of sixteen creates that are under way together one wins, small or large",
        arguments: [1000, S3Call.partBytes + 1])
    func race(count: Int) throws {
        let bucket = try TestObjectStore.bucket()
        for round in 0..<(count > 1000 ? 1 : 25) {
            let name = "log/0/\(round)"
            let creates = (0..<(count > 1000 ? 4 : 16)).map { number in
                BucketOperation.create(name: name, bytes: [UInt8](repeating: UInt8(number), count: count))
            }
            let results = bucket.perform(creates)
            let winner = try #require(results.firstIndex(of: .done))
            #expect(results.count { $0 == .done } == 1 && results.count { $0 == .exists } == results.count - 1)
            #expect(
                bucket.perform(.get(name: name, range: nil)) == .bytes([UInt8](repeating: UInt8(winner), count: count)))
        }
    }

    @Test("an upload that breaks off leaves nothing, and takes nothing away", arguments: [0, 1, 1500, 2999])
    func cutOff(sentBytes: Int) throws {
        let configuration = try TestObjectStore.configuration()
        let bucket = S3Bucket(configuration)
        let bytes = [UInt8](repeating: 7, count: 3000)
        for isCreate in [true, false] {
            let name = "log/1/\(isCreate)"
            let request = try Upload(
                isCreate ? .create(name: name, bytes: bytes) : .put(name: name, bytes: bytes), configuration)
            var upload: RawSocket? = try request.begin(sentBytes: sentBytes)
            upload = nil
            // Nobody tells when the store has seen that it is over.
            for _ in 0..<50 { #expect(bucket.perform(.size(name: name)) == .missing) }
            // One that lies still while another is carried out.
            upload = try request.begin(sentBytes: sentBytes)
            #expect(bucket.perform(.create(name: name, bytes: [1, 2])) == .done)
            #expect(bucket.perform(.get(name: name, range: nil)) == .bytes([1, 2]))
            _ = upload
            upload = nil
            for _ in 0..<50 { #expect(bucket.perform(.get(name: name, range: nil)) == .bytes([1, 2])) }
        }
    }

    @Test("an upload whose bytes are not those of its digest is refused")
    func damaged() throws {
        let configuration = try TestObjectStore.configuration()
        let bytes = [UInt8](repeating: 7, count: 3000)
        for operation: BucketOperation in [.create(name: "a", bytes: bytes), .put(name: "a", bytes: bytes)] {
            var upload = try Upload(operation, configuration)
            upload.request.body[1000] ^= 1
            let socket = try upload.begin(sentBytes: bytes.count)
            #expect(socket.readLine().split(separator: " ").dropFirst().first == "400")
            #expect(S3Bucket(configuration).perform(.size(name: "a")) == .missing)
        }
    }

    /// The request of an operation, sent as it is wanted.
    private struct Upload {
        var request: S3Request
        let configuration: S3Configuration

        init(_ operation: BucketOperation, _ configuration: S3Configuration) throws {
            var call = S3Call(
                operation,
                in: S3Call.Context(prefix: configuration.place.prefix, region: configuration.signer.region), seed: 1)
            let now = Moment(milliseconds: 0, wall: Timestamp(milliseconds: 0))
            guard case .send(let request) = call.start(now: now) else { throw Unexpected() }
            self.request = request
            self.configuration = configuration
        }

        struct Unexpected: Error {}

        /// Head, and so much of the body.
        func begin(sentBytes: Int) throws -> RawSocket {
            let signed = configuration.signer.sign(request, at: SystemClock().wall())
            // http: | HOST:PORT | the rest
            let parts = signed.url.split(separator: "/", maxSplits: 2)
            let port = try #require(parts[1].split(separator: ":").last.flatMap { Int($0) })
            let socket = try RawSocket(port: port)
            let lines = signed.headers.map { "\($0.name): \($0.value)\r\n" }.joined()
            socket.send(
                "\(signed.method.rawValue) /\(parts[2]) HTTP/1.1\r\n\(lines)content-length: \(request.body.count)\r\n\r\n"
            )
            socket.send(Array(request.body.prefix(sentBytes)))
            return socket
        }
    }

    @Test("a wrong secret is told, and what to do")
    func wrongSecret() throws {
        let bucket = try TestObjectStore.bucket({ $1["AWS_SECRET_ACCESS_KEY"] = "wrong" })
        for operation: BucketOperation in [
            .create(name: "a", bytes: []), .get(name: "a", range: nil), .list(prefix: "", after: nil, limit: 1),
        ] {
            let failure = try #require(Self.failure(bucket.perform(operation)))
            #expect(failure.kind == .lasting)
            #expect(failure.message.contains("AWS_SECRET_ACCESS_KEY"), "\(failure)")
            #expect(!failure.message.contains("wrong"))
        }
        // An answer to HEAD has no body that could say more.
        #expect(Self.failure(bucket.perform(.size(name: "a")))?.kind == .lasting)
        let unknown = try TestObjectStore.bucket({ $1["AWS_ACCESS_KEY_ID"] = "nobody" })
        let failure = try #require(Self.failure(unknown.perform(.get(name: "a", range: nil))))
        #expect(failure.kind == .lasting && failure.message.contains("AWS_ACCESS_KEY_ID"), "\(failure)")
    }

    /// Creating is not tried: SeaweedFS makes the bucket then, others refuse. So readers and the probe must tell before.
    @Test("a bucket that is not there is told before anything is written, and what to do")
    func noBucket() throws {
        let bucket = try TestObjectStore.bucket({ place, _ in place.bucket = "there-is-no-such" })
        let failure = #expect(throws: BucketFailure.self) { try bucket.probe() }
        #expect(failure?.kind == .lasting)
        #expect(failure?.message.contains("make the bucket first") == true, "\(String(describing: failure))")
        for operation: BucketOperation in [
            .get(name: "a", range: nil), .get(name: "a", range: BucketRange(offset: 0, length: 1)),
            .list(prefix: "", after: nil, limit: 1),
        ] {
            let failure = try #require(Self.failure(bucket.perform(operation)))
            #expect(failure.kind == .lasting)
            #expect(failure.message.contains("make the bucket first"), "\(failure)")
        }
    }

    @Test(
        "a store that stops fails in passing, and all goes on when it is back",
        .enabled(if: TestObjectStore.canBeStopped, "no way to stop the store is named"))
    func stopped() throws {
        let bucket = try TestObjectStore.bucket({ _, _ in }, { $0.deadlineMilliseconds = 500 })
        #expect(bucket.perform(.create(name: "a", bytes: [1])) == .done)
        try TestObjectStore.control("stop")
        for operation: BucketOperation in [
            .create(name: "b", bytes: []), .get(name: "a", range: nil), .list(prefix: "", after: nil, limit: 1),
            .size(name: "a"), .put(name: "c", bytes: []), .delete(name: "a"),
        ] {
            #expect(Self.failure(bucket.perform(operation))?.kind == .passing)
        }
        try TestObjectStore.control("start")
        // A server that has just started may still refuse to write.
        var create = BucketResult.missing
        for _ in 0..<100 where create != .done && create != .exists {
            create = bucket.perform(.create(name: "b", bytes: [2]))
        }
        #expect(bucket.perform(.get(name: "b", range: nil)) == .bytes([2]))
        #expect(bucket.perform(.get(name: "a", range: nil)) == .bytes([1]))
        #expect(bucket.perform(.create(name: "a", bytes: [9])) == .exists)
    }
}
