import ArgumentParser
import Gateway
import HostIO
import Wire

struct GatewayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway", abstract: "Runs a gateway: answers questions over HTTP, and on a web page.",
        discussion: """
            Needs only the store: no coordinator has to run.

            Example:
              coranto gateway --store /srv/news --http 127.0.0.1:8080
            """)

    @OptionGroup var store: StoreOption
    @Option(help: ArgumentHelp("Where to listen.", valueName: "host:port"))
    var http = "127.0.0.1:8080"
    @Flag(help: "Listen beyond loopback without TLS; answers can be read on the network.")
    var plainNetwork = false
    @Option(help: ArgumentHelp("Answer only those who send the token in this file.", valueName: "file"))
    var tokenFile: String?
    @OptionGroup var tls: TLSOption
    @OptionGroup var cache: CacheOption
    @OptionGroup var limits: LimitOptions
    @OptionGroup var log: LogOption

    func run() async throws {
        guard let endpoint = Endpoint(http) else {
            throw Failure(.badRequest, "\(http) is no address", hint: "write HOST:PORT, such as 127.0.0.1:8080")
        }
        try GatewayConfiguration.check(endpoint, plainNetwork: plainNetwork, hasTLS: tls.isGiven)
        let tls = try tls.server()
        var configuration = GatewayConfiguration(bucket: try store.openForReading(), endpoint: endpoint)
        configuration.token = try TokenFile.read(tokenFile)
        configuration.tls = tls
        configuration.cacheBytes = cache.bytes
        let logger = log.logger("gateway")
        configuration.limits.admission = limits.admission(configuration.limits.admission, parts: 2, logger: logger)
        let role = try GatewayRole(configuration, logger: logger)
        let signals = DrainSignals { role.drain() }
        defer { signals.cancel() }
        try await role.run()
    }
}
