package import ByteCoding
import News
package import Roles
import Storage

/// The one number that says that two compacted stores have the same bytes: SHA-256 over the settings' hash and the
/// identities of the cells in order.
package enum CanonicalDigest {
    /// - Throws: `Failure` if the snapshot is not compacted: its bytes then depend on how it came about.
    package static func of(_ loaded: LoadedManifest) throws(Failure) -> Digest256 {
        guard SnapshotHead(loaded.manifest, cells: loaded.cells).isCanonical else {
            throw Failure(
                .failed,
                "generation \(loaded.manifest.generation.number) is not compacted (\(loaded.manifest.overlays.count) overlays): "
                    + "its bytes are not canonical", hint: "run: coranto snapshot compact")
        }
        var hasher = SHA256Hasher()
        hasher.update(loaded.manifest.settings.hash.bytes)
        for cell in loaded.cells { hasher.update(cell.identity.bytes) }
        return hasher.finalize()
    }
}
