import News

/// Which address a page gives as its own.
enum CanonicalLink {
    /// - Parameters:
    ///   - candidates: what the page says in its different places, best first.
    ///   - page: where it was fetched from, if that is known; relative addresses are resolved against it.
    /// - Returns: an absolute http(s) address, or nil. A site's front page is nobody's canonical address, unless it is asked
    ///   for itself: templates leave it there.
    static func choose(_ candidates: [String?], page: String?) -> String? {
        let base = page.flatMap { WebAddress($0) }
        for candidate in candidates {
            guard let candidate, let address = WebAddress(TextSpace.trimmed(candidate), base: base) else { continue }
            let isFront = address.path == "/" && (address.query ?? "").isEmpty
            if isFront, let base, base.path != "/" { continue }
            return address.href
        }
        return nil
    }

    static func absolute(_ text: String?, page: String?) -> String? {
        guard let text, let address = WebAddress(TextSpace.trimmed(text), base: page.flatMap { WebAddress($0) }) else {
            return nil
        }
        return address.href
    }
}
