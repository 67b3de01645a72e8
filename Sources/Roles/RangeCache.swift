import ByteCoding
package import Engine

/// Ranges of immutable objects, those that were used of late: what a look-up of keys reads are the same pieces of key runs
/// again and again, and what people ask for is often the same. By content: where a name begins with the hash of the object's bytes, whoever
/// wrote them, so that a segment that a compaction writes again as it was stays known.
///
/// Invariant: it holds at most `limitBytes`, and half of that of what was not used since the rest came.
package struct RangeCache {
    /// How much it may hold, and how long a range may be that it keeps.
    package struct Budget: Sendable {
        package var limitBytes: Int
        package var rangeLimitBytes: Int

        package static let none = Budget(limitBytes: 0, rangeLimitBytes: 0)

        /// For look-ups of keys.
        package static func keys(_ limitBytes: Int) -> Budget {
            Budget(limitBytes: limitBytes, rangeLimitBytes: 16 << 10)
        }

        /// For questions: lists of frequent words are long.
        package static func questions(_ limitBytes: Int) -> Budget {
            Budget(limitBytes: limitBytes, rangeLimitBytes: limitBytes / 16)
        }
    }

    package struct Counts: Sendable {
        package var hits = 0
        package var misses = 0
        package var heldBytes = 0
    }

    /// What an entry takes besides its bytes, about.
    static let entryBytes = 200

    private let budget: Budget
    private var hits = 0
    private var misses = 0
    private var young: [ByteRequest: ByteView] = [:]
    private var old: [ByteRequest: ByteView] = [:]
    private var youngBytes = 0
    private var oldBytes = 0

    package init(_ budget: Budget) { self.budget = budget }

    package var counts: Counts { Counts(hits: hits, misses: misses, heldBytes: youngBytes + oldBytes) }

    /// The name without the attempt that wrote the object, where the hash of its bytes is in it.
    private static func content(_ name: String) -> String {
        let parts = name.split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let slash = parts[0].lastIndex(of: "/"),
            parts[0][slash...].utf8.count == 1 + 2 * Digest256.byteCount
        else { return name }
        return String(parts[0])
    }

    private static func key(_ request: ByteRequest) -> ByteRequest {
        ByteRequest(object: content(request.object), offset: request.offset, length: request.length)
    }

    package mutating func view(of request: ByteRequest) -> ByteView? {
        let request = Self.key(request)
        if let view = young[request] {
            hits += 1
            return view
        }
        guard let view = old.removeValue(forKey: request) else {
            misses += 1
            return nil
        }
        hits += 1
        oldBytes -= view.count + Self.entryBytes
        put(view, request)
        return view
    }

    package mutating func keep(_ view: ByteView, of request: ByteRequest) {
        guard request.length <= budget.rangeLimitBytes, view.count + Self.entryBytes <= budget.limitBytes / 2
        else { return }
        // A copy: a view may be a part of much more.
        put(unsafe ByteView(copying: view.bytes), Self.key(request))
    }

    package mutating func forget(except names: Set<String>) {
        let names = Set(names.map(Self.content))
        young = young.filter { names.contains($0.key.object) }
        old = old.filter { names.contains($0.key.object) }
        youngBytes = young.values.reduce(0) { $0 + $1.count + Self.entryBytes }
        oldBytes = old.values.reduce(0) { $0 + $1.count + Self.entryBytes }
    }

    private mutating func put(_ view: ByteView, _ request: ByteRequest) {
        let size = view.count + Self.entryBytes
        if youngBytes + size > budget.limitBytes / 2 {
            old = young
            oldBytes = youngBytes
            young = [:]
            youngBytes = 0
        }
        if young.updateValue(view, forKey: request) == nil { youngBytes += size }
    }
}
