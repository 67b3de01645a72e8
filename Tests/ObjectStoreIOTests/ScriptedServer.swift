import Foundation
import Glibc
import Synchronization

/// An HTTP server for tests that does with each request what the test says, and counts connections. Real stores do not time
/// out or break off when they are asked to.
final class ScriptedServer: Sendable {
    /// What becomes of a request.
    enum Answer: Sendable {
        /// These bytes; the connection stays open.
        case bytes(String)
        /// These bytes, then the connection is closed.
        case cut(String)
        /// Nothing, ever; the connection stays open.
        case silence
    }

    let port: UInt16
    private let listener: Int32
    private let answer: @Sendable (_ head: String, _ number: Int) -> Answer
    private let heads = Mutex<[String]>([])
    private let connections = Mutex<[Int32]>([])

    /// - Parameter answer: is given the request's head, and how many requests came before it.
    init(_ answer: @escaping @Sendable (_ head: String, _ number: Int) -> Answer) throws {
        self.answer = answer
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        unsafe inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let isBound = unsafe withUnsafeMutablePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe bind(descriptor, pointer, length) == 0 && listen(descriptor, 64) == 0
                    && getsockname(descriptor, pointer, &length) == 0
            }
        }
        guard isBound else { throw POSIXError(.EADDRNOTAVAIL) }
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { self.accept() }
    }

    var url: String { "http://127.0.0.1:\(port)" }
    /// Heads of the requests so far.
    var requests: [String] { heads.withLock { $0 } }
    var connectionCount: Int { connections.withLock { $0.count } }

    func stop() {
        // Closed by the thread that accepts: else it might accept on another's socket that got the same number.
        shutdown(listener, Int32(SHUT_RDWR))
        for connection in connections.withLock({ $0 }) { shutdown(connection, Int32(SHUT_RDWR)) }
    }

    private func accept() {
        defer { close(listener) }
        while true {
            let connection = Glibc.accept(listener, nil, nil)
            guard connection >= 0 else { return }
            connections.withLock { $0.append(connection) }
            Thread.detachNewThread { self.serve(connection) }
        }
    }

    private func serve(_ connection: Int32) {
        var held: [UInt8] = []
        while let head = readHead(connection, &held) {
            let number = heads.withLock { heads in
                heads.append(head)
                return heads.count - 1
            }
            switch answer(head, number) {
            case .bytes(let text): send(text, to: connection)
            case .cut(let text):
                send(text, to: connection)
                shutdown(connection, Int32(SHUT_RDWR))
                return
            case .silence: break
            }
        }
    }

    /// Reads to the end of a head and of the body behind it.
    private func readHead(_ connection: Int32, _ held: inout [UInt8]) -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        func fill() -> Bool {
            let count = unsafe recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return false }
            held += buffer[..<count]
            return true
        }
        var end: Int?
        while end == nil {
            end = held.indices.first { held[$0...].starts(with: [13, 10, 13, 10]) }.map { $0 + 4 }
            if end == nil, !fill() { return nil }
        }
        let head = String(decoding: held[..<end!], as: UTF8.self)
        held.removeFirst(end!)
        let length =
            head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
            .flatMap { Int($0.drop { $0 != ":" }.dropFirst().trimmingCharacters(in: .whitespaces)) } ?? 0
        while held.count < length { if !fill() { return nil } }
        held.removeFirst(length)
        return head
    }

    private func send(_ text: String, to connection: Int32) {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes[sent...].withUnsafeBytes {
                unsafe Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }
}

func response(_ status: String, _ body: String = "", headers: String = "") -> String {
    "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)"
}
