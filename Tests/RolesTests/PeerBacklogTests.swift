import Cluster
import Roles
import Testing
import Wire

@Suite struct PeerBacklogTests {
    let peer = PeerID(1)
    let other = PeerID(2)
    let worker = PeerID(3)
    typealias Change = PeerBacklog.Change
    typealias Size = PeerBacklog.Size

    private func backlog() -> PeerBacklog {
        var backlog = PeerBacklog()
        for (peer, role) in [(peer, .client), (other, .fetcher), (worker, .worker)] as [(PeerID, PeerRole)] {
            #expect(backlog.open(peer, role) == Change())
        }
        return backlog
    }

    @Test("a connection ahead of the machine is paused, and resumed when half of it is taken")
    func pauses() {
        var backlog = backlog()
        let part = Size(payload: PeerBacklog.limitBytes / 4)
        #expect((0..<6).map { _ in backlog.charge(peer, part).pause.count } == [0, 0, 0, 0, 1, 0])
        #expect(backlog.charge(other, part) == Change())
        #expect((0..<6).map { _ in backlog.credit(peer, part).resume.count } == [0, 0, 0, 0, 1, 0])
    }

    @Test("messages without payload add up too")
    func small() {
        var backlog = backlog()
        let changes = (0..<64).map { _ in backlog.charge(peer, Size(of: .touch)) }
        #expect(changes.allSatisfy { $0 == Change() })
        #expect(backlog.charge(peer, Size(of: .touch)) == Change(pause: [peer]))
        #expect(backlog.heldBytes < 1 << 20)
    }

    @Test("when all together are too much, those that have a part in it are paused; who sends little goes on")
    func crowded() {
        var backlog = backlog()
        let whole = Size(payload: PeerBacklog.totalLimitBytes)
        #expect(backlog.charge(peer, whole) == Change(pause: [peer]))
        #expect(backlog.charge(other, Size(payload: PeerBacklog.shareBytes)) == Change())
        #expect(backlog.charge(other, Size(payload: 1)) == Change(pause: [other]))
        #expect(backlog.open(PeerID(4), .client) == Change())
        #expect(backlog.charge(worker, Size(of: .touch)) == Change())
        #expect(backlog.credit(other, Size(payload: PeerBacklog.shareBytes)) == Change(resume: [other]))
        #expect(backlog.charge(other, Size(payload: PeerBacklog.shareBytes)) == Change(pause: [other]))
        // The first is still ahead by itself until half of its own limit.
        let rest = Size(payload: PeerBacklog.limitBytes * 3 / 4)
        let most = Size(payload: PeerBacklog.totalLimitBytes - PeerBacklog.limitBytes * 3 / 4)
        #expect(backlog.credit(peer, most) == Change(resume: [other]))
        #expect(backlog.credit(peer, rest) == Change(resume: [peer]))
    }

    @Test("when all together are far too much, all that send articles are paused, also those that come; workers never")
    func full() {
        var backlog = backlog()
        let whole = Size(payload: PeerBacklog.hardLimitBytes)
        #expect(backlog.charge(peer, whole) == Change(pause: [peer]))
        #expect(backlog.charge(other, Size(payload: 1)) == Change(pause: [other]))
        let late = PeerID(4)
        #expect(backlog.open(late, .client) == Change(pause: [late]))
        #expect(backlog.open(PeerID(5), .merger) == Change())
        #expect(backlog.charge(worker, Size(of: .touch)) == Change())
        let most = Size(payload: PeerBacklog.hardLimitBytes - PeerBacklog.totalLimitBytes)
        #expect(backlog.credit(peer, most) == Change())
        #expect(backlog.credit(peer, Size(payload: 1 << 20)) == Change(resume: [other, late]))
    }

    @Test("what waits of a connection that is gone counts until it is taken")
    func closed() {
        var backlog = backlog()
        let whole = Size(payload: PeerBacklog.hardLimitBytes + 1)
        #expect(backlog.charge(peer, whole) == Change(pause: [peer, other]))
        backlog.close(peer)
        #expect(backlog.heldBytes > PeerBacklog.hardLimitBytes)
        #expect(backlog.credit(peer, whole) == Change(resume: [other]))
        #expect(backlog.heldBytes == 0)
    }
}
