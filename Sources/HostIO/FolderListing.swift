import Glibc
import Storage

/// Walks a folder so that full names come out in bytewise order: "a.b" before "a/b", since "." is less than "/".
///
/// Only folders are opened that can hold objects, and those that the prefix names. Others, which may be closed to us or lead round in
/// a circle, are listed as one name that ends in "/", under the empty prefix.
struct FolderListing {
    /// What was read of the folders on the way to the last name, and not listed yet: the next page need not read them again.
    struct Rest {
        fileprivate var places: [String: Places] = [:]

        var isEmpty: Bool { places.isEmpty }
    }

    fileprivate struct Place {
        var name: String
        /// A folder whose names are listed; else the name is.
        var isOpened: Bool
    }

    /// Ascending.
    fileprivate struct Places {
        var list: ArraySlice<Place>
        /// Whether there were no more in the folder.
        var isWhole = true
    }

    private let root: String
    private let prefix: String
    private var after: String?
    private let limit: Int
    /// Of one folder in `rest`.
    private let heldCount: Int
    private var begun: Rest
    private(set) var names: [String] = []
    /// Empty if all names were listed.
    private(set) var rest = Rest()

    /// - Parameter rest: of the page that ended with `after`.
    init(
        root: String, prefix: String, after: String?, limit: Int, rest: Rest = Rest(),
        heldCount: Int
    ) {
        self.root = root
        self.prefix = prefix
        self.after = after
        self.limit = limit
        self.heldCount = heldCount
        begun = rest
    }

    mutating func run() throws(SystemError) {
        if limit > 0 { try visit("") }
    }

    /// - Parameter folder: "" or a name that ends in "/".
    private mutating func visit(_ folder: String) throws(SystemError) {
        var places: Places
        if let held = begun.places.removeValue(forKey: folder) { places = held } else { places = try read(folder) }
        while true {
            while let place = places.list.first {
                if names.count == limit { return keep(places, of: folder) }
                if place.isOpened {
                    try visit(place.name)
                    if rest.places[place.name] != nil { return keep(places, of: folder) }
                } else {
                    names.append(place.name)
                }
                places.list.removeFirst()
            }
            if places.isWhole { return }
            after = names.last ?? after
            places = try read(folder)
        }
    }

    private mutating func keep(_ places: Places, of folder: String) {
        rest.places[folder] =
            places.list.count <= heldCount
            ? places : Places(list: ArraySlice(Array(places.list.prefix(heldCount))), isWhole: false)
    }

    private func read(_ folder: String) throws(SystemError) -> Places {
        let entries: [FolderEntry]
        do throws(SystemError) {
            entries = try SystemCall.entries(root + "/" + folder)
        } catch {
            // Deleted meanwhile, or the prefix names nothing. A store that is away is not empty.
            if !folder.isEmpty, error.code == ENOENT || error.code == ENOTDIR { return Places(list: []) }
            throw error
        }
        var places: [Place] = []
        for entry in entries {
            if entry.name == BucketName.fileSystemFolder { continue }
            if folder.isEmpty, entry.name == BucketName.temporaryFolder { continue }
            let inner = folder + entry.name + "/"
            if entry.kind != .other, isOpened(inner) {
                guard mayHoldNames(inner) else { continue }
                if try SystemCall.isFolder(entry, at: root + "/" + folder + entry.name) {
                    places.append(Place(name: inner, isOpened: true))
                    continue
                }
            }
            let name = entry.kind == .folder ? inner : folder + entry.name
            if isListed(name) { places.append(Place(name: name, isOpened: false)) }
        }
        places.sort { BucketName.precedes($0.name, $1.name) }
        return Places(list: places[...])
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
