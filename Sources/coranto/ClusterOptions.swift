import ArgumentParser
import Gateway
import HostIO
import Logging
import NIOCore
import NIOPosix
import Roles
import Wire

/// Where the coordinator is: an address, or a store that tells.
struct CoordinatorOption: ParsableArguments {
    @Option(help: ArgumentHelp("The coordinator; several may be given.", valueName: "host:port"))
    var coordinator: [String] = []
    @Option(help: ArgumentHelp("File with the cluster's token.", valueName: "file"))
    var tokenFile: String?

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

    func endpoint(token: Token?) throws -> Endpoint {
        guard let endpoint = Endpoint(listen) else {
            throw Failure(.badRequest, "\(listen) is no address", hint: "write HOST:PORT, such as 127.0.0.1:7400")
        }
        do throws(ListenPolicy.Refusal) {
            try ListenPolicy.check(
                host: endpoint.host, hasToken: token != nil, plainNetwork: plainNetwork, hasTLS: false)
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
