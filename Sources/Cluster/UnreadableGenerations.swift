package import News

/// Generations that were kept until it was seen that they cannot be read, as far as a coordinator remembers: for `status`.
package struct UnreadableGenerations: Sendable {
    static let limitCount = 16

    /// The last of them, and what is wrong with each.
    package private(set) var last: [(generation: Generation, reason: String)] = []
    package private(set) var count = 0

    package init() {}

    mutating func note(_ generation: Generation, _ reason: String) {
        guard !last.contains(where: { $0.generation == generation }) else { return }
        count += 1
        last = last.suffix(Self.limitCount - 1) + [(generation, reason)]
    }
}
