/// Forms of an address that many addresses of one page have in common. They say which articles may be copies of one another;
/// they are no addresses to fetch, and never keys.
package enum CopyURL {
    /// Without scheme's security, "www.", port, user, fragment, tracking and referrers; in small letters, the query sorted.
    ///
    /// - Returns: nil if `text` is no http(s) address.
    package static func plain(_ text: String) -> String? {
        guard let address = WebAddress(repaired(text)) else { return nil }
        return form(host: withoutWWW(address.host), path: address.path, query: address.query)
    }

    /// The same without the marks of variants for phones, printers and AMP, and of a cache the page the cache keeps.
    package static func variantFree(_ text: String) -> String? {
        guard var address = WebAddress(repaired(text)) else { return nil }
        if let origin = AMPCache.origin(of: address) { address = origin }
        let host = VariantMarks.host(withoutWWW(address.host))
        let query = address.query.map { query in
            query.split(separator: "&").filter { !VariantMarks.isMark($0) }.joined(separator: "&")
        }
        return form(host: host, path: VariantMarks.path(address.path), query: query)
    }

    /// Canonical addresses under which the page of `text` may stand as well: by the other scheme, with and without "www.", without
    /// the marks of variants and referrers, with and without a slash at the end. The likelier ones first, at most 60.
    package static func others(of text: String) -> [String] {
        guard var address = WebAddress(repaired(text)) else { return [] }
        if let origin = AMPCache.origin(of: address) { address = origin }
        let plain = withoutWWW(address.host)
        let hosts = [VariantMarks.host(plain), plain].flatMap { [$0, "www." + $0] } + [address.host]
        let path = VariantMarks.path(address.path)
        let query = (address.query ?? "").split(separator: "&").filter {
            !VariantMarks.isMark($0) && !TrackingParameters.isReferrer(TrackingParameters.name(of: $0))
        }.joined(separator: "&")
        var seen: Set<String?> = [CanonicalURL.canonicalise(text)]
        var others: [String] = []
        for query in [query, address.query ?? ""] {
            for host in hosts {
                for path in [path, path.hasSuffix("/") ? path : path + "/", address.path] {
                    for scheme in ["https", "http"] {
                        let other = CanonicalURL.canonicalise(
                            "\(scheme)://\(host)\(path)\(query.isEmpty ? "" : "?" + query)")
                        if let other, seen.insert(other).inserted { others.append(other) }
                    }
                }
            }
        }
        return others
    }

    private static func form(host: String, path: String, query: String?) -> String {
        let kept = (query ?? "").split(separator: "&").filter {
            !TrackingParameters.isTracking($0) && !TrackingParameters.isReferrer(TrackingParameters.name(of: $0))
        }
        let sorted = kept.map { lowercased(PercentCoding.normalised(String($0))) }.sorted {
            $0.utf8.lexicographicallyPrecedes($1.utf8)
        }
        let path = lowercased(PercentCoding.normalised(path))
        return "http://" + host + path + (sorted.isEmpty ? "" : "?" + sorted.joined(separator: "&"))
    }

    /// Without a scheme before the scheme, which careless templates write: "http://https://…", "http://http//…".
    private static func repaired(_ text: String) -> String {
        guard let scheme = webScheme(text[...]), scheme.hasSuffix("://") else { return text }
        let rest = text[scheme.endIndex...]
        return webScheme(rest).map { "http://" + rest[$0.endIndex...] } ?? text
    }

    /// "http" or "https" at the beginning, with its slashes; a colon may be missing.
    private static func webScheme(_ text: Substring) -> Substring? {
        for scheme in ["https://", "http://", "https//", "http//"]
        where lowercased(String(text.prefix(8))).hasPrefix(scheme) {
            return text.prefix(scheme.count)
        }
        return nil
    }

    /// Also "www2.": some hosts count.
    static func withoutWWW(_ host: String) -> String {
        guard let dot = host.firstIndex(of: "."), host.hasPrefix("www") else { return host }
        let rest = host[..<dot].utf8.dropFirst(3)
        let name = String(host[host.index(after: dot)...])
        return rest.allSatisfy(ASCII.isDigit) && rest.count <= 2 && name.contains(".") ? name : host
    }

    private static func lowercased(_ text: String) -> String {
        String(decoding: text.utf8.map(ASCII.lowercased), as: UTF8.self)
    }
}

/// What marks the address of a variant of a page.
enum VariantMarks {
    /// Without a first label that names a kind of device.
    static func host(_ host: String) -> String {
        guard let dot = host.firstIndex(of: ".") else { return host }
        let rest = String(host[host.index(after: dot)...])
        guard hostLabels.contains(String(host[..<dot])), RegistrableDomain.of(rest) != nil else { return host }
        return rest
    }

    /// Without "/amp" and the like at the beginning or end, and without a slash at the end.
    static func path(_ path: String) -> String {
        var segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        while segments.count > 1, segments.last == "" { segments.removeLast() }
        if segments.count > 1, let last = segments.last, pathSegments.contains(lowercased(last)) {
            segments.removeLast()
        }
        if segments.count > 1, let first = segments.first, pathSegments.contains(lowercased(first)) {
            segments.removeFirst()
        }
        if let last = segments.last {
            segments[segments.endIndex - 1] = Substring(withoutSuffix(String(last)))
        }
        return "/" + segments.joined(separator: "/")
    }

    /// Whether a parameter asks for a variant: "amp", "amp=1", "outputType=amp", "print=true".
    static func isMark(_ parameter: Substring) -> Bool {
        let name = TrackingParameters.name(of: parameter)
        let value = lowercased(parameter.drop { $0 != "=" }.dropFirst())
        if names.contains(name) { return value.isEmpty || ["1", "true", "yes", "on"].contains(value) }
        return ["outputtype", "output", "view", "mode", "format", "layout"].contains(name)
            && pathSegments.contains(value)
    }

    private static func withoutSuffix(_ segment: String) -> String {
        let lower = lowercased(segment[...])
        for (suffix, kept) in [(".amp.html", ".html"), ("-amp.html", ".html"), (".amp", ""), (".amp.htm", ".htm")]
        where lower.hasSuffix(suffix) && lower.utf8.count > suffix.utf8.count {
            return String(segment.dropLast(suffix.count)) + kept
        }
        return segment
    }

    private static func lowercased(_ text: Substring) -> String {
        String(decoding: text.utf8.map(ASCII.lowercased), as: UTF8.self)
    }

    private static let hostLabels: Set<String> = ["amp", "m", "mobile", "mobil", "touch", "wap", "print"]
    private static let pathSegments: Set<String> = ["amp", "mobile", "print", "print.html", "amp.html", "amphtml"]
    private static let names: Set<String> = ["amp", "isamp", "print", "printable", "mobile"]
}

/// Pages kept by a cache of AMP pages.
///
/// Such a cache gives each origin a name of its own: the origin's host with its hyphens doubled and its dots as hyphens,
/// in front of the cache's. The path says what is kept: "/c/" a page, then "s/" if it came by https, then its address.
enum AMPCache {
    static func origin(of address: WebAddress) -> WebAddress? {
        guard let dot = address.host.firstIndex(of: ".") else { return nil }
        var rest = address.path[...]
        guard ["/c/", "/v/"].contains(String(rest.prefix(3))) else { return nil }
        rest = rest.dropFirst(3)
        var scheme = "http"
        if rest.hasPrefix("s/") {
            scheme = "https"
            rest = rest.dropFirst(2)
        }
        let query = address.query.map { "?" + $0 } ?? ""
        guard let origin = WebAddress("\(scheme)://\(rest)\(query)") else { return nil }
        let label = origin.host.replacing("-", with: "--").replacing(".", with: "-")
        return label == address.host[..<dot] ? origin : nil
    }
}
