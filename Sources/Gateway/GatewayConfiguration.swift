package import HostIO
package import Storage
package import Wire

/// What a gateway is told when it starts.
package struct GatewayConfiguration: Sendable {
    package var bucket: any Bucket
    package var endpoint: Endpoint
    /// If there is one, answers are only for those who send it: `Authorization: Bearer …`.
    package var token: Token?
    package var limits = HTTPLimits()
    /// nil: plain HTTP.
    package var tls: ServerTLS?
    /// Threads that search; more questions wait.
    package var threadCount = 4
    /// Questions that may wait or be worked on at once; more are refused with 503.
    package var questionLimitCount = 64
    /// Within how long a question is answered, once it is worked on; else it is stopped, and refused.
    package var questionMilliseconds: Int64 = 30_000
    /// How much is kept of what questions read, on an object store.
    package var cacheBytes = 256 << 20
    /// Between two looks for a newer manifest. In a folder one costs next to nothing, and who has just put articles asks at once.
    package var pollInterval: Duration
    /// Likewise after one that failed.
    static let failedPollInterval = Duration.milliseconds(200)

    package init(bucket: any Bucket, endpoint: Endpoint) {
        self.bucket = bucket
        pollInterval = .milliseconds(bucket is FolderBucket ? 20 : 200)
        self.endpoint = endpoint
    }

    /// Whether it is right to listen there: beyond loopback everyone could read, so the user must say so.
    package static func check(_ endpoint: Endpoint, plainNetwork: Bool, hasTLS: Bool = false) throws(Failure) {
        do throws(ListenPolicy.Refusal) {
            try ListenPolicy.check(host: endpoint.host, hasToken: true, plainNetwork: plainNetwork, hasTLS: hasTLS)
        } catch {
            throw Failure(.badRequest, "\(error)")
        }
    }
}
