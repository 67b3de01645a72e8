import Storage

/// Opens segments of which only the names are known, many at once: on an object store each step waits for an answer.
enum NamedSegments {
    /// How many are open at a time.
    static let countAtOnce = 64

    /// - Returns: nil for those that are gone.
    /// - Throws: `EngineError` for what cannot be read, `BucketFailure`.
    static func open(
        _ names: some Collection<String>, source: any ByteSource, perform: ([BucketOperation]) -> [BucketResult]
    ) throws -> [SegmentReader?] {
        var objects: [(name: String, sizeBytes: UInt64)?] = []
        for (name, result) in zip(names, perform(names.map { .size(name: $0) })) {
            switch result {
            case .size(let size): objects.append((name, size))
            case .failed(let failure): throw failure
            default: objects.append(nil)
            }
        }
        let there = objects.compactMap { $0 }
        do {
            var next = try SegmentReader.open(there, source: source)[...]
            return objects.map { $0 == nil ? nil : next.popFirst() }
        } catch let error as EngineError where error.code == .missing {
            // One went meanwhile: each for itself.
            return try objects.map { object in
                guard let object else { return nil }
                do { return try SegmentReader.open([object], source: source)[0] } catch let error as EngineError
                    where error.code == .missing
                { return nil }
            }
        }
    }
}
