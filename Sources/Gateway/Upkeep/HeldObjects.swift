import ByteCoding
import HostIO

/// Objects that wait outside of memory, in blocks, in their order: in a file without a name.
///
/// A block is packed as a whole, for objects of one kind have much in common: consecutive manifests name mostly the same.
final class HeldObjects {
    private var file: ScratchFile?
    private var blocks: [(packedBytes: Int, wholeBytes: Int)] = []

    func append(_ block: [(name: String, bytes: [UInt8])]) throws {
        var out = ByteWriter()
        for (name, bytes) in block {
            out.string(name)
            out.lengthPrefixed(bytes)
        }
        let packed = ZstdCompressor(level: 1).compress(out.bytes)
        let file = try self.file ?? ScratchFile()
        self.file = file
        try file.append(packed)
        blocks.append((packed.count, out.bytes.count))
    }

    func forEachBlock(_ body: ([(name: String, bytes: [UInt8])]) throws -> Void) throws {
        guard let file else { return }
        var offset: UInt64 = 0
        for (packedBytes, wholeBytes) in blocks {
            let packed = try file.read(packedBytes, at: offset)
            offset += UInt64(packedBytes)
            var reader = ByteReader(try ZstdDecompressor().decompress(packed, atMost: wholeBytes))
            var block: [(name: String, bytes: [UInt8])] = []
            while !reader.isAtEnd { block.append((try reader.string(), Array(try reader.lengthPrefixed()))) }
            try body(block)
        }
    }
}
