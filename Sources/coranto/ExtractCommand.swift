import ArgumentParser
import ByteCoding
import Extraction
import Foundation
import Gateway
import HostIO
import News

struct ExtractCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "extract",
        abstract: "Prints text and metadata of saved pages as JSON.",
        discussion: """
            A page a line. Files may be packed with gzip. A file that cannot be read gives a line with "error", and the
            others go on; the exit status is then 1.

            Examples:
              coranto extract page.html --url https://news.example/2016/01/21/ferry
              coranto extract --batch pages.ndjson   (lines of {"id", "file", "url"}; "-" reads standard input)
            """)

    @Argument(help: ArgumentHelp("The pages.", valueName: "file"))
    var files: [String] = []
    @Option(help: "Where the pages were fetched from.")
    var url: String?
    @Option(help: ArgumentHelp("A file of lines that name pages.", valueName: "list"))
    var batch: String?

    func validate() throws {
        guard batch == nil || files.isEmpty else { throw ValidationError("give files or --batch, not both") }
        guard batch != nil || !files.isEmpty else { throw ValidationError("no file is given") }
    }

    func run() throws {
        var failedCount = 0
        if let batch {
            for line in try Self.lines(of: batch) where !line.allSatisfy(ASCII.isBlank) {
                if !Self.extract(line) { failedCount += 1 }
            }
        } else {
            for file in files where !Self.print(file, id: file, url: url, .full) { failedCount += 1 }
        }
        if failedCount > 0 { throw ExitCode(1) }
    }

    private static func lines(of path: String) throws -> [ArraySlice<UInt8>] {
        let bytes: [UInt8]
        do {
            bytes = path == "-" ? Array(try FileHandle.standardInput.readToEnd() ?? Data()) : try FileBytes.read(path)
        } catch { throw Failure(.failed, "\(path) cannot be read: \(error)") }
        return bytes.split(separator: 0x0A)
    }

    /// - Returns: whether the page could be read.
    private static func extract(_ line: ArraySlice<UInt8>) -> Bool {
        let request: PageRequest
        do throws(JSONError) { request = try PageRequest(line) } catch {
            Terminal.write(PageJSON.error("\(error)", id: "") + [0x0A])
            return false
        }
        return print(request.file, id: request.id, url: request.url, .plain)
    }

    private static func print(_ file: String, id: String, url: String?, _ detail: PageJSON.Detail) -> Bool {
        do {
            let page = Page(try bytes(of: file)[...], url: url)
            Terminal.write(PageJSON.line(page, id: id, detail) + [0x0A])
            return true
        } catch {
            Terminal.write(PageJSON.error("\(file) cannot be read: \(error)", id: id) + [0x0A])
            return false
        }
    }

    private struct TooLarge: Error, CustomStringConvertible {
        var description: String { "more than \(Limits.inputBytes) bytes" }
    }

    /// The file, unpacked if it is packed, bounded while it is.
    private static func bytes(of path: String) throws -> [UInt8] {
        let raw = try FileBytes.read(path)
        guard raw.count <= Limits.inputBytes else { throw TooLarge() }
        guard raw.starts(with: [0x1F, 0x8B]) else { return raw }
        var out: [UInt8] = []
        let unpacker = try Unpacker(.gzip)
        try unpacker.append(raw) { piece in
            guard out.count + piece.count <= Limits.inputBytes else { throw TooLarge() }
            out += piece
        }
        try unpacker.finish()
        return out
    }
}
