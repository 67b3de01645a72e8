import ByteCoding
import News
import Storage
import Testing

/// A log writer with its operations in hand.
private struct Desk {
    var writer = LogWriter(term: Term(1), instance: Instance(7))
    var operations: [TaggedOperation] = []
    var durable: [UInt64] = []
    var refused: [UInt64] = []
    var isFenced = false

    mutating func append(_ token: UInt64, sizeBytes: Int = 10, now: Int64 = 0) {
        let batch = LogObject.Batch(client: "c", number: token, digest: .zero, lane: .live, entries: [])
        take(writer.append(token: token, batch: batch, sizeBytes: sizeBytes, now: moment(now)))
    }

    mutating func answer(_ result: BucketResult, now: Int64 = 0) {
        let tagged = operations.removeFirst()
        take(writer.handle(tagged.tag, result, now: moment(now)))
    }

    mutating func tick(_ now: Int64) { take(writer.tick(now: moment(now))) }

    mutating func take(_ outputs: [LogWriter.Output]) {
        for output in outputs {
            switch output {
            case .operation(let tagged): operations.append(tagged)
            case .durable(_, let tokens): durable += tokens
            case .refused(let tokens, _): refused += tokens
            case .fenced: isFenced = true
            }
        }
    }
}

private func failure(_ kind: BucketFailure.Kind) -> BucketResult {
    .failed(BucketFailure(kind, name: "log", message: "no"))
}

@Suite struct LogWriterTests {
    @Test("a batch is durable only after the create and after the look")
    func createThenLookThenTell() throws {
        var desk = Desk()
        desk.append(1)
        guard case .create(ObjectName.log(Term(1), 1), _) = try #require(desk.operations.first).operation else {
            Issue.record("not the first object")
            return
        }
        desk.answer(.done)
        #expect(desk.durable.isEmpty)
        #expect(desk.operations.map(\.operation) == [.size(name: ObjectName.term(Term(2)))])
        desk.answer(.missing)
        #expect(desk.durable == [1])
    }

    @Test("batches that come while one is written share the next object, in order")
    func groupCommit() {
        var desk = Desk()
        for token in UInt64(1)...4 { desk.append(token) }
        desk.answer(.done)
        desk.answer(.missing)
        #expect(desk.durable == [1])
        #expect(desk.operations.first?.operation.name == ObjectName.log(Term(1), 2))
        desk.answer(.done)
        desk.answer(.missing)
        #expect(desk.durable == [1, 2, 3, 4])
    }

    @Test("an object is closed at its size")
    func objectSize() throws {
        var desk = Desk()
        for token in UInt64(1)...4 { desk.append(token, sizeBytes: LogWriter.objectTargetBytes) }
        for number in UInt64(1)...4 {
            #expect(desk.operations.first?.operation.name == ObjectName.log(Term(1), number))
            desk.answer(.done)
            desk.answer(.missing)
            #expect(desk.durable == Array(1...number))
        }
        #expect(desk.writer.waitingBytes == 0)
    }

    @Test("a later term seen after the create fences, and nothing is told")
    func fencedAfterCreate() {
        for answer in [BucketResult.size(40), .bytes([]), .done] {
            var desk = Desk()
            desk.append(1)
            desk.answer(.done)
            desk.answer(answer)
            #expect(desk.isFenced)
            #expect(desk.durable.isEmpty)
            desk.append(2)
            #expect(desk.operations.isEmpty)
        }
    }

    @Test("a full store refuses the batch and leaves the number free")
    func full() {
        var desk = Desk()
        desk.append(1)
        desk.append(2)
        desk.answer(failure(.full))
        #expect(desk.refused == [1])
        #expect(desk.operations.first?.operation.name == ObjectName.log(Term(1), 1))
        desk.answer(.done)
        desk.answer(.missing)
        #expect(desk.durable == [2])
    }

    @Test("a result that is not known is tried again with the same bytes, and settled by reading")
    func unknown() throws {
        var desk = Desk()
        desk.append(1)
        let first = try #require(desk.operations.first).operation
        desk.answer(failure(.passing))
        #expect(desk.operations.isEmpty)
        desk.tick(60)
        #expect(desk.operations.map(\.operation) == [first])
        desk.answer(.exists)
        guard case .create(let name, let bytes) = first else { return }
        #expect(desk.operations.map(\.operation) == [.get(name: name, range: nil)])
        desk.answer(.bytes(bytes))
        desk.answer(.missing)
        #expect(desk.durable == [1])
    }

    @Test("a full store after a lost answer is no proof that nothing was written")
    func fullAfterUnknown() throws {
        var desk = Desk()
        desk.append(1)
        guard case .create(let name, let bytes) = try #require(desk.operations.first).operation else { return }
        desk.answer(failure(.passing))
        desk.tick(60)
        desk.answer(failure(.full))
        #expect(desk.refused.isEmpty)
        #expect(desk.operations.map(\.operation) == [.get(name: name, range: nil)])
        var lost = desk
        lost.answer(.missing)
        #expect(lost.refused == [1])
        desk.answer(.bytes(bytes))
        // It is there; whether for good only another create tells.
        #expect(desk.durable.isEmpty)
        #expect(desk.operations.map(\.operation) == [.create(name: name, bytes: bytes)])
        desk.answer(.exists)
        desk.answer(.missing)
        #expect(desk.durable == [1])
    }

    @Test("a number that another process took fences")
    func taken() {
        var desk = Desk()
        desk.append(1)
        desk.answer(.exists)
        desk.answer(.bytes([1, 2, 3]))
        #expect(desk.isFenced)
        #expect(desk.durable.isEmpty)
    }

    @Test("an answer to an operation given up is not taken for another's")
    func lateAnswer() throws {
        var desk = Desk()
        desk.append(1)
        let old = try #require(desk.operations.first)
        desk.answer(failure(.passing))
        desk.tick(60)
        desk.take(desk.writer.handle(old.tag, .done, now: moment(61)))
        #expect(desk.durable.isEmpty)
        #expect(desk.operations.count == 1)
    }
}
