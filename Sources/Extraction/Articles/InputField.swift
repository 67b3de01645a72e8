/// The names a JSON article may use for its fields: those of docs/identity.md and the synonyms people's files have.
enum InputField: Int, CaseIterable {
    // Of each target the proper name stands before its synonyms: the first one present is taken.
    case key, version, url, guid, id, canonicalURL, provider, source, agency
    case headline, title, slugs, edNote, dateline, located, by, authors, author
    case published, date, updated, fetched, language, lang, section, subjects, summary
    case body, text, content, quotes, media, removed, extra, extractorVersion
    case contentHash, copyGroup, story

    var name: String {
        switch self {
        case .canonicalURL: "canonical_url"
        case .edNote: "ed_note"
        case .extractorVersion: "extractor_version"
        case .contentHash: "content_hash"
        case .copyGroup: "copy_group"
        default: "\(self)"
        }
    }

    private static let byName = Dictionary(uniqueKeysWithValues: allCases.map { ($0.name, $0) })

    init?(name: String) {
        guard let field = Self.byName[name] else { return nil }
        self = field
    }
}
