import Cluster
import News
import Storage
import Wire

// Connections in the protocol's own bytes. Harsher than TCP in one way: of what was on its way when a connection was
// cut, one message may be lost and a later one arrive, so that no machine leans on the order of a dying connection.
extension World {
    struct Connection {
        var client: Int
        var clientRun: Int
        var server: Int
        var serverRun: Int
        var peer: PeerID
        /// What the process called itself when it connected; names its batches, also those that arrive after its end.
        var name: String
        var atServer: MessageParser
        var atClient: MessageParser
        var isCut = false
        var lastToServer: Int64 = 0
        var lastToClient: Int64 = 0
        /// Nothing passes before.
        var heldToServer: Int64 = 0
        var heldToClient: Int64 = 0
    }

    func connect(_ index: Int) throws {
        guard processes[index].connection == nil else { return }
        let run = processes[index].run
        // Whoever reigns by its own word; a process that was paused may say so wrongly.
        let servers = processes.indices.filter {
            processes[$0].isUp && (processes[$0].coordinator?.isReigning ?? false)
        }
        guard !servers.isEmpty, isHealing || !random.chance(50) else {
            return schedule(after: Int64(random.int(100...600)), .connect(process: index, run: run))
        }
        let role: PeerRole =
            switch processes[index].role {
            case .worker: .worker
            case .merger: .merger
            case .fetcher: .fetcher
            case .client, .coordinator: .client
            }
        let server = random.pick(servers)
        let peer = PeerID(nextPeer)
        nextPeer += 1
        let id = connections.count
        connections.append(
            Connection(
                client: index, clientRun: run, server: server, serverRun: processes[server].run, peer: peer,
                name: processes[index].client?.name ?? processes[index].fetcher?.name ?? "",
                atServer: MessageParser(side: .server, admitted: role), atClient: MessageParser(side: .client)))
        open[peer] = id
        processes[index].connection = id
        try step(coordinator: server, .connected(peer, role))
        guard isRunning(index, run) else { return }
        switch processes[index].role {
        case .worker: try step(worker: index, .connected)
        case .merger: try step(merger: index, .connected)
        case .fetcher:
            try hold(fetcher: index, .connected)
            sendFromFetcher(index)
        case .client: sendFromClient(index)
        case .coordinator: break
        }
    }

    func reconnect(_ index: Int) {
        if let id = processes[index].connection { cut(id) }
        processes[index].connection = nil
        schedule(after: Int64(random.int(50...500)), .connect(process: index, run: processes[index].run))
    }

    func sendUp(_ index: Int, _ message: Message) {
        guard let id = processes[index].connection, !connections[id].isCut else { return }
        send(id, toServer: true, message)
    }

    /// In order, as TCP does; late, as networks do.
    func send(_ id: Int, toServer: Bool, _ message: Message) {
        let step = Step(message, isFetcher: processes[connections[id].client].role == .fetcher)
        let sender = toServer ? connections[id].client : connections[id].server
        var at = now + Int64(random.int(1...20))
        let fault = strike(step)
        switch fault {
        case .crashBefore: return stop(sender)
        case .cutLost: return cut(id)
        case .overtaken:
            return schedule(after: Int64(random.int(20...scenario.overtakenMilliseconds)), .cut(connection: id))
        case .slow: at += Int64(random.int(200...6000))
        case .oneWay:
            let until = now + Int64(random.int(3000...12_000))
            if toServer { connections[id].heldToServer = until } else { connections[id].heldToClient = until }
        default: break
        }
        if toServer {
            at = max(at, connections[id].lastToServer, connections[id].heldToServer)
            connections[id].lastToServer = at
        } else {
            at = max(at, connections[id].lastToClient, connections[id].heldToClient)
            connections[id].lastToClient = at
        }
        schedule(at: at, .deliver(connection: id, toServer: toServer, message.encoded, step, fault))
        switch fault {
        case .crashDuring: stop(sender)
        case .cutArrives: cut(id)
        default: break
        }
    }

    /// Each end hears of it at a time of its own, or only by silence.
    func cut(_ id: Int) {
        guard !connections[id].isCut else { return }
        connections[id].isCut = true
        open[connections[id].peer] = nil
        let isFromClient = processes[connections[id].client].role == .client
        let mayBeSilent = !isHealing && !isFromClient && processes[connections[id].client].role != .fetcher
        for toServer in [true, false] {
            if mayBeSilent, random.chance(200) {
                count("network: an end does not hear of a cut")
                continue
            }
            schedule(after: Int64(random.int(1...2000)), .closed(connection: id, toServer: toServer))
        }
    }

    func receive(_ index: Int, _ id: Int, toServer: Bool, _ bytes: [UInt8]) throws {
        guard let message = try parsed(id, toServer: toServer, bytes) else {
            throw Violation(property: "what is encoded is parsed", detail: "half a message")
        }
        if toServer {
            let peer = connections[id].peer
            if case .put(let number, let lane, let ack, let digest, let payload) = message {
                let content = try SimulatedClient.content(payload)
                let put = Coordinator.Put(
                    id: BatchID(client: connections[id].name, number: number), digest: digest, lane: lane,
                    ack: ack, entries: content.entries, letterRequests: content.requests)
                try step(coordinator: index, .put(peer, put))
            } else {
                if case .sealed(let report) = message, gone.contains(peer), let segment = report.segment {
                    properties.late.insert(segment.objectName)
                }
                try step(coordinator: index, .message(peer, message))
            }
        } else {
            guard processes[index].connection == id else { return }
            if case .joined(_, _, _, let settings) = message {
                try use(settings, on: index)
                if processes[index].diesAfterJoining {
                    let run = processes[index].run
                    schedule(after: Int64(random.int(1...1000)), .crash(process: index, run: run))
                }
            }
            switch processes[index].role {
            case .worker: try step(worker: index, .message(message))
            case .merger: try step(merger: index, .message(message))
            case .fetcher: try receiveAtFetcher(index, message)
            case .client: try receiveAtClient(index, message)
            case .coordinator: break
            }
        }
    }

    /// What arrives strikes whoever gets it, or is lost with its connection.
    ///
    /// - Returns: whether it is to be taken in.
    func arrives(_ index: Int, _ id: Int, _ fault: Fault?) -> Bool {
        switch fault {
        case .crashAfter:
            stop(index)
            return false
        case .drain:
            schedule(after: 1, .drain(process: index, run: processes[index].run))
            return true
        // It was sent before the end.
        case .crashDuring, .cutArrives: return true
        default: return !connections[id].isCut || !random.chance(500)
        }
    }

    private func parsed(_ id: Int, toServer: Bool, _ bytes: [UInt8]) throws -> Message? {
        if toServer {
            connections[id].atServer.append(bytes)
            return try connections[id].atServer.next()
        }
        connections[id].atClient.append(bytes)
        return try connections[id].atClient.next()
    }

    func closed(_ index: Int, _ id: Int, toServer: Bool) throws {
        if toServer {
            gone.insert(connections[id].peer)
            return try step(coordinator: index, .disconnected(connections[id].peer))
        }
        guard processes[index].connection == id else { return }
        processes[index].connection = nil
        let run = processes[index].run
        switch processes[index].role {
        case .worker: try step(worker: index, .disconnected)
        case .merger: try step(merger: index, .disconnected)
        case .fetcher: try hold(fetcher: index, .disconnected)
        case .client, .coordinator: break
        }
        guard isRunning(index, run) else { return }
        schedule(after: Int64(random.int(50...500)), .connect(process: index, run: run))
    }

    // MARK: Clients

    func sendFromClient(_ index: Int) {
        guard let id = processes[index].connection, !connections[id].isCut else { return }
        if let message = processes[index].client!.next() { send(id, toServer: true, message) }
    }

    private func receiveAtClient(_ index: Int, _ message: Message) throws {
        let run = processes[index].run
        switch message {
        case .accepted(let number, let counts):
            if let batch = try processes[index].client!.accepted(number, counts), batch.ack == .visible {
                var gone = Set(processes.compactMap(\.client).flatMap(\.retracted))
                if scenario.retentionCount > 0 { gone.formUnion(ValidLog(store.everLog).touchedByRetention) }
                try properties.visible(batch, retracted: gone)
            }
            schedule(
                after: Int64(random.int(1...scenario.clientPauseMilliseconds)), .clientSend(process: index, run: run))
        case .refusedBatch(let number, let code, _):
            if code == .idReused { throw Violation(property: "a batch may be sent again", detail: "batch \(number)") }
            if code == .notAllowed { processes[index].client!.giveUp(number) }
            schedule(after: Int64(random.int(100...1000)), .clientSend(process: index, run: run))
        default: break
        }
    }

    /// Somebody sets a rule of retention, or takes one back.
    func askOfRetention() {
        let clients = processes.indices.filter { processes[$0].role == .client && processes[$0].isUp }
        guard !clients.isEmpty else { return }
        let client = random.pick(clients)
        // Articles are of two weeks, or, where nobody knows when they were published, of a later day.
        let time = Timestamp.sortable(Timestamp(seconds: 1_590_000_000 + Int64(random.int(-1...11) * 100_000)))
        let source = random.pick(["", "", "paper", "agency"])
        let rule: RetentionHorizon =
            switch random.int(0...9) {
            case 0...4: RetentionHorizon(source: source, time: time)
            case 5:
                // The wall clocks began so many days later.
                RetentionHorizon(
                    source: source, time: RetentionHorizon.foreverTime, ageDays: UInt32(random.int(1262...1274)))
            case 6:
                RetentionHorizon(
                    source: random.pick(["paper", "agency"]), time: RetentionHorizon.allTime)
            case 7: RetentionHorizon(source: source, time: RetentionHorizon.foreverTime)
            default: RetentionHorizon(source: source, time: RetentionHorizon.noneTime)
            }
        note("rule for \(rule.source): \(rule.dateText), \(rule.ageDays) days, by \(client)")
        count("retention: rule")
        let isIdle = processes[client].client!.isIdle
        processes[client].client!.ask(rule)
        if isIdle { sendFromClient(client) }
    }

    /// Somebody looks at the dead letters and asks something of one.
    func askOfLetters() {
        let letters = ValidLog(store.everLog).deadLetters.map(\.key).sorted()
        let clients = processes.indices.filter { processes[$0].role == .client && processes[$0].isUp }
        guard !letters.isEmpty, !clients.isEmpty else { return }
        let index = random.pick(clients)
        let request = Coordinator.LetterRequest(kind: random.chance(700) ? .retry : .drop, key: random.pick(letters))
        note("\(request.kind) of dead letter \(request.key.hex.prefix(8)) by \(index)")
        count("dead letter: \(request.kind)")
        let isIdle = processes[index].client!.isIdle
        processes[index].client!.ask(request)
        if isIdle { sendFromClient(index) }
    }
}
