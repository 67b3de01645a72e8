import CCurl
import Dispatch
import Glibc
import Synchronization

// libcurl's multi interface on a thread of its own.
//
// Invariants
// 1. Every curl handle is made, used and freed on the client's thread only; other threads touch the inbox and wake it.
// 2. Every submitted request is answered exactly once, also when the client stops.
// 3. No connection is made to an address the policy refuses: curl asks with the address itself before each connect.
//
// Pointers live here: curl's handles, and the transfer each callback gets back as its context.

/// See the head of this file.
@safe package final class CurlClient: Sendable {
    package typealias Completion = @Sendable (Result<HTTPResponse, HTTPError>) -> Void

    package struct Settings: Sendable {
        package var userAgent: String
        package var policy: AddressPolicy
        /// Connections to one host at once.
        package var hostConnectionLimit: Int
        /// Of all transfers under way: who would go beyond it fails.
        package var bodiesLimitBytes: Int
        /// Asked in place of all hosts, "http://proxy.example:3128"; nil asks hosts themselves. It connects for us, so what a name
        /// stands for here is checked before it is asked; a name that is unknown here is left to it.
        package var proxy: String?

        package init(
            userAgent: String, policy: AddressPolicy, hostConnectionLimit: Int = 2, bodiesLimitBytes: Int = 128 << 20
        ) {
            self.userAgent = userAgent
            self.policy = policy
            self.hostConnectionLimit = hostConnectionLimit
            self.bodiesLimitBytes = bodiesLimitBytes
        }
    }

    /// What other threads leave for the client's.
    private struct Inbox {
        var arrivals: [Arrival] = []
        var isStopping = false
        var isStopped = false
    }

    private struct Arrival {
        let request: HTTPRequest
        /// The address that may not be asked for, if there is one.
        let refused: String?
        let completion: Completion
    }

    private let settings: Settings
    private let inbox = Mutex(Inbox())
    /// Used by other threads only for `curl_multi_wakeup`, which libcurl allows; freed by `stop` after the thread's end.
    private nonisolated(unsafe) let multi: UnsafeMutableRawPointer
    private let thread = Mutex<pthread_t?>(nil)

    package init(settings: Settings) {
        _ = Self.initialised
        self.settings = settings
        guard let made = unsafe curl_multi_init() else { preconditionFailure("curl: out of memory") }
        unsafe multi = made
        unsafe ccurl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, settings.hostConnectionLimit)
        // Kept for a site's next request, which seldom comes soon; each request looks through them.
        unsafe ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, Self.idleConnectionLimit)
        var started = pthread_t()
        // The thread holds the client until it ends; `stop` is what ends it.
        let context = unsafe Unmanaged.passRetained(self).toOpaque()
        let result = unsafe pthread_create(
            &started, nil,
            { context in
                let client = unsafe Unmanaged<CurlClient>.fromOpaque(context!).takeRetainedValue()
                client.run()
                return nil
            }, context)
        precondition(result == 0, "no thread for curl")
        thread.withLock { $0 = started }
    }

    private static let idleConnectionLimit = 64
    private static let manyTransfers = 16
    private static let momentMicroseconds: UInt32 = 2000

    private static let initialised: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// Begins a transfer. `completion` is called once, on the client's thread, and must not block.
    package func submit(_ request: HTTPRequest, _ completion: @escaping Completion) {
        guard settings.proxy != nil else {
            return arrive(Arrival(request: request, refused: nil, completion: completion))
        }
        // A name server may take its time.
        DispatchQueue.global().async { [self] in
            let refused = HostNames.refusal(of: request.url, by: settings.policy)
            arrive(Arrival(request: request, refused: refused, completion: completion))
        }
    }

    private func arrive(_ arrival: Arrival) {
        let isOpen = inbox.withLock { inbox in
            guard !inbox.isStopping else { return false }
            inbox.arrivals.append(arrival)
            unsafe curl_multi_wakeup(multi)
            return true
        }
        guard !isOpen else { return }
        arrival.completion(.failure(HTTPError(code: .stopped, url: arrival.request.url, message: "not begun")))
    }

    package func fetch(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        try await withCheckedContinuation { continuation in
            submit(request) { continuation.resume(returning: $0) }
        }.get()
    }

    /// Ends all transfers (they fail as stopped) and the thread. May be called again. Not from a completion.
    package func stop() {
        let thread = thread.withLock { held in
            defer { held = nil }
            return held
        }
        guard let thread else { return }
        inbox.withLock { inbox in
            inbox.isStopping = true
            unsafe curl_multi_wakeup(multi)
        }
        pthread_join(thread, nil)
        unsafe curl_multi_cleanup(multi)
    }

    // MARK: The thread

    private func run() {
        // By handle, as messages name it.
        var transfers: [UInt: CurlTransfer] = [:]
        let room = BodyRoom(limitBytes: settings.bodiesLimitBytes)
        while true {
            let (arrivals, isStopping) = inbox.withLock { inbox in
                defer { inbox.arrivals.removeAll() }
                return (inbox.arrivals, inbox.isStopping)
            }
            for arrival in arrivals {
                if let refused = arrival.refused {
                    arrival.completion(.failure(.refusedAddress(refused, arrival.request)))
                    continue
                }
                let transfer = CurlTransfer(arrival.request, settings, room, arrival.completion)
                transfers[transfer.identity] = transfer
                unsafe curl_multi_add_handle(multi, transfer.handle)
            }
            if isStopping { break }
            var running: Int32 = 0
            unsafe curl_multi_perform(multi, &running)
            finishTransfers(&transfers)
            // Messages are read before polling: with nothing under way a poll waits its whole time.
            unsafe curl_multi_poll(multi, nil, 0, 1000, nil)
            // Each turn looks at all that is under way: where that is much, what comes within a moment is taken together.
            if transfers.count > Self.manyTransfers { usleep(Self.momentMicroseconds) }
        }
        for transfer in transfers.values {
            unsafe curl_multi_remove_handle(multi, transfer.handle)
            transfer.finish(
                with: .failure(HTTPError(code: .stopped, url: transfer.request.url, message: "the client stopped")))
        }
    }

    private func finishTransfers(_ transfers: inout [UInt: CurlTransfer]) {
        var left: Int32 = 0
        // Safe: a message is valid until the next call on its handle, and is read before that.
        while let message = unsafe curl_multi_info_read(multi, &left) {
            guard unsafe message.pointee.msg == CURLMSG_DONE, let handle = unsafe message.pointee.easy_handle else {
                continue
            }
            let result = unsafe message.pointee.data.result
            unsafe curl_multi_remove_handle(multi, handle)
            guard let transfer = transfers.removeValue(forKey: UInt(bitPattern: handle)) else { continue }
            transfer.finish(with: transfer.outcome(of: result))
        }
    }
}
