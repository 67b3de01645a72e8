import Engine
import Foundation
import News
import Storage

/// Whole files mapped, as the product maps a folder.
final class MappedFiles: ByteSource {
    private let files: [String: ByteView]

    init(_ folder: String) throws {
        var files: [String: ByteView] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name.hasSuffix(".seg") {
            files[name] = try mappedFile("\(folder)/\(name)")
        }
        guard !files.isEmpty else {
            throw EngineError(
                .missing, "no segments in \(folder)", hint: "name segments, merged or compacted of what index wrote")
        }
        self.files = files
    }

    var objects: [(name: String, sizeBytes: UInt64)] {
        files.map { ($0.key, UInt64($0.value.count)) }.sorted { $0.0 < $1.0 }
    }

    func mapped(_ object: String) -> ByteView? { files[object] }

    func read(_ requests: [ByteRequest]) throws -> [ByteView] {
        try requests.map { request in
            guard let file = files[request.object] else { throw EngineError(.missing, "no such file") }
            let start = min(Int(clamping: request.offset), file.count)
            return file.slice(start..<min(start + request.length, file.count))
        }
    }
}

/// Mapped until the process ends.
func mappedFile(_ path: String) throws -> ByteView {
    let descriptor = unsafe open(path, O_RDONLY)
    var status = stat()
    guard descriptor >= 0, unsafe fstat(descriptor, &status) == 0 else { throw POSIXError(.ENOENT) }
    let size = Int(status.st_size)
    let memory = unsafe mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
    close(descriptor)
    guard let memory = unsafe memory, UInt(bitPattern: memory) != UInt.max else { throw POSIXError(.ENOMEM) }
    return unsafe ByteView(UnsafeRawBufferPointer(start: memory, count: size), owner: nil)
}

func processorSeconds() -> (user: Double, system: Double) {
    var usage = rusage()
    unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return (seconds(usage.ru_utime), seconds(usage.ru_stime))
}

/// Anonymous memory now and at most, in MB.
func residentMegabytes() -> (anonymous: Int, peak: Int) {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    func value(_ name: String) -> Int {
        status.split(separator: "\n").first { $0.hasPrefix(name) }
            .flatMap { Int($0.split(whereSeparator: { !$0.isNumber }).first ?? "") }.map { $0 / 1024 } ?? 0
    }
    return (value("RssAnon"), value("VmHWM"))
}

func report(_ members: [(String, String)]) {
    let line = "{\"engine\": \"coranto\", " + members.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + "}\n"
    FileHandle.standardOutput.write(Data(line.utf8))
}

func rounded(_ value: Double, _ places: Int = 3) -> String { String(format: "%.\(places)f", value) }

/// Bytes by section of some segments, as JSON.
func sectionBytes(_ segments: [SegmentReader]) -> String {
    let parts = SectionKind.allCases.map { kind in
        "\"\(kind.name)\": \(segments.reduce(0) { $0 + Int($1.footer.section(kind).length) })"
    }
    return "{" + parts.joined(separator: ", ") + "}"
}

/// Calls `body` with the range of each line that is not empty.
func forEachLine(_ bytes: UnsafeRawBufferPointer, _ body: (Range<Int>) throws -> Void) rethrows {
    var start = 0
    while start < bytes.count {
        let rest = bytes.count - start
        let end =
            unsafe memchr(bytes.baseAddress! + start, 0x0A, rest).map {
                unsafe $0 - UnsafeMutableRawPointer(mutating: bytes.baseAddress!)
            } ?? bytes.count
        if end > start { try body(start..<end) }
        start = end + 1
    }
}
