import Foundation

enum SharedData {
    /// A file of the data that tests may use but that are not part of this repository, or nil where they are not.
    static func file(_ path: String) -> URL? {
        let named = ProcessInfo.processInfo.environment["CORANTO_SHARED"]
        let beside = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../shared")
            .standardized
        let file = (named.map { URL(filePath: $0) } ?? beside).appending(path: path)
        return FileManager.default.fileExists(atPath: file.path) ? file : nil
    }
}
