import News

/// Authors, contributors and publishers.
extension XMLFeedReader {
    mutating func startPerson(_ role: FeedRole) {
        switch role {
        case .author:
            isInAuthor = true
            push(.author)
            scopes[context].append(to: .authors, FeedFields())
        case .contributor, .contributorName:
            isInContributor = true
            scopes[context].append(to: .contributors, FeedFields())
            push(role == .contributor ? .contributor : .name, isField: false)
        case .publisher: push(.publisher)
        case .owner:
            isInPublisher = true
            push(.publisher, isField: false)
        case .name: push(.name, isField: false)
        case .email: push(.email, isField: false)
        default: push(.href)
        }
    }

    mutating func endPerson(_ role: FeedRole) {
        switch role {
        case .author:
            let value = pop(.author)
            isInAuthor = false
            finishAuthor()
            takeAuthor(value)
        case .contributor:
            pop(.contributor)
            isInContributor = false
        case .contributorName:
            save(.name, pop(.name))
            isInContributor = false
        case .publisher:
            pop(.publisher)
            finishPublisher()
        case .owner:
            pop(.publisher)
            isInPublisher = false
        case .name: save(.name, pop(.name))
        case .email: save(.email, pop(.email))
        default: endAddress()
        }
    }

    private mutating func endAddress() {
        guard let value = pop(.href), isInAuthor || isInContributor else { return }
        save(.href, value)
    }

    /// Gives a name, address or e-mail to the person it is of.
    private mutating func save(_ word: FeedWord, _ value: [UInt8]?) {
        guard let value else { return }
        if isInPublisher {
            scopes[context].withObject(.publisherDetail) { $0[word] = .text(value) }
        } else if isInAuthor {
            scopes[context].withObject(.authorDetail) { $0[word] = .text(value) }
            if scopes[context].count(.authors) == 0 { scopes[context].append(to: .authors, FeedFields()) }
            scopes[context].withLast(of: .authors) { $0[word] = .text(value) }
        } else if isInContributor {
            scopes[context].withLast(of: .contributors) { $0[word] = .text(value) }
        } else if isInTextInput {
            scopes[context][word] = .text(value)
        }
    }

    /// The last author as one line; or the line taken apart.
    private mutating func finishAuthor() {
        let detail = scopes[context].list(.authors).last ?? FeedFields()
        guard detail.isEmpty else {
            let (name, email) = (detail.text(.name) ?? [], detail.text(.email) ?? [])
            if !name.isEmpty, !email.isEmpty {
                scopes[context][.author] = .text(name + Array(" (".utf8) + email + Array(")".utf8))
            } else if !name.isEmpty || !email.isEmpty {
                scopes[context][.author] = .text(name.isEmpty ? email : name)
            }
            return
        }
        guard let line = scopes[context].text(.author), !line.isEmpty else { return }
        let person = Self.person(line)
        scopes[context].withLast(of: .authors) { $0 = person }
        if !scopes[context].has(.authorDetail) { scopes[context][.authorDetail] = .object(person) }
    }

    private mutating func finishPublisher() {
        guard let line = scopes[context].text(.publisher), !line.isEmpty else { return }
        scopes[context].keep(.publisherDetail, .object(Self.person(line)))
    }

    // MARK: Lines

    /// "desk@example.com (Ada Holm)", "Ada Holm <desk@example.com>" and the like, taken apart.
    static func person(_ line: [UInt8]) -> FeedFields {
        var person = FeedFields()
        guard let email = email(in: line) else {
            person[.name] = .text(line)
            return person
        }
        var name = Array(line[..<email.lowerBound] + line[email.upperBound...])
        for empty in ["()", "<>", "&lt;&gt;"] { name = removing(Array(empty.utf8), from: name) }
        name = FeedBytes.trimmed(name)
        if name.first == UInt8(ascii: "(") { name.removeFirst() }
        if name.last == UInt8(ascii: ")") { name.removeLast() }
        name = FeedBytes.trimmed(name)
        if !name.isEmpty { person[.name] = .text(name) }
        person[.email] = .text(Array(line[email]))
        return person
    }

    /// The first e-mail address of a line.
    private static func email(in line: [UInt8]) -> Range<Int>? {
        guard line.count <= 4096 else { return nil }
        var place = 0
        while let at = line[place...].firstIndex(of: UInt8(ascii: "@")) {
            place = at + 1
            var start = at
            while start > 0, ASCII.isAlphanumeric(line[start - 1]) || "_-.+".utf8.contains(line[start - 1]) {
                start -= 1
            }
            let domain = line[(at + 1)...].prefix { ASCII.isAlphanumeric($0) || $0 == 0x2D || $0 == 0x2E }
            let dots = domain.split(separator: UInt8(ascii: "."))
            guard start < at, dots.count >= 2, let last = dots.last, last.count >= 2 else { continue }
            var end = last.endIndex
            let rest = line[end...]
            if rest.starts(with: "?subject=".utf8) { end = rest.firstIndex(where: ASCII.isBlank) ?? line.count }
            return start..<end
        }
        return nil
    }

    private static func removing(_ part: [UInt8], from text: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var index = 0
        while index < text.count {
            if text[index...].starts(with: part) {
                index += part.count
            } else {
                out.append(text[index])
                index += 1
            }
        }
        return out
    }
}
