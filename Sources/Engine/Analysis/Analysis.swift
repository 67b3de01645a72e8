/// The rules that turn text into terms, as a whole. Their specification is docs/query-language.md, "Words"; `Settings.analyzerVersion` changes
/// whenever some text would give other terms, so that a snapshot never mixes two.
package enum Analysis {
    /// Longest term in bytes of UTF-8. A longer word gives the longest prefix of whole characters that fits. With the tail of a key
    /// it is as long as a key may be (`IndexField.maxTermBytes`).
    package static let termBytes = 253
}
