// Evaluates a plan over one segment, window by window. A hot file: bit sets lie in one block of memory that the
// evaluator owns, `Window.wordCount` words for each level of the tree.
//
// Invariants
// 1. Windows move forward and never overlap.
// 2. A window's result lies within the mask given: live documents of the part of the segment that is searched.
// Confined to one search.

@safe
final class SegmentEvaluator {
    /// A plan's node with what it means in this segment.
    indirect enum Node {
        case all
        case none
        case leaf(Int)
        /// Cheapest first, negations last.
        case and([Node])
        case or([Node])
        case not(Node)
        case range(Range<UInt32>)
        /// Ascending.
        case ordinals([UInt32])
    }

    let documentCount: UInt32
    let leaves: [WindowLeaf]
    private let root: Node
    private let dead: DocumentSet
    private let stop: SearchStop?
    private let bits: UnsafeMutablePointer<UInt64>
    private let levelCount: Int

    private(set) var windowCount = 0

    /// - Parameter depth: of `root`.
    init(
        root: Node, leaves: [WindowLeaf], documentCount: UInt32, dead: DocumentSet, depth: Int, stop: SearchStop?
    ) {
        self.stop = stop
        self.leaves = leaves
        self.documentCount = documentCount
        self.dead = dead
        levelCount = depth + 3
        unsafe bits = .allocate(capacity: levelCount * Window.wordCount)
        unsafe bits.initialize(repeating: 0, count: levelCount * Window.wordCount)
        self.root = Self.ordered(root, leaves, documentCount)
    }

    deinit { unsafe bits.deallocate() }

    // MARK: Order of evaluation

    private static func ordered(_ node: Node, _ leaves: [WindowLeaf], _ documentCount: UInt32) -> Node {
        switch node {
        case .and(let nodes):
            return .and(
                nodes.map { ordered($0, leaves, documentCount) }
                    .map { ($0, cost($0, leaves, documentCount)) }
                    .sorted { $0.1 < $1.1 }.map(\.0))
        case .or(let nodes): return .or(nodes.map { ordered($0, leaves, documentCount) })
        case .not(let inner): return .not(ordered(inner, leaves, documentCount))
        default: return node
        }
    }

    private static func cost(_ node: Node, _ leaves: [WindowLeaf], _ documentCount: UInt32) -> Int {
        switch node {
        case .all: Int(documentCount)
        case .none: 0
        case .leaf(let index): leaves[index].cost
        case .and(let nodes): nodes.map { cost($0, leaves, documentCount) }.min() ?? 0
        case .or(let nodes): nodes.reduce(0) { $0 &+ cost($1, leaves, documentCount) }
        case .not(let inner): Int(documentCount) &+ cost(inner, leaves, documentCount)
        case .range(let range): range.count / 64
        case .ordinals(let ordinals): ordinals.count
        }
    }

    // MARK: Windows

    /// Calls `body` with each window that has results and its bits, until it returns false.
    ///
    /// - Parameters:
    ///   - range: ordinals to search.
    ///   - growing: whether the first windows are small, because few may be wanted.
    func forEachWindow(
        in range: Range<UInt32>, growing: Bool, _ body: (Window, UnsafePointer<UInt64>) throws -> Bool
    ) throws {
        var from = range.lowerBound
        var size = growing ? Window.leastCount : Window.documentCount
        while from < range.upperBound {
            try stop?.check()
            let candidate = try next(root, from: from)
            guard candidate < range.upperBound else { return }
            let lower = candidate & ~63
            let upper = min(UInt64(lower) + UInt64(size), UInt64(range.upperBound))
            size = min(2 &* size, Window.documentCount)
            let window = Window(lower: lower, upper: UInt32(upper))
            windowCount += 1
            let mask = unsafe level(0)
            unsafe fillLive(window, from: candidate, mask)
            let result = unsafe level(1)
            if try unsafe evaluate(root, window, within: UnsafePointer(mask), result, 2) {
                guard try unsafe body(window, UnsafePointer(result)) else { return }
            }
            from = window.upper
        }
    }

    /// Evaluates the window in which a document stands. It must lie behind the window before.
    func fill(windowAround document: UInt32) throws -> Window {
        let lower = document & ~63
        let upper = min(UInt64(lower) + UInt64(Window.documentCount), UInt64(documentCount))
        let window = Window(lower: lower, upper: UInt32(upper))
        windowCount += 1
        let mask = unsafe level(0)
        unsafe fillLive(window, from: lower, mask)
        _ = try unsafe evaluate(root, window, within: UnsafePointer(mask), level(1), 2)
        return window
    }

    /// Bits of the window of the last `fill`.
    var filled: UnsafePointer<UInt64> { unsafe UnsafePointer(level(1)) }

    /// In bounds: there are as many levels as the tree is deep, and three.
    private func level(_ index: Int) -> UnsafeMutablePointer<UInt64> {
        precondition(index < levelCount, "a tree deeper than its plan says")
        return unsafe bits + index * Window.wordCount
    }

    /// Bits of the live documents of the window from `first` on.
    private func fillLive(_ window: Window, from first: UInt32, _ mask: UnsafeMutablePointer<UInt64>) {
        let count = Int(window.upper - window.lower)
        let firstWord = Int(window.lower >> 6)
        for word in 0..<Window.wordCount {
            let left = count - word << 6
            unsafe mask[word] = left >= 64 ? .max : left <= 0 ? 0 : (1 << UInt64(left)) - 1
            if left > 0, !dead.isEmpty { unsafe mask[word] &= ~dead.words[firstWord + word] }
        }
        unsafe mask[0] &= .max << UInt64(first - window.lower)
    }

    /// A lower bound of the first ordinal from `from` on that can match.
    private func next(_ node: Node, from: UInt32) throws -> UInt32 {
        switch node {
        case .all, .not: return from
        case .none: return TermCursor.end
        case .leaf(let index): return try leaves[index].next(from: from)
        case .and(let nodes):
            var bound = from
            for inner in nodes {
                bound = max(bound, try next(inner, from: bound))
                if bound == TermCursor.end { break }
            }
            return bound
        case .or(let nodes):
            var bound = TermCursor.end
            for inner in nodes {
                bound = min(bound, try next(inner, from: from))
                if bound <= from { break }
            }
            return bound
        case .range(let range):
            return from < range.lowerBound ? range.lowerBound : from < range.upperBound ? from : TermCursor.end
        case .ordinals(let ordinals):
            return ordinals.first { $0 >= from } ?? TermCursor.end
        }
    }

    /// Puts what matches within `within` into `out`.
    ///
    /// - Returns: whether anything does.
    private func evaluate(
        _ node: Node, _ window: Window, within: UnsafePointer<UInt64>, _ out: UnsafeMutablePointer<UInt64>, _ depth: Int
    ) throws -> Bool {
        switch node {
        case .all:
            unsafe out.update(from: within, count: Window.wordCount)
        case .none:
            unsafe out.update(repeating: 0, count: Window.wordCount)
        case .leaf(let index):
            unsafe out.update(repeating: 0, count: Window.wordCount)
            unsafe try leaves[index].mark(window, within: within, out)
            for word in 0..<Window.wordCount { unsafe out[word] &= within[word] }
        case .and(let nodes):
            let part = unsafe level(depth)
            unsafe out.update(from: within, count: Window.wordCount)
            for inner in nodes {
                if case .leaf(let index) = inner {
                    unsafe part.update(repeating: 0, count: Window.wordCount)
                    unsafe try leaves[index].mark(window, within: UnsafePointer(out), part)
                } else {
                    _ = try unsafe evaluate(inner, window, within: UnsafePointer(out), part, depth + 1)
                }
                var all: UInt64 = 0
                for word in 0..<Window.wordCount {
                    let both = unsafe out[word] & part[word]
                    unsafe out[word] = both
                    all |= both
                }
                if all == 0 { return false }
            }
            return true
        case .or(let nodes):
            let part = unsafe level(depth)
            unsafe out.update(repeating: 0, count: Window.wordCount)
            for inner in nodes {
                if case .leaf(let index) = inner {
                    unsafe try leaves[index].mark(window, within: within, out)
                } else if try unsafe evaluate(inner, window, within: within, part, depth + 1) {
                    for word in 0..<Window.wordCount { unsafe out[word] |= part[word] }
                }
            }
            // Leaves may set bits that are not wanted.
            for word in 0..<Window.wordCount { unsafe out[word] &= within[word] }
        case .not(let inner):
            let part = unsafe level(depth)
            let hasAny = try unsafe evaluate(inner, window, within: within, part, depth + 1)
            unsafe out.update(from: within, count: Window.wordCount)
            if hasAny { for word in 0..<Window.wordCount { unsafe out[word] &= ~part[word] } }
        case .range(let range):
            unsafe out.update(repeating: 0, count: Window.wordCount)
            let lower = max(range.lowerBound, window.lower)
            let upper = min(range.upperBound, window.upper)
            guard lower < upper else { return false }
            let first = Int(lower - window.lower)
            let end = Int(upper - window.lower)
            for word in (first >> 6)...((end - 1) >> 6) {
                let from = max(first - word << 6, 0)
                let to = min(end - word << 6, 64)
                let bits: UInt64 = (to == 64 ? .max : (1 << UInt64(to)) - 1) & (.max << UInt64(from))
                unsafe out[word] = within[word] & bits
            }
        case .ordinals(let ordinals):
            unsafe out.update(repeating: 0, count: Window.wordCount)
            for ordinal in ordinals where ordinal >= window.lower && ordinal < window.upper {
                unsafe window.set(ordinal, in: out)
            }
            for word in 0..<Window.wordCount { unsafe out[word] &= within[word] }
        }
        var all: UInt64 = 0
        for word in 0..<Window.wordCount { unsafe all |= out[word] }
        return all != 0
    }
}
