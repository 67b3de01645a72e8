/// Names of attributes that rules ask for; all others are found by their text.
package enum HTMLAttribute: UInt8, CaseIterable, Sendable {
    case other
    case id, `class`, href, src, content, name, property, itemprop, itemtype, itemscope, rel, role, style, hidden, lang
    case type, datetime, charset, httpEquiv, ariaHidden, ariaLabel, ariaLive, title, alt, value, typeof, about, resource
    case xmlLang, hreflang, media, srcset, dir, open, width, height, sizes, target, action, itemid, itemref, pubdate
    case dataTestid, dataComponent, dataType, dataModule, shadowrootmode

    static func named(_ name: ArraySlice<UInt8>) -> HTMLAttribute {
        names[name].flatMap(HTMLAttribute.init(rawValue:)) ?? .other
    }

    /// As pages write it, in small letters.
    var text: String {
        switch self {
        case .httpEquiv: "http-equiv"
        case .ariaHidden: "aria-hidden"
        case .ariaLabel: "aria-label"
        case .ariaLive: "aria-live"
        case .xmlLang: "xml:lang"
        case .dataTestid: "data-testid"
        case .dataComponent: "data-component"
        case .dataType: "data-type"
        case .dataModule: "data-module"
        default: String(describing: self)
        }
    }

    private static let names = HashedNames(allCases.filter { $0 != .other }.map { ($0.text, $0.rawValue) })
}

/// A stretch of a tree's buffer.
package struct ByteRange: Sendable, Equatable {
    package var start: UInt32
    package var count: UInt32

    static let empty = ByteRange(start: 0, count: 0)

    init(start: UInt32, count: UInt32) {
        self.start = start
        self.count = count
    }

    /// Buffers are below 4 GiB: a page is bounded by `Limits.inputBytes`, and decoding never makes it longer than thrice.
    init(_ range: Range<Int>) {
        start = UInt32(truncatingIfNeeded: range.lowerBound)
        count = UInt32(truncatingIfNeeded: range.count)
    }

    package var indices: Range<Int> { Int(start)..<Int(start) + Int(count) }
}
