import CCrypto

/// MD5 (RFC 1321): only where a protocol asks for it, as the `Content-MD5` of a request does. It guards against accidents,
/// not against anybody.
package enum MD5 {
    package static let byteCount = 16

    package static func hash(of bytes: ArraySlice<UInt8>) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { out, count in
            // Safe: libcrypto reads exactly `count` bytes of a buffer that lives through the call, and writes sixteen.
            unsafe bytes.withUnsafeBufferPointer { buffer in
                _ = unsafe CCrypto.MD5(buffer.baseAddress, buffer.count, out.baseAddress)
            }
            count = byteCount
        }
    }
}
