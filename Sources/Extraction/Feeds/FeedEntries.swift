import News

/// What only all entries of a feed together tell.
extension [FeedEntry] {
    /// A guid makes a key where an entry has no address. Some feeds give one guid to many entries (the site's name, a number that
    /// starts anew each day): there it names none of them, so that no article replaces another.
    mutating func tellSharedGuidsApart() {
        var counts: [ArticleKey: Int] = [:]
        for entry in self where entry.spareKey != nil { counts[entry.key, default: 0] += 1 }
        for index in indices where counts[self[index].key, default: 0] > 1 {
            if let spare = self[index].spareKey { self[index].key = spare }
        }
    }

    /// Of entries that tell none, nor their feed: by their own text, or by all texts together where that is short.
    mutating func guessLanguages() {
        let silent = indices.filter { self[$0].article.language == nil }
        guard !silent.isEmpty else { return }
        var all = ""
        for entry in self where all.utf8.count < Self.sampleBytes { all += entry.article.languageSample + "\n" }
        let common = LanguageGuess.language(of: all)
        for index in silent {
            let text = self[index].article.languageSample
            let own = text.utf8.count >= Self.ownBytes ? LanguageGuess.language(of: text) : nil
            self[index].article.language = own ?? common
        }
    }

    private static var sampleBytes: Int { 8_000 }
    /// Of a text that tells its language by itself.
    private static var ownBytes: Int { 300 }
}
