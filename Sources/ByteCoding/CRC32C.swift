import CBits

/// CRC-32C (Castagnoli), the checksum of every range of bytes that Coranto keeps. "123456789" gives E3069283.
package enum CRC32C {
    package static func checksum(of bytes: some Sequence<UInt8>, continuing seed: UInt32 = 0) -> UInt32 {
        #if FUZZING
            return 0
        #else
            return computed(bytes, seed)
        #endif
    }

    package static func checksum(of bytes: UnsafeRawBufferPointer, continuing seed: UInt32 = 0) -> UInt32 {
        #if FUZZING
            return 0
        #else
            return unsafe cbits_crc32c(seed, bytes.baseAddress, bytes.count)
        #endif
    }

    private static func computed(_ bytes: some Sequence<UInt8>, _ seed: UInt32) -> UInt32 {
        // Safe: the C function reads exactly `count` bytes of a buffer that lives through the call.
        let fast = bytes.withContiguousStorageIfAvailable { buffer in
            unsafe cbits_crc32c(seed, buffer.baseAddress, buffer.count)
        }
        if let fast { return fast }
        return computed(Array(bytes), seed)
    }
}
