/// What can go wrong at a step.
package enum Fault: Int, CaseIterable, Sendable {
    /// The process ends before it has asked, sent or saved.
    case crashBefore
    /// The process ends; what it asked for or sent happens all the same, seconds later perhaps.
    case crashDuring
    /// It has happened; the process ends before it hears of it. Of a message: whoever should get it ends.
    case crashAfter
    /// The process hears of it, does what it does then, and ends.
    case crashHandled
    /// The process stands still for longer than a lease, and gets everything that came meanwhile at once.
    case pause
    /// The process is asked to end in good order.
    case drain
    /// It happens only after a lease has run out.
    case slow
    /// It happens soon; the answer comes only after a lease has run out.
    case lateAnswer
    /// It happens; the answer is that the time is up, or status 500.
    case lostAnswer
    /// The answer is that the time is up; it happens later.
    case actsLate
    /// The answer is "not now", and nothing happens.
    case refused
    /// No room.
    case full
    /// A failure that will not pass: no rights, a broken disk.
    case broken
    /// It happens twice, the second time seconds later, as a repeated request does.
    case repeated
    /// The list lacks what was written of late and names what was just deleted.
    case stale
    /// The answer breaks off: its headers tell a length that its body has not. Only of object stores.
    case torn
    /// The connection is cut, and this is lost.
    case cutLost
    /// The connection is cut right after it; this arrives.
    case cutArrives
    /// The connection dies: this is lost, and what is sent a little later arrives.
    case overtaken
    /// Nothing passes in this direction for longer than a lease; in the other everything does.
    case oneWay

    /// As in the table.
    package var name: String {
        "\(self)".reduce(into: "") { name, letter in
            name += letter.isUppercase ? "-" + letter.lowercased() : String(letter)
        }
    }

    /// Why the two cannot meet; nil if they can. docs/testing.md has the same reasons.
    package func obstacle(at step: Step) -> String? {
        if let obstacle = obstacle(to: step.kind) { return obstacle }
        switch (self, step) {
        case (.drain, .accepted), (.drain, .batchRefused), (.drain, .compacted):
            return "a client is not drained"
        case (_, .reportRefused):
            return "a holder is told by REVOKE or a closed connection; only who breaks the protocol is refused"
        case (.torn, _) where step.isLook: return "the answer has no body: lost answer"
        default: return nil
        }
    }

    private func obstacle(to kind: Step.Kind) -> String? {
        switch (self, kind) {
        case (_, .unknown): "no step"
        case (.crashBefore, _), (.crashHandled, _), (.pause, _), (.drain, _): nil
        case (.crashDuring, .create), (.crashDuring, .put), (.crashDuring, .delete), (.crashDuring, .message): nil
        case (.crashDuring, .save), (.crashAfter, .save): "a transaction is done or not: before, or handled"
        case (.crashDuring, _): "changes nothing outside the process: before, or after"
        case (.crashAfter, _): nil
        case (.slow, .save), (.lateAnswer, .save): "a local file"
        case (.slow, _): nil
        case (.lateAnswer, .engine), (.lateAnswer, .feed): "changes nothing outside the process: slow"
        case (.lateAnswer, .message): "a message has no answer of its own"
        case (.lateAnswer, _): nil
        case (.lostAnswer, .create), (.lostAnswer, .put), (.lostAnswer, .delete): nil
        case (.actsLate, .create), (.actsLate, .put), (.actsLate, .delete): nil
        case (.repeated, .create), (.repeated, .put), (.repeated, .delete): nil
        case (.lostAnswer, .message), (.actsLate, .message): "a message has no answer of its own"
        case (.repeated, .message):
            "a stream has each byte once; whoever is not answered connects anew and says it again"
        case (.lostAnswer, .save), (.actsLate, .save), (.repeated, .save): "a local file"
        case (.lostAnswer, _), (.actsLate, _), (.repeated, _): "changes nothing: refused, or slow"
        case (.refused, .message): "a stream passes on or is cut"
        case (.refused, .save): "a local file that cannot be written ends the fetcher: crash before"
        case (.refused, _): nil
        case (.full, .create), (.full, .put): nil
        case (.full, .save): "a local file that cannot be written ends the fetcher: crash before"
        case (.full, _): "takes no room"
        case (.broken, .message): "a stream passes on or is cut"
        case (.broken, .engine), (.broken, .feed): "the machine is told the same as of refused"
        case (.broken, .save): "a local file that cannot be written ends the fetcher: crash before"
        case (.broken, _): nil
        case (.torn, .read), (.torn, .list): nil
        case (.torn, .create), (.torn, .put), (.torn, .delete): "the answer has no body: lost answer"
        case (.torn, _): "not an answer of the store"
        case (.stale, .list): nil
        case (.stale, _): "only lists may lag"
        case (.cutLost, .message), (.cutArrives, .message), (.overtaken, .message), (.oneWay, .message): nil
        case (.cutLost, _), (.cutArrives, _), (.overtaken, _), (.oneWay, _): "not on a connection"
        }
    }
}
