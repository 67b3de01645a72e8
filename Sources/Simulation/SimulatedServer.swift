import News
import ObjectStore
import Storage

/// An S3-compatible server before the simulated bucket, as far as `S3Call` speaks to it. It answers by the book; what goes
/// wrong on the way is the world's to say (`World+ObjectStore.swift`).
struct SimulatedServer {
    private struct Upload {
        var key: String
        var parts: [Int: [UInt8]] = [:]
    }

    static let prefix = "archive/"

    private var uploads: [String: Upload] = [:]
    private var uploadCount = 0

    /// - Parameter perform: carries an operation out on the bucket.
    mutating func answer(
        _ request: S3Request, perform: (BucketOperation) throws -> BucketResult
    ) throws -> S3Response {
        func query(_ name: String) -> String? { request.query.first { $0.name == name }?.value }
        let name = String(request.key.dropFirst(Self.prefix.count))
        let upload = query("uploadId")
        switch request.method {
        case .put:
            if let upload {
                return sendPart(Array(request.body), query("partNumber").flatMap { Int($0) } ?? 0, of: upload)
            }
            let isConditional = request.headers.contains(S3Field("if-none-match", "*"))
            let bytes = Array(request.body)
            return Self.response(
                try perform(isConditional ? .create(name: name, bytes: bytes) : .put(name: name, bytes: bytes)), request
            )
        case .post:
            if let upload { return try complete(upload, request, perform) }
            uploadCount += 1
            uploads["\(uploadCount)"] = Upload(key: request.key)
            let id = "<UploadId>\(uploadCount)</UploadId>"
            return Self.xml(200, "<InitiateMultipartUploadResult>\(id)</InitiateMultipartUploadResult>")
        case .delete:
            if let upload {
                return uploads.removeValue(forKey: upload) == nil
                    ? Self.error(404, "NoSuchUpload") : S3Response(status: 204)
            }
            return Self.response(try perform(.delete(name: name)), request)
        case .head: return Self.response(try perform(.size(name: name)), request)
        case .get:
            if query("list-type") == nil {
                return Self.response(try perform(.get(name: name, range: nil)), request)
            }
            return try list(query, perform)
        }
    }

    /// The head of a request came, and no byte of its body. By the book nothing happens; but as SeaweedFS does, this server keeps an
    /// empty object of a PUT that carries no digest.
    func answerHead(of request: S3Request) throws {
        guard request.method == .put, !request.headers.contains(where: { $0.name == "content-md5" }) else { return }
        throw Violation(property: "what is cut off on its way up leaves nothing", detail: request.key)
    }

    // MARK: Lists

    private func list(
        _ query: (String) -> String?, _ perform: (BucketOperation) throws -> BucketResult
    ) throws -> S3Response {
        func name(_ key: String?) -> String? { key.map { String($0.dropFirst(Self.prefix.count)) } }
        let limit = query("max-keys").flatMap { Int($0) } ?? 1000
        let after = query("continuation-token") ?? name(query("start-after"))
        let result = try perform(.list(prefix: name(query("prefix")) ?? "", after: after, limit: limit + 1))
        guard case .names(let names) = result else { return Self.error(500, "InternalError") }
        let page = names.prefix(limit)
        var body = page.map { "<Contents><Key>\(Self.prefix)\($0)</Key></Contents>" }.joined()
        body += "<IsTruncated>\(names.count > limit)</IsTruncated>"
        if names.count > limit, let last = page.last {
            body += "<NextContinuationToken>\(last)</NextContinuationToken>"
        }
        return Self.xml(200, "<ListBucketResult>\(body)</ListBucketResult>")
    }

    // MARK: Uploads in parts

    private mutating func sendPart(_ bytes: [UInt8], _ number: Int, of upload: String) -> S3Response {
        guard uploads[upload] != nil else { return Self.error(404, "NoSuchUpload") }
        uploads[upload]!.parts[number] = bytes
        return S3Response(status: 200, headers: [S3Field("ETag", "\"\(number)\""), S3Field("Content-Length", "0")])
    }

    /// Without a condition, as with a store that knows none for this.
    private mutating func complete(
        _ id: String, _ request: S3Request, _ perform: (BucketOperation) throws -> BucketResult
    ) throws -> S3Response {
        guard let upload = uploads[id], upload.key == request.key else { return Self.error(404, "NoSuchUpload") }
        let asked = String(decoding: request.body, as: UTF8.self)
        let told = upload.parts.keys.sorted().map { "<PartNumber>\($0)</PartNumber><ETag>\"\($0)\"</ETag>" }
        guard
            asked == "<CompleteMultipartUpload>\(told.map { "<Part>\($0)</Part>" }.joined())</CompleteMultipartUpload>"
        else { return Self.error(400, "InvalidPart") }
        let name = String(request.key.dropFirst(Self.prefix.count))
        let bytes = upload.parts.keys.sorted().flatMap { upload.parts[$0]! }
        var result = try perform(.create(name: name, bytes: bytes))
        if result == .exists {
            // What is overwritten must be the same.
            guard try perform(.get(name: name, range: nil)) == .bytes(bytes) else {
                throw Violation(property: "an object is never overwritten by another", detail: name)
            }
            result = .done
        }
        guard result == .done else { return Self.response(result, request) }
        uploads[id] = nil
        return Self.xml(200, "<CompleteMultipartUploadResult></CompleteMultipartUploadResult>")
    }

    // MARK: Answers

    /// The word of a proxy that knows no way to the store.
    static func foreign() -> S3Response {
        let body = Array("404 page not found\n".utf8)
        return S3Response(status: 404, headers: [S3Field("Content-Length", "\(body.count)")], body: body)
    }

    static func error(_ status: Int, _ code: String, retryAfterSeconds: Int? = nil) -> S3Response {
        var response = xml(status, "<Error><Code>\(code)</Code><Message>simulated</Message></Error>")
        if let retryAfterSeconds { response.headers.append(S3Field("Retry-After", "\(retryAfterSeconds)")) }
        return response
    }

    private static func xml(_ status: Int, _ text: String) -> S3Response {
        let body = Array("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\(text)".utf8)
        return S3Response(status: status, headers: [S3Field("Content-Length", "\(body.count)")], body: body)
    }

    private static func response(_ result: BucketResult, _ request: S3Request) -> S3Response {
        switch result {
        case .done: S3Response(status: request.method == .delete ? 204 : 200, headers: [S3Field("Content-Length", "0")])
        case .exists: error(412, "PreconditionFailed")
        case .bytes(let bytes):
            S3Response(status: 200, headers: [S3Field("Content-Length", "\(bytes.count)")], body: bytes)
        case .size(let size): S3Response(status: 200, headers: [S3Field("Content-Length", "\(size)")])
        case .missing:
            request.method == .head
                ? S3Response(status: 404, headers: [S3Field("x-amz-request-id", "1")]) : error(404, "NoSuchKey")
        case .names: error(500, "InternalError")
        case .failed(let failure): failure.kind == .full ? error(507, "XMinioStorageFull") : error(500, "InternalError")
        }
    }
}
