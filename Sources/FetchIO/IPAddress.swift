import Glibc

/// Addresses as text to bytes, by the C library.
enum IPAddress {
    /// - Returns: 4 or 16 bytes in network order, or nil.
    static func bytes(_ text: String) -> [UInt8]? {
        var four = in_addr()
        // Safe: inet_pton writes one in_addr or in6_addr, which is what it is given.
        if unsafe inet_pton(AF_INET, text, &four) == 1 { return unsafe withUnsafeBytes(of: &four) { unsafe Array($0) } }
        var six = in6_addr()
        if unsafe inet_pton(AF_INET6, text, &six) == 1 { return unsafe withUnsafeBytes(of: &six) { unsafe Array($0) } }
        return nil
    }
}
