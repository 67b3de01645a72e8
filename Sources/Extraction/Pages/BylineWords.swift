/// Words that stand in bylines and are no part of a name. All lower case, compared whole; from general knowledge of the
/// languages, so that a language that is not here loses only the cleaning.
enum BylineWords {
    /// Begin a byline: "By Jane Doe", "Von Jane Doe", "Text: Jane Doe".
    static let openers: Set<String> = [
        "by", "von", "par", "por", "di", "door", "av", "af", "od", "przez", "autor", "autorin", "autoren", "autora",
        "autore", "autori", "autores", "autorka", "author", "authors", "auteur", "auteurs", "text", "texte", "texto",
        "testo", "tekst", "words", "written", "posted", "published", "reported", "story", "report", "reporting", "oleh",
        "penulis", "yazan", "yazar", "kirjoittanut", "teksti", "redaktion", "redazione", "redacción", "автор", "авторы",
        "текст", "от", "від", "автори", "bởi", "tác", "giả", "皆", "文", "記者", "记者", "作者", "撰文", "取材", "기자", "بقلم",
        "كتب", "מאת", "skrivet", "skriven", "skrevet", "publicado", "escrito", "scritto", "publié", "geschreven",
        "napsal",
        "napsala", "írta", "szerző", "autors", "de", "from", "e", "o", "a", "cura", "ein", "eine", "an",
        "aufgezeichnet",
        "protokoll", "interview", "kommentar", "kolumne", "analyse", "essay", "gastbeitrag", "reportage", "bericht",
        "meinung", "pressemitteilung", "gastkommentar", "leitartikel", "porträt", "nachruf", "glosse", "rezension",
        "analysis", "opinion", "comment", "review", "photographs", "propos",
        "recueillis", "verfasst", "geschrieben", "veröffentlicht", "contributed", "created", "edited",
    ]

    /// Of the openers, those that end the opening: what stands behind is the name.
    static let links: Set<String> = [
        "by", "von", "par", "por", "di", "door", "av", "af", "od", "oleh", "bởi", "от", "від", "מאת", "بقلم", "de",
        "from",
        "przez",
    ]

    /// Join two names.
    static let joiners: Set<String> = [
        "and", "und", "et", "y", "e", "i", "og", "och", "ja", "en", "en", "a", "și", "és", "и", "та", "και", "ve",
        "dan",
        "with", "mit", "avec", "con", "và", "och", "&", "+", "sowie", "i",
    ]

    /// Small words inside names.
    static let particles: Set<String> = [
        "von", "van", "de", "der", "den", "del", "della", "di", "da", "das", "do", "dos", "du", "des", "la", "le",
        "las",
        "los", "el", "al", "bin", "ibn", "bint", "ben", "af", "av", "zu", "zum", "zur", "y", "e", "ter", "ten", "te",
        "het",
        "in", "op", "san", "st", "st.", "'t", "d'", "dal", "dalla", "degli", "und", "ap", "mac", "ul", "ur", "abu",
    ]

    /// Those a name may begin with in small letters.
    static let leadingParticles: Set<String> = [
        "von", "van", "de", "der", "den", "del", "della", "di", "da", "du", "la", "le", "el", "al", "bin", "ibn", "ter",
        "ten",
        "af", "zu", "d'",
    ]

    /// What people are, not who: alone it is no author; behind a name it is cut away.
    static let roles: Set<String> = [
        "reporter", "reporters", "correspondent", "correspondents", "journalist", "journaliste", "journalistin",
        "periodista",
        "giornalista", "jornalista", "dziennikarz", "redakteur", "redakteurin", "redaktor", "redaktorka", "redacteur",
        "rédacteur", "rédactrice", "redactor", "redactora", "editor", "editors", "editorial", "writer", "writers",
        "contributor", "contributors", "contributing", "columnist", "kolumnist", "kolumnistin", "commentator",
        "korrespondent", "korrespondentin", "corresponsal", "corrispondente", "correspondente", "author", "autor",
        "autorin", "producer", "photographer", "fotograf", "staff", "senior", "chief", "freelance", "freelancer",
        "volontär", "volontärin", "chefredakteur", "chefredakteurin", "ressortleiter", "ressortleiterin", "head",
        "deputy", "associate", "assistant", "managing", "executive", "director", "professor", "lecturer", "researcher",
        "analyst", "admin", "administrator", "webmaster", "guest", "gast", "editorial", "team", "newsdesk", "desk",
        "toimittaja", "reporterin", "urednik", "novinar", "журналист", "корреспондент", "редактор", "журналіст",
        "кореспондент", "muhabir", "wartawan", "blogger", "host", "moderator", "moderatorin", "updated", "published",
        "founder", "co-founder", "cofounder", "ceo", "cto", "cfo", "president", "manager", "coordinator", "specialist",
        "strategist", "consultant",
        "engineer", "developer", "designer", "expert", "officer", "partner", "fellow", "student", "intern", "content",
        "marketing", "architect", "scientist", "editor-in-chief", "vice-president", "follow",
        "political", "sports", "business", "health", "science", "technology", "foreign", "national", "crime", "court",
    ]

    /// Begin the credit of who made the pictures.
    static let pictures: Set<String> = [
        "foto", "fotos", "fotograf", "fotografie", "fotografin", "photo", "photos", "photograph", "photographs",
        "photographer",
        "photography", "image", "images", "picture", "pictures", "bild", "bilder", "illustration", "illustrationen",
        "infografik",
        "graphic", "graphics", "grafik", "video", "kamera", "camera", "fotografía", "foto-assistenz", "styling",
        "creative",
        "фото", "imagen", "immagine", "zdjęcia", "fot.", "kuva", "写真", "撮影",
    ]

    /// Stand behind a name with a comma.
    static let degrees: Set<String> = [
        "md", "m.d", "m.d.", "phd", "ph.d", "ph.d.", "ms", "m.s.", "msc", "ma", "m.a.", "mba", "rd", "rdn", "ld", "rn",
        "np", "do", "dds", "cpa", "cfp", "cfp®", "cfa", "cfa®", "esq", "esq.", "jr", "jr.", "sr", "sr.", "ii", "iii",
        "bs",
        "b.s.", "ba", "b.a.", "mph", "lcsw", "psyd", "edd", "jd", "j.d.", "fand", "facp", "mp", "pe", "cscs", "cpt",
    ]

    /// Agencies of the trade. Alone they are an author; beside persons too, but a list of two is split at a comma.
    static let agencies: Set<String> = [
        "afp", "ap", "dpa", "reuters", "efe", "ansa", "apa", "sda", "ats", "tt", "ntb", "ritzau", "pap", "čtk", "ctk",
        "mti",
        "tass", "ria", "interfax", "xinhua", "kyodo", "yonhap", "pti", "ani", "ians", "bernama", "antara", "aap", "pa",
        "upi",
        "belga", "anp", "stt", "kna", "epd", "sid", "agerpres", "anadolu", "aa", "lusa", "europa press",
        "associated press",
        "the associated press", "agence france-presse",
    ]

    /// Signs that names of accounts, not of people, are made of.
    static let placeholders: Set<String> = [
        "admin", "administrator", "webmaster", "editor", "author", "autor", "anonymous", "unknown", "guest", "user",
        "null",
        "undefined", "none", "n/a", "root", "gast", "redakteur", "staff", "default", "wordpress", "website", "-",
        "about",
        "no author", "nbsp", "publisher", "即時報導", "綜合報導", "综合报道", "本報訊", "not specified", "various", "kommentare",
        "comments", "share", "login", "name", "authors",
        "autoren", "profil", "profile", "follow",
    ]
}
