import News

/// Where a store answers, and how a bucket is named there.
package struct S3Endpoint: Equatable, Sendable {
    package enum Style: String, CaseIterable, Sendable {
        /// `https://host/bucket/key`.
        case path
        /// `https://bucket.host/key`.
        case virtual
    }

    package var isEncrypted: Bool
    /// Without port; an IPv6 address stands in brackets.
    package var host: String
    /// Nil is the scheme's own.
    package var port: Int?
    package var style: Style

    package init(isEncrypted: Bool, host: String, port: Int? = nil, style: Style) {
        self.isEncrypted = isEncrypted
        self.host = host
        self.port = port
        self.style = style
    }

    /// AWS's own for a region.
    package static func aws(region: String) -> S3Endpoint {
        let suffix = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
        return S3Endpoint(isEncrypted: true, host: "s3.\(region).\(suffix)", style: .virtual)
    }

    /// - Parameter url: `http(s)://HOST[:PORT]`, nothing behind it but "/".
    package init?(url: String, style: Style) {
        let rest: Substring
        if url.lowercased().hasPrefix("https://") {
            isEncrypted = true
            rest = url.dropFirst(8)
        } else if url.lowercased().hasPrefix("http://") {
            isEncrypted = false
            rest = url.dropFirst(7)
        } else {
            return nil
        }
        var name = rest.hasSuffix("/") ? rest.dropLast() : rest
        port = nil
        if let colon = name.lastIndex(of: ":"), !name.hasSuffix("]") {
            guard let number = UInt16(name[name.index(after: colon)...]), number > 0 else { return nil }
            let isDefault = number == (isEncrypted ? 443 : 80)
            port = isDefault ? nil : Int(number)
            name = name[..<colon]
        }
        host = name.lowercased()
        self.style = style
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]") && host.utf8.count > 2
        let inner = isBracketed ? host.dropFirst().dropLast() : host[...]
        let isGood = inner.utf8.allSatisfy { byte in
            ASCII.isAlphanumeric(byte) || ".-_".utf8.contains(byte) || (isBracketed && byte == UInt8(ascii: ":"))
        }
        guard !inner.isEmpty, isGood else { return nil }
    }

    package var url: String { (isEncrypted ? "https://" : "http://") + host + (port.map { ":\($0)" } ?? "") }

    /// Whether the requests do not leave this machine: by the form of the address; names but localhost do not count.
    package var isLoopback: Bool {
        if host == "localhost" || host == "[::1]" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// What the Host header says for a bucket.
    package func hostHeader(_ bucket: String) -> String {
        (style == .virtual ? "\(bucket).\(host)" : host) + (port.map { ":\($0)" } ?? "")
    }

    /// Encoded path of an object, or with key "" of the bucket.
    package func path(_ bucket: String, _ key: String) -> String {
        let encoded = S3Encoding.path(key)
        switch style {
        case .virtual: return "/" + encoded
        case .path: return "/" + S3Encoding.path(bucket) + (key.isEmpty ? "" : "/" + encoded)
        }
    }
}
