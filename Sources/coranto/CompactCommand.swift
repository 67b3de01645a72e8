import ArgumentParser
import Gateway
import HostIO
import Logging
import News
import Roles
import Wire

struct CompactCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compact", abstract: "Brings the snapshot into its canonical form: cells only.",
        discussion: """
            The same articles then give the same bytes, whatever happened before: see coranto snapshot digest --bytes.

            Example:
              coranto snapshot compact --store /srv/news
            """)

    @OptionGroup var put: PutOptions

    func run() async throws {
        let generation = try await put.compact()
        Terminal.write("generation \(generation.number) is canonical\n")
    }
}
