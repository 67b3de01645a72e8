import Cluster
import News
import Storage
import Testing
import Wire

@Suite struct PeersTests {
    let worker = PeerID(1)
    let instance = Instance(7)

    private func report(_ number: UInt64) -> SealedReport {
        SealedReport(number: number, entries: [], segment: nil, counts: [])
    }

    private func joined() -> Peers {
        var peers = Peers()
        peers.join(worker, instance, Attempt(term: Term(1), number: 1))
        return peers
    }

    @Test("reports are taken in their order, without gap, from who has joined; who joins again begins anew")
    func order() {
        var peers = joined()
        #expect(peers.take(report(1), from: PeerID(2)) == .notJoined)
        #expect(peers.take(report(2), from: worker) == .outOfTurn(last: 0))
        #expect(peers.take(report(1), from: worker) == .taken)
        #expect(peers.take(report(1), from: worker) == .outOfTurn(last: 1))
        #expect(peers.take(report(2), from: worker) == .taken)
        #expect(peers.members(of: instance) == [worker])
        let (first, again) = (peers.leave(worker), peers.leave(worker))
        #expect(first && !again)
        #expect(peers.take(report(3), from: worker) == .notJoined)
        peers.join(PeerID(3), instance, Attempt(term: Term(1), number: 2))
        #expect(peers.take(report(1), from: PeerID(3)) == .taken)
    }

    @Test("so many may wait, and those that were published or refused wait no more")
    func limit() {
        var peers = joined()
        let limit = UInt64(Peers.reportLimitCount)
        for number in 1...limit { #expect(peers.take(report(number), from: worker) == .taken) }
        #expect(peers.take(report(limit + 1), from: worker) == .tooMany(Int(limit)))
        peers.settled(5, of: worker)
        #expect(peers.take(report(limit + 2), from: worker) == .taken)
    }
}
