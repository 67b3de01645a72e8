import News

/// What the end of an element does.
extension XMLFeedReader {
    mutating func end(_ role: FeedRole) {
        switch role {
        case .channel, .feed: isInFeed = false
        case .item:
            if isInEntry, xml.depth == entryDepth { endEntry() }
        case .image:
            pop(.image)
            isInImage = false
        case .textInput:
            pop(.textinput)
            isInTextInput = false
        case .source: endSource()
        case .title:
            let kind = content?.kind
            let value = popContent(.title)
            if let value, !value.isEmpty { titleDepth = xml.depth }
            takeText(.title, value, kind)
        case .mediaTitle: takeMediaText(popContent(.title))
        case .subtitle: popContent(.subtitle)
        case .rights: popContent(.rights)
        case .info: popContent(.info)
        case .description, .abstract, .summary: endSummary(role)
        case .content, .encoded, .body: endContent()
        case .link:
            let value = pop(.link)
            if let value, options.wantsArticles { takeLink(value, relation: [], type: []) }
        case .guid: endGuid()
        case .generator:
            let value = pop(.generator)
            scopes[context].withObject(.generatorDetail) { $0[.name] = value.map { .text($0) } ?? .nothing }
        case .language:
            let value = pop(.language)
            if isInEntry, let value { draft.language = draft.language ?? String(decoding: value, as: UTF8.self) }
        case .published: endTime(.published, .publishedParsed)
        case .updated: endTime(.updated, .updatedParsed)
        case .created: endTime(.created, .createdParsed)
        case .expired: endTime(.expired, .expiredParsed)
        case .valid: endValidity()
        default: endOther(role)
        }
    }

    private mutating func endOther(_ role: FeedRole) {
        switch role {
        case .category, .mediaCategory, .itunesCategory: endCategory()
        case .tags: endKeywords(FeedKey(.tags), nil, isSparse: false)
        case .itunesKeywords: endKeywords(key(), FeedText.itunes, isSparse: true)
        case .mediaKeywords: endKeywords(key(), nil, isSparse: true)
        case .itunesImage: pop(.itunesImage)
        case .itunesBlock:
            let value = pop(key(), trimming: false)
            let isYes = value.map { $0.elementsEqual("yes".utf8) || $0.elementsEqual("Yes".utf8) } ?? false
            scopes[context][.itunesBlock] = .number(isYes ? 1 : 0)
        case .itunesExplicit: endExplicit()
        case .license: endLicense()
        case .width: endSize(.width)
        case .height: endSize(.height)
        case .newLocation:
            let value = pop(.newlocation)
            if scope == .feed, let value { scopes[0][.newlocation] = .text(URIReference.safe(value)) }
        case .author, .contributor, .contributorName, .name, .email, .address, .publisher, .owner: endPerson(role)
        case .mediaContent, .mediaThumbnail, .mediaPlayer, .mediaRating, .mediaCredit, .mediaRestriction, .mediaLicense,
            .mediaGroup:
            endMedia(role)
        case .geoShape, .geoWhere, .gmlShape, .gmlExterior, .gmlRing, .gmlPosition, .gmlPositions: endPlace(role)
        case .chapters: hasChaptersOpen = false
        case .rss, .cloud, .enclosure, .generatorAgent, .errorReports, .licenseLink, .chapter: break
        default: pop(key())
        }
    }

    // MARK: Frames

    mutating func endEntry() {
        isInEntry = false
        hasContent = false
        // What was left open inside is let go.
        if let item = open.lastIndex(where: { $0.key == FeedKey(.item) }) {
            text.removeAll(from: open[item].start)
            open.removeSubrange(item...)
        }
        content = nil
        isInImage = false
        let entry = Scope.entry.rawValue
        guard max(entries.count, articles.count) < Limits.batchEntries else {
            return xml.note("more than \(Limits.batchEntries) entries")
        }
        if options.wantsArticles {
            let end = max(entryStart, xml.index)
            articles.append(
                draft.entry(
                    feed: articleFeed, base: base, feedURL: options.url, raw: xml.bytes[entryStart..<end]))
        }
        if let held = extensions?.takeEntry(), !held.isEmpty { scopes[entry][.extensions] = .extensions(held) }
        if options.wantsRecord { entries.append(scopes[entry]) }
        scopes[entry] = FeedFields(capacity: 0)
    }

    private mutating func endSource() {
        isInSource = false
        let value = pop(.source)
        let place = Scope.source.rawValue
        if let value, !value.isEmpty { scopes[place][.title] = .text(value) }
        let source = scopes[place]
        if isInEntry, let title = source.text(.title) {
            draft.source = draft.source ?? String(decoding: title, as: UTF8.self)
        }
        scopes[place] = FeedFields()
        scopes[context][.source] = .object(source)
    }

    // MARK: Texts

    private mutating func endSummary(_ role: FeedRole) {
        let kind = content?.kind
        let isPlainRole = xml.space != .media && xml.space != .itunes
        if isSummaryContent {
            let value = storeContent()
            if isPlainRole { takeText(.content, value, kind) } else { takeMediaText(value) }
        } else {
            let value = popContent(role == .summary ? .summary : .description)
            if isPlainRole { takeText(.summary, value, kind) } else { takeMediaText(value) }
        }
        isSummaryContent = false
    }

    private mutating func endContent() {
        let kind = content?.kind
        let value = storeContent()
        takeText(.content, value, kind)
    }

    /// Ends a content; what people can read of it is the summary, if there is no other.
    private mutating func storeContent() -> [UInt8]? {
        guard content != nil else {
            pop(.content)
            return nil
        }
        let isText = content?.isText ?? false
        let value = popContent(.content)
        if isText, let value { scopes[context].keep(.summary, .text(value)) }
        return value
    }

    private mutating func endGuid() {
        let value = pop(.id)
        let hasLink = scopes[context].has(.link)
        scopes[context].keep(.guidislink, .flag(isGuidLink && !hasLink))
        if isGuidLink, let value { scopes[context].keep(.link, .text(value)) }
        if isInEntry, !isInSource, let value {
            draft.guid = draft.guid ?? String(decoding: value, as: UTF8.self)
            draft.guidIsLink = isGuidLink
        }
    }

    // MARK: Times

    /// Entries that came together often have the same time, and those never changed have it twice.
    private mutating func instant(_ text: [UInt8]) -> Timestamp? {
        if text != lastTime.text { lastTime = (text, FeedTime.instant(text)) }
        return lastTime.instant
    }

    private mutating func endTime(_ word: FeedWord, _ parsed: FeedWord) {
        guard let value = pop(word) else { return }
        if options.wantsRecord { scopes[context][parsed] = .time(instant(value)) }
        guard isInEntry, !isInSource, options.wantsArticles else { return }
        let time = String(decoding: value, as: UTF8.self)
        // What Dublin Core calls the date is when it was published, for all anybody knows.
        let isDate = xml.space == .dc && xml.word == .date
        switch word {
        case .published: draft.published = draft.published ?? time
        case .created: draft.published = draft.published ?? time
        case .updated where isDate: draft.published = draft.published ?? time
        case .updated: draft.updated = draft.updated ?? time
        default: break
        }
    }

    private mutating func endValidity() {
        guard let value = pop(.validity) else { return }
        for part in value.split(separator: UInt8(ascii: ";")) {
            let pair = part.split(separator: UInt8(ascii: "="), maxSplits: 1)
            guard pair.count == 2 else { continue }
            let name = FeedBytes.trimmed(pair[0])
            let text = Array(FeedBytes.trimmed(pair[1]))
            if name.elementsEqual("start".utf8) {
                scopes[context][.validityStart] = .text(text)
                scopes[context][.validityStartParsed] = .time(FeedTime.instant(text))
            } else if name.elementsEqual("end".utf8) {
                scopes[context][.validityEnd] = .text(text)
                scopes[context][.validityEndParsed] = .time(FeedTime.instant(text))
            }
        }
    }

    // MARK: Subjects

    private mutating func endCategory() {
        guard let value = pop(.category), !value.isEmpty else { return }
        if isInEntry, !isInSource, options.wantsArticles {
            draft.categories.append(String(decoding: value, as: UTF8.self))
        }
        var isTaken = false
        scopes[context].withLast(of: .tags) { tag in
            guard (tag.text(.term) ?? []).isEmpty else { return }
            tag[.term] = .text(value)
            isTaken = true
        }
        if !isTaken { addTag(value, nil, nil) }
    }

    private mutating func endKeywords(_ key: FeedKey, _ scheme: [UInt8]?, isSparse: Bool) {
        guard let value = pop(key) else { return }
        for word in value.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: isSparse) {
            let term = FeedBytes.trimmed(word)
            if !term.isEmpty { addTag(Array(term), scheme, nil) }
        }
    }

    private mutating func endExplicit() {
        let value = pop(key(), trimming: false) ?? []
        let said: FeedValue =
            switch String(decoding: value.prefix(8), as: UTF8.self) {
            case "yes", "true": .flag(true)
            case "clean", "no", "false": .flag(false)
            default: .nothing
            }
        scopes[context][.itunesExplicit] = said
    }

    private mutating func endLicense() {
        let value = pop(.license)
        scopes[context][.license] = nil
        var link = FeedFields()
        link[.rel] = .text(FeedText.license)
        if let value, !value.isEmpty { link[.href] = .text(value) }
        scopes[context].append(to: .links, link)
    }

    private mutating func endSize(_ word: FeedWord) {
        let value = pop(word) ?? []
        guard isInImage else { return }
        scopes[context][word] = .number(Int(String(decoding: value.prefix(20), as: UTF8.self)) ?? 0)
    }
}
