import Glibc

/// A fixed number of values in raw memory: scratch space of hot code.
///
/// Large ones are given in pages of two megabytes where the system has them: what is read here and there misses the processor's
/// table of pages otherwise, in a virtual machine twice.
@safe final class ScratchArray<Value: BitwiseCopyable> {
    let base: UnsafeMutablePointer<Value>

    /// Of values that are written before they are read.
    init(count: Int) {
        let byteCount = max(count, 1) * MemoryLayout<Value>.stride
        let isLarge = byteCount >= 2 * ScratchPages.byteCount
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: byteCount, alignment: isLarge ? ScratchPages.byteCount : 16)
        // Advice: where it is not taken the memory is as good. All of it will be written, and what is read first would be
        // given twice, as zeros and as memory.
        if isLarge {
            _ = unsafe madvise(memory, byteCount, MADV_HUGEPAGE)
            _ = unsafe madvise(memory, byteCount, MADV_POPULATE_WRITE)
        }
        unsafe base = memory.bindMemory(to: Value.self, capacity: max(count, 1))
    }

    convenience init(repeating value: Value, count: Int) {
        self.init(count: count)
        unsafe base.initialize(repeating: value, count: max(count, 1))
    }

    deinit { unsafe base.deallocate() }
}

private enum ScratchPages {
    static let byteCount = 2 << 20
}
