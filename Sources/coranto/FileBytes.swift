import Foundation

enum FileBytes {
    /// The whole of a small file.
    static func read(_ path: String) throws -> [UInt8] {
        do { return Array(try Data(contentsOf: URL(fileURLWithPath: path))) } catch { throw Reason(error) }
    }

    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    static func makeFolder(_ path: String) throws {
        do { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) } catch {
            throw Reason(error)
        }
    }

    /// What the system said, without Foundation's wrapping.
    struct Reason: Error, CustomStringConvertible {
        var description: String

        init(_ error: any Error) {
            let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError ?? error as NSError
            // Safe: strerror gives a C string.
            description =
                cause.domain == NSPOSIXErrorDomain
                ? unsafe String(cString: strerror(Int32(cause.code))) : error.localizedDescription
        }
    }
}
