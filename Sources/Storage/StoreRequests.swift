/// Requests a process sent to an object store since it started, tries that failed among them: what one pays for.
package struct StoreRequests: Codable, Equatable, Sendable {
    /// PUT and POST of objects and their parts.
    package var puts: UInt64 = 0
    package var lists: UInt64 = 0
    /// GET and HEAD.
    package var gets: UInt64 = 0
    package var deletes: UInt64 = 0
    package var sentBytes: UInt64 = 0
    package var receivedBytes: UInt64 = 0

    package init() {}
}

extension StoreRequests: CustomStringConvertible {
    package var description: String {
        "\(puts) PUT, \(lists) LIST, \(gets) GET, \(deletes) DELETE; \(sentBytes >> 10) KiB sent, \(receivedBytes >> 10) received"
    }
}
