import CPSL

/// The part of a host that somebody registered: "news.example.co.uk" is of "example.co.uk" (Public Suffix List, by libpsl).
///
/// Budgets and counts by publisher go by it. Suffixes that belong to a hoster count too: what lies on a blog's own name under
/// such a suffix is of that blog.
package enum RegistrableDomain {
    /// - Parameter host: as `WebAddress.host` has it: lower case, Punycode.
    /// - Returns: nil for an address, a public suffix, or a name without dots.
    package static func of(_ host: String) -> String? {
        guard !isAddress(host), host.utf8.count <= 255 else { return nil }
        let name = host.hasSuffix(".") ? String(host.dropLast()) : host
        // Safe: libpsl's own list, never freed; nil only in builds of it without a list.
        guard let list = unsafe psl_builtin() else { return lastTwoLabels(name) }
        return unsafe name.withCString { text -> String? in
            // Safe: the answer points into `text`, which lives until the closure ends.
            guard let found = unsafe psl_registrable_domain(list, text) else { return nil }
            return unsafe String(cString: found)
        }
    }

    /// The registrable domain, or the host itself where there is none: something to count by in any case.
    package static func orHost(_ host: String) -> String { of(host) ?? host }

    private static func lastTwoLabels(_ name: String) -> String? {
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        return labels.count >= 2 ? labels.suffix(2).joined(separator: ".") : nil
    }

    /// Hosts of web addresses that end in a digit are IPv4 addresses: the parser has seen to that.
    static func isAddress(_ host: String) -> Bool {
        host.utf8.first == UInt8(ascii: "[") || (host.utf8.last.map(ASCII.isDigit) ?? true)
    }
}
