package import Engine

/// Short ranges of immutable objects, those that were used of late: what a look-up of keys reads are the same pieces of key runs
/// again and again.
///
/// Invariant: it holds at most `limitBytes`, and half of that of what was not used since the rest came.
package struct RangeCache {
    /// Longer ones are not kept.
    static let rangeLimitBytes = 16 << 10
    /// What an entry takes besides its bytes, about.
    static let entryBytes = 200

    private let limitBytes: Int
    private var young: [ByteRequest: ByteView] = [:]
    private var old: [ByteRequest: ByteView] = [:]
    private var youngBytes = 0

    package init(limitBytes: Int) { self.limitBytes = limitBytes }

    package mutating func view(of request: ByteRequest) -> ByteView? {
        if let view = young[request] { return view }
        guard let view = old.removeValue(forKey: request) else { return nil }
        put(view, request)
        return view
    }

    package mutating func keep(_ view: ByteView, of request: ByteRequest) {
        guard request.length <= Self.rangeLimitBytes, view.count + Self.entryBytes <= limitBytes / 2 else { return }
        // A copy: a view may be a part of much more.
        put(unsafe ByteView(copying: view.bytes), request)
    }

    package mutating func forget(except names: Set<String>) {
        young = young.filter { names.contains($0.key.object) }
        old = old.filter { names.contains($0.key.object) }
        youngBytes = young.values.reduce(0) { $0 + $1.count + Self.entryBytes }
    }

    private mutating func put(_ view: ByteView, _ request: ByteRequest) {
        let size = view.count + Self.entryBytes
        if youngBytes + size > limitBytes / 2 {
            old = young
            young = [:]
            youngBytes = 0
        }
        if young.updateValue(view, forKey: request) == nil { youngBytes += size }
    }
}
