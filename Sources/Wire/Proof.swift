import ByteCoding

/// The secret that a cluster's processes share.
package struct Token: Sendable {
    package static let lengths = 16...1024
    private let bytes: [UInt8]

    /// - Parameter fileContent: white space at its end is no part of the token.
    /// - Returns: nil unless 16 to 1024 bytes are left.
    package init?(fileContent: some Sequence<UInt8>) {
        var bytes = Array(fileContent)
        while let last = bytes.last, [0x20, 0x09, 0x0A, 0x0D].contains(last) { bytes.removeLast() }
        guard Self.lengths.contains(bytes.count) else { return nil }
        self.bytes = bytes
    }

    /// Whether `given` is the token. Hashes are compared, so that the time tells nothing of it.
    package func matches(_ given: some Sequence<UInt8>) -> Bool {
        SHA256.hash(of: Array(given)) == SHA256.hash(of: bytes)
    }

    func code(of text: String) -> Digest256 { HMACSHA256.code(of: text.utf8, key: bytes) }
}

/// What shows that a peer knows the token, for this role and name on this connection only.
package enum Proof {
    package static func make(
        token: Token, role: PeerRole, client: String, serverNonce: [UInt8], clientNonce: [UInt8]
    ) -> [UInt8] {
        // No word holds a space, so no two sets of fields give the same text.
        let words = ["coranto-0", role.rawValue, client, Hex.string(serverNonce), Hex.string(clientNonce)]
        return token.code(of: words.joined(separator: " ")).bytes
    }

    /// Takes the same time wherever a wrong proof differs.
    package static func verify(
        _ proof: [UInt8], token: Token, role: PeerRole, client: String, serverNonce: [UInt8], clientNonce: [UInt8]
    ) -> Bool {
        guard proof.count == WireLimits.proofBytes, clientNonce.count >= WireLimits.nonceBytes else { return false }
        let expected = make(
            token: token, role: role, client: client, serverNonce: serverNonce, clientNonce: clientNonce)
        return zip(proof, expected).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
