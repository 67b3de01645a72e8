import Fetching

/// Suite robots.
enum RobotsQuestions {
    static func answer(_ question: Question) -> Answer? { nil }
}
