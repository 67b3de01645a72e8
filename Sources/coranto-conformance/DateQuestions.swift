import Extraction
import News

/// Suite dates, and dates within longer texts.
enum DateQuestions {
    static func answer(_ question: Question) -> Answer? {
        switch question.op {
        case "date":
            let form: DateText.Form = question.option("form") == "w3c" ? .w3c : .any
            return answer(DateText.parse(question.text(0), from: "feed", form: form))
        case "date_first": return answer(DateText.first(in: question.text(0), from: "text")?.time)
        default: return nil
        }
    }

    private static func answer(_ time: PublishedTime?) -> Answer {
        guard let time else { return .none }
        return .fields([
            "milliseconds": .number(time.at.milliseconds), "offset_minutes": .number(Int64(time.offsetMinutes)),
            "precision": .text(time.precision.name),
        ])
    }
}
