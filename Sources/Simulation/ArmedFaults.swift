/// Faults that wait for a step, of each step in their order.
struct ArmedFaults {
    private var waiting: [[Fault]] = Array(repeating: [], count: Step.allCases.count)

    mutating func append(_ fault: Fault, at step: Step) { waiting[step.rawValue].append(fault) }

    /// Before those that wait already.
    mutating func prepend(_ fault: Fault, at step: Step) { waiting[step.rawValue].insert(fault, at: 0) }

    /// Takes out the one whose turn it is.
    mutating func next(at step: Step) -> Fault? {
        waiting[step.rawValue].isEmpty ? nil : waiting[step.rawValue].removeFirst()
    }
}
