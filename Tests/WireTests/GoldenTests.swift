import ByteCoding
import Foundation
import Testing
import Wire

/// An exchange of docs/wire-protocol.md: its text, and the bytes each side sent.
struct Exchange {
    var toServer: [UInt8] = []
    var toClient: [UInt8] = []
    /// Bytes that are no message, sent to the server at the end.
    var garbage: [UInt8] = []

    /// Lines begin with the sender (`C` or `S`) and how the rest is written: `:` text with \r \n, `#` hexadecimal up to
    /// `;`, `!` text that is no message.
    init(text: String) throws {
        for line in text.split(separator: "\n") {
            let mark = line.prefix(2)
            let rest = line.dropFirst(mark == "C:" || mark == "S:" || mark == "C!" ? 3 : 2)
            let written: [UInt8]
            if mark.hasSuffix("#") {
                let digits = rest.prefix { $0 != ";" }.filter { $0 != " " }
                written = try #require(Hex.bytes(digits), "\(line)")
            } else {
                written = Array(
                    rest.replacingOccurrences(of: "\\r", with: "\r").replacingOccurrences(of: "\\n", with: "\n").utf8)
            }
            switch mark {
            case "C:", "C#": toServer += written
            case "S:", "S#": toClient += written
            case "C!": garbage += written
            default: Issue.record("line of no known form: \(line)")
            }
        }
    }
}

let packageRoot = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

@Suite struct GoldenTests {
    static let names = [
        "hello", "hello-token", "hello-refused", "touch", "put", "status", "compact", "poison", "worker", "merge",
        "find", "scan",
        "drain", "fetcher",
        "unknown-command",
    ]

    static func golden(_ name: String) throws -> String {
        try String(
            contentsOf: packageRoot.appending(path: "Tests/WireTests/Golden/v0-\(name).exchange"), encoding: .utf8)
    }

    @Test("the document shows exactly the golden exchanges")
    func document() throws {
        let page = try String(contentsOf: packageRoot.appending(path: "docs/wire-protocol.md"), encoding: .utf8)
        var found: [String] = []
        for part in page.components(separatedBy: "<!-- golden: ").dropFirst() {
            let name = String(part.prefix { $0 != " " })
            let block = part.components(separatedBy: "```\n")
            try #require(block.count > 1)
            found.append(name)
            #expect(block[1] == (try Self.golden(name)), "\(name)")
        }
        #expect(found == Self.names)
    }

    @Test("parser and encoder agree with every golden exchange", arguments: names)
    func exchange(name: String) throws {
        let exchange = try Exchange(text: Self.golden(name))
        var toServer: [Message] = []
        var parser = MessageParser(side: .server, admitted: try Self.roleWithoutHello(exchange.toServer))
        parser.append(exchange.toServer)
        while let message = try parser.next() {
            toServer.append(message)
            if case .hello(_, let role, _, _, _) = message { parser.admit(role) }
        }
        #expect(parser.isBetweenMessages)
        #expect(toServer.flatMap(\.encoded) == exchange.toServer)
        if !exchange.garbage.isEmpty {
            parser.append(exchange.garbage)
            #expect(throws: WireError(.unknownCommand, "unknown command GET")) { try parser.next() }
        }
        let toClient = Parsed(exchange.toClient, .client)
        #expect(toClient.error == nil && toClient.isComplete)
        #expect(toClient.messages.flatMap(\.encoded) == exchange.toClient)
        #expect(!toServer.isEmpty && !toClient.messages.isEmpty)
    }

    /// Exchanges from the middle of a connection: whose they are.
    private static func roleWithoutHello(_ bytes: [UInt8]) throws -> PeerRole? {
        let text = String(decoding: bytes.prefix(6), as: UTF8.self)
        if text.hasPrefix("HELLO") { return nil }
        if text.hasPrefix("KEPT") { return .fetcher }
        return ["PUT", "STATUS", "COMPAC"].contains { text.hasPrefix($0) } ? .client : .worker
    }

    @Test("the shown proof fits the shown token")
    func shownProof() throws {
        let exchange = try Exchange(text: Self.golden("hello-token"))
        let greeting = try #require(Parsed(exchange.toClient, .client).messages.first)
        var parser = MessageParser(side: .server)
        parser.append(exchange.toServer)
        guard case .greeting(_, _, let serverNonce, _) = greeting,
            case .hello(_, let role, let client, let nonce, let proof) = try parser.next()
        else {
            Issue.record("greeting and HELLO expected")
            return
        }
        let token = try #require(Token(fileContent: "correct horse battery staple\n".utf8))
        #expect(
            Proof.verify(
                proof, token: token, role: role, client: client, serverNonce: serverNonce, clientNonce: nonce))
    }

    @Test("the limits of the document are those of the code")
    func limits() throws {
        let page = try String(contentsOf: packageRoot.appending(path: "docs/wire-protocol.md"), encoding: .utf8)
        for row in [
            "at most **\(WireLimits.lineBytes) bytes**", "| PUT | 67,108,864 bytes", "| ARTICLES | 68,157,440 bytes",
            "| SEALED, POISON, MERGE, MERGED, FIND, FOUND, SCAN, SCANNED, LEASE, STATUS_REPORT | 16,777,216 bytes",
            "| JOINED | 4,096 bytes",
        ] {
            #expect(page.contains(row))
        }
        #expect(WireLimits.putBytes == 67_108_864)
        #expect(WireLimits.articlesBytes == 68_157_440)
        #expect(WireLimits.reportBytes == 16_777_216)
        #expect(WireLimits.settingsBytes == 4096)
    }
}
