/// Names that an input uses for fields of an article, beside the fields' own names and synonyms.
package struct FieldMap: Equatable, Sendable {
    package struct Refusal: Error, Equatable, CustomStringConvertible {
        package var description: String
    }

    private var fields: [String: InputField] = [:]

    package init() {}

    package var isEmpty: Bool { fields.isEmpty }

    /// - Parameter pairs: texts `theirs=ours`, where `ours` is a field's name or synonym.
    /// - Throws: for a pair without "=", a field that there is not, or a name that is mapped twice.
    package init(pairs: [String]) throws(Refusal) {
        for pair in pairs {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw Refusal(description: "\(pair) is no mapping; write THEIRS=OURS, such as titulo=headline")
            }
            guard let field = InputField(name: parts[1]) else {
                let known = InputField.allCases.map(\.name).joined(separator: " ")
                throw Refusal(description: "\(pair): there is no field \(parts[1]); known are \(known)")
            }
            guard fields.updateValue(field, forKey: parts[0]) == nil else {
                throw Refusal(description: "\(parts[0]) is mapped twice")
            }
        }
    }

    func field(named name: String) -> InputField? {
        if !fields.isEmpty, let field = fields[name] { return field }
        return InputField(name: name)
    }
}
