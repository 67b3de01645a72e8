// Makes batches durable, one object at a time (group commit).
//
// Guarantees
// 1. A batch is told durable only after its object was created and, after that, no later term was seen.
// 2. Batches are told durable in the order they came; object numbers have no gaps.
// 3. A number is used again only if the store said that nothing was written under it.

import ByteCoding
package import News

package struct LogWriter: Sendable {
    package enum Output: Equatable, Sendable {
        case operation(TaggedOperation)
        /// The object is durable and ours; `tokens` name its batches in order.
        case durable(LogObject, tokens: [UInt64])
        /// Nothing of these was written.
        case refused(tokens: [UInt64], BucketFailure)
        /// A later term exists: nothing in flight was acknowledged, nothing more may be.
        case fenced
    }

    private struct Pending: Sendable {
        var token: UInt64
        var batch: LogObject.Batch
        var sizeBytes: Int
    }

    private enum Stage: Equatable {
        case idle
        case creating
        case looking
        case fenced
    }

    /// An object is closed at this size; a single batch may exceed it.
    package static let objectTargetBytes = 4 << 20

    private let term: Term
    private let instance: Instance
    private var nextNumber: UInt64 = 1
    private var stage = Stage.idle
    private var create = CreateCall(owner: .log)
    private var look = StoreCall(owner: .log)
    private var waiting: [Pending] = []
    private var inFlight: LogObject?
    private var inFlightTokens: [UInt64] = []

    package private(set) var waitingBytes = 0

    /// The oldest batch that is neither durable nor refused.
    package var oldestWaitingToken: UInt64? { inFlight != nil ? inFlightTokens.first : waiting.first?.token }

    /// - Parameter term: ours; its object 0 is already written.
    package init(term: Term, instance: Instance) {
        self.term = term
        self.instance = instance
    }

    package mutating func append(token: UInt64, batch: LogObject.Batch, sizeBytes: Int, now: Moment) -> [Output] {
        guard stage != .fenced else { return [] }
        waiting.append(Pending(token: token, batch: batch, sizeBytes: sizeBytes))
        waitingBytes += sizeBytes
        return begin(now: now)
    }

    package mutating func tick(now: Moment) -> [Output] {
        (create.due(now: now) ?? look.due(now: now)).map { [.operation($0)] } ?? []
    }

    package mutating func handle(_ tag: OperationTag, _ result: BucketResult, now: Moment) -> [Output] {
        switch stage {
        case .creating:
            let (outcome, next) = create.handle(tag, result, now: now)
            if let next { return [.operation(next)] }
            switch outcome {
            case nil: return []
            case .created:
                #if PLANTED_NO_LOOK
                    return finish(now: now)
                #else
                    stage = .looking
                    return [.operation(look.start(.size(name: ObjectName.term(term.next))))]
                #endif
            case .taken: return fence()
            case .failed(let failure): return refuse(failure, now: now)
            }
        case .looking:
            guard let (_, result) = look.handle(tag, result, now: now) else { return [] }
            // Only the plain word that it is not there lets us speak.
            return result == .missing ? finish(now: now) : fence()
        case .idle, .fenced: return []
        }
    }

    private mutating func begin(now: Moment) -> [Output] {
        guard stage == .idle, !waiting.isEmpty else { return [] }
        var count = 0
        var bytes = 0
        while count < waiting.count, count == 0 || bytes + waiting[count].sizeBytes <= Self.objectTargetBytes {
            bytes += waiting[count].sizeBytes
            count += 1
        }
        let object = LogObject(
            term: term, number: nextNumber, instance: instance, acceptedAt: now.wall,
            batches: waiting[..<count].map(\.batch))
        inFlightTokens = waiting[..<count].map(\.token)
        waiting.removeFirst(count)
        waitingBytes -= bytes
        inFlight = object
        stage = .creating
        let operation = Output.operation(create.start(name: object.name, bytes: object.encoded))
        #if PLANTED_ACK_BEFORE_DURABLE
            return [.durable(object, tokens: inFlightTokens), operation]
        #else
            return [operation]
        #endif
    }

    private mutating func finish(now: Moment) -> [Output] {
        guard let object = inFlight else { return [] }
        let tokens = inFlightTokens
        inFlight = nil
        nextNumber += 1
        stage = .idle
        #if PLANTED_ACK_BEFORE_DURABLE
            return begin(now: now)
        #else
            return [.durable(object, tokens: tokens)] + begin(now: now)
        #endif
    }

    /// Definitely not written: the number is free, the batches are told so.
    private mutating func refuse(_ failure: BucketFailure, now: Moment) -> [Output] {
        let tokens = inFlightTokens
        inFlight = nil
        stage = .idle
        #if PLANTED_ACK_BEFORE_DURABLE
            nextNumber += 1
            return begin(now: now)
        #else
            return [.refused(tokens: tokens, failure)] + begin(now: now)
        #endif
    }

    private mutating func fence() -> [Output] {
        stage = .fenced
        return [.fenced]
    }
}
