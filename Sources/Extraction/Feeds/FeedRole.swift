/// What an element means in a feed, whatever the vocabulary it comes from.
enum FeedRole {
    case rss, channel, feed, item, image, textInput, cloud
    case title, mediaTitle, link, guid, description, abstract, summary, subtitle, content, encoded, body
    case rights, info, generator, generatorAgent, errorReports, language, newLocation
    case author, contributor, contributorName, name, email, address, publisher, owner
    case published, updated, created, expired, valid
    case category, mediaCategory, itunesCategory, itunesKeywords, mediaKeywords, tags
    case itunesImage, itunesBlock, itunesExplicit
    case enclosure, source, width, height, licenseLink, license
    case mediaGroup, mediaContent, mediaThumbnail, mediaPlayer, mediaRating, mediaCredit, mediaRestriction
    case mediaLicense
    case geoShape, geoWhere, gmlShape, gmlExterior, gmlRing, gmlPosition, gmlPositions
    case chapters, chapter

    /// - Returns: nil for an element that is kept under its own name.
    init?(_ space: FeedSpace, _ word: FeedWord) {
        let role: FeedRole? =
            switch space {
            case .plain: Self.plain(word)
            case .dc: Self.dublinCore(word)
            case .dcterms: Self.dublinTerms(word)
            case .media: Self.media(word)
            case .itunes: Self.itunes(word)
            case .georss: Self.geo(word)
            case .gml: Self.gml(word)
            case .content: word == .encoded ? .encoded : nil
            case .xhtml: word == .body ? .body : nil
            case .feedburner: word == .browserfriendly ? .info : nil
            case .admin: word == .generatoragent ? .generatorAgent : word == .errorreportsto ? .errorReports : nil
            case .cc: word == .license ? .licenseLink : nil
            case .creativecommons: word == .license ? .license : nil
            case .psc: word == .chapters ? .chapters : word == .chapter ? .chapter : nil
            default: nil
            }
        guard let role else { return nil }
        self = role
    }

    private static func plain(_ word: FeedWord) -> FeedRole? {
        switch word {
        case .rss: .rss
        case .channel: .channel
        case .feed: .feed
        case .item, .entry: .item
        case .image: .image
        case .textinput: .textInput
        case .cloud: .cloud
        case .title: .title
        case .link: .link
        case .guid, .id: .guid
        case .description: .description
        case .abstract: .abstract
        case .summary: .summary
        case .subtitle, .tagline: .subtitle
        case .content: .content
        case .fullitem: .encoded
        case .body: .body
        case .rights, .copyright: .rights
        case .info: .info
        case .generator: .generator
        case .language: .language
        case .newlocation: .newLocation
        case .author, .managingeditor: .author
        case .contributor: .contributor
        case .name: .name
        case .email: .email
        case .url, .homepage, .uri: .address
        case .webmaster: .publisher
        case .published, .issued, .pubdate: .published
        case .updated, .modified, .lastbuilddate: .updated
        case .created: .created
        case .expirationdate: .expired
        case .category, .keywords: .category
        case .tags: .tags
        case .enclosure: .enclosure
        case .source: .source
        case .width: .width
        case .height: .height
        case .where: .geoWhere
        default: nil
        }
    }

    private static func dublinCore(_ word: FeedWord) -> FeedRole? {
        switch word {
        case .author, .creator: .author
        case .contributor: .contributorName
        case .date: .updated
        case .description: .description
        case .language: .language
        case .publisher: .publisher
        case .rights: .rights
        case .subject: .category
        case .title: .title
        default: nil
        }
    }

    private static func dublinTerms(_ word: FeedWord) -> FeedRole? {
        switch word {
        case .created: .created
        case .issued: .published
        case .modified: .updated
        case .valid: .valid
        default: nil
        }
    }

    private static func itunes(_ word: FeedWord) -> FeedRole? {
        switch word {
        case .author: .author
        case .name: .name
        case .email: .email
        case .subtitle: .subtitle
        case .summary: .summary
        case .owner: .owner
        case .category: .itunesCategory
        case .keywords: .itunesKeywords
        case .image, .link: .itunesImage
        case .block: .itunesBlock
        case .explicit: .itunesExplicit
        default: nil
        }
    }

    private static func media(_ word: FeedWord) -> FeedRole? {
        switch word {
        case .category: .mediaCategory
        case .keywords: .mediaKeywords
        case .title: .mediaTitle
        case .description: .description
        case .group: .mediaGroup
        case .content: .mediaContent
        case .thumbnail: .mediaThumbnail
        case .player: .mediaPlayer
        case .rating: .mediaRating
        case .credit: .mediaCredit
        case .restriction: .mediaRestriction
        case .license: .mediaLicense
        default: nil
        }
    }

    private static func geo(_ word: FeedWord) -> FeedRole? {
        switch word {
        case .point, .line, .polygon, .box: .geoShape
        case .where: .geoWhere
        default: nil
        }
    }

    private static func gml(_ word: FeedWord) -> FeedRole? {
        switch word {
        case .point, .linestring, .polygon: .gmlShape
        case .exterior: .gmlExterior
        case .linearring: .gmlRing
        case .pos: .gmlPosition
        case .poslist: .gmlPositions
        default: nil
        }
    }
}
