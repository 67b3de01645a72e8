/// What a role that tries for ever says each time it fails: once a minute, so that a log is not flooded by one cause.
struct RepeatedNotes {
    private struct Note {
        var text: String
        var toldMilliseconds: Int64
        /// Since it was told.
        var repeatCount = 0
    }

    static let pauseMilliseconds: Int64 = 60_000
    /// Different causes that are remembered.
    static let noteCount = 16

    /// The one told last stands last.
    private var notes: [Note] = []

    /// - Parameter now: of a monotonic clock, in milliseconds.
    /// - Returns: what to tell; nil if it was told within the last minute.
    mutating func line(_ text: String, now: Int64) -> String? {
        guard let index = notes.firstIndex(where: { $0.text == text }) else {
            if notes.count == Self.noteCount { notes.removeFirst() }
            notes.append(Note(text: text, toldMilliseconds: now))
            return text
        }
        guard now - notes[index].toldMilliseconds >= Self.pauseMilliseconds else {
            notes[index].repeatCount += 1
            return nil
        }
        let repeatCount = notes.remove(at: index).repeatCount
        notes.append(Note(text: text, toldMilliseconds: now))
        return repeatCount == 0 ? text : "\(text) (and \(repeatCount) times since this was told last)"
    }
}
