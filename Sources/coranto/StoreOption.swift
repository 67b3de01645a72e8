import ArgumentParser
import Foundation
import Gateway
import HostIO
import ObjectStore
import ObjectStoreIO
import Roles
import Storage

/// `--store`: where the data lies.
struct StoreOption: ParsableArguments {
    @Option(help: StoreHelp.place)
    var store: String
    @OptionGroup var s3: S3Options

    /// The store for reading; it must be there.
    func openForReading() throws -> any Bucket { try StorePlace(store, s3).openForReading() }

    /// The store for writing, after the probe every writer makes first.
    func openForWriting() throws -> any Bucket { try StorePlace(store, s3).openForWriting() }

    /// The store's newest snapshot, and its older ones.
    func openSnapshots(_ rules: SnapshotLoader.Rules = .any) throws -> SnapshotHolder {
        let holder = try SnapshotHolder(openForReading(), rules: rules)
        try holder.refresh(isForOneQuestion: true)
        return holder
    }
}

enum StoreHelp {
    static let place = ArgumentHelp("The store: a folder, or s3://BUCKET/PREFIX.", valueName: "dir|s3://…")
}

/// How an object store is reached. Credentials are no options: they would stand in the list of processes.
struct S3Options: ParsableArguments {
    @Option(
        name: .customLong("s3-endpoint"),
        help: ArgumentHelp("The object store's address, if it is not AWS's; else AWS_ENDPOINT_URL.", valueName: "url"))
    var endpoint: String?
    @Option(
        name: .customLong("s3-region"), help: ArgumentHelp("The bucket's region; else AWS_REGION.", valueName: "region")
    )
    var region: String?
    @Option(
        name: .customLong("s3-style"),
        help: ArgumentHelp("Whether the bucket is named in the path or the host.", valueName: "path|virtual"))
    var style: S3Endpoint.Style?
    @Option(
        name: .customLong("s3-profile"),
        help: ArgumentHelp("Whose credentials to take from the shared file; else AWS_PROFILE.", valueName: "name"))
    var profile: String?
    @Option(
        name: .customLong("s3-ca-file"),
        help: ArgumentHelp(
            "Certificates to trust instead of the system's, in PEM; else AWS_CA_BUNDLE.", valueName: "file"))
    var caFile: String?
    @Flag(
        name: .customLong("s3-plain-http"),
        help:
            "Talk to an endpoint beyond this machine without encryption; what is stored can be read and changed on the way."
    )
    var plainHTTP = false

    var words: S3Configuration.Words {
        var words = S3Configuration.Words()
        words.endpoint = endpoint
        words.region = region
        words.style = style
        words.profile = profile
        words.caFile = caFile
        words.allowsPlainHTTP = plainHTTP
        return words
    }
}

extension S3Endpoint.Style: ExpressibleByArgument {}

/// A store by its name: a folder, or a bucket of an object store.
struct StorePlace {
    private enum Kind {
        case folder(String)
        case s3(S3Place, S3Bucket)
    }

    private let name: String
    private let kind: Kind

    /// - Throws: `Failure` if the words are wrong or something is missing. Nothing is asked of the store yet.
    init(_ name: String, _ options: S3Options) throws(Failure) {
        self.name = name
        guard name.hasPrefix(S3Place.scheme) else {
            kind = .folder(name)
            return
        }
        let place: S3Place
        do throws(S3Place.Refusal) { place = try S3Place(name) } catch {
            throw Failure(.badRequest, "\(error)", hint: "write s3://BUCKET or s3://BUCKET/PREFIX")
        }
        let environment = ProcessInfo.processInfo.environment
        let paths = S3Configuration.paths(environment)
        let files = S3Configuration.Files(
            credentials: try Self.text(paths.credentials), config: try Self.text(paths.config))
        do throws(S3Configuration.Refusal) {
            kind = .s3(
                place,
                S3Bucket(
                    try S3Configuration(place, words: options.words, environment: environment, files: files)))
        } catch {
            throw Failure(.badRequest, error.message, hint: error.hint)
        }
    }

    var isFolder: Bool {
        switch kind {
        case .folder: true
        case .s3: false
        }
    }

    /// Whether it is another place, or lies somewhere in it. Links to folders are followed.
    func isIn(_ other: StorePlace) -> Bool {
        switch (kind, other.kind) {
        case (.folder(let path), .folder(let folder)): FileBytes.isPath(path, inside: folder)
        case (.s3(let place, _), .s3(let outer, _)): place.isIn(outer)
        case (.folder, .s3), (.s3, .folder): false
        }
    }

    /// It must be there.
    func openForReading() throws(Failure) -> any Bucket {
        switch kind {
        case .folder(let path):
            do throws(BucketFailure) { return try FolderBucket(path: path, access: .readOnly) } catch {
                throw Failure(
                    .failed, "no store at \(path): \(error.message)", hint: "coranto ingest and coranto up make one")
            }
        // Whether it is there is told by the first thing that is read.
        case .s3(_, let bucket): return bucket
        }
    }

    /// With the probe every writer makes first. What lies among the manifests and is none is named.
    func openForWriting() throws(Failure) -> any Bucket {
        let bucket = try probed()
        Self.noteForeign(bucket)
        return bucket
    }

    /// Whoever looks into a store that tells less than it should wants to know what else lies in it. `snapshot verify` names all.
    static func noteForeign(_ bucket: any Bucket) {
        guard case .names(let names) = bucket.perform(.list(prefix: "", after: "manifests/", limit: 16)),
            let foreign = names.first(where: { $0.hasPrefix("manifests/") && ObjectName.isForeign($0) })
        else { return }
        Terminal.note("\(foreign) in \(bucket.location) is no manifest and is passed over; take it out of the store")
    }

    private func probed() throws(Failure) -> any Bucket {
        switch kind {
        case .folder(let path):
            do throws(BucketFailure) {
                let bucket = try FolderBucket(path: path)
                try bucket.probe()
                return bucket
            } catch {
                throw Failure(
                    .failed, "the store \(path) cannot be used: \(error.message)",
                    hint: "it needs a file system with hard links and fsync, room, and the right to write")
            }
        case .s3(_, let bucket):
            do throws(BucketFailure) {
                try bucket.probe()
                return bucket
            } catch {
                throw Failure(
                    .failed, "the store \(name) cannot be used: \(error.message)",
                    hint: "docs/object-stores.md tells what coranto needs of an object store")
            }
        }
    }

    private static func text(_ path: String?) throws(Failure) -> String? {
        guard let path, FileBytes.exists(path) else { return nil }
        do { return String(decoding: try FileBytes.read(path), as: UTF8.self) } catch {
            throw Failure(.failed, "\(path) cannot be read: \(error)")
        }
    }
}
