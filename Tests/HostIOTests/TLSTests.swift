// Only in a build with the TLS trait: scripts/test --tls. Certificates are made for each run by the openssl command.

#if TLS

    import Foundation
    import HostIO
    import NIOPosix
    import News
    import Testing
    import Wire

    /// A folder of certificates, gone afterwards.
    final class TestCertificates: Sendable {
        let folder = NSTemporaryDirectory() + "coranto-tls-" + UUID().uuidString

        init() throws {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            for authority in ["ca", "other-ca"] {
                try openssl(
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=\(authority)", "-keyout", path(authority + ".key"), "-out", path(authority))
            }
            try make("server", by: "ca", names: "DNS:localhost,IP:127.0.0.1")
            try make("client", by: "ca", names: "DNS:client.example")
            try make("stranger", by: "other-ca", names: "DNS:client.example")
            try make("wrong-name", by: "ca", names: "DNS:elsewhere.example,IP:127.0.0.2")
            try make("expired", by: "ca", names: "DNS:localhost,IP:127.0.0.1", days: -1)
        }

        deinit {
            do { try FileManager.default.removeItem(atPath: folder) } catch { print("left behind: \(folder)") }
        }

        func path(_ name: String) -> String { "\(folder)/\(name).pem" }

        func files(_ name: String?, authority: String? = nil) -> TLSFiles {
            TLSFiles(
                certificate: name.map(path), key: name.map { path($0 + ".key") }, authority: authority.map(path))
        }

        private func make(_ name: String, by authority: String, names: String, days: Int = 2) throws {
            try openssl(
                "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=\(name)",
                "-keyout", path(name + ".key"), "-out", path(name + ".request"))
            try Data("subjectAltName=\(names)\n".utf8).write(to: URL(filePath: path(name + ".extensions")))
            try openssl(
                "x509", "-req", "-in", path(name + ".request"), "-CA", path(authority), "-CAkey",
                path(authority + ".key"), "-days", "\(days)", "-extfile", path(name + ".extensions"), "-out", path(name)
            )
        }

        private func openssl(_ words: String...) throws {
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/openssl")
            process.arguments = words
            let said = Pipe()
            process.standardError = said
            try process.run()
            let text = try said.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            try #require(process.terminationStatus == 0, "openssl \(words): \(String(decoding: text, as: UTF8.self))")
        }
    }

    @Suite(.timeLimit(.minutes(2))) struct TLSTests {
        let certificates: TestCertificates

        init() throws { certificates = try TestCertificates() }

        private func connected(
            _ server: LineServer, _ tls: ClientTLS?, host: String = "127.0.0.1", milliseconds: Int = 60_000
        ) throws -> BlockingClient {
            try BlockingClient(
                endpoint: Endpoint(host: host, port: server.port),
                introduction: Introduction(role: .client, client: "tester"), token: testToken, tls: tls,
                timeoutMilliseconds: milliseconds)
        }

        /// What both kinds of client say when they cannot connect.
        private func failures(_ server: LineServer, _ tls: ClientTLS?, milliseconds: Int = 60_000) async throws
            -> [CloseReason]
        {
            var options = LineClient.Options(
                endpoint: Endpoint(host: "127.0.0.1", port: server.port),
                introduction: Introduction(role: .worker, client: "w1"), token: testToken)
            options.tls = tls
            options.limits.helloMilliseconds = Int64(milliseconds)
            let end = await #expect(throws: CloseReason.self) {
                let client = try await LineClient.connect(
                    options, on: MultiThreadedEventLoopGroup.singleton, logger: quiet
                ) {
                    _ in
                }
                try await client.waitUntilClosed()
            }
            let other = try await blocking {
                #expect(throws: CloseReason.self) {
                    let client = try connected(server, tls, milliseconds: milliseconds)
                    _ = try client.next(timeoutMilliseconds: milliseconds)
                }
            }
            return [try #require(end), try #require(other)]
        }

        @Test(
            "over TLS messages pass both ways, large ones too, to a name and to an address",
            arguments: ["127.0.0.1", "localhost"])
        func wholeWay(host: String) async throws {
            let server = try ServerTLS(certificates.files("server"))
            let mine = try ClientTLS(certificates.files(nil, authority: "ca"))
            let report = [UInt8](repeating: 0x62, count: 9 << 20)
            try await withServer(
                token: testToken, tls: server,
                onEvent: { server, id, event in
                    acceptAll(server, id, event)
                    if case .message(.status) = event { server.send(id, [.statusReport(json: report)]) }
                }
            ) { server, _ in
                try await blocking {
                    let client = try connected(server, mine, host: host)
                    let payload = [UInt8](repeating: 0x61, count: 20 << 20)
                    try client.send([put(1, payload), .status, put(2, Array("{}".utf8))], timeoutMilliseconds: 30_000)
                    let one = BatchCounts(received: 1, accepted: 1)
                    #expect(try client.next(timeoutMilliseconds: 30_000) == .accepted(number: 1, counts: one))
                    #expect(try client.next(timeoutMilliseconds: 30_000) == .statusReport(json: report))
                    #expect(try client.next(timeoutMilliseconds: 30_000) == .accepted(number: 2, counts: one))
                    try client.send([.quit], timeoutMilliseconds: 60_000)
                    #expect(throws: CloseReason.byPeer) { try client.next(timeoutMilliseconds: 60_000) }
                }
                let log = EventLog()
                var options = LineClient.Options(
                    endpoint: Endpoint(host: host, port: server.port),
                    introduction: Introduction(role: .client, client: "n"), token: testToken)
                options.tls = mine
                let client = try await LineClient.connect(
                    options, on: MultiThreadedEventLoopGroup.singleton, logger: quiet
                ) { log.add(ConnectionID(0), $0) }
                client.send([put(7, [UInt8](repeating: 0x61, count: 5 << 20)), .quit])
                var seen: [String] = []
                for await entry in log.stream {
                    switch entry.event {
                    case .opened: seen.append("opened")
                    case .message(let message): seen.append(message.commandName)
                    case .closed(let reason): seen.append("\(reason)")
                    }
                    if case .closed = entry.event { break }
                }
                #expect(seen == ["opened", "ACCEPTED", "closed by the other side"])
            }
        }

        @Test("a certificate that is not to be believed is not: another authority, expired, another name")
        func disbelieved() async throws {
            for (shown, authority, why) in [
                ("server", "other-ca", "certificate is not believed"), ("expired", "ca", "certificate is not believed"),
                ("wrong-name", "ca", "not for the name or address"),
            ] {
                let mine = try ClientTLS(certificates.files(nil, authority: authority))
                try await withServer(token: testToken, tls: ServerTLS(certificates.files(shown))) { server, _ in
                    for reason in try await failures(server, mine) {
                        guard case .tls(let text) = reason else {
                            Issue.record("\(shown): \(reason)")
                            continue
                        }
                        #expect(text.contains(why), "\(shown): \(text)")
                    }
                }
            }
        }

        @Test("who speaks TLS to one who does not, and the other way round, is told what may be wrong")
        func oneSided() async throws {
            let mine = try ClientTLS(certificates.files(nil, authority: "ca"))
            try await withServer(token: testToken) { server, _ in
                let wanted = CloseReason.tls("the other side does not speak TLS")
                let told = try await failures(server, mine)
                #expect(told == [wanted, wanted])
            }
            try await withServer(token: testToken, tls: ServerTLS(certificates.files("server"))) { server, _ in
                let told = try await failures(server, nil, milliseconds: 300)
                #expect(told == [.noGreeting, .noGreeting])
                #expect("\(CloseReason.noGreeting)".contains("--tls-ca"))
                // Plain garbage is no handshake: that connection ends, and service goes on.
                try await blocking {
                    let socket = try RawSocket(port: server.port)
                    socket.send("HELLO 0 client plain - -\r\n")
                    _ = socket.readToEnd()
                    try connected(server, mine).send([.touch], timeoutMilliseconds: 60_000)
                }
            }
        }

        @Test("where the listener names an authority, only those get in whose certificate it signed")
        func mutual() async throws {
            let server = try ServerTLS(certificates.files("server", authority: "ca"))
            try await withServer(token: testToken, tls: server, onEvent: acceptAll) { server, _ in
                for (name, why) in [(nil, "wants a certificate"), ("stranger", "does not believe our certificate")] {
                    let mine = try ClientTLS(certificates.files(name, authority: "ca"))
                    for reason in try await failures(server, mine) {
                        guard case .tls(let text) = reason else {
                            Issue.record("\(name ?? "none"): \(reason)")
                            continue
                        }
                        #expect(text.contains(why), "\(text)")
                    }
                }
                let mine = try ClientTLS(certificates.files("client", authority: "ca"))
                try await blocking {
                    let client = try connected(server, mine)
                    try client.send([.touch], timeoutMilliseconds: 60_000)
                    #expect(try client.next(timeoutMilliseconds: 60_000) == .touched)
                }
            }
        }

        @Test("a process that connects to itself believes its own certificate, under any address, and no other")
        func own() async throws {
            let files = certificates.files("wrong-name")
            let mine = try ClientTLS(toOwn: files)
            try await withServer(token: testToken, tls: ServerTLS(files), onEvent: acceptAll) { server, _ in
                try await blocking {
                    let client = try connected(server, mine)
                    try client.send([.touch], timeoutMilliseconds: 60_000)
                    #expect(try client.next(timeoutMilliseconds: 60_000) == .touched)
                }
            }
            try await withServer(token: testToken, tls: ServerTLS(certificates.files("server"))) { server, _ in
                for reason in try await failures(server, mine) {
                    guard case .tls = reason else {
                        Issue.record("\(reason)")
                        continue
                    }
                }
            }
        }

        @Test("files that cannot serve are told by name")
        func files() throws {
            func message(_ body: () throws -> Void) -> String {
                let failure = #expect(throws: TLSFailure.self) { try body() }
                return failure?.description ?? ""
            }
            let good = certificates.files("server")
            #expect(
                message { _ = try ServerTLS(TLSFiles(authority: good.certificate)) }.contains(
                    "--tls-cert and --tls-key"))
            #expect(message { _ = try ServerTLS(TLSFiles(certificate: good.certificate)) }.contains("come together"))
            #expect(
                message { _ = try ClientTLS(TLSFiles(authority: "/nowhere.pem")) }.contains("--tls-ca /nowhere.pem"))
            #expect(message { _ = try ClientTLS(TLSFiles(authority: good.key)) }.contains("certificate"))
            let crossed = TLSFiles(certificate: good.certificate, key: certificates.path("client.key"))
            #expect(message { _ = try ServerTLS(crossed) }.contains("do not fit together"))
            let swapped = TLSFiles(certificate: good.key, key: good.certificate)
            #expect(message { _ = try ServerTLS(swapped) }.contains("PEM"))
        }

        @Test("half a handshake is cut off in time, and thousands of bytes of none are no trouble")
        func halfHandshake() async throws {
            var limits = ConnectionLimits()
            limits.helloMilliseconds = 100
            try await withServer(limits: limits, tls: ServerTLS(certificates.files("server"))) { server, _ in
                try await blocking {
                    let socket = try RawSocket(port: server.port)
                    socket.send([0x16, 0x03, 0x01, 0x02, 0x00])
                    #expect(socket.readToEnd() == "")
                    let noise = try RawSocket(port: server.port)
                    noise.send([UInt8](repeating: 0x16, count: 100_000))
                    _ = noise.readToEnd()
                    while server.counts.openCount > 0 { sched_yield() }
                }
            }
        }
    }

#endif
