import Foundation

/// What is asked of a parser: the name of the operation and its arguments, as the suites have them.
struct Question: Decodable {
    let op: String
    let args: [String?]
    let options: [String: Value]?

    /// An option's value; the suites know no others.
    enum Value: Decodable {
        case text(String)
        case flag(Bool)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let flag = try? container.decode(Bool.self) {
                self = .flag(flag)
            } else {
                self = .text(try container.decode(String.self))
            }
        }
    }

    /// The argument there, or "".
    func text(_ index: Int) -> String { args.indices.contains(index) ? args[index] ?? "" : "" }

    func option(_ name: String) -> String? {
        if case .text(let text)? = options?[name] { text } else { nil }
    }

    func flag(_ name: String) -> Bool {
        if case .flag(let flag)? = options?[name] { flag } else { false }
    }
}

/// What a parser said, in the shape that the suites expect.
enum Answer: Encodable {
    case none
    case text(String)
    case flag(Bool)
    case number(Int64)
    case fields([String: Answer])
    case list([Answer])

    init(_ text: String?) { self = text.map(Answer.text) ?? .none }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .none: try container.encodeNil()
        case .text(let text): try container.encode(text)
        case .flag(let flag): try container.encode(flag)
        case .number(let number): try container.encode(number)
        case .fields(let fields): try container.encode(fields)
        case .list(let list): try container.encode(list)
        }
    }

    /// The line that answers a line; an operation nobody knows is answered with null.
    static func to(_ line: String) -> String {
        do {
            let question = try JSONDecoder().decode(Question.self, from: Data(line.utf8))
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            let known =
                DateQuestions.answer(question) ?? RobotsQuestions.answer(question) ?? URLQuestions.answer(question)
            return String(decoding: try encoder.encode(["result": known ?? .none]), as: UTF8.self)
        } catch {
            return "{\"error\": \"no question\", \"result\": null}"
        }
    }
}
