import ByteCoding
import Testing

@Suite struct CodingTests {
    @Test(
        "a varint has one form, and what is written is read back",
        arguments: [0, 1, 127, 128, 300, 1 << 35, UInt64.max])
    func varint(_ value: UInt64) throws {
        var writer = ByteWriter()
        writer.varint(value)
        writer.signedVarint(Int64(bitPattern: value))
        var reader = ByteReader(writer.bytes)
        #expect(try reader.varint() == value)
        #expect(try reader.signedVarint() == Int64(bitPattern: value))
        try reader.requireEnd()
    }

    @Test(
        "a varint that is too long, too large or cut is refused",
        arguments: [
            [0x80, 0x00], [0xff, 0x80, 0x00], [0x80], [],
            [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],
        ] as [[UInt8]])
    func badVarint(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        #expect(throws: CodingError.self) { try reader.varint() }
    }

    @Test("a length is not believed before that many bytes are there")
    func length() {
        var writer = ByteWriter()
        writer.varint(UInt64.max)
        writer.raw([1, 2, 3])
        var reader = ByteReader(writer.bytes)
        #expect(throws: CodingError.self) { try reader.lengthPrefixed() }
        reader = ByteReader([4, 1, 2, 3])
        #expect(throws: CodingError.self) { try reader.lengthPrefixed() }
        reader = ByteReader([3, 1, 2, 3])
        #expect(throws: CodingError.self) { try reader.lengthPrefixed(atMost: 2) }
    }

    @Test("text that is no UTF-8 is refused, not repaired")
    func text() {
        var reader = ByteReader([2, 0xc3, 0x28])
        #expect(throws: CodingError.self) { try reader.string() }
    }

    @Test("any flipped bit of a checked object is found")
    func checked() throws {
        var writer = ByteWriter()
        writer.raw(0..<40)
        writer.checksum()
        let bytes = writer.bytes
        #expect(try Array(ByteReader.checked(bytes, what: "sample")) == Array(0..<40))
        for bit in 0..<bytes.count * 8 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: CodingError.self) { try ByteReader.checked(flipped, what: "sample") }
        }
        for count in 0..<bytes.count {
            #expect(throws: CodingError.self) { try ByteReader.checked(Array(bytes[..<count]), what: "sample") }
        }
    }

    /// RFC 3720, appendix B.4.
    @Test(
        "CRC-32C",
        arguments: [
            (Array(repeating: 0, count: 32), 0x8a91_36aa), (Array(repeating: 0xff, count: 32), 0x62a8_ab43),
            (Array(0..<32), 0x46dd_794e), (Array((0..<32).reversed()), 0x113f_db5c),
        ] as [([UInt8], UInt32)])
    func crc(_ bytes: [UInt8], _ expected: UInt32) {
        #expect(CRC32C.checksum(of: bytes) == expected)
        #expect(CRC32C.checksum(of: bytes[9...], continuing: CRC32C.checksum(of: bytes[..<9])) == expected)
    }

    @Test(
        "CRC-32C of any length is that of its bytes one by one",
        arguments: [0, 1, 1359, 4079, 4080, 4081, 4096, 8160, 20_001])
    func longCRC(count: Int) {
        var random = SplitMix64(seed: UInt64(count))
        let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
        var expected = UInt32.max
        for byte in bytes {
            expected ^= UInt32(byte)
            for _ in 0..<8 { expected = expected & 1 == 1 ? expected >> 1 ^ 0x82F6_3B78 : expected >> 1 }
        }
        #expect(CRC32C.checksum(of: bytes) == ~expected)
        let cut = Int.random(in: 0...count, using: &random)
        #expect(CRC32C.checksum(of: bytes[cut...], continuing: CRC32C.checksum(of: bytes[..<cut])) == ~expected)
    }

    /// FIPS 180-2, appendix B; RFC 4231, test case 2.
    @Test("SHA-256 and HMAC")
    func hashes() throws {
        #expect(
            SHA256.hash(of: "abc".utf8).bytes
                == Hex.bytes("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
        var hasher = SHA256Hasher()
        hasher.update("a".utf8)
        hasher.update("bc".utf8)
        #expect(hasher.finalize() == SHA256.hash(of: "abc".utf8))
        #expect(
            HMACSHA256.code(of: "what do ya want for nothing?".utf8, key: Array("Jefe".utf8)).bytes
                == Hex.bytes("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"))
    }

    /// RFC 1321, A.5; RFC 4648, section 10.
    @Test("MD5 and base64")
    func digestOfRequests() {
        #expect(MD5.hash(of: []) == Hex.bytes("d41d8cd98f00b204e9800998ecf8427e"))
        #expect(MD5.hash(of: Array("_message digest".utf8)[1...]) == Hex.bytes("f96b697d7cb7938d525a2f31aaf161d0"))
        let words = ["", "f", "fo", "foo", "foob", "fooba", "foobar"]
        #expect(
            words.map { Base64.string(Array($0.utf8)) }
                == ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"])
    }

    @Test("digests add and subtract modulo 2^256, with carries")
    func sums() throws {
        let ones = try #require(Digest256(hex: String(repeating: "f", count: 64)))
        let one = try #require(Digest256(hex: String(repeating: "0", count: 63) + "1"))
        let zero = try #require(Digest256(hex: String(repeating: "0", count: 64)))
        #expect(ones &+ one == zero)
        #expect(zero &- one == ones)
        let some = SHA256.hash(of: "some".utf8)
        let other = SHA256.hash(of: "other".utf8)
        #expect(some &+ other &- some == other)
        #expect(some &+ other == other &+ some)
    }

    @Test("hexadecimal is read as it is written, and nothing else")
    func hex() {
        #expect(Hex.bytes(Hex.string(Array(0...255))) == Array(0...255))
        #expect(Hex.padded(0xabc) == "0000000000000abc")
        for bad in ["0", "0g", "é0", "0x00 "] { #expect(Hex.bytes(bad) == nil) }
    }
}
