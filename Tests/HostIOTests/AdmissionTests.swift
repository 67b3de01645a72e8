import HostIO
import Testing

@Suite struct AdmissionTests {
    private func ids(_ numbers: ClosedRange<UInt64>) -> [ConnectionID] { numbers.map { ConnectionID($0) } }

    @Test("where all are settled the next is refused: by address first, then in all")
    func refuses() {
        var door = ConnectionAdmission(.init(totalCount: 4, perAddressCount: 3))
        for id in ids(1...3) {
            #expect(door.arrive(id, from: "a") == .admit)
            door.settle(id)
        }
        #expect(door.arrive(ConnectionID(4), from: "a") == .refuse(.address("a", limitCount: 3)))
        #expect(door.arrive(ConnectionID(5), from: "b") == .admit)
        door.settle(ConnectionID(5))
        #expect(door.arrive(ConnectionID(6), from: "c") == .refuse(.total(limitCount: 4)))
        door.leave(ConnectionID(2))
        #expect(door.arrive(ConnectionID(7), from: "a") == .admit)
        #expect(door.count == 4)
    }

    @Test("an expendable connection makes room: the oldest, and of the same address where that is full")
    func replaces() {
        var door = ConnectionAdmission(.init(totalCount: 4, perAddressCount: 3))
        _ = door.arrive(ConnectionID(1), from: "b")
        for id in ids(2...4) { _ = door.arrive(id, from: "a") }
        #expect(door.arrive(ConnectionID(5), from: "a") == .admitInsteadOf(ConnectionID(2)))
        #expect(door.arrive(ConnectionID(6), from: "c") == .admitInsteadOf(ConnectionID(1)))
        door.settle(ConnectionID(3))
        #expect(door.arrive(ConnectionID(7), from: "c") == .admitInsteadOf(ConnectionID(4)))
        // Loosened, it goes behind those that wait already.
        door.loosen(ConnectionID(3))
        #expect(door.arrive(ConnectionID(8), from: "d") == .admitInsteadOf(ConnectionID(5)))
        // Who was sent away may leave once more, which changes nothing.
        door.leave(ConnectionID(5))
        #expect(door.count == 4)
    }

    @Test("against a naive list, over 20,000 seeded steps: never over a limit, the same verdicts")
    func oracle() {
        struct Entry {
            var id: ConnectionID
            var address: String
            var isLoose: Bool
            var turn: Int
        }
        var random = SeededNumbers(seed: 5)
        var door = ConnectionAdmission(.init(totalCount: 20, perAddressCount: 7))
        var list: [Entry] = []
        var turn = 0
        for step in 1...20_000 {
            turn += 1
            let pick = list.isEmpty ? nil : list.indices.randomElement(using: &random)
            switch (random.next() % 5, pick) {
            case (0, let at?):
                list[at].isLoose = false
                door.settle(list[at].id)
            case (1, let at?):
                list[at].isLoose = true
                list[at].turn = turn
                door.loosen(list[at].id)
            case (2, let at?): door.leave(list.remove(at: at).id)
            default:
                let address = "\(random.next() % 5)"
                let id = ConnectionID(UInt64(step))
                let same = list.filter { $0.address == address }
                let loose = (same.count >= 7 ? same : list).filter(\.isLoose).min { $0.turn < $1.turn }
                let isFull = same.count >= 7 || list.count >= 20
                let wanted: ConnectionAdmission.Verdict =
                    if !isFull { .admit } else if let loose { .admitInsteadOf(loose.id) } else if same.count >= 7 {
                        .refuse(.address(address, limitCount: 7))
                    } else { .refuse(.total(limitCount: 20)) }
                #expect(door.arrive(id, from: address) == wanted)
                if isFull, let loose { list.removeAll { $0.id == loose.id } }
                if !isFull || loose != nil { list.append(Entry(id: id, address: address, isLoose: true, turn: turn)) }
            }
            #expect(door.count == list.count)
        }
    }

    @Test("a budget names who made no headway for longest, but nobody within the grace, and forgets who holds nothing")
    func budget() {
        var budget = SharedBudget(limitBytes: 100, graceMilliseconds: 10)
        let (a, b, c) = (ConnectionID(1), ConnectionID(2), ConnectionID(3))
        #expect(budget.hold(a, 60, since: 5, now: 5) == nil)
        #expect(budget.hold(b, 40, since: 3, now: 6) == nil)
        #expect(budget.hold(c, 10, since: 7, now: 7) == nil)
        #expect(budget.heldBytes == 110)
        #expect(budget.hold(c, 20, since: 7, now: 13) == b)
        #expect(budget.heldBytes == 80)
        #expect(budget.hold(c, 50, since: 14, now: 14) == nil)
        #expect(budget.hold(c, 0, since: 0, now: 99) == nil)
        #expect(budget.heldBytes == 60)
        // One alone that is too large is named itself.
        #expect(budget.hold(a, 101, since: 5, now: 15) == a)
        #expect(budget.heldBytes == 0)
        let shared = ByteBudget(SharedBudget(limitBytes: 100, graceMilliseconds: 0))
        for id in [a, b] { #expect(shared.hold(id, 50, since: 1, now: 1) == []) }
        #expect(shared.hold(c, 101, since: 2, now: 2) == [a, b, c])
        #expect(shared.heldBytes == 0)
    }

    @Test("refusals are told at once, then at most every ten seconds, with their number")
    func tally() {
        var tally = RefusalTally<String>()
        #expect(tally.note("x", now: 1000) == ["x": 1])
        for now in 1001...2000 as ClosedRange<Int64> { #expect(tally.note("x", now: now) == nil) }
        #expect(tally.note("y", now: 11_000) == ["x": 1000, "y": 1])
        #expect(tally.note("y", now: 20_999) == nil)
        #expect(tally.totalCount == 1003)
        for number in 0..<100 { _ = tally.note("\(number)", now: 20_999) }
        #expect((tally.note("z", now: 31_000)?.count ?? 0) <= 16)
    }

    @Test("no more connections than files may be open, and room is kept")
    func files() {
        let limits = ConnectionAdmission.Limits(totalCount: 8192, perAddressCount: 2048)
        #expect(limits.fitting(openFiles: 1_000_000, parts: 2) == limits)
        #expect(limits.fitting(openFiles: 4352, parts: 2) == .init(totalCount: 2048, perAddressCount: 2048))
        #expect(limits.fitting(openFiles: 10, parts: 2) == .init(totalCount: 16, perAddressCount: 16))
        #expect(OpenFiles.raiseLimit() >= 256)
    }
}
