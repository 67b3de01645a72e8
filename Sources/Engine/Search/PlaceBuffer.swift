/// Positions of a word in one document, in memory that is used again for the next. A hot file. Confined to one thread.
@safe final class PlaceBuffer {
    /// Good until more room is asked for.
    private(set) var base = UnsafeMutablePointer<UInt32>.allocate(capacity: 64)
    var count = 0
    private var capacity = 64

    deinit { unsafe base.deallocate() }

    /// Room for `count` positions, which the caller writes. What was there is lost.
    @inline(__always)
    func begin(_ count: Int) -> UnsafeMutablePointer<UInt32> {
        if count > capacity { grow(count) }
        self.count = count
        return unsafe base
    }

    @inline(never)
    private func grow(_ count: Int) {
        unsafe base.deallocate()
        capacity = max(count, 2 * capacity)
        unsafe base = .allocate(capacity: capacity)
    }

    var array: [UInt32] { unsafe Array(UnsafeBufferPointer(start: base, count: count)) }

    private static let keptCount = 1 << 16

    func releaseMuch() {
        guard capacity > Self.keptCount else { return }
        unsafe base.deallocate()
        capacity = 64
        unsafe base = .allocate(capacity: capacity)
        count = 0
    }
}
