import Foundation
import Glibc
import Synchronization

/// An HTTP server for tests: for each path what it does with a request, one connection a request, on a port of the system's
/// choice.
final class TinyServer: Sendable {
    enum Step: Sendable {
        case bytes([UInt8])
        /// A byte each 50 ms, until nobody reads any more.
        case drip
        /// Bytes without an end, as fast as they are read.
        case flood([UInt8])
        /// The connection is reset.
        case reset
        /// Nothing more, and the connection stays open.
        case silence
    }

    let port: UInt16
    private let listener: Int32
    private let isListening: Bool
    private let answers: [String: [Step]]
    private let log = Mutex<[String]>([])

    /// - Parameter answers: whole responses, status line included, by path. An empty one is never answered.
    convenience init(_ answers: [String: [UInt8]]) throws {
        try self.init(scripts: answers.mapValues { $0.isEmpty ? [.silence] : [.bytes($0)] })
    }

    /// - Parameter listens: if not, its port refuses connections, and is nobody else's until it is stopped.
    init(scripts answers: [String: [Step]], listens: Bool = true) throws {
        self.answers = answers
        isListening = listens
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        unsafe inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let isBound = unsafe withUnsafeMutablePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe bind(descriptor, pointer, length) == 0 && (!listens || listen(descriptor, 64) == 0)
                    && getsockname(descriptor, pointer, &length) == 0
            }
        }
        guard isBound else { throw POSIXError(.EADDRNOTAVAIL) }
        port = UInt16(bigEndian: address.sin_port)
        if listens { Thread.detachNewThread { self.run() } }
    }

    /// The head of each request so far.
    var requests: [String] { log.withLock { $0 } }

    func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

    /// Refuses connections from now on. The thread closes the descriptor: closed here, its number could be another server's
    /// by the time the thread accepts again, and that server's clients would get these answers.
    func stop() { if isListening { shutdown(listener, Int32(SHUT_RDWR)) } else { close(listener) } }

    private func run() {
        defer { close(listener) }
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { return }
            var head: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 4096)
            // The beginning of a TLS handshake is answered as all else.
            while head.suffix(4) != [13, 10, 13, 10], head.first != 0x16 {
                let count = unsafe recv(connection, &buffer, buffer.count, 0)
                guard count > 0 else { break }
                head += buffer[..<count]
            }
            let text = String(decoding: head, as: UTF8.self)
            log.withLock { $0.append(text) }
            let path = text.split(separator: " ").dropFirst().first.map(String.init) ?? ""
            let steps = answers[path] ?? [.bytes(Array("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".utf8))]
            // Each connection has a thread: one that drips keeps no other waiting.
            Thread.detachNewThread { Self.play(steps, on: connection) }
        }
    }

    private static func play(_ steps: [Step], on connection: Int32) {
        for step in steps {
            switch step {
            case .bytes(let bytes): _ = send(bytes, on: connection)
            case .drip: while send([0x61], on: connection) { usleep(50_000) }
            case .flood(let bytes): while send(bytes, on: connection) {}
            case .reset:
                var hard = linger(l_onoff: 1, l_linger: 0)
                unsafe setsockopt(connection, SOL_SOCKET, SO_LINGER, &hard, socklen_t(MemoryLayout<linger>.size))
            case .silence: return
            }
        }
        close(connection)
    }

    /// - Returns: false when nobody reads any more.
    private static func send(_ bytes: [UInt8], on connection: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes[sent...].withUnsafeBytes {
                unsafe Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }
}
