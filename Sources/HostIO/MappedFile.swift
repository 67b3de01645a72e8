import Glibc

// Pointers live here: the mapping belongs to the object and ends with it.

/// A file mapped for reading. Objects are immutable, so the bytes stay as they are even after the object is deleted;
/// but a page that the disk cannot read, or that was cut off behind the bucket's back, ends the process (SIGBUS).
@safe package final class MappedFile: Sendable {
    /// Immutable memory: safe to read from any thread while the object lives.
    private nonisolated(unsafe) let memory: UnsafeRawBufferPointer

    package init(_ path: String) throws(SystemError) {
        let file = try SystemCall.open(path, O_RDONLY)
        let status = try file.status(path)
        guard status.isRegular else { throw SystemError("map", path, code: EISDIR) }
        guard status.sizeBytes > 0 else {
            unsafe memory = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let count = Int(exactly: status.sizeBytes) else { throw SystemError("map", path, code: EFBIG) }
        // Safe: a private read-only mapping of a file that is open; MAP_FAILED is all ones.
        let start = unsafe mmap(nil, count, PROT_READ, MAP_PRIVATE, file.raw, 0)
        guard let start = unsafe start, UInt(bitPattern: start) != UInt.max else { throw SystemError("map", path) }
        unsafe memory = UnsafeRawBufferPointer(start: start, count: count)
    }

    deinit {
        if let start = unsafe memory.baseAddress {
            _ = unsafe munmap(UnsafeMutableRawPointer(mutating: start), memory.count)
        }
    }

    package var count: Int { unsafe memory.count }

    /// All bytes of the file. Valid only while this object is held: keep it for as long as the pointer is used.
    @unsafe package var unsafeBytes: UnsafeRawBufferPointer { unsafe memory }

    package func withBytes<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(self) {} }
        return try body(unsafe RawSpan(_unsafeBytes: memory))
    }

    /// A copy of `length` bytes from `offset`; nil if they are not all there.
    package func bytes(from offset: Int, _ length: Int) -> [UInt8]? {
        guard offset >= 0, length >= 0, offset <= count, length <= count - offset else { return nil }
        defer { withExtendedLifetime(self) {} }
        return unsafe Array(memory[offset..<offset + length])
    }
}
