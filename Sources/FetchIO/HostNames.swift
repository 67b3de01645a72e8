import Glibc
import News

/// What names stand for, by the C library. Blocks as long as the name server takes.
enum HostNames {
    /// The first address of a URL's host that a policy forbids.
    ///
    /// - Returns: nil if all are allowed, or the name is not known here.
    static func refusal(of url: String, by policy: AddressPolicy) -> String? {
        guard let host = WebAddress(url)?.host else { return nil }
        let name = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        let refused = addresses(name).first { !policy.allows($0) }
        return refused.map { AddressRange($0, $0.count * 8).description }
    }

    /// Each of 4 or 16 bytes, network order; none if the name is not known.
    static func addresses(_ name: String) -> [[UInt8]] {
        var first: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(name, nil, nil, &first) == 0 else { return [] }
        defer { unsafe freeaddrinfo(first) }
        var found: [[UInt8]] = []
        var next = unsafe first
        // Safe: the list is getaddrinfo's until it is freed; each address is as long as it says.
        while let entry = unsafe next?.pointee {
            let raw = unsafe UnsafeRawBufferPointer(start: entry.ai_addr, count: Int(entry.ai_addrlen))
            if unsafe entry.ai_family == AF_INET, raw.count >= 8 { found.append(unsafe Array(raw[4..<8])) }
            if unsafe entry.ai_family == AF_INET6, raw.count >= 24 { found.append(unsafe Array(raw[8..<24])) }
            unsafe next = entry.ai_next
        }
        return found
    }
}
