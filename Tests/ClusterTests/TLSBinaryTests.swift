import Foundation
import Testing

/// TLS as users switch it on. The certificates are made by the openssl command.
@Suite(.serialized) struct TLSBinaryTests {
    #if TLS
        private func certificate(_ scratch: Scratch) throws -> (certificate: String, key: String) {
            let paths = (scratch.path + "/cert.pem", scratch.path + "/key.pem")
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/openssl")
            process.arguments = [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=coranto", "-addext", "subjectAltName=IP:127.0.0.1", "-out", paths.0, "-keyout", paths.1,
            ]
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            try #require(process.terminationStatus == 0)
            return paths
        }

        private func until(_ what: String, _ condition: () throws -> Bool) throws {
            for _ in 0..<600 {
                if try condition() { return }
                usleep(20_000)
            }
            Issue.record("not in time: \(what)")
        }

        @Test("coordinator, worker, ingest and gateway over TLS; who does not believe the certificate is told so")
        func cluster() throws {
            let scratch = try Scratch()
            let (certificate, key) = try certificate(scratch)
            let port = try FreePort.take()
            let httpPort = try FreePort.take()
            let address = "127.0.0.1:\(port)"
            let file = try scratch.write(
                "a.ndjson", "{\"url\":\"https://paper.example/1\",\"headline\":\"Harbour reopens\"}\n")
            var parts = [
                try Binary.start(
                    "coordinator", "--store", scratch.store, "--listen", address, "--tls-cert", certificate,
                    "--tls-key", key)
            ]
            defer {
                for part in parts {
                    part.terminate()
                    part.waitUntilExit()
                    #expect(part.terminationStatus == 0)
                }
            }
            let ask = ["status", "--coordinator", address, "--format", "json"]
            try until("a coordinator") {
                try Binary.run(arguments: ask + ["--tls-ca", certificate]).output.contains("\"role\":\"coordinator\"")
            }
            // Now there is a store to read.
            parts += [
                try Binary.start("worker", "--store", scratch.store, "--tls-ca", certificate),
                try Binary.start(
                    "gateway", "--store", scratch.store, "--http", "127.0.0.1:\(httpPort)", "--tls-cert", certificate,
                    "--tls-key", key),
            ]
            let put = ["ingest", file, "--ack", "visible", "--coordinator", address]
            let told = try Binary.run(arguments: put + ["--tls-ca", certificate])
            #expect(told.status == 0 && told.output.contains("accepted 1"), "\(told.errors)")
            let disbelieved = try Binary.run(arguments: put + ["--tls-ca", "/etc/ssl/certs/ca-certificates.crt"])
            #expect(disbelieved.status == 1 && disbelieved.errors.contains("is not believed"), "\(disbelieved.errors)")
            let byStore = try Binary.run(
                "ingest", file, "--store", scratch.store, "--tls-ca", "/etc/ssl/certs/ca-certificates.crt")
            #expect(byStore.status == 1 && byStore.errors.contains("is not believed"), "\(byStore.errors)")
            let plain = try Binary.run(arguments: ask)
            #expect(plain.status == 1 && plain.errors.contains("--tls-ca"), "\(plain.errors)")
            let question = "GET /v1/search?q=harbour HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            try until("an answer over HTTPS") {
                try Self.ask(httpPort, question, authority: certificate).contains("\"total\":{\"value\":1")
            }
            #expect(try Self.ask(httpPort, question, authority: "/etc/ssl/certs/ca-certificates.crt").isEmpty)
            let unencrypted = try Self.shell(
                "exec 3<>/dev/tcp/127.0.0.1/\(httpPort); printf '\(question)' >&3; timeout 10 cat <&3", input: "")
            #expect(
                unencrypted.contains("400 Bad Request") && unencrypted.contains("this port speaks TLS"),
                "\(unencrypted)")
        }

        @Test("up over TLS reaches itself, whatever name the certificate has")
        func up() throws {
            let scratch = try Scratch()
            let (certificate, key) = try certificate(scratch)
            let httpPort = try FreePort.take()
            let file = try scratch.write(
                "a.ndjson", "{\"url\":\"https://paper.example/1\",\"headline\":\"Harbour reopens\"}\n")
            let part = try Binary.start(
                "up", "--store", scratch.store, "--http", "127.0.0.1:\(httpPort)", "--tls-cert", certificate,
                "--tls-key", key,
                "--tls-ca", certificate)
            defer {
                part.terminate()
                part.waitUntilExit()
                #expect(part.terminationStatus == 0)
            }
            let tls = ["--tls-ca", certificate, "--tls-cert", certificate, "--tls-key", key]
            try until("a coordinator") {
                try Binary.run(arguments: ["status", "--store", scratch.store, "--format", "json"] + tls).output
                    .contains("\"role\":\"coordinator\"")
            }
            let told = try Binary.run(arguments: ["ingest", file, "--ack", "visible", "--store", scratch.store] + tls)
            #expect(told.status == 0 && told.output.contains("accepted 1"), "\(told.errors)")
        }

        private static func ask(_ port: Int, _ question: String, authority: String) throws -> String {
            try shell(
                "timeout 10 openssl s_client -quiet -verify_return_error -connect 127.0.0.1:\(port) -CAfile \(authority) 2>/dev/null",
                input: question)
        }

        private static func shell(_ command: String, input: String) throws -> String {
            let process = Process()
            process.executableURL = URL(filePath: "/bin/bash")
            process.arguments = ["-c", command]
            let (given, said) = (Pipe(), Pipe())
            process.standardInput = given
            process.standardOutput = said
            process.standardError = FileHandle.nullDevice
            try process.run()
            try given.fileHandleForWriting.write(contentsOf: Data(input.utf8))
            let text = said.fileHandleForReading.readDataToEndOfFile()
            try given.fileHandleForWriting.close()
            process.waitUntilExit()
            return String(decoding: text, as: UTF8.self)
        }
    #else
        @Test(
            "without TLS in the build its options say so, and change nothing",
            arguments: [["coordinator"], ["worker"], ["status"], ["gateway"], ["up"]])
        func absent(words: [String]) throws {
            let scratch = try Scratch()
            let result = try Binary.run(arguments: words + ["--store", scratch.store, "--tls-ca", "ca.pem"])
            #expect(result.status == 2 && result.errors.contains("--traits TLS"), "\(result.errors)")
        }
    #endif
}

#if TLS
    /// A port that was free a moment ago.
    enum FreePort {
        static func take() throws -> Int {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            try #require(descriptor >= 0)
            defer { close(descriptor) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            // Safe: both calls use the structure of the size that is told, within this function.
            let result = unsafe withUnsafeMutablePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe (bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0)
                }
            }
            try #require(result)
            return Int(UInt16(bigEndian: address.sin_port))
        }
    }
#endif
