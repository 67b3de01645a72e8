import Foundation
import HostIO
import ObjectStore
import ObjectStoreIO
import Storage
import Synchronization
import Testing

/// A bucket at a scripted server, that does not wait long.
private func bucket(
    at url: String, _ patience: (inout S3Call.Patience) -> Void = { _ in }
) throws -> S3Bucket {
    var words = S3Configuration.Words()
    words.endpoint = url
    let configuration = try S3Configuration(
        S3Place("s3://news/p"), words: words,
        environment: ["AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "hush"],
        files: S3Configuration.Files(credentials: nil, config: nil))
    var short = S3Call.Patience()
    short.pauseMilliseconds = 1
    short.pauseLimitMilliseconds = 2
    patience(&short)
    return S3Bucket(configuration, patience: short)
}

@Suite struct S3BucketTests {
    private static func failure(_ result: BucketResult) -> BucketFailure? {
        guard case .failed(let failure) = result else { return nil }
        return failure
    }

    @Test("requests go over one connection that stays open, and carry what the machine says")
    func reuse() throws {
        let server = try ScriptedServer { head, _ in
            head.hasPrefix("HEAD")
                ? .bytes("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n") : .bytes(response("200 OK", "content"))
        }
        defer { server.stop() }
        let bucket = try bucket(at: server.url)
        #expect(bucket.location == "s3://news/p")
        for _ in 0..<10 {
            #expect(bucket.perform(.get(name: "a/b", range: nil)) == .bytes(Array("content".utf8)))
            #expect(bucket.perform(.size(name: "a/b")) == .size(7))
            #expect(bucket.perform(.create(name: "a/b", bytes: [UInt8](repeating: 1, count: 100_000))) == .done)
            #expect(bucket.perform(.delete(name: "a/b")) == .done)
        }
        #expect(server.connectionCount == 1)
        var expected = StoreRequests()
        (expected.puts, expected.gets, expected.deletes) = (10, 20, 10)
        // The scripted answer to a PUT and a DELETE has a body too.
        (expected.sentBytes, expected.receivedBytes) = (1_000_000, 30 * 7)
        #expect(bucket.requests() == expected)
        let heads = server.requests.prefix(4).map { $0.lowercased() }
        #expect(
            heads.map { $0.split(separator: "\r\n")[0] }
                == ["get", "head", "put", "delete"].map { "\($0) /news/p/a/b http/1.1" })
        for head in heads {
            #expect(head.contains("\r\nauthorization: aws4-hmac-sha256 credential=key/"))
            #expect(head.contains("\r\nhost: 127.0.0.1:\(server.port)\r\n"))
            #expect(!head.contains("hush") && !head.contains("expect:"))
        }
        #expect(heads[2].contains("\r\nif-none-match: *\r\n") && heads[2].contains("\r\ncontent-length: 100000\r\n"))
    }

    @Test("operations that are asked together are under way together")
    func together() throws {
        // Each request is answered only when eight are there.
        let arrived = Mutex(0)
        let server = try ScriptedServer { _, _ in
            arrived.withLock { $0 += 1 }
            let deadline = ContinuousClock.now + .seconds(60)
            while arrived.withLock({ $0 }) < 8, ContinuousClock.now < deadline { usleep(500) }
            return .bytes(response("200 OK", "x"))
        }
        defer { server.stop() }
        let bucket = try bucket(at: server.url)
        let operations = (0..<8).map { BucketOperation.get(name: "a/\($0)", range: nil) }
        #expect(bucket.perform(operations) == operations.map { _ in .bytes([0x78]) })
        #expect(arrived.withLock { $0 } == 8)
        #expect(bucket.perform([]) == [])
    }

    @Test("results come in the order of the operations, whatever fails among them")
    func order() throws {
        let server = try ScriptedServer { head, _ in
            let path = head.split(separator: " ")[1]
            if path.hasSuffix("3") { return .bytes(response("404 Not Found", headers: "x-amz-request-id: 1\r\n")) }
            if path.hasSuffix("5") { return .bytes(response("403 Forbidden")) }
            return .bytes(response("200 OK", String(path.suffix(2))))
        }
        defer { server.stop() }
        let names = (10..<50).map { "\($0)" } + ["BAD NAME"]
        let results = try bucket(at: server.url).perform(names.map { .get(name: $0, range: nil) })
        for (name, result) in zip(names, results) {
            if name == "BAD NAME" || name.hasSuffix("5") {
                #expect(Self.failure(result)?.kind == .lasting)
            } else {
                #expect(result == (name.hasSuffix("3") ? .missing : .bytes(Array(name.utf8))))
            }
        }
    }

    @Test("a store that does not answer in time is a passing failure, and so is one that is not there")
    func silence() throws {
        let server = try ScriptedServer { _, _ in .silence }
        let silent = try bucket(at: server.url) {
            $0.timeoutMilliseconds = 50
            $0.tryLimitCount = 2
        }
        let failure = try #require(Self.failure(silent.perform(.create(name: "a", bytes: [1]))))
        #expect(failure.kind == .passing && failure.message.contains("within 50 ms; tried 2 times"))
        #expect(server.requests.count == 2)
        server.stop()
        let gone = try #require(Self.failure(silent.perform(.get(name: "a", range: nil))))
        #expect(gone.kind == .passing && gone.message.contains("does not answer"))
    }

    @Test("an answer that breaks off is read again, also in the middle of a head or a body")
    func brokenOff() throws {
        let whole = response("200 OK", "content")
        for length in [0, 5, 20, whole.utf8.count - 1] {
            let server = try ScriptedServer { _, number in
                number == 0 ? .cut(String(decoding: whole.utf8.prefix(length), as: UTF8.self)) : .bytes(whole)
            }
            defer { server.stop() }
            #expect(try bucket(at: server.url).perform(.get(name: "a", range: nil)) == .bytes(Array("content".utf8)))
            #expect(server.requests.count == 2, "\(length)")
        }
    }

    @Test("a create whose answer was lost ends as existing")
    func lostAnswer() throws {
        let server = try ScriptedServer { _, number in
            number == 0 ? .cut("") : .bytes(response("412 Precondition Failed"))
        }
        defer { server.stop() }
        #expect(try bucket(at: server.url).perform(.create(name: "a", bytes: [1])) == .exists)
    }

    @Test("no redirect is followed")
    func redirect() throws {
        let other = try ScriptedServer { _, _ in .bytes(response("200 OK", "stolen")) }
        let server = try ScriptedServer { [url = other.url] _, _ in
            .bytes(response("307 Temporary Redirect", headers: "Location: \(url)/news/p/a\r\n"))
        }
        defer {
            server.stop()
            other.stop()
        }
        #expect(Self.failure(try bucket(at: server.url).perform(.get(name: "a", range: nil)))?.kind == .lasting)
        #expect(other.requests.isEmpty)
    }

    @Test("an answer with more than was asked for is cut off")
    func tooMuch() throws {
        let server = try ScriptedServer { _, _ in
            .bytes(response("206 Partial Content", String(repeating: "x", count: 1 << 20)))
        }
        defer { server.stop() }
        let range = BucketRange(offset: 0, length: 10)
        let failure = Self.failure(try bucket(at: server.url).perform(.get(name: "a", range: range)))
        #expect(failure?.kind == .lasting && failure?.message.contains("more than") == true)
    }
}
