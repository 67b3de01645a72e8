import Cluster
import Roles
import Testing
import Wire

@Suite struct PeerBacklogTests {
    let peer = PeerID(1)
    let other = PeerID(2)

    @Test("a connection ahead of the machine is paused, and resumed when half of it is taken")
    func pauses() {
        var backlog = PeerBacklog()
        backlog.open(peer)
        backlog.open(other)
        let part = PeerBacklog.limitBytes / 4
        #expect((0..<6).map { _ in backlog.charge(peer, part) } == [.none, .none, .none, .none, .pause, .none])
        #expect(backlog.charge(other, part) == .none)
        #expect((0..<6).map { _ in backlog.credit(peer, part) } == [.none, .none, .none, .none, .resume, .none])
    }

    @Test("messages without payload add up too")
    func small() {
        var backlog = PeerBacklog()
        backlog.open(peer)
        let count = PeerBacklog.limitBytes / PeerBacklog.bytes(of: .touch)
        let changes = (0..<count).map { _ in backlog.charge(peer, PeerBacklog.bytes(of: .touch)) }
        #expect(changes.allSatisfy { $0 == .none })
        #expect(backlog.charge(peer, PeerBacklog.bytes(of: .touch)) == .pause)
    }

    @Test("what comes late for a connection that is gone is charged to nobody")
    func closed() {
        var backlog = PeerBacklog()
        backlog.open(peer)
        _ = backlog.charge(peer, PeerBacklog.limitBytes + 1)
        backlog.close(peer)
        #expect(backlog.credit(peer, PeerBacklog.limitBytes + 1) == .none)
        #expect(backlog.charge(peer, PeerBacklog.limitBytes + 1) == .none)
    }
}
