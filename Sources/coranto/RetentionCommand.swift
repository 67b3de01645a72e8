import ArgumentParser
import Extraction
import Gateway
import News
import Roles
import Storage
import Wire

struct RetentionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retention", abstract: "How long articles are kept.",
        discussion: """
            Articles ordered before a horizon leave the snapshot, their texts are erased from kept generations and the log, and \
            later arrivals behind it are rejected as expired. An article is ordered by when it was published, else first seen; \
            one without a time goes only with all of its source. A rule for a source stands in the place of the one for all.

            Example:
              coranto retention set --keep 90d --store /srv/news
              coranto retention set --source archive.example --keep forever --store /srv/news
            """,
        subcommands: [Set.self, Remove.self, List.self])

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sets the rule for one source, or for all that have none of their own.",
            discussion: """
                What is behind the horizon is gone for good. With --keep the horizon is the start of a day, UTC, by the \
                coordinator's clock, and moves on each day.

                Example:
                  coranto retention set --source wire.example --before 2020-01-01 --store /srv/news
                  coranto retention set --source wire.example --all --store /srv/news
                """)

        @Option(help: ArgumentHelp("Only articles of this source, as articles name it.", valueName: "name"))
        var source: String?
        @Option(help: ArgumentHelp("Keep so many days, or forever.", valueName: "90d|forever"))
        var keep: String?
        @Option(help: ArgumentHelp("Keep nothing ordered before this date, UTC.", valueName: "date"))
        var before: String?
        @Flag(help: "Keep nothing of the source, and take nothing more of it.")
        var all = false
        @OptionGroup var put: PutOptions

        func validate() throws {
            guard (keep != nil ? 1 : 0) + (before != nil ? 1 : 0) + (all ? 1 : 0) == 1 else {
                throw ValidationError("give one of --keep, --before and --all")
            }
            if all, source == nil { throw ValidationError("--all needs --source: it empties what it is said of") }
            if source?.isEmpty ?? false { throw ValidationError("--source is empty; leave it out for all sources") }
        }

        func run() async throws {
            let line = try RetentionLine.make(source) { inner in
                if let keep, keep != "forever" {
                    inner.member("op", "keep")
                    inner.member("days", encoded: "\(try Self.days(keep))")
                } else if let before {
                    guard let time = DateText.parse(before, from: "--before") else {
                        throw Failure(.badRequest, "\(before) is no date", hint: "write 2020-01-01")
                    }
                    inner.member("op", "before")
                    inner.member("time", ArticleJSON.time(time.at))
                } else {
                    inner.member("op", all ? "all" : "forever")
                }
            }
            let result = try await put.put(lane: .live, ack: .visible, workers: 1, until: { !$0.isExpiring }) {
                client in
                try client.put(line)
            }
            guard result.totals.controls == 1 else { throw Failure(.failed, "the rule was not taken") }
            let whose = source ?? "all sources without a rule of their own"
            Terminal.write("set the rule for \(whose)\n")
            if result.after == nil {
                Terminal.note("what is behind it goes while the cluster runs; coranto status tells")
            }
        }

        private static func days(_ text: String) throws -> UInt32 {
            guard text.hasSuffix("d"), let days = UInt32(text.dropLast()),
                (1...RetentionHorizon.ageLimitDays).contains(days)
            else {
                throw Failure(
                    .badRequest, "\(text) is no age",
                    hint: "write 90d, at most \(RetentionHorizon.ageLimitDays)d, or forever")
            }
            return days
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Takes a rule back; what expired by it does not come back.",
            discussion: """
                A source then goes by the rule for all. A rule that is not there is told so, with status 1.

                Example:
                  coranto retention remove --source wire.example --store /srv/news
                """)

        @Option(help: ArgumentHelp("The rule of this source; without it the one for all.", valueName: "name"))
        var source: String?
        @OptionGroup var put: PutOptions

        func run() async throws {
            if let path = put.store {
                var store = StoreOption()
                store.store = path
                store.s3 = put.s3
                guard try RetentionCommand.rules(store).bySource[source ?? ""] != nil else {
                    throw Failure(
                        .notFound, source.map { "there is no rule for \($0)" } ?? "there is no rule for all sources",
                        hint: "coranto retention list --store \(path) shows those that are")
                }
            }
            let line = RetentionLine.make(source) { $0.member("op", "remove") }
            let result = try await put.put(lane: .live, ack: .visible, workers: 1) { try $0.put(line) }
            guard result.totals.controls == 1 else { throw Failure(.failed, "the rule was not taken back") }
            Terminal.write("removed the rule for \(source ?? "all sources")\n")
        }
    }

    struct List: AsyncParsableCommand {
        enum Format: String, ExpressibleByArgument, CaseIterable {
            case text, json
        }

        static let configuration = CommandConfiguration(
            abstract: "Lists the rules, each with its horizon.",
            discussion: """
                Example:
                  coranto retention list --store /srv/news
                """)

        @OptionGroup var store: StoreOption
        @Option(help: "How to print.")
        var format = Format.text

        func run() async throws {
            for rule in try RetentionCommand.rules(store).sorted {
                switch format {
                case .text: Terminal.write(Self.text(rule))
                case .json:
                    var json = JSONObjectWriter()
                    json.member(orNull: "source", rule.source.isEmpty ? nil : rule.source)
                    json.member("horizon", rule.dateText)
                    if rule.ageDays > 0 { json.member("days", encoded: "\(rule.ageDays)") }
                    Terminal.write(json.finish() + [0x0A])
                }
            }
        }

        private static func text(_ rule: RetentionHorizon) -> String {
            let whose = rule.source.isEmpty ? "all sources" : "source \(PlainText.line(rule.source))"
            let what =
                switch rule.time {
                case RetentionHorizon.foreverTime: "kept forever"
                case RetentionHorizon.allTime: "nothing is kept"
                default:
                    (rule.ageDays > 0 ? "kept \(rule.ageDays) days; " : "") + "the horizon is \(rule.dateText)"
                }
            return "\(whose)\t\(what)\n"
        }
    }

    fileprivate static func rules(_ store: StoreOption) throws -> RetentionRules {
        let loader = SnapshotLoader(try store.openForReading())
        return try loader.newest().map { try loader.state(of: $0.manifest).retention } ?? RetentionRules()
    }
}

private enum RetentionLine {
    static func make(_ source: String?, _ more: (inout JSONObjectWriter) throws -> Void) rethrows -> [UInt8] {
        var inner = JSONObjectWriter()
        try more(&inner)
        inner.member("source", source)
        var outer = JSONObjectWriter()
        outer.member("$retention", encoded: String(decoding: inner.finish(), as: UTF8.self))
        return outer.finish() + [0x0A]
    }
}
