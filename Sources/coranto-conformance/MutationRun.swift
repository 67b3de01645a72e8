/// A bounded run of damaged inputs through one parser.
struct MutationRun {
    init?(_ words: ArraySlice<String>) { return nil }

    func run() -> Bool { true }
}
