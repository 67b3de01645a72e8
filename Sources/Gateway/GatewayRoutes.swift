import Engine
import Extraction
import Hummingbird
import Logging
import News
import Roles
import Synchronization
import Wire

/// What a gateway answers, by path.
struct GatewayRoutes: Sendable {
    let holder: SnapshotHolder
    let threads: SearchThreads
    let metrics: GatewayMetrics
    let token: Token?

    typealias Context = BasicRequestContext

    static let searchPath = "/v1/search"
    /// Longest parameters: the longest query, every byte escaped, and the others.
    static let queryLimitBytes = QueryParser.textBytes * 3 + 4096
    /// Parameters that come as bodies, of all requests at once.
    static let bodiesLimitBytes = 16 * queryLimitBytes
    /// How long a body may take.
    let bodyMilliseconds: Int64
    /// How long a question may be worked on.
    let questionMilliseconds: Int64
    private let bodiesBytes = ByteCount()

    private final class ByteCount: Sendable {
        private let held = Mutex(0)

        func take(_ count: Int, limit: Int) -> Bool {
            held.withLock { held in
                guard held + count <= limit else { return false }
                held += count
                return true
            }
        }

        func give(_ count: Int) { held.withLock { $0 -= count } }
    }

    init(
        holder: SnapshotHolder, threads: SearchThreads, metrics: GatewayMetrics, token: Token?, bodyMilliseconds: Int64,
        questionMilliseconds: Int64
    ) {
        self.holder = holder
        self.threads = threads
        self.metrics = metrics
        self.token = token
        self.bodyMilliseconds = bodyMilliseconds
        self.questionMilliseconds = questionMilliseconds
    }

    func router() -> Router<Context> {
        // HEAD is answered as GET, without the body.
        let router = Router(context: Context.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: FailureAnswers(metrics: metrics))
        router.get("/") { _, _ in WebPage.response }
        router.get("/healthz") { _, _ in
            Self.json(Array("{\"status\":\"ok\",\"generation\":\(holder.newest.generation.number)}".utf8))
        }
        router.get("\(Self.searchPath)") { request, _ in
            try authorise(request)
            return try await search(request.uri.query ?? "")
        }
        router.post("\(Self.searchPath)") { request, _ in
            try authorise(request)
            try refuseParameters(request, hint: "they stand in the body of a POST")
            return try await search(try await parameters(inBodyOf: request))
        }
        router.get("/v1/articles/:key") { request, context in try await article(request, context) }
        router.get("/v1/status") { request, _ in
            try authorise(request)
            try refuseParameters(request, hint: "it has none")
            return Self.json(StatusJSON.write(holder.newest))
        }
        router.get("/metrics") { request, _ in
            try authorise(request)
            return Self.response(
                Array(metrics.text(of: holder.newest).utf8), type: "text/plain; version=0.0.4; charset=utf-8")
        }
        return router
    }

    /// What a path takes, as `Allow` tells it; nil if there is nothing there.
    static func methods(of path: String) -> String? {
        switch path {
        case searchPath: "GET, HEAD, POST"
        case "/", "/healthz", "/v1/status", "/metrics": "GET, HEAD"
        default:
            path.hasPrefix("/v1/articles/") && path.utf8.count(where: { $0 == UInt8(ascii: "/") }) == 3
                && !path.hasSuffix("/") ? "GET, HEAD" : nil
        }
    }

    private func search(_ query: String) async throws -> Response {
        guard query.utf8.count <= Self.queryLimitBytes else {
            throw Failure(.badRequest, "the question has \(query.utf8.count) bytes, at most \(Self.queryLimitBytes)")
        }
        let question = try SearchQuestion(QueryString(query))
        let stop = SearchStop(with: threads.stop)
        let (bytes, microseconds) = try await ask { [questionMilliseconds] holder in
            // From the moment on in which it is no longer waiting for others.
            let limit = Task.detached {
                try await Task.sleep(for: .milliseconds(questionMilliseconds))
                stop.stop()
            }
            defer { limit.cancel() }
            let answer = try SearchAnswer(to: question, from: holder.snapshot(for: question), stop: stop)
            return (AnswerJSON.write(answer), answer.tookMicroseconds)
        }
        metrics.answered(inMicroseconds: microseconds)
        return Self.json(bytes)
    }

    /// The parameters of a question too long for a URL (application/x-www-form-urlencoded).
    private func parameters(inBodyOf request: Request) async throws -> String {
        guard let count = request.headers[.contentLength].flatMap({ Int($0) }), count >= 0 else {
            throw Failure(.badRequest, "a POST without Content-Length")
        }
        guard count <= Self.queryLimitBytes else {
            throw Failure(.badRequest, "the question has \(count) bytes, at most \(Self.queryLimitBytes)")
        }
        guard bodiesBytes.take(count, limit: Self.bodiesLimitBytes) else {
            throw Failure(.busy, "too many long questions at once")
        }
        defer { bodiesBytes.give(count) }
        let limit = Duration.milliseconds(bodyMilliseconds)
        let bytes = try await withThrowingTaskGroup(of: ByteBuffer?.self) { group in
            group.addTask { try await request.body.collect(upTo: count) }
            group.addTask {
                try await Task.sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next()!
        }
        guard let bytes else { throw Failure(.badRequest, "the question did not come within \(limit)") }
        guard let text = String(validating: bytes.readableBytesView, as: UTF8.self) else {
            throw Failure(.badRequest, "the question is not UTF-8")
        }
        return text
    }

    private func article(_ request: Request, _ context: Context) async throws -> Response {
        try authorise(request)
        try refuseParameters(request, hint: "it has none; those of an address are escaped: %3F for \"?\"")
        let raw = try context.parameters.require("key")
        let name = try QueryString.decoded(raw.utf8[...], plusIsBlank: false)
        let address = ArticleAddress(name)
        _ = try address.requireKey()
        let found = try await ask { holder in try holder.newest.article(at: address) }
        return Self.json(ArticleJSON.write(found.article, key: found.key, version: found.version))
    }

    private func refuseParameters(_ request: Request, hint: String) throws(Failure) {
        guard let query = request.uri.query, !query.isEmpty else { return }
        throw Failure(.badRequest, "parameters where none are read", hint: hint)
    }

    /// Reads from the store, on a thread for that.
    ///
    /// - Throws: `Failure` `.busy` for a question that was stopped because the gateway ends, or what it throws.
    private func ask<Answer: Sendable>(
        _ question: @escaping @Sendable (SnapshotHolder) throws -> Answer
    ) async throws -> Answer {
        try await threads.run { [holder, threads] in
            do { return try question(holder) } catch let error as EngineError {
                if error.code == .stopped {
                    if threads.stop.isSet { throw Failure(.busy, "the gateway ends") }
                } else {
                    // What is kept may have been damaged on its way: it is read anew for the next question.
                    holder.loader.source.forgetCached()
                }
                throw error
            }
        }
    }

    /// - Throws: `Failure` `.unauthorised` unless the request carries the token, if there is one.
    private func authorise(_ request: Request) throws(Failure) {
        guard let token else { return }
        let given = request.headers[.authorization] ?? ""
        guard given.prefix(7).lowercased() == "bearer ", token.matches(given.utf8.dropFirst(7)) else {
            throw Failure(.unauthorised, "the token is missing or wrong", hint: "send Authorization: Bearer TOKEN")
        }
    }

    static func json(_ bytes: [UInt8]) -> Response { response(bytes, type: "application/json; charset=utf-8") }

    static func response(
        _ bytes: [UInt8], type: String, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) -> Response {
        var fields = headers
        fields[.contentType] = type
        fields[.contentLength] = "\(bytes.count)"
        fields[.cacheControl] = "no-store"
        fields[.xContentTypeOptions] = "nosniff"
        return Response(status: status, headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}

/// Turns what routes throw into the JSON of an error; told once, to the asker.
private struct FailureAnswers: RouterMiddleware {
    let metrics: GatewayMetrics

    func handle(
        _ request: Request, context: GatewayRoutes.Context,
        next: (Request, GatewayRoutes.Context) async throws -> Response
    ) async throws -> Response {
        let failure: Failure
        do { return try await next(request, context) } catch let error as HTTPError {
            let others = error.status == .notFound ? GatewayRoutes.methods(of: request.uri.path) : nil
            failure =
                if let others {
                    Failure(.badMethod, "\(request.uri.path) takes no \(request.method)", hint: "send \(others)")
                } else {
                    Failure(error.status == .notFound ? .notFound : .badRequest, "\(error.status)")
                }
        } catch {
            failure = Failure(error)
        }
        // As what is answered is counted.
        let isQuestion = request.uri.path == GatewayRoutes.searchPath
        switch failure.code {
        case .busy: if isQuestion { metrics.count(.busy) }
        case .corrupt, .unavailable, .failed:
            if isQuestion { metrics.count(.failed) }
            context.logger.error("a question could not be answered", metadata: ["error": "\(failure)"])
        case .badRequest, .badMethod, .notFound, .gone, .unauthorised: if isQuestion { metrics.count(.refused) }
        }
        var headers = HTTPFields()
        if failure.code == .badMethod { headers[.allow] = GatewayRoutes.methods(of: request.uri.path) }
        if failure.httpStatus == 503 { headers[.retryAfter] = failure.code == .busy ? "1" : "5" }
        if failure.code == .unauthorised { headers[.wwwAuthenticate] = "Bearer" }
        let answer = GatewayRoutes.response(
            AnswerJSON.failure(failure), type: "application/json; charset=utf-8",
            status: HTTPResponse.Status(code: failure.httpStatus), headers: headers)
        return request.method == .head ? answer.createHeadResponse() : answer
    }
}
