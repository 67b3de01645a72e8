import ByteCoding
import Cluster
import Engine
import News
import Storage
import Wire

// The engine's part: the calls of `WorkerEngine` and `MergerRole`, on the simulated store. The engine takes a while to
// answer; what it reads it reads at once, so that its faults are those of a store that refuses or has lost the object.
extension World {
    /// Has the engine do something now and tell of it later.
    ///
    /// - Parameter work: what the engine does; it is told why the store refuses it, if it does.
    func engine(_ index: Int, _ step: Step, _ work: (EngineError?) throws -> EngineAnswer) throws {
        let fault = strike(step)
        if fault == .crashBefore { return stop(index) }
        let answer = try work(fault == .refused ? EngineError(.io, "503") : nil)
        var delay = Int64(random.int(1...200))
        switch fault {
        case .crashAfter: schedule(after: delay - 1, .crash(process: index, run: processes[index].run))
        case .pause: pause(index)
        case .drain: schedule(after: 0, .drain(process: index, run: processes[index].run))
        case .slow: delay = longDelay()
        default: break
        }
        schedule(after: delay, .engine(process: index, run: processes[index].run, answer, fault))
    }

    /// What the coordinator says to a worker or merger that joins.
    func use(_ bytes: [UInt8], on index: Int) throws {
        var reader = ByteReader(bytes)
        let settings = try Settings(decoding: &reader)
        processes[index].draft?.use(settings)
        processes[index].mergeSettings = settings
    }

    // MARK: Merging

    func merge(_ job: MergeJob, on index: Int) throws {
        processes[index].merging.append(Merging(job: job))
        if processes[index].merging.count == 1 { try beginMerge(index) }
    }

    private func beginMerge(_ index: Int) throws {
        let job = processes[index].merging[0].job
        let run = processes[index].run
        let fault = strike(.mergeRun)
        switch fault {
        case .crashBefore, .crashAfter: return stop(index)
        case .pause: pause(index)
        case .drain: schedule(after: 0, .drain(process: index, run: run))
        default: break
        }
        var outputs: [BuiltSegment] = []
        do {
            if fault == .refused { throw EngineError(.io, "503") }
            processes[index].merging[0].left = try SegmentMerger(
                settings: processes[index].mergeSettings, source: store.segments
            ).run(job.inputs, as: job.output) { outputs.append($0) }
            if job.output == .folded {
                count("merger: a fold" + (processes[index].merging[0].left.isEmpty ? "" : " that leaves cells"))
            }
        } catch let error as EngineError
            where error.code == .io || job.inputs.contains(where: { store.objects[$0.objectName] == nil })
        {
            // Also if the job waited for long or is of a coordinator that no longer reigns, and its inputs were collected.
            processes[index].merging[0].failure = "\(error)"
        } catch {
            throw Violation(property: "what was published can be merged", detail: "job \(job.number): \(error)")
        }
        for output in outputs { try noteBuilt(output, index) }
        processes[index].merging[0].outputs = outputs
        try produceNext(index, isSlow: fault == .slow)
        if fault == .crashHandled { schedule(after: Int64(random.int(1...300)), .crash(process: index, run: run)) }
    }

    /// Looks through objects for texts that are to be erased, or for what is behind a horizon.
    func look(_ search: Merger.Search, on index: Int) throws {
        try engine(index, .search) { refusal in
            guard refusal == nil else { return .merger(.searchFailed(search, "503")) }
            func perform(_ operations: [BucketOperation]) -> [BucketResult] {
                operations.map { operation in
                    guard let bytes = store.objects[operation.name] else { return .missing }
                    if case .size = operation { return .size(UInt64(bytes.count)) }
                    return .bytes(bytes)
                }
            }
            do {
                switch search {
                case .find(let job):
                    let names = try KeySearch(bounds: job.bounds, findsEmptied: true)
                        .run(job.names, source: store.segments, perform: perform)
                    return .merger(.found(job, names))
                case .scan(let job):
                    let found = try HorizonSearch(rules: RetentionRules(job.rules), limitCount: Int(job.limitCount))
                        .run(job.names, source: store.segments, perform: perform)
                    return .merger(.scanned(job, found))
                }
            } catch let error as EngineError where error.code == .io || error.code == .missing {
                return .merger(.searchFailed(search, "\(error)"))
            }
        }
    }

    func produceNext(_ index: Int, isSlow: Bool = false) throws {
        guard let merging = processes[index].merging.first else { return }
        let job = merging.job
        if let next = merging.outputs.first {
            processes[index].merging[0].outputs.removeFirst()
            let reference = next.reference(attempt: Attempt(term: .none, number: 0))
            let waiting = processes[index].merging.count
            try engine(index, .mergeOutput) { refusal in
                // Of its outputs the engine has made this one; what it reads for the next may fail.
                guard refusal == nil else {
                    self.processes[index].merging.removeFirst()
                    return .merger(.engineFailed(job, "503"))
                }
                return .merger(.produced(job, reference, next.bytes))
            }
            let hasFailed = processes[index].isUp && processes[index].merging.count < waiting
            if hasFailed, waiting > 1 { try beginMerge(index) }
            return
        }
        processes[index].merging.removeFirst()
        let answer = EngineAnswer.merger(
            merging.failure.map { .engineFailed(job, $0) } ?? .finished(job, left: merging.left))
        schedule(
            after: isSlow ? longDelay() : Int64(random.int(1...200)),
            .engine(process: index, run: processes[index].run, answer, nil))
        if !processes[index].merging.isEmpty { try beginMerge(index) }
    }

    // MARK: Sealing

    func lookUp(
        _ seal: UInt64, _ keys: [ArticleKey], atLeast: Generation, own: [Worker.Own], on index: Int,
        _ refusal: EngineError?
    ) throws -> Worker.Event {
        // Any generation from the lease's on may be what a reader sees first.
        let newest = properties.head?.generation ?? .none
        let readable = (atLeast.number...max(atLeast.number, newest.number)).map(Generation.init).filter {
            $0 == newest || store.objects[ObjectName.manifest($0)] != nil && !voidManifests.contains($0)
        }
        let manifest = readable.isEmpty ? nil : try manifest(random.pick(readable))
        let left = own.notIncluded(in: manifest)
        do {
            if let refusal { throw refusal }
            let draft = processes[index].draft!
            let references = try manifest.map { try self.references($0) } ?? []
            let snapshot = SnapshotKeys(
                references + left.map(\.segment), settingsHash: draft.settings.hash, source: store.segments
            ) { try self.opened($0) }
            let found = try draft.lookUp(keys, in: snapshot).map {
                $0.map { Worker.Found(version: $0.version, orderTime: $0.orderTime, source: $0.source ?? "") }
            }
            return .lookedUp(seal: seal, found, in: manifest?.generation ?? .none, notIncluded: left)
        } catch let error as EngineError where error.code == .io || !left.isEmpty {
            // Own segments that were refused do not fit to what another owner of the shard has published since.
            if error.code != .io { count("worker: own segments do not fit any more") }
            return .engineFailed(seal: seal, "\(error)")
        }
    }

    func build(
        _ seal: UInt64, dropped: [Int], kills: [Kill], on index: Int, _ refusal: EngineError?
    ) throws -> Worker.Event {
        do {
            if let refusal { throw refusal }
            let built = try processes[index].draft!.seal(dropped: dropped, kills: kills)
            try noteBuilt(built, index)
            return .built(seal: seal, built.reference(attempt: Attempt(term: .none, number: 0)), built.bytes)
        } catch let error as EngineError where error.code == .io || error.code == .missing {
            // One that does not know yet that it was let go: its segments that nobody published are collected.
            if error.code == .missing { count("worker: what it builds upon was collected") }
            return .engineFailed(seal: seal, "\(error)")
        }
    }

    /// - Throws: `EngineError` `.io` if one is not there.
    private func opened(_ references: [SegmentReference]) throws -> [SegmentReader] {
        try references.map { reference in
            let name = reference.objectName
            if let known = readSegments[name]?.reader ?? openSegments[name] { return known }
            let reader = try SegmentReader.open([reference], source: store.segments)[0]
            openSegments[name] = reader
            return reader
        }
    }

    private func noteBuilt(_ built: BuiltSegment, _ index: Int) throws {
        guard scenario.isTraced else { return }
        let reference = built.reference(attempt: Attempt(term: .none, number: 0))
        let source = MemoryByteSource()
        source.put(built.bytes, as: reference.objectName)
        let reader = try SegmentReader.open([reference], source: source)[0]
        let keys = try reader.rows(0..<reader.documentCount).map { $0.key.hex.prefix(8) }.joined(separator: " ")
        let kills = reader.kills.map { $0.kill.key.hex.prefix(8) }.joined(separator: " ")
        note("\(index) built \(reference.objectName.prefix(17)) of \(keys); kills \(kills)")
    }

    // MARK: Snapshots

    /// The manifest of a generation, if it is there.
    func manifest(_ generation: Generation) throws -> Manifest? {
        let name = ObjectName.manifest(generation)
        guard let bytes = store.objects[name] else { return nil }
        if let known = decodedManifests[name] { return known }
        let manifest = try Manifest(decoding: bytes)
        decodedManifests[name] = manifest
        return manifest
    }

    /// Every segment a manifest names, in the order of the manifest.
    private func references(_ manifest: Manifest) throws -> [SegmentReference] {
        var references = manifest.overlays
        for page in manifest.pages {
            let name = page.name(in: "pages")
            let bytes = try bytes(name, of: manifest)
            let cells = try readPages[name] ?? ManifestPage(decoding: bytes).cells
            readPages[name] = cells
            references += cells
        }
        return references
    }

    /// The contents of every segment a manifest names.
    func segments(_ manifest: Manifest) throws -> [(SegmentReference, SegmentContents)] {
        try references(manifest).map { reference in
            let bytes = try bytes(reference.objectName, of: manifest)
            if let known = readSegments[reference.objectName] { return (reference, known) }
            let reader = try SegmentReader.open([reference], source: store.segments)[0]
            let contents = try SegmentContents(reader, reference, bytes: bytes, numbers: &properties.numbers)
            readSegments[reference.objectName] = contents
            return (reference, contents)
        }
    }

    private func bytes(_ name: String, of manifest: Manifest) throws -> [UInt8] {
        guard let bytes = store.objects[name] else {
            throw Violation(
                property: "what a kept manifest names is there",
                detail: "generation \(manifest.generation.number): \(name)")
        }
        return bytes
    }
}
