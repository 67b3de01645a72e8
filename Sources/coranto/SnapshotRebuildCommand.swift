import ArgumentParser
import Gateway
import Glibc
import HostIO
import News
import Roles
import Storage

extension SnapshotCommand {
    struct Rebuild: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes the newest snapshot again, of a store whose manifests or segments are lost or damaged.",
            discussion: """
                Reads every object. Takes the newest generation of which everything is sound and goes on from the log; if there \
                is none, finds the articles in all segments and in the log. Nothing is deleted. No coordinator may run: it waits \
                five seconds for a heartbeat that moves, and refuses. Copy the store first if you can.

                Example:
                  coranto snapshot rebuild --store /srv/news
                """)
        @OptionGroup var store: StoreOption
        @Option(help: "How to print what was done.")
        var format = Format.text
        @Option(help: ArgumentHelp("Shards, if no manifest tells how many.", valueName: "count"))
        var shards: UInt16 = 32

        func validate() throws {
            guard (1...1024).contains(shards) else { throw ValidationError("--shards is 1 to 1024") }
        }

        func run() async throws {
            let loader = SnapshotLoader(try store.openForWriting())
            let empty = Manifest(
                settings: Settings(), sharding: Sharding(shardCount: shards, secret: SystemRandom().number()))
            let isTerminal = isatty(STDERR_FILENO) == 1
            let report = try await WriterTerm.hold(loader) { holder in
                defer { if isTerminal { Terminal.progress("") } }
                var rebuild = SnapshotRebuild(loader, holder: holder, now: SystemClock().wall(), empty: empty)
                return try rebuild.run { if isTerminal { Terminal.progress($0) } }
            }
            Terminal.write(format == .json ? report.json + [0x0A] : Array(report.text.utf8))
        }
    }
}
