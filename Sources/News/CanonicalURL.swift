/// The one spelling of an article's address, from which its key is made (docs/identity.md, "Canonical URL").
///
/// The rules have a version, because a change would give every article another key. http and https, and hosts with and
/// without "www.", stay distinct: whether they show the same text is a question for copies (`CopyURL`), not for keys.
package enum CanonicalURL {
    /// Stands in `Settings.keyRulesVersion`. 2: more names of tracking parameters, hosts in NFC.
    package static let rulesVersion: UInt32 = 2

    /// - Returns: nil if `text` is not an absolute http(s) URL with a host, or is over `Limits.urlBytes`.
    package static func canonicalise(_ text: String) -> String? {
        guard var address = WebAddress(text) else { return nil }
        address.username = ""
        address.password = ""
        address.fragment = nil
        address.path = PercentCoding.normalised(address.path)
        address.query = address.query.flatMap(withoutTracking)
        return address.href
    }

    /// The query without parameters that say who sent the reader, in the order given; nil if nothing is left.
    private static func withoutTracking(_ query: String) -> String? {
        let kept = query.split(separator: "&").filter { !TrackingParameters.isTracking($0) }
        return kept.isEmpty ? nil : PercentCoding.normalised(kept.joined(separator: "&"))
    }
}
