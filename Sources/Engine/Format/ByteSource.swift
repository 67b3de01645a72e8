// The engine's door to bytes: it says which ranges it needs, a driver brings them. mmap answers at once, a folder
// by pread, S3 by parallel range requests.

/// A range of an object.
package struct ByteRequest: Hashable, Sendable {
    package let object: String
    package let offset: UInt64
    package let length: Int

    package init(object: String, offset: UInt64, length: Int) {
        self.object = object
        self.offset = offset
        self.length = length
    }
}

/// Bytes that stay valid, unchanged and in place as long as the view lives.
///
/// `@unchecked`: the bytes are never written after the view was made, and `owner` keeps them.
@safe package struct ByteView: @unchecked Sendable {
    package let bytes: UnsafeRawBufferPointer
    private let owner: AnyObject?

    /// - Parameter owner: holds `bytes` as long as it lives, and never changes them.
    package init(_ bytes: UnsafeRawBufferPointer, owner: AnyObject?) {
        unsafe self.bytes = unsafe bytes
        self.owner = owner
    }

    /// A copy.
    ///
    /// - Parameter spoilsAfterwards: whether its memory is overwritten before it is given back, so that who reads it then notices.
    package init(copying bytes: some Collection<UInt8>, spoilsAfterwards: Bool = false) {
        let held = HeldBytes(bytes, spoilsAfterwards: spoilsAfterwards)
        unsafe self.init(held.bytes, owner: held)
    }

    package var count: Int { unsafe bytes.count }

    package func slice(_ range: Range<Int>) -> ByteView {
        unsafe ByteView(UnsafeRawBufferPointer(rebasing: bytes[range]), owner: owner)
    }
}

/// Memory of its own, filled once.
@safe private final class HeldBytes {
    let bytes: UnsafeRawBufferPointer
    private let spoilsAfterwards: Bool

    init(_ source: some Collection<UInt8>, spoilsAfterwards: Bool) {
        self.spoilsAfterwards = spoilsAfterwards
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(source.count, 1), alignment: 16)
        unsafe memory.copyBytes(from: source)
        unsafe bytes = UnsafeRawBufferPointer(rebasing: memory[..<source.count])
    }

    deinit {
        let memory = unsafe UnsafeMutableRawBufferPointer(mutating: bytes)
        if spoilsAfterwards { for place in memory.indices { unsafe memory[place] = 0xDB } }
        unsafe memory.baseAddress!.deallocate()
    }
}

/// Brings ranges of objects.
package protocol ByteSource: Sendable {
    /// All ranges of one round, in the order asked for. A view is shorter than asked only where the object ends.
    ///
    /// - Throws: if an object is missing or cannot be read.
    func read(_ requests: [ByteRequest]) throws -> [ByteView]

    /// All of an object, if it lies where it can be read in place; nothing is checked here.
    func mapped(_ object: String) -> ByteView?
}

extension ByteSource {
    package func mapped(_ object: String) -> ByteView? { nil }
}
