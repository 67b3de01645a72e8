import ArgumentParser
import Cluster
import Gateway
import HostIO
import Logging
import News
import Roles
import Storage
import Wire

struct CoordinatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coordinator", abstract: "Runs a coordinator, or a standby while another reigns.",
        discussion: """
            Example:
              coranto coordinator --store /srv/news --listen 127.0.0.1:7400
            """)

    @OptionGroup var place: StoreOption
    @OptionGroup var listen: ListenOption
    @OptionGroup var advertise: AdvertiseOption
    @Option(help: ArgumentHelp("File with the cluster's token.", valueName: "file"))
    var tokenFile: String?
    @Option(help: "Shards of a new store.")
    var shards: UInt16 = 32
    @OptionGroup var room: RoomOption
    @OptionGroup var upkeep: UpkeepOptions
    @OptionGroup var log: LogOption

    func validate() throws {
        guard (1...1024).contains(shards) else { throw ValidationError("--shards is 1 to 1024") }
    }

    func run() async throws {
        let token = try TokenFile.read(tokenFile)
        let tls = try listen.tls.server()
        var configuration = CoordinatorRole.Configuration(
            bucket: try place.openForWriting(), endpoint: try listen.endpoint(token: token))
        configuration.advertised = try advertise.address(listeningOn: configuration.endpoint)
        configuration.token = token
        configuration.shardCount = shards
        configuration.keepFreeBytes = room.bytes
        configuration.upkeep = upkeep.upkeep
        configuration.tls = tls
        let logger = log.logger("coordinator")
        configuration.limits = listen.connectionLimits(logger: logger)
        let role = CoordinatorRole(configuration, logger: logger)
        let signals = DrainSignals { role.drain() }
        defer { signals.cancel() }
        try await role.run(on: EventLoops.group())
    }
}

/// What stands in the heartbeat, for others to connect to.
struct AdvertiseOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What others are told to connect to, if not the listening address; needed with 0.0.0.0 and [::].",
            valueName: "host:port"))
    var advertise: String?

    /// - Returns: nil for the listening address.
    func address(listeningOn endpoint: Endpoint) throws -> String? {
        guard let advertise else {
            guard !Self.isEverywhere(endpoint.host) else {
                throw Failure(
                    .badRequest, "\(endpoint.host) is nothing that others can connect to",
                    hint: "give --advertise HOST:PORT, the address that they reach this coordinator by")
            }
            return nil
        }
        guard let told = Endpoint(advertise), told.port > 0, !Self.isEverywhere(told.host) else {
            throw Failure(
                .badRequest, "--advertise \(advertise) is no address that others can connect to",
                hint: "write HOST:PORT, such as news-1.example:7400")
        }
        return "\(told)"
    }

    /// All addresses of the machine: zeros only.
    private static func isEverywhere(_ host: String) -> Bool { host.allSatisfy { "0.:".contains($0) } }
}

/// What workers and mergers share: the store, and how to find the coordinator.
struct HelperOptions: ParsableArguments {
    @OptionGroup var place: StoreOption
    @OptionGroup var coordinator: CoordinatorOption
    @Option(help: "Its name in logs and status.")
    var name: String?
    @OptionGroup var log: LogOption

    func validate() throws {
        guard let name, !BatchID.isClientName(name) else { return }
        throw ValidationError("--name has 1 to 64 characters of A-Z a-z 0-9 . _ -")
    }

    func locator(_ bucket: any Bucket) throws -> CoordinatorLocator {
        let endpoints = try coordinator.endpoints()
        return endpoints.isEmpty ? .store(bucket) : .addresses(endpoints)
    }
}

struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Runs a worker: indexes the articles of the shards it is given.",
        discussion: """
            Example:
              coranto worker --store /srv/news
            """)

    @OptionGroup var options: HelperOptions
    @Option(help: ArgumentHelp("Seal a segment at this many megabytes of articles.", valueName: "megabytes"))
    var sealAt: UInt64 = 48

    func validate() throws {
        guard (1...512).contains(sealAt) else { throw ValidationError("--seal-at is 1 to 512") }
    }

    func run() async throws {
        let tls = try options.coordinator.tls.client()
        let bucket = try options.place.openForWriting()
        var configuration = WorkerRole.Configuration(
            bucket: bucket, locator: try options.locator(bucket), name: options.name ?? "worker")
        configuration.token = try options.coordinator.token()
        configuration.tls = tls
        configuration.machine.sealRecordBytes = sealAt << 20
        configuration.trialExecutable = PutOptions.ownExecutable
        let role = WorkerRole(configuration, logger: options.log.logger("worker"))
        let signals = DrainSignals { role.drain() }
        defer { signals.cancel() }
        await role.run(on: EventLoops.group())
    }
}

struct MergerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merger", abstract: "Runs a merger: combines segments as the coordinator asks.",
        discussion: """
            Example:
              coranto merger --store /srv/news
            """)

    @OptionGroup var options: HelperOptions

    func run() async throws {
        let tls = try options.coordinator.tls.client()
        let bucket = try options.place.openForWriting()
        var configuration = MergerRole.Configuration(
            bucket: bucket, locator: try options.locator(bucket), name: options.name ?? "merger")
        configuration.token = try options.coordinator.token()
        configuration.tls = tls
        let role = MergerRole(configuration, logger: options.log.logger("merger"))
        let signals = DrainSignals { role.drain() }
        defer { signals.cancel() }
        await role.run(on: EventLoops.group())
    }
}
