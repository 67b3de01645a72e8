import ArgumentParser
import Gateway
import HostIO
import News
import Roles
import Storage

extension SnapshotCommand {
    struct CollectGarbage: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "collect-garbage",
            abstract: "Deletes what no kept snapshot needs any more, or tells what would be deleted.",
            discussion: """
                A running coordinator does that by itself, every ten minutes unless told otherwise. With --dry-run nothing is written, and the cluster \
                may go on meanwhile: it tells what a collection would delete now, what must stay although the newest snapshot \
                does not need it, and until when. Without --dry-run no coordinator may run. --format json names every object.

                Example:
                  coranto snapshot collect-garbage --dry-run --store /srv/news
                """)
        @OptionGroup var store: StoreOption
        @Flag(help: "Tell only.")
        var dryRun = false
        @OptionGroup var keep: KeepOptions
        @Option(help: "How to print.")
        var format = Format.text

        func run() async throws {
            let bucket = try dryRun ? store.openForReading() : store.openForWriting()
            let loader = SnapshotLoader(bucket)
            let clock = SystemClock()
            let collection = GarbageCollection(
                loader, keeping: keep.policy, graceMilliseconds: keep.graceMilliseconds
            ) { clock.moment }
            if !dryRun { try await waitForSilence(loader) }
            let report = try await Blocking.run { [dryRun] in
                try dryRun ? collection.tell() : collection.collect(instance: SystemRandom().instance())
            }
            Terminal.write(format == .json ? report.json + [0x0A] : Array(report.text.utf8))
        }

        /// One that is alive is noticed at its next beat.
        private func waitForSilence(_ loader: SnapshotLoader) async throws {
            let before = try WriterTerm.watch(loader)
            guard !before.hasEnded else { return }
            for _ in 0..<(WriterTerm.patienceMilliseconds / 500) {
                try await Task.sleep(for: .milliseconds(500))
                guard WriterTerm.isAlive(before, try WriterTerm.watch(loader)) else { continue }
                throw Failure(
                    .failed,
                    "the coordinator of term \(before.newest.number) is at work: it collects by itself",
                    hint: "--dry-run tells what it would delete now")
            }
        }
    }
}
