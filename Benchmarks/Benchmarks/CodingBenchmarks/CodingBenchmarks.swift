import Benchmark
import ByteCoding
import CorpusMaker
import News

// Numbers, checksums, frames and records: what every article goes through several times. A scaled iteration handles one
// megabyte, or a thousand records.
let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(
        metrics: [.cpuTotal, .wallClock, .throughput, .mallocCountTotal], maxDuration: .seconds(2))

    let megabyte = (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
    var maker = CorpusMaker(seed: 1)
    let articles = (0..<1000).map { maker.article($0) }
    let records = articles.map { CanonicalRecord.encode($0) }
    let frames = records.map { ZstdCompressor(level: 3).compress($0) }
    var writer = ByteWriter()
    for number in 0..<250_000 { writer.varint(UInt64(number) &* 40_503 % 70_000) }
    let varints = writer.bytes

    Benchmark("varints, 250,000 read") { benchmark in
        for _ in benchmark.scaledIterations {
            var reader = ByteReader(varints)
            var sum: UInt64 = 0
            for _ in 0..<250_000 { sum &+= try reader.varint() }
            blackHole(sum)
        }
    }

    Benchmark("CRC-32C of 1 MiB") { benchmark in
        for _ in benchmark.scaledIterations { blackHole(CRC32C.checksum(of: megabyte)) }
    }

    Benchmark("SHA-256 of 1 MiB") { benchmark in
        for _ in benchmark.scaledIterations { blackHole(SHA256.hash(of: megabyte)) }
    }

    Benchmark("zstd, 1000 records, a frame each") { benchmark in
        let compressor = ZstdCompressor(level: 3)
        for _ in benchmark.scaledIterations {
            for record in records { blackHole(compressor.compress(record)) }
        }
    }

    Benchmark("zstd, 1000 frames read") { benchmark in
        let decompressor = ZstdDecompressor()
        for _ in benchmark.scaledIterations {
            for frame in frames { blackHole(try decompressor.decompress(frame, atMost: 1 << 20)) }
        }
    }

    Benchmark("canonical records, 1000 written") { benchmark in
        for _ in benchmark.scaledIterations {
            for article in articles { blackHole(CanonicalRecord.encode(article)) }
        }
    }

    Benchmark("canonical records, 1000 read") { benchmark in
        for _ in benchmark.scaledIterations {
            for record in records { blackHole(try CanonicalRecord.decode(record)) }
        }
    }
}
