import ByteCoding
import News
import Storage

// The bytes of a message. What this writes, `MessageParser` of the other side reads back as an equal message, as long
// as texts are clean and payloads within their limits (the sender's duty: it knows how to split its work).

extension Message {
    /// The message as it is sent.
    package var encoded: [UInt8] {
        var out: [UInt8] = []
        encode(to: &out)
        return out
    }

    package func encode(to out: inout [UInt8]) {
        var line = LineWriter(command)
        switch self {
        case .greeting(let version, let term, let nonce, let limits):
            line.word(version)
            line.word(term.number)
            line.hex(nonce)
            line.word(limits.lineBytes)
            line.word(limits.payloadBytes)
        case .hello(let version, let role, let client, let nonce, let proof):
            precondition(BatchID.isClientName(client), "the name of a client is checked where it is chosen")
            line.word(version)
            line.word(role.rawValue)
            line.word(client)
            line.hex(nonce)
            line.hex(proof)
        case .welcome, .quit, .status, .compact, .touch, .touched, .drain:
            break
        case .error(let code, let text):
            line.word(code.rawValue)
            line.text(text)
        case .put(let number, let lane, let ack, let digest, let payload):
            line.word(number)
            line.word(lane.name)
            line.word(ack.rawValue)
            line.hex(digest.bytes)
            return line.end(payload: payload, to: &out)
        case .accepted(let number, let counts):
            line.word(number)
            for count in [counts.received, counts.accepted, counts.rejected, counts.controls] { line.word(count) }
        case .refusedBatch(let number, let code, let text):
            line.word(number)
            line.word(code.rawValue)
            line.text(text)
        case .statusReport(let json):
            return line.end(payload: json, to: &out)
        case .compacted(let generation):
            line.word(generation.number)
        case .join(let instance):
            line.word(Hex.padded(instance.number))
        case .joined(let term, let attempt, let leaseMilliseconds, let settings):
            line.word(term.number)
            line.word(attempt.name)
            line.word(leaseMilliseconds)
            return line.end(payload: settings, to: &out)
        case .credit(let lane, let bytes):
            line.word(lane.name)
            line.word(bytes)
        case .lease(let shard, let epoch, let generation, let rules):
            line.word(shard.index)
            line.word(epoch.name)
            line.word(generation.number)
            var payload = ByteWriter()
            rules.encode(to: &payload)
            return line.end(payload: payload.bytes, to: &out)
        case .revoke(let shard, let epoch):
            line.word(shard.index)
            line.word(epoch.name)
        case .kept(let share, let epoch), .share(let share, let epoch), .recall(let share, let epoch),
            .returned(let share, let epoch):
            line.word(share.index)
            line.word(epoch.name)
        case .articles(let batch):
            var payload = ByteWriter()
            batch.encode(to: &payload)
            return line.end(payload: payload.bytes, to: &out)
        case .sealed(let report):
            line.word(report.number)
            var payload = ByteWriter()
            report.encode(to: &payload)
            return line.end(payload: payload.bytes, to: &out)
        case .poison(let reports):
            var payload = ByteWriter()
            payload.poisonReports(reports)
            return line.end(payload: payload.bytes, to: &out)
        case .published(let report, let generation):
            line.word(report)
            line.word(generation.number)
        case .refused(let report):
            line.word(report)
        case .merge(let job):
            line.word(job.number)
            line.word(job.attempt.name)
            line.word(job.output.name)
            var payload = ByteWriter()
            payload.segmentReferences(job.inputs)
            return line.end(payload: payload.bytes, to: &out)
        case .merged(let report):
            line.word(report.job)
            var payload = ByteWriter()
            payload.segmentReferences(report.outputs)
            payload.inputNumbers(report.left)
            return line.end(payload: payload.bytes, to: &out)
        case .find(let job):
            line.word(job.number)
            var payload = ByteWriter()
            payload.versionBounds(job.bounds)
            payload.names(job.names)
            return line.end(payload: payload.bytes, to: &out)
        case .found(let report):
            line.word(report.job)
            var payload = ByteWriter()
            payload.names(report.names)
            return line.end(payload: payload.bytes, to: &out)
        case .scan(let job):
            line.word(job.number)
            var payload = ByteWriter()
            payload.scan(job)
            return line.end(payload: payload.bytes, to: &out)
        case .scanned(let report):
            line.word(report.job)
            var payload = ByteWriter()
            payload.expirations(report.expirations)
            return line.end(payload: payload.bytes, to: &out)
        case .mergeFailed(let job, let text):
            line.word(job)
            line.text(text)
        }
        line.end(to: &out)
    }
}

/// Puts the words of one line together.
private struct LineWriter {
    private var bytes: [UInt8]

    init(_ command: Command) { bytes = Array(command.rawValue.utf8) }

    mutating func word(_ text: String) {
        bytes.append(0x20)
        bytes.append(contentsOf: text.utf8)
    }

    mutating func word(_ number: some BinaryInteger) { word(String(number)) }

    mutating func hex(_ value: [UInt8]) { word(value.isEmpty ? "-" : Hex.string(value)) }

    /// Texts come from anywhere (paths, other programs): control characters become spaces, and what is too long is cut
    /// at a character.
    mutating func text(_ text: String) {
        var clean: [UInt8] = []
        for character in text.unicodeScalars {
            let scalar: Unicode.Scalar = WireLimits.isControl(UInt8(clamping: character.value)) ? " " : character
            guard clean.count + UTF8.width(scalar) <= WireLimits.textBytes else { break }
            clean.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
        }
        guard !clean.isEmpty else { return }
        bytes.append(0x20)
        bytes.append(contentsOf: clean)
    }

    func end(to out: inout [UInt8]) {
        out.append(contentsOf: bytes)
        out.append(contentsOf: [0x0D, 0x0A])
    }

    consuming func end(payload: [UInt8], to out: inout [UInt8]) {
        word(payload.count)
        out.reserveCapacity(out.count + bytes.count + payload.count + 4)
        end(to: &out)
        out.append(contentsOf: payload)
        out.append(contentsOf: [0x0D, 0x0A])
    }
}
