import Cluster
import Storage

// What goes wrong with processes.
extension World {
    func fault() throws {
        guard !isHealing else { return }
        let index = random.int(0...(processes.count - 1))
        let mayStop = processes[index].isUp && processes[index].role != .client
        switch random.int(0...11) {
        case 0, 1:
            guard mayStop else { return }
            count("crash of \(processes[index].role)")
            note("crash \(index)")
            stop(index)
        case 2, 3, 4:
            guard mayStop else { return }
            count("pause of \(processes[index].role)")
            let length = Int64(random.int(500...15_000))
            note("pause \(index) for \(length)")
            processes[index].pausedUntil = now + length
            schedule(after: length, .resume(process: index))
        case 5, 6:
            let ids = open.values.sorted()
            guard !ids.isEmpty else { return }
            count("network: cut")
            cut(random.pick(ids))
        case 7:
            // The process is asked to end in good order.
            guard mayStop, processes[index].pausedUntil <= now else { return }
            count("drain of \(processes[index].role)")
            note("drain \(index)")
            switch processes[index].role {
            case .coordinator: try step(coordinator: index, .drain)
            case .worker: try step(worker: index, .drain)
            case .merger: try step(merger: index, .drain)
            case .client: break
            }
        case 8, 9:
            // It comes while the others are busy, and goes before it has got a shard, or with its first.
            let workers = processes.indices.filter { processes[$0].role == .worker && processes[$0].isUp }
            guard !workers.isEmpty else { return }
            let worker = random.pick(workers)
            count("crash of worker after it joined")
            note("crash \(worker), and again when it has joined")
            stop(worker, backAfter: 100...600)
            processes[worker].diesAfterJoining = true
        default:
            count("store: full")
            store.isFull = true
            schedule(after: Int64(random.int(200...3000)), .roomAgain)
        }
    }

    func crash(_ index: Int, _ run: Int) {
        guard !isHealing, processes[index].isUp, processes[index].run == run else { return }
        note("crash \(index), which had just joined")
        stop(index)
    }

    /// From here on nothing goes wrong any more, and the cluster must come to rest.
    func heal() throws {
        note("heal")
        isHealing = true
        store.isFull = false
        for index in processes.indices {
            if !processes[index].isUp { try boot(index) }
            if processes[index].pausedUntil > now {
                processes[index].pausedUntil = now
                schedule(after: 0, .resume(process: index))
            }
        }
    }
}
