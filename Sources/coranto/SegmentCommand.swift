import ArgumentParser
import Engine
import Gateway
import HostIO
import News
import Roles
import Storage

struct SegmentCommand: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json
    }

    static let configuration = CommandConfiguration(
        commandName: "segment", abstract: "Shows, verifies and dumps a segment.",
        discussion: """
            Example:
              coranto segment verify /srv/news/segments/0f…e9.1-4
            """,
        subcommands: [Show.self, Verify.self, Dump.self])

    struct Source: ParsableArguments {
        @Argument(help: ArgumentHelp("A file, or with --store the name of an object.", valueName: "file|name"))
        var name: String
        @Option(help: ArgumentHelp("The store that has it.", valueName: "dir|s3://…"))
        var store: String?
        @OptionGroup var s3: S3Options

        func open() throws -> SegmentReader {
            guard let store else {
                let file = try FileByteSource(path: name)
                return try SegmentReader.open(objectName: name, sizeBytes: file.sizeBytes, source: file)
            }
            let loader = SnapshotLoader(try StorePlace(store, s3).openForReading())
            let object = name.hasPrefix("segments/") ? name : "segments/\(name)"
            guard case .size(let size) = try loader.perform(.size(name: object)) else {
                throw Failure(.notFound, "there is no \(object) in \(store)", hint: "coranto snapshot show lists them")
            }
            return try SegmentReader.open(objectName: object, sizeBytes: size, source: loader.source)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows what a segment says of itself.",
            discussion: """
                Example:
                  coranto segment show segments/0f…e9.1-4 --store /srv/news
                """)
        @OptionGroup var source: Source
        @Option(help: "How to print.")
        var format = Format.text

        func run() async throws {
            let shown = SegmentText(try source.open())
            Terminal.write(format == .json ? shown.json + [0x0A] : Array(shown.text.utf8))
        }
    }

    struct Dump: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints what a section of a segment holds, a line for each entry.",
            discussion: """
                Of a list of several blocks postings show each block: bits or lanes, and what its articles score at most (how often the word stands there,
                by the least words of such an article). A dictionary of zstd is printed as bytes.

                Example:
                  coranto segment dump segments/0f…e9.1-4 --section dictionary --limit 100 --store /srv/news
                """)
        @OptionGroup var source: Source
        @Option(
            help: ArgumentHelp(
                "\(SectionKind.allCases.map(\.name).joined(separator: ", ")).", valueName: "section"))
        var section: String
        @Option(help: ArgumentHelp("The entry to begin with; of bytes the offset.", valueName: "number"))
        var from = 0
        @Option(help: ArgumentHelp("Most entries, or bytes.", valueName: "number"))
        var limit: Int?

        func validate() throws {
            if SectionKind.allCases.allSatisfy({ $0.name != section }) {
                let names = SectionKind.allCases.map(\.name).joined(separator: ", ")
                throw ValidationError("There is no section \(section): they are \(names).")
            }
            if from < 0 || limit ?? 0 < 0 { throw ValidationError("--from and --limit are numbers from 0 on.") }
        }

        func run() async throws {
            let kind = SectionKind.allCases.first { $0.name == section }!
            try SegmentDump(try source.open(), from: from, count: limit ?? .max).run(kind) { Terminal.write($0 + "\n") }
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Reads every byte of a segment again and tells everything that is wrong.",
            discussion: """
                Ends with status 4 if anything is.

                Example:
                  coranto segment verify segments/0f…e9.1-4 --store /srv/news
                """)
        @OptionGroup var source: Source
        @Option(help: "How to print.")
        var format = Format.text

        func run() async throws {
            let segment = try source.open()
            var report = StoreReport()
            report.objectCount = 1
            report.byteCount = segment.sizeBytes
            report.liveDocumentCount = segment.documentCount
            var verifier = SegmentVerifier(segment, knowsStems: segment.footer.settingsHash == Settings().hash)
            report.findings = try verifier.run().map { Finding($0, object: segment.objectName) }
            let status: Int32 = report.findings.isEmpty ? 0 : 4
            let verdict = report.findings.isEmpty ? "sound: \(segment.documentCount) articles\n" : "not sound\n"
            switch format {
            case .json: Terminal.write(report.json + [0x0A], unread: status)
            case .text: Terminal.write(report.findings.map { "\($0)\n" }.joined() + verdict, unread: status)
            }
            if status != 0 { Terminal.end(status: status) }
        }
    }
}
