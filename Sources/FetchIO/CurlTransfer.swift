import CCurl
import Glibc

// One transfer: an easy handle and what its callbacks collect. Confined to the client's thread.
//
// The callbacks get the transfer itself as context, unretained: the client holds it until the handle is removed from the
// multi handle, after which curl calls nothing.

/// What the bodies of all transfers under way hold. Confined to the client's thread, as they are.
final class BodyRoom {
    private let limitBytes: Int
    private(set) var heldBytes = 0

    init(limitBytes: Int) { self.limitBytes = limitBytes }

    func take(_ count: Int) -> Bool {
        guard heldBytes + count <= limitBytes else { return false }
        heldBytes += count
        return true
    }

    func giveBack(_ count: Int) { heldBytes -= count }
}

/// See the head of this file.
@safe final class CurlTransfer {
    let request: HTTPRequest
    let handle: UnsafeMutableRawPointer
    private let policy: AddressPolicy
    private let isProxied: Bool
    private let completion: CurlClient.Completion
    private var list: UnsafeMutablePointer<curl_slist>?
    private var names: UnsafeMutablePointer<curl_slist>?
    private var headers = HeaderLines()
    private var body: [UInt8] = []
    private let room: BodyRoom
    private var isTooLarge = false
    private var areHeadersTooLarge = false
    private var isOutOfRoom = false
    private var refused: String?
    /// A connection was begun for it, at least.
    private var isConnected = false

    init(
        _ request: HTTPRequest, _ settings: CurlClient.Settings, _ room: BodyRoom,
        _ completion: @escaping CurlClient.Completion
    ) {
        self.request = request
        self.room = room
        self.completion = completion
        policy = settings.policy
        isProxied = settings.proxy != nil
        guard let made = unsafe curl_easy_init() else { preconditionFailure("curl: out of memory") }
        unsafe handle = made
        set(request, settings)
    }

    deinit {
        room.giveBack(body.count)
        unsafe curl_easy_cleanup(handle)
        unsafe curl_slist_free_all(list)
        unsafe curl_slist_free_all(names)
    }

    var identity: UInt { unsafe UInt(bitPattern: handle) }

    func finish(with result: Result<HTTPResponse, HTTPError>) { completion(result) }

    private func set(_ request: HTTPRequest, _ settings: CurlClient.Settings) {
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        for header in request.headers {
            // A line end in a value would be a header of its own.
            let line = "\(header.name): \(header.value)"
            guard line.utf8.allSatisfy({ $0 >= 0x20 || $0 == 9 }) else { continue }
            unsafe list = curl_slist_append(list, line)
        }
        unsafe ccurl_set_text(handle, CURLOPT_URL, request.url)
        unsafe ccurl_set_list(handle, CURLOPT_HTTPHEADER, list)
        for name in request.names { unsafe names = curl_slist_append(names, name) }
        unsafe ccurl_set_list(handle, CURLOPT_RESOLVE, names)
        unsafe ccurl_set_text(handle, CURLOPT_USERAGENT, settings.userAgent)
        unsafe ccurl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https")
        // Every encoding this curl can decode; the limit counts what comes out.
        unsafe ccurl_set_text(handle, CURLOPT_ACCEPT_ENCODING, "")
        // One that the environment names would connect for us, past the policy.
        unsafe ccurl_set_text(handle, CURLOPT_PROXY, settings.proxy ?? "")
        // Where a redirect leads, somebody else decides when to ask.
        unsafe ccurl_set_long(handle, CURLOPT_FOLLOWLOCATION, 0)
        unsafe ccurl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, request.connectTimeoutMilliseconds)
        unsafe ccurl_set_long(handle, CURLOPT_TIMEOUT_MS, request.timeoutMilliseconds)
        unsafe ccurl_set_long(handle, CURLOPT_LOW_SPEED_LIMIT, request.slowestBytesPerSecond)
        unsafe ccurl_set_long(handle, CURLOPT_LOW_SPEED_TIME, request.patienceSeconds)
        unsafe ccurl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        // With tens of thousands of hosts curl's own memory of names is looked through at each request; and names may change.
        unsafe ccurl_set_long(handle, CURLOPT_DNS_CACHE_TIMEOUT, 0)
        unsafe ccurl_set_long(handle, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        unsafe ccurl_set_pointer(handle, CURLOPT_WRITEDATA, context)
        unsafe ccurl_set_pointer(handle, CURLOPT_HEADERDATA, context)
        unsafe ccurl_set_pointer(handle, CURLOPT_OPENSOCKETDATA, context)
        unsafe ccurl_set_data_callback(handle, CURLOPT_WRITEFUNCTION) { data, size, count, context in
            unsafe CurlTransfer.from(context).received(UnsafeRawBufferPointer(start: data, count: size * count))
        }
        unsafe ccurl_set_data_callback(handle, CURLOPT_HEADERFUNCTION) { data, size, count, context in
            unsafe CurlTransfer.from(context).receivedHeader(UnsafeRawBufferPointer(start: data, count: size * count))
        }
        unsafe ccurl_set_opensocket_callback(handle) { context, _, address in
            guard let address = unsafe address else { return CURL_SOCKET_BAD }
            return unsafe CurlTransfer.from(context).openSocket(address)
        }
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> CurlTransfer {
        unsafe Unmanaged<CurlTransfer>.fromOpaque(context!).takeUnretainedValue()
    }

    // MARK: Callbacks

    /// - Returns: the count of bytes taken; fewer than given ends the transfer.
    private func received(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard body.count + bytes.count <= request.bodyLimitBytes else {
            isTooLarge = true
            return 0
        }
        guard room.take(bytes.count) else {
            isOutOfRoom = true
            return 0
        }
        unsafe body.append(contentsOf: bytes)
        return bytes.count
    }

    private func receivedHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard unsafe headers.append(Array(bytes)) else {
            areHeadersTooLarge = true
            return 0
        }
        return bytes.count
    }

    private func openSocket(_ address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
        let family = unsafe address.pointee.family
        let length = unsafe Int(address.pointee.addrlen)
        let offset = MemoryLayout<curl_sockaddr>.offset(of: \.addr)!
        // Safe: curl gives `addrlen` bytes from `addr` on, more than the struct declares for IPv6.
        let raw = unsafe UnsafeRawBufferPointer(start: UnsafeRawPointer(address) + offset, count: length)
        let bytes: [UInt8]
        if family == AF_INET, length >= 8 {
            bytes = unsafe Array(raw[4..<8])
        } else if family == AF_INET6, length >= 24 {
            bytes = unsafe Array(raw[8..<24])
        } else {
            refused = "address family \(family)"
            return CURL_SOCKET_BAD
        }
        // Who runs the fetcher named the proxy, wherever it is.
        guard isProxied || policy.allows(bytes) else {
            refused = AddressRange(bytes, bytes.count * 8).description
            return CURL_SOCKET_BAD
        }
        isConnected = true
        let (type, number) = unsafe (address.pointee.socktype, address.pointee.protocol)
        return socket(family, type | Int32(SOCK_CLOEXEC.rawValue), number)
    }

    // MARK: The end

    func outcome(of result: CURLcode) -> Result<HTTPResponse, HTTPError> {
        func failure(_ code: HTTPError.Code, _ message: String? = nil) -> Result<HTTPResponse, HTTPError> {
            let reason = unsafe String(cString: curl_easy_strerror(result))
            return .failure(HTTPError(code: code, url: request.url, message: message ?? reason))
        }
        if isOutOfRoom { return failure(.noRoom, "all answers together are larger than this process may hold") }
        if isTooLarge { return failure(.tooLarge, "more than \(request.bodyLimitBytes) bytes") }
        if areHeadersTooLarge { return failure(.tooLarge, "more than \(HeaderLines.maxBytes) bytes of headers") }
        switch result {
        case CURLE_OK: break
        case CURLE_URL_MALFORMAT: return failure(.badURL)
        // What a server speaks that is no HTTP is called so too.
        case CURLE_UNSUPPORTED_PROTOCOL: return failure(isConnected ? .transfer : .badURL)
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: return failure(.resolve)
        case CURLE_COULDNT_CONNECT:
            // A refusal of ours and one of the peer look alike to curl.
            return refused.map { .failure(.refusedAddress($0, request)) } ?? failure(.connect)
        case CURLE_OPERATION_TIMEDOUT: return failure(.timeout)
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE:
            return failure(.tls)
        default: return failure(.transfer)
        }
        var status = 0
        unsafe ccurl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
        return .success(HTTPResponse(status: status, url: request.url, headers: headers.headers, body: body))
    }
}
