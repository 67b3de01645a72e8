import News

/// What the begin of an element does.
extension XMLFeedReader {
    private var takesText: Bool { isInFeed || isInEntry || isInSource || isInImage || isInTextInput }

    mutating func start(_ role: FeedRole) {
        switch role {
        case .rss: startRSS()
        case .feed: startFeed()
        case .channel:
            isInFeed = true
            takeCDFAttributes()
        case .item: startEntry()
        case .image:
            if !isInEntry { hasImage = true }
            isInImage = true
            titleDepth = -1
            push(.image, isField: false)
        case .textInput:
            isInTextInput = true
            titleDepth = -1
            push(.textinput, isField: false)
        case .source:
            isInSource = true
            if let url = xml.attribute(.url) { scopes[Scope.source.rawValue][.href] = .text(url) }
            push(.source)
            titleDepth = -1
        case .title, .mediaTitle: pushContent(.title, .plain, isField: takesText)
        case .subtitle: pushContent(.subtitle, .plain)
        case .rights: pushContent(.rights, .plain)
        case .info: pushContent(.info, .plain)
        case .description, .abstract: startDescription(role)
        case .summary: startSummary()
        case .content:
            hasContent = true
            pushContent(.content, .plain)
            content?.source = xml.attribute(.src)
        case .encoded:
            hasContent = true
            pushContent(.content, .html)
        case .body: pushContent(.content, .xhtml)
        case .link: startLink()
        case .guid:
            isGuidLink = xml.attribute(.ispermalink).map { $0.elementsEqual("true".utf8) } ?? true
            push(.id)
        case .enclosure: startEnclosure()
        case .cloud: scopes[context][.cloud] = .object(attributes())
        case .generator:
            scopes[context][.generatorDetail] = .object(resolved(linkAttributes()))
            push(.generator)
        case .generatorAgent: startGeneratorAgent()
        case .errorReports:
            if let address = rdfResource() { scopes[context][key()] = .text(address) }
        case .licenseLink:
            var link = FeedFields()
            link[.rel] = .text(FeedText.license)
            if let address = rdfResource() { link[.href] = .text(address) }
            scopes[context].append(to: .links, link)
        case .category, .mediaCategory, .itunesCategory, .tags: startCategory(role)
        default: startOther(role)
        }
    }

    /// Elements that are texts with a name of their own, people, media and places.
    private mutating func startOther(_ role: FeedRole) {
        switch role {
        case .language: push(.language)
        case .newLocation: push(.newlocation)
        case .published: push(.published)
        case .updated: push(.updated)
        case .created: push(.created)
        case .expired: push(.expired)
        case .valid: push(.validity)
        case .license: push(.license)
        case .width: push(.width, isField: false)
        case .height: push(.height, isField: false)
        case .itunesKeywords, .mediaKeywords: push(key(), isField: true)
        case .itunesBlock, .itunesExplicit: push(key(), isField: false)
        case .itunesImage: startPicture()
        case .author, .contributor, .contributorName, .name, .email, .address, .publisher, .owner: startPerson(role)
        case .mediaContent, .mediaThumbnail, .mediaPlayer, .mediaRating, .mediaCredit, .mediaRestriction, .mediaLicense,
            .mediaGroup:
            startMedia(role)
        case .geoShape, .geoWhere, .gmlShape, .gmlExterior, .gmlRing, .gmlPosition, .gmlPositions: startPlace(role)
        case .chapters, .chapter: startChapter(role)
        default: break
        }
    }

    /// An element of no known meaning: its text is a field, or its attributes are an object.
    mutating func startOther() {
        if xml.attributes.isEmpty {
            push(key(), isField: true)
        } else {
            scopes[context][key()] = .object(attributes())
        }
    }

    // MARK: Frames

    private mutating func startRSS() {
        guard !version.hasPrefix("rss") else { return }
        switch xml.attribute(.version).map({ String(decoding: $0.prefix(8), as: UTF8.self) }) ?? "" {
        case "0.91": version = "rss091u"
        case "0.92": version = "rss092"
        case "0.93": version = "rss093"
        case "0.94": version = "rss094"
        case let said where said.hasPrefix("2."): version = "rss20"
        default: version = "rss"
        }
    }

    private mutating func startFeed() {
        isInFeed = true
        guard version.isEmpty else { return }
        switch xml.attribute(.version).map({ String(decoding: $0.prefix(8), as: UTF8.self) }) ?? "" {
        case "0.1": version = "atom01"
        case "0.2": version = "atom02"
        case "0.3": version = "atom03"
        default: version = "atom"
        }
    }

    private mutating func startEntry() {
        // An entry inside an entry, or one that never ended: the first is whole as far as it goes.
        if isInEntry { endEntry() }
        scopes[Scope.entry.rawValue] = FeedFields(capacity: 24)
        fieldDepths.removeAll(keepingCapacity: true)
        draft = EntryDraft()
        mediaDepth = nil
        entryStart = xml.tokenStart
        entryDepth = xml.depth
        isInEntry = true
        isGuidLink = false
        hasContent = false
        titleDepth = -1
        push(.item, isField: false)
        for attribute in xml.attributes where attribute.name == FeedWord.about.rawValue && attribute.prefix != 0 {
            scopes[Scope.entry.rawValue][.id] = .text(xml.value(of: attribute))
        }
        takeCDFAttributes()
    }

    /// CDF says in attributes what others say in elements.
    private mutating func takeCDFAttributes() {
        if let time = xml.attribute(.lastmod) {
            scopes[context][.updated] = .text(time)
            scopes[context][.updatedParsed] = .time(FeedTime.instant(time))
            if isInEntry { draft.updated = String(decoding: time, as: UTF8.self) }
        }
        if let address = xml.attribute(.href) {
            let href = keepsAddresses ? address : URIReference.join(base, address)
            var link = FeedFields()
            link[.rel] = .text(FeedText.alternate)
            link[.type] = .text(FeedText.html)
            link[.href] = .text(href)
            scopes[context].append(to: .links, link)
            scopes[context][.link] = .text(href)
            if isInEntry { draft.link = String(decoding: address, as: UTF8.self) }
        }
    }

    // MARK: Texts

    private mutating func startDescription(_ role: FeedRole) {
        if scopes[context].has(.summary) && !hasContent, role == .description {
            isSummaryContent = true
            hasContent = true
            pushContent(.content, .plain)
        } else {
            pushContent(.description, role == .abstract ? .plain : .html, isField: takesText)
        }
    }

    private mutating func startSummary() {
        if scopes[context].has(.summary) && !hasContent {
            isSummaryContent = true
            hasContent = true
            pushContent(.content, .plain)
        } else {
            pushContent(.summary, .plain)
        }
    }

    private mutating func startGeneratorAgent() {
        let address = rdfResource()
        scopes[context][.generator] = .text(address ?? [])
        var detail = FeedFields()
        if let address { detail[.href] = .text(address) }
        scopes[context][.generatorDetail] = .object(detail)
    }

    // MARK: Links

    private func resolved(_ fields: FeedFields) -> FeedFields {
        guard !keepsAddresses, let href = fields.text(.href) else { return fields }
        var fields = fields
        fields[.href] = .text(URIReference.join(base, href))
        return fields
    }

    private mutating func startLink() {
        var link = linkAttributes()
        link.keep(.rel, .text(FeedText.alternate))
        let isSelf = link.text(.rel)?.elementsEqual("self".utf8) ?? false
        let hasType = link.has(.type)
        link.keep(.type, .text(isSelf ? FeedText.atom : FeedText.html))
        let written = link.text(.href)
        link = resolved(link)
        if !(isInEntry && isInImage) { scopes[context].append(to: .links, link) }
        guard let href = link.text(.href), let written else {
            push(.link, isField: takesText)
            return
        }
        let type = link.text(.type) ?? []
        let isPage =
            type.elementsEqual("text/html".utf8) || type.elementsEqual("application/xhtml+xml".utf8)
            || type.elementsEqual("html".utf8)
        let relation = link.text(.rel) ?? []
        if relation.elementsEqual("alternate".utf8), isPage { scopes[context][.link] = .text(href) }
        if options.wantsArticles {
            takeLink(written, relation: relation, type: hasType ? type : [])
        }
    }

    private mutating func startEnclosure() {
        var link = linkAttributes()
        link[.rel] = .text(FeedText.enclosure)
        if options.wantsArticles { takePicture(link.text(.href), link.text(.type)) }
        scopes[context].append(to: .links, link)
    }

    // MARK: Subjects

    private mutating func startCategory(_ role: FeedRole) {
        switch role {
        case .itunesCategory:
            addTag(xml.attribute(.text), FeedText.itunes, nil)
        case .tags:
            push(.tags)
            return
        default:
            let usual = role == .mediaCategory ? FeedText.mediaCategories : nil
            let term = xml.attribute(.term)
            let label = xml.attribute(.label)
            addTag(term, xml.attribute(.scheme) ?? xml.attribute(.domain) ?? usual, label)
            if options.wantsArticles, isInEntry, !isInSource, let name = label ?? term {
                draft.categories.append(String(decoding: name, as: UTF8.self))
            }
        }
        push(.category)
    }

    mutating func addTag(_ term: [UInt8]?, _ scheme: [UInt8]?, _ label: [UInt8]?) {
        let hasNone = (term ?? []).isEmpty && (scheme ?? []).isEmpty && (label ?? []).isEmpty
        scopes[context].withList(.tags) { tags in
            guard !hasNone, tags.count < 1024 else { return }
            let isKnown = tags.contains {
                $0.text(.term) == term && $0.text(.scheme) == scheme && $0.text(.label) == label
            }
            guard !isKnown else { return }
            var tag = FeedFields()
            tag.append(FeedKey(.term), term.map { .text($0) } ?? .nothing)
            tag.append(FeedKey(.scheme), scheme.map { .text($0) } ?? .nothing)
            tag.append(FeedKey(.label), label.map { .text($0) } ?? .nothing)
            tags.append(tag)
        }
    }

    private mutating func startPicture() {
        push(.itunesImage, isField: false)
        for word in [FeedWord.href, .url] {
            guard let address = xml.attribute(word), !address.isEmpty else { continue }
            var picture = FeedFields()
            picture[.href] = .text(address)
            // The feed's own picture has a scope of its own.
            if scope == .feed {
                scopes[Scope.image.rawValue] = picture
                hasImage = true
            } else {
                scopes[context][.image] = .object(picture)
            }
            if options.wantsArticles { takePicture(address, nil) }
            return
        }
    }
}
