import ByteCoding
package import Engine
package import News
import Roles
package import Storage

/// Something in a store that is not as it was written, or does not belong together.
package struct Finding: Equatable, Sendable, CustomStringConvertible {
    package var object: String
    /// Section of a segment, "footer" or "tail"; else the kind of the object.
    package var section: String
    /// From the start of the object, in bytes; nil if it is about the whole object.
    package var offset: UInt64?
    package var message: String

    package init(object: String, section: String, offset: UInt64? = nil, message: String) {
        self.object = object
        self.section = section
        self.offset = offset
        self.message = message
    }

    package init(_ error: EngineError, object: String = "") {
        self.init(
            object: error.object.isEmpty ? object : error.object, section: error.section ?? "segment",
            offset: error.offset, message: "\(error.code.rawValue): \(error.message)")
    }

    package var description: String {
        "\(object), section \(section)\(offset.map { ", offset \($0)" } ?? ""): \(message)"
    }
}

/// What a whole reading of a store found.
package struct StoreReport: Equatable, Sendable {
    package var findings: [Finding] = []
    /// Objects and bytes that were read.
    package var objectCount = 0
    package var byteCount: UInt64 = 0
    package var generation = Generation.none
    package var liveDocumentCount = 0
    /// What no folder of a store knows, or has under such a name; it was not read.
    package var unknownNames: [String] = []

    package init() {}
}

/// Reads every byte of a store again, also of objects that no manifest names, and checks what holds between the objects.
///
/// `heartbeats/` and `feeds/` are left out: the first change each second, what a fetcher hands over goes when it is taken. A store may be verified while a cluster runs on it:
/// what is collected meanwhile is passed over, what a manifest names must be there.
package struct StoreVerifier {
    let loader: SnapshotLoader
    private(set) var report = StoreReport()
    /// Names of all objects listed, by folder.
    private(set) var names: [String: [String]] = [:]
    private(set) var log = LogSummary()
    /// The newest manifest that could be read.
    private var newest: Manifest?
    private var manifests: [Generation: String] = [:]
    /// Settings whose words are those of this program: what was made by others stays a while when a store is upgraded.
    private var ownSettings: Set<Digest256> = [Settings().hash]
    /// Segments whose bytes were checked by themselves.
    private(set) var soundSegments: Set<String> = []

    static let folders = ["terms", "log", "manifests", "pages", "state", "ledger", "segments", "collection"]

    package init(_ bucket: any Bucket) { loader = SnapshotLoader(bucket) }

    /// - Parameter progress: called with the number of objects read, and of all.
    /// - Throws: what the store throws; what is wrong becomes a finding.
    package mutating func run(progress: (Int, Int) -> Void = { _, _ in }) throws -> StoreReport {
        try listNames()
        guard !names.isEmpty else {
            throw Failure(
                .notFound, "there is no store at \(loader.bucket.location): no object of one was found",
                hint: "is the disk mounted, and the path or prefix right?")
        }
        let total = names.values.reduce(0) { $0 + $1.count }
        for folder in Self.folders {
            try loader.forEach(names[folder] ?? []) { name, object in
                try check(name, object, in: folder)
                progress(report.objectCount, total)
                return true
            }
        }
        checkTerms()
        log.check(newest: newest, &report.findings)
        try checkSnapshots()
        return report
    }

    private mutating func listNames() throws {
        var after: String?
        while true {
            guard case .names(let page) = try loader.perform(.list(prefix: "", after: after, limit: 1000)),
                let last = page.last
            else { break }
            for name in page {
                let folder = String(name.prefix { $0 != "/" })
                if ObjectName.isForeign(name) {
                    report.unknownNames.append(name)
                } else if Self.folders.contains(folder) {
                    names[folder, default: []].append(name)
                } else if folder != "heartbeats", folder != "feeds" {
                    report.unknownNames.append(name)
                }
            }
            after = last
        }
    }

    mutating func find(_ object: String, _ section: String, at offset: UInt64? = nil, _ message: String) {
        report.findings.append(Finding(object: object, section: section, offset: offset, message: message))
    }

    // MARK: Objects

    private mutating func check(_ name: String, _ object: FoundObject, in folder: String) throws {
        switch object {
        // Collected meanwhile.
        case .missing: break
        case .whole(let bytes) where folder == "segments":
            let source = MemoryByteSource()
            source.put(bytes, as: name)
            try checkSegment(name, UInt64(bytes.count), source)
        case .whole(let bytes): try checkObject(name, bytes, in: folder)
        case .large(let size) where folder == "segments":
            try checkSegment(name, size, loader.source)
            // Mappings are given back: a store has more segments than one wants mapped at once.
            loader.source.forget(except: [])
        case .large:
            guard case .bytes(let bytes) = try loader.perform(.get(name: name, range: nil)) else { break }
            try checkObject(name, bytes, in: folder)
        }
    }

    private mutating func checkObject(_ name: String, _ bytes: [UInt8], in folder: String) throws {
        report.objectCount += 1
        report.byteCount += UInt64(bytes.count)
        do throws(CodingError) {
            switch folder {
            case "terms":
                let term = try TermObject(decoding: bytes).term
                if ObjectName.term(term) != name { find(name, "term", at: 8, "it is of term \(term.number)") }
            case "log":
                let object = try LogObject(decoding: bytes)
                if object.name == name {
                    log.add(object)
                } else {
                    find(name, "log", at: 8, "it is object \(object.number) of term \(object.term.number)")
                }
            case "manifests":
                let manifest = try Manifest(decoding: bytes)
                guard manifest.name == name else {
                    return find(name, "manifest", at: 8, "it is generation \(manifest.generation.number)")
                }
                manifests[manifest.generation] = name
                if manifest.settings.hasOwnWords { ownSettings.insert(manifest.settings.hash) }
                if manifest.generation > newest?.generation ?? .none { newest = manifest }
            case "pages": _ = try ManifestPage(decoding: bytes)
            case "state":
                var state = ClusterState()
                try state.add(decoding: bytes)
            case "collection": _ = try UnnamedObjects(decoding: bytes)
            default:
                if LedgerIndex.isIndex(bytes) {
                    _ = try LedgerIndex(decoding: bytes)
                } else {
                    _ = try LedgerRows(decodingObject: bytes)
                }
            }
        } catch {
            find(name, Self.kind(of: folder), at: Self.place(of: error), "\(error)")
            return
        }
        if ["pages", "state", "ledger"].contains(folder) {
            let digest = SHA256.hash(of: bytes)
            if !name.hasPrefix("\(folder)/\(digest.hex).") {
                find(name, Self.kind(of: folder), at: 0, "SHA-256 of the object is \(digest.hex)")
            }
        }
    }

    private static func kind(of folder: String) -> String {
        switch folder {
        case "terms": "term"
        case "manifests": "manifest"
        case "pages": "page"
        default: folder
        }
    }

    /// A checksum covers the object from its start.
    private static func place(of error: CodingError) -> UInt64 {
        if case .badChecksum = error { return 0 }
        return UInt64(clamping: error.offset)
    }

    private mutating func checkSegment(_ name: String, _ size: UInt64, _ source: any ByteSource) throws {
        report.objectCount += 1
        report.byteCount += size
        do {
            let segment = try SegmentReader.open(objectName: name, sizeBytes: size, source: source)
            var verifier = SegmentVerifier(
                segment, knowsStems: ownSettings.contains(segment.footer.settingsHash))
            var found = try verifier.run().map { Finding($0, object: name) }
            if found.isEmpty, let identity = try identityFinding(name, size, source) { found = [identity] }
            report.findings += found
            if found.isEmpty { soundSegments.insert(name) }
        } catch let error as EngineError where error.code != .io && error.code != .missing {
            report.findings.append(Finding(error, object: name))
        } catch {
            // Collected meanwhile.
            guard case .missing = try loader.perform(.size(name: name)) else { throw error }
        }
    }

    private func identityFinding(_ name: String, _ size: UInt64, _ source: any ByteSource) throws -> Finding? {
        var hasher = SHA256Hasher()
        var offset: UInt64 = 0
        while offset < size {
            let request = ByteRequest(object: name, offset: offset, length: Int(min(1 << 20, size - offset)))
            guard let view = try source.read([request]).first, view.count == request.length else {
                return Finding(object: name, section: "segment", offset: offset, message: "the object ends early")
            }
            // Safe: the view holds the bytes while they are read.
            unsafe hasher.update(view.bytes)
            offset += UInt64(view.count)
        }
        let identity = hasher.finalize().hex
        return name.hasPrefix("segments/\(identity).")
            ? nil
            : Finding(object: name, section: "segment", offset: 0, message: "SHA-256 of the object is \(identity)")
    }

    // MARK: What holds between them

    private mutating func checkTerms() {
        var expected = Term.none.next
        for name in names["terms"] ?? [] {
            guard let term = ObjectName.term(ofName: name) else { continue }
            if term != expected {
                find(ObjectName.term(expected), "term", "the object is missing: terms are consecutive")
            }
            expected = term.next
        }
        if let newest, newest.term >= expected {
            find(
                ObjectName.term(expected), "term",
                "the object is missing; \(newest.name) is of term \(newest.term.number)")
        }
    }

    private mutating func checkSnapshots() throws {
        guard let newest else {
            // A coordinator that never came to its first manifest left the first object of its log at most.
            let begun = Set(
                (names["terms"] ?? []).compactMap { ObjectName.term(ofName: $0) }.map { ObjectName.log($0, 0) })
            let others = ["manifests", "pages", "state", "ledger", "segments"].compactMap { names[$0]?.first }
            if let left = (names["log"] ?? []).first(where: { !begun.contains($0) }) ?? others.first {
                find("manifests/", "manifest", "none can be read, but there is \(left)")
            }
            return
        }
        report.generation = newest.generation
        if let first = names["manifests"]?.first, first != newest.name {
            // The newest cannot be read, which is told already: an older one says nothing of the rest.
            return
        }
        let present = Set(names.values.joined())
        var generations = Array(newest.kept.generations)
        generations.append(newest.generation)
        for generation in generations.reversed() {
            guard manifests[generation] != nil else {
                // One that is damaged is told already.
                if !present.contains(ObjectName.manifest(generation)) {
                    find(ObjectName.manifest(generation), "manifest", "the object of a kept generation is missing")
                }
                continue
            }
            let isNewest = generation == newest.generation
            do {
                guard let loaded = try loader.manifest(generation) else { continue }
                var check = SnapshotCheck(loaded, present: present, sound: soundSegments, loader: loader)
                try check.run(.init(isNewest: isNewest, log: log))
                report.findings += check.findings.filter { !report.findings.contains($0) }
                if isNewest { report.liveDocumentCount = check.liveDocumentCount }
                // What one generation does not name no earlier one does, but for what came before that.
                loader.forget(except: loaded.segments)
            } catch let error as StoreError where error.code == .missing {
                find(error.object, "page", "the object is missing; generation \(generation.number) names it")
            } catch let error as StoreError where error.code == .corrupt || error.code == .unsupported {
                // Told when the object itself was read.
                continue
            }
        }
    }
}
