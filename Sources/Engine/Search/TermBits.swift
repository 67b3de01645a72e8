import News

/// Which words of a query a term of an article is. Most terms of a text stand there more than once, and in the next article again, so what
/// was found of one is kept. Confined to one thread.
@safe final class TermBits {
    struct Word: Hashable {
        var pattern: TermPattern
        /// Not in another form.
        var isExact: Bool
    }

    /// A term: where its bytes lie, none of a free slot, and the words that it is.
    private struct Slot {
        var hash: UInt64 = 0
        var start: UInt32 = 0
        var count: UInt32 = 0
        var bits: UInt64 = 0
    }

    /// What is known of the terms of articles of one language. Open addressing; no more than half of the slots are taken.
    @safe private final class Known {
        let mask: Int
        private let slots: ScratchArray<Slot>
        private(set) var takenCount = 0
        private let bytes = OutputBuffer()
        /// The words of the query that stand for their stems.
        let bitsOfStem: [[UInt8]: UInt64]

        /// - Parameter slotCount: a power of two.
        init(slotCount: Int = 1 << 11, bitsOfStem: [[UInt8]: UInt64]) {
            mask = slotCount - 1
            slots = ScratchArray(repeating: Slot(), count: slotCount)
            self.bitsOfStem = bitsOfStem
        }

        var isFull: Bool { 2 * takenCount > mask }
        var byteCount: Int { bytes.count }

        /// The words that a term is; nil if it is not known.
        func bits(of term: UnsafeBufferPointer<UInt8>, _ hash: UInt64) -> UInt64? {
            // In bounds by the mask; a slot's bytes were written before it.
            let slots = unsafe slots.base
            let bytes = unsafe bytes.bytes
            var at = Int(truncatingIfNeeded: hash) & mask
            while unsafe slots[at].count > 0 {
                let slot = unsafe slots[at]
                if slot.hash == hash, Int(slot.count) == term.count {
                    let start = Int(slot.start)
                    if unsafe bytes[start..<(start &+ term.count)].elementsEqual(term) { return slot.bits }
                }
                at = (at &+ 1) & mask
            }
            return nil
        }

        /// - Parameter term: not known yet.
        func add(_ term: UnsafeBufferPointer<UInt8>, _ hash: UInt64, _ bits: UInt64) {
            let slots = unsafe slots.base
            var at = Int(truncatingIfNeeded: hash) & mask
            while unsafe slots[at].count > 0 { at = (at + 1) & mask }
            unsafe slots[at] = Slot(
                hash: hash, start: UInt32(bytes.count), count: UInt32(term.count), bits: bits)
            unsafe bytes.raw(UnsafeRawBufferPointer(term))
            takenCount += 1
        }

        /// The same terms in twice as many slots.
        var enlarged: Known {
            let larger = Known(slotCount: 2 * (mask + 1), bitsOfStem: bitsOfStem)
            for index in 0...mask {
                let slot = unsafe slots.base[index]
                guard slot.count > 0 else { continue }
                let term = unsafe UnsafeRawBufferPointer(
                    rebasing: bytes.bytes[Int(slot.start)..<Int(slot.start) + Int(slot.count)])
                unsafe larger.add(term.assumingMemoryBound(to: UInt8.self), slot.hash, slot.bits)
            }
            return larger
        }
    }

    private var matchers: [TermMatcher] = []
    private let stemmers = StemmerSet()
    private var language: StemLanguage?
    private var known: Known?
    private var others: [StemLanguage?: Known] = [:]

    /// Terms are kept up to this many bytes of them, then forgotten.
    private static let keptBytes = 1 << 18
    /// Nobody can know which terms have equal hashes.
    private static let seed = UInt64.random(in: .min ... .max)

    /// Says in which language terms are from now on.
    ///
    /// - Parameter words: the same each time; bit i stands for word i, at most 64.
    func begin(_ language: StemLanguage?, _ words: [Word]) {
        if known != nil, language == self.language { return }
        if matchers.isEmpty { matchers = words.map { TermMatcher($0.pattern) } }
        others[self.language] = known
        self.language = language
        known = others.removeValue(forKey: language)
        guard known == nil else { return }
        var bitsOfStem: [[UInt8]: UInt64] = [:]
        if let language {
            for (bit, word) in words.enumerated() where !word.isExact {
                guard case .term(let bytes) = word.pattern else { continue }
                bitsOfStem[stemmers[language].stem(bytes), default: 0] |= 1 << UInt64(bit)
            }
        }
        known = Known(bitsOfStem: bitsOfStem)
    }

    /// The words that a term is, after `begin`.
    ///
    /// - Parameter term: not empty.
    func bits(of term: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var known = known!
        let hash = unsafe Self.hash(term)
        if let bits = unsafe known.bits(of: term, hash) { return bits }
        let bits = unsafe find(term, known.bitsOfStem)
        if known.byteCount > Self.keptBytes {
            known = Known(bitsOfStem: known.bitsOfStem)
            self.known = known
        } else if known.isFull {
            known = known.enlarged
            self.known = known
        }
        unsafe known.add(term, hash, bits)
        return bits
    }

    private func find(_ term: UnsafeBufferPointer<UInt8>, _ bitsOfStem: [[UInt8]: UInt64]) -> UInt64 {
        var bits: UInt64 = 0
        for bit in matchers.indices where unsafe matchers[bit].matches(term) { bits |= 1 << UInt64(bit) }
        if let language, !bitsOfStem.isEmpty { bits |= unsafe bitsOfStem[stemmers[language].stem(term)] ?? 0 }
        return bits
    }

    /// Multiplications by an odd constant with the halves folded together (wyhash), eight bytes at a time.
    private static func hash(_ term: UnsafeBufferPointer<UInt8>) -> UInt64 {
        func fold(_ value: UInt64) -> UInt64 {
            let product = value.multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
            return product.high ^ product.low
        }
        var hash = seed ^ UInt64(term.count)
        var at = 0
        let bytes = UnsafeRawBufferPointer(term)
        while at &+ 8 <= term.count {
            hash = unsafe fold(hash ^ bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
            at &+= 8
        }
        var last: UInt64 = 0
        while at < term.count {
            last = unsafe last << 8 | UInt64(term[at])
            at &+= 1
        }
        return fold(hash ^ last)
    }
}
