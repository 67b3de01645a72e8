import ByteCoding
import News
import Storage

/// What a line alone says.
enum LineResult {
    case complete(Message)
    case awaits(PayloadHead, lengthBytes: Int)
}

/// The words of a line whose payload is still to come.
enum PayloadHead: Sendable {
    case put(number: UInt64, lane: Lane, ack: AckLevel, digest: Digest256)
    case statusReport
    case joined(term: Term, attempt: Attempt, leaseMilliseconds: UInt32)
    case lease(shard: Shard, epoch: ShardEpoch, generation: Generation)
    case articles
    case sealed(report: UInt64)
    case poison
    case merge(job: UInt64, attempt: Attempt, output: MergeJob.Output)
    case merged(job: UInt64)
    case find(job: UInt64)
    case found(job: UInt64)
    case scan(job: UInt64)
    case scanned(job: UInt64)

    var command: Command {
        switch self {
        case .put: .put
        case .statusReport: .statusReport
        case .joined: .joined
        case .lease: .lease
        case .articles: .articles
        case .sealed: .sealed
        case .poison: .poison
        case .merge: .merge
        case .merged: .merged
        case .find: .find
        case .found: .found
        case .scan: .scan
        case .scanned: .scanned
        }
    }

    func message(payload: ArraySlice<UInt8>) throws(WireError) -> Message {
        do throws(CodingError) {
            var reader = ByteReader(payload)
            let message: Message
            switch self {
            case .put(let number, let lane, let ack, let digest):
                return .put(number: number, lane: lane, ack: ack, digest: digest, payload: Array(payload))
            case .statusReport:
                return .statusReport(json: Array(payload))
            case .joined(let term, let attempt, let leaseMilliseconds):
                return .joined(
                    term: term, attempt: attempt, leaseMilliseconds: leaseMilliseconds, settings: Array(payload))
            case .lease(let shard, let epoch, let generation):
                message = .lease(
                    shard: shard, epoch: epoch, generation: generation, rules: try ShardRules(decoding: &reader))
            case .articles:
                message = .articles(try ArticlesBatch(decoding: &reader))
            case .sealed(let report):
                message = .sealed(try SealedReport(number: report, decoding: &reader))
            case .poison:
                message = .poison(try reader.poisonReports())
            case .merge(let job, let attempt, let output):
                message = .merge(
                    MergeJob(
                        number: job, attempt: attempt, output: output, inputs: try reader.segmentReferences()))
            case .merged(let job):
                message = .merged(
                    MergedReport(job: job, outputs: try reader.segmentReferences(), left: try reader.inputNumbers()))
            case .find(let job):
                message = .find(FindJob(number: job, bounds: try reader.versionBounds(), names: try reader.names()))
            case .found(let job):
                message = .found(FoundReport(job: job, names: try reader.names()))
            case .scan(let job):
                message = .scan(try reader.scan(job: job))
            case .scanned(let job):
                message = .scanned(ScannedReport(job: job, expirations: try reader.expirations()))
            }
            try reader.requireEnd()
            return message
        } catch {
            throw .payload(command, error)
        }
    }
}

extension LineWords {
    /// Everything after the command.
    mutating func parse() throws(WireError) -> LineResult {
        switch command {
        case .put:
            let number = try number("number")
            let lane = try choice("lane") { Lane(name: $0) }
            let ack = try choice("ack") { AckLevel(rawValue: $0) }
            let digest = try digest()
            return .awaits(
                .put(number: number, lane: lane, ack: ack, digest: digest), lengthBytes: try payloadLength())
        case .statusReport:
            return .awaits(.statusReport, lengthBytes: try payloadLength())
        case .joined:
            let term = Term(try number("term"))
            let attempt = try attempt()
            let lease = try number("lease-ms", as: UInt32.self)
            guard lease > 0 else { throw WireError(.badFormat, "JOINED: <lease-ms> is 0") }
            return .awaits(
                .joined(term: term, attempt: attempt, leaseMilliseconds: lease), lengthBytes: try payloadLength())
        case .lease:
            let shard = Shard(try number("shard", as: UInt16.self))
            let epoch = try epoch()
            let generation = Generation(try number("generation"))
            return .awaits(
                .lease(shard: shard, epoch: epoch, generation: generation), lengthBytes: try payloadLength())
        case .articles:
            return .awaits(.articles, lengthBytes: try payloadLength())
        case .sealed:
            let report = try number("report")
            return .awaits(.sealed(report: report), lengthBytes: try payloadLength())
        case .poison:
            return .awaits(.poison, lengthBytes: try payloadLength())
        case .merge:
            let job = try number("job")
            let attempt = try attempt()
            let output = try choice("output") { MergeJob.Output(name: $0) }
            return .awaits(.merge(job: job, attempt: attempt, output: output), lengthBytes: try payloadLength())
        case .merged:
            let job = try number("job")
            return .awaits(.merged(job: job), lengthBytes: try payloadLength())
        case .find:
            let job = try number("job")
            return .awaits(.find(job: job), lengthBytes: try payloadLength())
        case .found:
            let job = try number("job")
            return .awaits(.found(job: job), lengthBytes: try payloadLength())
        case .scan:
            let job = try number("job")
            return .awaits(.scan(job: job), lengthBytes: try payloadLength())
        case .scanned:
            let job = try number("job")
            return .awaits(.scanned(job: job), lengthBytes: try payloadLength())
        default:
            let message = try parseWithoutPayload()
            try requireEnd()
            return .complete(message)
        }
    }

    private mutating func parseWithoutPayload() throws(WireError) -> Message {
        switch command {
        case .coranto:
            try requireVersion0()
            let term = Term(try number("term"))
            let nonce = try nonce(none: false)
            let limits = GreetingLimits(
                lineBytes: try number("line-bytes"), payloadBytes: try number("payload-bytes"))
            guard limits.lineBytes >= 256, limits.payloadBytes >= 1 else {
                throw WireError(.badFormat, "CORANTO: limits are too small")
            }
            return .greeting(version: 0, term: term, nonce: nonce, limits: limits)
        case .hello:
            try requireVersion0()
            let role = try choice("role") { PeerRole(rawValue: $0) }
            let client = try clientName()
            let nonce = try nonce(none: true)
            let proof = try hex("proof", WireLimits.proofBytes...WireLimits.proofBytes, none: true)
            return .hello(version: 0, role: role, client: client, nonce: nonce, proof: proof)
        case .welcome: return .welcome
        case .error: return .error(code: try code(), message: try text())
        case .quit: return .quit
        case .touch: return .touch
        case .touched: return .touched
        case .status: return .status
        case .accepted:
            let number = try number("number")
            return .accepted(
                number: number,
                counts: BatchCounts(
                    received: try self.number("received", as: UInt32.self),
                    accepted: try self.number("accepted", as: UInt32.self),
                    rejected: try self.number("rejected", as: UInt32.self),
                    controls: try self.number("controls", as: UInt32.self)))
        case .refusedBatch:
            return .refusedBatch(number: try number("number"), code: try code(), message: try text())
        case .compact: return .compact
        case .compacted: return .compacted(generation: Generation(try number("generation")))
        case .join:
            let bytes = try hex("instance", 8...8)
            return .join(instance: Instance(bytes.reduce(0) { $0 << 8 | UInt64($1) }))
        case .credit:
            let lane = try choice("lane") { Lane(name: $0) }
            return .credit(lane: lane, bytes: try number("bytes"))
        case .revoke: return .revoke(shard: Shard(try number("shard", as: UInt16.self)), epoch: try epoch())
        case .published:
            return .published(report: try number("report"), generation: Generation(try number("generation")))
        case .refused: return .refused(report: try number("report"))
        case .mergeFailed: return .mergeFailed(job: try number("job"), message: try text())
        case .drain: return .drain
        case .kept: return .kept(share: try share(), epoch: try epoch())
        case .share: return .share(try share(), epoch: try epoch())
        case .recall: return .recall(try share(), epoch: try epoch())
        case .returned: return .returned(share: try share(), epoch: try epoch())
        case .put, .statusReport, .joined, .lease, .articles, .sealed, .poison, .merge, .merged, .find, .found, .scan,
            .scanned:
            preconditionFailure("commands with a payload are read by parse()")
        }
    }

    private mutating func requireVersion0() throws(WireError) {
        let version = try number("version")
        guard version == 0 else {
            throw WireError(.unsupportedVersion, "version \(version), this side speaks version 0")
        }
    }

    private mutating func nonce(none: Bool) throws(WireError) -> [UInt8] {
        try hex("nonce", WireLimits.nonceBytes...WireLimits.nonceBytes * 2, none: none)
    }

    private mutating func digest() throws(WireError) -> Digest256 {
        let bytes = try hex("sha256", Digest256.byteCount...Digest256.byteCount)
        guard let digest = Digest256(bytes: bytes) else { throw WireError(.badFormat, "bad <sha256>") }
        return digest
    }

    private mutating func code() throws(WireError) -> ErrorCode {
        try choice("code") { ErrorCode(rawValue: $0) }
    }
}

extension MergeJob.Output {
    var name: String {
        switch self {
        case .overlay: "overlay"
        case .cells: "cells"
        case .purged: "purged"
        case .folded: "folded"
        }
    }

    init?(name: String) {
        switch name {
        case "overlay": self = .overlay
        case "cells": self = .cells
        case "purged": self = .purged
        case "folded": self = .folded
        default: return nil
        }
    }
}
