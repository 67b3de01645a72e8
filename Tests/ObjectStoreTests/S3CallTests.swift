import ByteCoding
import News
import Storage
import Testing

@testable import ObjectStore

/// Runs a call against answers written down, and keeps what it asked.
private struct Exchange {
    var call: S3Call
    var now: Int64 = 1000
    var requests: [S3Request] = []
    var pauses: [Int64] = []
    var result: BucketResult?
    private var request: S3Request? { requests.last }

    init(_ operation: BucketOperation, seed: UInt64 = 1, _ change: (inout S3Call.Context) -> Void = { _ in }) {
        var context = S3Call.Context(prefix: "p/", region: "us-east-1")
        change(&context)
        call = S3Call(operation, in: context, seed: seed)
        take(call.start(now: moment))
    }

    private var moment: Moment { Moment(milliseconds: now, wall: Timestamp(milliseconds: 0)) }

    private mutating func take(_ action: S3Call.Action) {
        switch action {
        case .send(let request): requests.append(request)
        case .wait(let until):
            pauses.append(until - now)
            now = until
            take(call.handle(.tick, now: moment))
        case .done(let result): self.result = result
        }
    }

    /// Answers the open request.
    mutating func answer(_ event: S3Call.Event, after milliseconds: Int64 = 10) {
        #expect(result == nil, "it is over")
        now += milliseconds
        take(call.handle(event, now: moment))
    }

    /// As a store answers: headers that say nothing of the length get the right one.
    mutating func answer(_ status: Int, _ headers: [(String, String)] = [], _ body: String = "") {
        reply(status, headers + [("x-amz-request-id", "1")], body)
    }

    /// As a proxy before the store answers, which knows no way to it.
    mutating func foreign(_ status: Int) { reply(status, [], "page not found") }

    private mutating func reply(_ status: Int, _ headers: [(String, String)], _ body: String) {
        var fields = headers.map { S3Field($0.0, $0.1) }
        if request?.method != .head, !fields.contains(where: { $0.name.lowercased() == "content-length" }) {
            fields.append(S3Field("content-length", "\(body.utf8.count)"))
        }
        answer(.response(S3Response(status: status, headers: fields, body: Array(body.utf8))))
    }

    mutating func lose(_ kind: S3TransportFailure.Kind = .unknown) {
        answer(.failed(S3TransportFailure(kind, "lost")))
    }

    /// Request lines so far.
    var lines: [String] {
        requests.map { "\($0.method.rawValue) \($0.key) \(S3Signer.canonicalQuery($0.query))" }
    }

    var failure: BucketFailure? {
        guard case .failed(let failure) = result else { return nil }
        return failure
    }
}

private func error(_ code: String, _ message: String = "m") -> String {
    "<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>\(message)</Message></Error>"
}

@Suite struct S3CallTests {
    @Test("an object is created by one conditional PUT")
    func create() {
        var exchange = Exchange(.create(name: "log/1/0", bytes: [1, 2]))
        #expect(exchange.lines == ["PUT p/log/1/0 "])
        #expect(
            exchange.requests[0].headers
                == [S3Field("if-none-match", "*"), S3Field("content-md5", "DLmI0EKn8o3V/itVs/Wseg==")])
        #expect(exchange.requests[0].body == [1, 2])
        exchange.answer(200)
        #expect(exchange.result == .done)
        var taken = Exchange(.create(name: "log/1/0", bytes: []))
        taken.answer(412, [], error("PreconditionFailed"))
        #expect(taken.result == .exists)
    }

    @Test("put has no condition")
    func put() {
        var exchange = Exchange(.put(name: "heartbeats/1", bytes: [1]))
        #expect(exchange.requests[0].headers.map(\.name) == ["content-md5"])
        // A standby waits five seconds for the next: two tries must fit into that.
        #expect(exchange.requests[0].timeoutMilliseconds * 2 < Reign.patienceMilliseconds - 1000)
        exchange.answer(200)
        #expect(exchange.result == .done)
    }

    @Test("a create that timed out after it took effect ends as existing, and reading back settles that it is ours")
    func createdUnseen() {
        // The whole way, as the coordinator goes it: CreateCall over S3Call.
        let bytes: [UInt8] = [7, 7]
        let now = Moment(milliseconds: 0, wall: Timestamp(milliseconds: 0))
        for found in [bytes, [9]] {
            var create = CreateCall(owner: .log)
            let first = create.start(name: "log/1/1", bytes: bytes)
            var exchange = Exchange(first.operation)
            exchange.lose()
            #expect(exchange.pauses.count == 1)
            #expect(exchange.requests[1] == exchange.requests[0])
            exchange.answer(412)
            #expect(exchange.result == .exists)
            let (outcome, next) = create.handle(first.tag, .exists, now: now)
            #expect(outcome == nil)
            guard let next else {
                Issue.record("not read back")
                continue
            }
            var reading = Exchange(next.operation)
            #expect(reading.lines == ["GET p/log/1/1 "])
            let length = [S3Field("content-length", "\(found.count)")]
            reading.answer(.response(S3Response(status: 200, headers: length, body: found)))
            let settled = create.handle(next.tag, reading.result ?? .missing, now: now).outcome
            #expect(settled == (found == bytes ? .created : .taken(found)))
        }
    }

    @Test("a refusal after a try that may have taken effect is passing: nobody may take the name for free")
    func unsettledCreate() {
        for lost in [true, false] {
            var exchange = Exchange(.create(name: "log/1/1", bytes: [1]))
            if lost { exchange.lose() } else { exchange.answer(500, [], error("InternalError")) }
            exchange.answer(403, [], error("AccessDenied"))
            #expect(exchange.failure?.kind == .passing)
        }
        var full = Exchange(.create(name: "log/1/1", bytes: [1]))
        full.lose()
        full.answer(403, [], error("QuotaExceeded"))
        #expect(full.failure?.kind == .passing)
        // Never on the way, or refused before it was carried out: then the plain truth.
        var certain = Exchange(.create(name: "log/1/1", bytes: [1]))
        certain.lose(.notSent)
        certain.answer(409, [], error("ConditionalRequestConflict"))
        certain.answer(429)
        certain.answer(403, [], error("AccessDenied"))
        #expect(certain.failure?.kind == .lasting)
        // What only reads has no effect to be unsure of.
        var reading = Exchange(.get(name: "x", range: nil))
        reading.lose()
        reading.answer(403, [], error("AccessDenied"))
        #expect(reading.failure?.kind == .lasting)
    }

    @Test(
        "answers that will be different later are tried again, others told at once",
        arguments: [
            (500, "InternalError", BucketFailure.Kind.passing), (502, "", .passing), (503, "SlowDown", .passing),
            (504, "", .passing), (408, "", .passing), (429, "", .passing), (409, "OperationAborted", .passing),
            (400, "RequestTimeout", .passing), (400, "BadDigest", .passing), (400, "InvalidArgument", .lasting),
            (403, "AccessDenied", .lasting), (403, "", .lasting), (404, "NoSuchBucket", .lasting), (405, "", .lasting),
            (501, "NotImplemented", .lasting), (301, "PermanentRedirect", .lasting), (302, "", .lasting),
            (507, "", .full),
            (403, "QuotaExceeded", .full), (507, "XMinioStorageFull", .full), (400, "ExpiredToken", .lasting),
        ])
    func verdicts(status: Int, code: String, kind: BucketFailure.Kind) {
        for operation: BucketOperation in [.put(name: "x", bytes: [1]), .create(name: "x", bytes: [1])] {
            var exchange = Exchange(operation)
            while exchange.result == nil { exchange.answer(status, [], code.isEmpty ? "" : error(code)) }
            #expect(exchange.failure?.kind == kind)
            #expect(exchange.requests.count == (kind == .passing ? 5 : 1))
            #expect(exchange.failure?.message.contains("\(status)") == true)
            #expect(exchange.failure?.message.contains(code) == true)
            #expect(exchange.failure?.name == "x")
        }
    }

    @Test("what is not there is missing, a bucket that is not there is a failure")
    func missing() {
        for operation: BucketOperation in [.get(name: "x", range: nil), .size(name: "x")] {
            var exchange = Exchange(operation)
            exchange.answer(404, [], error("NoSuchKey"))
            #expect(exchange.result == .missing)
        }
        for operation: BucketOperation in [
            .get(name: "x", range: nil), .delete(name: "x"), .create(name: "x", bytes: []),
            .list(prefix: "", after: nil, limit: 1),
        ] {
            var exchange = Exchange(operation)
            exchange.answer(404, [], error("NoSuchBucket"))
            #expect(exchange.failure?.kind == .lasting)
            #expect(exchange.failure?.message.contains("make the bucket first") == true)
        }
        var gone = Exchange(.delete(name: "x"))
        gone.answer(404, [], error("NoSuchKey"))
        #expect(gone.result == .done)
    }

    @Test("messages say what to do, without control characters of the store")
    func messages() {
        var exchange = Exchange(.get(name: "x", range: nil))
        exchange.answer(403, [], error("SignatureDoesNotMatch", "a\u{1B}[31mb\nc"))
        #expect(exchange.failure?.message.contains("AWS_SECRET_ACCESS_KEY") == true)
        #expect(exchange.failure?.message.contains("a[31mbc") == true)
        var region = Exchange(.get(name: "x", range: nil))
        region.answer(301, [("x-amz-bucket-region", "eu-west-1")], error("PermanentRedirect"))
        #expect(region.failure?.message.contains("--s3-region eu-west-1") == true)
    }

    @Test("pauses grow, are jittered, stay within bounds, and are the same for the same seed")
    func pauses() {
        var all: Set<[Int64]> = []
        for seed in 0..<20 as Range<UInt64> {
            var exchange = Exchange(.get(name: "x", range: nil), seed: seed)
            while exchange.result == nil { exchange.lose() }
            #expect(exchange.pauses.count == 4)
            for (number, pause) in exchange.pauses.enumerated() {
                let limit = Int64(100) << Int64(number)
                #expect(pause >= limit / 2 && pause <= limit)
            }
            var again = Exchange(.get(name: "x", range: nil), seed: seed)
            while again.result == nil { again.lose() }
            #expect(again.pauses == exchange.pauses)
            all.insert(exchange.pauses)
        }
        #expect(all.count > 10)
    }

    @Test("the store's Retry-After is kept, within bounds")
    func retryAfter() {
        var exchange = Exchange(.get(name: "x", range: nil))
        exchange.answer(503, [("Retry-After", "2")])
        #expect(exchange.pauses == [2000])
        var long = Exchange(.get(name: "x", range: nil))
        long.answer(503, [("Retry-After", "86400")])
        #expect(long.failure?.kind == .passing)
    }

    @Test("after the deadline nothing is tried again")
    func deadline() {
        var exchange = Exchange(.get(name: "x", range: nil))
        exchange.answer(.failed(S3TransportFailure(.unknown, "slow")), after: 10_000)
        #expect(exchange.result == nil)
        exchange.answer(.failed(S3TransportFailure(.unknown, "slow")), after: 10_000)
        #expect(exchange.failure?.kind == .passing)
        #expect(exchange.failure?.message == "slow; tried 2 times")
    }

    @Test("a tick before its time changes nothing")
    func earlyTick() {
        let now = Moment(milliseconds: 0, wall: Timestamp(milliseconds: 0))
        var call = S3Call(.size(name: "x"), in: S3Call.Context(prefix: "", region: "r"), seed: 3)
        _ = call.start(now: now)
        let waiting = call.handle(.failed(S3TransportFailure(.notSent, "no")), now: now)
        #expect(call.handle(.tick, now: now) == waiting)
        guard case .wait(let until) = waiting else {
            Issue.record("no pause")
            return
        }
        let late = Moment(milliseconds: until, wall: Timestamp(milliseconds: 0))
        guard case .send = call.handle(.tick, now: late) else {
            Issue.record("not sent again")
            return
        }
    }

    // MARK: Reading

    @Test("a range is asked for exactly, and the answer is held against it")
    func ranges() {
        func ask(_ offset: UInt64, _ length: Int) -> Exchange {
            Exchange(.get(name: "x", range: BucketRange(offset: offset, length: length)))
        }
        var good = ask(2, 3)
        #expect(good.requests[0].headers == [S3Field("range", "bytes=2-4")])
        good.answer(206, [("Content-Range", "bytes 2-4/10"), ("Content-Length", "3")], "cde")
        #expect(good.result == .bytes(Array("cde".utf8)))
        var cut = ask(8, 5)
        cut.answer(206, [("content-range", "bytes 8-9/10")], "ij")
        #expect(cut.result == .bytes(Array("ij".utf8)))
        var past = ask(10, 5)
        past.answer(416, [], error("InvalidRange"))
        #expect(past.result == .bytes([]))
        var whole = ask(2, 3)
        whole.answer(200, [], "abcdefghij")
        #expect(whole.result == .bytes(Array("cde".utf8)))
        for (header, body) in [
            ("bytes 3-5/10", "def"), ("bytes 2-3/10", "cd"), ("bytes 2-5/10", "cdef"), ("bytes 2-4/3", "cde"),
            ("", "cde"),
            ("bytes */10", ""), ("bytes 2-4/*", "cde"),
        ] {
            var wrong = ask(2, 3)
            wrong.answer(206, [("content-range", header)], body)
            #expect(wrong.result == nil, "\(header)")
            while wrong.result == nil { wrong.answer(206, [("content-range", header)], body) }
            #expect(wrong.failure?.kind == .passing)
        }
        // Of no bytes, and behind the last place there can be, it is only asked whether the object is there.
        for empty in [ask(3, 0), ask(3, -1), ask(.max, 1)] {
            var empty = empty
            #expect(empty.requests[0].method == .head)
            empty.answer(200, [("content-length", "10")])
            #expect(empty.result == .bytes([]))
        }
        #expect(ask(1, .max).requests[0].headers == [S3Field("range", "bytes=1-\(Int64.max)")])
        var none = ask(3, 0)
        none.answer(404)
        #expect(none.result == .missing)
    }

    @Test("a body without a length, or shorter than it says, is tried again")
    func shortBody() {
        var exchange = Exchange(.get(name: "x", range: nil))
        exchange.answer(.response(S3Response(status: 200, body: [1])))
        #expect(exchange.result == nil)
        exchange.answer(200, [("Content-Length", "3")], "ab")
        #expect(exchange.result == nil)
        exchange.answer(200, [("Content-Length", "3")], "abc")
        #expect(exchange.result == .bytes(Array("abc".utf8)))
    }

    @Test("a size without Content-Length is no size")
    func size() {
        var exchange = Exchange(.size(name: "x"))
        exchange.answer(200)
        exchange.answer(200, [("content-length", "12")])
        #expect(exchange.result == .size(12))
    }

    // MARK: Lists

    private static func page(_ keys: [String], next: String? = nil) -> String {
        "<ListBucketResult xmlns=\"u\"><IsTruncated>\(next != nil)</IsTruncated>"
            + keys.map { "<Contents><Key>\($0)</Key><Size>1</Size></Contents>" }.joined()
            + (next.map { "<NextContinuationToken>\($0)</NextContinuationToken>" } ?? "") + "</ListBucketResult>"
    }

    @Test("a list goes over pages until its limit")
    func lists() {
        var exchange = Exchange(.list(prefix: "x/", after: "x/1", limit: 3))
        #expect(exchange.lines == ["GET  list-type=2&max-keys=3&prefix=p%2Fx%2F&start-after=p%2Fx%2F1"])
        exchange.answer(200, [], Self.page(["p/x/2", "p/x/3"], next: "a&amp;b"))
        #expect(exchange.lines[1] == "GET  continuation-token=a%26b&list-type=2&max-keys=1&prefix=p%2Fx%2F")
        exchange.answer(200, [], Self.page(["p/x/4"], next: "c"))
        #expect(exchange.result == .names(["x/2", "x/3", "x/4"]))
        var empty = Exchange(.list(prefix: "", after: nil, limit: 5000))
        #expect(empty.lines == ["GET  list-type=2&max-keys=1000&prefix=p%2F"])
        empty.answer(200, [], Self.page([]))
        #expect(empty.result == .names([]))
        #expect(Exchange(.list(prefix: "", after: nil, limit: 0)).result == .names([]))
    }

    @Test("what a folder of the store cannot hold is passed over, and the list goes on for what was asked for")
    func foreignNames() {
        let names = (1...3).map { ObjectName.manifest(Generation(4 - $0)) }
        var exchange = Exchange(.list(prefix: "manifests/", after: nil, limit: 1))
        exchange.answer(200, [], Self.page(["p/manifests/.DS_Store"], next: "a"))
        #expect(exchange.result == nil && exchange.lines.count == 2)
        exchange.answer(200, [], Self.page(["p/" + names[0]], next: "b"))
        #expect(exchange.result == .names([names[0]]))
        var all = Exchange(.list(prefix: "manifests/", after: nil, limit: 9))
        all.answer(200, [], Self.page((["manifests/.a"] + names + ["manifests/readme"]).map { "p/" + $0 }))
        #expect(all.result == .names(names))
        var disordered = Exchange(.list(prefix: "manifests/", after: nil, limit: 9))
        while disordered.result == nil { disordered.answer(200, [], Self.page(["p/manifests/b", "p/manifests/a"])) }
        #expect(disordered.failure?.kind == .passing)
    }

    @Test(
        "a list that is out of order, foreign or endless without a way on is no answer",
        arguments: [
            page(["p/b", "p/a"]), page(["p/a", "p/a"]), page(["q/a"]), page(["p/0"]), "<x/>", "", "<html>",
            "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        ])
    func badLists(body: String) {
        var exchange = Exchange(.list(prefix: "", after: "0", limit: 10))
        while exchange.result == nil { exchange.answer(200, [], body) }
        #expect(exchange.failure?.kind == .passing)
    }

    // MARK: Whose word it is

    @Test("that an object is not there is believed of the store alone")
    func foreignWord() {
        for operation: BucketOperation in [
            .get(name: "a", range: nil), .size(name: "a"), .delete(name: "a"), .create(name: "a", bytes: [1]),
        ] {
            var exchange = Exchange(operation)
            while exchange.result == nil { exchange.foreign(404) }
            #expect(exchange.failure?.kind == .passing, "\(operation)")
            #expect(exchange.failure?.message.contains("--s3-endpoint") == true)
        }
        var unmarked = Exchange(.size(name: "a"))
        unmarked.foreign(404)
        #expect(unmarked.lines == ["HEAD p/a ", "GET p/a "])
        #expect(unmarked.requests[1].headers == [S3Field("range", "bytes=0-0")])
        unmarked.answer(404, [], error("NoSuchKey"))
        #expect(unmarked.result == .missing)
        var there = Exchange(.size(name: "a"))
        there.foreign(404)
        there.answer(206, [("content-range", "bytes 0-0/7")], "x")
        #expect(there.lines == ["HEAD p/a ", "GET p/a ", "HEAD p/a "])
        there.answer(200, [("content-length", "7")])
        #expect(there.result == .size(7))
        var noBucket = Exchange(.size(name: "a"))
        noBucket.foreign(404)
        noBucket.answer(404, [], error("NoSuchBucket"))
        #expect(noBucket.failure?.kind == .lasting)
    }

    // MARK: Parts

    private static let segment = "segments/\(String(repeating: "0f", count: 32)).3-4"

    private static func upload(_ count: Int) -> Exchange {
        Exchange(.create(name: segment, bytes: (0..<count).map { UInt8(truncatingIfNeeded: $0) })) { $0.partBytes = 4 }
    }

    private static let begun = "<InitiateMultipartUploadResult><UploadId>u+1</UploadId></InitiateMultipartUploadResult>"

    @Test("a large segment goes up in parts, unless it is there")
    func parts() {
        var exchange = Self.upload(10)
        exchange.answer(404)
        exchange.answer(200, [], Self.begun)
        for number in 1...3 { exchange.answer(200, [("ETag", "\"e\(number)\"")]) }
        exchange.answer(200, [], "<CompleteMultipartUploadResult><Key>x</Key></CompleteMultipartUploadResult>")
        #expect(exchange.result == .done)
        let key = "p/" + Self.segment
        #expect(
            exchange.lines == [
                "HEAD \(key) ", "POST \(key) uploads=", "PUT \(key) partNumber=1&uploadId=u%2B1",
                "PUT \(key) partNumber=2&uploadId=u%2B1", "PUT \(key) partNumber=3&uploadId=u%2B1",
                "POST \(key) uploadId=u%2B1",
            ])
        #expect(exchange.requests[2...4].map { Array($0.body) } == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]])
        #expect(
            exchange.requests[2...4].map(\.headers)
                == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]].map {
                    [S3Field("content-md5", Base64.string(MD5.hash(of: $0)))]
                })
        let parts = (1...3).map { "<Part><PartNumber>\($0)</PartNumber><ETag>\"e\($0)\"</ETag></Part>" }.joined()
        #expect(
            String(decoding: exchange.requests[5].body, as: UTF8.self)
                == "<CompleteMultipartUpload>\(parts)</CompleteMultipartUpload>")
        var there = Self.upload(10)
        there.answer(200, [("content-length", "10")])
        #expect(there.result == .exists)
    }

    @Test("what is small, or has a name that others may use, goes up in one conditional PUT")
    func onePut() {
        #expect(Self.upload(4).lines == ["PUT p/\(Self.segment) "])
        let log = Exchange(
            .create(name: "log/0000000000000001/0000000000000002", bytes: [UInt8](repeating: 0, count: 100))
        ) {
            $0.partBytes = 4
        }
        #expect(log.requests[0].headers.first == S3Field("if-none-match", "*"))
    }

    @Test("an upload that fails is taken back, and tells why it failed")
    func abort() {
        var exchange = Self.upload(10)
        exchange.answer(404)
        exchange.answer(200, [], Self.begun)
        exchange.answer(200, [("ETag", "e")])
        exchange.answer(403, [], error("QuotaExceeded"))
        #expect(exchange.lines.last == "DELETE p/\(Self.segment) uploadId=u%2B1")
        exchange.lose()
        #expect(exchange.failure?.kind == .full)
        // Parts make no object: a lost part leaves nothing to be unsure of.
        var lost = Self.upload(10)
        lost.answer(404)
        lost.answer(200, [], Self.begun)
        lost.lose()
        lost.answer(403, [], error("AccessDenied"))
        lost.answer(204)
        #expect(lost.failure?.kind == .lasting)
    }

    @Test("a completion that was lost is looked for", arguments: ["10", "9", nil])
    func lostCompletion(size: String?) {
        var exchange = Self.upload(10)
        exchange.answer(404)
        exchange.answer(200, [], Self.begun)
        for number in 1...3 { exchange.answer(200, [("ETag", "e\(number)")]) }
        exchange.lose()
        exchange.answer(404, [], error("NoSuchUpload"))
        #expect(exchange.lines.last == "HEAD p/\(Self.segment) ")
        if let size { exchange.answer(200, [("content-length", size)]) } else { exchange.answer(404) }
        if size == "10" { #expect(exchange.result == .done) } else { #expect(exchange.failure?.kind == .passing) }
    }

    @Test("a completion that fails within a 200 is tried again; an upload that somebody took back begins anew later")
    func failedCompletion() {
        var exchange = Self.upload(5)
        exchange.answer(404)
        exchange.answer(200, [], Self.begun)
        for number in 1...2 { exchange.answer(200, [("ETag", "e\(number)")]) }
        exchange.answer(200, [], error("InternalError"))
        exchange.answer(200, [], "<CompleteMultipartUploadResult/>")
        #expect(exchange.result == .done)
        var gone = Self.upload(5)
        gone.answer(404)
        gone.answer(200, [], Self.begun)
        gone.answer(404, [], error("NoSuchUpload"))
        #expect(gone.failure?.kind == .passing)
    }

    @Test(
        "whatever a store answers, a call ends, and a failure that is not passing follows no try that may have written")
    func anyAnswers() {
        var random = SplitMix64(seed: 20261125)
        let statuses = [200, 200, 204, 206, 301, 400, 403, 404, 409, 412, 416, 429, 500, 501, 503, 507]
        let bodies = [
            "", error("NoSuchKey"), error("NoSuchUpload"), Self.begun, Self.page(["p/a"]), "<", error("InternalError"),
        ]
        for round in 0..<3000 {
            let operations: [BucketOperation] = [
                .create(name: "a", bytes: [1]), .create(name: Self.segment, bytes: [UInt8](repeating: 1, count: 9)),
                .put(name: "a", bytes: [1]), .get(name: "a", range: nil),
                .get(name: "a", range: BucketRange(offset: 1, length: 2)), .size(name: "a"),
                .list(prefix: "", after: nil, limit: 2), .delete(name: "a"),
            ]
            let operation = operations[round % operations.count]
            var exchange = Exchange(operation, seed: UInt64(round)) { $0.partBytes = 4 }
            var mayHaveWritten = false
            var steps = 0
            while exchange.result == nil, steps < 200 {
                steps += 1
                let isWrite =
                    exchange.requests.last.map { request in
                        (request.method == .put || request.method == .post)
                            && !request.query.contains { ["partNumber", "uploads"].contains($0.name) }
                    } ?? false
                if random.below(4) == 0 {
                    let kind: S3TransportFailure.Kind = random.below(2) == 0 ? .unknown : .notSent
                    if isWrite, kind == .unknown { mayHaveWritten = true }
                    exchange.lose(kind)
                } else {
                    let status = statuses[Int(random.below(Int64(statuses.count)))]
                    let body = bodies[Int(random.below(Int64(bodies.count)))]
                    if isWrite, status == 500 || status == 503 { mayHaveWritten = true }
                    let headers = [
                        ("etag", "e"), ("content-length", "\(body.utf8.count)"), ("content-range", "bytes 1-2/9"),
                    ]
                    exchange.answer(status, random.below(2) == 0 ? headers : [], body)
                }
            }
            #expect(steps < 200, "\(operation)")
            if let failure = exchange.failure, failure.kind != .passing {
                #expect(!mayHaveWritten, "\(operation): \(failure)")
            }
        }
    }
}
