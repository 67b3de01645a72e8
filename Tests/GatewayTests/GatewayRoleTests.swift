import Foundation
import FoundationNetworking
import Gateway
import HostIO
import Logging
import News
import Storage
import Synchronization
import Testing
import Wire

@Suite("gateway over HTTP") struct GatewayRoleTests {
    private struct Answer {
        var status: Int
        var headers: [AnyHashable: Any]
        var bytes: Data
        var text: String { String(decoding: bytes, as: UTF8.self) }

        func object() throws -> [String: Any] {
            try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
        }
        func hits() throws -> [[String: Any]] { try #require(try object()["hits"] as? [[String: Any]]) }
        func error() throws -> [String: Any] { try #require(try object()["error"] as? [String: Any]) }
    }

    private struct Client {
        let port: Int
        /// Its own: a shared one keeps connections to gateways of other tests, whose ports are given again.
        let session = URLSession(configuration: .ephemeral)

        func get(_ path: String, token: String? = nil) async throws -> Answer {
            var request = URLRequest(url: try #require(URL(string: "http://127.0.0.1:\(port)\(path)")))
            if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
            let (bytes, response) = try await session.data(for: request)
            let head = try #require(response as? HTTPURLResponse)
            return Answer(status: head.statusCode, headers: head.allHeaderFields, bytes: bytes)
        }

        func head(_ path: String, method: String = "HEAD") async throws -> Answer {
            var request = URLRequest(url: try #require(URL(string: "http://127.0.0.1:\(port)\(path)")))
            request.httpMethod = method
            let (bytes, response) = try await session.data(for: request)
            let head = try #require(response as? HTTPURLResponse)
            return Answer(status: head.statusCode, headers: head.allHeaderFields, bytes: bytes)
        }

        func post(_ path: String, _ body: String) async throws -> Answer {
            var request = URLRequest(url: try #require(URL(string: "http://127.0.0.1:\(port)\(path)")))
            request.httpMethod = "POST"
            request.httpBody = Data(body.utf8)
            let (bytes, response) = try await session.data(for: request)
            let head = try #require(response as? HTTPURLResponse)
            return Answer(status: head.statusCode, headers: head.allHeaderFields, bytes: bytes)
        }
    }

    /// Runs a gateway on a store, and drains it when `body` is done.
    private func serve(
        _ store: SampleStore, bucket: (any Bucket)? = nil, token: String? = nil, questionMilliseconds: Int64? = nil,
        threadCount: Int? = nil,
        _ body: (Client) async throws -> Void
    ) async throws {
        var configuration = GatewayConfiguration(
            bucket: bucket ?? store.bucket, endpoint: Endpoint(host: "127.0.0.1", port: 0))
        configuration.token = token.flatMap { Token(fileContent: $0.utf8) }
        configuration.pollInterval = .milliseconds(5)
        if let questionMilliseconds { configuration.questionMilliseconds = questionMilliseconds }
        if let threadCount { configuration.threadCount = threadCount }
        let (ports, told) = AsyncStream.makeStream(of: Int.self)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let role = try GatewayRole(configuration, logger: logger) { told.yield($0.port) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { told.finish() }
                try await role.run()
            }
            if let port = await ports.first(where: { _ in true }) {
                let client = Client(port: port)
                defer { client.session.finishTasksAndInvalidate() }
                do { try await body(client) } catch {
                    role.drain()
                    throw error
                }
            }
            role.drain()
            try await group.waitForAll()
        }
    }

    /// While it is away everything fails in passing.
    private final class DistantBucket: Bucket {
        let inner: any Bucket
        let isAway = Atomic(false)
        init(_ inner: any Bucket) { self.inner = inner }
        var location: String { inner.location }

        func perform(_ operation: BucketOperation) -> BucketResult {
            guard isAway.load(ordering: .acquiring) else { return inner.perform(operation) }
            return .failed(BucketFailure(.passing, name: operation.name, message: "nobody answers"))
        }
    }

    @Test("while the store is away a gateway answers what it has, the rest with 503, and all when it is back")
    func away() async throws {
        let store = try store()
        try store.publish([])
        let bucket = DistantBucket(store.bucket)
        try await serve(store, bucket: bucket) { (client: Client) async throws in
            #expect(try await client.get("/v1/search?q=vienna").hits().count == 2)
            bucket.isAway.store(true, ordering: .releasing)
            #expect(try await client.get("/v1/search?q=&limit=0").status == 200)
            // What was asked before is kept.
            #expect(try await client.get("/v1/search?q=vienna").hits().count == 2)
            let answer = try await client.get("/v1/search?q=vienna&facet=source")
            #expect(answer.status == 503 && answer.headers["Retry-After"] as? String == "5")
            #expect(try answer.error()["code"] as? String == "unavailable")
            #expect((try answer.error()["message"] as? String)?.hasSuffix("nobody answers") == true)
            // An older generation is read from the store.
            let older = try await client.get("/v1/search?q=vienna&as_of=1")
            #expect(older.status == 503 && older.headers["Retry-After"] as? String == "5")
            bucket.isAway.store(false, ordering: .releasing)
            #expect(try await client.get("/v1/search?q=vienna&facet=source").hits().count == 2)
        }
    }

    @Test("what is asked again is answered without reading")
    func cached() async throws {
        let store = try store()
        let bucket = CountingBucket(store.bucket)
        try await serve(store, bucket: bucket) { (client: Client) async throws in
            func ranges() -> Int { bucket.counts.asked.count { $0.hasPrefix("segments/") } }
            let first = try await client.get("/v1/search?q=vienna").hits().count
            let read = ranges()
            #expect(try await client.get("/v1/search?q=vienna").hits().count == first && first == 2)
            #expect(ranges() == read && read > 0)
            let metrics = try await client.get("/metrics").text
            #expect(metrics.contains(#/coranto_cache_reads_total{result="hit"} [1-9]/#))
            #expect(metrics.contains(#/coranto_cache_bytes [1-9]/#))
        }
    }

    private static let hostile = "<script>alert(1)</script> & \"talks\" \u{1B}[31m\u{202E}"

    private func store() throws -> SampleStore {
        let store = SampleStore()
        try store.publish([
            SampleStore.article(1, headline: Self.hostile, body: "Ministers met in Vienna.", source: "=A1\"<i>"),
            SampleStore.article(2, headline: "Talks go on", body: "Nothing new. Ministers talked."),
            SampleStore.article(3, headline: "Talks end", body: "Ministers left Vienna.\n\nIt rained.", source: nil),
        ])
        return store
    }

    @Test("a search answers with the members that were promised")
    func shape() async throws {
        try await serve(try store()) { (client: Client) async throws in
            let answer = try await client.get(
                "/v1/search?q=vienna&sort=newest&facet=source&facet=language&histogram=month&limit=1")
            #expect(answer.status == 200)
            let object = try answer.object()
            #expect(object["generation"] as? Int == 1 && (object["set_digest"] as? String)?.count == 64)
            #expect((object["total"] as? [String: Any])?["value"] as? Int == 2)
            #expect((object["total"] as? [String: Any])?["exact"] as? Bool == true)
            #expect(object["next"] is String && object["took_ms"] is Double)
            let hit = try #require(try answer.hits().first)
            #expect(
                Set(hit.keys) == [
                    "key", "url", "headline", "headline_highlights", "source", "published", "published_precision",
                    "score", "snippet",
                    "highlights", "copies", "story",
                ])
            #expect(hit["url"] as? String == "https://news.example/3" && hit["source"] is NSNull)
            #expect(hit["published"] as? String == "2016-01-23T00:00:00+00:00")
            let snippet = Array(try #require(hit["snippet"] as? String).utf8)
            let marks = try #require(hit["highlights"] as? [[Int]])
            #expect(marks.map { String(decoding: snippet[$0[0]..<$0[1]], as: UTF8.self) } == ["Vienna"])
            let facets = try #require(object["facets"] as? [String: [[String: Any]]])
            #expect(facets["source"]?.count == 2 && facets["language"]?.first?["count"] as? Int == 2)
            #expect(
                (object["histogram"] as? [[String: Any]])?.first?["start"] as? String == "2016-01-01T00:00:00+00:00")
            #expect(object["facets_left"] == nil)
            let cut = try await client.get("/v1/search?q=vienna&facet=source&facet_limit=1").object()
            #expect((cut["facets"] as? [String: [Any]])?["source"]?.count == 1)
            #expect(cut["facets_left"] as? [String: [String: Int]] == ["source": ["values": 1, "count": 1]])
        }
    }

    @Test("the command line and HTTP give the same bytes but for the time")
    func sameBytes() async throws {
        let store = try store()
        let holder = try SnapshotHolder(store.bucket)
        try holder.refresh()
        var question = SearchQuestion()
        question.text = "talks"
        let local = try SearchAnswer(to: question, from: holder.newest)
        try await serve(store) { (client: Client) async throws in
            let answer = try await client.get("/v1/search?q=talks")
            func timeless(_ text: String) -> String {
                text.replacing(#/"took_ms":[0-9.e-]+/#, with: "")
            }
            #expect(timeless(answer.text) == timeless(String(decoding: AnswerJSON.write(local), as: UTF8.self)))
        }
    }

    @Test("pages follow each other without gap or repetition, in the generation they began in")
    func paging() async throws {
        let store = try store()
        try await serve(store) { (client: Client) async throws in
            var keys: [String] = []
            var after = ""
            for page in 0..<3 {
                let answer = try await client.get("/v1/search?q=ministers&limit=1\(after)")
                keys += try answer.hits().compactMap { $0["key"] as? String }
                let next = try answer.object()["next"] as? String
                #expect((next == nil) == (page == 2))
                after = "&after=\(next ?? "")"
                if page == 0 {
                    try store.publish([SampleStore.article(9, headline: "Ministers", body: "ministers ministers")])
                }
            }
            #expect(Set(keys).count == 3)
            #expect(try await client.get("/v1/search?q=other&limit=1\(after)").status == 400)
        }
    }

    @Test("a new snapshot is seen without a restart")
    func follows() async throws {
        let store = try store()
        try await serve(store) { (client: Client) async throws in
            try store.publish([SampleStore.article(9, headline: "Late news", body: "Text.")])
            while try await client.get("/healthz").object()["generation"] as? Int != 2 { await Task.yield() }
            #expect(try await client.get("/v1/search?q=late").hits().count == 1)
            #expect(try await client.get("/v1/search?q=late&as_of=1").hits().isEmpty)
            #expect(try await client.get("/v1/search?q=late&as_of=7").status == 410)
        }
    }

    /// Reads of one object wait until they are let go.
    private final class SlowBucket: Bucket {
        let inner: any Bucket
        let slow: String
        let isSlow = Atomic(false)
        let waiting = Atomic(0)
        private let gate = DispatchSemaphore(value: 0)

        init(_ inner: any Bucket, slow: String) {
            self.inner = inner
            self.slow = slow
        }
        var location: String { inner.location }

        func perform(_ operation: BucketOperation) -> BucketResult {
            if operation.name == slow, isSlow.load(ordering: .acquiring) {
                waiting.add(1, ordering: .relaxed)
                gate.wait()
                gate.signal()
            }
            return inner.perform(operation)
        }

        func letGo() { gate.signal() }
    }

    @Test("a new snapshot is seen while all threads answer slow questions", .timeLimit(.minutes(1)))
    func followsUnderLoad() async throws {
        let store = try store()
        let bucket = SlowBucket(store.bucket, slow: store.segments[0].objectName)
        try await serve(store, bucket: bucket, threadCount: 1) { (client: Client) async throws in
            bucket.isSlow.store(true, ordering: .releasing)
            defer { bucket.letGo() }
            async let slow = client.get("/v1/search?q=vienna&facet=source")
            while bucket.waiting.load(ordering: .relaxed) == 0 { await Task.yield() }
            try store.publish([SampleStore.article(9, headline: "Late news", body: "Text.")])
            while try await client.get("/healthz").object()["generation"] as? Int != 2 { await Task.yield() }
            bucket.letGo()
            #expect(try await slow.hits().count == 2)
        }
    }

    @Test("wrong questions are told what is wrong and where")
    func refusals() async throws {
        try await serve(try store()) { (client: Client) async throws in
            let syntax = try await client.get("/v1/search?q=a%20(b")
            #expect(syntax.status == 400)
            #expect(try syntax.error()["offset"] as? Int == 2)
            for query in [
                "q=a&limit=100000", "q=a&limit=x", "sort=best", "zone=Mars", "after=zz", "q=%ff", "nope=1",
                "facet=headline", "facet_limit=0", "histogram=hour", "as_of=yesterday",
            ] {
                #expect(try await client.get("/v1/search?\(query)").status == 400, "\(query.prefix(40))")
            }
            #expect(try await client.get("/v1/articles/00").status == 400)
            #expect(try await client.get("/v1/articles/" + String(repeating: "0", count: 32)).status == 404)
            #expect(try await client.get("/nowhere").status == 404)
        }
    }

    @Test("HEAD is answered as GET without a body, another method with what the path takes")
    func methods() async throws {
        try await serve(try store()) { (client: Client) async throws in
            for path in ["/", "/healthz", "/v1/search?q=vienna", "/v1/status", "/metrics"] {
                let answer = try await client.head(path)
                #expect(answer.status == 200 && answer.bytes.isEmpty, "\(path)")
            }
            for (path, method, allowed) in [
                ("/v1/search", "DELETE", "GET, HEAD, POST"), ("/healthz", "PUT", "GET, HEAD"),
                ("/v1/articles/x", "PATCH", "GET, HEAD"),
            ] {
                let answer = try await client.head(path, method: method)
                #expect(answer.status == 405 && answer.headers["Allow"] as? String == allowed)
                #expect(try answer.error()["code"] as? String == "bad_method")
            }
            #expect(try await client.get("/nothing").status == 404)
            #expect(try await client.get("/v1/articles/https://a.example/1").status == 404)
            let absent = try await client.head("/nothing")
            #expect(absent.status == 404 && absent.bytes.isEmpty)
        }
    }

    @Test("parameters where none are read are refused, and one that is there twice")
    func needlessParameters() async throws {
        try await serve(try store()) { (client: Client) async throws in
            #expect(try await client.post("/v1/search?limit=1", "q=vienna").status == 400)
            #expect(try await client.get("/v1/articles/https%3A%2F%2Fa.example%2F1?as_of=1").status == 400)
            #expect(try await client.get("/v1/status?x=1").status == 400)
            let twice = try await client.get("/v1/search?q=a&q=b")
            #expect(try twice.error()["message"] as? String == "q is there twice")
            #expect(try await client.get("/v1/search?q=a&facet=source&facet=section").status == 200)
        }
    }

    @Test("an article is found by its address, escaped as a part of a path must be")
    func escapedAddress() async throws {
        let store = SampleStore()
        let article = SampleStore.article(1, headline: "Talks", body: "Vienna.")
        try store.publish([article])
        let address = try #require(article.article.url)
        let escaped = try #require(address.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
        try await serve(store) { (client: Client) async throws in
            #expect(try await client.get("/v1/articles/\(escaped)").status == 200)
            #expect(try await client.get("/v1/articles/%zz").status == 400)
        }
    }

    @Test("what is shown of a headline in a hit has a bound")
    func longHeadline() async throws {
        let store = SampleStore()
        try store.publish([
            SampleStore.article(1, headline: "vienna " + String(repeating: "é", count: 100_000), body: "Nothing.")
        ])
        try await serve(store) { (client: Client) async throws in
            let answer = try await client.get("/v1/search?q=vienna")
            let headline = try #require(try answer.hits()[0]["headline"] as? String)
            #expect(headline.hasPrefix("vienna éé") && headline.hasSuffix("é…") && headline.utf8.count < 2100)
            #expect(try answer.hits()[0]["headline_highlights"] as? [[Int]] == [[0, 6]])
        }
    }

    @Test("days of a histogram begin in the zone asked for, and say so")
    func zone() async throws {
        try await serve(try store()) { (client: Client) async throws in
            let answer = try await client.get("/v1/search?q=vienna&histogram=day&zone=%2B05:30")
            let buckets = try #require(try answer.object()["histogram"] as? [[String: Any]])
            #expect(!buckets.isEmpty)
            for bucket in buckets { #expect((bucket["start"] as? String)?.hasSuffix("T00:00:00+05:30") == true) }
        }
    }

    @Test("a question that takes too long is stopped, and told so; others go on")
    func tooLong() async throws {
        let store = SampleStore()
        try store.publish([
            SampleStore.article(1, headline: "Long", body: String(repeating: "zig zag ", count: 400_000)),
            SampleStore.article(2, headline: "Talks", body: "Vienna."),
        ])
        try await serve(store, questionMilliseconds: 1) { (client: Client) async throws in
            let row = Array(repeating: "zig", count: 60).joined(separator: "%20NEAR/99%20")
            let stopped = try await client.get("/v1/search?q=\(row)")
            #expect(stopped.status == 400)
            #expect((try stopped.error()["message"] as? String)?.contains("took too long") == true)
            let phrase = try await client.get(
                "/v1/search?q=%22" + Array(repeating: "zig%20zag", count: 300).joined(separator: "%20") + "%22")
            #expect((try phrase.error()["message"] as? String)?.contains("took too long") == true)
        }
        try await serve(store) { (client: Client) async throws in
            #expect(try await client.get("/v1/search?q=%22zig%20zag%22").hits().count == 1)
        }
    }

    @Test("a question too long for a URL is a form")
    func forms() async throws {
        try await serve(try store()) { (client: Client) async throws in
            let names = (0..<20_000).map { "subject\($0)" }.joined(separator: "+OR+")
            let answer = try await client.post("/v1/search", "q=\(names)+OR+vienna&sort=newest")
            #expect(answer.status == 200)
            let hits = try answer.hits().count
            #expect(try await client.get("/v1/search?q=vienna").hits().count == hits && hits > 0)
            #expect(try await client.post("/v1/search", "q=a%20(b").error()["offset"] as? Int == 2)
            #expect(try await client.post("/v1/search", "nope=1").status == 400)
            let long = String(repeating: "a+", count: 600_000)
            #expect(try await client.post("/v1/search", "q=\(long)").error()["code"] as? String == "bad_request")
            #expect(try await client.post("/v1/status", "q=a").status == 405)
        }
    }

    @Test("hostile text stays text in JSON, on the page and on a terminal")
    func escaping() async throws {
        let store = try store()
        try await serve(store) { (client: Client) async throws in
            let answer = try await client.get("/v1/search?q=vienna&sort=oldest&limit=1")
            #expect(try answer.hits().first?["headline"] as? String == Self.hostile)
            let type = answer.headers.first { "\($0.key)".lowercased() == "content-type" }.map { "\($0.value)" }
            #expect(type == "application/json; charset=utf-8")
            let page = try await client.get("/")
            let policy = page.headers.first { "\($0.key)".lowercased() == "content-security-policy" }.map {
                "\($0.value)"
            }
            #expect(policy?.contains("default-src 'none'") == true && policy?.contains("unsafe") == false)
            #expect(!page.text.contains("innerHTML") && !page.text.contains("http://"))
        }
        let holder = try SnapshotHolder(store.bucket)
        try holder.refresh()
        var question = SearchQuestion()
        question.text = "vienna"
        let answer = try SearchAnswer(to: question, from: holder.newest)
        let table = AnswerText.table(answer, .plain)
        #expect(!table.unicodeScalars.contains { $0.value == 0x1B || $0.value == 0x202E })
        let csv = answer.hits.map(AnswerText.csvLine).joined()
        #expect(!csv.unicodeScalars.contains { $0.value == 0x1B || (0x80..<0xA0).contains($0.value) })
        #expect(csv.contains(",\"'=A1\"\"<i>\",") && csv.contains("\"\"talks\"\""))
    }

    @Test("with a token only those who send it get answers")
    func token() async throws {
        let secret = "0123456789abcdef0123"
        try await serve(try store(), token: secret) { (client: Client) async throws in
            for path in ["/v1/search?q=a", "/v1/status", "/metrics"] {
                #expect(try await client.get(path).status == 401)
                #expect(try await client.get(path, token: "wrong").status == 401)
                #expect(try await client.get(path, token: secret).status == 200)
            }
            #expect(try await client.get("/healthz").status == 200)
        }
    }

    @Test("the operators' page has each metric there is, and names no other")
    func documentedMetrics() async throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(contentsOf: root.appending(path: "docs/operating.md"), encoding: .utf8)
        let listed = Set(page.matches(of: #/\| `(coranto_[a-z_]+)` \|/#).map { String($0.1) })
        let named = Set(page.matches(of: #/coranto_[a-z_]+/#).map { String($0.0) })
        try await serve(try store()) { (client: Client) async throws in
            let text = try await client.get("/metrics").text
            #expect(Set(text.matches(of: #/# TYPE (coranto_[a-z_]+) /#).map { String($0.1) }) == listed)
        }
        #expect(named.subtracting(listed) == ["coranto_question_seconds_bucket"])
    }

    @Test("questions that are refused are counted as such, and nothing else is")
    func countedQuestions() async throws {
        try await serve(try store()) { (client: Client) async throws in
            for path in ["/favicon.ico", "/v1/articles/none", "/v1/search?q=(", "/v1/search?q=vienna"] {
                _ = try await client.get(path)
            }
            let text = try await client.get("/metrics").text
            for (result, count) in [("ok", 1), ("refused", 1), ("failed", 0)] {
                #expect(text.contains("coranto_questions_total{result=\"\(result)\"} \(count)\n"), "\(text)")
            }
        }
    }

    @Test("an empty store answers with nothing in generation 0")
    func empty() async throws {
        let store = SampleStore()
        try await serve(store) { (client: Client) async throws in
            let answer = try await client.get("/v1/search?q=a&facet=source&histogram=day")
            #expect(answer.status == 200)
            #expect(try answer.hits().isEmpty)
            #expect(try answer.object()["generation"] as? Int == 0)
            #expect(try await client.get("/metrics").text.contains("coranto_live_articles 0\n"))
            let status = try await client.get("/v1/status").object()
            #expect(status["live_articles"] as? Int == 0)
        }
    }

    @Test("listening beyond loopback needs the user's word")
    func policy() throws {
        try GatewayConfiguration.check(Endpoint(host: "127.0.0.1", port: 1), plainNetwork: false)
        try GatewayConfiguration.check(Endpoint(host: "0.0.0.0", port: 1), plainNetwork: true)
        #expect(throws: Failure.self) {
            try GatewayConfiguration.check(Endpoint(host: "0.0.0.0", port: 1), plainNetwork: false)
        }
    }
}
