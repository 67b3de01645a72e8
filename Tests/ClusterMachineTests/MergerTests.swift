import Cluster
import News
import Storage
import Testing
import Wire

/// A merger with what it asked for in hand.
private struct Bench {
    var merger = Merger(instance: Instance(1))
    var sent: [Message] = []
    var operations: [TaggedOperation] = []
    var jobs: [MergeJob] = []
    var searches: [Merger.Search] = []
    var goOns = 0
    var reconnects = 0
    var isDrained = false

    init() {
        step(.connected)
        step(
            .message(
                .joined(
                    term: Term(1), attempt: Attempt(term: Term(1), number: 2), leaseMilliseconds: 3000,
                    settings: Settings().encoded)))
    }

    mutating func step(_ event: Merger.Event, now: Int64 = 0) {
        for action in merger.handle(event, now: moment(now)) {
            switch action {
            case .send(let message): sent.append(message)
            case .reconnect: reconnects += 1
            case .operation(let tagged): operations.append(tagged)
            case .merge(let job): jobs.append(job)
            case .search(let search): searches.append(search)
            case .goOn: goOns += 1
            case .drained: isDrained = true
            case .note: break
            }
        }
    }

    mutating func answer(_ result: BucketResult) {
        let tagged = operations.removeFirst()
        step(.completed(tagged.tag, result))
    }
}

@Suite struct MergerTests {
    @Test("settings that it cannot work by are refused before anything is done", arguments: foreignSettings)
    func refusedSettings(_ settings: [UInt8]) {
        var machine = Merger(instance: Instance(1))
        _ = machine.handle(.connected, now: moment(0))
        let actions = machine.handle(
            .message(
                .joined(
                    term: Term(1), attempt: Attempt(term: Term(1), number: 5), leaseMilliseconds: 3000,
                    settings: settings)), now: moment(0))
        #expect(actions.contains(.reconnect))
        guard case .send(.error(code: .notAllowed, _))? = actions.first else {
            Issue.record("\(actions)")
            return
        }
    }

    let job = MergeJob(number: 3, attempt: Attempt(term: Term(1), number: 8), output: .cells, inputs: [segment(1)])

    @Test("a search is one job at a time, told once")
    func search() {
        var bench = Bench()
        let search = FindJob(
            number: 5, bounds: [VersionBound(key: key(1), through: .largest)], names: ["segments/a"])
        bench.step(.message(.find(search)))
        #expect(bench.searches == [.find(search)])
        bench.step(.message(.merge(job)))
        bench.step(.message(.find(search)))
        let busy = "this merger is busy or drains"
        #expect(
            bench.sent.dropFirst() == [.mergeFailed(job: 3, message: busy), .mergeFailed(job: 5, message: busy)])
        bench.step(.found(search, ["segments/a"]))
        bench.step(.found(search, []))
        #expect(bench.sent.dropFirst(3) == [.found(FoundReport(job: 5, names: ["segments/a"]))])
        bench.step(.message(.find(search)))
        bench.step(.searchFailed(.find(search), "disk"))
        #expect(bench.sent.last == .mergeFailed(job: 5, message: "disk"))
    }

    @Test("outputs are uploaded one by one under the job's attempt, then reported")
    func outputs() {
        var bench = Bench()
        bench.step(.message(.merge(job)))
        #expect(bench.jobs == [job])
        for seed in UInt8(10)...11 {
            bench.step(.produced(job, segment(seed), [seed]))
            #expect(
                bench.operations.map(\.operation) == [
                    .create(name: segment(seed, attempt: 8).objectName, bytes: [seed])
                ])
            bench.answer(.done)
        }
        #expect(bench.goOns == 2)
        bench.step(.finished(job))
        #expect(
            bench.sent.last
                == .merged(MergedReport(job: 3, outputs: [segment(10, attempt: 8), segment(11, attempt: 8)])))
    }

    @Test("a second job is refused while one is running")
    func busy() {
        var bench = Bench()
        bench.step(.message(.merge(job)))
        var other = job
        other.number = 4
        bench.step(.message(.merge(other)))
        #expect(bench.jobs == [job])
        guard case .mergeFailed(4, _) = bench.sent.last else {
            Issue.record("not refused")
            return
        }
    }

    @Test("a failed upload fails the job; what the engine still makes is let go")
    func failedUpload() {
        var bench = Bench()
        bench.step(.message(.merge(job)))
        bench.step(.produced(job, segment(10), [1]))
        bench.answer(.failed(BucketFailure(.full, name: "x", message: "no space left")))
        guard case .mergeFailed(3, _) = bench.sent.last else {
            Issue.record("not failed")
            return
        }
        #expect(bench.goOns == 1)
        bench.step(.produced(job, segment(11), [1]))
        #expect(bench.goOns == 2)
        #expect(bench.operations.isEmpty)
        let before = bench.sent.count
        bench.step(.finished(job))
        #expect(bench.sent.count == before)
    }

    @Test("a lost connection drops the job, and the engine is not left waiting")
    func disconnected() {
        var bench = Bench()
        bench.step(.message(.merge(job)))
        bench.step(.produced(job, segment(10), [1]))
        bench.step(.disconnected)
        #expect(bench.goOns == 1)
        bench.answer(.done)
        bench.step(.finished(job))
        #expect(!bench.sent.contains { if case .merged = $0 { true } else { false } })
    }

    @Test("draining, it ends its job first; refused while draining, it ends")
    func drain() {
        var bench = Bench()
        bench.step(.message(.merge(job)))
        bench.step(.drain)
        #expect(!bench.isDrained)
        var lost = bench
        lost.step(.message(.error(code: .notCoordinator, message: "")))
        #expect(lost.isDrained && lost.reconnects == 0)
        bench.step(.finished(job))
        #expect(bench.isDrained)
        #expect(bench.sent.last == .drain)
    }
}
