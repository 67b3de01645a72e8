import Cluster
import Engine
import News
import Storage

// Operations take a while, are refused now and then, and their answers are late or lost. What a driver makes of a store's
// answers (`Roles`: time-outs and status codes become failures in passing) is made here of faults.
extension World {
    func issue(_ tagged: TaggedOperation, from index: Int) {
        let step = Step(tagged)
        var delay = Int64(random.int(1...30))
        if scenario.logReadMilliseconds > 0, step == .replayRead || step == .routerRead {
            delay += Int64(random.int(0...scenario.logReadMilliseconds))
        }
        var request = Request(
            process: index, run: processes[index].run, tagged: tagged, step: step, fault: strike(step),
            isOfHealing: isHealing, answerDelay: Int64(random.int(1...20)), power: power)
        switch request.fault {
        case .crashBefore: return stop(index)
        case .pause: pause(index)
        case .drain: schedule(after: 0, .drain(process: index, run: request.run))
        default: break
        }
        if scenario.isObjectStore { return converse(request) }
        switch request.fault {
        case .crashDuring:
            request.mustLand = true
            request.answerDelay = nil
            send(request, after: random.chance(500) ? delay : longDelay())
            return stop(index)
        case .slow: delay = longDelay()
        case .lateAnswer: request.answerDelay = longDelay()
        case .actsLate:
            // The caller gives up and tries again, while the first request is still on its way.
            delay = Int64(random.int(100...9000))
            request.answerDelay = nil
            schedule(
                after: Int64(random.int(5...200)),
                .answer(process: index, run: request.run, tagged.tag, passing("time-out", tagged), created: nil, nil))
        case .repeated:
            var again = request
            again.answerDelay = nil
            again.mustLand = true
            again.fault = nil
            send(again, after: delay + Int64(random.int(10...9000)))
        default: break
        }
        send(request, after: delay)
    }

    /// Longer than a lease, and than those who stand by are patient; sometimes just not.
    func longDelay() -> Int64 { Int64(random.int(2000...scenario.longestDelayMilliseconds)) }

    private func send(_ request: Request, after delay: Int64) {
        if !request.isOfHealing { lateRequestCount += 1 }
        schedule(after: delay, .effect(request))
    }

    private func passing(_ why: String, _ tagged: TaggedOperation) -> BucketResult {
        .failed(BucketFailure(.passing, name: tagged.operation.name, message: why))
    }

    func effect(_ request: Request) throws {
        if !request.isOfHealing { lateRequestCount -= 1 }
        let index = request.process
        guard request.power == power else {
            // Who is elsewhere waits until the time is up.
            guard processes[index].role == .fetcher else { return }
            return schedule(
                after: 1000,
                .answer(
                    process: index, run: request.run, request.tagged.tag, passing("time-out", request.tagged),
                    created: nil, nil))
        }
        // A request on its way when its process dies may still arrive.
        let isGone = !isRunning(index, request.run)
        if isGone, !request.mustLand, random.chance(500) { return }
        let tagged = request.tagged
        var result: BucketResult
        switch request.fault {
        case .refused: result = passing("503", tagged)
        case .full: result = SimulatedStore.full(tagged.operation.name)
        case .broken: result = .failed(BucketFailure(.lasting, name: tagged.operation.name, message: "403"))
        default: result = try carryOut(tagged.operation, request, isGone: isGone)
        }
        if request.fault == .lostAnswer { result = passing("500 after all was done", tagged) }
        if request.fault == .crashAfter, !isGone { return stop(index) }
        guard let delay = request.answerDelay else { return }
        var created: String?
        if case .create(let name, _) = tagged.operation, result == .done { created = name }
        schedule(
            after: delay,
            .answer(process: index, run: request.run, tagged.tag, result, created: created, request.fault))
    }

    /// The store does it.
    func carryOut(_ operation: BucketOperation, _ request: Request, isGone: Bool) throws -> BucketResult {
        let wasThere = store.objects[operation.name] != nil
        let logID = store.logTexts[operation.name]?.id
        let result = try store.perform(operation, now: now, isStale: request.fault == .stale)
        mix(UInt64(bitPattern: now) &* 31 &+ UInt64(request.step.rawValue))
        guard result == .done else { return result }
        switch operation {
        case .create(let name, let bytes):
            if !wasThere, isTimely(request) { try properties.addedToLog(name, store) }
            mix(UInt64(bytes.count))
            note("created \(describe(name, bytes)) by \(request.process)\(isGone ? " (after its death)" : "")")
            if name.hasPrefix("manifests/") { try manifestCreated(name, bytes) }
            if let object = store.everLog.last, object.name == name {
                try properties.logged(object, store: store) { readSegments[$0] }
                if erasurePowerLosses > 0, !object.erasedBounds.isEmpty {
                    // Sometimes before it is told, mostly soon after.
                    erasurePowerLosses -= 1
                    schedule(after: Int64(random.int(1...1500)), .losePower)
                }
            }
        case .delete(let name):
            guard wasThere else { break }
            note("deleted \(name) by \(request.process)")
            try properties.deleted(
                name, isVoid: logID.map { ValidLog(store.everLog).isVoid($0) } ?? false, isTimely: isTimely(request),
                store)
        case .put(let name, _):
            if !wasThere, isTimely(request) { try properties.addedToLog(name, store) }
        case .get, .size, .list: break
        }
        return result
    }

    /// Whether it is of the newest coordinator, which waits for the answer. What comes later may do what nobody wants by then.
    private func isTimely(_ request: Request) -> Bool {
        guard isRunning(request.process, request.run), request.answerDelay != nil,
            let term = processes[request.process].coordinator?.reigningTerm
        else { return false }
        return store.objects[ObjectName.term(term.next)] == nil
    }

    private func manifestCreated(_ name: String, _ bytes: [UInt8]) throws {
        let manifest = try Manifest(decoding: bytes)
        decodedManifests[name] = manifest
        guard try properties.isNext(manifest) else {
            voidManifests.insert(manifest.generation)
            return
        }
        let parts = try segments(manifest)
        try properties.manifestCreated(manifest, parts: parts, store: store)
    }

    // MARK: Power

    /// All that runs on the machines of the bucket ends at once, and what was not yet durable may be gone. Clients and
    /// fetchers are elsewhere.
    func losePower() throws {
        guard !isHealing else { return }
        power += 1
        timedFaultCount += 1
        count("power lost")
        note("power lost", .fault)
        for index in processes.indices where processes[index].role != .client && processes[index].role != .fetcher {
            stop(index)
        }
        let vanished = try store.losePower(now: now, &random)
        for name in vanished {
            note("vanished \(name)", .fault)
            count("power lost: object vanished")
            decodedManifests[name] = nil
            readSegments[name] = nil
            openSegments[name] = nil
        }
        var newest: (Manifest, [(SegmentReference, SegmentContents)])?
        if let head = properties.head, vanished.contains(ObjectName.manifest(head.generation)) {
            var generation = head.generation
            while newest == nil, generation > .none {
                generation = Generation(generation.number - 1)
                if let manifest = try manifest(generation) { newest = (manifest, try segments(manifest)) }
            }
        }
        // What came long after its number was collected was void, and nobody misses it.
        let missed = vanished.filter { name in
            !(ObjectName.generation(ofManifest: name).map { voidManifests.contains($0) } ?? false)
        }
        try properties.vanished(missed, newest: newest, store: store)
    }

    // MARK: Tracing

    /// The name of an object, and what it holds.
    private func describe(_ name: String, _ bytes: [UInt8]) -> String {
        func short(_ key: ArticleKey) -> String { String(key.hex.prefix(8)) }
        do {
            if name.hasPrefix("log/") {
                let batches = try LogObject(decoding: bytes).batches.map { batch in
                    "\(batch.client), batch \(batch.number), \(batch.lane): "
                        + batch.entries.compactMap(\.routedKey).map(short).joined(separator: " ")
                }
                return ([name] + batches).joined(separator: "; ")
            }
            if name.hasPrefix("manifests/") {
                let manifest = try Manifest(decoding: bytes)
                let names = manifest.namedObjects.sorted().map { $0.prefix(17) }
                return "\(name) generation \(manifest.generation.number) of term \(manifest.term.number): "
                    + names.joined(separator: " ")
            }
        } catch { return "\(name), which cannot be read: \(error)" }
        return name
    }
}
