/// Conditions that do not score, evaluated window by window as documents are asked for, ascending.
final class WindowFilter {
    private let evaluator: SegmentEvaluator
    private var window = Window(lower: 0, upper: 0)

    init(_ evaluator: SegmentEvaluator) { self.evaluator = evaluator }

    @inline(__always)
    func contains(_ document: UInt32) throws -> Bool {
        if document >= window.upper { window = try evaluator.fill(windowAround: document) }
        return unsafe window.contains(document, in: evaluator.filled)
    }
}
