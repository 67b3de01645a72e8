package import ByteCoding
package import News

/// Since when objects that no kept manifest names stand so, as a coordinator saw it: an object `collection/<term>`, overwritten
/// by the coordinator of the term alone and inherited by the next. Without it the grace time would begin anew with each
/// coordinator, and one that is restarted every day would never collect anything.
///
/// Only a hint: it decides when something goes that may go anyway. So a name is known by 64 bits of its hash, and one that
/// is lost costs a grace time.
package struct UnnamedObjects: Equatable, Sendable {
    static let magic = Array("CRNTCOL0".utf8)

    /// By mark; wall clock, in milliseconds.
    private var since: [UInt64: Int64] = [:]

    package init() {}

    package var count: Int { since.count }

    package static func mark(of name: String) -> UInt64 { SHA256.hash(of: Array(name.utf8)).limbs.0 }

    /// The object was found unnamed.
    ///
    /// - Returns: for how long it is known to be, in milliseconds; never negative, though wall clocks may jump.
    package mutating func see(_ mark: UInt64, at now: Timestamp) -> Int64 {
        let first = min(since[mark] ?? now.milliseconds, now.milliseconds)
        since[mark] = first
        let (age, isOver) = now.milliseconds.subtractingReportingOverflow(first)
        return isOver ? .max : age
    }

    package func contains(_ mark: UInt64) -> Bool { since[mark] != nil }

    /// The object is named, or gone.
    package mutating func forget(_ mark: UInt64) { since[mark] = nil }

    package mutating func keep(only marks: Set<UInt64>) { since = since.filter { marks.contains($0.key) } }

    package var encoded: [UInt8] {
        var byTime: [Int64: [UInt64]] = [:]
        for (mark, time) in since { byTime[time, default: []].append(mark) }
        var out = ByteWriter()
        out.raw(Self.magic)
        out.varint(byTime.count)
        for (time, marks) in byTime.sorted(by: { $0.key < $1.key }) {
            out.fixed(time)
            out.varint(marks.count)
            for mark in marks.sorted() { out.fixed(mark) }
        }
        out.checksum()
        return out.bytes
    }

    package init(decoding bytes: [UInt8]) throws(CodingError) {
        var reader = try ByteReader(bytes, magic: Self.magic, what: "collection object")
        for _ in 0..<(try reader.count("times", atMost: reader.remaining)) {
            let time: Int64 = try reader.fixed()
            for _ in 0..<(try reader.count("objects", atMost: reader.remaining / 8)) {
                let mark: UInt64 = try reader.fixed()
                since[mark] = time
            }
        }
        try reader.requireEnd()
    }
}
