import Cluster
import Storage

// Operations take a while, are refused now and then, and their answers are late or lost.
extension World {
    func issue(_ tagged: TaggedOperation, from index: Int) {
        let run = processes[index].run
        var delay = Int64(random.int(1...30))
        if scenario.logReadMilliseconds > 0, case .get(let name, _) = tagged.operation, name.hasPrefix("log/") {
            delay += Int64(random.int(0...scenario.logReadMilliseconds))
        }
        var answerDelay: Int64? = Int64(random.int(1...20))
        var isLost = false
        if !isHealing {
            if random.chance(8) {
                count("store: slow to act")
                delay = Int64(random.int(500...9000))
            }
            if random.chance(8) {
                count("store: slow to answer")
                answerDelay = Int64(random.int(500...9000))
            }
            if random.chance(8) {
                count("store: answer lost")
                isLost = true
            }
            if random.chance(8) {
                // The caller gives up and tries again, while the first request is still on its way.
                count("store: acts after the time-out")
                delay = Int64(random.int(100...9000))
                answerDelay = nil
                let failure = BucketFailure(.passing, name: tagged.operation.name, message: "time-out")
                let wait = Int64(random.int(5...200))
                schedule(after: wait, .answer(process: index, run: run, tagged.tag, .failed(failure)))
            }
        }
        schedule(
            after: delay, .effect(process: index, run: run, tagged, answerDelay: answerDelay, isAnswerLost: isLost))
    }

    func effect(
        _ index: Int, _ run: Int, _ tagged: TaggedOperation, answerDelay: Int64?, isAnswerLost: Bool
    ) throws {
        // A request on its way when its process dies may still arrive.
        let isGone = !processes[index].isUp || processes[index].run != run
        if isGone, random.chance(500) { return }
        var result: BucketResult
        if !isHealing, random.chance(5) {
            result = .failed(BucketFailure(.passing, name: tagged.operation.name, message: "503"))
            count("store: refused for now")
        } else {
            let wasThere = store.objects[tagged.operation.name] != nil
            result = try store.perform(tagged.operation)
            mix(UInt64(bitPattern: now))
            for byte in tagged.operation.name.utf8 { mix(UInt64(byte)) }
            if result == .done {
                switch tagged.operation {
                case .create(let name, let bytes):
                    mix(UInt64(bytes.count))
                    note("created \(name) by \(index)\(isGone ? " (after its death)" : "")")
                    if name.hasPrefix("manifests/") {
                        decodedManifests[name] = nil
                        try properties.manifestCreated(
                            bytes, store: store, segments: { try self.segments($0) })
                    }
                case .delete(let name):
                    if wasThere {
                        note("deleted \(name) by \(index)")
                        try properties.deleted(name, manifest: { try self.manifest($0) })
                    }
                case .put, .get, .size, .list: break
                }
            }
            if isAnswerLost {
                result = .failed(BucketFailure(.passing, name: tagged.operation.name, message: "time-out"))
            }
        }
        if let answerDelay { schedule(after: answerDelay, .answer(process: index, run: run, tagged.tag, result)) }
    }
}
