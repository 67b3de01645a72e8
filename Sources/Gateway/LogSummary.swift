import News
import Storage

/// What the objects of a log say together: where terms end, and whether an object is missing.
struct LogSummary {
    /// Numbers of the objects of each term, ascending.
    private(set) var numbers: [Term: [UInt64]] = [:]
    /// Objects without their texts, because one of them was to be erased.
    private(set) var erased: Set<String> = []
    /// What the first object of each term says of earlier ones.
    private var recorded: [Term: [LogObject.TermEnd]] = [:]
    private(set) var ends: [Term: UInt64] = [:]

    mutating func add(_ object: LogObject) {
        numbers[object.term, default: []].append(object.number)
        if object.number == 0 { recorded[object.term] = object.ends }
        if object.isErased { erased.insert(object.name) }
    }

    /// - Parameter ends: of the newest manifest, for terms whose log is collected.
    mutating func check(ends known: [LogObject.TermEnd], _ findings: inout [Finding]) {
        // What stands in a void object counts for nothing: the latest record first.
        for term in recorded.keys.sorted(by: >) where ends[term] != 0 {
            for end in recorded[term] ?? [] where ends[end.term] == nil { ends[end.term] = end.objectCount }
        }
        for end in known where ends[end.term] == nil { ends[end.term] = end.objectCount }
        for (term, numbers) in numbers.sorted(by: { $0.key < $1.key }) {
            let counted = numbers.sorted().filter { $0 < ends[term] ?? .max }
            for (left, right) in zip(counted, counted.dropFirst()) where left + 1 != right {
                findings.append(missing(term, left + 1))
            }
            if let end = ends[term], let last = counted.last, last + 1 != end {
                findings.append(missing(term, last + 1))
            }
        }
    }

    /// Whether the position is one the log has, or had before it was collected.
    func holds(_ position: Position) -> Bool {
        guard position != .start else { return true }
        if let end = ends[position.term] { return position.number < end }
        guard let last = numbers[position.term]?.max() else { return true }
        return position.number <= last
    }

    private func missing(_ term: Term, _ number: UInt64) -> Finding {
        Finding(
            object: ObjectName.log(term, number), section: "log",
            message: "the object is missing between others that count")
    }
}
