/// What the last lists of a folder read and did not tell yet, for those that go on where they ended: to read and sort a folder again for
/// each page would take the square of its size.
///
/// A name that comes or goes between two pages may be missing or told: a list may lag, for `patienceNanoseconds` at most. Once a list
/// has told all it holds, the next page reads the folder again.
struct ListingRests {
    private struct Held {
        var rest: FolderListing.Rest
        var prefix: String
        var last: String
        var readAt: UInt64
    }

    /// Lists that go on side by side.
    static let count = 4
    static let patienceNanoseconds: UInt64 = 10_000_000_000

    private var held: [Held] = []

    /// - Parameter last: the name after which the list goes on.
    mutating func take(_ prefix: String, _ last: String, now: UInt64) -> (rest: FolderListing.Rest, readAt: UInt64)? {
        // Another thread may have read after `now`.
        held.removeAll { $0.readAt + Self.patienceNanoseconds < now }
        guard let index = held.firstIndex(where: { $0.prefix == prefix && $0.last == last }) else { return nil }
        let found = held.remove(at: index)
        return (found.rest, found.readAt)
    }

    /// - Parameters:
    ///   - last: the last name that was told.
    ///   - readAt: when the oldest of it was read, in monotonic nanoseconds.
    mutating func keep(_ rest: FolderListing.Rest, _ prefix: String, _ last: String, readAt: UInt64) {
        if held.count == Self.count { held.removeFirst() }
        held.append(Held(rest: rest, prefix: prefix, last: last, readAt: readAt))
    }
}
