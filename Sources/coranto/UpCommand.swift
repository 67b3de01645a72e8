import ArgumentParser
import ByteCoding
import Extraction
import FetchIO
import Foundation
import Gateway
import HostIO
import Logging
import News
import ObjectStore
import Roles
import Storage
import Wire

struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Runs every role in one process.",
        discussion: """
            Example:
              coranto up --store /srv/news --feeds feeds.opml --http 127.0.0.1:8080
            """)

    @OptionGroup var place: StoreOption
    @Option(help: ArgumentHelp("Feeds to add to the store's list.", valueName: "file.opml"))
    var feeds: String?
    @Option(help: "Workers.")
    var workers = 2
    @OptionGroup var listen: ListenOption
    @OptionGroup var advertise: AdvertiseOption
    @Option(help: ArgumentHelp("Where the gateway answers.", valueName: "host:port"))
    var http = "127.0.0.1:8080"
    @Option(help: ArgumentHelp("Folder of the fetcher's own state; never in the store.", valueName: "dir"))
    var state: String?
    @OptionGroup var web: WebOptions
    @OptionGroup var archive: ArchiveOption
    @Option(help: ArgumentHelp("File with the cluster's token.", valueName: "file"))
    var tokenFile: String?
    @OptionGroup var cache: CacheOption
    @OptionGroup var room: RoomOption
    @OptionGroup var upkeep: UpkeepOptions
    @OptionGroup var log: LogOption

    func validate() throws {
        guard (1...64).contains(workers) else { throw ValidationError("--workers is 1 to 64") }
    }

    func run() async throws {
        let token = try TokenFile.read(tokenFile)
        let tls = try listen.tls.server()
        let ownTLS = try listen.tls.own()
        let bucket = try place.openForWriting()
        guard let httpEndpoint = Endpoint(http) else {
            throw Failure(.badRequest, "\(http) is no address", hint: "write HOST:PORT, such as 127.0.0.1:8080")
        }
        try GatewayConfiguration.check(httpEndpoint, plainNetwork: listen.plainNetwork, hasTLS: listen.tls.isGiven)
        var configuration = LocalCluster.Configuration(bucket: bucket)
        configuration.trialExecutable = PutOptions.ownExecutable
        configuration.workerCount = workers
        configuration.keepFreeBytes = room.bytes
        configuration.upkeep = upkeep.upkeep
        configuration.endpoint = try listen.endpoint(token: token)
        configuration.advertised = try advertise.address(listeningOn: configuration.endpoint)
        configuration.token = token
        let logger = log.logger("up")
        configuration.tls = tls
        configuration.ownTLS = ownTLS
        configuration.limits = listen.connectionLimits(logger: logger)
        let cluster = LocalCluster(configuration, logger: logger)
        let fetcher = try FetcherOptions.role(
            bucket: bucket, locator: .store(bucket), token: token, tls: ownTLS,
            state: try FetcherOptions.statePath(state, beside: place), web: try web.settings(),
            archive: archive.archive, waitsForState: true, logger: logger)
        var answering = GatewayConfiguration(bucket: bucket, endpoint: httpEndpoint)
        answering.token = token
        answering.tls = tls
        answering.cacheBytes = cache.bytes
        answering.limits.admission = listen.limits.admission(answering.limits.admission, parts: 4, logger: logger)
        let scheme = tls == nil ? "http" : "https"
        let gateway = try GatewayRole(answering, logger: logger) { endpoint in
            logger.info("answers", metadata: ["url": "\(scheme)://\(endpoint)/"])
        }
        let lines = try feeds.map { try FeedLine.lines(ofOPML: $0) } ?? []
        let stop = StopSignal()
        let signals = DrainSignals { stop.tell() }
        defer { signals.cancel() }
        try await cluster.run(on: EventLoops.group()) { cluster in
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await fetcher.run(on: EventLoops.group()) }
                tasks.addTask { try await gateway.run() }
                if !lines.isEmpty {
                    tasks.addTask {
                        try await Blocking.run {
                            let client = PutClient(
                                locator: .store(bucket), token: token, tls: ownTLS, lane: .live, ack: .durable,
                                hopeless: { cluster.failure })
                            try client.put(lines.flatMap { $0 })
                            try client.finish()
                        }
                    }
                }
                tasks.addTask {
                    // Asked to stop, or the coordinator ended on its own: the readers and the fetcher first.
                    await stop.wait(or: { cluster.failure != nil })
                    fetcher.drain()
                    gateway.drain()
                }
                // The first that fails ends all: the others are cancelled, and drain.
                for try await _ in tasks {}
            }
        }
        logger.info("drained")
    }
}

struct FetcherCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetcher", abstract: "Runs a fetcher: polls the store's feeds and sends what is new.",
        discussion: """
            Example:
              coranto fetcher --store /srv/news --state /var/lib/coranto-fetcher
            """)

    @OptionGroup var options: HelperOptions
    @Option(help: ArgumentHelp("Folder of its own state; never in the store.", valueName: "dir"))
    var state: String
    @OptionGroup var web: WebOptions
    @OptionGroup var archive: ArchiveOption

    func run() async throws {
        let bucket = try options.place.openForWriting()
        let role = try FetcherOptions.role(
            bucket: bucket, locator: try options.locator(bucket), token: try options.coordinator.token(),
            tls: try options.coordinator.tls.client(), state: state,
            web: try web.settings(), archive: archive.archive, name: options.name ?? "fetcher",
            logger: options.log.logger("fetcher"))
        let signals = DrainSignals { role.drain() }
        defer { signals.cancel() }
        try await role.run(on: EventLoops.group())
    }
}

struct ArchiveOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Keep every answer of a feed in files of this folder (WARC, zstd), for `coranto feeds replay`.",
            valueName: "dir"))
    var archive: String?
}

enum FetcherOptions {
    /// A folder's state lies beside it, if nothing else is said.
    static func statePath(_ state: String?, beside place: StoreOption) throws -> String {
        if let state { return state }
        guard !place.store.hasPrefix(S3Place.scheme) else {
            throw Failure(
                .badRequest, "where is the fetcher's own state to be kept?",
                hint: "give --state DIR, a folder of this machine: it does not belong into an object store")
        }
        // A slash at the end, or "." as the name, would put it into the store.
        return URL(fileURLWithPath: place.store).standardizedFileURL.path + ".state"
    }

    static func role(
        bucket: any Bucket, locator: CoordinatorLocator, token: Token?, tls: ClientTLS?, state: String,
        web: CurlClient.Settings, archive: String?, name: String = "fetcher",
        waitsForState: Bool = false, logger: Logger
    ) throws -> FetcherRole {
        guard !(bucket is FolderBucket && FileBytes.isPath(state, inside: bucket.location)) else {
            throw Failure(
                .badRequest, "the state folder \(state) lies in the store \(bucket.location)",
                hint: "all in a store is copied and checked with it; give a folder beside it")
        }
        do { try FileBytes.makeFolder(state) } catch {
            throw Failure(.failed, "the state folder \(state) cannot be made: \(error)")
        }
        var configuration = FetcherRole.Configuration(
            bucket: bucket, locator: locator, stateFolder: state, web: web, name: name)
        configuration.waitsForState = waitsForState
        configuration.token = token
        configuration.tls = tls
        if let archive {
            do { try FileBytes.makeFolder(archive) } catch {
                throw Failure(.failed, "the folder of the archive \(archive) cannot be made: \(error)")
            }
            configuration.archivePath = archive
        }
        return FetcherRole(configuration, logger: logger)
    }
}
