// The log objects that hold entries of one shard and lane, and how far these were sent.
//
// Invariants
// 1. Parts ascend; those before `next` were sent whole, that at `next` perhaps in part.
// 2. The next entry to be sent is the first after `sentTo`: a sent range always begins where the one before ended, and
//    no object can be passed over unsent.

import News
import Storage

struct LogObjectID: Hashable, Comparable, Sendable {
    var term: Term
    var number: UInt64

    static func < (left: LogObjectID, right: LogObjectID) -> Bool {
        (left.term, left.number) < (right.term, right.number)
    }
}

extension LogObjectID {
    init(_ object: LogObject) { self.init(term: object.term, number: object.number) }
}

struct StreamQueue: Sendable {
    /// 16 bytes, for there is one for each object of the backlog.
    private struct Part: Sendable {
        var number: UInt64
        /// Index of the stream's last entry in the object.
        var lastIndex: UInt32
        /// Place in `terms`.
        var term: UInt32
    }

    private var parts: [Part] = []
    /// Parts before this one are published; they go when they are the half.
    private var first = 0
    /// The first part that is not wholly sent.
    private var next = 0
    private var terms: [Term] = []

    /// Everything up to here was sent to the holder.
    private(set) var sentTo: Position
    private(set) var lastEntry = Position.start

    init(sentTo: Position) { self.sentTo = sentTo }

    /// The object that holds the next entry to send.
    var nextObject: LogObjectID? { next < parts.count ? object(of: parts[next]) : nil }

    private func object(of part: Part) -> LogObjectID {
        LogObjectID(term: terms[Int(part.term)], number: part.number)
    }

    private func last(of part: Part) -> Position {
        Position(term: terms[Int(part.term)], number: part.number, index: part.lastIndex)
    }

    /// An object came whose last entry of this stream is at `last`.
    mutating func append(last: Position) {
        precondition(last > lastEntry, "log objects come in order")
        if terms.last != last.term { terms.append(last.term) }
        parts.append(Part(number: last.number, lastIndex: last.index, term: UInt32(terms.count - 1)))
        lastEntry = last
    }

    mutating func sent(_ position: Position) {
        precondition(position > sentTo, "entries are sent in log order")
        precondition(
            next == first || last(of: parts[next - 1]) <= sentTo, "a range begins after the entry before it")
        sentTo = position
        skipSent()
    }

    /// Nothing of the stream lies before `position` that is to be sent.
    mutating func passOver(to position: Position) {
        sentTo = max(sentTo, position)
        skipSent()
    }

    /// Everything after `position` is to be sent again.
    mutating func rewind(to position: Position) {
        sentTo = position
        next = first
        skipSent()
    }

    private mutating func skipSent() {
        while next < parts.count, last(of: parts[next]) <= sentTo { next += 1 }
    }

    /// - Returns: the objects of which the stream needs nothing more.
    mutating func dropPublished(to watermark: Position) -> [LogObjectID] {
        var dropped: [LogObjectID] = []
        while first < parts.count, last(of: parts[first]) <= watermark {
            dropped.append(object(of: parts[first]))
            first += 1
        }
        if next < first { passOver(to: watermark) }
        next = max(next, first)
        if first > 64, first > parts.count / 2 {
            parts.removeFirst(first)
            next -= first
            first = 0
        }
        return dropped
    }
}
