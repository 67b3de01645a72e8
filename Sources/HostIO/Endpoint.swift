/// HOST:PORT, as users write it; an IPv6 address stands in brackets.
package struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    package var host: String
    package var port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// - Returns: nil unless there are a host and a port from 0 to 65535.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty else { return nil }
        self.init(host: host, port: Int(port))
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Whether only this machine can connect: by the form of the address, names but localhost do not count.
    package var isLoopback: Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}

/// Whether it is safe to listen: beyond loopback only with a token, and with TLS or by the user's explicit word.
package enum ListenPolicy {
    package enum Refusal: Error, Equatable, Sendable, CustomStringConvertible {
        case needsToken(host: String)
        case needsTLS(host: String)

        package var description: String {
            switch self {
            case .needsToken(let host):
                "refusing to listen on \(host): beyond loopback everyone could write; give --token-file"
            case .needsTLS(let host):
                "refusing to listen on \(host) without TLS: others could read and change the traffic; "
                    + "give --plain-network if the network is trusted"
            }
        }
    }

    package static func check(host: String, hasToken: Bool, plainNetwork: Bool, hasTLS: Bool) throws(Refusal) {
        if Endpoint(host: host, port: 0).isLoopback { return }
        guard hasToken else { throw .needsToken(host: host) }
        guard hasTLS || plainNetwork else { throw .needsTLS(host: host) }
    }
}
