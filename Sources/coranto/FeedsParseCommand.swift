import ArgumentParser
import Extraction
import Foundation
import News

/// `feeds parse`: what is in a feed, as JSON. A thin shell around `FeedParser` and `FeedJSON`.
struct FeedsParseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parse", abstract: "Shows what saved feeds say, as JSON.",
        discussion: """
            Reads RSS, RDF, Atom, CDF, JSON Feed and sitemaps, also packed with gzip. Names are feedparser's; times are UTC.

            With --batch each line of LIST is {"id", "file", "url", "headers"}, and each line printed is one feed's
            {"id", "bozo", "version", "encoding", "feed", "entries"}, or {"id", "error"} for what is no feed.

            Example:
              coranto feeds parse saved.xml --url https://news.example/rss.xml
              coranto feeds parse --batch list.ndjson > feeds.ndjson
            """)

    @Argument(help: "Saved feeds.")
    var files: [String] = []
    @Option(help: "Where the feed was fetched from: the base of its relative addresses.")
    var url = ""
    @Option(
        help: ArgumentHelp("A list of files to read, one JSON object a line; - for standard input.", valueName: "list"))
    var batch: String?
    @Flag(help: "Leave markup and addresses as the feed has them, instead of making them harmless and whole.")
    var raw = false
    @Flag(help: "Show the elements of other vocabularies as they stand, too.")
    var extensions = false

    func validate() throws {
        guard files.isEmpty == (batch != nil) else { throw ValidationError("give either files or --batch LIST") }
    }

    func run() throws {
        if let batch { return try run(batch: batch) }
        var isWhole = true
        for file in files {
            do {
                let bytes = try FileBytes.read(file)
                let record = try FeedParser.record(
                    bytes, FeedResponse(url: url), isSafe: !raw, wantsExtensions: extensions)
                Terminal.write(JSONIndent.indented(FeedJSON.bytes(of: record)) + [0x0A])
            } catch {
                isWhole = false
                Terminal.note("\(file): \(error)")
            }
        }
        if !isWhole { throw ExitCode.failure }
    }

    /// A file that cannot be read or is no feed is said to be so on its line; the others go on.
    private func run(batch: String) throws {
        let lines = batch == "-" ? try Array(FileHandle.standardInput.readToEnd() ?? Data()) : try FileBytes.read(batch)
        var out = ByteSink(capacity: 1 << 21)
        var number = 0
        for line in lines.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            guard line.contains(where: { $0 > 0x20 }) else { continue }
            appendAnswer(to: line, number: number, &out)
            out.append(0x0A)
            if out.count > 1 << 20 {
                unsafe out.withBytes(Terminal.write)
                out.removeAll()
            }
        }
        unsafe out.withBytes(Terminal.write)
    }

    private func appendAnswer(to line: ArraySlice<UInt8>, number: Int, _ out: inout ByteSink) {
        let item: FeedBatchLine
        do throws(JSONError) { item = try FeedBatchLine(line) } catch {
            FeedJSON.appendError("line \(number): \(error)", id: "\(number)", to: &out)
            return
        }
        do {
            let bytes = try FileBytes.read(item.file)
            let record = try FeedParser.record(bytes, item.response, isSafe: !raw, wantsExtensions: extensions)
            FeedJSON.append(record, id: item.id, to: &out)
        } catch {
            FeedJSON.appendError("\(error)", id: item.id, to: &out)
        }
    }
}
