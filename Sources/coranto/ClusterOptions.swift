import ArgumentParser
import Gateway
import HostIO
import Logging
import NIOCore
import NIOPosix
import Roles
import Wire

/// How TLS is spoken, by a side that listens or connects. Needs a build with the trait.
struct TLSOption: ParsableArguments {
    @Option(
        help: ArgumentHelp("TLS: own certificate, with those between it and its authority.", valueName: "file.pem"))
    var tlsCert: String?
    @Option(help: ArgumentHelp("TLS: the certificate's private key.", valueName: "file.pem"))
    var tlsKey: String?
    @Option(
        help: ArgumentHelp(
            "TLS: who must have signed the other side's certificate. Of who listens: only those get in.",
            valueName: "file.pem"))
    var tlsCa: String?

    private var files: TLSFiles { TLSFiles(certificate: tlsCert, key: tlsKey, authority: tlsCa) }
    var isGiven: Bool { !files.isEmpty }

    /// - Returns: nil if TLS is not spoken.
    func client() throws -> ClientTLS? { try make { try ClientTLS($0) } }
    func server() throws -> ServerTLS? { try make { try ServerTLS($0) } }
    /// Of a process that connects to its own server.
    func own() throws -> ClientTLS? { try make { try ClientTLS(toOwn: $0) } }

    private func make<Side>(_ side: (TLSFiles) throws -> Side) throws -> Side? {
        guard isGiven else { return nil }
        do { return try side(files) } catch let failure as TLSFailure { throw Failure(.badRequest, "\(failure)") }
    }
}

/// Bounds of each listener.
struct LimitOptions: ParsableArguments {
    @Option(help: "Connections at once; more are refused.")
    var maxConnections: Int?
    @Option(help: "Connections at once from one address; more are refused.")
    var maxConnectionsPerAddress: Int?

    func validate() throws {
        for (name, value) in [
            ("--max-connections", maxConnections), ("--max-connections-per-address", maxConnectionsPerAddress),
        ] {
            if let value, !(1...1_000_000).contains(value) { throw ValidationError("\(name) is 1 to 1000000") }
        }
    }

    /// - Parameter parts: into so many the files that may be open are divided.
    func admission(_ standard: ConnectionAdmission.Limits, parts: Int, logger: Logger) -> ConnectionAdmission.Limits {
        var wanted = standard
        if let maxConnections {
            wanted.totalCount = maxConnections
            wanted.perAddressCount = min(wanted.perAddressCount, maxConnections)
        }
        if let maxConnectionsPerAddress { wanted.perAddressCount = min(maxConnectionsPerAddress, wanted.totalCount) }
        let files = OpenFiles.raiseLimit()
        let limits = wanted.fitting(openFiles: files, parts: parts)
        if limits.totalCount < wanted.totalCount {
            logger.notice(
                "fewer connections than wanted, for few files may be open (ulimit -n)",
                metadata: [
                    "connections": "\(limits.totalCount)", "wanted": "\(wanted.totalCount)", "files": "\(files)",
                ])
        }
        return limits
    }
}

/// Where the coordinator is: an address, or a store that tells.
struct CoordinatorOption: ParsableArguments {
    @Option(help: ArgumentHelp("The coordinator; several may be given.", valueName: "host:port"))
    var coordinator: [String] = []
    @Option(help: ArgumentHelp("File with the cluster's token.", valueName: "file"))
    var tokenFile: String?
    @OptionGroup var tls: TLSOption

    func endpoints() throws -> [Endpoint] {
        try coordinator.map { text in
            guard let endpoint = Endpoint(text) else {
                throw Failure(.badRequest, "\(text) is no address", hint: "write HOST:PORT, such as 127.0.0.1:7400")
            }
            return endpoint
        }
    }

    func token() throws -> Token? { try TokenFile.read(tokenFile) }
}

enum TokenFile {
    static func read(_ path: String?) throws -> Token? {
        guard let path else { return nil }
        let bytes: [UInt8]
        do { bytes = try FileBytes.read(path) } catch {
            throw Failure(.failed, "the token file cannot be read: \(error)")
        }
        guard let token = Token(fileContent: bytes) else {
            throw Failure(
                .badRequest, "\(path) holds no token",
                hint: "a token has \(Token.lengths.lowerBound) to \(Token.lengths.upperBound) bytes on one line")
        }
        return token
    }
}

/// Where a role listens beyond loopback, and by what right.
struct ListenOption: ParsableArguments {
    @Option(help: ArgumentHelp("Where to listen.", valueName: "host:port"))
    var listen = "127.0.0.1:0"
    @Flag(help: "Listen beyond loopback without TLS; traffic can be read on the network.")
    var plainNetwork = false
    @OptionGroup var tls: TLSOption
    @OptionGroup var limits: LimitOptions
    @Option(
        help: ArgumentHelp(
            "Memory for what is half-received on all connections; beyond it the one that stalls is closed.",
            valueName: "megabytes"))
    var receiveMemory = 256

    func validate() throws {
        guard (128...65_536).contains(receiveMemory) else { throw ValidationError("--receive-memory is 128 to 65536") }
    }

    func connectionLimits(logger: Logger) -> ConnectionLimits {
        var all = ConnectionLimits()
        all.admission = limits.admission(all.admission, parts: 2, logger: logger)
        all.inboundTotalBytes = receiveMemory << 20
        return all
    }

    func endpoint(token: Token?) throws -> Endpoint {
        guard let endpoint = Endpoint(listen) else {
            throw Failure(.badRequest, "\(listen) is no address", hint: "write HOST:PORT, such as 127.0.0.1:7400")
        }
        do throws(ListenPolicy.Refusal) {
            try ListenPolicy.check(
                host: endpoint.host, hasToken: token != nil, plainNetwork: plainNetwork, hasTLS: tls.isGiven)
        } catch {
            throw Failure(.badRequest, "\(error)")
        }
        return endpoint
    }
}

/// How much of a store's room is left for what must go on.
struct RoomOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Take no bulk articles when the store's file system has less room than this, and no live ones at half of it; \
            else 5 % of it, at most 10240.
            """,
            valueName: "megabytes"))
    var keepFree: UInt32?

    var bytes: UInt64? { keepFree.map { UInt64($0) << 20 } }
}

/// How much a gateway keeps of what it reads.
struct CacheOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Memory for what questions read from an object store again and again; a folder's files need none.",
            valueName: "megabytes"))
    var cache: UInt16 = 256

    var bytes: Int { Int(cache) << 20 }
}

struct LogOption: ParsableArguments {
    enum Level: String, ExpressibleByArgument, CaseIterable {
        case debug, info, notice, warning, error
    }

    @Option(help: "How much the process tells on standard error.")
    var logLevel: Level = .info

    func logger(_ label: String, quietly: Bool = false) -> Logger {
        var logger = Logger(label: label, factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel =
            switch logLevel {
            case .debug: .debug
            case .info: quietly ? .warning : .info
            case .notice: .notice
            case .warning: .warning
            case .error: .error
            }
        return logger
    }
}

/// Threads that move bytes; two suffice for thousands of connections here.
enum EventLoops {
    static func group() -> any EventLoopGroup { MultiThreadedEventLoopGroup(numberOfThreads: 2) }
}
