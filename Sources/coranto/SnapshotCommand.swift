import ArgumentParser
import ByteCoding
import Gateway
import Glibc
import HostIO
import News
import Roles
import Storage

struct SnapshotCommand: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json
    }

    static let configuration = CommandConfiguration(
        commandName: "snapshot",
        abstract: "Lists, shows, verifies, compacts, rebuilds and upgrades snapshots, and collects what none needs.",
        discussion: """
            Example:
              coranto snapshot verify --store /srv/news
            """,
        subcommands: [
            List.self, Show.self, Verify.self, Digest.self, Diff.self, Export.self, CompactCommand.self, Rebuild.self,
            Upgrade.self, CollectGarbage.self,
        ])

    /// Of the newest snapshot, or of the one asked for.
    static func manifest(_ holder: SnapshotHolder, _ generation: UInt64?) throws -> LoadedManifest {
        let snapshot = try generation.map { try holder.snapshot(Generation($0)) } ?? holder.newest
        guard let loaded = snapshot.loaded else { throw Failure(.notFound, "the store has no snapshot yet") }
        return loaded
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the snapshots that are kept, the newest first.",
            discussion: """
                Example:
                  coranto snapshot list --store /srv/news
                """)
        @OptionGroup var store: StoreOption
        @Option(help: "How to print.")
        var format = Format.text

        func run() async throws {
            let loader = SnapshotLoader(try store.openForReading())
            var all: [LoadedManifest] = []
            if let newest = try loader.newest() {
                all.append(newest)
                for generation in newest.manifest.kept.generations.reversed() {
                    if let older = try loader.manifest(generation) { all.append(older) }
                }
            }
            switch format {
            case .text: Terminal.write(SnapshotText.header + all.map { SnapshotText($0).line + "\n" }.joined())
            case .json:
                Terminal.write(AnswerJSON.array(all.map { SnapshotText($0).json(hasSegments: false) }) + "\n")
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows what a snapshot is made of.",
            discussion: """
                Example:
                  coranto snapshot show --store /srv/news --format json
                """)
        @Argument(help: "The generation; without it the newest.")
        var generation: UInt64?
        @OptionGroup var store: StoreOption
        @Option(help: "How to print.")
        var format = Format.text

        func run() async throws {
            let shown = SnapshotText(try SnapshotCommand.manifest(store.openSnapshots(), generation))
            Terminal.write(format == .json ? shown.json(hasSegments: true) + [0x0A] : Array(shown.text.utf8))
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Reads every byte of the store again and tells everything that is wrong.",
            discussion: """
                Ends with status 4 if anything is. The cluster may go on meanwhile.

                Example:
                  coranto snapshot verify --store /srv/news
                """)
        @OptionGroup var store: StoreOption
        @Option(help: "How to print.")
        var format = Format.text

        func run() async throws {
            var verifier = StoreVerifier(try store.openForReading())
            let showsProgress = isatty(STDERR_FILENO) == 1
            let report = try verifier.run { done, total in
                if showsProgress, done % 64 == 0 || done == total { Terminal.progress("\(done) of \(total) objects") }
            }
            if showsProgress { Terminal.progress("") }
            let status: Int32 = report.findings.isEmpty ? 0 : 4
            Terminal.write(format == .json ? report.json + [0x0A] : Array(report.text.utf8), unread: status)
            if status != 0 { Terminal.end(status: status) }
        }
    }

    struct Digest: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints the number that says which articles a snapshot has.",
            discussion: """
                Equal digests mean equal sets of articles and versions. With --bytes: equal bytes; the snapshot must be \
                compacted.

                Example:
                  coranto snapshot digest --bytes --store /srv/news
                """)
        @Argument(help: "The generation; without it the newest.")
        var generation: UInt64?
        @OptionGroup var store: StoreOption
        @Flag(help: "Over the bytes of the canonical segments.")
        var bytes = false
        @Option(help: "How to print.")
        var format = Format.text

        func run() async throws {
            let loaded = try SnapshotCommand.manifest(store.openSnapshots(), generation)
            let digest = bytes ? try CanonicalDigest.of(loaded) : loaded.manifest.setDigest
            let name = bytes ? "bytes_digest" : "set_digest"
            Terminal.write(
                format == .json
                    ? "{\"generation\":\(loaded.manifest.generation.number),\"\(name)\":\"\(digest.hex)\"}\n"
                    : "\(digest.hex)\n")
        }
    }
}
