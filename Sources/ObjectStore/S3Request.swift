/// A name and a value: of a header or in a query.
package struct S3Field: Equatable, Sendable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// A request to a bucket, before it is addressed and signed.
package struct S3Request: Equatable, Sendable {
    package enum Method: String, Sendable {
        case get = "GET"
        case head = "HEAD"
        case put = "PUT"
        case post = "POST"
        case delete = "DELETE"
    }

    package var method: Method
    /// The object's key, unencoded; "" is the bucket itself.
    package var key: String
    package var query: [S3Field]
    package var headers: [S3Field]
    package var body: ArraySlice<UInt8>
    /// Most bytes of an answer's body.
    package var answerLimitBytes: Int
    /// From start to end of one try.
    package var timeoutMilliseconds: Int64

    package init(
        _ method: Method, key: String, query: [S3Field] = [], headers: [S3Field] = [], body: ArraySlice<UInt8> = [],
        answerLimitBytes: Int = 1 << 20, timeoutMilliseconds: Int64
    ) {
        self.method = method
        self.key = key
        self.query = query
        self.headers = headers
        self.body = body
        self.answerLimitBytes = answerLimitBytes
        self.timeoutMilliseconds = timeoutMilliseconds
    }
}

/// What came back, whole: the driver has seen that no byte of the body is missing.
package struct S3Response: Equatable, Sendable {
    package var status: Int
    package var headers: [S3Field]
    package var body: [UInt8]

    package init(status: Int, headers: [S3Field] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The first header of that name, whatever its letters' case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// A try that brought no whole answer.
package struct S3TransportFailure: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        /// No connection was made: the store has seen nothing of the request.
        case notSent
        /// Timed out or broken on the way: the request may have taken effect.
        case unknown
        /// The other side's certificate is not trusted: nothing was sent, and the same again gives the same.
        case untrusted
        /// More came than was asked for.
        case tooLarge
    }

    package var kind: Kind
    package var message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}
