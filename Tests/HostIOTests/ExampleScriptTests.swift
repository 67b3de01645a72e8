import ByteCoding
import Foundation
import HostIO
import News
import Testing
import Wire

@Suite struct ExampleScriptTests {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let script = root.appending(path: "scripts/examples/put_articles.py")

    @Test("the example client has at most 40 lines and needs only socket and hashlib")
    func short() throws {
        let lines = try String(contentsOf: Self.script, encoding: .utf8).split(
            separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count - 1 <= 40)
        #expect(lines.filter { $0.hasPrefix("import") || $0.hasPrefix("from") } == ["import hashlib, socket, sys"])
    }

    @Test(
        "the example client puts three articles",
        .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/python3"), "needs python3"))
    func puts() async throws {
        try await withServer(onEvent: acceptAll) { server, log in
            let port = server.port
            let answer = try await blocking {
                let process = Process()
                let output = Pipe()
                process.executableURL = URL(filePath: "/usr/bin/python3")
                process.arguments = [Self.script.path, "127.0.0.1", "\(port)", "41"]
                process.standardOutput = output
                try process.run()
                let text = try output.fileHandleForReading.readToEnd() ?? Data()
                process.waitUntilExit()
                #expect(process.terminationStatus == 0)
                return String(decoding: text, as: UTF8.self)
            }
            #expect(answer == "ACCEPTED 41 3 3 0 0\n")
            for await entry in log.stream {
                guard case .message(.put(let number, let lane, let ack, let digest, let payload)) = entry.event else {
                    continue
                }
                #expect(number == 41 && lane == .live && ack == .durable)
                #expect(digest == SHA256.hash(of: payload))
                break
            }
        }
    }
}
