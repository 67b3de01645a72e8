import Glibc
import Testing

/// A socket that sends whatever it is told. Reads end after ten seconds at the latest, with an empty answer.
final class RawSocket {
    private let descriptor: Int32

    /// - Parameter source: the address it comes from; 0 leaves that to the system.
    init(port: Int, from source: UInt32 = 0) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        if source != 0 { try #require(unsafe Self.call(source, 0) { unsafe bind(descriptor, $0, $1) } == 0) }
        var wait = timeval(tv_sec: 10, tv_usec: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        try #require(unsafe Self.call(0x7F00_0001, port) { unsafe connect(descriptor, $0, $1) } == 0)
    }

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

    deinit { close(descriptor) }

    /// - Returns: false when the other side has closed.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
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

    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Everything until the other side closes.
    func readToEnd() -> String {
        var all: [UInt8] = []
        while let more = read() { all += more }
        return String(decoding: all, as: UTF8.self)
    }

    /// Up to and with the next LF.
    func readLine() -> String {
        var line: [UInt8] = []
        while line.last != 0x0A, let more = read(atMost: 1) { line += more }
        return String(decoding: line, as: UTF8.self)
    }

    /// - Returns: how many bytes came; 0 when the other side has closed.
    func readSome() -> Int { read()?.count ?? 0 }

    private func read(atMost limit: Int = 65_536) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: limit)
        let count = unsafe recv(descriptor, &buffer, limit, 0)
        return count > 0 ? Array(buffer[..<count]) : nil
    }
}
