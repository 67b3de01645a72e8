import ByteCoding
import Testing
import Wire

@Suite struct ProofTests {
    @Test(
        "HMAC-SHA256 gives the values of RFC 4231",
        arguments: [
            (
                [UInt8](repeating: 0x0B, count: 20), "Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                Array("Jefe".utf8), "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                [UInt8](repeating: 0xAA, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
        ])
    func vectors(key: [UInt8], text: String, code: String) {
        #expect(HMACSHA256.code(of: text.utf8, key: key).hex == code)
    }

    @Test("a proof fits its token, role, name and both nonces, and nothing else")
    func fits() throws {
        let token = try #require(Token(fileContent: "correct horse battery staple\n".utf8))
        let other = try #require(Token(fileContent: "correct horse battery stable\n".utf8))
        let server = [UInt8](0..<16)
        let client = [UInt8](16..<32)
        let proof = Proof.make(token: token, role: .worker, client: "w1", serverNonce: server, clientNonce: client)
        func verify(
            _ proof: [UInt8], _ token: Token, as role: PeerRole = .worker, named name: String = "w1",
            server: [UInt8] = server, client: [UInt8] = client
        ) -> Bool {
            Proof.verify(
                proof, token: token, role: role, client: name, serverNonce: server, clientNonce: client)
        }
        #expect(verify(proof, token))
        #expect(!verify(proof, other))
        #expect(!verify(proof, token, as: .client))
        #expect(!verify(proof, token, named: "w2"))
        #expect(!verify(proof, token, server: client))
        #expect(!verify(proof, token, client: server))
        #expect(!verify(proof, token, client: []))
        #expect(!verify([], token))
        #expect(!verify(Array(proof.dropLast()), token))
        #expect(!verify(proof + [0], token))
        for bit in 0..<256 {
            var damaged = proof
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!verify(damaged, token))
        }
    }

    @Test("a token has 16 to 1024 bytes without the white space at its end")
    func tokens() {
        #expect(Token(fileContent: "short\n".utf8) == nil)
        #expect(Token(fileContent: "0123456789abcde \r\n\t".utf8) == nil)
        #expect(Token(fileContent: "0123456789abcdef\n".utf8) != nil)
        #expect(Token(fileContent: [UInt8](repeating: 0x61, count: 1025)) == nil)
    }
}
