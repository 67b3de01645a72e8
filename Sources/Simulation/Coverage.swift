/// How often each fault met each step.
package struct Coverage: Equatable, Sendable {
    /// By step, then fault.
    package private(set) var counts = Array(repeating: 0, count: Step.allCases.count * Fault.allCases.count)
    /// How often each step was reached, with a fault or without.
    package private(set) var reached = Array(repeating: 0, count: Step.allCases.count)

    package init() {}

    /// All that can meet.
    package static let pairs: [(step: Step, fault: Fault)] = Step.allCases.flatMap { step in
        Fault.allCases.filter { $0.obstacle(at: step) == nil }.map { (step, $0) }
    }

    private static let pairsOfStores = pairs.filter { !Step.rare.contains($0.step) }
    private static let pairsOfFolders = pairsOfStores.filter { $0.fault != .torn }

    static func commonPairs(isObjectStore: Bool) -> [(step: Step, fault: Fault)] {
        isObjectStore ? pairsOfStores : pairsOfFolders
    }

    private static let latePairsOfStores = pairsOfStores.filter { Step.late.contains($0.step) }
    private static let latePairsOfFolders = pairsOfFolders.filter { Step.late.contains($0.step) }

    static func latePairs(isObjectStore: Bool) -> [(step: Step, fault: Fault)] {
        isObjectStore ? latePairsOfStores : latePairsOfFolders
    }

    static func faults(at step: Step, isObjectStore: Bool) -> [Fault] {
        Fault.allCases.filter { $0.obstacle(at: step) == nil && ($0 != .torn || isObjectStore) }
    }

    package subscript(step: Step, fault: Fault) -> Int { counts[step.rawValue * Fault.allCases.count + fault.rawValue] }

    package var faultCount: Int { counts.reduce(0, +) }

    mutating func reach(_ step: Step) { reached[step.rawValue] += 1 }

    mutating func hit(_ step: Step, _ fault: Fault) {
        counts[step.rawValue * Fault.allCases.count + fault.rawValue] += 1
    }

    package mutating func add(_ other: Coverage) {
        for index in counts.indices { counts[index] += other.counts[index] }
        for index in reached.indices { reached[index] += other.reached[index] }
    }

    /// Pairs that can meet and did less often.
    package func gaps(below least: Int) -> [(step: Step, fault: Fault, count: Int)] {
        Self.pairs.map { ($0.step, $0.fault, self[$0.step, $0.fault]) }.filter { $0.2 < least }
    }

    /// What is said not to meet, with the reason, and how often it did all the same.
    package static let obstacles: [(step: Step, fault: Fault, reason: String)] = Step.allCases.flatMap { step in
        Fault.allCases.compactMap { fault in fault.obstacle(at: step).map { (step, fault, $0) } }
    }

    /// Pairs that met though they cannot, and steps that were reached though none can meet there.
    package var impossible: [String] {
        Self.obstacles.filter { self[$0.step, $0.fault] > 0 }.map { "\($0.fault.name) met \($0.step.name)" }
            + Step.allCases.filter { step in
                reached[step.rawValue] > 0 && !Fault.allCases.contains { $0.obstacle(at: step) == nil }
            }.map { "\($0.name) was reached" }
    }

    /// The reasons why pairs cannot meet: a line each, with the steps by fault.
    package static var reasons: [String] {
        var pairs: [String: [(fault: Fault, steps: [Step])]] = [:]
        for (step, fault, reason) in obstacles where step != .unknown {
            var known = pairs[reason] ?? []
            if let index = known.firstIndex(where: { $0.fault == fault }) {
                known[index].steps.append(step)
            } else {
                known.append((fault, [step]))
            }
            pairs[reason] = known
        }
        return pairs.sorted { $0.key < $1.key }.map { reason, known in
            let faults = known.sorted { $0.fault.rawValue < $1.fault.rawValue }.map { fault, steps in
                "\(fault.name) at \(steps.map(\.name).joined(separator: ", "))"
            }
            return "\(reason): \(faults.joined(separator: "; "))"
        }
    }

    /// One line a step; "." where the two cannot meet.
    package var table: [String] {
        let width = Step.allCases.map(\.name.count).max()!
        func pad(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: max(0, width - text.count)) + text
        }
        let columns = Fault.allCases.map { (fault: $0, width: max($0.name.count, 7)) }
        var lines = [
            pad("", width) + pad("reached", 10) + columns.map { " " + pad($0.fault.name, $0.width) }.joined()
        ]
        for step in Step.allCases where step.kind != .unknown || reached[step.rawValue] > 0 {
            lines.append(
                pad(step.name, width) + pad("\(reached[step.rawValue])", 10)
                    + columns.map { fault, width in
                        " " + pad(fault.obstacle(at: step) == nil ? "\(self[step, fault])" : ".", width)
                    }.joined())
        }
        return lines
    }

    // MARK: From process to process

    /// Numbers in a line.
    package var encoded: String { (counts + reached).map(String.init).joined(separator: ",") }

    package init?(decoding text: some StringProtocol) {
        let numbers = text.split(separator: ",").compactMap { Int($0) }
        guard numbers.count == counts.count + reached.count else { return nil }
        counts = Array(numbers[..<counts.count])
        reached = Array(numbers[counts.count...])
    }
}
