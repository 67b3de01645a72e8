// What a merger decides: takes jobs one at a time, uploads what the engine makes of them, reports.

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
        /// Answer to `.merge`: the outputs (attempts not yet set) and their bytes.
        case merged(MergeJob, [(SegmentReference, [UInt8])])
        case engineFailed(MergeJob, String)
        case drain
    }

    package enum Action: Equatable, Sendable {
        case send(Message)
        case reconnect
        case operation(TaggedOperation)
        case merge(MergeJob)
        case drained
        case note(String)
    }

    private enum Stage: Equatable {
        case disconnected
        case joining
        case idle
        case merging
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
    private var toUpload: [(SegmentReference, [UInt8])] = []
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
        case .merged(let done, let outputs):
            guard stage == .merging, let job, done == job else { break }
            toUpload = outputs.map { segment, bytes in
                var named = segment
                named.attempt = job.attempt
                return (named, bytes)
            }
            stage = .uploading
            upload()
        case .engineFailed(let tried, let why):
            guard stage == .merging, let job, tried == job else { break }
            actions.append(.send(.mergeFailed(job: job.number, message: why)))
            idle()
        case .drain:
            isDraining = true
            if stage != .merging, stage != .uploading {
                if stage == .idle { actions.append(.send(.drain)) }
                finish()
            }
        }
        defer { actions = [] }
        return actions
    }

    private mutating func receive(_ message: Message, now: Moment) {
        switch message {
        case .joined(_, _, let leaseMilliseconds, _):
            self.leaseMilliseconds = Int64(leaseMilliseconds)
            nextTouch = now.milliseconds + Self.touchMilliseconds
            stage = .idle
        case .merge(let job):
            guard stage == .idle, !isDraining else {
                return actions.append(.send(.mergeFailed(job: job.number, message: "this merger is busy or drains")))
            }
            self.job = job
            stage = .merging
            actions.append(.merge(job))
        case .touched, .refused, .published: break
        case .error(let code, let text):
            actions.append(.note("coordinator: \(code.rawValue) \(text)"))
            rejoin()
        default: rejoin()
        }
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

    private mutating func upload() {
        guard let (segment, bytes) = toUpload.first else {
            guard let job else { return }
            actions.append(.send(.merged(MergedReport(job: job.number, outputs: uploaded))))
            return idle()
        }
        actions.append(.operation(create.start(name: segment.objectName, bytes: bytes)))
    }

    private mutating func completed(_ tag: OperationTag, _ result: BucketResult, now: Moment) {
        let (outcome, next) = create.handle(tag, result, now: now)
        if let next { actions.append(.operation(next)) }
        guard let outcome, stage == .uploading, let job else { return }
        switch outcome {
        case .created:
            uploaded.append(toUpload.removeFirst().0)
            upload()
        case .taken, .failed:
            actions.append(.send(.mergeFailed(job: job.number, message: "upload: \(outcome)")))
            idle()
        }
    }

    private mutating func idle() {
        job = nil
        toUpload = []
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
        job = nil
        toUpload = []
        uploaded = []
    }

    private mutating func rejoin() {
        reset()
        actions.append(.reconnect)
    }

    private mutating func finish() {
        stage = .over
        actions.append(.drained)
    }
}
