import News

/// Addresses of any scheme in bytes, resolved as RFC 3986 says and otherwise left as they were written.
///
/// `WebAddress` rewrites an address as browsers do, which is what keys need; what a feed shows keeps its spelling.
enum URIReference {
    /// Resolves a reference against a base; without a base it stays as it is.
    static func join(_ base: [UInt8], _ reference: [UInt8]) -> [UInt8] {
        if isWhole(reference) { return reference }
        let reference = withoutSlashes(reference)
        guard !base.isEmpty, !reference.isEmpty else { return reference.isEmpty ? base : reference }
        guard base.count <= Limits.urlBytes, reference.count <= Limits.urlBytes else { return reference }
        let parts = Parts(reference[...])
        let root = Parts(base[...])
        if let scheme = parts.scheme, scheme != root.scheme || !isHierarchical(scheme) { return reference }
        guard let scheme = root.scheme, isHierarchical(scheme) else { return reference }
        var joined = root
        joined.fragment = parts.fragment
        if parts.authority != nil {
            joined = parts
            joined.scheme = root.scheme
        } else if parts.path.isEmpty {
            if parts.query != nil { joined.query = parts.query }
        } else {
            joined.query = parts.query
            joined.path = merged(root, parts.path)[...]
        }
        return joined.written
    }

    /// Whether it is an http(s) address with a host, as most are: nothing is to be resolved then.
    static func isWhole(_ address: [UInt8]) -> Bool { ByteSpan.of(address) { isWhole($0) } }

    static func isWhole(_ address: ByteSpan) -> Bool {
        guard address.count > 8, address.starts(with: "http") else { return false }
        let start = address.startIndex
        let colon = start + (address[start + 4] == UInt8(ascii: "s") ? 5 : 4)
        return ByteSearch.matches("://", in: address, at: colon) && address[colon + 3] != UInt8(ascii: "/")
            && address[address.endIndex - 1] > 0x20
    }

    /// The address if its scheme is one that can be followed without harm, else nothing.
    ///
    /// - Returns: empty for "javascript:", "data:" and the like.
    static func safe(_ address: [UInt8]) -> [UInt8] {
        let trimmed = address.drop { $0 <= 0x20 }
        guard let colon = trimmed.firstIndex(where: { !isSchemeByte($0) }) else { return address }
        guard trimmed[colon] == UInt8(ascii: ":") else {
            // A colon further on, after what no scheme can have, is hidden with a purpose or belongs to a path.
            let head = trimmed.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
            return head.contains(UInt8(ascii: ":")) ? [] : address
        }
        return harmless.contains(trimmed[..<colon].map(ASCII.lowercased)) ? address : []
    }

    private static func isSchemeByte(_ byte: UInt8) -> Bool {
        ASCII.isAlphanumeric(byte) || byte == 0x2B || byte == 0x2D || byte == 0x2E
    }

    static func isHierarchical(_ scheme: ArraySlice<UInt8>) -> Bool {
        hierarchical.contains(scheme.map(ASCII.lowercased))
    }

    private static func set(_ words: String) -> Set<[UInt8]> { Set(words.split(separator: " ").map { Array($0.utf8) }) }

    private static let hierarchical = set(
        "http https ftp file gopher nntp imap wais shttp mms prospero rtsp rtspu sftp svn svn+ssh ws wss")
    private static let harmless = set(
        """
        http https ftp ftps file feed gopher mailto tel sms news nntp snews irc irc6 ircs magnet mms rsync rtsp rtspu sftp shttp \
        sip sips svn svn+ssh git ssh telnet wais xmpp webcal geo h323 hdl imap prospero aim callto cvs facetime gtalk \
        itms itpc pcast msnim skype smb ymsg
        """)

    /// "http:///host" is a slip of the pen for "http://host".
    private static func withoutSlashes(_ text: [UInt8]) -> [UInt8] {
        let scheme = text.prefix { isSchemeByte($0) }
        guard scheme.count + 3 < text.count, let first = scheme.first, ASCII.isLetter(first),
            text[scheme.endIndex...].starts(with: ":///".utf8)
        else { return text }
        return Array(text[..<(scheme.endIndex + 3)]) + text[(scheme.endIndex + 3)...].drop { $0 == UInt8(ascii: "/") }
    }

    /// The path of a base with a relative one put in place of its last part, dots resolved.
    private static func merged(_ base: Parts, _ path: ArraySlice<UInt8>) -> [UInt8] {
        var whole: [UInt8]
        if path.first == UInt8(ascii: "/") {
            whole = Array(path)
        } else {
            let folder = base.path.lastIndex(of: UInt8(ascii: "/")).map { base.path[...$0] } ?? []
            whole = folder.isEmpty && base.authority != nil ? [UInt8(ascii: "/")] : Array(folder)
            whole += path
        }
        var out: [UInt8] = []
        var segments: [ArraySlice<UInt8>] = []
        let isRooted = whole.first == UInt8(ascii: "/")
        let parts = whole[(isRooted ? 1 : 0)...].split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        for (place, segment) in parts.enumerated() {
            let isLast = place == parts.count - 1
            if segment.elementsEqual("..".utf8) {
                if !segments.isEmpty { segments.removeLast() }
                if isLast { segments.append([]) }
            } else if segment.elementsEqual(".".utf8) {
                if isLast { segments.append([]) }
            } else {
                segments.append(segment)
            }
        }
        for (place, segment) in segments.enumerated() {
            if place > 0 || isRooted { out.append(UInt8(ascii: "/")) }
            out += segment
        }
        return out
    }

    /// The five parts of an address.
    private struct Parts {
        var scheme: ArraySlice<UInt8>?
        var authority: ArraySlice<UInt8>?
        var path: ArraySlice<UInt8>
        var query: ArraySlice<UInt8>?
        var fragment: ArraySlice<UInt8>?

        init(_ text: ArraySlice<UInt8>) {
            var rest = text
            let name = rest.prefix { isSchemeByte($0) }
            if let first = name.first, ASCII.isLetter(first), name.endIndex < rest.endIndex,
                rest[name.endIndex] == UInt8(ascii: ":")
            {
                scheme = name
                rest = rest[(name.endIndex + 1)...]
            }
            if rest.starts(with: "//".utf8) {
                let tail = rest.dropFirst(2)
                let end = tail.firstIndex { "/?#".utf8.contains($0) } ?? tail.endIndex
                authority = tail[..<end]
                rest = tail[end...]
            }
            if let hash = rest.firstIndex(of: UInt8(ascii: "#")) {
                fragment = rest[(hash + 1)...]
                rest = rest[..<hash]
            }
            if let mark = rest.firstIndex(of: UInt8(ascii: "?")) {
                query = rest[(mark + 1)...]
                rest = rest[..<mark]
            }
            path = rest
        }

        var written: [UInt8] {
            var out: [UInt8] = []
            if let scheme { out += scheme + [UInt8(ascii: ":")] }
            if let authority { out += [UInt8(ascii: "/"), UInt8(ascii: "/")] + authority }
            out += path
            if let query, !query.isEmpty { out += [UInt8(ascii: "?")] + query }
            if let fragment, !fragment.isEmpty { out += [UInt8(ascii: "#")] + fragment }
            return out
        }
    }
}
