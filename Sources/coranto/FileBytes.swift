import Foundation

enum FileBytes {
    /// The whole of a small file.
    static func read(_ path: String) throws -> [UInt8] {
        do { return Array(try Data(contentsOf: URL(fileURLWithPath: path))) } catch { throw Reason(error) }
    }

    /// A file of any size, a quarter of a megabyte at a time.
    static func read(_ path: String, inPieces take: ([UInt8]) throws -> Void) throws {
        let handle: FileHandle
        do { handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path)) } catch { throw Reason(error) }
        defer { handle.closeFile() }
        while true {
            let piece: Data?
            do { piece = try handle.read(upToCount: 1 << 18) } catch { throw Reason(error) }
            guard let piece, !piece.isEmpty else { return }
            try take(Array(piece))
        }
    }

    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// Whether a path lies below a folder, or is it, links followed; neither need exist.
    static func isPath(_ path: String, inside folder: String) -> Bool {
        let inner = resolved(path).pathComponents
        let outer = resolved(folder).pathComponents
        return inner.starts(with: outer)
    }

    /// Without links as far as there is something; of what is not there yet the last words are as they are.
    private static func resolved(_ path: String) -> URL {
        var url = URL(fileURLWithPath: path).standardizedFileURL
        var missing: [String] = []
        while !exists(url.path), url.pathComponents.count > 1 {
            missing.append(url.lastPathComponent)
            url.deleteLastPathComponent()
        }
        return missing.reversed().reduce(url.resolvingSymlinksInPath()) { $0.appendingPathComponent($1) }
    }

    static func makeFolder(_ path: String) throws {
        do { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) } catch {
            throw Reason(error)
        }
    }

    /// What the system said, without Foundation's wrapping.
    struct Reason: Error, CustomStringConvertible {
        var description: String

        init(_ error: any Error) {
            let cause = (error as? CocoaError)?.underlying ?? error
            // Safe: strerror gives a C string.
            description =
                (cause as? POSIXError).map { unsafe String(cString: strerror($0.code.rawValue)) }
                ?? error.localizedDescription
        }
    }
}
