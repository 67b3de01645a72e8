/// Stub.
package enum LanguageGuess {
    package static func language(of text: String) -> String? { nil }
}
