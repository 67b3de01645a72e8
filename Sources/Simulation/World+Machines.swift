import Cluster
import Engine
import News
import Storage
import Wire

// Steps of coordinators, workers and mergers: a machine is told an event, and what it wants is done.
extension World {
    func step(coordinator index: Int, _ event: Coordinator.Event) throws {
        let actions = processes[index].coordinator!.handle(event, now: moment(of: index))
        try perform(actions, on: index)
    }

    func perform(_ actions: [Coordinator.Action], on index: Int) throws {
        let run = processes[index].run
        // A fault may end the process between two of them.
        for action in actions where isRunning(index, run) {
            switch action {
            case .operation(let operation): issue(operation, from: index)
            case .send(let peer, let message):
                if case .lease(let shard, let epoch, _, _) = message { try properties.leased(shard, epoch) }
                try checkRoom(index, message)
                if let id = open[peer] { send(id, toServer: false, message) }
            case .close(let peer):
                gone.insert(peer)
                if let id = open[peer] { cut(id) }
            case .fenced:
                note("fenced \(index)", .process)
                count("coordinator fenced")
                for id in open.values.sorted() where connections[id].server == index { cut(id) }
                try makeCoordinator(index, Instance(random.next()))
            case .failed(let message):
                guard processes[index].mayFail else {
                    throw Violation(property: "machines do not fail", detail: message)
                }
                count("coordinator gave up")
                note("coordinator \(index) gives up: \(message)", .process)
                stop(index)
            case .reigning(let term): note("coordinator \(index) reigns in term \(term.number)", .process)
            case .note(let text):
                note("coordinator \(index): \(text)")
                if text.contains("the set digest differs") {
                    throw Violation(property: "a merge keeps the set digest", detail: text)
                }
            case .published(let manifest): try properties.told(manifest)
            case .standingBy, .deciding, .decided: break
            case .drained:
                note("drained \(index)", .process)
                stop(index)
            }
        }
    }

    func step(worker index: Int, _ event: Worker.Event) throws {
        let run = processes[index].run
        var isOverBudget = false
        for action in processes[index].worker!.handle(event, now: moment(of: index)) where isRunning(index, run) {
            switch action {
            case .send(let message): sendUp(index, message)
            case .reconnect: reconnect(index)
            case .operation(let operation): issue(operation, from: index)
            case .index(let article):
                if isDeadly(article) {
                    note("article \(article.key.hex.prefix(8)) ends worker \(index)", .fault)
                    count("worker ended by an article")
                    stop(index)
                } else {
                    try processes[index].draft!.index(article)
                    isOverBudget = processes[index].draft!.isOverBudget
                }
            case .discard: processes[index].draft!.discard()
            case .tryApart(let trial, let articles):
                let run: Trial.Run = articles.contains(where: isDeadly) ? .died("signal 9") : .survived
                if case .died = run { count("trial died") }
                try engine(index, .trial) { refusal in
                    .worker(.tried(trial: trial, refusal.map { .unknown("\($0)") } ?? run))
                }
            case .lookUp(let seal, let keys, let atLeast, let own):
                try engine(index, .lookUp) { refusal in
                    .worker(try self.lookUp(seal, keys, atLeast: atLeast, own: own, on: index, refusal))
                }
            case .build(let seal, let dropped, let kills):
                try engine(index, .build) { refusal in
                    .worker(try self.build(seal, dropped: dropped, kills: kills, on: index, refusal))
                }
            case .note(let text): note("worker \(index): \(text)")
            case .drained:
                note("drained \(index)", .process)
                stop(index)
            }
        }
        if isOverBudget, isRunning(index, run) {
            count("builder over its budget")
            try step(worker: index, .overBudget)
        }
    }

    func step(merger index: Int, _ event: Merger.Event) throws {
        let run = processes[index].run
        for action in processes[index].merger!.handle(event, now: moment(of: index)) where isRunning(index, run) {
            switch action {
            case .send(let message): sendUp(index, message)
            case .reconnect: reconnect(index)
            case .operation(let operation): issue(operation, from: index)
            case .merge(let job): try merge(job, on: index)
            case .search(let search): try look(search, on: index)
            case .goOn: try produceNext(index)
            case .note(let text): note("merger \(index): \(text)")
            case .drained:
                note("drained \(index)", .process)
                stop(index)
            }
        }
    }

    /// What takes room waits while it is short.
    private func checkRoom(_ index: Int, _ message: Message) throws(Violation) {
        switch message {
        case .refusedBatch(_, .storeFailed, _): count("batch refused by the store or for want of room")
        case .merge(let job):
            let level = processes[index].coordinator!.roomLevel
            // What purges write makes room behind it.
            guard job.output == .purged ? level == .spent : level != .ample else { return }
            throw Violation(property: "no merge begins while room is short", detail: "coordinator \(index)")
        default: break
        }
    }
}
