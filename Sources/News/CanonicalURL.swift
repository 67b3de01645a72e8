/// The one spelling of an article's address, from which its key is made (docs/identity.md, "Canonical URL").
///
/// The rules have a version, because a change would give every article another key. http and https, and hosts with and
/// without "www.", stay distinct: whether they show the same text is a question for copies, not for keys.
package enum CanonicalURL {
    /// Stands in `Settings.keyRulesVersion`.
    package static let rulesVersion: UInt32 = 1

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
        let kept = query.split(separator: "&").filter { !isTracking($0.prefix { $0 != "=" }) }
        return kept.isEmpty ? nil : PercentCoding.normalised(kept.joined(separator: "&"))
    }

    private static func isTracking(_ name: Substring) -> Bool {
        let lower = String(decoding: name.utf8.map(ASCII.lowercased), as: UTF8.self)
        return trackingNames.contains(lower) || trackingPrefixes.contains { lower.hasPrefix($0) }
    }

    private static let trackingPrefixes = ["utm_", "mtm_", "pk_", "hsa_"]

    /// Lower case. Never added to within one rules version.
    private static let trackingNames: Set<String> = [
        "_bhlid", "_branch_match_id", "_branch_referrer", "_ga", "_gl", "_hsenc", "_hsmi", "_kx", "_openstat",
        "at_campaign", "at_medium", "ck_subscriber_id", "cvid", "dclid", "epik", "fb_action_ids", "fb_action_types",
        "fb_ref", "fb_source", "fbclid", "ga_campaign", "ga_content", "ga_medium", "ga_place", "ga_source", "ga_term",
        "gbraid", "gclid", "gclsrc", "guccounter", "guce_referrer", "guce_referrer_sig", "hsctatracking", "igsh",
        "igshid",
        "li_fat_id", "mc_cid", "mc_eid", "mkt_tok", "ml_subscriber", "ml_subscriber_hash", "msclkid", "ns_campaign",
        "ns_linkname", "ns_mchannel", "ns_source", "oly_anon_id", "oly_enc_id", "piwik_campaign", "piwik_keyword",
        "piwik_kwd", "rb_clickid", "s_cid", "srsltid", "tblci", "trk_contact", "trk_msg", "trk_sid", "ttclid", "twclid",
        "vero_conv", "vero_id", "wbraid", "wickedid", "wt_mc", "wt_zmc", "xtor", "yclid", "ysclid",
    ]
}
