import ByteCoding
import Extraction
import Fetching
import News

#if canImport(Glibc)
    import Glibc
#endif

/// A bounded run of damaged inputs through one parser: the same for the same seed.
struct MutationRun {
    private let target: Target
    private var count = 1_000_000
    private var seed: UInt64 = 1

    /// An input that takes longer is a failure.
    private static let limit = Duration.seconds(1)

    init?(_ words: ArraySlice<String>) {
        guard let name = words.first, let target = Target(rawValue: name) else { return nil }
        self.target = target
        var rest = words.dropFirst()
        while let option = rest.popFirst() {
            guard let value = rest.popFirst() else { return nil }
            switch option {
            case "--count":
                guard let number = Int(value), number > 0 else { return nil }
                count = number
            case "--seed":
                guard let number = UInt64(value) else { return nil }
                seed = number
            default: return nil
            }
        }
    }

    /// Processor time of this thread: others on the machine make no input slow.
    private static func threadTime() -> Duration {
        var time = timespec()
        // Safe: writes into `time` only.
        guard unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0 else {
            preconditionFailure("no processor clock")
        }
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    /// - Returns: false if an input took too long. A crash tells itself.
    func run() -> Bool {
        var random = SplitMix64(seed: seed)
        var slowest = Duration.zero
        var acceptedCount = 0
        let start = Self.threadTime()
        for index in 0..<count {
            let bytes = target.input(using: &random)
            let before = Self.threadTime()
            acceptedCount += target.accepts(bytes) ? 1 : 0
            let time = Self.threadTime() - before
            slowest = max(slowest, time)
            if time > Self.limit { print("\(target.rawValue): input \(index) of seed \(seed) took \(time)") }
        }
        let total = Self.threadTime() - start
        print(
            "\(target.rawValue): \(count) inputs of seed \(seed), \(acceptedCount) taken, slowest \(slowest), in \(total)"
        )
        return slowest <= Self.limit
    }
}

extension MutationRun {
    /// What is parsed.
    enum Target: String {
        case date, url, robots, feed, opml

        func accepts(_ bytes: [UInt8]) -> Bool {
            let text = String(decoding: bytes, as: UTF8.self)
            switch self {
            case .date:
                let found = DateText.all(in: text, from: "text")
                return DateText.parse(text, from: "feed") != nil || !found.isEmpty
            case .url:
                _ = CopyURL.variantFree(text)
                _ = CleanURL.withoutTracking(text)
                _ = AddressKind.isNavigation(text) || AddressKind.isHomePage(text) || AddressKind.isShortened(text)
                _ = SourceDomain.of(text)
                _ = WebAddress(text, base: WebAddress("https://news.example/a/b?c"))
                for base in ["file:///c:/a/b", "sc://host/a/../b?c", "mailto:a"] {
                    // What is parsed must be read again as it is written.
                    guard let address = AnyAddress(text, base: AnyAddress(base)) else { continue }
                    precondition(AnyAddress(address.href)?.href == address.href, "\(text.debugDescription) on \(base)")
                }
                return CanonicalURL.canonicalise(text) != nil
            case .feed: return FeedSamples.isFeed(bytes)
            case .opml: return !OPML.feeds(in: bytes).isEmpty
            case .robots:
                let file = RobotsFile(parsing: bytes)
                return file.rules(for: "coranto").allows(url: "https://news.example/a/b.html?c=d")
            }
        }

        /// A seed text with some changes; one in a thousand is repeated until it is large.
        func input(using random: inout SplitMix64) -> [UInt8] {
            var bytes = Array(seeds[Int.random(in: 0..<seeds.count, using: &random)].utf8)
            for _ in 0...Int.random(in: 0..<6, using: &random) { Self.damage(&bytes, using: &random) }
            guard Int.random(in: 0..<1000, using: &random) == 0, !bytes.isEmpty else { return bytes }
            let unit = bytes
            while bytes.count < 65_536 { bytes += unit }
            return bytes
        }

        private static func damage(_ bytes: inout [UInt8], using random: inout SplitMix64) {
            guard !bytes.isEmpty else { return }
            let place = Int.random(in: 0..<bytes.count, using: &random)
            let other = Int.random(in: place..<bytes.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 2: bytes.removeSubrange(place..<min(other, place + 8))
            case 3: bytes.insert(contentsOf: bytes[place..<min(other, place + 24)], at: place)
            case 4:
                bytes.insert(
                    contentsOf: Array("0123456789:/-+.%@[]#*$ ".utf8).shuffled(using: &random).prefix(2), at: place)
            default: bytes.removeLast(min(bytes.count - place, 12))
            }
        }

        private var seeds: [String] {
            switch self {
            case .date:
                [
                    "Thu, 21 Jan 2016 18:14:05 +0900 (KST)", "2016-01-20T18:14:05.123+09:00", "2016-W03-4",
                    "20160120T1814Z",
                    "2004년 05월 28일 오후 01:31:15", "2021年3月3日星期三 下午4:15",
                    "By A. B. | Updated: March 3, 2021, 4:15 p.m. ET",
                    "le 3 mars 2021 à 16h15", "۱۲ مرداد ۱۴۰۰", "ngày 3 tháng 3 năm 2021 (GMT+7)", "1453313645",
                    "03/03/21 16.15 Europe/Paris", "令和3年3月3日",
                ]
            case .url:
                [
                    "https://user:pw@Bücher.example:8080/a/%2e/b;c?d=%zz&utm_x#f", "http://[2001:db8::1.2.3.4]:80/",
                    "http://0x7f.0.1/..", "//news.example/../a?ref=b", "https://bu\u{308}cher.example/?outputType=amp",
                    "https://www-news-example.cache.example/c/s/www.news.example/a/amp",
                    "https://news.example/en/page/2/",
                    "file://host/C|/a/../b", "sc:/a/./b//..?q#f", "non:opaque  ?x#y", "../x/..//y",
                ]
            case .feed: FeedSamples.texts
            case .opml:
                [
                    "<opml version='2.0'><body><outline text='A &amp; B'><outline title='C' xmlUrl='http://c/?d&amp;e'/></outline>"
                ]
            case .robots:
                [
                    "\u{FEFF}User-agent: coranto\r\nAllow: /a/*b$\nDisallow: /%c3\nCrawl-delay: 1.5\nSitemap: https://x/\n",
                    "user-agent *\rdisallow /a*a*a*a*a*b\rallow: /index.html\r",
                ]
            }
        }
    }
}
