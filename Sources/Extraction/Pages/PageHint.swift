import News

/// What the names that a page gives to an element (class, id, role) say about its text.
///
/// Names are split into words at every change of sort ("articleBody-2" is article, body); single words and pairs of
/// neighbours are looked up. The words are those that page builders of many countries use.
enum PageHint: UInt8, Sendable {
    case none
    /// The article's own text.
    case content
    case standfirst
    case headline
    /// Written by readers.
    case comments
    /// Menus, crumbs, page numbers.
    case navigation
    case share
    /// Links to other articles.
    case related
    /// Newsletters, subscriptions, advertisements, banners.
    case promotion
    /// Author, date, tags, reading time.
    case byline
    case caption
    /// A picture or film, and what is written at it.
    case media
    /// A post of another site.
    case embed
    /// The beginning of an article, here or of another one.
    case teaser
    case hidden
    /// A line that stands there again.
    case repeated
    /// Beside the text.
    case aside
    /// A part of a page that is seldom text, yet often wraps it.
    case weak

    /// Whether text under such a name is no part of the article.
    var isChrome: Bool {
        switch self {
        case .none, .content, .standfirst, .headline, .caption, .media: false
        default: true
        }
    }

    var reason: CutReason { CutReason(rawValue: String(describing: self)) ?? .other }

    /// The hint of a list of names such as an attribute holds.
    static func of(_ names: ArraySlice<UInt8>) -> PageHint {
        var best = PageHint.none
        forEachWord(in: names) { hash in
            guard let value = table.value(ofHash: hash), let hint = PageHint(rawValue: value) else { return }
            if hint.strength > best.strength { best = hint }
        }
        return best
    }

    /// Of several hints of one element the strongest counts.
    var strength: Int {
        switch self {
        case .none, .repeated: 0
        case .weak, .aside: 1
        case .byline: 2
        case .headline: 3
        case .standfirst: 4
        case .content: 5
        case .navigation: 6
        case .promotion: 7
        case .media: 8
        case .caption: 9
        case .teaser: 10
        case .share: 11
        case .embed: 13
        case .related: 12
        case .comments: 14
        case .hidden: 15
        }
    }

    /// Calls with the hash of each word and of each pair of words that stand together in one name.
    private static func forEachWord(in names: ArraySlice<UInt8>, _ body: (UInt64) -> Void) {
        var word = HashedNames.emptyHash
        var pair: UInt64?
        var wordCount = 0
        var wasLower = false
        // A short word counts only between signs: others are chips of a random name.
        var isBorderedBefore = true
        func end(atSign: Bool) {
            guard wordCount > 0 else { return }
            if wordCount > 3 || (isBorderedBefore && atSign) { body(word) }
            if let pair { body(pair) }
            pair = word
            word = HashedNames.emptyHash
            wordCount = 0
            isBorderedBefore = atSign
        }
        for byte in names.prefix(400) {
            if ASCII.isBlank(byte) {
                end(atSign: true)
                pair = nil
                wasLower = false
                isBorderedBefore = true
            } else if ASCII.isLetter(byte) {
                if ASCII.isUpper(byte), wasLower { end(atSign: false) }
                let lower = byte | 0x20
                word = HashedNames.extend(word, lower)
                if let open = pair { pair = HashedNames.extend(open, lower) }
                wordCount += 1
                wasLower = !ASCII.isUpper(byte)
            } else {
                let isSign = !ASCII.isDigit(byte)
                end(atSign: isSign)
                isBorderedBefore = isSign
                wasLower = false
            }
        }
        end(atSign: true)
    }

    private static let table: HashedNames = {
        var entries: [(String, UInt8)] = []
        func add(_ hint: PageHint, _ words: String) {
            for word in words.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
                entries.append((String(word), hint.rawValue))
            }
        }
        add(
            .content,
            """
            articlebody bodytext articletext articlecontent postcontent postbody entrycontent storybody storycontent
            storytext newstext newsbody newscontent contentbody contenttext maincontent textcontent blogcontent
            bodycontent bodycopy richtext wysiwyg articlemain articulo cuerpo corpo artikel artikeltext texte
            """)
        add(
            .standfirst,
            """
            standfirst dek deck subtitle subtitulo subheadline subhead lede leadtext vorspann chapo chapeau
            articlelead articleintro articlesummary entradilla bajada sommario occhiello ingress manchet
            articledescription articlesubtitle postexcerpt entrysummary perex intro
            """)
        add(.headline, "headline entrytitle posttitle articletitle pagetitle articleheadline")
        add(
            .comments,
            """
            comments comment commentlist disqus kommentar kommentare commentaire commentaires comentarios comentario
            commenti commento reacties commentform respond livefyre usercomments readercomments discussion
            commentthread fbcomments kommentarer opinie komentarze komentarz
            """)
        add(
            .navigation,
            """
            nav navi navigation navbar menu submenu menubar breadcrumb breadcrumbs crumb crumbs pagination pager paging
            sitemap skiplink skip topbar toolbar footer rodape pie fusszeile piepagina prevnext nextprev postnav postnavigation masthead
            megamenu mainmenu sitefooter siteheader toc tableofcontents brotkrumen ariane colophon
            pagefooter subnav mainnav globalnav offcanvas jumplink
            """)
        add(
            .share,
            """
            share shares sharing sharebar sharebuttons socialshare social socials socialmedia sharethis addthis addtoany
            sharedaddy teilen partager compartir condividi bookmark bookmarks follow followus printbutton sharetools
            articletools jpshare shariff likes likebox likebutton fblike socialicons socialbar permalink
            """)
        add(
            .related,
            """
            related relateds relatedposts relatedarticles relatedcontent relatedstories relatednews relatedlinks
            recommended recommendation recommendations recommend readmore readnext morestories
            morefrom moreon morenews mostread mostpopular mostviewed popular popularposts trending latest latestnews
            teasers teaserlist outbrain recirculation recirc crosslinking taboola zergnet revcontent plista ligatus
            seealso alsoread readalso upnext youmaylike youmightlike suggested suggestions similar verwandte
            relacionadas relacionados correlati correlate associes liresaussi aussi weitere meistgelesen
            zumthema relatedtopics jprelatedposts yarpp crosslinks crosslink
            linkbox linklist infinitescroll crp wprp nextarticle prevarticle nextpost prevpost
            morelink morearticles storylist newslist relatert lesmer
            """)
        add(
            .promotion,
            """
            newsletter newsletters subscribe subscription subscriptions subscriber signup abonnement abonnements abo
            abonnieren suscripcion promo promos promotion promobox advert adverts advertisement advertisements
            advertising advertorial ad ads adbox adslot adunit adcontainer adwrapper banner sponsor sponsored sponsors
            werbung anzeige publicidad publicite pubblicita reklama cta calltoaction paywall piano
            donate donation donations spenden optin mailchimp emailsignup newslettersignup affiliate
            affiliates leaderboard mpu dfp marketing appdownload googleads adsense inlinead
            adbanner regwall registerwall premiumbox
            """)
        add(
            .byline,
            """
            byline bylines author authors authorbox authorinfo authorbio aboutauthor postauthor bio dateline timestamp
            pubdate postmeta entrymeta articlemeta metadata postinfo postdate entrydate articledate entryfooter
            postfooter articlefooter entryutility posttags tagcloud taglist tags keywords articletags
            topics autor auteur autore verfasser copyright reporter reporters writer
            readingtime readtime authorname publishdate dateposted postedon datetime lastmodified catlinks
            """)
        add(.teaser, "teaser teasertext")
        add(
            .media,
            """
            image images photo photos picture pictures img video videos foto fotos bild imagen imagem immagine
            contentimage featuredimage zdjecie thumbnail galerie galeria bildergalerie
            """)
        add(
            .embed,
            """
            twittertweet instagrammedia fbpost embedly tweet tiktokembed twitterembed socialembed embedpreview placeholder
            """)
        add(
            .caption,
            """
            caption captions wpcaption figcaption imagecaption photocaption imgcaption credit credits imagecredit
            photocredit bildunterschrift bildtext legende fotocredit
            didascalia mediacaption copyrights imagesource photographer slideshow
            carousel swiper
            """)
        add(
            .hidden,
            """
            privacy privacyoverview cookie cookies cookiebar cookienotice cookieconsent gdpr consent modal popup popups
            visuallyhidden screenreader sronly displaynone dnone printonly
            onlyprint tooltip loader spinner loginform signin alertbar cookiebanner
            """)
        add(
            .aside,
            """
            sidebar sidebars rail rightrail leftrail aside rightcol rightcolumn
            """)
        add(
            .weak,
            """
            sidebarwidget widgetarea textwidget widgettext
            poll polls quiz survey rating ratings votes vote
            feedback searchform searchbox gallery playlist jobs jobads stockticker ticker
            disclaimer promobar eventlist calendar hashtag livestream audioplayer videoplayer
            """)
        return HashedNames(entries)
    }()
}
