import ByteCoding
import Fetching
import Foundation
import News
import Testing

@testable import FetchIO

@Suite("Poll state")
struct PollStateTests {
    private func withFile(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "coranto-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
        try body(folder.appending(path: "poll.sqlite").path)
    }

    private func seen(_ key: UInt64, _ content: String, _ time: Int64) -> SeenEntry {
        SeenEntry(
            key: ArticleKey(high: 1, low: key), contentHash: SHA256.hash(of: content.utf8),
            firstSeen: Timestamp(milliseconds: time))
    }

    @Test("what was saved is there after the file was closed and opened again")
    func reopening() throws {
        try withFile { path in
            var state = FeedState(url: "http://a/", intervalMilliseconds: 5000)
            state.movedTo = "http://b/"
            state.etag = "\"e\""
            state.lastModified = "Mon"
            state.lastAttempt = Timestamp(milliseconds: -5)
            state.lastSuccess = Timestamp(milliseconds: 7)
            state.failureCount = 2
            state.unchangedCount = 3
            state.isGone = true
            state.lastFull = Timestamp(milliseconds: 8)
            state.lastNews = Timestamp(milliseconds: 6)
            state.lastError = "status 500"
            state.hasWrongValidators = true
            state.newsGapMilliseconds = 77
            let first = try PollState(path: path)
            try first.save(state, seen: [seen(1, "x", 10), seen(2, "y", 20)])
            try first.save(state, seen: [seen(2, "z", 30)])
            try first.close()

            let second = try PollState(path: path)
            #expect(try second.feeds() == [state])
            #expect(try second.feed("http://a/") == state)
            #expect(try second.feed("http://other/") == nil)
            let known = try second.known([1, 2, 3].map { ArticleKey(high: 1, low: $0) }, of: "http://a/")
            #expect(known.values.sorted { $0.key < $1.key } == [seen(1, "x", 10), seen(2, "z", 30)])
            #expect(try second.known([ArticleKey(high: 1, low: 1)], of: "http://other/").isEmpty)
            try second.forget("http://a/")
            #expect(try second.feeds().isEmpty)
            #expect(try second.known([ArticleKey(high: 1, low: 1)], of: "http://a/").isEmpty)
            try second.close()
        }
    }

    @Test("what is known of robots.txt is there after the file was closed and opened again")
    func robots() throws {
        try withFile { path in
            var known = RobotsState(origin: "https://a.example", lastAttempt: Timestamp(milliseconds: 5))
            known.lastAnswer = Timestamp(milliseconds: 6)
            known.text = Array("User-agent: *".utf8)
            known.failureCount = 2
            known.failingSince = Timestamp(milliseconds: 7)
            let other = RobotsState(origin: "https://b.example", lastAttempt: Timestamp(milliseconds: 1))
            let first = try PollState(path: path)
            try first.save(RobotsState(origin: known.origin, lastAttempt: Timestamp(milliseconds: 1)))
            for state in [known, other] { try first.save(state) }
            try first.close()
            let second = try PollState(path: path)
            #expect(try second.web(now: Timestamp(milliseconds: 50)).robots == [known, other])
            try second.close()
        }
    }

    @Test("holds are there until they are over")
    func holds() throws {
        try withFile { path in
            let state = try PollState(path: path)
            for (site, until) in [("a.example", 10), ("b.example", 20), ("a.example", 30)] as [(String, Int64)] {
                try state.save(SiteHold(site: site, until: Timestamp(milliseconds: until)))
            }
            #expect(
                try state.web(now: Timestamp(milliseconds: 20)).holds == [
                    SiteHold(site: "a.example", until: Timestamp(milliseconds: 30))
                ])
            try state.close()
        }
    }

    @Test("an attempt is recorded alone, and nothing else of the feed changes")
    func attempts() throws {
        try withFile { path in
            let state = try PollState(path: path)
            try state.saveAttempt("http://a/", at: Timestamp(milliseconds: 1))
            var feed = try #require(try state.feed("http://a/"))
            #expect(feed.lastAttempt == Timestamp(milliseconds: 1))
            feed.etag = "e"
            try state.save(feed, seen: [])
            try state.saveAttempt("http://a/", at: Timestamp(milliseconds: 2))
            #expect(try state.feed("http://a/")?.etag == "e")
            #expect(try state.feed("http://a/")?.lastAttempt == Timestamp(milliseconds: 2))
            try state.close()
        }
    }

    @Test("what is saved together is read back inside, is durable after, and is none of it there if something failed")
    func together() throws {
        struct Stop: Error {}
        try withFile { path in
            let state = try PollState(path: path)
            let other = try PollState(path: path)
            try state.together {
                try state.saveAttempt("http://a/", at: Timestamp(milliseconds: 1))
                try state.save(
                    FeedState(url: "http://b/", intervalMilliseconds: 5), seen: [seen(1, "x", 2), seen(2, "y", 2)])
                #expect(try state.known([ArticleKey(high: 1, low: 1)], of: "http://b/").count == 1)
                #expect(try state.feeds().count == 2)
                #expect(try other.feeds().isEmpty)
            }
            #expect(try other.feeds().map(\.url) == ["http://a/", "http://b/"])
            #expect(throws: Stop.self) {
                try state.together {
                    try state.saveAttempt("http://c/", at: Timestamp(milliseconds: 3))
                    try state.forget("http://a/")
                    throw Stop()
                }
            }
            #expect(try state.feeds().map(\.url) == ["http://a/", "http://b/"])
            try state.saveAttempt("http://d/", at: Timestamp(milliseconds: 4))
            #expect(try other.feeds().count == 3)
            try state.close()
            try other.close()
        }
    }

    @Test("a file that is no database is an error")
    func damaged() throws {
        try withFile { path in
            try Data(repeating: 0x41, count: 5000).write(to: URL(filePath: path))
            #expect(throws: PollState.Failure.self) { try PollState(path: path) }
        }
    }

    @Test("a share that is handed over takes its feeds, robots.txt and pauses with it, and nothing else")
    func handingOver() throws {
        try withFile { path in
            let urls = ["https://a.example/f", "https://www.a.example/g", "https://b.example/f"]
            let share = FeedShare(ofFeed: urls[0])
            #expect(FeedShare(ofFeed: urls[1]) == share, "one site, one share")
            try #require(FeedShare(ofFeed: urls[2]) != share)
            let first = try PollState(path: path)
            for (number, url) in urls.enumerated() {
                var state = FeedState(url: url, intervalMilliseconds: 5000)
                state.etag = "\(number)"
                try first.save(state, seen: [seen(UInt64(number), "x", 10)])
            }
            for origin in ["https://a.example", "https://b.example"] {
                var robots = RobotsState(origin: origin, lastAttempt: Timestamp(milliseconds: 5))
                robots.text = Array("User-agent: *".utf8)
                try first.save(robots)
            }
            for site in ["a.example", "b.example"] {
                try first.save(SiteHold(site: site, until: Timestamp(milliseconds: 1_000_000)))
            }
            let epoch = ShardEpoch(term: Term(.max), counter: 8)
            try first.save(share, epoch)
            #expect(try first.shares() == [share: epoch])

            let second = try PollState(path: path + "2")
            try second.save(
                FeedState(url: urls[0], intervalMilliseconds: 1), seen: [seen(0, "old", 1), seen(9, "old", 1)])
            var web = WebMemory()
            try second.together { web = try second.absorb(try first.export(share), share) }
            #expect(web.robots.map(\.origin) == ["https://a.example"] && web.holds.map(\.site) == ["a.example"])
            #expect(try second.feeds().map(\.url) == [urls[0], urls[1]])
            #expect(try second.feed(urls[0])?.etag == "0")
            let known = try second.known([0, 9].map { ArticleKey(high: 1, low: $0) }, of: urls[0])
            #expect(known.values.map { $0 } == [seen(0, "x", 10)], "what the other said counts")
            #expect(try second.web(now: Timestamp(milliseconds: 0)).robots.map(\.origin) == ["https://a.example"])
            var damaged = try first.export(share)
            damaged[damaged.count / 2] ^= 1
            for bad in [[], [1, 2, 3], [UInt8](repeating: 7, count: 5000), damaged] {
                #expect(throws: PollState.Failure.self) { try second.absorb(bad, share) }
            }
            #expect(try second.feeds().count == 2)
            try first.close()
            try second.close()
        }
    }
}
