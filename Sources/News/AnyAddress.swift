/// An address of any scheme, parsed as browsers do (WHATWG URL standard): what links of feeds and pages are resolved by, where
/// `WebAddress` does not suffice because base or target are no http(s).
package struct AnyAddress: Equatable, Sendable {
    enum Path: Equatable, Sendable {
        /// Of addresses such as "mailto:a@b", which nothing can be relative to.
        case opaque(String)
        case segments([String])
    }

    private var scheme: String
    private var username = ""
    private var password = ""
    /// Nil where the address has no authority; "" in "file:///a".
    private var host: String?
    private var port: UInt16?
    private var path = Path.segments([])
    private var query: String?
    private var fragment: String?

    /// - Parameters:
    ///   - text: an absolute address, or a relative one when `base` is given. At most `Limits.urlBytes`.
    ///   - base: what a relative address is resolved against.
    package init?(_ text: String, base: AnyAddress? = nil) {
        guard text.utf8.count <= Limits.urlBytes else { return nil }
        let input = WebAddress.stripped(text)
        if let (name, rest) = WebAddress.scheme(of: input) {
            self.init(scheme: name)
            guard read(rest, base: base) else { return nil }
        } else {
            guard let base else { return nil }
            self.init(scheme: base.scheme)
            guard readRelative(input[...], base: base) else { return nil }
        }
    }

    private init(scheme: String) { self.scheme = scheme }

    package var href: String {
        var out = scheme + ":"
        if let host {
            out += "//"
            if !username.isEmpty || !password.isEmpty {
                out += username + (password.isEmpty ? "" : ":" + password) + "@"
            }
            out += host
            if let port { out += ":\(port)" }
        }
        switch path {
        case .opaque(let text): out += text
        case .segments(let segments):
            // Without an authority two slashes would begin one.
            if host == nil, segments.count > 1, segments[0].isEmpty { out += "/." }
            for segment in segments { out += "/" + segment }
        }
        if let query { out += "?" + query }
        if let fragment { out += "#" + fragment }
        return out
    }

    // MARK: Parsing

    private static let ports: [String: UInt16?] = [
        "ftp": 21, "file": nil, "http": 80, "https": 443, "ws": 80, "wss": 443,
    ]

    private var isSpecial: Bool { Self.ports[scheme] != nil }

    /// Takes what stands behind "scheme:".
    private mutating func read(_ rest: ArraySlice<UInt8>, base: AnyAddress?) -> Bool {
        if scheme == "file" { return setFile(rest, base: base) }
        if isSpecial {
            if let base, base.scheme == scheme, !WebAddress.hasTwoSlashes(rest) {
                return readRelative(rest, base: base)
            }
            return setAuthority(rest.drop(while: WebAddress.isSlash))
        }
        if rest.starts(with: Array("//".utf8)) { return setAuthority(rest.dropFirst(2)) }
        if rest.first == UInt8(ascii: "/") { setPath(rest, after: []) } else { setOpaquePath(rest) }
        return true
    }

    private mutating func readRelative(_ input: ArraySlice<UInt8>, base: AnyAddress) -> Bool {
        guard case .segments(let segments) = base.path else {
            self = base
            fragment = nil
            setTail(input)
            return input.first == UInt8(ascii: "#")
        }
        if base.scheme == "file" { return setFile(input, base: base) }
        guard let first = input.first, first != UInt8(ascii: "#") else {
            self = base
            fragment = nil
            setTail(input)
            return true
        }
        if isSeparator(first), let second = input.dropFirst().first, isSeparator(second) {
            let rest = input.dropFirst(2)
            return setAuthority(isSpecial ? rest.drop(while: WebAddress.isSlash) : rest)
        }
        self = base
        (query, fragment) = (nil, nil)
        if isSeparator(first) {
            setPath(input, after: [])
        } else if first == UInt8(ascii: "?") {
            setTail(input)
        } else {
            setPath(input, after: shortened(segments))
        }
        return true
    }

    /// Takes everything from `input`, which begins behind the slashes in front of the authority.
    private mutating func setAuthority(_ input: ArraySlice<UInt8>) -> Bool {
        let end =
            input.firstIndex { isSeparator($0) || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") } ?? input.endIndex
        var authority = input[..<end]
        let at = authority.lastIndex(of: UInt8(ascii: "@"))
        if let at {
            let userinfo = authority[..<at]
            let colon = userinfo.firstIndex(of: UInt8(ascii: ":")) ?? userinfo.endIndex
            username = PercentCoding.encode(userinfo[..<colon], .userinfo)
            password = PercentCoding.encode(userinfo[colon...].dropFirst(), .userinfo)
            authority = authority[(at + 1)...]
        }
        let (hostBytes, portBytes) = WebAddress.splitPort(authority)
        if hostBytes.isEmpty, isSpecial || at != nil || hostBytes.count != authority.count { return false }
        guard let host = parseHost(hostBytes), let number = WebAddress.port(portBytes) else { return false }
        self.host = host
        let own: UInt16? = Self.ports[scheme] ?? nil
        port = portBytes.isEmpty || number == own ? nil : number
        setPath(input[end...], after: [])
        return true
    }

    private func parseHost(_ bytes: ArraySlice<UInt8>) -> String? {
        if bytes.isEmpty { return "" }
        if isSpecial || bytes.first == UInt8(ascii: "[") { return WebHost.parse(bytes) }
        return WebHost.opaque(bytes)
    }

    // MARK: Files

    /// Takes everything from `input`, which begins behind "file:".
    private mutating func setFile(_ input: ArraySlice<UInt8>, base: AnyAddress?) -> Bool {
        let base = base?.scheme == "file" ? base : nil
        var segments: [String] = []
        if case .segments(let own)? = base?.path { segments = own }
        host = base?.host ?? ""
        guard let first = input.first, WebAddress.isSlash(first) else {
            setFilePath(input, base: base, segments)
            return true
        }
        guard let second = input.dropFirst().first, WebAddress.isSlash(second) else {
            let drive = segments.prefix(1).filter { Self.isDrive(Array($0.utf8)[...], onlyColon: true) }
            setPath(input, after: Self.beginsWithDrive(input.dropFirst()) ? [] : Array(drive))
            return true
        }
        let rest = input.dropFirst(2)
        let end =
            rest.firstIndex { WebAddress.isSlash($0) || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }
            ?? rest.endIndex
        host = ""
        if Self.isDrive(rest[..<end], onlyColon: false) {
            setPath(rest, after: [])
            return true
        }
        guard let name = parseHost(rest[..<end]) else { return false }
        host = name == "localhost" ? "" : name
        setPath(rest[end...], after: [])
        return true
    }

    /// Takes a path that does not begin with a slash.
    private mutating func setFilePath(_ input: ArraySlice<UInt8>, base: AnyAddress?, _ segments: [String]) {
        guard let base else { return setPath(input, after: []) }
        path = .segments(segments)
        let first = input.first
        if first == nil || first == UInt8(ascii: "#") { query = base.query }
        if first == nil || first == UInt8(ascii: "#") || first == UInt8(ascii: "?") { return setTail(input) }
        setPath(input, after: Self.beginsWithDrive(input) ? [] : shortened(segments))
    }

    /// "C:" or "C|".
    private static func isDrive(_ segment: ArraySlice<UInt8>, onlyColon: Bool) -> Bool {
        guard segment.count == 2, let letter = segment.first, let mark = segment.last else { return false }
        return ASCII.isLetter(letter) && (mark == UInt8(ascii: ":") || (!onlyColon && mark == UInt8(ascii: "|")))
    }

    private static func beginsWithDrive(_ input: ArraySlice<UInt8>) -> Bool {
        guard isDrive(input.prefix(2), onlyColon: false) else { return false }
        guard let next = input.dropFirst(2).first else { return true }
        return WebAddress.isSlash(next) || next == UInt8(ascii: "?") || next == UInt8(ascii: "#")
    }

    // MARK: Path, query, fragment

    private func isSeparator(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "/") || (isSpecial && byte == UInt8(ascii: "\\"))
    }

    /// Without the last segment; a drive letter stays.
    private func shortened(_ segments: [String]) -> [String] {
        if scheme == "file", segments.count == 1, Self.isDrive(Array(segments[0].utf8)[...], onlyColon: true) {
            return segments
        }
        return segments.dropLast()
    }

    /// Takes path, query and fragment from `input`, which begins where the path does.
    private mutating func setPath(_ input: ArraySlice<UInt8>, after prefix: [String]) {
        let end = input.firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") } ?? input.endIndex
        var rest = input[..<end]
        var segments = prefix
        if !rest.isEmpty || isSpecial {
            if let first = rest.first, isSeparator(first) { rest = rest.dropFirst() }
            let pieces = rest.split(maxSplits: Int.max, omittingEmptySubsequences: false, whereSeparator: isSeparator)
            for (index, piece) in pieces.enumerated() {
                let isLast = index == pieces.count - 1
                switch WebAddress.dots(piece) {
                case 1: if isLast { segments.append("") }
                case 2:
                    segments = shortened(segments)
                    if isLast { segments.append("") }
                default: segments.append(segment(piece, isFirst: segments.isEmpty))
                }
            }
        }
        path = .segments(segments)
        setTail(input[end...])
    }

    private func segment(_ piece: ArraySlice<UInt8>, isFirst: Bool) -> String {
        if scheme == "file", isFirst, Self.isDrive(piece, onlyColon: false) {
            return String(decoding: [piece[piece.startIndex], UInt8(ascii: ":")], as: UTF8.self)
        }
        return PercentCoding.encode(piece, .path)
    }

    private mutating func setOpaquePath(_ input: ArraySlice<UInt8>) {
        let end = input.firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") } ?? input.endIndex
        var text = PercentCoding.encode(input[..<end], .control)
        // A blank at the end would be lost if what follows were taken away.
        if end < input.endIndex, text.utf8.last == 0x20 { text = String(text.dropLast()) + "%20" }
        path = .opaque(text)
        setTail(input[end...])
    }

    /// Takes query and fragment from `input`, which is empty or begins with "?" or "#".
    private mutating func setTail(_ input: ArraySlice<UInt8>) {
        var rest = input
        if rest.first == UInt8(ascii: "?") {
            let end = rest.firstIndex(of: UInt8(ascii: "#")) ?? rest.endIndex
            query = PercentCoding.encode(rest[(rest.startIndex + 1)..<end], isSpecial ? .query : .otherQuery)
            rest = rest[end...]
        }
        if rest.first == UInt8(ascii: "#") { fragment = PercentCoding.encode(rest.dropFirst(), .fragment) }
    }
}
