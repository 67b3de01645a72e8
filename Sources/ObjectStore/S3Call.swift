// One bucket operation against an S3 store, as a machine: events and the time in, one action out.
//
// Guarantees
// 1. `create` never overwrites: its PUT carries If-None-Match: *. Only an object whose name is unique to its attempt and whose
//    bytes the name tells (`ObjectName.attempt(ofWritten:)`) may go up in parts, for the condition on completing is not
//    known to all stores: what it could overwrite are the same bytes.
// 2. `.exists` says that an object of the name is there, not whose: after a try that timed out it may be our own.
//    `CreateCall` (Storage/StoreCall.swift) settles it by reading back.
// 3. A failure that is not `.passing` says that no try of this call has taken effect. After one that may have, a later
//    refusal is told as passing: the next call finds out.
// 4. Every call ends: tries, pauses and the whole have limits.
// 5. What goes up carries its digest (Content-MD5): a store refuses what came damaged or cut off. Without it SeaweedFS 4.48 keeps
//    an empty object of a PUT whose connection ends before the first byte of its body.
// 6. That an object is not there is believed only of the store itself, never of a proxy before it that knows no way: where a log ends
//    and who reigns hang on that word. A 404 is the store's if it carries an error code of S3 or a request's id; one to HEAD that
//    carries none is asked again by GET, whose answer has a body.
// 7. What a store says is held against what was asked: a range that is not the one asked for, a list out of order or with
//    foreign names is a failure, never an answer.

import ByteCoding
import News
package import Storage

package struct S3Call: Sendable {
    package enum Event: Equatable, Sendable {
        case response(S3Response)
        case failed(S3TransportFailure)
        /// The moment of a `.wait` has come.
        case tick
    }

    package enum Action: Equatable, Sendable {
        /// The answer, or why there is none, is the next event.
        case send(S3Request)
        /// `.tick` is due at this moment (`Moment.milliseconds`), not before.
        case wait(until: Int64)
        case done(BucketResult)
    }

    /// How hard a call tries.
    package struct Patience: Equatable, Sendable {
        /// Tries of one request.
        package var tryLimitCount = 5
        /// From the start of a call no further try is begun after this time.
        package var deadlineMilliseconds: Int64 = 20_000
        /// Before the n-th try again the pause is a random part of `pause` doubled n times, at most `pauseLimit`.
        package var pauseMilliseconds: Int64 = 100
        package var pauseLimitMilliseconds: Int64 = 3000
        /// One try may take this long, and longer the more bytes there are.
        package var timeoutMilliseconds: Int64 = 10_000
        /// A heartbeat's try: two of them fit into the patience of those who watch it, so that one connection that lies still does
        /// not depose a coordinator.
        package var heartbeatTimeoutMilliseconds: Int64 = 1500
        /// Slowest transfer that is waited for.
        package var bytesPerSecond: Int64 = 256 << 10

        package init() {}
    }

    /// Where the objects lie, for keys and messages.
    package struct Context: Equatable, Sendable {
        package var prefix: String
        package var region: String
        package var patience = Patience()
        /// An object of a unique name larger than this goes up in parts.
        package var partBytes = S3Call.partBytes

        package init(prefix: String, region: String) {
            self.prefix = prefix
            self.region = region
        }
    }

    struct BadAnswer: Error {
        var message: String
        init(_ message: String) { self.message = message }
    }

    /// 16 MiB: at the slowest rate waited for a part takes a minute; 10,000 parts, the most there may be, are 156 GiB.
    package static let partBytes = 16 << 20
    /// Most keys that a store gives in one page.
    static let pageLimitCount = 1000
    /// Room for an error's text beside the bytes asked for.
    private static let errorRoomBytes = 64 << 10
    /// What an object may hold at most, when the whole is asked for.
    private static let objectLimitBytes = 1 << 30

    private indirect enum Stage: Equatable, Sendable {
        case simple
        /// In parts: is it there already?
        case looking
        case initiating
        case part(Int)
        case completing
        /// The completion may have taken effect: is the object there, whole?
        case confirming
        /// Whose word was it that HEAD found nothing? Then this goes on.
        case asking(Stage)
        /// Taking back what was uploaded; then this is the result.
        case aborting(BucketResult)
        case finished
    }

    private let operation: BucketOperation
    private let context: Context
    private var random: SplitMix64
    private var stage = Stage.simple
    private var request: S3Request?
    private var startedAt: Int64 = 0
    private var tries = 0
    private var waitsUntil: Int64?
    /// A try of this call may have written unseen.
    private var mayHaveWritten = false
    private var names: [String] = []
    /// Foreign names too, which are not among `names`.
    private var lastListed: String?
    private var uploadID = ""
    private var partTags: [String] = []
    private var hasRepeatedCompletion = false

    /// - Parameter seed: of the jitter.
    package init(_ operation: BucketOperation, in context: Context, seed: UInt64) {
        self.operation = operation
        self.context = context
        random = SplitMix64(seed: seed)
    }

    // MARK: Events

    package mutating func start(now: Moment) -> Action {
        startedAt = now.milliseconds
        switch operation {
        case .put(_, let bytes): return send(put(bytes[...]))
        case .create(let name, let bytes):
            if bytes.count > context.partBytes, ObjectName.attempt(ofWritten: name) != nil {
                stage = .looking
                return send(head())
            }
            return send(put(bytes[...], headers: [S3Field("if-none-match", "*")]))
        case .get(_, let range): return startGet(range)
        case .size: return send(head())
        case .list(_, let after, let limit):
            if limit <= 0 { return finish(.names([])) }
            return send(list(after: after, limit: limit, continuation: nil))
        case .delete: return send(make(.delete))
        }
    }

    package mutating func handle(_ event: Event, now: Moment) -> Action {
        guard stage != .finished, let request else { return finish(failure(.passing, "the call is over")) }
        switch event {
        case .tick:
            guard let until = waitsUntil, now.milliseconds >= until else {
                return .wait(until: waitsUntil ?? startedAt)
            }
            waitsUntil = nil
            return .send(request)
        case .failed(let failure):
            switch failure.kind {
            case .notSent: return again(failure.message, isCertain: true, pause: nil, now: now)
            case .unknown: return again(failure.message, isCertain: false, pause: nil, now: now)
            case .untrusted, .tooLarge: return giveUp(.lasting, failure.message, now: now)
            }
        case .response(let response):
            do throws(BadAnswer) {
                return try respond(response, request, now: now)
            } catch {
                return again(error.message, isCertain: false, pause: nil, now: now)
            }
        }
    }

    private mutating func respond(
        _ response: S3Response, _ request: S3Request, now: Moment
    ) throws(BadAnswer) -> Action {
        // A completed upload may say only in its body that it failed, and S3 says so with status 200.
        let isHiddenError = stage == .completing && response.status == 200 && S3Refusal(response).code != ""
        if (200..<300).contains(response.status), !isHiddenError {
            return try succeed(response, request, now: now)
        }
        let refusal = S3Refusal(response)
        if response.status == 404, request.method == .head, !refusal.isOfStore {
            stage = .asking(stage)
            return send(make(.get, headers: [S3Field("range", "bytes=0-0")], answerLimitBytes: 1))
        }
        if let action = expectedRefusal(response, refusal, now: now) { return action }
        let message = refusal.message(request, region: context.region)
        switch isHiddenError ? .again(isCertain: false) : refusal.verdict {
        case .again(let isCertain):
            return again(message, isCertain: isCertain, pause: refusal.retryAfterMilliseconds, now: now)
        case .full: return giveUp(.full, message, now: now)
        case .lasting: return giveUp(.lasting, message, now: now)
        }
    }

    /// Refusals that are answers.
    private mutating func expectedRefusal(_ response: S3Response, _ refusal: S3Refusal, now: Moment) -> Action? {
        let isMissing = response.status == 404 && refusal.isOfStore && refusal.code != "NoSuchBucket"
        if case .asking(let before) = stage, isMissing { stage = before }
        switch (stage, operation) {
        case (.simple, .create) where response.status == 412: return finish(.exists)
        case (.simple, .get) where isMissing, (.simple, .size) where isMissing: return finish(.missing)
        // The range begins behind the object's end, or the object is empty.
        case (.simple, .get(_, .some)) where response.status == 416: return finish(.bytes([]))
        case (.simple, .delete) where isMissing: return finish(.done)
        case (.looking, _) where isMissing:
            stage = .initiating
            return send(make(.post, query: [S3Field("uploads", "")]))
        // The upload is gone: an earlier completion took effect, or somebody took it back.
        case (.completing, _) where isMissing && hasRepeatedCompletion:
            stage = .confirming
            return send(head())
        case (.part, _) where isMissing, (.completing, _) where isMissing, (.confirming, _) where isMissing:
            return finish(failure(.passing, "the upload was ended before it was complete"))
        case (.aborting(let result), _): return finish(result)
        default: return nil
        }
    }

    private mutating func succeed(
        _ response: S3Response, _ request: S3Request, now: Moment
    ) throws(BadAnswer) -> Action {
        switch (stage, operation) {
        case (.asking(let before), _):
            stage = before
            self.request = head()
            throw BadAnswer("HEAD was answered with 404, but the object is there")
        case (.simple, .put), (.simple, .create), (.simple, .delete): return finish(.done)
        case (.simple, .size): return finish(.size(try size(response)))
        case (.simple, .get(_, let range)): return finish(.bytes(try content(response, range, request)))
        case (.simple, .list(_, let after, let limit)): return try listed(response, after: after, limit: limit)
        case (.looking, _): return finish(.exists)
        case (.initiating, _): return try initiated(response)
        case (.part(let index), .create(_, let bytes)): return try sent(response, part: index, of: bytes)
        case (.completing, _): return finish(.done)
        case (.confirming, .create(_, let bytes)):
            guard try size(response) == UInt64(bytes.count) else {
                return finish(failure(.passing, "the object is there with another size than was sent"))
            }
            return finish(.done)
        case (.aborting(let result), _): return finish(result)
        default: throw BadAnswer("an answer that nothing asked for")
        }
    }

    // MARK: Reading

    private mutating func startGet(_ range: BucketRange?) -> Action {
        guard let range else { return send(make(.get, answerLimitBytes: Self.objectLimitBytes)) }
        let last = range.offset.addingReportingOverflow(UInt64(max(range.length, 1)) - 1)
        // Of no bytes it is only asked whether the object is there; so is one place that no object has.
        if range.length <= 0 || range.offset > UInt64(Int64.max) { return send(head()) }
        let end = min(last.overflow ? .max : last.partialValue, UInt64(Int64.max))
        return send(
            make(
                .get, headers: [S3Field("range", "bytes=\(range.offset)-\(end)")],
                answerLimitBytes: min(range.length, Self.objectLimitBytes)))
    }

    private func content(
        _ response: S3Response, _ range: BucketRange?, _ request: S3Request
    ) throws(BadAnswer) -> [UInt8] {
        if request.method == .head { return [] }
        // Of an answer that breaks off among its headers nobody knows how long it would have been.
        guard response.header("content-length") != nil || response.header("transfer-encoding") != nil else {
            throw BadAnswer("GET was answered without a length")
        }
        if let told = response.header("content-length").flatMap({ Int($0) }), told != response.body.count {
            throw BadAnswer("\(told) bytes were told, \(response.body.count) came")
        }
        guard let range else {
            guard response.status == 200 else { throw BadAnswer("GET was answered with \(response.status)") }
            return response.body
        }
        // A store may give the whole object where a range was asked for.
        if response.status == 200 {
            let start = Int(min(range.offset, UInt64(response.body.count)))
            return Array(response.body[start...].prefix(range.length))
        }
        guard response.status == 206, let told = ContentRange(response.header("content-range") ?? "") else {
            throw BadAnswer("a range was answered with \(response.status) and no Content-Range")
        }
        let expected = min(UInt64(range.length), told.total > range.offset ? told.total - range.offset : 0)
        guard told.first == range.offset, UInt64(response.body.count) == expected else {
            throw BadAnswer(
                "\(range.length) bytes from \(range.offset) were asked for; \(response.body.count) from \(told.first) of "
                    + "\(told.total) came")
        }
        return response.body
    }

    private func size(_ response: S3Response) throws(BadAnswer) -> UInt64 {
        guard let size = response.header("content-length").flatMap({ UInt64($0) }) else {
            throw BadAnswer("HEAD was answered without Content-Length")
        }
        return size
    }

    private mutating func listed(_ response: S3Response, after: String?, limit: Int) throws(BadAnswer) -> Action {
        let page = try S3Listing(response.body)
        let wanted = context.prefix + operation.name
        for key in page.keys {
            guard key.utf8.starts(with: wanted.utf8) else {
                throw BadAnswer("the list holds \(key), which was not asked for")
            }
            let name = String(key.dropFirst(context.prefix.count))
            if let last = lastListed ?? after {
                guard last.utf8.lexicographicallyPrecedes(name.utf8) else {
                    throw BadAnswer("the list is out of order: \(name) comes after \(last)")
                }
            }
            lastListed = name
            if ObjectName.isListed(name, under: operation.name) { names.append(name) }
            if names.count == limit { return finish(.names(names)) }
        }
        guard let continuation = page.continuation else { return finish(.names(names)) }
        return send(list(after: after, limit: limit - names.count, continuation: continuation))
    }

    // MARK: Writing in parts

    private mutating func initiated(_ response: S3Response) throws(BadAnswer) -> Action {
        var id: String?
        do throws(XMLFields.Malformed) {
            id = try XMLFields(response.body).text("InitiateMultipartUploadResult/UploadId")
        } catch { throw BadAnswer("the answer to the upload's beginning is no XML") }
        guard let id, !id.isEmpty else { throw BadAnswer("the upload began without an UploadId") }
        uploadID = id
        return sendPart(0)
    }

    private mutating func sendPart(_ index: Int) -> Action {
        guard case .create(_, let bytes) = operation else { return finish(failure(.lasting, "no upload")) }
        stage = .part(index)
        let part = bytes[(index * context.partBytes)...].prefix(context.partBytes)
        return send(put(part, query: [S3Field("partNumber", "\(index + 1)"), S3Field("uploadId", uploadID)]))
    }

    private mutating func sent(_ response: S3Response, part index: Int, of bytes: [UInt8]) throws(BadAnswer) -> Action {
        guard let tag = response.header("etag"), tag.utf8.count <= 200 else {
            throw BadAnswer("a part came back without ETag")
        }
        partTags.append(tag)
        if (index + 1) * context.partBytes < bytes.count { return sendPart(index + 1) }
        stage = .completing
        var body = "<CompleteMultipartUpload>"
        for (number, tag) in partTags.enumerated() {
            let escaped = tag.map { ["&": "&amp;", "<": "&lt;", ">": "&gt;"][$0] ?? String($0) }.joined()
            body += "<Part><PartNumber>\(number + 1)</PartNumber><ETag>\(escaped)</ETag></Part>"
        }
        body += "</CompleteMultipartUpload>"
        return send(make(.post, query: [S3Field("uploadId", uploadID)], body: Array(body.utf8)[...]))
    }

    // MARK: Requests

    private func make(
        _ method: S3Request.Method, query: [S3Field] = [], headers: [S3Field] = [], body: ArraySlice<UInt8> = [],
        answerLimitBytes: Int = 0
    ) -> S3Request {
        let patience = context.patience
        var timeout = patience.timeoutMilliseconds
        if case .put(let name, _) = operation, name.hasPrefix("heartbeats/") {
            timeout = min(timeout, patience.heartbeatTimeoutMilliseconds)
        }
        let bytes = Int64(body.count) + Int64(min(answerLimitBytes, Self.partBytes))
        return S3Request(
            method, key: context.prefix + operation.name, query: query, headers: headers, body: body,
            answerLimitBytes: answerLimitBytes + Self.errorRoomBytes,
            timeoutMilliseconds: timeout + bytes * 1000 / max(1, patience.bytesPerSecond))
    }

    private func head() -> S3Request { make(.head) }

    private func put(_ bytes: ArraySlice<UInt8>, query: [S3Field] = [], headers: [S3Field] = []) -> S3Request {
        #if PLANTED_NO_DIGEST
            return make(.put, query: query, headers: headers, body: bytes)
        #else
            let digest = S3Field("content-md5", Base64.string(MD5.hash(of: bytes)))
            return make(.put, query: query, headers: headers + [digest], body: bytes)
        #endif
    }

    private func list(after: String?, limit: Int, continuation: String?) -> S3Request {
        var query = [
            S3Field("list-type", "2"), S3Field("max-keys", "\(min(limit, Self.pageLimitCount))"),
            S3Field("prefix", context.prefix + operation.name),
        ]
        if let continuation {
            query.append(S3Field("continuation-token", continuation))
        } else if let after {
            query.append(S3Field("start-after", context.prefix + after))
        }
        var request = make(.get, query: query, answerLimitBytes: 4 << 20)
        request.key = ""
        return request
    }

    private mutating func send(_ request: S3Request) -> Action {
        self.request = request
        tries = 1
        return .send(request)
    }

    // MARK: Ends

    private mutating func finish(_ result: BucketResult) -> Action {
        stage = .finished
        request = nil
        return .done(result)
    }

    private func failure(_ kind: BucketFailure.Kind, _ message: String) -> BucketResult {
        .failed(BucketFailure(kind, name: operation.name, message: message))
    }

    /// The same request once more after a pause, or the end.
    ///
    /// - Parameter isCertain: whether this try surely had no effect.
    private mutating func again(_ message: String, isCertain: Bool, pause asked: Int64?, now: Moment) -> Action {
        if !isCertain {
            // Parts alone make no object.
            if stage == .simple || stage == .completing { mayHaveWritten = true }
            if stage == .completing { hasRepeatedCompletion = true }
        }
        if case .aborting(let result) = stage { return finish(result) }
        let patience = context.patience
        let limit = min(patience.pauseLimitMilliseconds, patience.pauseMilliseconds << Int64(min(tries - 1, 16)))
        let pause = max(limit / 2 + random.below(limit / 2 + 1), asked ?? 0)
        let isLate = now.milliseconds + pause - startedAt >= patience.deadlineMilliseconds
        // A large upload takes longer than any deadline for all of it: there it is the tries of each part that count.
        guard tries < patience.tryLimitCount, !isLate || isUpload else {
            return giveUp(.passing, "\(message); tried \(tries == 1 ? "once" : "\(tries) times")", now: now)
        }
        tries += 1
        waitsUntil = now.milliseconds + pause
        return .wait(until: now.milliseconds + pause)
    }

    private var isUpload: Bool {
        switch stage {
        case .initiating, .part, .completing: true
        case .simple, .looking, .confirming, .asking, .aborting, .finished: false
        }
    }

    private mutating func giveUp(_ kind: BucketFailure.Kind, _ message: String, now: Moment) -> Action {
        let isWrite: Bool
        switch operation {
        case .put, .create: isWrite = true
        case .get, .size, .list, .delete: isWrite = false
        }
        let result = failure(isWrite && mayHaveWritten ? .passing : kind, message)
        guard isUpload, !uploadID.isEmpty else { return finish(result) }
        // Parts of an upload that nobody ends cost room until somebody looks. One try: the answer changes nothing.
        stage = .aborting(result)
        return send(make(.delete, query: [S3Field("uploadId", uploadID)]))
    }
}

/// `bytes FIRST-LAST/TOTAL`.
struct ContentRange: Equatable {
    var first: UInt64
    var total: UInt64

    init?(_ text: String) {
        let words = text.split(separator: " ")
        guard words.count == 2, words[0].lowercased() == "bytes" else { return nil }
        let parts = words[1].split(separator: "/")
        let ends = parts.first?.split(separator: "-") ?? []
        guard parts.count == 2, ends.count == 2, let first = UInt64(ends[0]), let last = UInt64(ends[1]), first <= last,
            let total = UInt64(parts[1]), last < total
        else { return nil }
        self.first = first
        self.total = total
    }
}
