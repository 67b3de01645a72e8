/// HMAC with SHA-256 (RFC 2104).
package enum HMACSHA256 {
    private static let blockBytes = 64

    package static func code(of text: some Sequence<UInt8>, key: some Collection<UInt8>) -> Digest256 {
        var block = key.count > blockBytes ? SHA256.hash(of: key).bytes : Array(key)
        block.append(contentsOf: repeatElement(0, count: blockBytes - block.count))
        var inner = SHA256Hasher()
        inner.update(block.map { $0 ^ 0x36 })
        inner.update(text)
        var outer = SHA256Hasher()
        outer.update(block.map { $0 ^ 0x5C })
        outer.update(inner.finalize().bytes)
        return outer.finalize()
    }
}
