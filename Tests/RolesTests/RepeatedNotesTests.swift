import Testing

@testable import Roles

@Suite struct RepeatedNotesTests {
    @Test("one cause is told once a minute, with how often it came since; another at once")
    func onceAMinute() {
        var notes = RepeatedNotes()
        #expect(notes.line("disk full", now: 0) == "disk full")
        #expect(notes.line("segment gone", now: 1000) == "segment gone")
        for second in 1...59 { #expect(notes.line("disk full", now: Int64(second) * 1000) == nil) }
        #expect(notes.line("disk full", now: 60_000) == "disk full (and 59 times since this was told last)")
        #expect(notes.line("disk full", now: 60_001) == nil)
        #expect(notes.line("segment gone", now: 61_000) == "segment gone")
    }

    @Test("of more causes than are remembered the one told first is forgotten")
    func manyCauses() {
        var notes = RepeatedNotes()
        for cause in 0...RepeatedNotes.noteCount { #expect(notes.line("\(cause)", now: 0) == "\(cause)") }
        #expect(notes.line("\(RepeatedNotes.noteCount)", now: 1) == nil)
        #expect(notes.line("0", now: 1) == "0")
    }
}
