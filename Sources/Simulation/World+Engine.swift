import ByteCoding
import Cluster
import News
import Storage
import Wire

// The engine's part, on model segments.
extension World {
    func engine(_ index: Int, _ answer: EngineAnswer) {
        schedule(after: Int64(random.int(1...200)), .engine(process: index, run: processes[index].run, answer))
    }

    func merge(_ job: MergeJob, on index: Int) throws {
        guard let outputs = try outputs(of: job) else {
            // The job is of a coordinator that no longer reigns; its inputs were collected.
            return engine(index, .merger(.engineFailed(job, "an input is gone")))
        }
        processes[index].merging.append((job, outputs))
        if processes[index].merging.count == 1 { produceNext(index) }
    }

    private func outputs(of job: MergeJob) throws -> [ModelSegment]? {
        var inputs: [ModelSegment] = []
        for reference in job.inputs {
            guard let bytes = store.objects[reference.objectName] else { break }
            inputs.append(try decoded(reference, bytes).model)
        }
        guard inputs.count == job.inputs.count else { return nil }
        switch job.output {
        case .overlay:
            let merged = ModelSegment.merge(inputs)
            return merged.documents.isEmpty && merged.kills.isEmpty ? [] : [merged]
        case .cells:
            let cells = ModelSegment.cells(of: inputs)
            guard cells.allSatisfy({ $0.kills.isEmpty }) else {
                throw Violation(property: "a kill has its loser in the same snapshot", detail: "job \(job.number)")
            }
            return cells
        }
    }

    func produceNext(_ index: Int) {
        guard let (job, outputs) = processes[index].merging.first else { return }
        guard let next = outputs.first else {
            processes[index].merging.removeFirst()
            engine(index, .merger(.finished(job)))
            return produceNext(index)
        }
        processes[index].merging[0].outputs.removeFirst()
        let (reference, bytes) = next.reference(job.output == .cells ? .cell : .overlay)
        engine(index, .merger(.produced(job, reference, bytes)))
    }

    func lookUp(
        _ keys: [ArticleKey], atLeast: Generation, own: [Worker.Own]
    ) throws -> ([Worker.Found?], Generation, [Worker.Own]) {
        // Any generation from the lease's on may be what a reader sees first.
        guard let newest = properties.head?.generation else { return (keys.map { _ in nil }, .none, own) }
        let readable = (atLeast.number...max(atLeast.number, newest.number)).map(Generation.init).filter {
            $0 == newest || store.objects[ObjectName.manifest($0)] != nil
        }
        let generation = random.pick(readable)
        var all: [DecodedSegment] = []
        var left = own
        if let manifest = try manifest(generation) {
            all = try segments(manifest).map(\.1)
            left = own.filter { !$0.isIncluded(in: manifest) }
        }
        for item in left {
            if let bytes = store.objects[item.segment.objectName] { all.append(try decoded(item.segment, bytes)) }
        }
        let found = keys.map { key in
            DecodedSegment.live(key, in: all).map {
                Worker.Found(version: $0.version, orderTime: $0.orderTime, source: $0.source)
            }
        }
        return (found, generation, left)
    }

    /// The manifest of a generation, if it is there.
    func manifest(_ generation: Generation) throws -> Manifest? {
        let name = ObjectName.manifest(generation)
        guard let bytes = store.objects[name] else { return nil }
        if let known = decodedManifests[name] { return known }
        let manifest = try Manifest(decoding: bytes)
        decodedManifests[name] = manifest
        return manifest
    }

    /// Every segment a manifest names, decoded.
    func segments(_ manifest: Manifest) throws -> [(SegmentReference, DecodedSegment)] {
        func bytes(_ name: String) throws -> [UInt8] {
            guard let bytes = store.objects[name] else {
                throw Violation(
                    property: "what a kept manifest names is there",
                    detail: "generation \(manifest.generation.number): \(name)")
            }
            return bytes
        }
        var references = manifest.overlays
        for page in manifest.pages { references += try ManifestPage(decoding: bytes(page.name(in: "pages"))).cells }
        return try references.map { ($0, try decoded($0, bytes($0.objectName))) }
    }

    /// Segments never change, so each is decoded once.
    private func decoded(_ reference: SegmentReference, _ bytes: [UInt8]) throws -> DecodedSegment {
        if let known = decodedSegments[reference.identity] { return known }
        let segment = try DecodedSegment(decoding: bytes)
        decodedSegments[reference.identity] = segment
        return segment
    }
}
