import News

/// Names of elements, attributes and a record's fields that mean something in a feed.
///
/// Documents' names are held in small letters; of a case with capitals the name is written with underscores (`snakeName`).
/// A name's number is its place here (`NameTable`), so a name is told by one comparison of numbers.
enum FeedWord: UInt16, CaseIterable {
    case none
    // Documents and their frames.
    case rss, rdf, channel, feed, item, entry, source, image, textinput, cloud, urlset, sitemapindex, sitemap
    case html, outline
    // Texts.
    case title, link, guid, id, description, summary, abstract, tagline, subtitle, content, encoded, fullitem, body
    case rights, copyright, info, browserfriendly, generator, language, docs, comments, icon, logo, newlocation
    // People.
    case author, managingeditor, webmaster, creator, publisher, contributor, name, email, homepage, uri, owner
    // Times.
    case published, issued, pubdate, updated, modified, lastbuilddate, created, expirationdate, date, valid, expired
    case lastmod, changefreq, priority
    // Subjects.
    case category, keywords, subject, tags, block, explicit, duration
    // Media and places.
    case enclosure, group, rating, credit, restriction, license, thumbnail, player, point, line, polygon, box, `where`
    case linestring, exterior, linearring, pos, poslist, chapters, chapter, video
    case generatoragent, errorreportsto
    // Attributes and keys of the record.
    case href, url, rel, type, version, base, lang, xmlns, term, scheme, domain, label, src, mode, ispermalink, about
    case resource, text, width, height, length, medium, start, srsname, srsdimension, xmlurl
    case interval, pages, value, parsed, coordinates, geometry, guidislink, links, authors, contributors, entries
    case validity, error, bozo, json
    case loc, caption, genres, access, stockTickers, publicationDate, news, images
    case authorDetail, publisherDetail, titleDetail, subtitleDetail, summaryDetail, rightsDetail, infoDetail
    case generatorDetail, publishedParsed, updatedParsed, createdParsed, expiredParsed, validityStart
    case validityStartParsed, validityEnd, validityEndParsed, itunesBlock, itunesExplicit, mediaCredit
    case mediaRating, mediaRestriction, mediaLicense, mediaContent, mediaThumbnail, mediaPlayer, pscChapters
    case descriptionDetail, svg, math, div, srsName, srsDimension, itunesImage, comment, commentrss, extensions
    // Prefixes by which a record names vocabularies.
    case xml, dc, dcterms, media, itunes, georss, geo, gml, psc, cc, creativecommons, admin, xhtml, feedburner, xlink
    case mathml, thr, wfw, slash, sy, taxo, googleplay, podcast
    // JSON Feed and sitemaps.
    case favicon, feedUrl, kind

    /// "titleDetail" is "title_detail".
    var snakeName: String {
        guard self != .none else { return "" }
        var name: [UInt8] = []
        for letter in "\(self)".utf8 {
            let small = ASCII.lowercased(letter)
            if small != letter { name.append(UInt8(ascii: "_")) }
            name.append(small)
        }
        return String(decoding: name, as: UTF8.self)
    }
}
