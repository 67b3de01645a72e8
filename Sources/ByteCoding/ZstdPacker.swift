import CZstd

/// Bytes that come piece by piece and are packed into one zstd frame with a checksum. One thread, fixed parameters, whole
/// pieces of a fixed size: the same bytes give the same frame, however they come. Memory is bounded by the piece.
///
/// Confined to one thread.
@safe package final class ZstdPacker {
    private let context: OpaquePointer
    private var waiting: [UInt8] = []

    static let pieceBytes = 1 << 20

    package init(level: Int = 3) {
        guard let made = unsafe ZSTD_createCCtx() else { preconditionFailure("zstd: out of memory") }
        unsafe context = made
        _ = unsafe ZSTD_CCtx_setParameter(made, ZSTD_c_compressionLevel, Int32(level))
        _ = unsafe ZSTD_CCtx_setParameter(made, ZSTD_c_checksumFlag, 1)
        waiting.reserveCapacity(Self.pieceBytes)
    }

    deinit { unsafe ZSTD_freeCCtx(context) }

    /// Packs bytes; `take` gets what comes out, bit by bit.
    package func append(_ bytes: some Collection<UInt8>, _ take: ([UInt8]) throws -> Void) rethrows {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = rest.prefix(Self.pieceBytes - waiting.count)
            waiting.append(contentsOf: part)
            rest = rest.dropFirst(part.count)
            if waiting.count == Self.pieceBytes { try pack(ZSTD_e_continue, take) }
        }
    }

    /// Ends the frame.
    package func finish(_ take: ([UInt8]) throws -> Void) rethrows { try pack(ZSTD_e_end, take) }

    private func pack(_ mode: ZSTD_EndDirective, _ take: ([UInt8]) throws -> Void) rethrows {
        let isEnd = mode.rawValue == ZSTD_e_end.rawValue
        var done = 0
        while true {
            var isOver = false
            let out = unsafe [UInt8](unsafeUninitializedCapacity: Self.pieceBytes) { target, count in
                // Safe: both buffers outlive the call, and the sizes given are theirs.
                unsafe waiting.withUnsafeBytes { source in
                    var input = unsafe ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: done)
                    var output = unsafe ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
                    let left = unsafe ZSTD_compressStream2(context, &output, &input, mode)
                    precondition(ZSTD_isError(left) == 0, "zstd: packing what is in memory cannot fail")
                    done = unsafe input.pos
                    count = unsafe output.pos
                    isOver = unsafe isEnd ? left == 0 : input.pos == input.size
                }
            }
            if !out.isEmpty { try take(out) }
            if isOver { break }
        }
        waiting.removeAll(keepingCapacity: true)
    }
}
