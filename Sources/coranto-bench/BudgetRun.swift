import Engine
import Extraction
import Foundation
import News
import Storage
import Synchronization

/// Builds segments under a memory budget, and tells how much memory of its own the process took meanwhile.
struct BudgetRun {
    let articles: String
    let budgetMegabytes: Int
    let hasStems: Bool

    func run() throws {
        let text = try mappedFile(articles)
        let lines = unsafe text.bytes
        var settings = Settings()
        if !hasStems { settings.analyzerVersion = 1 }
        let builder = SegmentBuilder(settings: settings, memoryBudgetBytes: budgetMegabytes << 20)
        var reader = ArticleReader()
        var keys: Set<ArticleKey> = []
        var (segments, bytes, estimate) = (0, 0, 0)
        func seal() throws {
            guard builder.documentCount > 0 else { return }
            estimate = max(estimate, builder.sizeBytes)
            bytes += try builder.seal(kills: []).bytes.count
            segments += 1
        }
        let before = residentMegabytes().anonymous
        let watch = MemoryWatch()
        try unsafe forEachLine(lines) { range in
            let line = unsafe Array(lines[range])
            guard case .article(let incoming) = reader.readPayloadLine(line[...]), keys.insert(incoming.key).inserted
            else { return }
            _ = try builder.add(key: incoming.key, version: incoming.version, record: incoming.record, frame: nil)
            if builder.isOverBudget { try seal() }
        }
        try seal()
        let peak = watch.stop()
        report([
            ("what", "\"budget\""), ("budget_mb", "\(budgetMegabytes)"), ("segments", "\(segments)"),
            ("bytes", "\(bytes)"), ("estimate_mb", "\(estimate >> 20)"), ("before_mb", "\(before)"),
            ("peak_mb", "\(peak)"), ("growth_mb", "\(peak - before)"),
        ])
    }
}

/// Looks at the anonymous memory of this process a thousand times a second.
private final class MemoryWatch: Sendable {
    private let state = Mutex((peak: 0, isOver: false))
    private let done = DispatchSemaphore(value: 0)

    init() {
        Thread.detachNewThread { [self] in
            while !state.withLock({ $0.isOver }) {
                let now = residentMegabytes().anonymous
                state.withLock { $0.peak = max($0.peak, now) }
                usleep(1000)
            }
            done.signal()
        }
    }

    /// - Returns: the most it saw, in MB.
    func stop() -> Int {
        state.withLock { $0.isOver = true }
        done.wait()
        return state.withLock { $0.peak }
    }
}
