import ArgumentParser
import Cluster
import Gateway
import HostIO
import Logging
import News
import Roles
import Storage
import Wire

/// For commands that put something into the log: over TCP to whoever reigns, or, where nobody does, with a cluster of
/// their own for as long as it takes.
struct PutOptions: ParsableArguments {
    @Option(help: StoreHelp.place)
    var store: String?
    @OptionGroup var s3: S3Options
    @OptionGroup var coordinator: CoordinatorOption
    @OptionGroup var log: LogOption

    func validate() throws {
        if store == nil, coordinator.coordinator.isEmpty {
            throw ValidationError("give --store DIR or --coordinator HOST:PORT")
        }
    }

    /// This program, to try suspect articles in a process of their own.
    static let ownExecutable = "/proc/self/exe"

    /// What became of the articles, as far as this command can tell.
    struct Result: Sendable {
        var totals: PutClient.Totals
        /// Ledger before and after, when this process was the cluster and nobody else could write.
        var before: CoordinatorStatus?
        var after: CoordinatorStatus?
    }

    /// Runs `body` with a client, then waits for all answers; in an own cluster also until nothing is pending.
    ///
    /// - Parameters:
    ///   - stop: once told, an own cluster ends without waiting for what is pending; `body` looks by itself.
    ///   - isDone: what is waited for besides.
    func put(
        lane: Lane, ack: AckLevel, workers: Int, keepFreeBytes: UInt64? = nil,
        upkeep: Coordinator.Upkeep = Coordinator.Upkeep(), stop: StopSignal = StopSignal(),
        until isDone: @escaping @Sendable (CoordinatorStatus) -> Bool = { _ in true },
        _ body: @escaping @Sendable (PutClient) throws -> Void
    ) async throws -> Result {
        let token = try coordinator.token()
        let tls = try coordinator.tls.client()
        let endpoints = try coordinator.endpoints()
        if !endpoints.isEmpty {
            return try await send(.addresses(endpoints), token, tls, lane, ack, { nil }, body)
        }
        guard let store else { throw Failure(.badRequest, "give --store DIR or --coordinator HOST:PORT") }
        let bucket = try StorePlace(store, s3).openForWriting()
        if try isReigning(CoordinatorLocator.store(bucket), token) {
            return try await send(.store(bucket), token, tls, lane, ack, { nil }, body)
        }
        var configuration = LocalCluster.Configuration(bucket: bucket)
        configuration.workerCount = workers
        configuration.keepFreeBytes = keepFreeBytes
        configuration.upkeep = upkeep
        configuration.trialExecutable = Self.ownExecutable
        let cluster = LocalCluster(configuration, logger: log.logger("cluster", quietly: true))
        let own = try await cluster.run(on: EventLoops.group()) { cluster -> Result? in
            guard let before = try await whenReigning(cluster, bucket, token, orTold: stop) else { return nil }
            guard let endpoint = cluster.endpoint else { throw Failure(.failed, "the coordinator does not listen") }
            // An own cluster speaks plainly: it is reached by nobody else.
            var result: Result
            do {
                let hopeless = { @Sendable in cluster.failure ?? cluster.storeDamage.map { "\($0)" } }
                result = try await send(.addresses([endpoint]), token, nil, lane, ack, hopeless, body)
            } catch { throw cluster.storeDamage ?? error }
            result.before = before
            do { result.after = try await Self.whenQuiet(cluster, orTold: stop, until: isDone) } catch {
                if cluster.storeDamage != nil {
                    Terminal.note(
                        "\(result.totals.accepted) articles were taken and are in the log: they come into the snapshot when the "
                            + "object is back, or the snapshot rebuilt")
                }
                throw error
            }
            return result
        }
        if let own { return own }
        return try await send(.store(bucket), token, tls, lane, ack, { nil }, body)
    }

    /// Asks whoever reigns again and again.
    ///
    /// - Parameter isDone: told what it says; whatever cannot come any more is thrown.
    func wait(until isDone: (CoordinatorStatus) throws -> Bool) async throws {
        var silentCount = 0
        while true {
            switch try await coordinator.status(in: store, s3) {
            case .status(let json):
                silentCount = 0
                if try isDone(try CoordinatorStatus(json: json)) { return }
            case .silence(let reasons):
                silentCount += 1
                guard silentCount < 60 else { throw Failure(.failed, CoordinatorOption.silence(reasons)) }
            }
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    /// Asks for canonical compaction and waits for it.
    func compact() async throws -> Generation {
        let token = try coordinator.token()
        let tls = try coordinator.tls.client()
        let endpoints = try coordinator.endpoints()
        if !endpoints.isEmpty { return try await compact(.addresses(endpoints), token, tls) }
        guard let store else { throw Failure(.badRequest, "give --store DIR or --coordinator HOST:PORT") }
        let bucket = try StorePlace(store, s3).openForWriting()
        if try isReigning(CoordinatorLocator.store(bucket), token) {
            return try await compact(.store(bucket), token, tls)
        }
        var configuration = LocalCluster.Configuration(bucket: bucket)
        configuration.trialExecutable = Self.ownExecutable
        configuration.mergePolicy = .idle
        let cluster = LocalCluster(configuration, logger: log.logger("cluster", quietly: true))
        let own = try await cluster.run(on: EventLoops.group()) { cluster -> Generation? in
            guard try await whenReigning(cluster, bucket, token, orTold: StopSignal()) != nil else { return nil }
            // What the log still holds belongs into the snapshot first.
            _ = try await Self.whenQuiet(cluster, orTold: StopSignal())
            guard let endpoint = cluster.endpoint else { throw Failure(.failed, "the coordinator does not listen") }
            return try await compact(.addresses([endpoint]), token, nil)
        }
        if let own { return own }
        return try await compact(.store(bucket), token, tls)
    }

    private func compact(
        _ locator: CoordinatorLocator, _ token: Token?, _ tls: ClientTLS?
    ) async throws -> Generation {
        try await Blocking.run {
            var reason = "no coordinator is known"
            for endpoint in locator.candidates() {
                do throws(CloseReason) {
                    let client = try BlockingClient(
                        endpoint: endpoint, introduction: Introduction(role: .client, client: "compact"), token: token,
                        tls: tls, timeoutMilliseconds: 3000)
                    try client.send([.compact], timeoutMilliseconds: 3000)
                    if case .compacted(let generation) = try client.next(timeoutMilliseconds: 6 * 3_600_000) {
                        return generation
                    }
                } catch {
                    reason = "\(error)"
                }
            }
            throw Failure(.failed, "the snapshot was not compacted: \(reason)")
        }
    }

    private func send(
        _ locator: CoordinatorLocator, _ token: Token?, _ tls: ClientTLS?, _ lane: Lane, _ ack: AckLevel,
        _ hopeless: @escaping @Sendable () -> String?, _ body: @escaping @Sendable (PutClient) throws -> Void
    ) async throws -> Result {
        // The client blocks: it gets a thread of its own.
        try await Blocking.run {
            let client = PutClient(
                locator: locator, token: token, tls: tls, lane: lane, ack: ack, hopeless: hopeless,
                waiting: { Terminal.note($0) })
            try body(client)
            try client.finish()
            return Result(totals: client.totals)
        }
    }

    /// Whether the address in the heartbeat answers as a coordinator.
    private func isReigning(_ locator: CoordinatorLocator, _ token: Token?) throws -> Bool {
        switch try presence(locator, token) {
        case .answers: return true
        case .silent(let endpoint, .noGreeting):
            Terminal.note("\(endpoint): \(CloseReason.noGreeting)")
            return false
        case .silent, .nobody: return false
        }
    }

    private enum Presence {
        case answers
        case silent(Endpoint, CloseReason)
        case nobody
    }

    private func presence(_ locator: CoordinatorLocator, _ token: Token?) throws -> Presence {
        let tls = try coordinator.tls.client()
        var presence = Presence.nobody
        for endpoint in locator.candidates() {
            do throws(CloseReason) {
                _ = try BlockingClient(
                    endpoint: endpoint, introduction: Introduction(role: .client, client: "probe"), token: token,
                    tls: tls, timeoutMilliseconds: 2000)
                return .answers
            } catch {
                if case .refused(.unauthorised, let why) = error {
                    throw Failure(.unauthorised, why, hint: "give --token-file FILE")
                }
                if case .tls = error { throw Failure(.failed, "\(endpoint): \(error)") }
                presence = .silent(endpoint, error)
            }
        }
        return presence
    }

    /// Longer than a heartbeat may stand still before our own coordinator takes over: who has the term still then is alive.
    private static let standbyLimit = Duration.milliseconds(2 * Reign.patienceMilliseconds)

    /// - Returns: nil if meanwhile another process reigns: then it is the cluster, and ours ends.
    /// - Throws: also if one reigns that cannot be reached from here, or the signal came.
    private func whenReigning(
        _ cluster: LocalCluster, _ bucket: any Bucket, _ token: Token?, orTold stop: StopSignal
    ) async throws -> CoordinatorStatus? {
        var looks = 0
        var other: (term: Term, since: ContinuousClock.Instant)?
        while true {
            if let why = cluster.failure { throw Failure(.failed, why) }
            if let endpoint = cluster.endpoint {
                let status = await cluster.coordinator.status()
                if status.role == "coordinator" { return status }
                looks += 1
                // Ours answers too while it reads what earlier terms left.
                if looks % 25 == 0 { other = Self.otherTerm(in: bucket, than: endpoint, other) }
                if looks % 25 == 0, let other {
                    switch try presence(CoordinatorLocator.store(bucket), token) {
                    case .answers:
                        let again = await cluster.coordinator.status()
                        return again.role == "coordinator" ? again : nil
                    case .silent(let holder, let reason) where ContinuousClock.now - other.since >= Self.standbyLimit:
                        throw Failure(
                            .failed,
                            "term \(other.term.number) is held by \(holder), which does not answer here: \(reason)",
                            hint: "give --coordinator HOST:PORT if it has another address that this machine can reach")
                    case .silent, .nobody: break
                    }
                }
            }
            if stop.isTold { throw Failure(.failed, "stopped by a signal; nothing was taken") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Whose heartbeat stands, if it is not our own coordinator's; since when it was seen if it is the same still.
    private static func otherTerm(
        in bucket: any Bucket, than own: Endpoint, _ last: (term: Term, since: ContinuousClock.Instant)?
    ) -> (term: Term, since: ContinuousClock.Instant)? {
        guard let (term, heartbeat) = CoordinatorLocator.heartbeat(in: bucket), !heartbeat.hasEnded,
            heartbeat.address != "\(own)"
        else { return nil }
        if let last, last.term == term { return last }
        return (term, ContinuousClock.now)
    }

    /// Waits until everything that was accepted is in the snapshot and its small segments are merged. Not until all are folded into cells:
    /// that takes as long as it pleases, and goes on when next somebody reigns.
    private static func whenQuiet(
        _ cluster: LocalCluster, orTold stop: StopSignal,
        until isDone: (CoordinatorStatus) -> Bool = { _ in true }
    ) async throws -> CoordinatorStatus {
        while true {
            if let why = cluster.failure { throw Failure(.failed, why) }
            if let error = cluster.storeDamage { throw error }
            if cluster.endpoint != nil {
                let status = await cluster.coordinator.status()
                let awaitedMerges = status.runningMerges - (status.runningFolds ?? 0)
                if status.articles.pending == 0, status.isSettled, awaitedMerges == 0, isDone(status) { return status }
                if stop.isTold { return status }
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
