import ArgumentParser
import ByteCoding
import Extraction
import Gateway
import News
import Storage

struct BackupCommand: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json
    }

    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copies a store, also while a cluster runs on it.",
        discussion: """
            The copy is a store: every kept generation, and the log with every article that was acknowledged before. To restore, \
            point a cluster at it, or copy it back. Run it again to copy what is new; one that breaks off leaves the copy before it whole.

            Every object is checked as it is copied. coranto snapshot verify --store DEST checks the copy.

            Example:
              coranto backup /backup/news --store /srv/news
              coranto backup s3://backup/news --store /srv/news --prune
            """)

    @Argument(help: ArgumentHelp("Where to: a folder or s3://BUCKET/PREFIX, of no other use.", valueName: "dest"))
    var dest: String
    @OptionGroup var store: StoreOption
    @Flag(help: "Delete from the copy what the store does not keep any more.")
    var prune = false
    @Option(help: "How to print.")
    var format = Format.text

    func run() async throws {
        let source = try store.openForReading()
        let place = try StorePlace(dest, store.s3)
        let own = try StorePlace(store.store, store.s3)
        guard !place.isIn(own) else {
            throw Failure(.badRequest, "\(dest) lies in the store", hint: "give a folder or prefix beside it")
        }
        guard !own.isIn(place) else {
            throw Failure(.badRequest, "the store lies in \(dest)", hint: "give a folder or prefix beside it")
        }
        let destination = try place.openForWriting()
        let progress = ProgressLine()
        defer { progress.clear() }
        var backup = StoreBackup(from: source, to: destination)
        let report = try backup.run(prunes: prune) { progress.show("\($0) of \($1) objects") }
        progress.clear()
        switch format {
        case .json:
            var json = JSONObjectWriter()
            json.member("generation", encoded: "\(report.generation.number)")
            json.member("set_digest", report.setDigest.hex)
            json.member("copied", encoded: "\(report.copiedCount)")
            json.member("copied_bytes", encoded: "\(report.copiedBytes)")
            json.member("present", encoded: "\(report.presentCount)")
            json.member("pruned", encoded: "\(report.prunedCount)")
            Terminal.write(json.finish() + [0x0A])
        case .text:
            let pruned = prune ? ", \(report.prunedCount) deleted" : ""
            Terminal.write(
                "generation \(report.generation.number), set digest \(report.setDigest.hex)\n"
                    + "\(report.copiedCount) objects copied, \(report.copiedBytes >> 10) KiB; \(report.presentCount) were there\(pruned)\n"
            )
        }
    }
}
