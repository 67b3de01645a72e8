package import Extraction
package import FetchIO
import Fetching
import HostIO
package import News

/// Asks for a feed as a fetcher would, robots.txt first and then again with its validators, and says what it found.
///
/// It waits a second between two requests, and follows as many redirects as a fetcher does.
package struct FeedDoctor: Sendable {
    private let client: CurlClient
    private let pause: Duration

    package init(_ client: CurlClient, pause: Duration = .seconds(1)) {
        self.client = client
        self.pause = pause
    }

    /// - Parameter url: an http(s) address.
    package func examine(_ url: WebAddress) async throws -> FeedFindings {
        var findings = FeedFindings()
        guard try await mayBeAsked(url, &findings) else { return findings }
        guard let response = try await follow(url, &findings) else { return findings }
        let now = SystemClock().wall()
        guard response.status == 200 else {
            findings.takeFailure(response, now: now)
            return findings
        }
        do throws(FeedError) {
            let feed = try FeedParser.parse(response.body, url: response.url, charset: response.charset)
            findings.take(feed, response, now: now)
        } catch {
            findings.takePage(response, error)
            return findings
        }
        try await Task.sleep(for: pause)
        findings.takeValidators(of: response, second: try await again(response))
        return findings
    }

    /// The feeds of a site: the address itself if it is one, those that its page names, and the sitemaps of its robots.txt.
    ///
    /// - Returns: what was found, best first, and what was odd or wrong on the way.
    package func discover(_ url: WebAddress) async throws -> (feeds: [FeedDiscovery.Found], findings: FeedFindings) {
        var findings = FeedFindings()
        guard try await mayBeAsked(url, &findings) else { return ([], findings) }
        guard let response = try await follow(url, &findings) else { return ([], findings) }
        guard response.status == 200 else {
            findings.takeFailure(response, now: SystemClock().wall())
            return ([], findings)
        }
        let sitemaps = findings.sitemaps.map { FeedDiscovery.Found(url: $0, type: "sitemap") }
        if let feed = try? FeedParser.parse(response.body, url: response.url, charset: response.charset) {
            return ([FeedDiscovery.Found(url: response.url, title: feed.title)], findings)
        }
        let address = WebAddress(response.url) ?? url
        let named = FeedDiscovery.feeds(
            in: response.body[...], url: address, contentType: response.header("content-type"))
        return (named.filter { !$0.isOfComments } + sitemaps + named.filter(\.isOfComments), findings)
    }

    private func mayBeAsked(_ url: WebAddress, _ findings: inout FeedFindings) async throws -> Bool {
        let origin = url.origin
        var target = origin + "/robots.txt"
        var hops = 0
        while true {
            let answer: HTTPResponse
            do throws(HTTPError) { answer = try await client.fetch(HTTPRequest(url: target)) } catch {
                findings.takeNoRobots(of: origin, why: "\(error)")
                return false
            }
            try await Task.sleep(for: pause)
            guard (300..<400).contains(answer.status), hops < FetchScheduler.hopLimitCount,
                let next = answer.header("location").flatMap({ WebAddress($0, base: WebAddress(target)) })
            else {
                findings.takeRobots(status: answer.status, body: answer.body, address: url.href, origin: origin)
                return !findings.hasProblem
            }
            hops += 1
            target = next.href
        }
    }

    /// - Returns: nil if it led nowhere, which is told.
    private func follow(_ url: WebAddress, _ findings: inout FeedFindings) async throws -> HTTPResponse? {
        var address = url
        for _ in 0...FetchScheduler.hopLimitCount {
            let response: HTTPResponse
            do throws(HTTPError) { response = try await client.fetch(HTTPRequest(url: address.href)) } catch {
                findings.add(.problem, "\(error)")
                return nil
            }
            guard [301, 302, 303, 307, 308].contains(response.status) else { return response }
            guard let next = response.header("location").flatMap({ WebAddress($0, base: address) }) else {
                findings.add(.problem, "status \(response.status) without a target that can be asked")
                return nil
            }
            findings.takeRedirect(status: response.status, from: address.href, to: next.href)
            address = next
            try await Task.sleep(for: pause)
        }
        findings.add(.problem, "more than \(FetchScheduler.hopLimitCount) redirects")
        return nil
    }

    private func again(_ first: HTTPResponse) async throws -> HTTPResponse? {
        var request = HTTPRequest(url: first.url)
        if let etag = first.header("etag") { request.headers.append(("If-None-Match", etag)) }
        if let date = first.header("last-modified") { request.headers.append(("If-Modified-Since", date)) }
        guard !request.headers.isEmpty else { return nil }
        do throws(HTTPError) { return try await client.fetch(request) } catch { return nil }
    }
}
