import Cluster
import Roles
import Testing

@Suite struct BacklogTests {
    let peer = PeerID(1)

    @Test("a peer that floods is paused at the limit, each time more comes, and read again at half of it")
    func flood() {
        var backlog = Backlog()
        let limit = Backlog.messageLimitCount
        let added = (0..<(limit + 2)).map { _ in backlog.add(peer, bytes: 0) }
        #expect(added.firstIndex(of: true) == limit - 1)
        #expect(added.suffix(3) == [true, true, true])
        let removed = (0..<(limit + 2)).map { _ in backlog.remove(peer, bytes: 0) }
        #expect(removed.indices.filter { removed[$0] } == [limit / 2 + 1])
    }

    @Test("one large payload pauses its connection until it is handled")
    func large() {
        var backlog = Backlog()
        let isPaused = backlog.add(peer, bytes: Backlog.byteLimit + 1)
        let isResumed = backlog.remove(peer, bytes: Backlog.byteLimit + 1)
        #expect(isPaused && isResumed)
    }

    @Test("one peer's backlog is not another's")
    func others() {
        var backlog = Backlog()
        for _ in 0..<1000 { _ = backlog.add(peer, bytes: 1 << 20) }
        let isPaused = backlog.add(PeerID(2), bytes: 0)
        #expect(!isPaused)
    }

    @Test("what is handled after the connection closed changes nothing")
    func closed() {
        var backlog = Backlog()
        for _ in 0..<Backlog.messageLimitCount { _ = backlog.add(peer, bytes: 0) }
        backlog.close(peer)
        let isResumed = backlog.remove(peer, bytes: 0)
        let isPaused = backlog.add(peer, bytes: 0)
        #expect(!isResumed && !isPaused)
    }
}
