import ArgumentParser
import Gateway
import Glibc
import HostIO
import Roles

extension SnapshotCommand {
    struct Upgrade: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes the newest snapshot again by the rules of this version, of a store of an older one.",
            discussion: """
                A store says by which rules its words, stems and packed articles were made. Another version of coranto or of its \
                libraries has other rules, and refuses to go on. This reads every article of the newest snapshot, makes its words \
                again and publishes all at once: until then, and after a crash, the store is as it was. What was acknowledged and not \
                published stays in the log. Older generations can no longer be queried. No coordinator may run: it waits five seconds \
                for a heartbeat that moves, and refuses. Copy the store first if you can; it takes as much room again until a day from now.

                Example:
                  coranto snapshot upgrade --store /srv/news
                """)
        @OptionGroup var store: StoreOption
        @Option(help: "How to print what was done.")
        var format = Format.text

        func run() async throws {
            let loader = SnapshotLoader(try store.openForWriting())
            guard let upgrade = try SnapshotUpgrade(loader) else {
                return Terminal.note("the newest snapshot is of this version's rules: nothing to do")
            }
            let isTerminal = isatty(STDERR_FILENO) == 1
            let report = try await WriterTerm.hold(loader) { holder in
                defer { if isTerminal { Terminal.progress("") } }
                return try upgrade.run(holder: holder, now: SystemClock().wall()) { done, total in
                    if isTerminal { Terminal.progress("\(done) of \(total) articles") }
                }
            }
            Terminal.write(format == .json ? report.json + [0x0A] : Array(report.text.utf8))
        }
    }
}
