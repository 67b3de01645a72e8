import ByteCoding
import Extraction
import Fetching
import Foundation
import News
import Testing

@testable import FetchIO

/// The feed server of scripts/ as a process, for as long as a test needs it.
private final class FeedServer {
    let port: Int
    private let process = Process()

    init() throws {
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../scripts/feed-server")
            .standardized
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", script.path, "--port", "0"]
        process.standardOutput = output
        try process.run()
        var line: [UInt8] = []
        while line.last != 0x0A, let byte = try output.fileHandleForReading.read(upToCount: 1)?.first {
            line.append(byte)
        }
        let text = String(decoding: line.dropLast(), as: UTF8.self)
        guard let port = text.split(separator: ":").last.flatMap({ Int($0) }) else {
            throw CocoaError(.fileReadUnknown)
        }
        self.port = port
    }

    func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

    func stop() -> Int32 {
        process.terminate()
        process.waitUntilExit()
        return process.terminationStatus
    }
}

@Suite("Fetching from the feed server", .serialized, .timeLimit(.minutes(1)))
struct FeedServerTests {
    /// One poll of one feed, carried out as a driver does.
    private func poll(
        _ actions: [FetchScheduler.Action], _ scheduler: inout FetchScheduler, _ state: PollState, _ client: CurlClient,
        now: Timestamp
    ) async throws -> (status: Int, sent: [(key: ArticleKey, article: Article)]) {
        var status = 0
        var sent: [(key: ArticleKey, article: Article)] = []
        for action in actions {
            guard case .start(let request) = action, case .feed(let url) = request.purpose else {
                if case .saveAttempt(let url, let time) = action { try state.saveAttempt(url, at: time) }
                continue
            }
            var headers: [(name: String, value: String)] = []
            if let etag = request.etag { headers.append(("If-None-Match", etag)) }
            let answer = try await client.fetch(HTTPRequest(url: request.address, headers: headers))
            status = answer.status
            var response = FetchScheduler.Response(status: answer.status)
            response.etag = answer.header("etag")
            var entries: [FeedEntry] = []
            if answer.status == 200 {
                let feed = try FeedParser.parse(answer.body, url: answer.url, charset: answer.charset)
                #expect(feed.bozo == nil)
                entries = feed.entries
                response.entries = entries.map {
                    .init(key: $0.key, contentHash: CanonicalRecord.contentHash(of: $0.article))
                }
                response.known = try state.known(entries.map(\.key), of: url)
            } else {
                #expect(answer.body.isEmpty)
            }
            var queue = scheduler.handle(.responded(request: request.number, response), now: now)
            while !queue.isEmpty {
                switch queue.removeFirst() {
                case .put(let batch):
                    for new in batch.entries {
                        var article = entries[new.index].article
                        article.firstSeen = new.firstSeen
                        sent.append((entries[new.index].key, article))
                    }
                    queue += scheduler.handle(.acknowledged(batch: batch.number), now: now)
                case .save(let feed, let seen): try state.save(feed, seen: seen)
                case .saveAttempt, .saveRobots, .saveHold, .start, .keep, .forget, .left:
                    Issue.record("nothing else is due")
                }
            }
        }
        return (status, sent)
    }

    @Test(
        "first all articles, then a 304 without a body, then only what changed",
        arguments: [("/harrow/rss.xml", 14, 6), ("/courier/atom.xml", 27, 0), ("/ledger/feed.json", 29, 0)])
    func rounds(path: String, articleCount: Int, changedCount: Int) async throws {
        let server = try FeedServer()
        let client = CurlClient(
            settings: .init(
                userAgent: "test", policy: AddressPolicy(allowing: [AddressRange("127.0.0.1")].compactMap { $0 })))
        let folder = FileManager.default.temporaryDirectory.appending(path: "coranto-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let state = try PollState(path: folder.appending(path: "poll.sqlite").path)
        var scheduler = FetchScheduler(seed: 1, now: Timestamp(milliseconds: 0))
        var robots = RobotsState(origin: server.url(""), lastAttempt: Timestamp(milliseconds: 0))
        robots.lastAnswer = Timestamp(milliseconds: 0)
        _ = scheduler.handle(.remember(WebMemory(robots: [robots])), now: Timestamp(milliseconds: 0))
        let feed = FeedSpecification(url: server.url(path), intervalMilliseconds: 1000)

        let start = scheduler.handle(.add([(feed, nil)]), now: Timestamp(milliseconds: 1000))
        let first = try await poll(start, &scheduler, state, client, now: Timestamp(milliseconds: 1001))
        #expect(first.status == 200)
        #expect(first.sent.count == articleCount)
        #expect(
            first.sent.allSatisfy {
                $0.article.headline != nil && $0.article.body != nil && $0.article.published != nil
            })
        #expect(Set(first.sent.map(\.key)).count == articleCount)

        let again = scheduler.handle(.tick, now: Timestamp(milliseconds: 2000))
        let second = try await poll(again, &scheduler, state, client, now: Timestamp(milliseconds: 2001))
        #expect(second.status == 304)
        #expect(second.sent.isEmpty)

        _ = try await client.fetch(HTTPRequest(url: server.url("/stage?set=1")))
        let changed = scheduler.handle(.tick, now: Timestamp(milliseconds: 3000))
        let third = try await poll(changed, &scheduler, state, client, now: Timestamp(milliseconds: 3001))
        #expect(third.sent.count == changedCount)
        #expect(Set(third.sent.map(\.key)).isSubset(of: first.sent.map(\.key)), "versions keep their keys")
        #expect(third.sent.allSatisfy { $0.article.firstSeen == Timestamp(milliseconds: 3001) })

        client.stop()
        try state.close()
        try FileManager.default.removeItem(at: folder)
        #expect(server.stop() == 0)
    }
}
