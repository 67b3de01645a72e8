import ByteCoding
import Engine
import Testing

@testable import Roles

@Suite("Which ranges of objects are fetched")
struct RangePlanTests {
    private func request(_ offset: UInt64, _ length: Int, of object: String = "a") -> ByteRequest {
        ByteRequest(object: object, offset: offset, length: length)
    }

    /// Every range asked for lies in its fetch, and nothing else of it is told.
    private func expectCovered(_ requests: [ByteRequest], by plan: RangePlan) {
        for (request, place) in zip(requests, plan.places) {
            let fetch = plan.fetches[place.fetch]
            #expect(fetch.object == request.object && fetch.offset + UInt64(place.start) == request.offset)
            #expect(place.start + request.length <= fetch.length)
        }
    }

    @Test(
        "neighbours are fetched together, in whatever order they are asked for; those far away or of another object are not"
    )
    func neighbours() {
        let requests = [
            request(1 << 20, 10), request(100, 50), request(0, 100), request(0, 100, of: "b"), request(32_900, 10),
            request(20, 5),
        ]
        let plan = RangePlan(requests)
        #expect(plan.fetches == [request(0, 32_910), request(1 << 20, 10), request(0, 100, of: "b")])
        expectCovered(requests, by: plan)
        #expect(RangePlan([]).fetches.isEmpty)
    }

    @Test("of more than go out at once those with the least between them are joined, and no more than must be")
    func crowded() {
        let requests: [ByteRequest] = [0, 100_000, 150_000, 400_000, 440_000].map { request($0, 1000) }
        #expect(RangePlan(requests, parallelCount: 5).fetches == requests)
        let four = RangePlan(requests, parallelCount: 4)
        #expect(four.fetches == [requests[0], requests[1], requests[2], request(400_000, 41_000)])
        expectCovered(requests, by: four)
        let three = RangePlan(requests, parallelCount: 3)
        #expect(three.fetches == [requests[0], request(100_000, 51_000), request(400_000, 41_000)])
        expectCovered(requests, by: three)
        #expect(RangePlan(requests, parallelCount: 1).fetches == [request(0, 441_000)])
    }

    @Test("what lies far apart is not joined however crowded it is, and no fetch grows beyond 4 MiB")
    func bounds() {
        let far = (0..<9).map { request(UInt64($0) << 20, 1000) }
        #expect(RangePlan(far, parallelCount: 2).fetches == far)
        let large = (0..<9).map { request(UInt64($0) * 1_100_000, 1_000_000) }
        let plan = RangePlan(large, parallelCount: 1)
        #expect(plan.fetches.count == 3 && plan.fetches.allSatisfy { $0.length <= 4 << 20 })
        expectCovered(large, by: plan)
    }

    @Test("ranges that no file can have are left as they are")
    func hostile() {
        let requests = [request(.max - 5, 100), request(.max - 1, 1), request(0, 1), request(.max, .max)]
        for count in [1, 2, .max] {
            #expect(RangePlan(requests, parallelCount: count).fetches.contains(request(.max - 5, 100)))
        }
    }

    @Test("what is fetched along has a bound in all, and a pair that is too long gives way to the next")
    func filler() {
        let apart = (0..<200).map { request(UInt64($0) * 200_000, 1000, of: "\(100 + $0 / 20)") }
        let plan = RangePlan(apart, parallelCount: 1)
        let bytes = plan.fetches.reduce(0) { $0 + $1.length }
        #expect(bytes <= apart.count * 1000 + 8 << 20 && plan.fetches.count < apart.count - 30)
        expectCovered(apart, by: plan)
        let large = [
            request(0, 3 << 20), request(3 << 20 + 40_000, 2 << 20), request(0, 10, of: "b"),
            request(90_000, 10, of: "b"),
        ]
        #expect(RangePlan(large, parallelCount: 3).fetches == large.prefix(2) + [request(0, 90_010, of: "b")])
    }

    @Test("ranges that overlap and are too long to be one stay two")
    func overlaps() {
        let requests = [request(0, 3 << 20), request(3 << 20 - 4096, 2 << 20), request(0, 1, of: "b")]
        let plan = RangePlan(requests, parallelCount: 2)
        #expect(plan.fetches == requests)
        let more = requests + [request(3 << 20 - 8192, 1 << 20), request(5 << 20, 10)]
        for count in 1...5 { expectCovered(more, by: RangePlan(more, parallelCount: count)) }
    }

    @Test("random ranges, large ones among them, are covered", arguments: 0..<50)
    func random(_ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let requests = (0..<200).map { _ in
            let length = random.next() % 30 == 0 ? random.next() % (5 << 20) : random.next() % 20_000
            return request(random.next() % (16 << 20), Int(length), of: ["a", "b", "c"][Int(random.next() % 3)])
        }
        let free = RangePlan(requests)
        expectCovered(requests, by: free)
        for count in [1, 8, 32] {
            let crowded = RangePlan(requests, parallelCount: count)
            expectCovered(requests, by: crowded)
            #expect(crowded.fetches.count <= free.fetches.count)
        }
    }
}
