import CCurl
import Glibc
import ObjectStore

// One try of one request: an easy handle and what its callbacks give and collect. Confined to its session's thread.
//
// The callbacks get the transfer itself as context, unretained: the session holds it until the handle is removed from the
// multi handle, after which curl calls nothing.

/// See the head of this file.
@safe final class S3Transfer {
    let handle: UnsafeMutableRawPointer
    private let request: S3Request
    private var list: UnsafeMutablePointer<curl_slist>?
    private var headers: [S3Field] = []
    private var headerBytes = 0
    /// Curl takes an answer that ends among its headers for a whole one.
    private var isHeadWhole = false
    private var body: [UInt8] = []
    private var sentCount = 0
    private var isTooLarge = false

    private static let connectTimeoutMilliseconds = 5000
    /// A transfer this slow for this long has stopped.
    private static let leastBytesPerSecond = 1024
    private static let slowSeconds = 10
    private static let headerLimitBytes = 64 << 10

    init(_ request: S3Request, _ signed: SignedRequest, caFile: String?, usesProxy: Bool) {
        self.request = request
        guard let made = unsafe curl_easy_init() else { preconditionFailure("curl: out of memory") }
        unsafe handle = made
        for header in signed.headers {
            // A line end in a value would be a header of its own: such a request goes out unsigned, and is refused.
            let line = "\(header.name): \(header.value)"
            guard line.utf8.allSatisfy({ $0 >= 0x20 }) else { continue }
            unsafe list = curl_slist_append(list, line)
        }
        // Not asked for: leave to send first, and a type the server would store.
        unsafe list = curl_slist_append(list, "Expect:")
        unsafe list = curl_slist_append(list, "Content-Type:")
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe ccurl_set_text(handle, CURLOPT_URL, signed.url)
        unsafe ccurl_set_list(handle, CURLOPT_HTTPHEADER, list)
        unsafe ccurl_set_text(handle, CURLOPT_USERAGENT, "coranto")
        unsafe ccurl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https")
        unsafe ccurl_set_long(handle, CURLOPT_FOLLOWLOCATION, 0)
        unsafe ccurl_set_long(handle, CURLOPT_PATH_AS_IS, 1)
        unsafe ccurl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        unsafe ccurl_set_long(handle, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        unsafe ccurl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, Self.connectTimeoutMilliseconds)
        unsafe ccurl_set_long(handle, CURLOPT_TIMEOUT_MS, Int(request.timeoutMilliseconds))
        unsafe ccurl_set_long(handle, CURLOPT_LOW_SPEED_LIMIT, Self.leastBytesPerSecond)
        unsafe ccurl_set_long(handle, CURLOPT_LOW_SPEED_TIME, Self.slowSeconds)
        unsafe ccurl_set_long(handle, CURLOPT_TCP_KEEPALIVE, 1)
        unsafe ccurl_set_long(handle, CURLOPT_SSL_VERIFYPEER, 1)
        unsafe ccurl_set_long(handle, CURLOPT_SSL_VERIFYHOST, 2)
        if let caFile { unsafe ccurl_set_text(handle, CURLOPT_CAINFO, caFile) }
        if !usesProxy { unsafe ccurl_set_text(handle, CURLOPT_PROXY, "") }
        unsafe setMethod(context)
        unsafe ccurl_set_pointer(handle, CURLOPT_WRITEDATA, context)
        unsafe ccurl_set_pointer(handle, CURLOPT_HEADERDATA, context)
        unsafe ccurl_set_data_callback(handle, CURLOPT_WRITEFUNCTION) { data, size, count, context in
            unsafe S3Transfer.from(context).received(UnsafeRawBufferPointer(start: data, count: size * count))
        }
        unsafe ccurl_set_data_callback(handle, CURLOPT_HEADERFUNCTION) { data, size, count, context in
            unsafe S3Transfer.from(context).receivedHeader(UnsafeRawBufferPointer(start: data, count: size * count))
        }
    }

    deinit {
        unsafe curl_easy_cleanup(handle)
        unsafe curl_slist_free_all(list)
    }

    var identity: UInt { unsafe UInt(bitPattern: handle) }

    private func setMethod(_ context: UnsafeMutableRawPointer) {
        switch request.method {
        case .get: unsafe ccurl_set_long(handle, CURLOPT_HTTPGET, 1)
        case .head: unsafe ccurl_set_long(handle, CURLOPT_NOBODY, 1)
        case .delete: unsafe ccurl_set_text(handle, CURLOPT_CUSTOMREQUEST, request.method.rawValue)
        case .put, .post:
            unsafe ccurl_set_long(handle, CURLOPT_UPLOAD, 1)
            unsafe ccurl_set_text(handle, CURLOPT_CUSTOMREQUEST, request.method.rawValue)
            unsafe ccurl_set_offset(handle, CURLOPT_INFILESIZE_LARGE, curl_off_t(request.body.count))
            unsafe ccurl_set_pointer(handle, CURLOPT_READDATA, context)
            unsafe ccurl_set_pointer(handle, CURLOPT_SEEKDATA, context)
            unsafe ccurl_set_data_callback(handle, CURLOPT_READFUNCTION) { data, size, count, context in
                unsafe S3Transfer.from(context).give(UnsafeMutableRawBufferPointer(start: data, count: size * count))
            }
            unsafe ccurl_set_seek_callback(handle) { context, offset, origin in
                unsafe S3Transfer.from(context).seek(Int(offset), origin)
            }
        }
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> S3Transfer {
        unsafe Unmanaged<S3Transfer>.fromOpaque(context!).takeUnretainedValue()
    }

    // MARK: Callbacks

    private func give(_ room: UnsafeMutableRawBufferPointer) -> Int {
        let part = request.body.dropFirst(sentCount).prefix(room.count)
        unsafe room.copyBytes(from: part)
        sentCount += part.count
        return part.count
    }

    private func seek(_ offset: Int, _ origin: Int32) -> Int32 {
        guard origin == SEEK_SET, offset >= 0, offset <= request.body.count else { return CURL_SEEKFUNC_FAIL }
        sentCount = offset
        return CURL_SEEKFUNC_OK
    }

    /// - Returns: the count of bytes taken; fewer than given ends the transfer.
    private func received(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard body.count + bytes.count <= request.answerLimitBytes else {
            isTooLarge = true
            return 0
        }
        unsafe body.append(contentsOf: bytes)
        return bytes.count
    }

    private func receivedHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
        headerBytes += bytes.count
        guard headerBytes <= Self.headerLimitBytes else {
            isTooLarge = true
            return 0
        }
        let line = unsafe String(decoding: bytes, as: UTF8.self).filter { !$0.isNewline }
        if line.hasPrefix("HTTP/") {
            // Those before were of an interim answer, or of a proxy.
            headers.removeAll()
            isHeadWhole = false
        } else if line.isEmpty {
            isHeadWhole = true
        } else if let colon = line.firstIndex(of: ":") {
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            headers.append(S3Field(String(line[..<colon]), String(value)))
        }
        return bytes.count
    }

    // MARK: The end

    func outcome(of result: CURLcode) -> S3Call.Event {
        let reason = unsafe String(cString: curl_easy_strerror(result))
        func failed(_ kind: S3TransportFailure.Kind, _ message: String) -> S3Call.Event {
            .failed(S3TransportFailure(kind, message))
        }
        if isTooLarge { return failed(.tooLarge, "the answer has more than \(request.answerLimitBytes) bytes") }
        switch result {
        case CURLE_OK: break
        case CURLE_COULDNT_RESOLVE_HOST: return failed(.notSent, "the endpoint's name is not known (\(reason))")
        case CURLE_COULDNT_RESOLVE_PROXY: return failed(.notSent, "the proxy's name is not known (\(reason))")
        case CURLE_COULDNT_CONNECT: return failed(.notSent, "the endpoint does not answer (\(reason))")
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE:
            return failed(
                .untrusted,
                "the endpoint's certificate is not trusted (\(reason)); name its authority's file with --s3-ca-file")
        case CURLE_SSL_CONNECT_ERROR: return failed(.notSent, "no encrypted connection (\(reason))")
        case CURLE_OPERATION_TIMEDOUT:
            return failed(
                .unknown, "no whole answer to \(request.method.rawValue) within \(request.timeoutMilliseconds) ms")
        default: return failed(.unknown, "the connection broke during \(request.method.rawValue) (\(reason))")
        }
        guard isHeadWhole else { return failed(.unknown, "the answer to \(request.method.rawValue) broke off") }
        var status = 0
        unsafe ccurl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
        return .response(S3Response(status: status, headers: headers, body: body))
    }
}
