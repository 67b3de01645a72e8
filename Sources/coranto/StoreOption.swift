import ArgumentParser
import Gateway
import HostIO
import Storage

/// `--store`: where the data lies.
struct StoreOption: ParsableArguments {
    @Option(help: ArgumentHelp("The store: a folder.", valueName: "dir"))
    var store: String

    /// The store for reading; it must be there.
    func openForReading() throws -> FolderBucket {
        if store.hasPrefix("s3://") {
            throw Failure(
                .badRequest, "\(store): object stores are not in this version", hint: "give a folder")
        }
        do throws(BucketFailure) {
            return try FolderBucket(path: store, access: .readOnly)
        } catch {
            throw Failure(
                .failed, "no store at \(store): \(error.message)", hint: "coranto ingest and coranto up make one")
        }
    }

    /// The store's newest snapshot, and its older ones.
    func openSnapshots() throws -> SnapshotHolder {
        let holder = try SnapshotHolder(openForReading())
        try holder.refresh()
        return holder
    }
}
