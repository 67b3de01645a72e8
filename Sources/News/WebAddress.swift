/// An http or https address, parsed as browsers do (WHATWG URL standard, its "special" schemes only).
///
/// Every part is kept in its serialised form: percent-encoded where the standard asks for it, otherwise as written.
package struct WebAddress: Equatable, Sendable {
    /// "http" or "https".
    package private(set) var scheme: String
    package var username = ""
    package var password = ""
    /// Never empty: a domain in lower case and Punycode, an IPv4 address in dotted decimals, or "[IPv6]".
    package private(set) var host = ""
    /// Nil when it is the scheme's own (80, 443).
    package private(set) var port: UInt16?
    /// Begins with "/"; "." and ".." are resolved.
    package var path = "/"
    /// Without "?"; nil and "" differ.
    package var query: String?
    /// Without "#".
    package var fragment: String?

    /// - Parameters:
    ///   - text: an absolute address, or a relative one when `base` is given. At most `Limits.urlBytes`.
    ///   - base: what a relative address is resolved against.
    /// - Returns: nil when `text` is no http(s) address with a host.
    package init?(_ text: String, base: WebAddress? = nil) {
        guard text.utf8.count <= Limits.urlBytes else { return nil }
        let input = Self.stripped(text)
        if let (name, rest) = Self.scheme(of: input) {
            guard name == "http" || name == "https" else { return nil }
            if let base, base.scheme == name, !Self.hasTwoSlashes(rest) {
                self.init(relative: rest, base: base)
            } else {
                self.init(scheme: name, afterSlashes: rest.drop(while: Self.isSlash))
            }
        } else {
            guard let base else { return nil }
            self.init(relative: input[...], base: base)
        }
    }

    package var href: String {
        var out = scheme + "://"
        if !username.isEmpty || !password.isEmpty {
            out += username
            if !password.isEmpty { out += ":" + password }
            out += "@"
        }
        out += host
        if let port { out += ":\(port)" }
        out += path
        if let query { out += "?" + query }
        if let fragment { out += "#" + fragment }
        return out
    }

    // MARK: Parsing

    private init?(relative input: ArraySlice<UInt8>, base: WebAddress) {
        if Self.hasTwoSlashes(input) {
            self.init(scheme: base.scheme, afterSlashes: input.drop(while: Self.isSlash))
            return
        }
        self = base
        fragment = nil
        guard let first = input.first else { return }
        switch first {
        case UInt8(ascii: "#"): setTail(input)
        case UInt8(ascii: "?"):
            query = nil
            setTail(input)
        case UInt8(ascii: "/"), UInt8(ascii: "\\"):
            query = nil
            setPath(input, after: [])
        default:
            query = nil
            var segments = base.path.utf8.dropFirst().split(
                separator: UInt8(ascii: "/"), omittingEmptySubsequences: false
            )
            .map { Array($0) }
            segments.removeLast()
            setPath(input, after: segments)
        }
    }

    private init?(scheme: String, afterSlashes input: ArraySlice<UInt8>) {
        self.scheme = scheme
        let end = input.firstIndex { Self.isSlash($0) || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }
        var authority = input[..<(end ?? input.endIndex)]
        if let at = authority.lastIndex(of: UInt8(ascii: "@")) {
            let userinfo = authority[..<at]
            authority = authority[(at + 1)...]
            if let colon = userinfo.firstIndex(of: UInt8(ascii: ":")) {
                username = PercentCoding.encode(userinfo[..<colon], .userinfo)
                password = PercentCoding.encode(userinfo[(colon + 1)...], .userinfo)
            } else {
                username = PercentCoding.encode(userinfo, .userinfo)
            }
        }
        let (hostBytes, portBytes) = Self.splitPort(authority)
        guard let host = WebHost.parse(hostBytes),
            let port = Self.port(portBytes)
        else { return nil }
        self.host = host
        self.port = port == (scheme == "http" ? 80 : 443) || portBytes.isEmpty ? nil : port
        setPath(input[(end ?? input.endIndex)...], after: [])
    }

    /// Takes path, query and fragment from `input`, which begins where the path does.
    private mutating func setPath(_ input: ArraySlice<UInt8>, after prefix: [[UInt8]]) {
        let end = input.firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") } ?? input.endIndex
        var rest = input[..<end]
        if let first = rest.first, Self.isSlash(first) { rest = rest.dropFirst() }
        var segments = prefix
        let pieces = rest.split(maxSplits: Int.max, omittingEmptySubsequences: false, whereSeparator: Self.isSlash)
        for (index, piece) in pieces.enumerated() {
            let isLast = index == pieces.count - 1
            switch Self.dots(piece) {
            case 1: if isLast { segments.append([]) }
            case 2:
                if !segments.isEmpty { segments.removeLast() }
                if isLast { segments.append([]) }
            default: segments.append(Array(PercentCoding.encode(piece, .path).utf8))
            }
        }
        path = "/" + segments.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/")
        setTail(input[end...])
    }

    /// Takes query and fragment from `input`, which is empty or begins with "?" or "#".
    private mutating func setTail(_ input: ArraySlice<UInt8>) {
        var rest = input
        if rest.first == UInt8(ascii: "?") {
            let end = rest.firstIndex(of: UInt8(ascii: "#")) ?? rest.endIndex
            query = PercentCoding.encode(rest[(rest.startIndex + 1)..<end], .query)
            rest = rest[end...]
        }
        if rest.first == UInt8(ascii: "#") { fragment = PercentCoding.encode(rest.dropFirst(), .fragment) }
    }

    // MARK: Pieces, also of `AnyAddress`

    /// Without control characters and blanks at both ends, and without tabs and line ends anywhere.
    static func stripped(_ text: String) -> [UInt8] {
        var bytes = Array(text.utf8)
        while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
        return bytes.drop { $0 <= 0x20 }.filter { $0 != 9 && $0 != 10 && $0 != 13 }
    }

    static func scheme(of input: [UInt8]) -> (String, ArraySlice<UInt8>)? {
        guard let first = input.first, ASCII.isLetter(first),
            let colon = input.firstIndex(where: { !ASCII.isAlphanumeric($0) && !"+-.".utf8.contains($0) }),
            input[colon] == UInt8(ascii: ":")
        else { return nil }
        return (String(decoding: input[..<colon].map(ASCII.lowercased), as: UTF8.self), input[(colon + 1)...])
    }

    static func splitPort(_ authority: ArraySlice<UInt8>) -> (ArraySlice<UInt8>, ArraySlice<UInt8>) {
        let afterBracket = authority.lastIndex(of: UInt8(ascii: "]")) ?? authority.startIndex
        guard let colon = authority[afterBracket...].firstIndex(of: UInt8(ascii: ":")) else { return (authority, []) }
        return (authority[..<colon], authority[(colon + 1)...])
    }

    /// 0 for no digits; nil for anything but a number below 65536.
    static func port(_ digits: ArraySlice<UInt8>) -> UInt16? {
        var value = 0
        for digit in digits {
            guard ASCII.isDigit(digit) else { return nil }
            value = value * 10 + Int(digit - 0x30)
            if value > 65535 { return nil }
        }
        return UInt16(value)
    }

    /// 1 for ".", 2 for "..", also with dots written "%2e"; else 0.
    static func dots(_ segment: ArraySlice<UInt8>) -> Int {
        guard segment.count <= 6 else { return 0 }
        switch String(decoding: segment, as: UTF8.self).lowercased() {
        case ".", "%2e": return 1
        case "..", ".%2e", "%2e.", "%2e%2e": return 2
        default: return 0
        }
    }

    static func isSlash(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "/") || byte == UInt8(ascii: "\\") }

    static func hasTwoSlashes(_ input: ArraySlice<UInt8>) -> Bool {
        input.count >= 2 && isSlash(input[input.startIndex]) && isSlash(input[input.startIndex + 1])
    }
}
