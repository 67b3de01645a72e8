import CZstd

// zstd, single-threaded and with fixed parameters, so that the same bytes always give the same frame.
//
// A compressor or decompressor owns a C context and is confined to the thread that made it.

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

    /// Of an article's own frame, from log to overlay. It is compressed again with its neighbours when it gets into a cell, so this one is
    /// quick: a third less time than level 3 for a hundredth more bytes.
    package static let frameLevel = 1

    package init(level: Int) {
        guard let made = unsafe ZSTD_createCCtx() else { preconditionFailure("zstd: out of memory") }
        unsafe context = made
        self.level = Int32(level)
    }

    deinit { unsafe ZSTD_freeCCtx(context) }

    /// One frame with its content size in the header and no checksum of its own (the enclosing block has one).
    ///
    /// - Parameter dictionary: made for this compressor's level; the frame can be read with it only.
    package func compress(_ bytes: some Collection<UInt8>, with dictionary: ZstdDictionary? = nil) -> [UInt8] {
        let input = ContiguousArray(bytes)
        let bound = ZSTD_compressBound(input.count)
        return unsafe [UInt8](unsafeUninitializedCapacity: bound) { out, count in
            // Safe: capacity is zstd's own bound, and both buffers outlive the call.
            let written = unsafe input.withUnsafeBytes { source in
                if let prepared = unsafe dictionary?.compression {
                    return unsafe ZSTD_compress_usingCDict(
                        context, out.baseAddress, bound, source.baseAddress, source.count, prepared)
                }
                return unsafe ZSTD_compressCCtx(
                    context, out.baseAddress, bound, source.baseAddress, source.count, level)
            }
            precondition(ZSTD_isError(written) == 0, "zstd: compression into its own bound cannot fail")
            count = written
        }
    }
}

/// What many small frames of one kind have in common, so that each need not say it.
///
/// `@unchecked`: nothing is written after `init`.
@safe package final class ZstdDictionary: @unchecked Sendable {
    package let bytes: [UInt8]
    fileprivate let decompression: OpaquePointer
    fileprivate let compression: OpaquePointer?

    /// - Parameter level: that of a compressor which is to use it; nil if it only reads.
    /// - Throws: if the bytes are no dictionary, which the library does not tell from want of memory.
    package init(_ bytes: [UInt8], compressingAt level: Int? = nil) throws(ZstdError) {
        // Other bytes the library would take as they are, for content without tables.
        guard bytes.starts(with: Self.magic),
            let reading = unsafe bytes.withUnsafeBytes({ unsafe ZSTD_createDDict($0.baseAddress, $0.count) })
        else { throw .corrupt("no dictionary") }
        self.bytes = bytes
        unsafe decompression = reading
        unsafe compression = level.flatMap { level in
            unsafe bytes.withUnsafeBytes { unsafe ZSTD_createCDict($0.baseAddress, $0.count, Int32(level)) }
        }
        guard unsafe level == nil || compression != nil else { throw .corrupt("no dictionary") }
    }

    /// 0xEC30A437, little-endian (RFC 8878, section 5).
    private static let magic: [UInt8] = [0x37, 0xA4, 0x30, 0xEC]

    deinit {
        unsafe ZSTD_freeDDict(decompression)
        unsafe ZSTD_freeCDict(compression)
    }

    /// What is common to some samples: always the same for the same samples and version of the library.
    ///
    /// - Returns: at most `capacityBytes`; nil where there is too little to learn from.
    package static func train(_ samples: [ArraySlice<UInt8>], capacityBytes: Int, level: Int) -> [UInt8]? {
        var joined: [UInt8] = []
        joined.reserveCapacity(samples.reduce(0) { $0 + $1.count })
        for sample in samples { joined += sample }
        // What was worth its time on news; part of the segment format (docs/segment-format.md, section 4).
        var parameters = ZDICT_fastCover_params_t()
        parameters.k = 200
        parameters.d = 8
        parameters.f = 20
        parameters.accel = 4
        parameters.splitPoint = 1
        parameters.zParams.compressionLevel = Int32(level)
        var isTrained = false
        let found = unsafe [UInt8](unsafeUninitializedCapacity: capacityBytes) { out, count in
            let sizes = samples.map(\.count)
            let written = unsafe ZDICT_trainFromBuffer_fastCover(
                out.baseAddress, capacityBytes, joined, sizes, UInt32(sizes.count), parameters)
            isTrained = ZDICT_isError(written) == 0
            count = isTrained ? written : 0
        }
        return isTrained ? found : nil
    }
}

@safe package final class ZstdDecompressor {
    private let context: OpaquePointer

    package init() {
        guard let made = unsafe ZSTD_createDCtx() else { preconditionFailure("zstd: out of memory") }
        unsafe context = made
    }

    deinit { unsafe ZSTD_freeDCtx(context) }

    /// - Parameters:
    ///   - limit: most bytes the result may have; checked against the frame's header before anything is allocated.
    ///   - dictionary: the one that the frame was made with.
    package func decompress(
        _ frame: some Collection<UInt8>, atMost limit: Int, with dictionary: ZstdDictionary? = nil
    ) throws(ZstdError) -> [UInt8] {
        let input = ContiguousArray(frame)
        let declared = unsafe input.withUnsafeBytes { unsafe ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
        // ZSTD_CONTENTSIZE_ERROR and _UNKNOWN are the two largest values.
        guard declared < UInt64.max - 1 else { throw .corrupt("no valid frame header") }
        guard declared <= UInt64(limit) else { throw .tooLarge(declaredBytes: declared, limitBytes: limit) }
        let size = Int(declared)
        var failure: String?
        let result = unsafe [UInt8](unsafeUninitializedCapacity: max(size, 1)) { out, count in
            let written = unsafe input.withUnsafeBytes { source in
                if let prepared = unsafe dictionary?.decompression {
                    return unsafe ZSTD_decompress_usingDDict(
                        context, out.baseAddress, size, source.baseAddress, source.count, prepared)
                }
                return unsafe ZSTD_decompressDCtx(context, out.baseAddress, size, source.baseAddress, source.count)
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
