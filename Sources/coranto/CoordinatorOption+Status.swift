import Gateway
import HostIO
import Roles
import Wire

extension CoordinatorOption {
    enum Answer: Sendable {
        /// What the coordinator says of itself, as JSON.
        case status([UInt8])
        /// Nobody answers: of each address that was tried, why. None is known where there are no reasons.
        case silence(reasons: [String])
    }

    static func silence(_ reasons: [String]) -> String {
        "no coordinator answers" + (reasons.isEmpty ? "" : " (\(reasons.joined(separator: "; ")))")
    }

    /// - Parameter store: where its address stands if none is given.
    func status(in store: String?, _ s3: S3Options) async throws -> Answer {
        let token = try token()
        let tls = try tls.client()
        let endpoints = try endpoints()
        let locator: CoordinatorLocator
        if endpoints.isEmpty, let store {
            locator = .store(try StorePlace(store, s3).openForReading())
        } else {
            locator = .addresses(endpoints)
        }
        return try await Blocking.run { () -> Answer in
            var reasons: [String] = []
            for endpoint in locator.candidates() {
                do throws(CloseReason) {
                    let client = try BlockingClient(
                        endpoint: endpoint, introduction: Introduction(role: .client, client: "status"), token: token,
                        tls: tls, timeoutMilliseconds: 2000)
                    try client.send([.status], timeoutMilliseconds: 2000)
                    if case .statusReport(let json) = try client.next(timeoutMilliseconds: 5000) {
                        return .status(json)
                    }
                    reasons.append("\(endpoint): the answer is none to STATUS")
                } catch {
                    if case .refused(.unauthorised, let why) = error {
                        throw Failure(.unauthorised, why, hint: "give --token-file FILE")
                    }
                    if case .tls = error { throw Failure(.failed, "\(endpoint): \(error)") }
                    let reason = "\(error)"
                    reasons.append(reason.contains("\(endpoint)") ? reason : "\(endpoint): \(reason)")
                }
            }
            return .silence(reasons: reasons)
        }
    }
}
