import ArgumentParser
import ByteCoding
import Engine
import Extraction
import Gateway
import Glibc
import News
import Roles

extension SnapshotCommand {
    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes every live article as a line of JSON.",
            discussion: """
                In the order of the snapshot, so that the same snapshot gives the same bytes. Ingested into an empty store the lines \
                give the same set digest. A file has its name once it is whole; standard output is not packed.

                Example:
                  coranto snapshot export news.ndjson.zst --store /srv/news
                  coranto snapshot export --store /srv/news | coranto ingest - --store /srv/copy
                """)

        @Argument(help: ArgumentHelp("Where to: .ndjson, .ndjson.zst, or - for standard output.", valueName: "out"))
        var out = "-"
        @OptionGroup var store: StoreOption
        @Option(help: ArgumentHelp("An older snapshot that is still kept.", valueName: "generation|date"))
        var asOf: String?
        @Option(help: "How to print what was done, if it goes to a file.")
        var format = Format.text

        func run() async throws {
            var question = SearchQuestion()
            if let asOf { try question.setAsOf(asOf) }
            let snapshot = try store.openSnapshots().snapshot(for: question)
            guard snapshot.loaded != nil else { throw Failure(.notFound, "the store has no snapshot yet") }
            let file = try OutputFile(out)
            var export = ArticleExport()
            let progress = ProgressLine()
            var written = 0
            try export.run(snapshot) { line in
                try file.write(line)
                written += 1
                if written % 1000 == 0 { progress.show("\(written) of \(snapshot.reader.liveDocumentCount) articles") }
            }
            try file.finish()
            progress.clear()
            let text =
                "\(export.articleCount) articles of generation \(snapshot.generation.number), "
                + "\(export.lineBytes) bytes of lines, set digest \(export.setDigest.hex)"
            switch (out, format) {
            case ("-", _): Terminal.note("exported \(text)")
            case (_, .text): Terminal.write("exported \(text) to \(out)\n")
            case (_, .json):
                var json = JSONObjectWriter()
                json.member("generation", encoded: "\(snapshot.generation.number)")
                json.member("articles", encoded: "\(export.articleCount)")
                json.member("line_bytes", encoded: "\(export.lineBytes)")
                json.member("set_digest", export.setDigest.hex)
                Terminal.write(json.finish() + [0x0A])
            }
        }
    }

    struct Diff: AsyncParsableCommand {
        enum Format: String, ExpressibleByArgument, CaseIterable {
            case table, json, ndjson, keys
        }

        static let configuration = CommandConfiguration(
            abstract: "Tells what two snapshots do not have in common, by key.",
            discussion: """
                Of one store: two generations, 0 being the empty snapshot. With --with: the snapshots of two stores. The second is \
                the newest if it is not given, with --with the first too. What is gone is told as retracted if its key is, else as \
                removed.

                Example:
                  coranto snapshot diff 100 200 --store /srv/news
                  coranto snapshot diff --store /srv/news --with /backup/news --format keys

                Exit status: 0 equal, 1 they differ.
                """)

        @Argument(help: ArgumentHelp("The one.", valueName: "generation|date"))
        var from: String?
        @Argument(help: ArgumentHelp("The other.", valueName: "generation|date"))
        var to: String?
        @OptionGroup var store: StoreOption
        @Option(help: ArgumentHelp("The store of the other, if it is another.", valueName: "store"))
        var with: String?
        @Option(help: "How to print.")
        var format = Format.table

        func validate() throws {
            if from == nil, with == nil { throw ValidationError("give a generation, or --with STORE") }
        }

        func run() async throws {
            let own = SnapshotLoader(try store.openForReading())
            var second = store
            if let with { second.store = with }
            let other = with == nil ? own : SnapshotLoader(try second.openForReading())
            var diff = SnapshotDiff(
                from: .init(try SnapshotDiff.manifest(from, own), own),
                to: .init(try SnapshotDiff.manifest(to, other), other))
            let progress = ProgressLine()
            var told = 0
            if format == .json { Terminal.write("{\"changes\":[") }
            if format == .table, !diff.isEqual { Terminal.write(SnapshotChange.header) }
            try diff.run(readsArticles: format != .keys) { changes in
                for change in changes {
                    switch format {
                    case .table: Terminal.write(change.text)
                    case .ndjson: Terminal.write(change.json + [0x0A])
                    case .json: Terminal.write((told == 0 ? [] : [UInt8(ascii: ",")]) + change.json)
                    case .keys: Terminal.write(change.key.hex + "\n")
                    }
                    told += 1
                }
                if isatty(STDOUT_FILENO) == 0 { progress.show("\(told) changes") }
            }
            progress.clear()
            switch format {
            case .table: Terminal.write(diff.summaryText)
            case .json: Terminal.write("]," + String(decoding: diff.summaryJSON.dropFirst(), as: UTF8.self) + "\n")
            case .ndjson: Terminal.write(diff.summaryJSON + [0x0A])
            case .keys: break
            }
            if !diff.isEqual { Terminal.end(status: 1) }
        }
    }
}
