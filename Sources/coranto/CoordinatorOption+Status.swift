import Gateway
import HostIO
import Roles
import Wire

extension CoordinatorOption {
    /// What the coordinator says of itself, as JSON; nil if nobody answers.
    ///
    /// - Parameter store: where its address stands if none is given.
    func status(in store: String?, _ s3: S3Options) async throws -> [UInt8]? {
        let token = try token()
        let tls = try tls.client()
        let endpoints = try endpoints()
        let locator: CoordinatorLocator
        if endpoints.isEmpty, let store {
            locator = .store(try StorePlace(store, s3).openForReading())
        } else {
            locator = .addresses(endpoints)
        }
        return try await Blocking.run { () -> [UInt8]? in
            for endpoint in locator.candidates() {
                do throws(CloseReason) {
                    let client = try BlockingClient(
                        endpoint: endpoint, introduction: Introduction(role: .client, client: "status"), token: token,
                        tls: tls, timeoutMilliseconds: 2000)
                    try client.send([.status], timeoutMilliseconds: 2000)
                    if case .statusReport(let json) = try client.next(timeoutMilliseconds: 5000) { return json }
                } catch {
                    if case .refused(.unauthorised, let why) = error {
                        throw Failure(.unauthorised, why, hint: "give --token-file FILE")
                    }
                    if case .tls = error { throw Failure(.failed, "\(endpoint): \(error)") }
                    if error == .noGreeting { Terminal.note("\(endpoint): \(error)") }
                }
            }
            return nil
        }
    }
}
