import Foundation
import Testing

@testable import FetchIO

@Suite("Curl client")
struct CurlClientTests {
    private func client(allowing ranges: [String] = ["127.0.0.0/8"]) -> CurlClient {
        CurlClient(
            settings: .init(
                userAgent: "coranto-test", policy: AddressPolicy(allowing: ranges.compactMap { AddressRange($0) })))
    }

    private func answer(_ head: String, _ body: [UInt8] = []) -> [UInt8] {
        Array("HTTP/1.1 \(head)\r\nContent-Length: \(body.count)\r\nConnection: close\r\n\r\n".utf8) + body
    }

    /// Why a request failed, or nil if it did not.
    private func failure(_ client: CurlClient, _ request: HTTPRequest) async -> HTTPError.Code? {
        do throws(HTTPError) {
            _ = try await client.fetch(request)
            return nil
        } catch {
            return error.code
        }
    }

    @Test("status, headers, body, and what was asked for")
    func plain() async throws {
        let server = try TinyServer([
            "/f": answer("200 OK\r\nETag: \"e\"\r\nContent-Type: text/xml; Charset=\"latin1\"", Array("hello".utf8))
        ])
        let client = client()
        defer {
            client.stop()
            server.stop()
        }
        let request = HTTPRequest(
            url: server.url("/f"), headers: [("If-None-Match", "\"x\""), ("Bad", "a\r\nEvil: b")])
        let response = try await client.fetch(request)
        #expect(response.status == 200)
        #expect(response.body == Array("hello".utf8))
        #expect(response.header("etag") == "\"e\"")
        #expect(response.charset == "latin1")
        #expect(response.permanentURL == nil)
        #expect(server.requests[0].contains("If-None-Match: \"x\"\r\n"))
        #expect(server.requests[0].contains("User-Agent: coranto-test\r\n"))
        #expect(!server.requests[0].contains("Evil"))
    }

    @Test("redirects: followed, counted, permanent only if all are, never to other schemes")
    func redirects() async throws {
        var answers: [String: [UInt8]] = [
            "/end": answer("200 OK"), "/p1": answer("301 Moved\r\nLocation: /p2"),
            "/p2": answer("308 Moved\r\nLocation: /end"),
            "/t": answer("302 Found\r\nLocation: /p1"), "/loop": answer("301 Moved\r\nLocation: /loop"),
            "/file": answer("301 Moved\r\nLocation: file:///etc/passwd"),
        ]
        answers["/gone"] = answer("410 Gone")
        let server = try TinyServer(answers)
        let client = client()
        defer {
            client.stop()
            server.stop()
        }
        #expect(try await client.fetch(HTTPRequest(url: server.url("/p1"))).permanentURL == server.url("/end"))
        let mixed = try await client.fetch(HTTPRequest(url: server.url("/t")))
        #expect(mixed.permanentURL == nil)
        #expect(mixed.url == server.url("/end"))
        #expect(try await client.fetch(HTTPRequest(url: server.url("/gone"))).status == 410)
        #expect(await failure(client, HTTPRequest(url: server.url("/loop"))) == .tooManyRedirects)
        #expect(await failure(client, HTTPRequest(url: server.url("/file"))) == .badURL)
        #expect(server.requests.count { $0.hasPrefix("GET /loop ") } == 6)
    }

    @Test("private addresses are refused before a packet is sent, also behind a redirect")
    func privateAddresses() async throws {
        let server = try TinyServer(["/a": answer("200 OK")])
        let client = client(allowing: [])
        defer {
            client.stop()
            server.stop()
        }
        for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433"] {
            let request = HTTPRequest(url: "http://\(host):\(server.port)/a", connectTimeoutMilliseconds: 2000)
            #expect(await failure(client, request) == .refusedAddress, "\(host)")
        }
        #expect(server.requests.isEmpty)
    }

    @Test("the limit counts decoded bytes")
    func tooLarge() async throws {
        let page = [UInt8](repeating: 0x61, count: 200_000)
        let server = try TinyServer(["/big": answer("200 OK", page)])
        let client = client()
        defer {
            client.stop()
            server.stop()
        }
        #expect(
            try await client.fetch(HTTPRequest(url: server.url("/big"), bodyLimitBytes: 200_000)).body.count == 200_000)
        #expect(await failure(client, HTTPRequest(url: server.url("/big"), bodyLimitBytes: 199_999)) == .tooLarge)
    }

    @Test("failures have their names")
    func failures() async throws {
        let server = try TinyServer([
            "/silent": [], "/cut": Array("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc".utf8),
        ])
        let closed = try TinyServer([:])
        closed.stop()
        let client = client()
        defer {
            client.stop()
            server.stop()
        }
        let cases: [(String, HTTPError.Code)] = [
            (server.url("/silent"), .timeout), (server.url("/cut"), .transfer), (closed.url("/"), .connect),
            ("ftp://127.0.0.1/", .badURL),
            ("http://", .badURL),
        ]
        for (url, code) in cases {
            #expect(await failure(client, HTTPRequest(url: url, timeoutMilliseconds: 300)) == code, "\(url)")
        }
    }

    @Test("many requests at once, and each is answered when the client stops")
    func many() async throws {
        let server = try TinyServer(["/a": answer("200 OK", Array("x".utf8)), "/silent": []])
        let client = client()
        defer { server.stop() }
        let (url, silent) = (server.url("/a"), server.url("/silent"))
        let count = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<40 { group.addTask { try await client.fetch(HTTPRequest(url: url)).status } }
            return try await group.reduce(0) { $0 + ($1 == 200 ? 1 : 0) }
        }
        #expect(count == 40)
        async let waiting = failure(client, HTTPRequest(url: silent))
        // Only when the server has the request is it surely under way.
        while !server.requests.contains(where: { $0.contains("/silent") }) { await Task.yield() }
        client.stop()
        client.stop()
        #expect(await waiting == .stopped)
        #expect(await failure(client, HTTPRequest(url: url)) == .stopped)
    }
}

@Suite("Addresses")
struct AddressPolicyTests {
    @Test(
        "what is public and what is not",
        arguments: [
            ("1.1.1.1", true), ("93.184.216.34", true), ("2606:4700::1111", true), ("172.32.0.1", true),
            ("100.128.0.1", true),
            ("10.1.2.3", false), ("127.0.0.1", false), ("172.31.255.255", false), ("192.168.0.1", false),
            ("169.254.169.254", false),
            ("100.64.0.1", false), ("0.0.0.0", false), ("224.0.0.1", false), ("255.255.255.255", false),
            ("198.18.0.1", false),
            ("::1", false), ("::", false), ("::7f00:1", false), ("fe80::1", false), ("fd12::1", false),
            ("ff02::1", false),
            ("::ffff:10.0.0.1", false), ("::ffff:1.1.1.1", true), ("64:ff9b::7f00:1", false), ("2002:7f00:1::", false),
            ("2001:db8::1", false),
        ])
    func policy(text: String, isAllowed: Bool) throws {
        #expect(AddressPolicy().allows(try #require(IPAddress.bytes(text))) == isAllowed)
    }

    @Test("ranges an operator allows")
    func ranges() throws {
        let policy = AddressPolicy(allowing: ["10.1.0.0/16", "::1"].compactMap { AddressRange($0) })
        for (text, isAllowed) in [
            ("10.1.255.1", true), ("10.2.0.1", false), ("::1", true), ("::ffff:10.1.0.9", true), ("127.0.0.1", false),
        ] {
            #expect(policy.allows(try #require(IPAddress.bytes(text))) == isAllowed, "\(text)")
        }
        for bad in ["", "10.0.0.0/33", "10.0.0.0/", "x", "10.0.0/8", "::/129", "1.2.3.4/8/8", "1.2.3.4/+8"] {
            #expect(AddressRange(bad) == nil, "\(bad)")
        }
        #expect(AddressRange("fd00::/7")?.description == "fd00:0:0:0:0:0:0:0/7")
        #expect(AddressPolicy().allows([1, 2, 3]) == false)
    }
}
