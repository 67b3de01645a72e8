// Drives a `Coordinator`: its events come from the network, the store and the clock; its actions go there.

import ByteCoding
package import Cluster
import Dispatch
import Foundation
package import HostIO
package import Logging
package import NIOCore
package import News
package import Storage
import Synchronization
package import Wire

package final class CoordinatorRole: Sendable {
    package struct Configuration: Sendable {
        package var bucket: any Bucket
        package var endpoint: Endpoint
        /// What others are told to connect to; nil takes the endpoint with the port that was bound.
        package var advertised: String?
        package var token: Token?
        /// What a new bucket gets. An old one keeps its own.
        package var settings = Settings()
        package var shardCount: UInt16 = 32
        package var limits = ConnectionLimits()
        /// nil: plain TCP.
        package var tls: ServerTLS?
        /// Whether the workers end with this process.
        package var isWithItsWorkers = false
        /// Room of the store below which articles are refused; nil: by its size.
        package var keepFreeBytes: UInt64?
        package var upkeep = Coordinator.Upkeep()
        package var mergePolicy = MergePolicy()

        package init(bucket: any Bucket, endpoint: Endpoint) {
            self.bucket = bucket
            self.endpoint = endpoint
        }
    }

    private enum Event: Sendable {
        case machine(Coordinator.Event)
        /// Of a connection that was charged for it.
        case heard(PeerID, Coordinator.Event, PeerBacklog.Size)
        case status(PeerID, PeerBacklog.Size)
        case fail(String)
        case look(@Sendable (CoordinatorStatus) -> Void)
    }

    private let configuration: Configuration
    private let logger: Logger
    private let mailbox = Mailbox<Event>()
    private let threads: BucketThreads
    private let readers: [PutReaders]
    private let server = Mutex<LineServer?>(nil)
    private let peers = Mutex<[PeerID: Peer]>([:])
    private let backlog = Mutex(PeerBacklog())
    /// nil: this process does not reign now.
    private let reign = Mutex<Term?>(nil)

    static let tickMilliseconds = 20
    static let roomMilliseconds = 1000

    package init(_ configuration: Configuration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        threads = BucketThreads(configuration.bucket, width: Reign.aheadCount, logger: logger)
        let width = max(1, min(4, ProcessInfo.processInfo.activeProcessorCount))
        readers = (0..<width).map { PutReaders(label: "coranto.put-reader.\($0)") }
    }

    /// Refuse new work, publish what is sealed, write the orderly end, return from `run`.
    package func drain() { mailbox.push(.machine(.drain)) }

    /// Numbers of this moment, from the machine's thread.
    package func status() async -> CoordinatorStatus {
        await withCheckedContinuation { continuation in
            mailbox.push(.look { continuation.resume(returning: $0) })
        }
    }

    /// Runs until drained.
    ///
    /// - Parameter onListening: told the bound endpoint.
    /// - Throws: if the address cannot be listened on, or the store is unusable.
    package func run(
        on group: any EventLoopGroup, onListening: @Sendable (Endpoint) -> Void = { _ in }
    ) async throws {
        var options = LineServer.Options(endpoint: configuration.endpoint, token: configuration.token)
        options.limits = configuration.limits
        options.tls = configuration.tls
        let started: LineServer
        do {
            started = try await LineServer.start(
                options, on: group, logger: logger, term: { [self] in reign.withLock { $0 } ?? .none },
                onEvent: { [self] id, event in received(PeerID(id.number), event) })
        } catch {
            let known = ListenFailure(error, endpoint: configuration.endpoint)
            throw RoleError(known?.description ?? "cannot listen on \(configuration.endpoint): \(error)")
        }
        server.withLock { $0 = started }
        let bound = Endpoint(host: configuration.endpoint.host, port: started.port)
        logger.info("coordinator listens", metadata: ["address": "\(bound)"])
        onListening(bound)
        let rooms = watchRoom()
        defer { rooms.cancel() }
        let failure = await withCheckedContinuation { (continuation: CheckedContinuation<String?, Never>) in
            let thread = Thread { [self] in
                continuation.resume(returning: work(address: configuration.advertised ?? "\(bound)"))
            }
            thread.name = "coranto.coordinator"
            thread.stackSize = 16 << 20
            thread.start()
        }
        try await started.stop()
        configuration.bucket.tellRequests(logger)
        if let failure { throw RoleError(failure) }
    }

    /// On a thread of its own: a file system that hangs stops nothing else.
    private func watchRoom() -> any DispatchSourceTimer {
        let timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "coranto.room"))
        timer.schedule(deadline: .now(), repeating: .milliseconds(Self.roomMilliseconds))
        timer.setEventHandler { [self] in
            if let room = configuration.bucket.room() { mailbox.push(.machine(.room(room))) }
        }
        timer.activate()
        return timer
    }

    // MARK: The machine's thread

    private func work(address: String) -> String? {
        let clock = SystemClock()
        var machine = makeMachine(address)
        var isDrained = false
        var failure: String?
        var nextTick: Int64 = 0

        func perform(_ actions: [Coordinator.Action]) {
            for action in actions {
                switch action {
                case .operation(let operation): issue(operation)
                case .send(let peer, let message): send(peer, message)
                case .close(let peer): server.withLock { $0 }?.close(ConnectionID(peer.number))
                case .standingBy(let term, let address):
                    // Told once more when the reigning one's address is known.
                    guard !address.isEmpty else { break }
                    logger.info(
                        "standing by", metadata: ["term": "\(term.number)", "coordinator": "\(address)"])
                case .reigning(let own):
                    reign.withLock { $0 = own }
                    logger.info("reigning", metadata: ["term": "\(own.number)"])
                    // Every reign begins with a manifest of its own.
                    if machine.status.generation == Generation(1) {
                        logger.notice("\(configuration.bucket.location) is empty: a new store is begun")
                    }
                    Step.reach(.coordinatorReigning)
                case .published(let manifest):
                    logger.debug(
                        "published",
                        metadata: [
                            "generation": "\(manifest.generation.number)", "live": "\(manifest.sums[.published])",
                            "pending": "\(manifest.sums.pending)",
                        ])
                case .deciding(.deadLetter): Step.reach(.coordinatorLetterWriting)
                case .decided(.deadLetter): Step.reach(.coordinatorLetterWritten)
                case .deciding(.erasure): Step.reach(.coordinatorErasedWriting)
                case .decided(.erasure): Step.reach(.coordinatorErasedWritten)
                case .deciding(.expiry): Step.reach(.coordinatorExpiredWriting)
                case .decided(.expiry): Step.reach(.coordinatorExpiredWritten)
                case .fenced:
                    reign.withLock { $0 = nil }
                    logger.warning("a later term exists; standing by")
                    machine = makeMachine(address)
                    perform(machine.handle(.start, now: clock.moment))
                case .drained: isDrained = true
                case .failed(let message): failure = message
                case .note(let text): logger.notice("\(text)")
                }
            }
        }

        perform(machine.handle(.start, now: clock.moment))
        while !isDrained, failure == nil {
            // The same for all who ask one after the other: a flood of STATUS is to cost little.
            var answer: Message?
            for event in mailbox.take(waitingMilliseconds: Self.tickMilliseconds) {
                if case .status = event {} else { answer = nil }
                switch event {
                case .machine(let event): perform(machine.handle(event, now: clock.moment))
                case .heard(let peer, let event, let size):
                    perform(machine.handle(event, now: clock.moment))
                    credit(peer, size)
                case .status(let peer, let size):
                    let said = answer ?? .statusReport(json: status(of: machine).json)
                    answer = said
                    send(peer, said)
                    credit(peer, size)
                case .look(let tell): tell(status(of: machine))
                case .fail(let message): failure = message
                }
            }
            let now = clock.moment
            if now.milliseconds >= nextTick {
                nextTick = now.milliseconds + Int64(Self.tickMilliseconds)
                perform(machine.handle(.tick, now: now))
            }
        }
        return failure
    }

    private func status(of machine: Coordinator) -> CoordinatorStatus {
        let known = peers.withLock { $0 }
        var status = CoordinatorStatus(machine.status, requests: configuration.bucket.requests()) {
            known[$0]?.introduction.client
        }
        status.mergerNames = known.sorted { $0.key < $1.key }.map(\.value.introduction)
            .filter { $0.role == .merger }.map(\.client)
        status.connections = server.withLock { $0 }.map { server in
            CoordinatorStatus.Connections(
                server.counts, heldBytes: server.halfReceivedBytes + backlog.withLock { $0.heldBytes })
        }
        return status
    }

    private func makeMachine(_ address: String) -> Coordinator {
        let empty = Manifest(
            settings: configuration.settings,
            sharding: Sharding(shardCount: configuration.shardCount, secret: SystemRandom().number()))
        var machine = Coordinator.Configuration(instance: SystemRandom().instance(), address: address, empty: empty)
        machine.isWithItsWorkers = configuration.isWithItsWorkers
        machine.keepFreeBytes = configuration.keepFreeBytes
        machine.upkeep = configuration.upkeep
        machine.mergePolicy = configuration.mergePolicy
        return Coordinator(machine)
    }

    private func issue(_ tagged: TaggedOperation) {
        reach(tagged, isDone: false)
        threads.perform(tagged.operation) { [self] result in
            if result == .done { reach(tagged, isDone: true) }
            // What the eraser creates is there already: it hears of it once that is durable.
            if result == .exists, tagged.tag.owner == .eraser { Step.reach(.coordinatorEmptiedSynced) }
            mailbox.push(.machine(.completed(tagged.tag, result)))
        }
    }

    private func reach(_ tagged: TaggedOperation, isDone: Bool) {
        switch (tagged.operation, tagged.tag.owner, isDone) {
        case (.put, .eraser, false): Step.reach(.coordinatorLogEmptying)
        case (.put, .eraser, true): Step.reach(.coordinatorLogEmptied)
        case (.put, .collector, false): Step.reach(.coordinatorRecordWriting)
        case (.put, .collector, true): Step.reach(.coordinatorRecordWritten)
        case (.delete(let name), _, _): reachDeletion(of: name, isDone: isDone)
        case (.create(let name, _), _, _): reachCreation(of: name, tagged.tag.owner, isDone: isDone)
        default: break
        }
    }

    /// Only the collector deletes.
    private func reachDeletion(of name: String, isDone: Bool) {
        switch (name.prefix { $0 != "/" }, isDone) {
        case ("manifests", false): Step.reach(.coordinatorManifestDeleting)
        case ("manifests", true): Step.reach(.coordinatorManifestDeleted)
        case ("log", false): Step.reach(.coordinatorLogDeleting)
        case ("log", true): Step.reach(.coordinatorLogDeleted)
        case ("collection", false): Step.reach(.coordinatorRecordDeleting)
        case ("collection", true): Step.reach(.coordinatorRecordDeleted)
        case (_, false): Step.reach(.coordinatorObjectDeleting)
        case (_, true): Step.reach(.coordinatorObjectDeleted)
        }
    }

    private func reachCreation(of name: String, _ owner: OperationTag.Owner, isDone: Bool) {
        switch (owner, isDone) {
        case (.reign, true):
            if name.hasPrefix("terms/") { Step.reach(.coordinatorTermCreated) }
            if name.hasPrefix("log/") { Step.reach(.coordinatorEndsWritten) }
            if name.hasPrefix("manifests/") { Step.reach(.coordinatorFirstManifest) }
        case (.log, false): Step.reach(.coordinatorLogWriting)
        case (.log, true): Step.reach(.coordinatorLogWritten)
        case (.manifest, false):
            if name.hasPrefix("ledger/") { Step.reach(.coordinatorLedgerWriting) }
            if !name.hasPrefix("ledger/") { Step.reach(.coordinatorManifestWriting) }
        case (.manifest, true):
            if name.hasPrefix("ledger/") { Step.reach(.coordinatorLedgerWritten) }
            if name.hasPrefix("manifests/") { Step.reach(.coordinatorManifestWritten) }
        default: break
        }
    }

    private func send(_ peer: PeerID, _ message: Message) {
        server.withLock { $0 }?.send(ConnectionID(peer.number), [message])
        switch message {
        case .accepted: Step.reach(.coordinatorAcknowledged)
        case .lease: Step.reach(.coordinatorLeased)
        case .articles: Step.reach(.coordinatorArticlesSent)
        case .published: Step.reach(.coordinatorPublishedTold)
        case .merge(let job) where job.output == .purged: Step.reach(.coordinatorPurgeSent)
        case .merge: Step.reach(.coordinatorMergeSent)
        case .find: Step.reach(.coordinatorSearchSent)
        default: break
        }
    }

    // MARK: Connections (on event loops)

    private func received(_ peer: PeerID, _ event: ConnectionEvent) {
        switch event {
        case .opened(let who):
            peers.withLock { $0[peer] = who }
            tell("connected", who)
            change { $0.open(peer, who.introduction.role) }
            mailbox.push(.machine(.connected(peer, who.introduction.role)))
        case .message(.put(let number, let lane, let ack, let digest, let payload)):
            Step.reach(.coordinatorPutReceived)
            read(peer, number, lane, ack, digest, payload)
        case .message(.quit):
            // Behind the payloads that are being read: their answers are due.
            reader(of: peer).add(peer, bytes: 0) { [self] in mailbox.push(.machine(.message(peer, .quit))) }
        case .message(.status):
            let size = PeerBacklog.Size(of: .status)
            charge(peer, size)
            mailbox.push(.status(peer, size))
        case .message(let message):
            if case .sealed = message { Step.reach(.coordinatorSealedReceived) }
            if case .merged = message { Step.reach(.coordinatorMergedReceived) }
            if case .found = message { Step.reach(.coordinatorFoundReceived) }
            if case .poison = message { Step.reach(.coordinatorPoisonReceived) }
            let size = PeerBacklog.Size(of: message)
            charge(peer, size)
            mailbox.push(.heard(peer, .message(peer, message), size))
        case .closed(let reason):
            if let who = peers.withLock({ $0.removeValue(forKey: peer) }) { tell("gone", who, "\(reason)") }
            backlog.withLock { $0.close(peer) }
            mailbox.push(.machine(.disconnected(peer)))
        }
    }

    /// Of those who stay: clients come and go.
    private func tell(_ what: String, _ who: Peer, _ reason: String? = nil) {
        var about: Logger.Metadata = [
            "role": "\(who.introduction.role.rawValue)", "name": "\(who.introduction.client)",
            "address": "\(who.address)",
        ]
        if let reason { about["reason"] = "\(reason)" }
        logger.log(level: who.introduction.role == .client ? .debug : .info, "\(what)", metadata: about)
    }

    /// Batches of one connection are read in order, on one thread; what is being read is bounded.
    private func read(
        _ peer: PeerID, _ number: UInt64, _ lane: Lane, _ ack: AckLevel, _ digest: Digest256, _ payload: [UInt8]
    ) {
        let client = peers.withLock { $0[peer] }?.introduction.client ?? ""
        let payloadSize = PeerBacklog.Size(payload: payload.count)
        charge(peer, payloadSize)
        reader(of: peer).add(peer, bytes: payload.count) { [self] in
            do throws(PutReader.Refusal) {
                guard reign.withLock({ $0 }) != nil else {
                    throw PutReader.Refusal(code: .notCoordinator, message: "this process does not reign now")
                }
                // A reader is cheap; its compressor's memory is reused by the allocator.
                let reader = PutReader()
                let put = try reader.read(
                    payload, client: client, number: number, lane: lane, ack: ack, digest: digest)
                // Entries may take many times the payload's bytes: they are what waits now.
                let size = PeerBacklog.Size(payload: put.heldBytes)
                charge(peer, size)
                mailbox.push(.heard(peer, .put(peer, put), size))
            } catch {
                send(peer, .refusedBatch(number: number, code: error.code, message: error.message))
            }
            credit(peer, payloadSize)
        }
    }

    // Pausing and resuming are asked for under the lock, so that they arrive in the order they were decided.

    private func charge(_ peer: PeerID, _ size: PeerBacklog.Size) { change { $0.charge(peer, size) } }
    private func credit(_ peer: PeerID, _ size: PeerBacklog.Size) { change { $0.credit(peer, size) } }

    private func change(_ body: (inout PeerBacklog) -> PeerBacklog.Change) {
        backlog.withLock { backlog in
            let change = body(&backlog)
            guard change != PeerBacklog.Change(), let server = server.withLock({ $0 }) else { return }
            for peer in change.pause { server.pause(ConnectionID(peer.number)) }
            for peer in change.resume { server.resume(ConnectionID(peer.number)) }
        }
    }

    private func reader(of peer: PeerID) -> PutReaders { readers[Int(peer.number % UInt64(readers.count))] }
}

/// A role cannot go on.
package struct RoleError: Error, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}

extension SystemClock {
    /// Both clocks, as machines are told them.
    package var moment: Moment {
        Moment(milliseconds: Int64(monotonicNanoseconds() / 1_000_000), wall: wall())
    }
}

extension Bucket {
    /// At the end of a process: what it cost.
    func tellRequests(_ logger: Logger) {
        guard let requests = requests() else { return }
        logger.info("asked of the object store", metadata: ["requests": "\(requests)"])
    }
}
