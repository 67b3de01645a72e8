// A process of its own for articles that may have ended a worker: the parent's side and the child's, side by side.
//
// The child (`coranto try-articles`) reads settings and articles from its standard input, indexes and seals them as a worker would,
// under a limit of memory, and ends with status 0. Whatever else ends it says something of the articles, except
// `cannotTryStatus`.

import ByteCoding
package import Cluster
import Engine
import Foundation
package import News
package import Storage

/// Starts trial processes. Runs one at a time, on the caller's thread.
package struct TrialProcess: Sendable {
    /// Address space of the child, at most. A worker's builder has half a gibibyte; one article has at most 8 MiB.
    package static let memoryLimitBytes: UInt64 = 3 << 30
    /// The largest batch has some MiB, which take a second.
    static let deadlineSeconds = 120
    /// The child could not do what was asked, whatever the articles are.
    package static let cannotTryStatus: Int32 = 75

    /// The program to start; it is given the argument `try-articles`.
    private let executable: String

    package init(executable: String) { self.executable = executable }

    /// Indexes the articles in a process of their own and waits for its end.
    package func run(_ articles: [LoggedArticle], settings: Settings) -> Trial.Run {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = ["try-articles"]
        let input = Pipe()
        let errors = Pipe()
        process.standardInput = input
        process.standardOutput = FileHandle.nullDevice
        process.standardError = errors
        do { try process.run() } catch { return .unknown("\(executable) cannot be started: \(error)") }
        let pid = process.processIdentifier
        let deadline = DispatchWorkItem { kill(pid, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(Self.deadlineSeconds), execute: deadline)
        defer { deadline.cancel() }
        // One that dies early closes the pipe; its end tells more than the failed write.
        try? input.fileHandleForWriting.write(contentsOf: Data(Self.encoded(articles, settings: settings)))
        try? input.fileHandleForWriting.close()
        let said = (try? errors.fileHandleForReading.readToEnd()).flatMap { $0 } ?? Data()
        process.waitUntilExit()
        let text = String(decoding: said.suffix(400), as: UTF8.self).split(separator: "\n").last.map(String.init) ?? ""
        switch (process.terminationReason, process.terminationStatus) {
        case (.exit, 0): return .survived
        case (.exit, Self.cannotTryStatus): return .unknown(text)
        case (.exit, let status): return .died(text.isEmpty ? "ended with status \(status)" : text)
        case (_, let signal): return .died("ended by signal \(signal)\(text.isEmpty ? "" : ": \(text)")")
        }
    }

    static func encoded(_ articles: [LoggedArticle], settings: Settings) -> [UInt8] {
        var out = ByteWriter()
        out.lengthPrefixed(settings.encoded)
        out.varint(articles.count)
        for article in articles { LogEntry.article(article).encode(to: &out) }
        out.checksum()
        return out.bytes
    }

    /// The child's part.
    ///
    /// - Throws: `CodingError` if the input is not what the parent writes; what the engine throws.
    package static func index(_ input: [UInt8]) throws {
        var reader = ByteReader(try ByteReader.checked(input, what: "articles to try"))
        var inner = ByteReader(try reader.lengthPrefixed(atMost: 4096))
        let draft = SegmentDraft(memoryBudgetBytes: 64 << 20)
        draft.use(try Settings(decoding: &inner))
        for _ in 0..<(try reader.count("articles", atMost: reader.remaining)) {
            guard case .article(let article) = try LogEntry(decoding: &reader) else { continue }
            Step.dieOf(article.key)
            try draft.index(article)
        }
        _ = try draft.seal(dropped: [], kills: [])
    }
}
