import News

/// What the words of an element's class, id and the like hint at.
struct MetadataMarks: OptionSet {
    let rawValue: UInt16

    static let byline = MetadataMarks(rawValue: 1)
    static let date = MetadataMarks(rawValue: 2)
    static let published = MetadataMarks(rawValue: 4)
    static let updated = MetadataMarks(rawValue: 8)
    /// What readers wrote.
    static let comment = MetadataMarks(rawValue: 16)
    /// Teasers, side columns, navigation, what else is not of this article.
    static let other = MetadataMarks(rawValue: 32)
    /// Of a picture: its caption, its photographer.
    static let picture = MetadataMarks(rawValue: 128)
    /// About the author at length.
    static let portrait = MetadataMarks(rawValue: 64)

    /// Longest value looked at: utility classes fill kilobytes, and the telling words stand first.
    private static let maxBytes = 600

    init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Of one element, from its class, id, rel, itemprop and test names.
    init(_ tree: HTMLTree, _ node: HTMLTree.Node) {
        self = []
        for key in [HTMLAttribute.class, .id, .itemprop, .dataTestid, .rel, .dataComponent, .dataType] {
            if let value = tree.value(key, of: node), !value.isEmpty { formUnion(Self.marks(in: value)) }
        }
    }

    /// Words end at signs, digits, and where a capital follows a small letter: "articleAuthor", "post-date".
    static func marks(in value: ArraySlice<UInt8>) -> MetadataMarks {
        var marks: MetadataMarks = []
        var word: [UInt8] = []
        var previous: UInt8 = 0
        for byte in value.prefix(maxBytes) {
            if !ASCII.isLetter(byte) || (ASCII.isUpper(byte) && !ASCII.isUpper(previous)) {
                marks.formUnion(mark(of: word))
                word.removeAll(keepingCapacity: true)
            }
            if ASCII.isLetter(byte) { word.append(ASCII.lowercased(byte)) }
            previous = byte
        }
        return marks.union(mark(of: word))
    }

    private static func mark(of word: [UInt8]) -> MetadataMarks {
        guard (3...32).contains(word.count) else { return [] }
        if let raw = table[word[...]] { return MetadataMarks(rawValue: UInt16(raw)) }
        guard word.count >= 6 else { return [] }
        for (stem, mark) in stems where HTMLTokenizer.firstRange(of: stem, in: word[...]) != nil { return mark }
        return []
    }

    /// Parts of glued words: "metaauthor", "authorlist", "publishdate".
    private static let stems: [([UInt8], MetadataMarks)] = {
        let published: MetadataMarks = [.published, .date]
        let named: [(String, MetadataMarks)] = [
            ("comment", .comment), ("related", .other), ("sidebar", .other), ("teaser", .other), ("author", .byline),
            ("byline", .byline), ("updat", .updated), ("modif", .updated), ("publish", published),
            ("pubdate", published),
            ("timestamp", .date), ("datetime", .date), ("dateline", .date), ("posted", published),
        ]
        return named.map { (Array($0.0.utf8), $0.1) }
    }()

    private static let table: HashedNames = {
        var entries: [(name: String, value: UInt8)] = []
        for (mark, words) in words {
            for word in words.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
                entries.append((String(word), UInt8(mark.rawValue)))
            }
        }
        return HashedNames(entries)
    }()

    private static let words: [(MetadataMarks, String)] = [
        (
            .byline,
            """
            author authors autor autoren autores autora autore autori auteur auteurs auteures byline bylines verfasser writer
            writers journalist redakteur redactor signature signatures firma contributor contributors reporter forfatter
            skribent szerzo yazar penulis creator credit
            """
        ),
        (
            .date,
            """
            date dates datum dato data time times tid zeit fecha hora datetime timestamp dateline stamp tarih pvm uhrzeit
            tanggal datetimes ngay meta
            """
        ),
        (
            [.date, .published],
            """
            published publish publication pubdate pubtime posted veroeffentlicht publicado publicacion publie pubblicato
            created creation issued erstellt publicerad publisert
            """
        ),
        (
            .updated,
            """
            updated update modified modification modify aktualisiert actualizado actualizacion maj oppdatert uppdaterad
            edited lastmod revised
            """
        ),
        (
            .comment,
            """
            comment comments commenter commentlist respond replies reply kommentar kommentare comentario comentarios
            commentaire commentaires commento commenti disqus discussion forum posting leserbrief reactions
            """
        ),
        (
            .other,
            """
            related teaser teasers sidebar recommended recommendation recommendations popular trending latest promo
            footer nav navigation menu newsletter widget breadcrumb breadcrumbs carousel slider ticker mostread more
            outbrain taboola sponsored advertisement ad ads banner cookie subscribe paywall login modal archive
            similar readmore readnext next prev previous aside rail
            """
        ),
        (.picture, "caption figure image images photo photos picture video gallery thumbnail media img foto bild"),
        (.portrait, "bio biography about portrait vita description"),
    ]
}
