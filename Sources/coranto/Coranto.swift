import ArgumentParser
import Gateway
import Glibc
import HostIO

@main struct Coranto: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coranto", abstract: "Ingests news articles and answers questions about them.",
        discussion: """
            One binary, several roles, one store: a folder, or a bucket of an object store.

            Example:
              coranto query '"special role" china' --store /srv/news --sort newest

            Exit status: 0 done, 1 failed, 2 wrong usage, 3 some articles were rejected, 4 the store is corrupt.
            """,
        version: "0.1.0",
        subcommands: [
            UpCommand.self, IngestCommand.self, QueryCommand.self, ArticleCommand.self, WhyCommand.self,
            StatusCommand.self, TailCommand.self, RetractCommand.self, RetentionCommand.self, ErasureCommand.self,
            DeadLettersCommand.self, FeedsCommand.self, ExtractCommand.self,
            SnapshotCommand.self, SegmentCommand.self, BackupCommand.self,
            CoordinatorCommand.self, WorkerCommand.self, MergerCommand.self, FetcherCommand.self, GatewayCommand.self,
            StepsCommand.self, BenchEngineCommand.self, TryArticlesCommand.self,
        ])

    /// Runs the command that was asked for, and turns whatever it throws into a line on stderr and an exit status.
    static func main() async {
        // A listener needs one for each connection, a reader one for each segment.
        OpenFiles.raiseLimit()
        // Whoever writes is told (`Terminal`), and decides what the process ends with.
        _ = signal(SIGPIPE, SIG_IGN)
        do {
            let command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                var command = command
                try command.run()
            }
            Terminal.end(status: 0)
        } catch let failure as Failure {
            Terminal.fail("\(failure)", status: failure.exitStatus)
        } catch let exit as ExitCode {
            Terminal.end(status: exit.rawValue)
        } catch {
            finish(error)
        }
    }

    /// Errors of the argument parser, which include help asked for, and all others.
    private static func finish(_ error: any Error) -> Never {
        switch exitCode(for: error) {
        case .success:
            Terminal.write(fullMessage(for: error) + "\n")
            Terminal.end(status: 0)
        case .validationFailure:
            let text = fullMessage(for: error)
            Terminal.fail(text.hasPrefix("Error: ") ? String(text.dropFirst(7)) : text, status: 2)
        default:
            let failure = Failure(error)
            Terminal.fail("\(failure)", status: failure.exitStatus)
        }
    }
}
