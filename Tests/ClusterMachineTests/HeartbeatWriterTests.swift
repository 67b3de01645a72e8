import Cluster
import News
import Storage
import Testing

@Suite struct HeartbeatWriterTests {
    private var writer = HeartbeatWriter(milliseconds: 1000)

    init() { writer.begin(Term(3), now: moment(0)) }

    private func name(_ operation: TaggedOperation) -> String { operation.operation.name }

    /// Lets all of it be done.
    private mutating func finish(_ operations: [TaggedOperation], _ look: BucketResult = .missing, now: Moment)
        -> HeartbeatWriter.Verdict?
    {
        var verdict: HeartbeatWriter.Verdict?
        for operation in operations {
            if case .put = operation.operation {
                let isWritten = writer.written(operation.tag, .done, now: now)
                #expect(isWritten)
            } else {
                verdict = writer.looked(operation.tag, look, now: now)
            }
        }
        return verdict
    }

    @Test("it beats at its time, and looks for a later term now and then")
    mutating func looks() {
        var lookCount: UInt64 = 0
        for beat in 0..<Int64(20) {
            let now = moment(beat * 1000)
            let operations = writer.beat("h:1", now: now)
            #expect(name(operations[0]) == ObjectName.heartbeat(Term(3)))
            if operations.count > 1 {
                lookCount += 1
                #expect(name(operations[1]) == ObjectName.term(Term(4)))
            }
            #expect(writer.beat("h:1", now: now).isEmpty)
            #expect(finish(operations, now: now) == nil)
            #expect(writer.beat("h:1", now: moment(beat * 1000 + 999)).isEmpty)
        }
        #expect(lookCount == 20 / HeartbeatWriter.beatsPerLook)
    }

    @Test("a doubt is looked into: a later term explains it, and without one it is so", arguments: [true, false])
    mutating func doubt(_ isOvertaken: Bool) {
        // A look that began before the doubt tells nothing of it.
        var looks: [TaggedOperation] = []
        for beat in 0..<Int64(HeartbeatWriter.beatsPerLook) {
            let operations = writer.beat("h:1", now: moment(beat * 1000))
            _ = finish([operations[0]], now: moment(beat * 1000))
            looks += operations.dropFirst()
        }
        #expect(looks.count == 1)
        let own = writer.doubt("log/7 is missing")
        #expect(own.count == 1 && writer.doubt("another").isEmpty)
        #expect(finish(looks, now: moment(5000)) == nil)
        #expect(
            finish(own, isOvertaken ? .size(9) : .missing, now: moment(5000))
                == (isOvertaken ? .overtaken : .failed("log/7 is missing")))
    }

    @Test("behind the orderly end comes no heartbeat")
    mutating func end() throws {
        let operation = writer.end("h:1")
        #expect(!writer.hasEnded)
        guard case .put(_, let bytes) = operation.operation else {
            throw BucketFailure(.lasting, name: "", message: "")
        }
        #expect(try Heartbeat(decoding: bytes).hasEnded)
        let isWritten = writer.written(operation.tag, .done, now: moment(1))
        #expect(isWritten && writer.hasEnded)
        #expect(writer.beat("h:1", now: moment(5000)).isEmpty)
    }
}
