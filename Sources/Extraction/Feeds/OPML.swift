import News

/// Lists of feeds as feed readers exchange them (OPML 2.0): every outline with an `xmlUrl`, however deep.
package enum OPML {
    package struct Feed: Equatable, Sendable {
        package var url: String
        package var title: String?
        /// Coranto's own attribute `interval`, such as "1s".
        package var interval: String?
        /// Coranto's own attribute `pages`: "true" if the pages that its entries lead to are fetched, too.
        package var wantsPages: Bool
        /// Names of the outlines around it, outermost first.
        package var folders: [String]

        package init(
            url: String, title: String? = nil, interval: String? = nil, wantsPages: Bool = false, folders: [String] = []
        ) {
            self.url = url
            self.title = title
            self.interval = interval
            self.wantsPages = wantsPages
            self.folders = folders
        }
    }

    static let maxFeeds = 1_000_000

    /// Broken XML gives what could be read. A feed named twice counts once.
    package static func feeds(in bytes: [UInt8]) -> [Feed] {
        ByteSpan.of(FeedEncoding.decode(bytes[...], FeedResponse()).bytes) { feeds(in: $0) }
    }

    private static func feeds(in bytes: ByteSpan) -> [Feed] {
        var reader = XMLReader(bytes)
        var feeds: [Feed] = []
        var seen: Set<String> = []
        // Names of the outlines that are open, by depth.
        var open: [(depth: Int, name: String?)] = []
        loop: while feeds.count < maxFeeds {
            switch reader.next() {
            case .over: break loop
            case .text: continue
            case .end:
                while let last = open.last, last.depth >= reader.depth { open.removeLast() }
            case .start:
                guard reader.word == .outline else { continue }
                func value(_ word: FeedWord) -> String? {
                    reader.attribute(word).map { String(decoding: FeedBytes.trimmed(plain($0)), as: UTF8.self) }
                        .flatMap { $0.isEmpty ? nil : $0 }
                }
                let name = value(.title) ?? value(.text)
                if let url = value(.xmlurl), seen.insert(url).inserted {
                    feeds.append(
                        Feed(
                            url: url, title: name, interval: value(.interval), wantsPages: value(.pages) == "true",
                            folders: open.compactMap(\.name)))
                }
                open.append((reader.depth, name))
            }
        }
        return feeds
    }

    /// Control characters that XML does not have are blanks.
    private static func plain(_ text: [UInt8]) -> [UInt8] {
        text.map { $0 < 0x20 && !ASCII.isBlank($0) || $0 == 0x0C ? 0x20 : $0 }
    }

    /// A document that `feeds(in:)` reads back: feeds in their folders, in the order in which those first come.
    package static func document(title: String, _ feeds: [Feed]) -> [UInt8] {
        var out = Array(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<opml version=\"2.0\">\n<head>\n  <title>".utf8)
        escape(title, to: &out)
        out += Array("</title>\n</head>\n<body>\n".utf8)
        write(feeds[...], depth: 0, to: &out)
        out += Array("</body>\n</opml>\n".utf8)
        return out
    }

    private static let maxFolderDepth = 64

    private static func write(_ feeds: ArraySlice<Feed>, depth: Int, to out: inout [UInt8]) {
        var inner: [String: [Feed]] = [:]
        var order: [String] = []
        let indent = String(repeating: "  ", count: depth + 1)
        for feed in feeds {
            guard depth < min(feed.folders.count, maxFolderDepth) else {
                write(feed, indent, to: &out)
                continue
            }
            let folder = feed.folders[depth]
            if inner[folder] == nil { order.append(folder) }
            inner[folder, default: []].append(feed)
        }
        for folder in order {
            out += Array("\(indent)<outline text=\"".utf8)
            escape(folder, to: &out)
            out += Array("\">\n".utf8)
            write(inner[folder, default: []][...], depth: depth + 1, to: &out)
            out += Array("\(indent)</outline>\n".utf8)
        }
    }

    private static func write(_ feed: Feed, _ indent: String, to out: inout [UInt8]) {
        out += Array("\(indent)<outline type=\"rss\" text=\"".utf8)
        escape(feed.title ?? feed.url, to: &out)
        out += Array("\" xmlUrl=\"".utf8)
        escape(feed.url, to: &out)
        if let interval = feed.interval {
            out += Array("\" interval=\"".utf8)
            escape(interval, to: &out)
        }
        if feed.wantsPages { out += Array("\" pages=\"true".utf8) }
        out += Array("\"/>\n".utf8)
    }

    private static func escape(_ text: String, to out: inout [UInt8]) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): out += Array("&amp;".utf8)
            case UInt8(ascii: "<"): out += Array("&lt;".utf8)
            case UInt8(ascii: ">"): out += Array("&gt;".utf8)
            case UInt8(ascii: "\""): out += Array("&quot;".utf8)
            case 0x0A, 0x0D, 0x09: out += Array("&#\(byte);".utf8)
            // XML has no other control characters.
            case 0..<0x20: out.append(0x20)
            default: out.append(byte)
            }
        }
    }
}
