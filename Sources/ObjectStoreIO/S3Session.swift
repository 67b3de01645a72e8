import CCurl
import Glibc
import HostIO
import ObjectStore
import Storage

// Calls under way at once, on the thread of whoever asked, over one curl multi handle and its open connections.
//
// Invariants
// 1. Used by one thread at a time: `S3Bucket` hands it out.
// 2. Every call gets an event for each request it sent, and is asked again when a pause is over, until it is done.
//
// Pointers live here and in `S3Transfer`: curl's handles, and the transfer each callback gets back as its context.

/// See the head of this file.
///
/// `@unchecked`: its fields are used by one thread at a time, which the pool's lock in `S3Bucket` holds.
@safe final class S3Session: @unchecked Sendable {
    struct Carrier: Sendable {
        let signer: S3Signer
        let caFile: String?
    }

    /// What is to be run: a call, or an answer that needs none.
    enum Job {
        case call(S3Call)
        case answered(BucketResult)
    }

    private let carrier: Carrier
    private let meter: RequestMeter
    private let multi: UnsafeMutableRawPointer

    private static let initialised: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    init(_ carrier: Carrier, _ meter: RequestMeter) {
        precondition(Self.initialised, "curl cannot begin")
        self.carrier = carrier
        self.meter = meter
        guard let made = unsafe curl_multi_init() else { preconditionFailure("curl: out of memory") }
        unsafe multi = made
        unsafe ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, BucketOperation.parallelCount)
    }

    deinit { unsafe curl_multi_cleanup(multi) }

    /// Runs all to their ends.
    func run(_ jobs: [Job]) -> [BucketResult] {
        var run = Run(jobs)
        while run.openCount > 0 {
            for (index, request) in run.startable(now: now.milliseconds, limit: BucketOperation.parallelCount) {
                let signed = carrier.signer.sign(request, at: SystemClock().wall())
                let transfer = S3Transfer(request, signed, caFile: carrier.caFile, usesProxy: carrier.usesProxy)
                run.transfers[transfer.identity] = (index, transfer)
                meter.sent(request)
                unsafe curl_multi_add_handle(multi, transfer.handle)
            }
            var running: Int32 = 0
            unsafe curl_multi_perform(multi, &running)
            // Messages are read before polling: with nothing under way a poll waits its whole time.
            if finishTransfers(&run) { continue }
            let wait = run.waitMilliseconds(now: now.milliseconds)
            if wait > 0 { unsafe curl_multi_poll(multi, nil, 0, Int32(min(wait, 1000)), nil) }
        }
        return run.results
    }

    /// - Returns: whether there was one.
    private func finishTransfers(_ run: inout Run) -> Bool {
        var left: Int32 = 0
        var isAny = false
        // Safe: a message is valid until the next call on its handle, and is read before that.
        while let message = unsafe curl_multi_info_read(multi, &left) {
            guard unsafe message.pointee.msg == CURLMSG_DONE, let handle = unsafe message.pointee.easy_handle else {
                continue
            }
            let result = unsafe message.pointee.data.result
            unsafe curl_multi_remove_handle(multi, handle)
            guard let (index, transfer) = run.transfers.removeValue(forKey: UInt(bitPattern: handle)) else { continue }
            let outcome = transfer.outcome(of: result)
            meter.received(outcome)
            run.handle(outcome, of: index, now: now)
            isAny = true
        }
        return isAny
    }

    private var now: Moment {
        let clock = SystemClock()
        return Moment(milliseconds: Int64(clock.monotonicNanoseconds() / 1_000_000), wall: clock.wall())
    }
}

extension S3Session.Carrier {
    /// Within this machine nobody stands between.
    fileprivate var usesProxy: Bool { !signer.endpoint.isLoopback }
}

/// Where the calls of one run are.
private struct Run {
    private enum Place {
        case ready(S3Request)
        case underWay
        case waiting(until: Int64)
        case done(BucketResult)
    }

    var transfers: [UInt: (call: Int, transfer: S3Transfer)] = [:]
    private(set) var openCount = 0
    private var calls: [S3Call?] = []
    private var places: [Place] = []

    init(_ jobs: [S3Session.Job]) {
        let clock = SystemClock()
        let now = Moment(milliseconds: Int64(clock.monotonicNanoseconds() / 1_000_000), wall: clock.wall())
        openCount = jobs.count
        for job in jobs {
            switch job {
            case .answered(let result):
                calls.append(nil)
                places.append(.underWay)
                note(.done(result), of: calls.count - 1)
            case .call(var call):
                let action = call.start(now: now)
                calls.append(call)
                places.append(.underWay)
                note(action, of: calls.count - 1)
            }
        }
    }

    /// Once none is open.
    var results: [BucketResult] {
        places.map { place in
            guard case .done(let result) = place else { preconditionFailure("a call is still open") }
            return result
        }
    }

    /// Requests to begin now; those whose pause is over among them.
    mutating func startable(now: Int64, limit: Int) -> [(call: Int, request: S3Request)] {
        var out: [(Int, S3Request)] = []
        for index in places.indices {
            if case .waiting(let until) = places[index], now >= until {
                handle(.tick, of: index, now: Moment(milliseconds: now, wall: SystemClock().wall()))
            }
            guard transfers.count + out.count < limit, case .ready(let request) = places[index] else { continue }
            places[index] = .underWay
            out.append((index, request))
        }
        return out
    }

    mutating func handle(_ event: S3Call.Event, of index: Int, now: Moment) {
        guard let action = calls[index]?.handle(event, now: now) else { return }
        note(action, of: index)
    }

    /// How long nothing but the network can bring anything new.
    func waitMilliseconds(now: Int64) -> Int64 {
        var wait: Int64 = 1000
        for place in places {
            if case .waiting(let until) = place { wait = min(wait, max(until - now, 0)) }
        }
        return wait
    }

    private mutating func note(_ action: S3Call.Action, of index: Int) {
        switch action {
        case .send(let request): places[index] = .ready(request)
        case .wait(let until): places[index] = .waiting(until: until)
        case .done(let result):
            places[index] = .done(result)
            openCount -= 1
        }
    }
}
