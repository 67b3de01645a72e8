import News

/// Dates that stand in the page for people to read: time elements, elements named after dates, and short lines near the
/// headline.
struct PageDateFinder {
    let tree: HTMLTree
    let region: MetadataRegion

    /// Said to be the day of publication.
    private(set) var labelled: PublishedTime?
    /// Near and behind the headline, with no word on what it is the date of.
    private(set) var near: PublishedTime?
    /// Near, but before the headline: at times the day on which the page was asked for.
    private(set) var before: PublishedTime?
    /// Anywhere else in the article's part of the page.
    private(set) var far: PublishedTime?
    /// Said to be the day of a change.
    private(set) var changed: PublishedTime?

    private static let maxBytes = 240
    /// Nodes around the headline that are near it.
    private static let reach: HTMLTree.Node = 260

    init(tree: HTMLTree, region: MetadataRegion) {
        self.tree = tree
        self.region = region
    }

    mutating func look() {
        for mark in region.marked where !mark.marks.isDisjoint(with: [.date, .published, .updated, .byline]) {
            take(mark)
        }
        guard labelled == nil, near == nil else { return }
        for node in region.blocks where near == nil {
            guard let text = tree.shortText(of: node, maxBytes: 200) else { continue }
            for said in Self.dates(in: text) { keep(said.time, said.label, node) }
        }
    }

    private mutating func keep(_ time: PublishedTime, _ label: Label?, _ node: HTMLTree.Node) {
        switch label {
        case .updated: changed = changed ?? time
        case .published where isNear(node): labelled = labelled ?? time
        default: keep(time, node)
        }
    }

    private mutating func keep(_ time: PublishedTime, _ node: HTMLTree.Node) {
        if !isNear(node) {
            far = far ?? time
        } else if let headline = region.headline, node < headline {
            // The nearest one counts.
            before = time
        } else {
            near = near ?? time
        }
    }

    private mutating func take(_ mark: MetadataRegion.Mark) {
        for said in stated(mark.node) {
            var label = said.label
            if label == nil {
                if mark.marks.contains(.updated), !mark.marks.contains(.published) { label = .updated }
                if mark.marks.contains(.published), !mark.marks.contains(.updated) { label = .published }
                if tree.value(.pubdate, of: mark.node) != nil { label = .published }
            }
            keep(said.time, label, mark.node)
        }
    }

    private func isNear(_ node: HTMLTree.Node) -> Bool {
        guard let headline = region.headline else { return true }
        return abs(node - headline) <= Self.reach
    }

    // MARK: Texts

    private struct Said {
        var time: PublishedTime
        var label: Label?
    }

    private enum Label { case published, updated }

    /// The times an element states by its attributes or its text.
    private func stated(_ node: HTMLTree.Node) -> [Said] {
        let text = tree.shortText(of: node, maxBytes: Self.maxBytes) ?? ""
        for key in [HTMLAttribute.datetime, .content, .title] {
            guard tree.tag(node) == .time || key != .title, let value = tree.attribute(key, of: node),
                let time = PageDate.parse(TextSpace.trimmed(value), "time")
            else { continue }
            return [Said(time: time, label: Self.label(text))]
        }
        return Self.dates(in: text)
    }

    /// The dates of a line, each with what the words before it say it is the date of. Lines of copyright give none.
    private static func dates(in text: String) -> [Said] {
        guard text.utf8.contains(where: ASCII.isDigit) || text.utf8.contains(where: { $0 >= 0x80 }), !text.contains("©")
        else {
            return []
        }
        let bytes = Array(text.utf8)
        var out: [Said] = []
        var start = 0
        for found in DateText.all(in: text, from: "text", limit: 4) where found.bytes.lowerBound >= start {
            let lead = String(decoding: bytes[start..<found.bytes.lowerBound], as: UTF8.self)
            start = found.bytes.upperBound
            guard PageDate.isUsable(found.time) else { continue }
            out.append(Said(time: found.time, label: label(lead)))
        }
        return out
    }

    /// The last such word before a date counts.
    private static func label(_ text: String) -> Label? {
        let bytes = Array(text.lowercased().utf8)
        let published = lastPlace(of: publishedStems, in: bytes)
        let updated = lastPlace(of: updatedStems, in: bytes)
        guard let updated else { return published == nil ? nil : .published }
        guard let published else { return .updated }
        return published > updated ? .published : .updated
    }

    private static func lastPlace(of stems: [String], in bytes: [UInt8]) -> Int? {
        stems.compactMap { HTMLTokenizer.firstRange(of: Array($0.utf8), in: bytes[...]) }.max()
    }

    private static let publishedStems = [
        "publish", "posted", "veröffentlicht", "erschienen", "erstellt", "publicad", "publié", "pubblicat",
        "gepubliceerd",
        "geplaatst", "publisert", "publicer", "udgivet", "julkaistu", "opublikowan", "publikováno", "vydáno",
        "közzététel",
        "publicat la", "публик", "опублик", "δημοσ", "yayın", "نشر", "פורסם", "diterbitkan", "created", "first",
        "создан",
        "公開", "掲載", "发布", "發布", "등록", "입력", "đăng", "paskelbta",
    ]

    private static let updatedStems = [
        "updat", "modif", "aktualisi", "geändert", "actualiz", "mis à jour", "mise à jour", "aggiorna", "atualiz",
        "bijgewerkt",
        "oppdater", "uppdater", "opdater", "päivite", "zaktualiz", "aktualiz", "frissít", "обнов", "измен", "оновл",
        "ενημ",
        "güncell", "تحديث", "עודכן", "diperbarui", "更新", "수정", "cập nhật", "stand:", "edited", "uppfært",
    ]
}
