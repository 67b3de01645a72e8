import CZlib
import CZstd

/// Bytes that come piece by piece and are unpacked on the way: plain, zstd (several frames in a row) or gzip (several
/// members in a row). Memory is bounded by the piece and the format's window.
///
/// Confined to one thread.
@safe package final class Unpacker {
    package enum Format: Sendable {
        case plain
        case zstd
        case gzip
    }

    package struct Failure: Error, Equatable, CustomStringConvertible {
        package var description: String
    }

    private let format: Format
    private var zstd: OpaquePointer?
    private var gzip: UnsafeMutablePointer<z_stream>?
    /// Within a frame or member: the end may not come here.
    private var isInside = false

    static let pieceBytes = 1 << 18
    /// log2 of the largest zstd window that is taken: 128 MiB.
    static let windowLog: Int32 = 27

    package init(_ format: Format) throws(Failure) {
        self.format = format
        switch format {
        case .plain: break
        case .zstd:
            guard let made = unsafe ZSTD_createDCtx() else { throw Failure(description: "zstd: out of memory") }
            unsafe zstd = made
            _ = unsafe ZSTD_DCtx_setParameter(made, ZSTD_d_windowLogMax, Self.windowLog)
        case .gzip:
            let made = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
            unsafe made.initialize(to: z_stream())
            // 15 + 16: gzip framing with the largest window.
            guard unsafe inflateInit2_(made, 31, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
                unsafe made.deallocate()
                throw Failure(description: "gzip: cannot be set up")
            }
            unsafe gzip = made
        }
    }

    deinit {
        if let zstd = unsafe zstd { unsafe ZSTD_freeDCtx(zstd) }
        if let gzip = unsafe gzip {
            unsafe inflateEnd(gzip)
            unsafe gzip.deallocate()
        }
    }

    /// Unpacks a piece; `take` gets what comes out, bit by bit.
    package func append(_ piece: [UInt8], _ take: (ArraySlice<UInt8>) throws -> Void) throws {
        switch format {
        case .plain: try take(piece[...])
        case .zstd: try appendZstd(piece, take)
        case .gzip: try appendGzip(piece, take)
        }
    }

    /// - Throws: if the bytes end within a frame.
    package func finish() throws(Failure) {
        if isInside { throw Failure(description: "the packed data end in the middle") }
    }

    private func appendZstd(_ piece: [UInt8], _ take: (ArraySlice<UInt8>) throws -> Void) throws {
        var output = [UInt8](repeating: 0, count: Self.pieceBytes)
        var done = 0
        var mayHoldMore = false
        while done < piece.count || mayHoldMore {
            // Safe: both buffers outlive the call, and the sizes given are theirs.
            let (state, used, made) = unsafe piece.withUnsafeBytes { source in
                unsafe output.withUnsafeMutableBytes { target in
                    var input = unsafe ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: done)
                    var out = unsafe ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
                    let state = unsafe ZSTD_decompressStream(zstd, &out, &input)
                    return unsafe (state, input.pos, out.pos)
                }
            }
            if ZSTD_isError(state) != 0 {
                throw Failure(description: "zstd: \(unsafe String(cString: ZSTD_getErrorName(state)))")
            }
            done = used
            isInside = state != 0
            // Not at the end of a frame, where all is out: another call without input would begin the next.
            mayHoldMore = made == output.count && isInside
            if made > 0 { try take(output[..<made]) }
        }
    }

    private func appendGzip(_ piece: [UInt8], _ take: (ArraySlice<UInt8>) throws -> Void) throws {
        guard let stream = unsafe gzip else { return }
        var output = [UInt8](repeating: 0, count: Self.pieceBytes)
        var done = 0
        var mayHoldMore = false
        while done < piece.count || mayHoldMore {
            var input = Array(piece[done...])
            let count = input.count
            // Safe: zlib keeps the pointers only through the call; both are set again before the next.
            let (state, left, room) = unsafe input.withUnsafeMutableBufferPointer { source in
                unsafe output.withUnsafeMutableBufferPointer { target in
                    unsafe stream.pointee.next_in = source.baseAddress
                    unsafe stream.pointee.avail_in = UInt32(source.count)
                    unsafe stream.pointee.next_out = target.baseAddress
                    unsafe stream.pointee.avail_out = UInt32(target.count)
                    let state = unsafe inflate(stream, Z_NO_FLUSH)
                    return unsafe (state, Int(stream.pointee.avail_in), Int(stream.pointee.avail_out))
                }
            }
            guard state == Z_OK || state == Z_STREAM_END || state == Z_BUF_ERROR else {
                throw Failure(description: "gzip: damaged (zlib error \(state))")
            }
            let made = output.count - room
            if made > 0 { try take(output[..<made]) }
            done += count - left
            isInside = state != Z_STREAM_END
            mayHoldMore = room == 0
            if state == Z_STREAM_END {
                unsafe inflateReset(stream)
                mayHoldMore = false
            }
            if state == Z_BUF_ERROR { break }
        }
    }
}
