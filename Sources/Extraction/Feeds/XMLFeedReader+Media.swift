import News

/// Media RSS, GeoRSS and GML, and Podlove's chapters.
extension XMLFeedReader {
    mutating func startMedia(_ role: FeedRole) {
        switch role {
        case .mediaContent:
            let fields = attributes()
            if options.wantsArticles { takePicture(fields.text(.url), fields.text(.type) ?? fields.text(.medium)) }
            scopes[context].append(to: .mediaContent, fields)
            if mediaDepth == nil { mediaDepth = xml.depth }
        case .mediaGroup: if mediaDepth == nil { mediaDepth = xml.depth }
        case .mediaThumbnail:
            scopes[context].append(to: .mediaThumbnail, attributes())
            push(.thumbnail)
        case .mediaCredit:
            scopes[context].append(to: .mediaCredit, attributes())
            push(.credit)
        case .mediaPlayer:
            scopes[context][.mediaPlayer] = .object(attributes())
            push(.mediaPlayer, isField: false)
        case .mediaRating:
            scopes[context].keep(.mediaRating, .object(attributes()))
            push(.rating)
        case .mediaRestriction:
            scopes[context].keep(.mediaRestriction, .object(attributes()))
            push(.restriction)
        default:
            scopes[context].keep(.mediaLicense, .object(attributes()))
            push(.license)
        }
    }

    mutating func endMedia(_ role: FeedRole) {
        switch role {
        case .mediaContent, .mediaGroup: if mediaDepth == xml.depth { mediaDepth = nil }
        case .mediaThumbnail:
            guard let url = pop(.thumbnail), !url.isEmpty else { return }
            scopes[context].withLast(of: .mediaThumbnail) { $0.keep(.url, .text(url)) }
        case .mediaCredit:
            guard let credit = pop(.credit), !credit.isEmpty else { return }
            scopes[context].withLast(of: .mediaCredit) { $0[.content] = .text(credit) }
            takeMediaText(credit, isCredit: true)
        case .mediaPlayer:
            let value = pop(.mediaPlayer) ?? []
            scopes[context].withObject(.mediaPlayer) { $0[.content] = .text(value) }
        case .mediaRating:
            guard let value = pop(.rating), !value.isEmpty else { return }
            scopes[context].withObject(.mediaRating) { $0[.content] = .text(value) }
        case .mediaRestriction:
            guard let value = pop(.restriction), !value.isEmpty else { return }
            let countries = value.split(separator: 0x20).map { $0.map(ASCII.lowercased) }
            scopes[context].withObject(.mediaRestriction) { $0[.content] = .words(countries) }
        default:
            guard let value = pop(.license), !value.isEmpty else { return }
            scopes[context].withObject(.mediaLicense) { $0[.content] = .text(value) }
        }
    }

    // MARK: Places

    mutating func startPlace(_ role: FeedRole) {
        switch role {
        case .geoShape:
            push(.geometry, isField: false)
            scopes[context][.where] = .object(FeedFields())
        case .geoWhere:
            push(.where, isField: false)
            scopes[context][.where] = .object(FeedFields())
        case .gmlShape:
            takeSystem()
            geometry = xml.word == .polygon ? geometry : xml.word
            push(.geometry, isField: false)
        case .gmlExterior: push(.geometry, isField: false)
        case .gmlRing:
            geometry = .polygon
            push(.geometry, isField: false)
        default: push(.pos, isField: false)
        }
    }

    private mutating func takeSystem() {
        let system = xml.attribute(.srsname)
        let dimensions = xml.attribute(.srsdimension).flatMap { Int(String(decoding: $0.prefix(4), as: UTF8.self)) }
        scopes[context].withObject(.where) { place in
            place[.srsName] = system.map { .text($0) } ?? .nothing
            place[.srsDimension] = .number(dimensions ?? 2)
        }
    }

    mutating func endPlace(_ role: FeedRole) {
        switch role {
        case .geoShape: endShape()
        case .geoWhere: pop(.where)
        case .gmlPosition, .gmlPositions: endPosition(role)
        default:
            geometry = .none
            pop(.geometry)
        }
    }

    private mutating func endShape() {
        guard let value = pop(.geometry), let places = FeedPlace.coordinates(value) else { return }
        switch xml.word {
        case .point: savePlace("Point", places, isOne: true)
        case .line: savePlace("LineString", places)
        case .polygon: if places.count >= 4 { savePlace("Polygon", places, isRing: true) }
        default: savePlace("Box", places)
        }
    }

    private mutating func endPosition(_ role: FeedRole) {
        guard let value = pop(.pos) else { return }
        var (system, dimensions): ([UInt8]?, Int) = (nil, 2)
        if case .object(let place) = scopes[context][.where] {
            system = place.text(.srsName)
            if case .number(let said) = place[.srsDimension] { dimensions = said }
        }
        let isSwapped = FeedPlace.isLatitudeFirst(system)
        guard let places = FeedPlace.coordinates(value, isSwapped: isSwapped, dimensions: dimensions) else { return }
        if role == .gmlPosition {
            savePlace("Point", places, isOne: true)
        } else if geometry == .linestring {
            savePlace("LineString", places)
        } else if geometry == .polygon {
            savePlace("Polygon", places, isRing: true)
        }
    }

    private mutating func savePlace(_ type: String, _ places: [[Double]], isOne: Bool = false, isRing: Bool = false) {
        guard !places.isEmpty || !isOne else { return }
        scopes[context].withObject(.where) { place in
            place[.type] = .text(Array(type.utf8))
            place[.coordinates] = .places(places, isOne: isOne, isRing: isRing)
        }
    }

    // MARK: Chapters

    mutating func startChapter(_ role: FeedRole) {
        if role == .chapters {
            guard !scopes[context].has(.pscChapters) else { return }
            var chapters = attributes()
            chapters[.chapters] = .list([])
            scopes[context][.pscChapters] = .object(chapters)
            hasChaptersOpen = true
        } else if hasChaptersOpen {
            let chapter = attributes()
            scopes[context].withObject(.pscChapters) { $0.append(to: .chapters, chapter) }
        }
    }
}
