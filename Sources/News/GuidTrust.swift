/// Which guids of a feed's document may stand for their entries.
///
/// A guid makes a key only where an entry has no address (`ArticleIdentity`). Some feeds give one guid to many entries (the
/// site's name, a number that starts anew each day): of such a document that guid names none of them, so that no article
/// replaces another. A guid that changes while the address stays changes nothing, since the address decides.
package enum GuidTrust {
    /// - Parameter guids: of the entries of one document, in their order.
    /// - Returns: for each entry its guid, or nil where it must not make a key.
    package static func trusted(_ guids: [String?]) -> [String?] {
        var counts: [String: Int] = [:]
        for guid in guids { if let guid { counts[guid, default: 0] += 1 } }
        return guids.map { guid in guid.flatMap { counts[$0] == 1 && !$0.isEmpty ? $0 : nil } }
    }
}
