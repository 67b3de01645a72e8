/// One spelling for each JSON value, so that equal values give equal bytes (docs/identity.md, "Extra fields"): members
/// sorted by the bytes of their names, the last of equal names kept, no blanks, numbers as written, and in strings only
/// the quotation mark, the backslash and control characters escaped.
enum CanonicalJSON {
    /// Appends the canonical form of the value at `value.range`, which was passed over before and so is bounded in depth.
    static func append(_ value: JSONValue, of scanner: JSONScanner, to out: inout [UInt8]) throws(JSONError) {
        var inner = JSONScanner(scanner, at: value.range)
        try append(next: &inner, to: &out)
    }

    private static func append(next scanner: inout JSONScanner, to out: inout [UInt8]) throws(JSONError) {
        switch scanner.peek() {
        case UInt8(ascii: "["):
            let start = out.count
            out.append(UInt8(ascii: "["))
            try scanner.forEachElement { (inner) throws(JSONError) in
                if out.count > start + 1 { out.append(UInt8(ascii: ",")) }
                try append(next: &inner, to: &out)
            }
            out.append(UInt8(ascii: "]"))
        case UInt8(ascii: "{"):
            var members = Members()
            try members.add(next: &scanner)
            out.append(contentsOf: members.encoded)
        default:
            let value = try scanner.value()
            if case .string(let text) = value.kind {
                appendString(try scanner.text(text).utf8, to: &out)
            } else {
                out.append(contentsOf: scanner.bytes[value.range])
            }
        }
    }

    /// An object in canonical form, if there is one, with further members that win over its own.
    static func merging(_ object: String?, _ further: Members) -> [UInt8] {
        var members = Members()
        if let object {
            do throws(JSONError) {
                var scanner = try JSONScanner(validating: Array(object.utf8)[...])
                try members.add(next: &scanner)
            } catch {
                preconditionFailure("extra fields are written by this program: \(error)")
            }
        }
        members.add(further)
        return members.encoded
    }

    /// The members of an object to be.
    struct Members {
        private var items: [(name: [UInt8], value: [UInt8])] = []

        var isEmpty: Bool { items.isEmpty }

        mutating func add(_ name: some Sequence<UInt8>, encoded value: [UInt8]) { items.append((Array(name), value)) }

        mutating func add(_ name: some Sequence<UInt8>, _ value: JSONValue, of scanner: JSONScanner) throws(JSONError) {
            var encoded: [UInt8] = []
            try CanonicalJSON.append(value, of: scanner, to: &encoded)
            items.append((Array(name), encoded))
        }

        mutating func add(membersOf object: JSONValue, of scanner: JSONScanner) throws(JSONError) {
            var inner = JSONScanner(scanner, at: object.range)
            try add(next: &inner)
        }

        mutating func add(_ further: Members) { items += further.items }

        fileprivate mutating func add(next scanner: inout JSONScanner) throws(JSONError) {
            var found: [(name: [UInt8], value: [UInt8])] = []
            try scanner.forEachMember { (inner, name) throws(JSONError) in
                var encoded: [UInt8] = []
                try CanonicalJSON.append(next: &inner, to: &encoded)
                found.append((Array(try inner.text(name).utf8), encoded))
            }
            items += found
        }

        /// - Complexity: O(n log n) comparisons of names; ties are broken by position, so the last of equal names is known.
        var encoded: [UInt8] {
            let order = items.indices.sorted { left, right in
                let a = items[left].name
                let b = items[right].name
                return a == b ? left < right : a.lexicographicallyPrecedes(b)
            }
            var out: [UInt8] = [UInt8(ascii: "{")]
            for (place, index) in order.enumerated() {
                if place + 1 < order.count, items[order[place + 1]].name == items[index].name { continue }
                if out.count > 1 { out.append(UInt8(ascii: ",")) }
                CanonicalJSON.appendString(items[index].name, to: &out)
                out.append(UInt8(ascii: ":"))
                out.append(contentsOf: items[index].value)
            }
            out.append(UInt8(ascii: "}"))
            return out
        }
    }

    /// - Parameter bytes: valid UTF-8.
    static func appendString(_ bytes: some Collection<UInt8>, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        for byte in bytes {
            switch byte {
            case 0x22, 0x5C:
                out.append(UInt8(ascii: "\\"))
                out.append(byte)
            case 0x0A: out.append(contentsOf: "\\n".utf8)
            case 0x0D: out.append(contentsOf: "\\r".utf8)
            case 0x09: out.append(contentsOf: "\\t".utf8)
            case 0x08: out.append(contentsOf: "\\b".utf8)
            case 0x0C: out.append(contentsOf: "\\f".utf8)
            case 0..<0x20:
                out.append(contentsOf: "\\u00".utf8)
                out.append(byte < 0x10 ? 0x30 : 0x31)
                out.append("0123456789abcdef".utf8.dropFirst(Int(byte & 15)).first ?? 0x30)
            default: out.append(byte)
            }
        }
        out.append(UInt8(ascii: "\""))
    }
}
