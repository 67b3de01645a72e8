import Roles
import Storage
import Testing

@Suite struct StoreTroubleTests {
    let create = BucketOperation.create(name: "log/1/1", bytes: [])
    let full = BucketFailure(.full, name: "log/1/1", message: "No space left on device")

    @Test("a disk that stays full is told at once and then every half minute, and that it works again once")
    func stays() {
        var trouble = StoreTrouble()
        var told: [Int64] = []
        for now in stride(from: Int64(0), through: 60_000, by: 1000)
        where trouble.note(create, .failed(full), now: now) == .fails(full) {
            told.append(now)
        }
        #expect(told == [0, 30_000, 60_000])
        let afterRead = trouble.note(.size(name: "terms/2"), .missing, now: 60_500)
        let afterWrite = trouble.note(create, .done, now: 70_000)
        let afterAnother = trouble.note(create, .done, now: 70_500)
        #expect(afterRead == nil && afterWrite == .worksAgain && afterAnother == nil)
    }

    @Test("a full disk that takes small writes between large ones does not work again")
    func flickers() {
        var trouble = StoreTrouble()
        var told: [StoreTrouble.Telling] = []
        for now in stride(from: Int64(0), to: 30_000, by: 1000) {
            if let telling = trouble.note(create, .failed(full), now: now) { told.append(telling) }
            let beat = BucketOperation.put(name: "heartbeats/1", bytes: [])
            if let telling = trouble.note(beat, .done, now: now + 500) { told.append(telling) }
        }
        #expect(told == [.fails(full)])
    }

    @Test("another kind of failure is told at once")
    func another() {
        var trouble = StoreTrouble()
        let error = BucketFailure(.passing, name: "log/1/1", message: "Input/output error")
        let first = trouble.note(create, .failed(full), now: 0)
        let second = trouble.note(create, .failed(error), now: 1)
        #expect(first == .fails(full) && second == .fails(error))
    }
}
