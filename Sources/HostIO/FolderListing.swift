import Glibc
import Storage

/// Walks a folder so that full names come out in bytewise order: "a.b" before "a/b", since "." is less than "/".
///
/// Only folders are opened that can hold objects, and those that the prefix names. Others, which may be closed to us or lead round in
/// a circle, are listed as one name that ends in "/", under the empty prefix.
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
        var places: [(name: String, isOpened: Bool)] = []
        for entry in entries {
            if entry.name == BucketName.fileSystemFolder { continue }
            if folder.isEmpty, entry.name == BucketName.temporaryFolder { continue }
            let inner = folder + entry.name + "/"
            if entry.kind != .other, isOpened(inner) {
                guard mayHoldNames(inner) else { continue }
                if try SystemCall.isFolder(entry, in: root + "/" + folder) {
                    places.append((inner, true))
                    continue
                }
            }
            let name = entry.kind == .folder ? inner : folder + entry.name
            if isListed(name) { places.append((name, false)) }
        }
        places.sort { BucketName.precedes($0.name, $1.name) }
        for place in places where names.count < limit {
            if place.isOpened { try visit(place.name) } else { names.append(place.name) }
        }
    }

    private func isOpened(_ folder: String) -> Bool {
        ObjectName.mayLie(in: folder) || prefix.utf8.starts(with: folder.utf8)
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
