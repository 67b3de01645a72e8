import Engine
import HostIO
import News
import Roles
import Storage
import Synchronization

/// What a gateway counts, and writes in Prometheus' text format.
final class GatewayMetrics: Sendable {
    enum Result: String, CaseIterable {
        case ok, refused, busy, failed
    }

    private struct State {
        var results: [Result: Int] = [:]
        /// Questions answered, by the first bound they are within; the last is without bound.
        var latencies = [Int](repeating: 0, count: GatewayMetrics.boundsMicroseconds.count + 1)
        var latencyMicroseconds = 0
        var refreshFailureCount = 0
    }

    private static let boundsMicroseconds = [
        250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 5_000_000,
    ]

    private let state = Mutex(State())
    private let connections: @Sendable () -> ConnectionDoor.Counts
    private let cache: @Sendable () -> RangeCache.Counts

    init(
        connections: @escaping @Sendable () -> ConnectionDoor.Counts, cache: @escaping @Sendable () -> RangeCache.Counts
    ) {
        self.connections = connections
        self.cache = cache
    }

    func count(_ result: Result) { state.withLock { $0.results[result, default: 0] += 1 } }

    func countRefreshFailure() { state.withLock { $0.refreshFailureCount += 1 } }

    func answered(inMicroseconds microseconds: Int) {
        state.withLock { state in
            state.results[.ok, default: 0] += 1
            let bucket = Self.boundsMicroseconds.firstIndex { microseconds <= $0 } ?? Self.boundsMicroseconds.count
            state.latencies[bucket] += 1
            state.latencyMicroseconds += microseconds
        }
    }

    func text(of snapshot: OpenSnapshot) -> String {
        var out = ""
        func metric(_ name: String, _ type: String, _ help: String, _ samples: [(labels: String, value: String)]) {
            out += "# HELP coranto_\(name) \(help)\n# TYPE coranto_\(name) \(type)\n"
            for sample in samples { out += "coranto_\(name)\(sample.labels) \(sample.value)\n" }
        }
        let manifest = snapshot.loaded?.manifest
        let sums = manifest?.sums
        metric(
            "generation", "gauge", "Generation of the snapshot that is asked.", [("", "\(snapshot.generation.number)")])
        metric(
            "snapshot_written_seconds", "gauge", "When the snapshot was written, in seconds since 1970.",
            [("", "\(Double(manifest?.writtenAt.milliseconds ?? 0) / 1000)")])
        metric("live_articles", "gauge", "Articles that can be found.", [("", "\(snapshot.reader.liveDocumentCount)")])
        metric("received_articles_total", "counter", "Articles received.", [("", "\(sums?.received ?? 0)")])
        metric(
            "articles", "gauge", "What became of the articles received.",
            Outcome.allCases.map { ("{outcome=\"\($0.name)\"}", "\(sums?[$0] ?? 0)") }
                + [("{outcome=\"pending\"}", "\(sums?.pending ?? 0)")])
        let overlays = manifest?.overlays ?? []
        let cells = snapshot.loaded?.cells ?? []
        let kinds = [("overlay", overlays), ("cell", cells)]
        metric("segments", "gauge", "Segments of the snapshot.", kinds.map { ("{kind=\"\($0.0)\"}", "\($0.1.count)") })
        metric(
            "segment_bytes", "gauge", "Bytes of the segments of the snapshot.",
            kinds.map { ("{kind=\"\($0.0)\"}", "\($0.1.reduce(0) { $0 + $1.sizeBytes })") })
        let state = state.withLock { $0 }
        metric(
            "questions_total", "counter", "Questions by result.",
            Result.allCases.map { ("{result=\"\($0.rawValue)\"}", "\(state.results[$0] ?? 0)") })
        var below = 0
        var samples: [(labels: String, value: String)] = []
        for (bound, count) in zip(Self.boundsMicroseconds, state.latencies) {
            below += count
            samples.append(("_bucket{le=\"\(Double(bound) / 1_000_000)\"}", "\(below)"))
        }
        let total = state.latencies.reduce(0, +)
        samples.append(("_bucket{le=\"+Inf\"}", "\(total)"))
        samples.append(("_sum", "\(Double(state.latencyMicroseconds) / 1_000_000)"))
        samples.append(("_count", "\(total)"))
        metric("question_seconds", "histogram", "Time to answer a search.", samples)
        metric(
            "refresh_failures_total", "counter", "Looks for a newer snapshot that failed.",
            [("", "\(state.refreshFailureCount)")])
        let cached = cache()
        metric(
            "cache_bytes", "gauge", "Bytes kept of what questions read from an object store.",
            [("", "\(cached.heldBytes)")])
        metric(
            "cache_reads_total", "counter",
            "Ranges that questions needed of an object store, by whether they were kept.",
            [("{result=\"hit\"}", "\(cached.hits)"), ("{result=\"miss\"}", "\(cached.misses)")])
        let counts = connections()
        metric("connections", "gauge", "Connections that are open.", [("", "\(counts.openCount)")])
        metric(
            "connections_total", "counter",
            "Connections by what became of them: let in, refused, or closed for what they did not send or read.",
            [
                ("{result=\"accepted\"}", "\(counts.acceptedCount)"),
                ("{result=\"refused\"}", "\(counts.refusedCount)"),
                ("{result=\"dropped\"}", "\(counts.droppedCount)"),
            ])
        return out
    }
}
