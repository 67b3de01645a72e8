import Glibc
import Storage

/// Walks a folder so that full names come out in bytewise order: "a.b" before "a/b", since "." is less than "/".
struct FolderListing {
    private let root: String
    private let prefix: String
    private let after: String?
    private let limit: Int
    private(set) var names: [String] = []

    init(root: String, prefix: String, after: String?, limit: Int) {
        self.root = root
        self.prefix = prefix
        self.after = after
        self.limit = limit
    }

    /// - Parameter folder: "" or a name that ends in "/".
    mutating func visit(_ folder: String) throws(SystemError) {
        guard names.count < limit else { return }
        let entries: [FolderEntry]
        do throws(SystemError) {
            entries = try SystemCall.entries(root + "/" + folder)
        } catch {
            // Deleted meanwhile, or the prefix names nothing.
            if error.code == ENOENT || error.code == ENOTDIR { return }
            throw error
        }
        var places: [(name: String, isDirectory: Bool)] = []
        for entry in entries {
            if folder.isEmpty, entry.name == BucketName.temporaryFolder { continue }
            let name = folder + entry.name + (entry.isDirectory ? "/" : "")
            if entry.isDirectory ? mayHoldNames(name) : isListed(name) { places.append((name, entry.isDirectory)) }
        }
        places.sort { BucketName.precedes($0.name, $1.name) }
        for place in places where names.count < limit {
            if place.isDirectory { try visit(place.name) } else { names.append(place.name) }
        }
    }

    private func isListed(_ name: String) -> Bool {
        name.utf8.starts(with: prefix.utf8) && isAfter(name) && ObjectName.isListed(name, under: prefix)
    }

    private func isAfter(_ name: String) -> Bool { after.map { BucketName.precedes($0, name) } ?? true }

    /// Whether a name in this folder can begin with the prefix and be greater than `after`.
    private func mayHoldNames(_ folder: String) -> Bool {
        guard folder.utf8.starts(with: prefix.utf8) || prefix.utf8.starts(with: folder.utf8) else { return false }
        return isAfter(folder) || (after?.utf8.starts(with: folder.utf8) ?? false)
    }
}
