// Pointers of readdir live here, within one function.

import Glibc

/// What is in a folder and in all below it, by name, with what stands in the way of reading it.
///
/// Links are followed. A folder that is reached twice is read once, so a link to one that it lies in does no harm.
struct InputFolder {
    struct Item {
        /// Below the root; "" is the root itself.
        var name: String
        /// Why it is no file that can be read; nil if it looks like one.
        var trouble: String?
    }

    private struct Place: Hashable {
        var device: dev_t
        var inode: ino_t
    }

    private let root: String
    /// Whether a file of this name would be read.
    private let isInput: (String) -> Bool
    private var items: [Item] = []
    private var visited: Set<Place> = []

    /// - Returns: in the order of their names.
    static func items(of root: String, where isInput: @escaping (String) -> Bool) -> [Item] {
        var folder = InputFolder(root: root, isInput: isInput)
        folder.visit("")
        return folder.items.sorted { $0.name < $1.name }
    }

    private init(root: String, isInput: @escaping (String) -> Bool) {
        self.root = root
        self.isInput = isInput
    }

    private mutating func visit(_ folder: String) {
        var folders: [String] = []
        let entries: [(name: String, isUTF8: Bool)]
        do throws(Trouble) { entries = try self.entries(of: folder) } catch {
            return items.append(Item(name: folder, trouble: "the folder cannot be read: \(error.reason)"))
        }
        for entry in entries {
            let name = folder.isEmpty ? entry.name : folder + "/" + entry.name
            guard entry.isUTF8 else {
                items.append(Item(name: name, trouble: "its name is not UTF-8: rename it"))
                continue
            }
            var status = stat()
            guard unsafe stat(root + "/" + name, &status) == 0 else {
                items.append(Item(name: name, trouble: "it cannot be opened: \(Trouble().reason)"))
                continue
            }
            switch status.st_mode & S_IFMT {
            case S_IFDIR: folders.append(name)
            case S_IFREG: if isInput(name) { items.append(Item(name: name, trouble: nil)) }
            // A pipe might never end.
            default: if isInput(name) { items.append(Item(name: name, trouble: "it is no regular file")) }
            }
        }
        for name in folders.sorted() { visit(name) }
    }

    /// - Returns: nothing of a folder that was visited.
    private mutating func entries(of folder: String) throws(Trouble) -> [(name: String, isUTF8: Bool)] {
        guard let directory = unsafe opendir(root + "/" + folder) else { throw Trouble() }
        defer { unsafe closedir(directory) }
        var status = stat()
        guard unsafe fstat(dirfd(directory), &status) == 0 else { throw Trouble() }
        guard visited.insert(Place(device: status.st_dev, inode: status.st_ino)).inserted else { return [] }
        var entries: [(name: String, isUTF8: Bool)] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(directory) else {
                if errno != 0 { throw Trouble() }
                return entries
            }
            // Safe: d_name is ended by a zero within the entry, which lives until the next readdir.
            let (name, isUTF8) = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
                let start = unsafe UnsafeRawPointer(field).assumingMemoryBound(to: CChar.self)
                return unsafe (String(cString: start), String(validatingCString: start) != nil)
            }
            if name != ".", name != ".." { entries.append((name, isUTF8)) }
        }
    }

    /// errno of the call that has just failed.
    private struct Trouble: Error {
        let code = errno
        // Safe: strerror gives a C string.
        var reason: String { unsafe String(cString: strerror(code)) }
    }
}
