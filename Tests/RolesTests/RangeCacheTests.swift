import ByteCoding
import Engine
import Roles
import Testing

@Suite struct RangeCacheTests {
    private func request(_ number: Int) -> ByteRequest {
        ByteRequest(object: "segments/\(number % 7)", offset: UInt64(number) * 1000, length: 1000)
    }

    private func view(_ number: Int) -> ByteView {
        ByteView(copying: [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 1000))
    }

    private func byte(_ view: ByteView?) -> UInt8? { view.map { unsafe $0.bytes[0] } }

    @Test("what is kept is what was read, and never more than the limit")
    func bounded() {
        var cache = RangeCache(.keys(100_000))
        var random = SplitMix64(seed: 1)
        var hits = 0
        for _ in 0..<5000 {
            let number = Int(random.below(120))
            if let found = cache.view(of: request(number)) {
                #expect(byte(found) == UInt8(number))
                hits += 1
            } else {
                cache.keep(view(number), of: request(number))
            }
        }
        let held = (0..<120).count { cache.view(of: request($0)) != nil }
        #expect(held * 1200 <= 100_000 && held > 30 && hits > 1000)
        let counts = cache.counts
        #expect(counts.hits == hits + held && counts.hits + counts.misses == 5120)
        #expect(counts.heldBytes == held * 1200)
    }

    @Test("what is used stays while other things come and go")
    func recent() {
        var cache = RangeCache(.keys(20_000))
        cache.keep(view(0), of: request(0))
        for number in 1..<200 {
            #expect(byte(cache.view(of: request(0))) == 0)
            cache.keep(view(number), of: request(number))
        }
        #expect(byte(cache.view(of: request(1))) == nil)
    }

    @Test("the same bytes are known whoever wrote them, and only where the name tells them")
    func content() {
        var cache = RangeCache(.keys(100_000))
        func request(_ name: String) -> ByteRequest { ByteRequest(object: name, offset: 10, length: 1000) }
        let hash = String(repeating: "0f", count: 32)
        cache.keep(view(1), of: request("segments/\(hash).1-5"))
        #expect(byte(cache.view(of: request("segments/\(hash).2-3"))) == 1)
        cache.forget(except: ["segments/\(hash).9-9"])
        #expect(byte(cache.view(of: request("segments/\(hash).1-5"))) == 1)
        #expect(cache.view(of: request("pages/\(hash).1-5")) == nil)
        cache.keep(view(2), of: request("feeds/3.1-5"))
        #expect(cache.view(of: request("feeds/3.2-1")) == nil)
    }

    @Test("objects that are named no longer are forgotten, long ranges and those of a cache without room are not kept")
    func forget() {
        var cache = RangeCache(.keys(100_000))
        for number in 0..<20 { cache.keep(view(number), of: request(number)) }
        cache.forget(except: ["segments/3"])
        for number in 0..<20 { #expect((cache.view(of: request(number)) != nil) == (number % 7 == 3)) }
        let long = ByteRequest(object: "segments/3", offset: 0, length: 1 << 20)
        cache.keep(ByteView(copying: [UInt8](repeating: 1, count: 1 << 20)), of: long)
        #expect(cache.view(of: long) == nil)
        var none = RangeCache(.none)
        none.keep(view(1), of: request(1))
        #expect(none.view(of: request(1)) == nil)
    }
}
