import Glibc
import NIOCore

/// Why an address cannot be listened on, as people are told it.
package struct ListenFailure: Error, CustomStringConvertible {
    package let endpoint: Endpoint
    package let reason: String

    /// - Returns: nil if the error is none of binding an address.
    package init?(_ error: any Error, endpoint: Endpoint) {
        guard let error = error as? IOError, Self.codes.contains(error.errnoCode) else { return nil }
        self.endpoint = endpoint
        // Safe: strerror gives a C string.
        reason = unsafe String(cString: strerror(error.errnoCode))
    }

    private static let codes = [EADDRINUSE, EADDRNOTAVAIL, EACCES]

    package var description: String {
        "cannot listen on \(endpoint): \(reason); give another address, or port 0 for one that is free"
    }
}
