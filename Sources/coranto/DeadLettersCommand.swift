import ArgumentParser
import ByteCoding
import Extraction
import Gateway
import News
import Roles
import Storage
import Wire

struct DeadLettersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letters", abstract: "Articles that ended whoever indexed them, and what to do with them.",
        discussion: """
            An article whose workers died twice is tried in a process of its own. One that ends that process three times, alone, is
            set aside here, with the reason; everything else goes on. It is counted as dead-lettered.

            Example:
              coranto dead-letters list --store /srv/news
            """,
        subcommands: [List.self, Show.self, Retry.self, Drop.self], defaultSubcommand: List.self)

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Lists the dead letters.",
            discussion: """
                Example:
                  coranto dead-letters list --store /srv/news --format json
                """)

        @OptionGroup var store: StoreOption
        @Option(help: "How to print.")
        var format = Format.text

        func run() async throws {
            let letters = try DeadLetters(store).all
            if format == .json { return DeadLetters.print(letters.map(DeadLetters.json)) }
            if letters.isEmpty { return Terminal.write("no dead letters\n") }
            DeadLetters.print(letters.map(DeadLetters.line))
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Prints a dead letter's article as JSON.",
            discussion: """
                Example:
                  coranto dead-letters show 0f3a94d2c1b05e7788a1b2c3d4e5f607 --store /srv/news
                """)

        @Argument(help: ArgumentHelp("Its URL or its key.", valueName: "url|key"))
        var name: String
        @OptionGroup var store: StoreOption

        func run() async throws {
            let key = try DeadLetters.key(name)
            let letters = try DeadLetters(store).all.filter { $0.article.key == key }
            guard !letters.isEmpty else {
                throw Failure(.notFound, "there is no dead letter of \(name)", hint: "coranto dead-letters list")
            }
            for letter in letters {
                guard letter.isTextThere else {
                    throw Failure(.notFound, "its text was dropped, or its key retracted")
                }
                Terminal.write(try DeadLetters.articleJSON(letter) + "\n")
            }
        }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "retry", abstract: "Gives a dead letter to a worker again, as after an upgrade.",
            discussion: """
                Example:
                  coranto dead-letters retry 0f3a94d2c1b05e7788a1b2c3d4e5f607 --store /srv/news
                """)

        @Argument(help: ArgumentHelp("Its URL or its key.", valueName: "url|key"))
        var name: String
        @OptionGroup var put: PutOptions

        func run() async throws {
            try await DeadLetters.ask("retry", name, put)
            Terminal.write("\(name) is an article again; coranto why tells what becomes of it\n")
        }
    }

    struct Drop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "drop", abstract: "Forgets the text of a dead letter, for good.",
            discussion: """
                It stays counted as dead-lettered, and the same version is not given to a worker again.

                Example:
                  coranto dead-letters drop 0f3a94d2c1b05e7788a1b2c3d4e5f607 --store /srv/news
                """)

        @Argument(help: ArgumentHelp("Its URL or its key.", valueName: "url|key"))
        var name: String
        @OptionGroup var put: PutOptions

        func run() async throws {
            try await DeadLetters.ask("drop", name, put)
            Terminal.write("dropped \(name)\n")
        }
    }
}

/// The dead letters of a store's newest snapshot.
private struct DeadLetters {
    let all: [DeadLetter]

    init(_ store: StoreOption) throws {
        let loader = SnapshotLoader(try store.openForReading())
        guard let loaded = try loader.newest() else { throw Failure(.failed, "the store is empty") }
        all = try loader.state(of: loaded.manifest).deadLetters.sorted { $0.key < $1.key }.map(\.value)
    }

    static func key(_ name: String) throws -> ArticleKey { try ArticleAddress(name).requireKey() }

    static func ask(_ operation: String, _ name: String, _ put: PutOptions) async throws {
        var inner = JSONObjectWriter()
        inner.member("op", operation)
        inner.member("key", try key(name).hex)
        var outer = JSONObjectWriter()
        outer.member("$dead_letter", encoded: String(decoding: inner.finish(), as: UTF8.self))
        let line = outer.finish() + [0x0A]
        _ = try await put.put(lane: .live, ack: .visible, workers: 1) { client in try client.put(line) }
    }

    static func print(_ lines: [String]) { Terminal.write(lines.map { $0 + "\n" }.joined()) }

    static func line(_ letter: DeadLetter) -> String {
        let state = letter.isTextThere ? "" : "  (text dropped)"
        return "\(letter.article.key.hex)  \(PlainText.line(letter.article.source))  "
            + "log \(letter.position.name)  \(PlainText.line(letter.reason))\(state)"
    }

    static func json(_ letter: DeadLetter) -> String {
        var out = JSONObjectWriter()
        out.member("key", letter.article.key.hex)
        out.member("version", Hex.string(letter.article.version.bytes))
        out.member("source", letter.article.source)
        out.member("reason", letter.reason)
        out.member("position", letter.position.name)
        out.member("text", encoded: letter.isTextThere ? "true" : "false")
        return String(decoding: out.finish(), as: UTF8.self)
    }

    static func articleJSON(_ letter: DeadLetter) throws -> String {
        let record = try ZstdDecompressor().decompress(letter.article.frame, atMost: Limits.recordBytes)
        let article = try CanonicalRecord.decode(record)
        return String(
            decoding: ArticleJSON.write(article, key: letter.article.key, version: letter.article.version),
            as: UTF8.self)
    }
}
