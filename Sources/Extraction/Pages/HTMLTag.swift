/// The elements that a rule somewhere asks for, and two kinds of nodes that have no such name.
package enum HTMLTag: UInt8, CaseIterable, Sendable {
    /// Text; has no attributes and no children.
    case text
    /// An element of any other name: `HTMLTree.name(of:)` tells it.
    case other
    case html, head, body, title, meta, link, base, script, style, noscript, template
    case article, aside, main, nav, section, header, footer, address, hgroup, search
    case h1, h2, h3, h4, h5, h6
    case p, div, blockquote, pre, figure, figcaption, hr, br, wbr, center, details, summary, dialog
    case ul, ol, li, dl, dt, dd, menu, dir
    case table, caption, colgroup, col, tbody, thead, tfoot, tr, td, th
    case form, fieldset, legend, button, input, select, option, optgroup, textarea, label, output, datalist
    case a, abbr, b, big, cite, code, del, dfn, em, font, i, ins, kbd, mark, nobr, q, s, small, span, strike, strong
    case sub, sup, tt, u, time, data, bdi, bdo, ruby, rb, rt, rp, rtc, samp, `var`
    case img, picture, source, track, video, audio, canvas, svg, math, iframe, embed, object, param, area, map
    case applet, marquee, noembed, noframes, xmp, listing, plaintext, frame, frameset, keygen, bgsound

    static func named(_ name: ArraySlice<UInt8>) -> HTMLTag {
        names[name].flatMap(HTMLTag.init(rawValue:)) ?? .other
    }

    private static let names = HashedNames(
        allCases.filter { $0 != .text && $0 != .other }.map { (String(describing: $0), $0.rawValue) })

    /// Never has children.
    var isVoid: Bool {
        switch self {
        case .area, .base, .bgsound, .br, .col, .embed, .frame, .hr, .img, .input, .keygen, .link, .meta, .param,
            .source,
            .track, .wbr:
            true
        default: false
        }
    }

    /// Whether what stands inside is text up to the end tag. As in a browser that runs scripts, this holds for noscript.
    var isRaw: Bool {
        switch self {
        case .script, .style, .noscript, .iframe, .noembed, .noframes, .xmp, .title, .textarea: true
        default: false
        }
    }

    /// Stands in the head without beginning the body.
    var belongsToHead: Bool {
        switch self {
        case .base, .bgsound, .link, .meta, .title, .noscript, .noframes, .style, .script, .template, .head: true
        default: false
        }
    }

    /// Begins and ends a line of text. (Table cells do, too.)
    package var isBlock: Bool {
        switch self {
        case .html, .head, .body, .title, .article, .aside, .main, .nav, .section, .header, .footer, .address, .hgroup,
            .search, .h1, .h2, .h3, .h4, .h5, .h6, .p, .div, .blockquote, .pre, .figure, .figcaption, .hr, .center,
            .details, .summary, .dialog, .ul, .ol, .li, .dl, .dt, .dd, .menu, .dir, .table, .caption, .colgroup,
            .tbody, .thead, .tfoot, .tr, .td, .th, .form, .fieldset, .legend, .select, .option, .optgroup,
            .xmp, .listing, .plaintext, .frameset:
            true
        default: false
        }
    }

    package var isHeading: Bool {
        switch self {
        case .h1, .h2, .h3, .h4, .h5, .h6: true
        default: false
        }
    }

    /// The standard's "special" elements: an end tag of an ordinary element does not reach beyond them.
    var isSpecial: Bool {
        switch self {
        case .text, .other, .a, .abbr, .b, .big, .cite, .code, .del, .dfn, .em, .font, .i, .ins, .kbd, .mark, .nobr, .q,
            .s, .small, .span, .strike, .strong, .sub, .sup, .tt, .u, .time, .data, .bdi, .bdo, .ruby, .rb, .rt, .rp,
            .rtc, .samp, .var, .picture, .video, .audio, .canvas, .svg, .math, .map, .label, .output, .datalist,
            .option,
            .optgroup, .dialog, .legend:
            false
        default: true
        }
    }

    /// Elements whose misplaced end tags are common, and mean only themselves.
    var isFormatting: Bool {
        switch self {
        case .a, .b, .big, .code, .em, .font, .i, .nobr, .s, .small, .strike, .strong, .tt, .u: true
        default: false
        }
    }

    /// Start tags of these end an open paragraph.
    var endsParagraph: Bool {
        switch self {
        case .address, .article, .aside, .blockquote, .center, .details, .dialog, .dir, .div, .dl, .fieldset,
            .figcaption,
            .figure, .footer, .header, .hgroup, .main, .menu, .nav, .ol, .p, .search, .section, .summary, .ul, .h1,
            .h2, .h3, .h4, .h5, .h6, .pre, .listing, .form, .li, .dd, .dt, .plaintext, .table, .hr, .xmp:
            true
        default: false
        }
    }
}
