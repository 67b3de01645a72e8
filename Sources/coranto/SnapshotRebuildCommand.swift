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
            let before = try WriterTerm.watch(loader)
            if !before.hasEnded { try await Task.sleep(for: .milliseconds(WriterTerm.patienceMilliseconds)) }
            let after = try WriterTerm.watch(loader)
            guard !WriterTerm.isAlive(before, after) else {
                throw Failure(
                    .failed, "a coordinator of term \(after.newest.number) is at work", hint: "stop every coordinator")
            }
            guard after.newest > .none else { throw Failure(.notFound, "the store is empty") }
            let random = SystemRandom()
            let holder = try WriterTerm(after: after.newest, instance: random.instance(), loader: loader)
            let empty = Manifest(
                settings: Settings(), sharding: Sharding(shardCount: shards, secret: random.number()))
            let isTerminal = isatty(STDERR_FILENO) == 1
            let result: Result<RebuildReport?, any Error>
            do {
                result = .success(
                    try await withThrowingTaskGroup(of: RebuildReport?.self) { group in
                        group.addTask {
                            var counter: UInt64 = 1
                            while true {
                                try await Task.sleep(for: .milliseconds(WriterTerm.beatMilliseconds))
                                counter += 1
                                try holder.beat(counter)
                            }
                        }
                        group.addTask {
                            try await Blocking.run {
                                var rebuild = SnapshotRebuild(
                                    loader, holder: holder, now: SystemClock().wall(), empty: empty)
                                return try rebuild.run { if isTerminal { Terminal.progress($0) } }
                            }
                        }
                        defer { group.cancelAll() }
                        // The heartbeat ends only with an error.
                        return try await group.next() ?? nil
                    })
            } catch { result = .failure(error) }
            if isTerminal { Terminal.progress("") }
            // However it went: nobody need wait for us.
            try holder.beat(.max, hasEnded: true)
            let report = try result.get()
            guard let report else { return }
            Terminal.write(format == .json ? report.json + [0x0A] : Array(report.text.utf8))
        }
    }
}
