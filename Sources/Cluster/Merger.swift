// What a merger decides: takes jobs one at a time, uploads what the engine makes of them one by one, reports.

import ByteCoding
package import News
package import Storage
package import Wire

package struct Merger: Sendable {
    package enum Event: Sendable {
        case connected
        case disconnected
        case message(Message)
        case tick
        case completed(OperationTag, BucketResult)
        /// The engine made an output (attempt not yet set); it waits until told to go on.
        case produced(MergeJob, SegmentReference, [UInt8])
        /// The engine made all outputs, and left some inputs as they are.
        case finished(MergeJob, left: [UInt32] = [])
        case engineFailed(MergeJob, String)
        /// The engine looked through the objects.
        case found(FindJob, [String])
        case scanned(ScanJob, [Expiration])
        case searchFailed(Search, String)
        case drain
    }

    /// To look through objects for something.
    package enum Search: Equatable, Sendable {
        case find(FindJob)
        case scan(ScanJob)

        var number: UInt64 {
            switch self {
            case .find(let job): job.number
            case .scan(let job): job.number
            }
        }
    }

    package enum Action: Equatable, Sendable {
        case send(Message)
        case reconnect
        case operation(TaggedOperation)
        case merge(MergeJob)
        case search(Search)
        /// The output is uploaded, or no longer wanted: the engine may make the next.
        case goOn
        case drained
        case note(String)
    }

    private enum Stage: Equatable {
        case disconnected
        case joining
        case idle
        case merging
        case searching
        case uploading
        case over
    }

    static let touchMilliseconds: Int64 = 1000

    private let instance: Instance
    private var stage = Stage.disconnected
    private var isDraining = false
    private var actions: [Action] = []
    private var create = CreateCall(owner: .merger)
    private var job: MergeJob?
    private var search: Search?
    private var uploading: SegmentReference?
    private var uploaded: [SegmentReference] = []
    private var nextTouch: Int64 = 0
    private var lastHeard: Int64 = 0
    private var leaseMilliseconds: Int64 = 10_000

    package init(instance: Instance) { self.instance = instance }

    package mutating func handle(_ event: Event, now: Moment) -> [Action] {
        guard stage != .over else { return [] }
        switch event {
        case .connected:
            reset()
            stage = .joining
            lastHeard = now.milliseconds
            actions.append(.send(.join(instance: instance)))
        case .disconnected:
            reset()
            if isDraining { finish() }
        case .message(let message):
            lastHeard = now.milliseconds
            receive(message, now: now)
        case .tick: tick(now: now)
        case .completed(let tag, let result): completed(tag, result, now: now)
        case .produced(let made, let segment, let bytes):
            guard stage == .merging, let job, made == job else {
                actions.append(.goOn)
                break
            }
            var named = segment
            named.attempt = job.attempt
            uploading = named
            stage = .uploading
            actions.append(.operation(create.start(name: named.objectName, bytes: bytes)))
        case .finished(let done, let left):
            guard stage == .merging, let job, done == job else { break }
            actions.append(.send(.merged(MergedReport(job: job.number, outputs: uploaded, left: left))))
            idle()
        case .engineFailed(let tried, let why):
            guard stage == .merging, let job, tried == job else { break }
            actions.append(.send(.mergeFailed(job: job.number, message: why)))
            idle()
        case .found(let done, let names):
            guard stage == .searching, search == .find(done) else { break }
            actions.append(.send(.found(FoundReport(job: done.number, names: names))))
            idle()
        case .scanned(let done, let expirations):
            guard stage == .searching, search == .scan(done) else { break }
            actions.append(.send(.scanned(ScannedReport(job: done.number, expirations: expirations))))
            idle()
        case .searchFailed(let tried, let why):
            guard stage == .searching, let search, tried == search else { break }
            actions.append(.send(.mergeFailed(job: search.number, message: why)))
            idle()
        case .drain:
            isDraining = true
            if stage != .merging, stage != .uploading, stage != .searching {
                if stage == .idle { actions.append(.send(.drain)) }
                finish()
            }
        }
        defer { actions = [] }
        return actions
    }

    private mutating func receive(_ message: Message, now: Moment) {
        switch message {
        case .joined(_, _, let leaseMilliseconds, let settings):
            if let why = Settings.refusal(of: settings) { return refuse(why) }
            self.leaseMilliseconds = Int64(leaseMilliseconds)
            nextTouch = now.milliseconds + Self.touchMilliseconds
            stage = .idle
        case .merge(let job):
            guard mayBegin(job.number) else { return }
            self.job = job
            stage = .merging
            actions.append(.merge(job))
        case .find(let job): begin(.find(job))
        case .scan(let job): begin(.scan(job))
        case .touched, .refused, .published: break
        case .error(let code, let text):
            actions.append(.note("coordinator: \(code.rawValue) \(text)"))
            rejoin()
        default: rejoin()
        }
    }

    private mutating func begin(_ search: Search) {
        guard mayBegin(search.number) else { return }
        self.search = search
        stage = .searching
        actions.append(.search(search))
    }

    private mutating func mayBegin(_ job: UInt64) -> Bool {
        if stage == .idle, !isDraining { return true }
        actions.append(.send(.mergeFailed(job: job, message: "this merger is busy or drains")))
        return false
    }

    private mutating func tick(now: Moment) {
        guard stage != .disconnected else { return }
        if now.milliseconds - lastHeard > leaseMilliseconds { return rejoin() }
        if let again = create.due(now: now) { actions.append(.operation(again)) }
        if stage != .joining, now.milliseconds >= nextTouch {
            nextTouch = now.milliseconds + Self.touchMilliseconds
            actions.append(.send(.touch))
        }
    }

    private mutating func completed(_ tag: OperationTag, _ result: BucketResult, now: Moment) {
        let (outcome, next) = create.handle(tag, result, now: now)
        if let next { actions.append(.operation(next)) }
        guard let outcome, stage == .uploading, let job, let segment = uploading else { return }
        uploading = nil
        actions.append(.goOn)
        switch outcome {
        case .created:
            uploaded.append(segment)
            stage = .merging
        case .taken, .failed:
            actions.append(.send(.mergeFailed(job: job.number, message: "upload: \(outcome)")))
            idle()
        }
    }

    private mutating func idle() {
        job = nil
        search = nil
        uploading = nil
        uploaded = []
        stage = .idle
        if isDraining {
            actions.append(.send(.drain))
            finish()
        }
    }

    private mutating func reset() {
        stage = .disconnected
        create.abandon()
        if uploading != nil { actions.append(.goOn) }
        uploading = nil
        job = nil
        search = nil
        uploaded = []
    }

    /// We cannot work by the bucket's settings.
    private mutating func refuse(_ why: String) {
        actions.append(.send(.error(code: .notAllowed, message: why)))
        actions.append(.note(why))
        rejoin()
    }

    private mutating func rejoin() {
        reset()
        if isDraining { finish() } else { actions.append(.reconnect) }
    }

    private mutating func finish() {
        stage = .over
        actions.append(.drained)
    }
}
