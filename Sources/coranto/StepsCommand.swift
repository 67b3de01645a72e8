import ArgumentParser
import Roles

struct StepsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "steps", abstract: "Lists the named steps at which CORANTO_DIE_AT can end a process, for tests.",
        discussion: """
            Example:
              CORANTO_DIE_AT=worker.uploaded coranto worker --store /srv/news
            """,
        shouldDisplay: false)

    func run() { for step in Step.allCases { Terminal.write(step.rawValue + "\n") } }
}
