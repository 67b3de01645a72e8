import ArgumentParser
import Gateway
import News
import Roles

struct TailCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail", abstract: "Tells what is added, superseded and retracted, generation by generation.",
        discussion: """
            Lines of JSON: change is added, superseded, retracted, expired or removed. To go on after a line, give what it says \
            as resume to --from: nothing is missed, and at most one generation is told again. The last line, change end, says it too.

            Generations thin out after an hour. Those in between that are not kept are told together with the next that is; a \
            --from that is not kept any more is refused, for what changed since cannot be known. 0 is always known: the empty \
            snapshot.

            Example:
              coranto tail --from 0 --store /srv/news
              coranto tail --follow --articles --store /srv/news | your-program

            Ends with status 0, with --follow when it is interrupted.
            """)

    @OptionGroup var store: StoreOption
    @Option(help: ArgumentHelp("Tell what came after it; the newest if not given.", valueName: "generation"))
    var from: UInt64?
    @Flag(help: "Wait for more.")
    var follow = false
    @Flag(help: "Put the whole article into each line, as snapshot export writes it.")
    var articles = false

    /// Between two looks for a new generation.
    static let pause = Duration.milliseconds(250)

    func run() async throws {
        let loader = SnapshotLoader(try store.openForReading())
        let tail = try SnapshotTail(loader, from: from.map { Generation($0) }, hasArticles: articles)
        let stop = StopSignal()
        let signals = follow ? DrainSignals(notice: nil) { stop.tell() } : nil
        defer { signals?.cancel() }
        let onGap = { (after: Generation, to: Generation) in
            let gap = to.number - after.number == 2 ? "" : " to \(to.number - 1)"
            Terminal.note(
                "generation \(after.number + 1)\(gap) is not kept any more; what changed is told as one step to \(to.number)"
            )
        }
        while !stop.isTold {
            do {
                try tail.advance(onGap: onGap) { line in
                    // A step may be large: it is told again when somebody goes on.
                    if stop.isTold { throw Interrupted() }
                    Terminal.write(line)
                }
            } catch is Interrupted { break }
            guard follow else { break }
            try await Task.sleep(for: Self.pause)
        }
        Terminal.write(tail.end)
    }

    private struct Interrupted: Error {}
}
