import ByteCoding
import News

/// Bounds of docs/wire-protocol.md. Each is checked before anything of that size is allocated.
package enum WireLimits {
    /// Longest line, CR LF included.
    package static let lineBytes = 4096
    /// Payload of a PUT.
    package static let putBytes = Limits.batchBytes
    /// Payload of ARTICLES: a full batch and its headers.
    package static let articlesBytes = Limits.batchBytes + (1 << 20)
    /// Payload of SEALED, MERGE, MERGED, FIND, FOUND, SCAN, SCANNED, LEASE and STATUS_REPORT.
    package static let reportBytes = 16 << 20
    /// Payload of JOINED.
    package static let settingsBytes = 4096
    /// Name of a client.
    package static let clientBytes = 64
    /// Name of an object of the store.
    package static let objectNameBytes = 256
    /// Text for people at the end of a line. Shorter than a line by more than any words before it.
    package static let textBytes = 1024
    /// A nonce has at least `nonceBytes` and at most twice as many.
    package static let nonceBytes = 16
    package static let proofBytes = Digest256.byteCount

    static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2E, 0x5F, 0x2D: true
        default: false
        }
    }

    static func isControl(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x7F }
}
