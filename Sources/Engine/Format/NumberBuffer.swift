/// Growing array of numbers in raw memory. Confined to one thread.
///
/// Invariant: behind `capacity` numbers there is memory for `slack` more, so that they can be copied by four.
@safe final class NumberBuffer {
    private static let slack = 4
    private(set) var base: UnsafeMutablePointer<UInt32>
    private var capacity = 256
    var count = 0

    init() { unsafe base = UnsafeMutablePointer<UInt32>.allocate(capacity: 256 + Self.slack) }

    deinit { unsafe base.deallocate() }

    /// Makes room for `more` values beyond `count`.
    @inline(__always)
    func reserve(_ more: Int) {
        if count + more > capacity { grow(count + more) }
    }

    private func grow(_ wanted: Int) {
        let larger = max(capacity * 2, wanted)
        let memory = UnsafeMutablePointer<UInt32>.allocate(capacity: larger + Self.slack)
        unsafe memory.update(from: base, count: count)
        unsafe base.deallocate()
        unsafe base = unsafe memory
        capacity = larger
    }

    @inline(__always)
    func append(_ value: UInt32) {
        reserve(1)
        unsafe base[count] = value
        count &+= 1
    }

    /// - Parameter range: of the values of another buffer.
    func append(_ other: NumberBuffer, _ range: Range<Int>) {
        precondition(0 <= range.lowerBound && range.upperBound <= other.count)
        reserve(range.count)
        unsafe (base + count).update(from: other.base + range.lowerBound, count: range.count)
        count += range.count
    }
}
