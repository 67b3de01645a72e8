import ByteCoding
package import Extraction
import Foundation
import Glibc
import News

/// Turns files into the lines of PUT payloads, in order: NDJSON lines as they are unless fields are mapped, feeds entry by
/// entry, other files as one article each. What cannot be read becomes a `$reject` line with its reason, so that it is counted and can be asked for.
///
/// Memory is bounded by one line (`Limits.inputBytes`) and one batch. Confined to one thread.
package final class InputReader {
    package struct Problem: Sendable {
        package var place: String
        package var reason: String
    }

    /// A batch is sent when its lines reach this, in bytes …
    static let batchBytes = 1 << 20
    /// … or this number.
    static let batchLines = 1000

    /// Lines of a PUT payload, and where each came from.
    package struct Batch: Sendable {
        package var bytes: [UInt8] = []
        /// One for each line: nil if `report` was told already.
        package var places: [String?] = []
    }

    /// Asked to end: what is read but not sent is in the batch, and `finish` sends it.
    package struct Stopped: Error {}

    /// Lines of standard input do not wait longer for others to fill a batch …
    static let longestWait = Duration.seconds(1)
    /// … and so often it is looked whether they do, or whether this is to end.
    static let lookMilliseconds: Int32 = 250

    private let send: (Batch) throws -> Void
    private let sentEarly: () throws -> Void
    private let isStopped: () -> Bool
    private let report: (Problem) -> Void
    /// Reads NDJSON lines here, where names of fields are mapped: the coordinator knows only the fields' own.
    private var mappedReader: ArticleReader?
    private var batch = Batch()
    /// When its first line was read.
    private var batchBegan = ContinuousClock.now

    package private(set) var fileCount = 0
    package private(set) var inputBytes: UInt64 = 0

    /// - Parameters:
    ///   - send: takes a batch.
    ///   - sentEarly: told when standard input has been quiet and a batch was sent that is not full.
    ///   - isStopped: looked at now and then; reading then ends with `Stopped`.
    ///   - report: told of each input that became no article here; the coordinator may reject more.
    ///   - fieldMap: names of fields in NDJSON lines.
    package init(
        fieldMap: FieldMap = FieldMap(), send: @escaping (Batch) throws -> Void,
        sentEarly: @escaping () throws -> Void = {}, isStopped: @escaping () -> Bool = { false },
        report: @escaping (Problem) -> Void
    ) {
        mappedReader = fieldMap.isEmpty ? nil : ArticleReader(fieldMap: fieldMap)
        self.send = send
        self.sentEarly = sentEarly
        self.isStopped = isStopped
        self.report = report
    }

    /// Reads a file, the files of a folder in the order of their names (links are followed), or standard input ("-").
    package func read(path: String) throws {
        if path == "-" {
            let input = PolledInput(descriptor: STDIN_FILENO)
            return try readStream({ try self.next(of: input) }, kind: .lines, format: .plain, name: "-")
        }
        var isFolder: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            return try reject(path, nil, .unreadable, "no such file")
        }
        guard isFolder.boolValue else { return try readFile(path) }
        for item in InputFolder.items(of: path, where: { Kind(fileName: $0) != nil }) {
            let full = item.name.isEmpty ? path : path + "/" + item.name
            if let trouble = item.trouble {
                try reject(full, nil, .unreadable, trouble)
            } else {
                try readFile(full)
            }
        }
    }

    /// Sends what is left.
    package func finish() throws {
        guard !batch.bytes.isEmpty else { return }
        try send(batch)
        batch = Batch()
    }

    // MARK: Files

    private enum Kind {
        case lines
        case text
        case html
        case feed

        init?(fileName: String) {
            var name = fileName.lowercased()
            for suffix in [".zst", ".gz"] where name.hasSuffix(suffix) { name.removeLast(suffix.count) }
            switch name.split(separator: ".").last {
            case "ndjson", "jsonl": self = .lines
            case "txt": self = .text
            case "html", "htm": self = .html
            case "xml": self = .feed
            default: return nil
            }
        }
    }

    private func readFile(_ path: String) throws {
        fileCount += 1
        guard let kind = Kind(fileName: path) else {
            return try reject(
                path, nil, .unreadable,
                "unknown kind of file; known are .ndjson .jsonl .txt .html .xml, each also .zst or .gz")
        }
        guard let handle = FileHandle(forReadingAtPath: path) else {
            return try reject(path, nil, .unreadable, "it cannot be opened: \(unsafe String(cString: strerror(errno)))")
        }
        defer { handle.closeFile() }
        let format: Unpacker.Format = path.hasSuffix(".zst") ? .zstd : path.hasSuffix(".gz") ? .gzip : .plain
        let next = { [self] in
            if isStopped() { throw Stopped() }
            return Array(try handle.read(upToCount: PolledInput.pieceBytes) ?? Data())
        }
        try readStream(next, kind: kind, format: format, name: path)
    }

    /// Waits for it, and sends meanwhile what has waited long enough.
    private func next(of input: PolledInput) throws -> [UInt8] {
        while true {
            if isStopped() { throw Stopped() }
            let isDue = !batch.bytes.isEmpty && ContinuousClock.now - batchBegan >= Self.longestWait
            switch try input.next(waitingMilliseconds: isDue ? 0 : Self.lookMilliseconds) {
            case .bytes(let bytes): return bytes
            case .end: return []
            case .nothingYet:
                guard isDue else { continue }
                try finish()
                try sentEarly()
            }
        }
    }

    /// - Parameter next: gives the bytes that follow, none at the end.
    private func readStream(
        _ next: () throws -> [UInt8], kind: Kind, format: Unpacker.Format, name: String
    ) throws {
        var splitter = LineSplitter()
        var whole: [UInt8] = []
        do {
            var piece = try next()
            // A pipe may give fewer at first than a format is known by.
            while !piece.isEmpty, piece.count < Unpacker.Format.magicBytes {
                let more = try next()
                if more.isEmpty { break }
                piece += more
            }
            var format = format
            if format == .plain, let packed = Unpacker.Format(firstBytes: piece) {
                guard name == "-" else { return try reject(name, nil, .unreadable, Self.misnamed(packed)) }
                format = packed
            }
            let unpacker = try Unpacker(format)
            while !piece.isEmpty {
                inputBytes += UInt64(piece.count)
                try unpacker.append(piece) { bytes in
                    if kind == .lines {
                        try splitter.append(bytes) { number, line in try take(number, line, of: name) }
                    } else if whole.count <= Limits.inputBytes {
                        whole.append(contentsOf: bytes)
                    }
                }
                piece = try next()
            }
            try unpacker.finish()
        } catch let failure as Unpacker.Failure {
            if kind == .lines { try splitter.finish { number, line in try take(number, line, of: name) } }
            return try reject(name, splitter.lineNumber, .unreadable, failure.description)
        } catch let failure as CocoaError {
            return try reject(name, nil, .unreadable, failure.localizedDescription)
        } catch let failure as PolledInput.Failure {
            return try reject(name, nil, .unreadable, "\(failure)")
        }
        switch kind {
        case .lines: try splitter.finish { number, line in try take(number, line, of: name) }
        case .text, .html, .feed: try take(whole, kind, name)
        }
    }

    private static func misnamed(_ format: Unpacker.Format) -> String {
        let (kind, ending) = format == .zstd ? ("zstd", ".zst") : ("gzip", ".gz")
        return
            "it looks like \(kind), and its name does not say so: let the name end in \(ending), or give it by standard input (-)"
    }

    private func take(_ number: UInt64, _ line: LineSplitter.Line, of name: String) throws {
        switch line {
        case .bytes(let bytes):
            let place = "\(name):\(number)"
            guard mappedReader != nil, bytes.contains(where: { !ASCII.isBlank($0) }) else {
                return try append(bytes, from: place)
            }
            switch mappedReader!.readPayloadLine(bytes) {
            case .article(let incoming): try append(incoming, from: place)
            case .rejected(let reason, let detail): try reject(name, number, reason, detail)
            // Not of fields; the coordinator reads it.
            case .reject, .retract, .feed, .retention, .deadLetter: try append(bytes, from: place)
            }
        case .tooLong(let count):
            try reject(
                name, number, .tooLarge, "the line has \(count) bytes, at most \(Limits.inputBytes) are allowed")
        }
    }

    private func take(_ bytes: [UInt8], _ kind: Kind, _ path: String) throws {
        guard bytes.count <= Limits.inputBytes else {
            return try reject(path, nil, .tooLarge, "more than \(Limits.inputBytes) bytes")
        }
        if kind == .feed { return try takeFeed(bytes, path) }
        let fileName = path.split(separator: "/").last.map(String.init) ?? path
        let outcome =
            kind == .html
            ? HTMLArticle.read(bytes[...], fileName: fileName) : TextArticle.read(bytes[...], fileName: fileName)
        switch outcome {
        case .article(let incoming): try append(incoming, from: path)
        case .rejected(let reason, let detail): try reject(path, nil, reason, detail)
        }
    }

    /// A feed that was saved: its entries, of which nobody knows when they were seen.
    private func takeFeed(_ bytes: [UInt8], _ path: String) throws {
        let feed: ParsedFeed
        do throws(FeedError) { feed = try FeedParser.parse(bytes, url: "") } catch {
            return try reject(path, nil, .malformed, "\(error)")
        }
        for (index, entry) in feed.entries.enumerated() {
            switch ReadOutcome.checked(entry.article, key: entry.key, notes: entry.notes) {
            case .article(let incoming): try append(incoming, from: "\(path):\(index + 1)")
            case .rejected(let reason, let detail): try reject(path, UInt64(index + 1), reason, "entry: \(detail)")
            }
        }
    }

    // MARK: Batches

    private func append(_ incoming: IncomingArticle, from place: String) throws {
        try append(ArticleJSON.line(incoming)[...], from: place)
    }

    private func append(_ line: ArraySlice<UInt8>, from place: String?) throws {
        guard line.contains(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D }) else { return }
        let isFull = batch.bytes.count + line.count > Self.batchBytes || batch.places.count >= Self.batchLines
        if !batch.bytes.isEmpty, isFull { try finish() }
        if batch.bytes.isEmpty { batchBegan = ContinuousClock.now }
        batch.bytes.append(contentsOf: line)
        batch.bytes.append(UInt8(ascii: "\n"))
        batch.places.append(place)
    }

    private func reject(_ place: String, _ line: UInt64?, _ reason: RejectionReason, _ detail: String) throws {
        report(Problem(place: line.map { "\(place):\($0)" } ?? place, reason: "\(reason.name): \(detail)"))
        let line = RejectLine.write(source: place, line: line, reason: reason, detail: detail)
        try append(line[...], from: nil)
    }
}

/// Cuts a stream into lines, holding at most one, and that only up to the limit.
struct LineSplitter {
    enum Line {
        case bytes(ArraySlice<UInt8>)
        case tooLong(Int)
    }

    private var held: [UInt8] = []
    private var skipped = 0
    private(set) var lineNumber: UInt64 = 1

    mutating func append(_ bytes: ArraySlice<UInt8>, _ take: (UInt64, Line) throws -> Void) throws {
        var rest = bytes
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let part = rest[..<end]
            rest = rest[(end + 1)...]
            if held.isEmpty, skipped == 0, part.count <= Limits.inputBytes {
                try take(lineNumber, .bytes(part))
            } else {
                hold(part)
                try flush(take)
            }
            lineNumber += 1
        }
        hold(rest)
    }

    mutating func finish(_ take: (UInt64, Line) throws -> Void) throws {
        if !held.isEmpty || skipped > 0 { try flush(take) }
    }

    private mutating func hold(_ part: ArraySlice<UInt8>) {
        if skipped > 0 || held.count + part.count > Limits.inputBytes {
            skipped += held.count + part.count
            held = []
        } else {
            held.append(contentsOf: part)
        }
    }

    private mutating func flush(_ take: (UInt64, Line) throws -> Void) throws {
        let line: Line = skipped > 0 ? .tooLong(skipped) : .bytes(held[...])
        defer {
            held = []
            skipped = 0
        }
        try take(lineNumber, line)
    }
}

extension Unpacker.Format {
    /// As many tell.
    fileprivate static var magicBytes: Int { 4 }

    /// What packed bytes begin with; nil if these do not.
    fileprivate init?(firstBytes bytes: [UInt8]) {
        if bytes.starts(with: [0x1F, 0x8B]) {
            self = .gzip
        } else if bytes.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) {
            self = .zstd
        } else {
            return nil
        }
    }
}
