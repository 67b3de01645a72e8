import ArgumentParser
import Engine
import Foundation
import Gateway
import News
import Roles

struct QueryCommand: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case table, json, ndjson, csv, keys
    }

    static let configuration = CommandConfiguration(
        commandName: "query", abstract: "Asks a question of a store.",
        discussion: """
            Words are searched in headline, summary, body and captions, and all must be there. "phrases", OR, NOT, -word, \
            (groups), prefix*, almst~, near NEAR/5 far, fields such as headline: by: source: lang: and ranges such as \
            published:2016-01..2016-02.

            Example:
              coranto query '"special role" china published:2016' --store /srv/news --facet source
            """)

    @Argument(
        help: ArgumentHelp(
            "The query; \"\" is every article. One that begins with - comes last, after --.", valueName: "query"))
    var words: [String] = []
    @Option(
        help: ArgumentHelp(
            "Read the query from a file, which may have many lines; - is standard input.", valueName: "file"))
    var from: String?
    @OptionGroup var store: StoreOption
    @Option(help: ArgumentHelp("Whether all words must be there, or any.", valueName: "all|any"))
    var match = "all"
    @Option(help: "Most hits to show.")
    var limit = "10"
    @Option(help: ArgumentHelp("The next page: what the last one gave.", valueName: "cursor"))
    var after: String?
    @Option(help: ArgumentHelp("The order of hits.", valueName: "score|newest|oldest"))
    var sort = "score"
    @Option(help: ArgumentHelp("Where days begin: an offset such as +01:00.", valueName: "offset"))
    var zone = "UTC"
    @Option(help: ArgumentHelp("Count the values of a field; may be repeated.", valueName: "source|language|section"))
    var facet: [String] = []
    @Option(help: "Most values of each field to show, the most frequent; else all.")
    var facetLimit: String?
    @Option(help: ArgumentHelp("Count by date.", valueName: "day|week|month"))
    var histogram: String?
    @Option(help: ArgumentHelp("Ask an older snapshot that is still kept.", valueName: "generation|date"))
    var asOf: String?
    @Flag(help: "Tell how the query was understood.")
    var explain = false
    @Option(help: "How to print.")
    var format = Format.table

    func validate() throws {
        if words.isEmpty, from == nil {
            throw ValidationError("What is asked? Give a query, or --from FILE; \"\" is every article.")
        }
        if !words.isEmpty, from != nil { throw ValidationError("Give a query or --from FILE, not both.") }
    }

    func run() async throws {
        let question = try question()
        let holder = try store.openSnapshots(.own)
        let answer: SearchAnswer
        do {
            answer = try SearchAnswer(to: question, from: holder.snapshot(for: question))
        } catch let error as QueryError where error.offset != nil {
            let what = error.code == .syntax ? "the query cannot be read" : "the query cannot be answered"
            throw Failure(.badRequest, "\(what)\n\(error.pointing(into: question.text))")
        }
        if answer.generation == .none {
            Terminal.note("nothing was ever published in \(store.store): is it the right folder?")
        }
        print(answer)
    }

    private func question() throws -> SearchQuestion {
        var question = SearchQuestion()
        question.text = try from.map(Self.text) ?? words.joined(separator: " ")
        try question.setMatching(match)
        try question.setLimit(limit)
        question.after = after
        try question.setSort(sort)
        try question.setZone(zone)
        for facet in facet { try question.addFacet(facet) }
        if let facetLimit { try question.setFacetLimit(facetLimit) }
        if let histogram { try question.setHistogram(histogram) }
        if let asOf { try question.setAsOf(asOf) }
        question.isExplained = explain
        return question
    }

    private static func text(of file: String) throws -> String {
        let limit = QueryParser.textBytes + 1
        guard file == "-" || FileBytes.exists(file) else { throw Failure(.badRequest, "there is no file \(file)") }
        do {
            let handle = file == "-" ? FileHandle.standardInput : try FileHandle(forReadingFrom: URL(filePath: file))
            var bytes: [UInt8] = []
            while bytes.count < limit, let more = try handle.read(upToCount: limit - bytes.count), !more.isEmpty {
                bytes += more
            }
            guard bytes.count < limit else {
                throw Failure(
                    .badRequest, "the query in \(file) has more than \(QueryParser.textBytes) bytes",
                    hint: "split it into several; with --match any words need no OR between them")
            }
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw Failure(.badRequest, "the query in \(file) is not UTF-8")
            }
            return text
        } catch let failure as Failure { throw failure } catch {
            throw Failure(.badRequest, "the query cannot be read from \(file): \(FileBytes.Reason(error))")
        }
    }

    private func print(_ answer: SearchAnswer) {
        switch format {
        case .table: Terminal.write(AnswerText.table(answer, Terminal.hasColour ? .terminal : .plain))
        case .json: Terminal.write(AnswerJSON.write(answer) + [0x0A])
        case .ndjson: for hit in answer.hits { Terminal.write(AnswerJSON.hit(hit) + [0x0A]) }
        case .csv: Terminal.write(AnswerText.csvHeader + answer.hits.map(AnswerText.csvLine).joined())
        case .keys: Terminal.write(answer.hits.map { $0.key.hex + "\n" }.joined())
        }
    }
}
