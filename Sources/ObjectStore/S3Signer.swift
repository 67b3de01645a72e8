import ByteCoding
package import News

/// A request as it goes over the network.
package struct SignedRequest: Equatable, Sendable {
    package var method: S3Request.Method
    package var url: String
    /// Host and Authorization included.
    package var headers: [S3Field]
}

/// Addresses requests and signs them: AWS Signature Version 4, in the Authorization header, the payload's hash included.
///
/// Source: "Signature Calculations for the Authorization Header: Transferring Payload in a Single Chunk" of the Amazon S3
/// API reference; its examples are tests.
package struct S3Signer: Sendable {
    package let endpoint: S3Endpoint
    package let bucket: String
    package let region: String
    private let credentials: S3Credentials

    package init(endpoint: S3Endpoint, bucket: String, region: String, credentials: S3Credentials) {
        self.endpoint = endpoint
        self.bucket = bucket
        self.region = region
        self.credentials = credentials
    }

    package func sign(_ request: S3Request, at time: Timestamp) -> SignedRequest {
        let (day, moment) = Self.words(of: time)
        let payload = SHA256.hash(of: request.body).hex
        var headers = request.headers
        headers += [
            S3Field("host", endpoint.hostHeader(bucket)), S3Field("x-amz-content-sha256", payload),
            S3Field("x-amz-date", moment),
        ]
        if let token = credentials.sessionToken { headers.append(S3Field("x-amz-security-token", token)) }
        let path = endpoint.path(bucket, request.key)
        let query = Self.canonicalQuery(request.query)
        let lines = headers.map { S3Field($0.name.lowercased(), Self.trimmed($0.value)) }.sorted { $0.name < $1.name }
        let names = lines.map(\.name).joined(separator: ";")
        let canonical = [
            request.method.rawValue, path, query, lines.map { "\($0.name):\($0.value)\n" }.joined(), names, payload,
        ].joined(separator: "\n")
        let scope = "\(day)/\(region)/s3/aws4_request"
        let toSign = "AWS4-HMAC-SHA256\n\(moment)\n\(scope)\n\(SHA256.hash(of: canonical.utf8).hex)"
        var key = Array("AWS4\(credentials.secretKey)".utf8)
        for word in [day, region, "s3", "aws4_request"] { key = HMACSHA256.code(of: word.utf8, key: key).bytes }
        let signature = HMACSHA256.code(of: toSign.utf8, key: key).hex
        headers.append(
            S3Field(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=\(credentials.accessKey)/\(scope),SignedHeaders=\(names),"
                    + "Signature=\(signature)"))
        let origin = (endpoint.isEncrypted ? "https://" : "http://") + endpoint.hostHeader(bucket)
        return SignedRequest(
            method: request.method, url: origin + path + (query.isEmpty ? "" : "?" + query), headers: headers)
    }

    /// Sorted by encoded name; "name=" where there is no value.
    static func canonicalQuery(_ query: [S3Field]) -> String {
        query.map { (S3Encoding.query($0.name), S3Encoding.query($0.value)) }.sorted { $0 < $1 }
            .map { "\($0.0)=\($0.1)" }.joined(separator: "&")
    }

    private static func trimmed(_ value: String) -> String {
        value.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
    }

    /// "20130524" and "20130524T000000Z".
    static func words(of time: Timestamp) -> (day: String, moment: String) {
        let seconds = time.milliseconds >= 0 ? time.milliseconds / 1000 : (time.milliseconds - 999) / 1000
        let civil = CivilTime(secondsSinceEpoch: seconds)
        func digits(_ value: Int, _ count: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        let day = digits(civil.year, 4) + digits(civil.month, 2) + digits(civil.day, 2)
        return (day, "\(day)T\(digits(civil.hour, 2))\(digits(civil.minute, 2))\(digits(civil.second, 2))Z")
    }
}
