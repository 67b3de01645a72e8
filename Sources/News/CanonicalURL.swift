/// The one spelling of an article's address, from which its key is made (docs/identity.md, "Canonical URL").
///
/// The rules have a version, because a change would give every article another key. http and https, and hosts with and
/// without "www.", stay distinct: whether they show the same text is a question for copies (`CopyURL`), not for keys.
package enum CanonicalURL {
    /// Stands in `Settings.keyRulesVersion`. 2: more names of tracking parameters, hosts in NFC.
    package static let rulesVersion: UInt32 = 2

    /// - Returns: nil if `text` is not an absolute http(s) URL with a host, or is over `Limits.urlBytes`.
    package static func canonicalise(_ text: String) -> String? { isPlain(text) ? text : parsed(text) }

    /// The same, for any address.
    static func parsed(_ text: String) -> String? {
        guard var address = WebAddress(text) else { return nil }
        address.username = ""
        address.password = ""
        address.fragment = nil
        address.path = PercentCoding.normalised(address.path)
        address.query = address.query.flatMap(withoutTracking)
        return address.href
    }

    /// Whether an address is canonical as it stands, as most are: nothing in it could be written otherwise or left out. One look at
    /// each byte, where taking it apart takes a sixth of the time in which an article is read.
    private static func isPlain(_ text: String) -> Bool {
        let utf8 = text.utf8.span
        guard utf8.count <= Limits.urlBytes, let hostStart = startOfHost(utf8) else { return false }
        var at = hostStart
        // A last label that begins with a letter is no number, so the host is a domain.
        var labelStart = at
        while at < utf8.count, utf8[at] != UInt8(ascii: "/") {
            switch utf8[at] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): break
            case UInt8(ascii: "."): labelStart = at + 1
            default: return false
            }
            at += 1
        }
        guard at < utf8.count, labelStart < at, ASCII.isLetter(utf8[labelStart]) else { return false }
        while at < utf8.count {
            switch utf8[at] {
            case UInt8(ascii: "."): if utf8[at - 1] == UInt8(ascii: "/") { return false }
            case UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: "_"): break
            case let byte: if !ASCII.isAlphanumeric(byte) { return false }
            }
            at += 1
        }
        return true
    }

    private static func startOfHost(_ utf8: Span<UInt8>) -> Int? {
        for scheme in ["https://", "http://"] {
            let name = scheme.utf8.span
            var at = 0
            while at < min(name.count, utf8.count), utf8[at] == name[at] { at += 1 }
            if at == name.count { return at }
        }
        return nil
    }

    /// The query without parameters that say who sent the reader, in the order given; nil if nothing is left.
    private static func withoutTracking(_ query: String) -> String? {
        let kept = query.split(separator: "&").filter { !TrackingParameters.isTracking($0) }
        return kept.isEmpty ? nil : PercentCoding.normalised(kept.joined(separator: "&"))
    }
}
