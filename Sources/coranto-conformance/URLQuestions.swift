import News

/// Suite urls.
enum URLQuestions {
    static func answer(_ question: Question) -> Answer? {
        switch question.op {
        case "url_wpt_parse", "url_crawler_commons_resolve":
            Answer(WebAddress(question.text(0), base: WebAddress(question.text(1)))?.href)
        default: nil
        }
    }
}
