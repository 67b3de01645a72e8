// The coordinator's collector, run by a command: to tell what it would do, or to do it where no coordinator reigns.
//
// Guarantees
// 1. What is told and what is done is decided by `Cluster/Collector.swift` alone, by a manifest of which the kept generations
//    are thinned out as the next coordinator's are.
// 2. Telling writes nothing, and may be done beside a cluster that works.
// 3. Doing is a reign: a term of its own, a manifest of it, a look for a later one before each deletion, and an end.

import Cluster
import Foundation
package import News
package import Roles
package import Storage

package struct GarbageCollection: Sendable {
    private let loader: SnapshotLoader
    private let clock: @Sendable () -> Moment
    private let policy: KeepPolicy
    private let graceMilliseconds: Int64

    /// How often telling begins again when what it reads is collected meanwhile.
    static let tellLimitCount = 5
    static let pauseMilliseconds = 50

    /// - Parameters:
    ///   - policy: what is kept, and `graceMilliseconds` how long what nothing names stands then: as the coordinator has them.
    ///   - clock: both clocks, as a coordinator has them.
    package init(
        _ loader: SnapshotLoader, keeping policy: KeepPolicy = KeepPolicy(),
        graceMilliseconds: Int64 = Collector.graceMilliseconds, clock: @escaping @Sendable () -> Moment
    ) {
        self.policy = policy
        self.graceMilliseconds = graceMilliseconds
        self.loader = loader
        self.clock = clock
    }

    // MARK: Telling

    package func tell() throws -> CollectionReport {
        let watch = try WriterTerm.watch(loader)
        var why = ""
        for _ in 0..<Self.tellLimitCount {
            guard let loaded = try loader.newest() else { throw Self.emptyStore }
            let newest = loaded.manifest
            let now = clock()
            var next = newest
            next.kept = policy.kept(after: newest, now: now.wall)
            next.generation = newest.generation.next
            var report = CollectionReport(
                now: now.wall, newest: newest.generation, kept: next.kept,
                reigning: watch.hasEnded ? nil : watch.newest, policy: policy, graceMilliseconds: graceMilliseconds)
            let stopped = try round(
                term: watch.newest.next,
                head: SnapshotHead(next, cells: loaded.cells, ledger: try loader.ledgerIndex(of: newest)),
                // Whoever reigns knows more of its own term: what it found is recorded.
                isOver: { $0.term < watch.newest || ($0.term == watch.newest && watch.hasEnded) }, &report
            ) { operation in
                switch operation {
                case .put, .create, .delete: .done
                default: loader.bucket.perform(operation)
                }
            }
            guard let stopped else { return report }
            why = stopped
        }
        throw Failure(.corrupt, "what is named cannot be told: \(why)", hint: "run: coranto snapshot verify")
    }

    // MARK: Doing

    package func collect(instance: Instance) throws -> CollectionReport {
        guard try loader.newest() != nil else { throw Self.emptyStore }
        let reign = try Claim(loader.bucket, instance: instance, keeping: policy, clock: clock)
        let term = reign.term
        var report = CollectionReport(
            now: clock().wall, newest: reign.head.manifest.generation, kept: reign.head.manifest.kept, reigning: nil,
            policy: policy, graceMilliseconds: graceMilliseconds)
        report.isDone = true
        do {
            let stopped = try round(term: term, head: reign.head, isOver: { $0.term < term }, &report) { operation in
                try reign.beat()
                return loader.bucket.perform(operation)
            }
            try reign.end()
            if let stopped { throw Failure(.corrupt, "collecting ended early: \(stopped)") }
        } catch {
            // What came first is told; a heartbeat that stands still is waited for, not more.
            do { try reign.end() } catch let second { throw Failure(.failed, "\(error); and then: \(second)") }
            throw error
        }
        return report
    }

    static let emptyStore = Failure(.notFound, "the store has no snapshot yet")

    /// One round of the collector.
    ///
    /// - Returns: why it ended early, if it did.
    private func round(
        term: Term, head: SnapshotHead, isOver: (Attempt) -> Bool, _ report: inout CollectionReport,
        perform: (BucketOperation) throws -> BucketResult
    ) throws -> String? {
        var collector = Collector(
            term: term, graceMilliseconds: graceMilliseconds, intervalMilliseconds: 0, tells: true,
            now: clock()
        )
        var outputs = collector.tick(now: clock(), head: head)
        var stopped: String?
        while !outputs.isEmpty {
            var next: [Collector.Output] = []
            var judged: [(name: String, verdict: Collector.Verdict)] = []
            for output in outputs {
                switch output {
                case .judged(let name, let verdict): judged.append((name, verdict))
                case .abandoned(let why): stopped = why
                case .unreadable: break
                case .finished: return stopped
                case .fenced: throw Failure(.failed, "term \(term.next.number) has begun meanwhile: it collects itself")
                case .operation(let tagged):
                    // Before any of them can be gone.
                    try note(judged, in: &report)
                    judged = []
                    let result = try perform(tagged.operation)
                    if case .failed(let failure) = result { throw failure }
                    if case .delete(let name) = tagged.operation { report.deleted(name) }
                    next += collector.handle(
                        tagged.tag, result, now: clock(), head: head, isOver: isOver, protected: [])
                }
            }
            outputs = next
        }
        preconditionFailure("a round of the collector ends with an output")
    }

    private func note(
        _ judged: [(name: String, verdict: Collector.Verdict)], in report: inout CollectionReport
    ) throws {
        // Of what the newest snapshot names the sizes stand in `snapshot show`.
        let measured = judged.filter { !report.isOfNewest($0.verdict) }
        let sizes = loader.bucket.perform(measured.map { .size(name: $0.name) })
        for (object, size) in zip(measured, sizes) {
            switch size {
            case .size(let bytes): report.add(object.name, object.verdict, bytes)
            case .missing: continue
            case .failed(let failure): throw failure
            default: throw Failure(.failed, "\(object.name): unexpected answer of the store")
            }
        }
        report.namedCount += judged.count - measured.count
    }
}

/// A reign without anything but its heartbeat, for as long as a command works. Confined to one thread.
private final class Claim {
    private(set) var term = Term.none
    private(set) var head: SnapshotHead
    private let bucket: any Bucket
    private let clock: @Sendable () -> Moment
    private var isAfterOrderlyEnd = false
    private var counter: UInt64 = 0
    private var nextBeat: Int64 = 0

    /// - Throws: `Failure` if another reigns, or the store cannot be read.
    init(
        _ bucket: any Bucket, instance: Instance, keeping policy: KeepPolicy, clock: @escaping @Sendable () -> Moment
    ) throws {
        self.bucket = bucket
        self.clock = clock
        let empty = Manifest(settings: Settings(), sharding: Sharding(shardCount: 1, secret: 0))
        head = SnapshotHead(empty)
        var reign = Reign(instance: instance, address: "", empty: empty, keepPolicy: policy)
        // One that stands by for longer than it takes to know that nobody reigns has been overtaken.
        let deadline = clock().milliseconds + 2 * Reign.patienceMilliseconds
        var outputs = reign.start(now: clock())
        while true {
            var next: [Reign.Output] = []
            for output in outputs {
                switch output {
                case .operation(let tagged):
                    try beat()
                    let result = bucket.perform(tagged.operation)
                    if case .failed(let failure) = result { throw failure }
                    next += reign.handle(tagged.tag, result, now: clock())
                case .claimed(let own, let isOrderly): (term, isAfterOrderlyEnd) = (own, isOrderly)
                case .inherited(let snapshot, _): head = snapshot
                // It stays for whoever reigns next.
                case .replay: break
                case .standingBy(let other, _):
                    guard term == .none else { throw Self.overtaken(by: other) }
                case .won: return
                case .failed(let why): throw Failure(.failed, why)
                }
            }
            outputs = next
            if outputs.isEmpty {
                guard term != .none || clock().milliseconds < deadline else { throw Self.overtaken(by: reign.ownTerm) }
                Thread.sleep(forTimeInterval: Double(GarbageCollection.pauseMilliseconds) / 1000)
                outputs = reign.tick(now: clock())
            }
        }
    }

    private static func overtaken(by term: Term) -> Failure {
        Failure(.failed, "a coordinator reigns: it collects by itself")
    }

    func beat() throws {
        guard term != .none, clock().milliseconds >= nextBeat else { return }
        nextBeat = clock().milliseconds + Int64(WriterTerm.beatMilliseconds)
        counter += 1
        try put(hasEnded: false)
    }

    /// Nobody waits for us; but if who was before us did not end in order, the next has to know.
    func end() throws {
        guard isAfterOrderlyEnd else { return }
        counter += 1
        try put(hasEnded: true)
    }

    private func put(hasEnded: Bool) throws {
        let heartbeat = Heartbeat(counter: counter, address: "", hasEnded: hasEnded)
        if case .failed(let failure) = bucket.perform(
            .put(name: ObjectName.heartbeat(term), bytes: heartbeat.encoded))
        {
            throw failure
        }
    }
}
