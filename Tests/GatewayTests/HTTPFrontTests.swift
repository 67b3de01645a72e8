import Foundation
import Gateway
import Glibc
import HostIO
import Logging
import Synchronization
import Testing

@Suite struct HTTPPaceTests {
    @Test(
        "a request is due soon after its first byte; between requests a connection may rest; an answer takes its time")
    func pace() {
        var pace = HTTPPace(requestMilliseconds: 10, idleMilliseconds: 100, now: 0)
        #expect(pace.end(now: 99) == nil && pace.end(now: 100) == .idle && pace.nextLook(now: 5) == 100)
        pace.bytesCame(now: 50)
        pace.bytesCame(now: 59)
        #expect(pace.end(now: 59) == nil && pace.end(now: 60) == .slowRequest && pace.nextLook(now: 55) == 60)
        pace.headCame()
        #expect(pace.end(now: 10_000) == nil)
        pace.answered(now: 200)
        #expect(pace.end(now: 299) == nil && pace.end(now: 300) == .idle)
    }

    @Test("what comes during an answer is a request from then on")
    func pipelined() {
        var pace = HTTPPace(requestMilliseconds: 10, idleMilliseconds: 100, now: 0)
        pace.bytesCame(now: 1)
        pace.headCame()
        pace.bytesCame(now: 2)
        pace.answered(now: 50)
        #expect(pace.end(now: 59) == nil && pace.end(now: 60) == .slowRequest)
    }

    @Test("while one of several requests waits for its answer, it takes its time")
    func several() {
        var pace = HTTPPace(requestMilliseconds: 10, idleMilliseconds: 100, now: 0)
        pace.bytesCame(now: 1)
        pace.headCame()
        pace.bytesCame(now: 2)
        pace.headCame()
        pace.answered(now: 50)
        #expect(pace.end(now: 10_000) == nil && pace.isAnswering)
        pace.answered(now: 10_000)
        #expect(pace.end(now: 10_099) == nil && pace.end(now: 10_100) == .idle)
    }
}

@Suite("the front of HTTP", .timeLimit(.minutes(5))) struct HTTPFrontTests {
    private func serve(
        _ limits: HTTPLimits, articleBytes: Int = 100, _ body: @escaping @Sendable (Int) throws -> Void
    ) async throws {
        let store = SampleStore()
        try store.publish([
            SampleStore.article(1, headline: "Long", body: "Long " + String(repeating: "x", count: articleBytes))
        ])
        var configuration = GatewayConfiguration(bucket: store.bucket, endpoint: Endpoint(host: "127.0.0.1", port: 0))
        configuration.limits = limits
        let (ports, told) = AsyncStream.makeStream(of: Int.self)
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let role = try GatewayRole(configuration, logger: logger) { told.yield($0.port) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { told.finish() }
                try await role.run()
            }
            if let port = await ports.first(where: { _ in true }) {
                let done = DispatchQueue(label: "http-front-test")
                let result = await withCheckedContinuation { continuation in
                    done.async { continuation.resume(returning: Result { try body(port) }) }
                }
                role.drain()
                try result.get()
            }
            try await group.waitForAll()
        }
    }

    private static let request = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"

    @Test("over the limit the next is answered 503 and why, and when one leaves there is room")
    func tooMany() async throws {
        var limits = HTTPLimits()
        limits.admission = .init(totalCount: 8, perAddressCount: 1)
        limits.stalledMilliseconds = 200
        // More than the system's buffers take.
        try await serve(limits, articleBytes: 7_000_000) { port in
            // It asks for much and does not read: busy, it makes no room.
            let busy = try TestSocket(port: port, receiveBufferBytes: 4096)
            let key = try TestSocket.body(of: try TestSocket.ask(port, "/v1/search?q=long", from: 0x7F00_0002))
            let name = try #require(key.firstMatch(of: #/"key":"([0-9a-f]{32})"/#)).1
            busy.send("GET /v1/articles/\(name) HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(busy.readSome().hasPrefix("HTTP/1.1 200"))
            let refused = try TestSocket(port: port)
            refused.send(Self.request)
            let answer = refused.readToEnd()
            #expect(
                answer.hasPrefix("HTTP/1.1 503 ") && answer.contains("too many connections from 127.0.0.1, at most 1"))
            #expect(answer.contains("\r\nRetry-After: 5\r\n") && answer.contains("\"code\":\"busy\""))
            // Who does not read is closed, and there is room again.
            while try !TestSocket.ask(port, "/healthz").hasPrefix("HTTP/1.1 200") { sched_yield() }
            let metrics = try TestSocket.ask(port, "/metrics")
            #expect(metrics.contains("coranto_connections_total{result=\"dropped\"} 1"))
        }
    }

    private static func post(_ port: Int, _ length: String, _ body: String) throws -> String {
        let socket = try TestSocket(port: port)
        socket.send("POST /v1/search HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\(length)\r\n\r\n\(body)")
        return socket.readToEnd()
    }

    @Test("a body that does not come is not waited for for long")
    func lateBody() async throws {
        var limits = HTTPLimits()
        limits.requestMilliseconds = 5000
        try await serve(limits) { port in
            let late = try Self.post(port, "Content-Length: 100", "q=lo")
            #expect(late.hasPrefix("HTTP/1.1 400") && late.contains("did not come within"), "\(late)")
        }
    }

    @Test("a body that is too long, or does not say how long it is, is not read")
    func largeBody() async throws {
        try await serve(HTTPLimits()) { port in
            let large = try Self.post(port, "Content-Length: 99999999", "q=lo")
            #expect(large.hasPrefix("HTTP/1.1 400") && large.contains("99999999 bytes"), "\(large)")
            let unknown = try Self.post(port, "Transfer-Encoding: chunked", "4\r\nq=lo\r\n")
            #expect(unknown.hasPrefix("HTTP/1.1 400") && unknown.contains("Content-Length"), "\(unknown)")
            #expect(try Self.post(port, "Content-Length: 6", "q=long").hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test("a connection that rests makes room for one that comes")
    func makesRoom() async throws {
        var limits = HTTPLimits()
        limits.admission = .init(totalCount: 2, perAddressCount: 2)
        try await serve(limits) { port in
            let resting = try (0..<2).map { _ in
                let socket = try TestSocket(port: port)
                socket.send(Self.request)
                #expect(socket.readSome().hasPrefix("HTTP/1.1 200"))
                return socket
            }
            // That they rest is known a moment after their answers have come: until then there is no room.
            var answer = ""
            for _ in 0..<1000 where !answer.hasPrefix("HTTP/1.1 200") { answer = try TestSocket.ask(port, "/healthz") }
            #expect(answer.hasPrefix("HTTP/1.1 200"), "\(answer)")
            #expect(resting[0].readToEnd() == "")
        }
    }

    @Test(
        "a request that is not sent in time ends its connection, whatever drips",
        arguments: [
            "G", "GET /healthz HTTP/1.1\r\nX: ", "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n",
        ])
    func slowRequest(beginning: String) async throws {
        var limits = HTTPLimits()
        limits.requestMilliseconds = 1000
        try await serve(limits) { port in
            let socket = try TestSocket(port: port)
            socket.send(beginning)
            while socket.send("a") { usleep(5000) }
            try TestSocket.expectAnswer(port)
        }
    }

    @Test("a request that came in time is answered, however long it waits for a thread")
    func waitsForThread() async throws {
        var limits = HTTPLimits()
        limits.requestMilliseconds = 100
        try await serve(limits) { port in
            let threads = HeldThreads()
            defer { threads.letGo() }
            let socket = try TestSocket(port: port)
            socket.send("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            usleep(4 * 100_000)
            threads.letGo()
            #expect(socket.readToEnd().hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test("an address without end is refused, not kept")
    func longAddress() async throws {
        var limits = HTTPLimits()
        limits.requestMilliseconds = 1000
        try await serve(limits) { port in
            let socket = try TestSocket(port: port)
            let part = String(repeating: "a", count: 1 << 16)
            socket.send("GET /")
            // What is over the parser's limit is thrown away until the time for a request is over, however much comes.
            let deadline = ContinuousClock.now + .seconds(30)
            while socket.send(part), .now < deadline {}
            #expect(.now < deadline)
            try TestSocket.expectAnswer(port)
        }
    }
}

/// Holds all threads that tasks run on.
private final class HeldThreads: Sendable {
    private let heldCount = Atomic(0)
    private let isOver = Atomic(false)

    init() {
        let count = ProcessInfo.processInfo.activeProcessorCount
        for _ in 0..<count {
            Task.detached { [self] in
                heldCount.add(1, ordering: .relaxed)
                while !isOver.load(ordering: .relaxed) { usleep(1000) }
            }
        }
        while heldCount.load(ordering: .relaxed) < count { usleep(1000) }
    }

    func letGo() { isOver.store(true, ordering: .relaxed) }
}

/// A plain socket that sends what it is told; reads end after a minute: beside other tests a thread may be long in coming.
private final class TestSocket {
    private let descriptor: Int32

    init(port: Int, from source: UInt32 = 0, receiveBufferBytes: Int32 = 0) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        var wait = timeval(tv_sec: 60, tv_usec: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        if receiveBufferBytes > 0 {
            var bytes = receiveBufferBytes
            unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
        }
        if source != 0 { try #require(unsafe Self.call(source, 0) { unsafe bind(descriptor, $0, $1) } == 0) }
        try #require(unsafe Self.call(0x7F00_0001, port) { unsafe connect(descriptor, $0, $1) } == 0)
    }

    deinit { close(descriptor) }

    private static func call(
        _ host: UInt32, _ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = host.bigEndian
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    /// A whole question and its answer.
    static func ask(_ port: Int, _ path: String, from source: UInt32 = 0) throws -> String {
        let socket = try TestSocket(port: port, from: source)
        socket.send("GET \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return socket.readToEnd()
    }

    /// That the server still answers. On a busy machine that may take longer than a read waits: it is asked again.
    static func expectAnswer(_ port: Int) throws {
        for _ in 0..<60 {
            if try ask(port, "/healthz").hasPrefix("HTTP/1.1 200") { return }
        }
        Issue.record("no answer any more")
    }

    static func body(of answer: String) throws -> Substring {
        try #require(answer.firstRange(of: "\r\n\r\n").map { answer[$0.upperBound...] })
    }

    /// - Returns: false when the other side has closed.
    @discardableResult
    func send(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.send(descriptor, $0.baseAddress! + done, bytes.count - done, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return false }
            done += count
        }
        return true
    }

    func readSome() -> String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
        return String(decoding: buffer[..<max(0, count)], as: UTF8.self)
    }

    func readToEnd() -> String {
        var all = ""
        while true {
            let more = readSome()
            if more.isEmpty { return all }
            all += more
        }
    }
}
