import ByteCoding
import Fetching

/// Suite robots. Files come in hexadecimal: they need not be UTF-8.
enum RobotsQuestions {
    static func answer(_ question: Question) -> Answer? {
        switch question.op {
        case "robots_allowed":
            let rules = file(question).rules(for: question.text(1))
            return .flag(rules.allows(url: question.text(2)))
        case "robots_valid_agent": return .flag(RobotsFile.isToken(question.text(0)))
        case "robots_path_of_url": return .text(RobotsPath.path(of: question.text(0)))
        case "robots_escape_pattern": return .text(RobotsPath.escapedPattern(question.text(0)))
        case "robots_report":
            let file = file(question)
            return .fields([
                "last_line_seen": .number(Int64(file.report.lastLine)),
                "valid_directives": .number(Int64(file.report.knownCount)),
                "unknown_directives": .number(Int64(file.report.unknownCount)), "sitemap": Answer(file.sitemaps.last),
            ])
        default: return nil
        }
    }

    private static func file(_ question: Question) -> RobotsFile {
        RobotsFile(parsing: Hex.bytes(question.text(0)) ?? [])
    }
}
