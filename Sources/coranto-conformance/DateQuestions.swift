import Extraction
import News

/// Suite dates.
enum DateQuestions {
    static func answer(_ question: Question) -> Answer? {
        guard question.op == "date" else { return nil }
        guard let time = DateText.parse(question.text(0), from: "feed") else { return Answer.none }
        return .fields([
            "milliseconds": .number(time.at.milliseconds), "offset_minutes": .number(Int64(time.offsetMinutes)),
            "precision": .text(time.precision.name),
        ])
    }
}
