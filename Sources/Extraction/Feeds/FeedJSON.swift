import News

/// A feed's record as JSON, with feedparser's names.
package enum FeedJSON {
    /// Appends one object: `bozo`, `version`, `encoding`, `namespaces`, `feed`, `entries`.
    ///
    /// - Parameter id: the first member, if there is one.
    package static func append(_ record: FeedRecord, id: String? = nil, to out: inout ByteSink) {
        var writer = Writer(names: record.names, out: out)
        writer.write(record, id: id)
        out = writer.out
    }

    /// One object in bytes of its own.
    package static func bytes(of record: FeedRecord) -> [UInt8] {
        var out = ByteSink(capacity: 1 << 14)
        append(record, to: &out)
        return out.array
    }

    /// One line for what is no feed.
    package static func appendError(_ error: String, id: String, to out: inout ByteSink) {
        out.append("{\"id\":")
        appendString(id, to: &out)
        out.append(",\"error\":")
        appendString(error, to: &out)
        out.append(UInt8(ascii: "}"))
    }

    static func appendString(_ text: String, to out: inout ByteSink) { appendString(Array(text.utf8), to: &out) }

    static func appendString(_ text: [UInt8], to out: inout ByteSink) {
        ByteSpan.of(text) { appendString($0, to: &out) }
    }

    /// A string in quotation marks; the bytes are UTF-8.
    static func appendString(_ text: ByteSpan, to out: inout ByteSink) {
        out.append(UInt8(ascii: "\""))
        var start = text.startIndex
        while true {
            let place = ByteSearch.firstToEscape(in: text, from: start)
            out.append(text[start..<place])
            guard place < text.endIndex else { break }
            let byte = text[place]
            switch byte {
            case 0x22: out.append("\\\"")
            case 0x5C: out.append("\\\\")
            case 0x0A: out.append("\\n")
            case 0x0D: out.append("\\r")
            case 0x09: out.append("\\t")
            default:
                out.append("\\u00")
                out.append(hexDigit(byte >> 4))
                out.append(hexDigit(byte & 15))
            }
            start = place + 1
        }
        out.append(UInt8(ascii: "\""))
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }
}

/// Writes a record; nested at most as deep as records are.
private struct Writer: ~Copyable {
    let names: NameTable
    var out: ByteSink
    /// The known names, so that the usual keys are copied and not looked up.
    private let words = Self.words

    private static let words = FeedWord.allCases.map { ByteSpan.immortal(Array($0.snakeName.utf8)) }

    init(names: NameTable, out: consuming ByteSink) {
        self.names = names
        self.out = out
    }

    private mutating func raw(_ text: StaticString) { out.append(text) }

    private mutating func string(_ text: [UInt8]) { FeedJSON.appendString(text, to: &out) }

    private mutating func string(_ text: String) { FeedJSON.appendString(text, to: &out) }

    mutating func write(_ record: FeedRecord, id: String?) {
        raw("{")
        if let id {
            raw("\"id\":")
            string(id)
            raw(",")
        }
        raw("\"bozo\":")
        raw(record.bozo == nil ? "false" : "true")
        if let bozo = record.bozo {
            raw(",\"bozo_exception\":")
            string(bozo)
        }
        raw(",\"version\":")
        string(record.version)
        raw(",\"encoding\":")
        string(record.encoding)
        if let etag = record.etag {
            raw(",\"etag\":")
            string(etag)
        }
        if let modified = record.modified {
            raw(",\"modified\":")
            string(modified)
            raw(",\"modified_parsed\":")
            time(FeedTime.instant(modified))
        }
        namespaces(record)
        raw(",\"feed\":")
        object(record.feed)
        raw(",\"entries\":")
        list(record.entries)
        raw("}")
    }

    private mutating func namespaces(_ record: FeedRecord) {
        raw(",\"namespaces\":{")
        for (place, namespace) in record.namespaces.enumerated() {
            if place > 0 { raw(",") }
            string(namespace.prefix)
            raw(":")
            string(namespace.uri)
        }
        raw("}")
    }

    private mutating func object(_ fields: FeedFields) {
        out.append(UInt8(ascii: "{"))
        var isFirst = true
        for place in fields.fields.indices {
            let key = fields.fields[place].key
            if !isFirst { out.append(UInt8(ascii: ",")) }
            isFirst = false
            out.append(UInt8(ascii: "\""))
            if key.prefix != 0 {
                name(key.prefix)
                out.append(UInt8(ascii: key.isAttribute ? ":" : "_"))
            }
            name(key.name)
            out.append(UInt8(ascii: "\""))
            out.append(UInt8(ascii: ":"))
            value(fields.fields[place].value)
        }
        out.append(UInt8(ascii: "}"))
    }

    /// A name may hold anything, as it may come from a broken document.
    private mutating func name(_ id: NameTable.ID) {
        if id < words.count { return out.append(words[Int(id)]) }
        for byte in names.name(id) { out.append(byte < 0x20 || byte == 0x22 || byte == 0x5C ? 0x5F : byte) }
    }

    private mutating func list(_ objects: [FeedFields]) {
        raw("[")
        for (place, fields) in objects.enumerated() {
            if place > 0 { raw(",") }
            object(fields)
        }
        raw("]")
    }

    private mutating func value(_ value: FeedValue) {
        switch value {
        case .text(let text): string(text)
        case .number(let number): out.append(contentsOf: "\(number)")
        case .flag(let flag): raw(flag ? "true" : "false")
        case .time(let stated): time(stated)
        case .object(let fields): object(fields)
        case .list(let objects): list(objects)
        case .words(let words):
            raw("[")
            for (place, word) in words.enumerated() {
                if place > 0 { raw(",") }
                string(word)
            }
            raw("]")
        case .places(let places, let isOne, let isRing): self.places(places, isOne: isOne, isRing: isRing)
        case .extensions(let nodes): extensions(nodes[...], depth: 0)
        case .nothing: raw("null")
        }
    }

    /// An instant in UTC, a fraction only if there is one: "2004-04-07T04:05:43Z".
    private mutating func time(_ stated: Timestamp?) {
        guard let stated else { return raw("null") }
        let seconds =
            stated.milliseconds >= 0 ? stated.milliseconds / 1000 : (stated.milliseconds - 999) / 1000
        let civil = CivilTime(secondsSinceEpoch: seconds)
        out.append(UInt8(ascii: "\""))
        digits(civil.year, 4)
        out.append(UInt8(ascii: "-"))
        digits(civil.month, 2)
        out.append(UInt8(ascii: "-"))
        digits(civil.day, 2)
        out.append(UInt8(ascii: "T"))
        digits(civil.hour, 2)
        out.append(UInt8(ascii: ":"))
        digits(civil.minute, 2)
        out.append(UInt8(ascii: ":"))
        digits(civil.second, 2)
        fraction(Int(stated.milliseconds - seconds * 1000))
        raw("Z\"")
    }

    private mutating func fraction(_ milliseconds: Int) {
        guard milliseconds != 0 else { return }
        out.append(UInt8(ascii: "."))
        var (left, scale) = (milliseconds, 100)
        // As many digits as say something.
        while left > 0 {
            digits(left / scale, 1)
            left %= scale
            scale /= 10
        }
    }

    private mutating func digits(_ number: Int, _ count: Int) {
        var scale = count == 4 ? 1000 : count == 2 ? 10 : 1
        while scale > 0 {
            out.append(0x30 + UInt8(truncatingIfNeeded: number / scale % 10))
            scale /= 10
        }
    }

    private mutating func places(_ places: [[Double]], isOne: Bool, isRing: Bool) {
        let shown = isOne ? places.prefix(1) : places[...]
        if isRing { raw("[") }
        if !isOne { raw("[") }
        for (index, place) in shown.enumerated() {
            if index > 0 { raw(",") }
            out.append(contentsOf: "[" + place.map { "\($0)" }.joined(separator: ",") + "]")
        }
        if !isOne { raw("]") }
        if isRing { raw("]") }
    }

    /// By prefix, then by name, each a list of elements; the depth is bounded by the reader's.
    private mutating func extensions(_ nodes: ArraySlice<ExtensionTree.Node>, depth: Int) {
        raw("{")
        var prefixes: [[UInt8]] = []
        for node in nodes where !prefixes.contains(node.prefix) { prefixes.append(node.prefix) }
        for (place, prefix) in prefixes.enumerated() {
            if place > 0 { raw(",") }
            string(prefix)
            raw(":")
            named(nodes.filter { $0.prefix == prefix })
        }
        raw("}")
    }

    private mutating func named(_ nodes: [ExtensionTree.Node]) {
        raw("{")
        var names: [[UInt8]] = []
        for node in nodes where !names.contains(node.name) { names.append(node.name) }
        for (place, name) in names.enumerated() {
            if place > 0 { raw(",") }
            string(name)
            raw(":[")
            for (index, node) in nodes.filter({ $0.name == name }).enumerated() {
                if index > 0 { raw(",") }
                self.node(node)
            }
            raw("]")
        }
        raw("}")
    }

    private mutating func node(_ node: ExtensionTree.Node) {
        raw("{\"name\":")
        string(node.name)
        raw(",\"value\":")
        string(node.text)
        raw(",\"attrs\":{")
        for (place, attribute) in node.attributes.enumerated() {
            if place > 0 { raw(",") }
            string(attribute.name)
            raw(":")
            string(attribute.value)
        }
        raw("},\"children\":")
        named(node.children)
        raw("}")
    }
}
