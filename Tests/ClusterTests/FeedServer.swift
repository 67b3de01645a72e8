import Foundation

/// `scripts/feed-server`, and what it counts.
final class FeedServer {
    private let process = Process()
    let address: String

    /// - Parameter also: another address of loopback at which it answers.
    init(also: String? = nil) throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "python3", Binary.root.appendingPathComponent("scripts/feed-server").path, "--port", "0",
        ]
        if let also { process.arguments! += ["--also", also] }
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        var line: [UInt8] = []
        while line.last != 0x0A {
            let piece = try output.fileHandleForReading.read(upToCount: 1) ?? Data()
            guard !piece.isEmpty else { break }
            line += piece
        }
        address =
            String(decoding: line, as: UTF8.self).split(whereSeparator: \.isWhitespace).last.map(String.init) ?? ""
    }

    deinit {
        process.terminate()
        process.waitUntilExit()
    }

    func get(_ path: String) throws -> String {
        let client = Process()
        client.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        let program = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())"
        client.arguments = ["python3", "-c", program, "http://\(address)\(path)"]
        let output = Pipe()
        client.standardOutput = output
        try client.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        client.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }

    func notModifiedCount() throws -> Int {
        let stats = try JSONSerialization.jsonObject(with: Data(get("/stats").utf8)) as? [String: Any]
        return stats?["not_modified"] as? Int ?? 0
    }
}
