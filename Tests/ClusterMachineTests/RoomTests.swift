import ByteCoding
import Cluster
import News
import Storage
import Testing
import Wire

/// What is taken while the store fills up.
@Suite struct RoomTests {
    let client = PeerID(9)

    func room(_ mebibytes: UInt64) -> StoreRoom { StoreRoom(freeBytes: mebibytes << 20, totalBytes: 1000 << 30) }

    @Test("the less room, the more is refused, and no level flickers")
    func levels() {
        var random = SplitMix64(seed: 4)
        for _ in 0..<200 {
            var guardian = RoomGuard(keepFreeBytes: 1000 << 20)
            var changes = 0
            // A slow walk: as an ingest and a collector make it.
            var free: Int64 = 3000
            for _ in 0..<500 {
                free = max(0, free + random.below(41) - 20 - (free > 900 ? 2 : 0))
                if guardian.update(room(UInt64(free))) != nil { changes += 1 }
                #expect((free < 1000) <= (guardian.level >= .low))
                #expect((free < 500) <= (guardian.level == .spent))
                #expect((free >= 1100) <= (guardian.level == .ample))
                #expect((guardian.refusal(.live) != nil) <= (guardian.refusal(.bulk) != nil))
            }
            #expect(changes < 30)
        }
    }

    @Test("by itself it keeps 5 %, at most 10 GiB")
    func defaults() {
        for (total, kept) in [(100 << 30, 5 << 30), (1000 << 30, 10 << 30)] as [(UInt64, UInt64)] {
            var guardian = RoomGuard(keepFreeBytes: nil)
            _ = guardian.update(StoreRoom(freeBytes: kept, totalBytes: total))
            #expect(guardian.level == .ample)
            _ = guardian.update(StoreRoom(freeBytes: kept - 1, totalBytes: total))
            #expect(guardian.level == .low)
        }
    }

    @Test("bulk articles are refused first, then live ones; what makes room is always taken")
    func lanes() throws {
        let driver = CoordinatorDriver { $0.keepFreeBytes = 1000 << 20 }
        driver.start()
        driver.connect(client, .client)
        let retraction = retraction(1)
        var number: UInt64 = 0
        func taken(_ entry: LogEntry, _ lane: Lane) -> Bool {
            number += 1
            driver.put(number, [entry], from: client, lane: lane)
            return driver.accepted(by: client).contains(number)
        }
        for (free, bulk, live) in [
            (1001, true, true), (999, false, true), (499, false, false), (540, false, false), (1200, true, true),
        ] {
            driver.step(.room(room(UInt64(free))))
            #expect(taken(article(Int(number) + 10), .bulk) == bulk)
            #expect(taken(article(Int(number) + 10), .live) == live)
            #expect(taken(retraction, .live))
        }
        let why = driver.sent.compactMap {
            if case .refusedBatch(_, let code, let text) = $0.message { (code, text) } else { nil }
        }
        #expect(why.allSatisfy { $0.0 == .storeFailed && $0.1.contains("MiB free") })
        #expect(why.count == 5)
    }

    @Test("no merge begins while room is low")
    func merges() {
        let driver = CoordinatorDriver { $0.keepFreeBytes = 1000 << 20 }
        driver.start()
        driver.step(.room(room(999)))
        driver.connect(client, .client)
        driver.step(.message(client, .compact))
        #expect(driver.sent.contains { if case .error(.storeFailed, _) = $0.message { true } else { false } })
    }
}

extension Bool {
    /// Implies.
    fileprivate static func <= (left: Bool, right: Bool) -> Bool { !left || right }
}
