import CZstd

/// zstd, single-threaded and with fixed parameters, so that the same bytes always give the same frame.
///
/// A compressor or decompressor owns a C context and is confined to the thread that made it.
package enum ZstdError: Error, Equatable, CustomStringConvertible {
    /// The frame is not zstd, damaged, or cut.
    case corrupt(String)
    /// The frame says it is larger than the caller allows.
    case tooLarge(declaredBytes: UInt64, limitBytes: Int)

    package var description: String {
        switch self {
        case .corrupt(let why): "zstd frame cannot be read: \(why)"
        case .tooLarge(let declared, let limit): "zstd frame declares \(declared) bytes, at most \(limit) are allowed"
        }
    }
}

package enum ZstdLibrary {
    /// Of the library in use: major * 10000 + minor * 100 + patch. Frames of two versions may differ.
    package static var version: UInt32 { UInt32(ZSTD_versionNumber()) }
}

@safe package final class ZstdCompressor {
    private let context: OpaquePointer
    private let level: Int32

    package init(level: Int = 3) {
        guard let made = unsafe ZSTD_createCCtx() else { preconditionFailure("zstd: out of memory") }
        unsafe context = made
        self.level = Int32(level)
    }

    deinit { unsafe ZSTD_freeCCtx(context) }

    /// One frame with its content size in the header and no checksum of its own (the enclosing block has one).
    package func compress(_ bytes: some Collection<UInt8>) -> [UInt8] {
        let input = Array(bytes)
        let bound = ZSTD_compressBound(input.count)
        return unsafe [UInt8](unsafeUninitializedCapacity: bound) { out, count in
            // Safe: capacity is zstd's own bound, and both buffers outlive the call.
            let written = unsafe input.withUnsafeBytes { source in
                unsafe ZSTD_compressCCtx(context, out.baseAddress, bound, source.baseAddress, source.count, level)
            }
            precondition(ZSTD_isError(written) == 0, "zstd: compression into its own bound cannot fail")
            count = written
        }
    }
}

@safe package final class ZstdDecompressor {
    private let context: OpaquePointer

    package init() {
        guard let made = unsafe ZSTD_createDCtx() else { preconditionFailure("zstd: out of memory") }
        unsafe context = made
    }

    deinit { unsafe ZSTD_freeDCtx(context) }

    /// - Parameter limit: most bytes the result may have; checked against the frame's header before anything is allocated.
    package func decompress(_ frame: some Collection<UInt8>, atMost limit: Int) throws(ZstdError) -> [UInt8] {
        let input = Array(frame)
        let declared = unsafe input.withUnsafeBytes { unsafe ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
        // ZSTD_CONTENTSIZE_ERROR and _UNKNOWN are the two largest values.
        guard declared < UInt64.max - 1 else { throw .corrupt("no valid frame header") }
        guard declared <= UInt64(limit) else { throw .tooLarge(declaredBytes: declared, limitBytes: limit) }
        let size = Int(declared)
        var failure: String?
        let result = unsafe [UInt8](unsafeUninitializedCapacity: max(size, 1)) { out, count in
            let written = unsafe input.withUnsafeBytes { source in
                unsafe ZSTD_decompressDCtx(context, out.baseAddress, size, source.baseAddress, source.count)
            }
            if ZSTD_isError(written) != 0 {
                failure = unsafe String(cString: ZSTD_getErrorName(written))
            } else if written != size {
                failure = "\(written) bytes instead of \(size)"
            } else {
                count = written
            }
        }
        if let failure { throw .corrupt(failure) }
        return result
    }
}
