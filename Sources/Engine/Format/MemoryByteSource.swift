import Synchronization

/// Objects in memory, for tests and for segments that have just been built. Counts what it is asked.
package final class MemoryByteSource: ByteSource {
    private struct State {
        var objects: [String: ByteView] = [:]
        var roundCount = 0
        var byteCount = 0
    }

    private let state = Mutex(State())

    private let isFleeting: Bool
    private let isMapped: Bool

    /// - Parameters:
    ///   - isFleeting: whether what it hands out is a copy, spoilt as soon as nobody holds it: as of a store far away.
    ///   - isMapped: whether objects can be read in place: as of a folder.
    package init(isFleeting: Bool = false, isMapped: Bool = false) {
        self.isFleeting = isFleeting
        self.isMapped = isMapped
    }

    package func put(_ bytes: [UInt8], as name: String) {
        let view = ByteView(copying: bytes)
        state.withLock { $0.objects[name] = view }
    }

    package func remove(_ name: String) { state.withLock { _ = $0.objects.removeValue(forKey: name) } }

    /// Calls of `read` so far.
    package var roundCount: Int { state.withLock { $0.roundCount } }
    /// Bytes handed out so far.
    package var byteCount: Int { state.withLock { $0.byteCount } }

    package func mapped(_ object: String) -> ByteView? {
        isMapped ? state.withLock { $0.objects[object] } : nil
    }

    package func read(_ requests: [ByteRequest]) throws -> [ByteView] {
        try state.withLock { state in
            state.roundCount += 1
            var views: [ByteView] = []
            views.reserveCapacity(requests.count)
            for request in requests {
                guard let object = state.objects[request.object] else {
                    throw EngineError(.missing, "no such object", object: request.object)
                }
                let start = Int(min(request.offset, UInt64(object.count)))
                let end = min(object.count, start + max(request.length, 0))
                let view = object.slice(start..<end)
                views.append(isFleeting ? unsafe ByteView(copying: view.bytes, spoilsAfterwards: true) : view)
                state.byteCount += end - start
            }
            return views
        }
    }
}
