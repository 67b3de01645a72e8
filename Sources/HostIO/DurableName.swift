import Glibc

/// A synced file survives a loss of power, its name only once the folder that holds it is synced, too.
package enum DurableName {
    /// To be called after the file was made or renamed.
    ///
    /// - Throws: if the folder cannot be synced. A file system that syncs no folders (EINVAL), and a folder that may be
    ///   written but not read, have nothing better to offer: no error.
    package static func sync(_ path: String) throws(SystemError) {
        let folder = FolderBucket.parent(of: path)
        do throws(SystemError) {
            try SystemCall.open(folder, O_RDONLY | O_DIRECTORY).sync(folder) { fsync($0) }
        } catch {
            guard [EINVAL, EACCES, EPERM].contains(error.code) else { throw error }
        }
    }
}
