import News

/// A robots.txt file (RFC 9309), read leniently: misspelt names, missing colons and bytes of any encoding stop nothing.
///
/// Invariants
/// 1. At most `maxBytes` are looked at, and of a line at most `maxLineBytes`; what is kept is smaller than that.
/// 2. Lines that are no part of the standard (Sitemap, Crawl-delay, unknown ones) change nothing about which rules hold.
package struct RobotsFile: Sendable {
    /// RFC 9309, 2.5: at least this much must be read.
    package static let maxBytes = 500 * 1024
    /// Eight times the longest address that browsers of old took (2,083). A longer line is cut.
    static let maxLineBytes = 8 * 2083 - 1

    /// Rules with the agents they are for.
    struct Group: Sendable {
        /// In small letters; "*" is everybody.
        var agents: [[UInt8]]
        var rules: [RobotsRule] = []
    }

    /// What a file holds, for people to look at.
    package struct Report: Equatable, Sendable {
        /// Number of the last line with a name and a value; the first line is 1.
        package var lastLine = 0
        package var knownCount = 0
        package var unknownCount = 0
        package var isCut = false
    }

    private(set) var groups: [Group] = []
    private var delays: [(agents: [[UInt8]], delay: Duration)] = []
    /// Addresses of sitemaps as written, in their order.
    package private(set) var sitemaps: [String] = []
    package private(set) var report = Report()

    package init(parsing bytes: some Sequence<UInt8>) {
        var lines = RobotsLines(bytes, limitBytes: Self.maxBytes)
        var isGroupOpen = false
        while let line = lines.next() { take(line, number: lines.number, isGroupOpen: &isGroupOpen) }
        report.isCut = lines.isCut
    }

    /// A file that closes a host to everybody.
    package static var closed: RobotsFile { RobotsFile(parsing: Array("user-agent: *\ndisallow: /\n".utf8)) }

    /// What an answer means (RFC 9309, 2.3.1): a host without the file is open, one that cannot tell is closed for now.
    ///
    /// - Parameter status: of the last of at most five redirects.
    package static func answer(status: Int, body: some Sequence<UInt8>) -> RobotsFile {
        switch status {
        case 200...299: RobotsFile(parsing: body)
        case 300...499 where status != 429: RobotsFile(parsing: [])
        default: closed
        }
    }

    /// The rules for an agent: those of every group that names it, else those for everybody.
    ///
    /// - Parameter agent: the product token alone, such as "coranto".
    package func rules(for agent: String) -> RobotsRules {
        let token = RobotsAgent.token(Array(agent.utf8)[...])
        // An agent that is no token is named by nobody.
        let name = token.count == agent.utf8.count && !token.isEmpty ? token : nil
        let own = groups.filter { group in name.map(group.agents.contains) ?? false }
        let rules = own.isEmpty ? groups.filter { $0.agents.contains(RobotsAgent.everybody) } : own
        return RobotsRules(rules: rules.flatMap(\.rules), delay: delay(for: name))
    }

    private func delay(for name: [UInt8]?) -> Duration? {
        if let name, let own = delays.last(where: { $0.agents.contains(name) }) { return own.delay }
        return delays.last { $0.agents.contains(RobotsAgent.everybody) }?.delay
    }

    // MARK: Lines

    private mutating func take(_ line: ArraySlice<UInt8>, number: Int, isGroupOpen: inout Bool) {
        guard let (name, value) = RobotsLines.split(line) else { return }
        report.lastLine = number
        guard let name = RobotsName(name) else {
            report.unknownCount += 1
            return
        }
        report.knownCount += name == .crawlDelay ? 0 : 1
        switch name {
        case .userAgent:
            if !isGroupOpen { groups.append(Group(agents: [])) }
            isGroupOpen = true
            groups[groups.count - 1].agents.append(RobotsAgent.name(value))
        case .allow, .disallow:
            isGroupOpen = false
            if !groups.isEmpty { groups[groups.count - 1].rules += RobotsRule.rules(value, isAllowing: name == .allow) }
        case .sitemap: if !value.isEmpty { sitemaps.append(String(decoding: value, as: UTF8.self)) }
        case .crawlDelay:
            if let delay = Self.seconds(value), let agents = groups.last?.agents { delays.append((agents, delay)) }
        }
    }

    /// A number of seconds, also with a fraction; at most a day.
    private static func seconds(_ value: ArraySlice<UInt8>) -> Duration? {
        var milliseconds: Int64 = 0
        var scale: Int64 = 0
        var hasDigits = false
        for byte in value.prefix(16) {
            if byte == UInt8(ascii: "."), scale == 0 {
                scale = 1000
            } else {
                guard ASCII.isDigit(byte) else { return nil }
                hasDigits = true
                let digit = Int64(byte - 0x30)
                if scale == 0 {
                    milliseconds = min(milliseconds * 10 + digit * 1000, 86_400_000)
                } else {
                    scale /= 10
                    milliseconds = min(milliseconds + digit * scale, 86_400_000)
                }
            }
        }
        return hasDigits ? .milliseconds(milliseconds) : nil
    }
}

/// What the lines of the file can say.
enum RobotsName: Equatable {
    case userAgent, allow, disallow, sitemap, crawlDelay

    /// Hyphens, blanks and doubled letters make no difference: "useragent", "site-map", "dissalow".
    init?(_ text: ArraySlice<UInt8>) {
        var letters: [UInt8] = []
        for byte in text.prefix(32) {
            let letter = ASCII.lowercased(byte)
            if letter != UInt8(ascii: "-"), !ASCII.isBlank(letter), letter != letters.last { letters.append(letter) }
        }
        switch String(decoding: letters, as: UTF8.self) {
        case "useragent": self = .userAgent
        case "alow": self = .allow
        case "disalow": self = .disallow
        case "sitemap": self = .sitemap
        case "crawldelay": self = .crawlDelay
        default: return nil
        }
    }
}

/// Names of agents.
enum RobotsAgent {
    static let everybody = Array("*".utf8)

    /// What a line's value names: "*", or the product token that it begins with ("FooBot/2.1" names "foobot").
    static func name(_ value: ArraySlice<UInt8>) -> [UInt8] {
        let rest = value.dropFirst()
        if value.first == UInt8(ascii: "*"), rest.first.map(ASCII.isBlank) ?? true { return everybody }
        return token(value)
    }

    /// Letters, "_" and "-" at the beginning, in small letters.
    static func token(_ text: ArraySlice<UInt8>) -> [UInt8] { text.prefix(while: isTokenByte).map(ASCII.lowercased) }

    static func isTokenByte(_ byte: UInt8) -> Bool {
        ASCII.isLetter(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }
}

extension RobotsFile {
    /// Whether a name can stand for an agent in such files at all.
    package static func isToken(_ agent: String) -> Bool {
        !agent.isEmpty && agent.utf8.allSatisfy(RobotsAgent.isTokenByte)
    }
}
