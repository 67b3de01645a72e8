import News

/// Suite urls. Operations that the product has no use for are answered with null.
enum URLQuestions {
    static func answer(_ question: Question) -> Answer? {
        let text = question.text(0)
        return switch question.op {
        case "url_wpt_parse", "url_crawler_commons_resolve":
            Answer(resolved(text, base: question.text(1)))
        case "url_miniflux_strip_tracking":
            Answer(
                CleanURL.withoutTracking(
                    text, outbound: [question.option("site_url"), question.option("feed_url")].compactMap(\.self)))
        case "url_mediacloud_normalize_for_dedup": Answer(CopyURL.plain(text))
        case "url_mediacloud_canonical_domain": Answer(SourceDomain.of(text))
        case "url_mediacloud_is_homepage_url": .flag(AddressKind.isHomePage(text))
        case "url_mediacloud_is_shortened_url": .flag(AddressKind.isShortened(text))
        case "url_courlan_is_navigation_page": .flag(AddressKind.isNavigation(text))
        case "url_courlan_extract_domain": Answer(WebAddress(text).flatMap { RegistrableDomain.of($0.host) })
        case "url_courlan_fix_relative_urls":
            Answer(WebAddress(question.text(1), base: WebAddress(text))?.href)
        case "url_courlan_is_external": .flag(isExternal(text, question.text(1)))
        default: nil
        }
    }

    /// By the parser that the product takes for http(s), and by the other for what that one does not know.
    private static func resolved(_ text: String, base: String) -> String? {
        WebAddress(text, base: WebAddress(base))?.href ?? AnyAddress(text, base: AnyAddress(base))?.href
    }

    private static func isExternal(_ one: String, _ other: String) -> Bool {
        guard let one = WebAddress(one), let other = WebAddress(other) else { return true }
        return RegistrableDomain.orHost(one.host) != RegistrableDomain.orHost(other.host)
    }
}
