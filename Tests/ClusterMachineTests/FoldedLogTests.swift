import ByteCoding
import Cluster
import News
import Storage
import Testing

@Suite struct FoldedLogTests {
    let manifest = emptyManifest(shardCount: 3)

    private func entry(_ random: inout SplitMix64) -> LogEntry {
        let number = Int(random.below(12))
        let seen = 1 + random.below(4)
        switch random.below(60) {
        case 0: return retraction(number)
        case 1...25: return .expired(Expiration(key: key(number), through: version(seen), horizon: 1))
        case 26...40: return .erased(VersionBound(key: key(number), through: version(seen)))
        case 41...50:
            return .deadLetter(
                DeadLetter(position: position(0), hour: 1, reason: "r", article: logged(number, seen: seen)))
        default: return .retried(logged(number, seen: seen))
        }
    }

    @Test("what the next holder of a shard is told is what a coordinator that inherits the state would tell it")
    func inherited() {
        var random = SplitMix64(seed: 11)
        var folded = FoldedLog(ClusterState(), of: manifest)
        var expiringCounts: Set<Int> = []
        for number in UInt64(0)..<400 {
            // Now and then more than one.
            let entries = (0...random.below(2)).map { _ in entry(&random) }
            folded.fold(object(number, .bulk, entries))
            let fresh = FoldedLog(folded.state, of: manifest)
            for index in UInt16(0)..<3 {
                #expect(folded.rules(of: Shard(index), suspectTo: [:]) == fresh.rules(of: Shard(index), suspectTo: [:]))
            }
            #expect(folded.expiringCount == fresh.expiringCount)
            expiringCounts.insert(folded.expiringCount)
        }
        #expect(expiringCounts.count > 3 && !folded.state.retractions.isEmpty)
    }

    @Test("an object that comes again changes nothing, and a retried letter tells its shard")
    func again() {
        var folded = FoldedLog(ClusterState(), of: manifest)
        let letter = DeadLetter(position: position(0), hour: 1, reason: "r", article: logged(1))
        #expect(folded.fold(object(1, .bulk, [.deadLetter(letter)])).isEmpty)
        let retry = object(2, .bulk, [.retried(logged(1)), article(2)])
        #expect(folded.fold(retry) == [manifest.sharding.shard(of: key(1))])
        let counted = folded.folding.receivedCount
        #expect(counted == 1)
        #expect(folded.fold(retry).isEmpty)
        #expect(folded.folding.receivedCount == counted && folded.folding.foldedTo == retry.endPosition)
    }
}
