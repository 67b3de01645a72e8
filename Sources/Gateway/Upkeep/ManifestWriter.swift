import ByteCoding
import News
import Storage

/// What a command writes under a term of its own: objects, and at last the manifest that names them. Before that nothing is visible.
struct ManifestWriter {
    let holder: WriterTerm
    /// Wall clock when it began.
    let now: Timestamp
    private var nextAttempt: UInt64 = 1

    init(holder: WriterTerm, now: Timestamp) {
        self.holder = holder
        self.now = now
    }

    /// Writes where the logs of the earlier terms end, in the first object of our own.
    func begin(ends: [LogObject.TermEnd]) throws {
        let start = LogObject(
            term: holder.term, number: 0, instance: holder.instance, acceptedAt: Timestamp(milliseconds: 0), ends: ends)
        try holder.create(start.name, start.encoded)
        try holder.look()
    }

    mutating func attempt() -> Attempt {
        defer { nextAttempt += 1 }
        return Attempt(term: holder.term, number: nextAttempt)
    }

    mutating func write(_ folder: String, _ bytes: [UInt8]) throws -> Manifest.Named {
        let object = Manifest.Named(digest: SHA256.hash(of: bytes), attempt: attempt())
        try holder.create(object.name(in: folder), bytes)
        return object
    }

    /// - Parameter cells: in the order of the order key.
    mutating func writePages(_ cells: [SegmentReference]) throws -> [Manifest.Named] {
        var pages: [Manifest.Named] = []
        for start in stride(from: 0, to: cells.count, by: ManifestPage.cellLimitCount) {
            let page = ManifestPage(cells: Array(cells[start..<min(start + ManifestPage.cellLimitCount, cells.count)]))
            pages.append(try write("pages", page.encoded))
        }
        return pages
    }

    /// All before our own log is published or copied.
    func stand(_ manifest: inout Manifest) {
        let end = Position(term: holder.term, number: 0, index: .max)
        manifest.watermarks = Array(repeating: end, count: manifest.watermarks.count)
        manifest.foldedTo = end
    }

    /// - Returns: the manifest as it was written: the generation after `newest`.
    func commit(_ from: Manifest, after newest: Generation, ends: [LogObject.TermEnd]) throws -> Manifest {
        var manifest = from
        manifest.generation = newest.next
        manifest.parent = newest
        manifest.term = holder.term
        manifest.instance = holder.instance
        manifest.writtenAt = now
        manifest.ends = ends
        try holder.look()
        try holder.create(manifest.name, manifest.encoded)
        try holder.look()
        return manifest
    }
}
