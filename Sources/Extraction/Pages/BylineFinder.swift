import News

/// Finds who wrote the article in the page itself: elements that are named after authors, links to their pages, and
/// lines that begin like a byline.
struct BylineFinder {
    let tree: HTMLTree
    let region: MetadataRegion

    private static let maxBytes = 260

    /// - Parameter wanted: whether names are good enough to end the search.
    /// - Returns: the names; empty if nothing near the headline speaks of an author.
    func names(where wanted: ([String]) -> Bool) -> [String] {
        let candidates = region.marked.filter { $0.marks.contains(.byline) && !$0.marks.contains(.portrait) }
        let behind = candidates.filter { isBehindHeadline($0.node) }
        let before = candidates.filter { !isBehindHeadline($0.node) }
        return best(behind, wanted) ?? spoken().flatMap { wanted($0) ? $0 : nil } ?? best(before.reversed(), wanted)
            ?? []
    }

    private func isBehindHeadline(_ node: HTMLTree.Node) -> Bool { region.headline.map { node > $0 } ?? true }

    /// The first candidate that gives names, with those of its like beside it.
    private func best(_ candidates: [MetadataRegion.Mark], _ wanted: ([String]) -> Bool) -> [String]? {
        for candidate in candidates {
            guard let text = tree.shortText(of: candidate.node, maxBytes: Self.maxBytes, between: " | ") else {
                continue
            }
            let inner = innerNames(of: candidate.node)
            let own = inner.isEmpty ? self.names(of: candidate.node, text) : inner
            let found = withSiblings(of: candidate.node, own)
            let persons = found.filter { Self.isPerson($0) || BylineWords.agencies.contains($0.lowercased()) }
            let names = persons.contains(where: Self.isPerson) ? persons : found
            if !names.isEmpty, wanted(names) { return names }
        }
        return nil
    }

    /// Names in marked elements inside this one that have none inside themselves: "By <a rel=author>…</a>, <a …>".
    private func innerNames(of node: HTMLTree.Node) -> [String] {
        let inner = region.marked.filter {
            $0.marks.contains(.byline) && $0.node > node && $0.node < tree.end(of: node)
        }
        var out: [String] = []
        for (index, mark) in inner.enumerated() {
            let isLeaf = index + 1 == inner.count || inner[index + 1].node >= tree.end(of: mark.node)
            guard isLeaf, let text = tree.shortText(of: mark.node, maxBytes: Self.maxBytes, between: " | ") else {
                continue
            }
            Self.add(names(of: mark.node, text), to: &out)
        }
        return out
    }

    /// One author an element: the elements of the same kind beside a candidate.
    private func withSiblings(of node: HTMLTree.Node, _ names: [String]) -> [String] {
        var out = names
        let own = tree.value(.class, of: node)
        let tag = tree.tag(node)
        var count = 0
        for sibling in tree.children(of: tree.parent(of: node)) where sibling > node {
            count += 1
            if count > 40 { break }
            guard tree.tag(sibling) == tag, tree.value(.class, of: sibling) == own,
                let text = tree.shortText(of: sibling, maxBytes: Self.maxBytes, between: " | ")
            else { continue }
            // Links without a class are many; of them only those that are marked count.
            if own == nil, !isMarked(sibling) { continue }
            Self.add(Self.likely(text), to: &out)
        }
        return out
    }

    private func isMarked(_ node: HTMLTree.Node) -> Bool {
        region.marked.contains { $0.node == node && $0.marks.contains(.byline) }
    }

    /// A short block near the headline that begins with "By", "Von", "Par" …
    private func spoken() -> [String]? {
        let start = region.headline ?? 0
        for node in region.blocks where node > start && !tree.tag(node).isHeading {
            guard let text = tree.shortText(of: node, maxBytes: 140), Self.beginsLikeByline(text) else { continue }
            let said = Byline.names(in: text)
            let names = said.filter(Self.isPerson)
            if !names.isEmpty { return names }
            // "By EXP, in Business": a short form.
            if text.utf8.count <= 60, let first = said.first, Self.isOneName(first), first.first?.isUppercase == true {
                return [first]
            }
        }
        return nil
    }

    private static func beginsLikeByline(_ text: String) -> Bool {
        guard let first = text.split(whereSeparator: { $0 == " " || $0 == ":" }).first else { return false }
        let word = first.lowercased()
        return BylineWords.links.contains(word)
            || ["text", "autor", "author", "autorin", "written", "автор", "текст"].contains(word)
    }

    /// What an element marked as an author's says. Where the mark is a standard's, it is taken at its word.
    private func names(of node: HTMLTree.Node, _ text: String) -> [String] {
        let isStandard = [HTMLAttribute.rel, .itemprop].contains { key in
            tree.value(key, of: node).map { $0.elementsEqual("author".utf8) } ?? false
        }
        return isStandard && text.utf8.count <= 60 ? Byline.names(in: text) : Self.likely(text)
    }

    private static func likely(_ text: String) -> [String] {
        let isShort = text.utf8.count <= 60
        return Byline.names(in: text).filter { isPerson($0) || (isShort && isOneName($0)) }
    }

    private static func isPerson(_ name: String) -> Bool { Byline.isFullName(name) }

    /// A name of one word: a pen name, an agency. Not a word of a sentence.
    private static func isOneName(_ name: String) -> Bool {
        !name.contains(" ") && name.unicodeScalars.count >= 2 && name.utf8.count <= 40
            && !BylineWords.openers.contains(name.lowercased()) && !BylineWords.roles.contains(name.lowercased())
    }

    private static func add(_ names: [String], to out: inout [String]) {
        for name in names where !out.contains(where: { Byline.isSame($0, name) }) { out.append(name) }
    }
}
