/// Lists of feeds as feed readers exchange them (OPML 2.0): every outline with an `xmlUrl`, however deep.
package enum OPML {
    package struct Feed: Equatable, Sendable {
        package var url: String
        package var title: String?
        /// Coranto's own attribute `interval`, such as "1s".
        package var interval: String?
    }

    /// Broken XML gives what could be read. A feed named twice counts once.
    package static func feeds(in bytes: [UInt8]) -> [Feed] {
        var reader = XMLPullReader(Charset.decode(bytes[...], declared: []).bytes[...])
        var feeds: [Feed] = []
        var seen: Set<String> = []
        while let event = reader.next() {
            guard case .start(_, let name, let attributes) = event, name.lowercased() == "outline" else { continue }
            func value(_ wanted: String) -> String? {
                attributes.first { $0.name.lowercased() == wanted }?.value
            }
            guard let url = value("xmlurl"), !url.isEmpty, seen.insert(url).inserted else { continue }
            feeds.append(Feed(url: url, title: value("title") ?? value("text"), interval: value("interval")))
        }
        return feeds
    }
}
