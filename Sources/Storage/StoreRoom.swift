/// Room on the file system that a store lies on. An object store tells none.
package struct StoreRoom: Equatable, Sendable {
    /// What this process may still write.
    package var freeBytes: UInt64
    package var totalBytes: UInt64

    package init(freeBytes: UInt64, totalBytes: UInt64) {
        self.freeBytes = freeBytes
        self.totalBytes = totalBytes
    }
}
