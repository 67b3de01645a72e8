import News
import Storage

/// An answer that is no success, and what follows from it.
struct S3Refusal: Equatable {
    enum Verdict: Equatable {
        /// Busy, or broken for now. The request may have taken effect, unless `isCertain`: then it was surely not carried out.
        case again(isCertain: Bool)
        /// No room, or a quota is used up.
        case full
        /// The same again gives the same.
        case lasting
    }

    var status: Int
    /// What the store says, shortened and free of control characters; "" if it says nothing.
    var code: String
    var text: String
    var region: String?
    var bucketRegion: String?
    /// Whether the store itself answered, not something on the way to it.
    var isOfStore: Bool
    /// How long the store asks us to wait.
    var retryAfterMilliseconds: Int64?

    init(_ response: S3Response) {
        status = response.status
        var fields: XMLFields?
        // An answer without a readable body still has its status.
        do throws(XMLFields.Malformed) { fields = try XMLFields(response.body) } catch { fields = nil }
        code = Self.shown(fields?.text("Error/Code") ?? "")
        text = Self.shown(fields?.text("Error/Message") ?? "")
        isOfStore = !code.isEmpty || response.header("x-amz-request-id") != nil
        bucketRegion = (response.header("x-amz-bucket-region") ?? fields?.text("Error/Region")).map(Self.shown)
        retryAfterMilliseconds = response.header("retry-after").flatMap { Int64($0) }.map { min(max($0, 0), 60) * 1000 }
    }

    private static func shown(_ text: String) -> String {
        String(text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }.map(Character.init).prefix(200))
    }

    var verdict: Verdict {
        switch code {
        case "QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "InsufficientStorage",
            "StorageQuotaExceeded":
            return .full
        case "RequestTimeout", "IncompleteBody", "BadDigest", "XAmzContentSHA256Mismatch", "ConditionalRequestConflict",
            "OperationAborted":
            return .again(isCertain: true)
        case "NotImplemented": return .lasting
        default: break
        }
        switch status {
        case 408, 409, 425, 429: return .again(isCertain: true)
        case 404 where !isOfStore: return .again(isCertain: false)
        case 507: return .full
        case 501, 505: return .lasting
        case 500...: return .again(isCertain: false)
        default: return .lasting
        }
    }

    /// What happened, and what to do about it.
    func message(_ request: S3Request, region: String) -> String {
        var words = "\(request.method.rawValue) was answered with \(status)"
        if !code.isEmpty { words += " \(code)" }
        if !text.isEmpty { words += " (\(text))" }
        return hint(region: region).map { "\(words); \($0)" } ?? words
    }

    private func hint(region: String) -> String? {
        switch code {
        case "NoSuchBucket": return "make the bucket first, or correct its name"
        case "InvalidAccessKeyId":
            return "the store does not know this access key: check AWS_ACCESS_KEY_ID or the profile"
        case "SignatureDoesNotMatch":
            return "the secret key is not that of the access key: check AWS_SECRET_ACCESS_KEY or the profile"
        case "ExpiredToken", "TokenRefreshRequired", "InvalidToken":
            return "the session token is no longer good: get a new one"
        case "RequestTimeTooSkewed": return "this machine's clock and the store's differ too much: set it"
        case "AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException":
            return bucketRegion.map { "the bucket is in \($0): give --s3-region \($0)" }
                ?? "the region may be wrong (it is \(region)): give --s3-region"
        default: break
        }
        switch status {
        case 301, 302, 307, 308:
            return bucketRegion.map { "the bucket is in \($0): give --s3-region \($0)" }
                ?? "the endpoint or its style may be wrong: see --s3-endpoint, --s3-style"
        case 401, 403: return "the credentials must be right, and may list the bucket and read, write and delete in it"
        case 404 where !isOfStore, 405: return "is this an S3 endpoint? see --s3-endpoint, --s3-style"
        case 501: return "the store does not do what coranto needs: see docs/object-stores.md"
        case 507: return "make room"
        default: return verdict == .full ? "raise the quota or make room" : nil
        }
    }
}
