/// Query parameters that say who sent the reader, and never what is shown.
///
/// The names are part of the key rules: `CanonicalURL.rulesVersion` counts their changes.
enum TrackingParameters {
    /// - Parameter parameter: "name" or "name=value"; the name's case makes no difference.
    static func isTracking(_ parameter: Substring) -> Bool {
        let name = name(of: parameter)
        return names.contains(name) || prefixes.contains { name.hasPrefix($0) }
    }

    /// The parameter's name in small letters, its escapes undone.
    static func name(of parameter: Substring) -> String {
        let raw = parameter.utf8.prefix { $0 != UInt8(ascii: "=") }
        return String(decoding: PercentCoding.decode(raw).map(ASCII.lowercased), as: UTF8.self)
    }

    private static let prefixes = [
        "utm_", "mtm_", "matomo_", "pk_", "piwik_", "hsa_", "__hs", "bsft_", "elq", "ga_", "gad_", "oly_", "vero_",
        "wt.",
        "aftr_", "stm_", "itm_", "trk_",
    ]

    /// Lower case.
    private static let names: Set<String> = [
        "_bhlid", "_branch_match_id", "_branch_referrer", "_ga", "_gl", "_hsenc", "_hsmi", "_ke", "_kx", "_openstat",
        "aff_id", "at_campaign", "at_custom1", "at_custom2", "at_custom3", "at_custom4", "at_link_id", "at_link_origin",
        "at_link_type", "at_medium", "awc", "ck_subscriber_id", "clickid", "cmpid", "cvid", "dclid", "dm_i", "dm_t",
        "ef_id", "epik", "fb_action_ids", "fb_action_types", "fb_ref", "fb_source", "fbclid", "ftag", "gbraid", "gclid",
        "gclsrc", "guccounter", "guce_referrer", "guce_referrer_sig", "hsctatracking", "igsh", "igshid", "irclickid",
        "irgwc", "ito", "li_fat_id", "mc_cid", "mc_eid", "mc_tc", "mkt_tok", "mkwid", "ml_subscriber",
        "ml_subscriber_hash", "msclkid", "ncid", "ns_campaign", "ns_fee", "ns_linkname", "ns_mchannel", "ns_source",
        "ocid", "pcrid", "rb_clickid", "s_cid", "s_kwcid", "sc_campaign", "sc_channel", "sc_content", "sc_country",
        "sc_geo", "sc_medium", "sc_outcome", "smid", "smtyp", "sms_click", "sms_ss", "spm", "sr_share", "srsltid",
        "ss_email_id", "taid", "tblci", "trk", "ttclid", "twclid", "twterm", "wbraid", "wickedid", "wprss", "wt_mc",
        "wt_zmc", "xtor", "yclid", "ysclid", "zanpid",
    ]

    /// Where the parameters name the page that linked here. They may mean more, so keys keep them; copies do not.
    static func isReferrer(_ name: String) -> Bool { referrers.contains(name) }

    private static let referrers: Set<String> = [
        "cmp", "eref", "feedname", "feedtype", "icid", "oref", "outputtype", "partner", "ref", "ref_src", "ref_url",
        "refer",
        "referer", "referrer", "rss", "source", "src", "sessionid", "phpsessid", "jsessionid",
    ]
}
