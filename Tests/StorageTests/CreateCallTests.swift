import News
import Storage
import Testing

@Suite("creating an object that must be there for good") struct CreateCallTests {
    private static let name = "log/1/2"
    private static let bytes: [UInt8] = [1, 2, 3]

    private enum Seen: Equatable {
        case created
        case taken
        case failed
        case open
    }

    /// What comes of it if the store answers so, one answer for each operation; and what was issued.
    private func run(_ results: [BucketResult]) -> (outcome: Seen, operations: [BucketOperation]) {
        var call = CreateCall(owner: .log)
        var now = Moment(milliseconds: 0, wall: Timestamp(milliseconds: 0))
        var next: TaggedOperation? = call.start(name: Self.name, bytes: Self.bytes)
        var operations: [BucketOperation] = []
        for result in results {
            if next == nil {
                now.milliseconds += 10_000
                next = call.due(now: now)
            }
            guard let issued = next else { break }
            operations.append(issued.operation)
            let (outcome, following) = call.handle(issued.tag, result, now: now)
            next = following
            guard let outcome else { continue }
            switch outcome {
            case .created: return (.created, operations)
            case .taken: return (.taken, operations)
            case .failed: return (.failed, operations)
            }
        }
        return (.open, operations)
    }

    private func failure(_ kind: BucketFailure.Kind) -> BucketResult {
        .failed(BucketFailure(kind, name: Self.name, message: "no"))
    }

    private let create = BucketOperation.create(name: name, bytes: bytes)
    private let get = BucketOperation.get(name: name, range: nil)

    @Test("what exists is read, and ours or another's")
    func exists() {
        #expect(run([.exists, .bytes(Self.bytes)]) == (.created, [create, get]))
        #expect(run([.exists, .bytes([9])]) == (.taken, [create, get]))
        #expect(run([failure(.passing), .done]) == (.created, [create, create]))
    }

    @Test("what was written and then could not be made sure of is not there for good")
    func unsettled() {
        // The first try took effect and its answer was lost; what follows fails for good.
        let tried = [failure(.passing), failure(.lasting), BucketResult.bytes(Self.bytes)]
        #expect(run(tried) == (.open, [create, create, get]))
        #expect(run(tried + [.exists]) == (.created, [create, create, get, create]))
        #expect(run(tried + [failure(.lasting)]) == (.failed, [create, create, get, create]))
        #expect(run([failure(.passing), failure(.lasting), .missing]) == (.failed, [create, create, get]))
        #expect(run([failure(.passing), failure(.lasting), .bytes([9])]) == (.taken, [create, create, get]))
        // Only stores whose objects are there for good are full and hide that a name is taken.
        let full = [failure(.passing), failure(.full), BucketResult.bytes(Self.bytes), failure(.full)]
        #expect(run(full) == (.created, [create, create, get, create]))
    }
}
