import Foundation

/// Work that blocks, on a thread of its own, so that it never holds one of the cooperative pool.
package enum Blocking {
    package static func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            let thread = Thread {
                do { continuation.resume(returning: try body()) } catch { continuation.resume(throwing: error) }
            }
            thread.name = "coranto.blocking"
            thread.stackSize = 16 << 20
            thread.start()
        }
    }
}
