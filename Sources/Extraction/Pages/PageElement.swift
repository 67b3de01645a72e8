import News

/// What an element itself says about its text: its tag, its role, its names.
enum PageElement {
    static func hint(of node: HTMLTree.Node, in tree: HTMLTree) -> PageHint {
        if PageHidden.isHidden(node, in: tree) { return .hidden }
        var best = PageHint.none
        switch tree.tag(node) {
        case .nav, .menu: return .navigation
        case .aside, .footer, .form, .dialog: return .aside
        case .figcaption: return .caption
        case .figure: best = .media
        case .article, .main: return .content
        case .address: return .byline
        default: break
        }
        if let role = tree.value(.role, of: node) {
            switch String(decoding: role.prefix(16), as: UTF8.self) {
            case "navigation", "menu", "menubar", "search", "banner": return .navigation
            case "complementary", "contentinfo": return .aside
            case "dialog", "alertdialog", "tooltip": return .hidden
            default: break
            }
        }
        if let item = tree.value(.itemprop, of: node) {
            if item.elementsEqual("articleBody".utf8) { return .content }
            if item.elementsEqual("author".utf8) { return .byline }
            if item.elementsEqual("comment".utf8) { return .comments }
        }
        let isText = tree.tag(node).isHeading || tree.tag(node) == .p
        for key in isText ? [HTMLAttribute.class] : [.class, .id] {
            guard let names = tree.value(key, of: node), !names.isEmpty else { continue }
            let hint = PageHint.of(names)
            if hint.strength > best.strength { best = hint }
        }
        return best
    }
}

/// Elements that a browser does not show.
enum PageHidden {
    static func isHidden(_ node: HTMLTree.Node, in tree: HTMLTree) -> Bool {
        if tree.value(.hidden, of: node) != nil { return true }
        if let names = tree.value(.class, of: node), names.elementsEqual("hidden".utf8) { return true }
        if let aria = tree.value(.ariaHidden, of: node), aria.elementsEqual("true".utf8) { return true }
        guard let style = tree.value(.style, of: node), style.count >= 11 else { return false }
        let squeezed = style.prefix(256).lazy.filter { !ASCII.isBlank($0) }.map(ASCII.lowercased)
        let text = Array(squeezed)
        return HTMLTokenizer.firstRange(of: Array("display:none".utf8), in: text[...]) != nil
            || HTMLTokenizer.firstRange(of: Array("visibility:hidden".utf8), in: text[...]) != nil
    }
}
