import News

/// Name of a field: of the known vocabulary, or one of the document's own, with the prefix it is shown with.
struct FeedKey: Equatable {
    var prefix: NameTable.ID
    var name: NameTable.ID
    /// An attribute is shown as "prefix:name", an element as "prefix_name".
    var isAttribute = false

    init(prefix: NameTable.ID = 0, name: NameTable.ID, isAttribute: Bool = false) {
        self.prefix = prefix
        self.name = name
        self.isAttribute = isAttribute
    }

    init(_ word: FeedWord) { self.init(name: word.rawValue) }
}

/// Texts that stand in many fields, so that they are not made anew for each.
enum FeedText {
    static let alternate = Array("alternate".utf8)
    static let enclosure = Array("enclosure".utf8)
    static let license = Array("license".utf8)
    static let html = Array("text/html".utf8)
    static let atom = Array("application/atom+xml".utf8)
    static let itunes = Array("http://www.itunes.com/".utf8)
    static let mediaCategories = Array("http://search.yahoo.com/mrss/category_schema".utf8)
}

/// What a field says. Texts are UTF-8.
enum FeedValue {
    case text([UInt8])
    case number(Int)
    case flag(Bool)
    /// Nil is a date that could not be read.
    case time(Timestamp?)
    case object(FeedFields)
    case list([FeedFields])
    case words([[UInt8]])
    /// Longitude and latitude (and height), in the order of the record; a point has one.
    case places([[Double]], isOne: Bool, isRing: Bool)
    case extensions([ExtensionTree.Node])
    case nothing
}

/// Fields in the order in which they came, each name once: a feed, an entry, a link, an author …
///
/// A plain list: there are seldom more than twenty, and comparing numbers is faster than hashing them.
struct FeedFields {
    struct Field {
        let key: FeedKey
        var value: FeedValue
    }

    private(set) var fields: [Field] = []

    init(capacity: Int = 4) {
        if capacity > 0 { fields.reserveCapacity(capacity) }
    }

    var isEmpty: Bool { fields.isEmpty }

    private func place(_ key: FeedKey) -> Int? { fields.firstIndex { $0.key == key } }

    subscript(_ key: FeedKey) -> FeedValue? {
        get { place(key).map { fields[$0].value } }
        set {
            switch (place(key), newValue) {
            case (let place?, let value?): fields[place].value = value
            case (let place?, nil): fields.remove(at: place)
            case (nil, let value?): fields.append(Field(key: key, value: value))
            case (nil, nil): break
            }
        }
    }

    subscript(_ word: FeedWord) -> FeedValue? {
        get { self[FeedKey(word)] }
        set { self[FeedKey(word)] = newValue }
    }

    func has(_ word: FeedWord) -> Bool { place(FeedKey(word)) != nil }

    func text(_ word: FeedWord) -> [UInt8]? {
        if case .text(let text) = self[word] { return text }
        return nil
    }

    /// Sets what is not there yet.
    mutating func keep(_ word: FeedWord, _ value: FeedValue) {
        if place(FeedKey(word)) == nil { fields.append(Field(key: FeedKey(word), value: value)) }
    }

    /// Appends without looking whether the name is there.
    mutating func append(_ key: FeedKey, _ value: FeedValue) { fields.append(Field(key: key, value: value)) }

    // MARK: Lists

    func count(_ word: FeedWord) -> Int {
        if case .list(let list) = self[word] { return list.count }
        return 0
    }

    func list(_ word: FeedWord) -> [FeedFields] {
        if case .list(let list) = self[word] { return list }
        return []
    }

    /// Changes a list in place, which is made if it is not there.
    mutating func withList(_ word: FeedWord, _ body: (inout [FeedFields]) -> Void) {
        let place = place(FeedKey(word)) ?? fields.count
        if place == fields.count { fields.append(Field(key: FeedKey(word), value: .nothing)) }
        var list: [FeedFields] = []
        if case .list(let held) = fields[place].value { list = held }
        // The field lets go of the list, so that it is changed where it is and not copied.
        fields[place].value = .nothing
        body(&list)
        fields[place].value = .list(list)
    }

    mutating func append(to word: FeedWord, _ element: FeedFields) {
        withList(word) { $0.append(element) }
    }

    mutating func withLast(of word: FeedWord, _ body: (inout FeedFields) -> Void) {
        withList(word) { list in
            if !list.isEmpty { body(&list[list.count - 1]) }
        }
    }

    /// Changes an object in place, which is made if it is not there.
    mutating func withObject(_ word: FeedWord, _ body: (inout FeedFields) -> Void) {
        let place = place(FeedKey(word)) ?? fields.count
        if place == fields.count { fields.append(Field(key: FeedKey(word), value: .nothing)) }
        var object = FeedFields()
        if case .object(let held) = fields[place].value { object = held }
        fields[place].value = .nothing
        body(&object)
        fields[place].value = .object(object)
    }
}
