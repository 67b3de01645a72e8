import News
import Storage

/// What the objects of a log say together: where terms end, and whether an object is missing.
struct LogSummary {
    /// Numbers of the objects of each term, ascending.
    private(set) var numbers: [Term: [UInt64]] = [:]
    /// Objects without their texts, because one of them was to be erased.
    private(set) var erased: Set<String> = []
    /// What the first object of the latest term says of all earlier ones.
    private var record: (term: Term, ends: [LogObject.TermEnd])?
    private(set) var ends: [Term: UInt64] = [:]
    private var missed: Set<String> = []
    /// Of the newest manifest, which knows the end of each earlier term of which an object that counts is left.
    private var manifestTerm = Term.none

    mutating func add(_ object: LogObject) {
        numbers[object.term, default: []].append(object.number)
        if object.number == 0, object.term > record?.term ?? .none { record = (object.term, object.ends) }
        if object.isErased { erased.insert(object.name) }
    }

    /// - Parameter newest: tells the ends of terms whose log is collected.
    mutating func check(newest: Manifest?, _ findings: inout [Finding]) {
        manifestTerm = newest?.term ?? .none
        for end in newest?.ends ?? [] { ends[end.term] = end.objectCount }
        // One of a term that the manifest has seen end may stand in a void object, and tells nothing new.
        if let record, record.term >= manifestTerm {
            for end in record.ends where ends[end.term] == nil { ends[end.term] = end.objectCount }
        }
        for (term, numbers) in numbers.sorted(by: { $0.key < $1.key }) where !isOver(term) {
            let counted = numbers.sorted().filter { $0 < ends[term] ?? .max }
            for (left, right) in zip(counted, counted.dropFirst()) where left + 1 != right {
                note(missing(term, left + 1), &findings)
            }
            if let end = ends[term], let last = counted.last, last + 1 != end {
                note(missing(term, last + 1), &findings)
            }
        }
    }

    private mutating func note(_ finding: Finding, _ findings: inout [Finding]) {
        missed.insert(finding.object)
        findings.append(finding)
    }

    /// Whether it is told already that the object is missing.
    func isMissed(_ name: String) -> Bool { missed.contains(name) }

    /// Whether all of the term that counted is collected: what is there of it is void.
    private func isOver(_ term: Term) -> Bool { ends[term] == nil && term < manifestTerm }

    /// Whether the position is one the log has, or had before it was collected.
    func holds(_ position: Position) -> Bool {
        guard position != .start, !isOver(position.term) else { return true }
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
