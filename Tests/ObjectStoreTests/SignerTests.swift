import ByteCoding
import News
import Testing

@testable import ObjectStore

/// The examples of "Signature Calculations for the Authorization Header: Transferring Payload in a Single Chunk", Amazon S3
/// API reference.
@Suite struct SignerTests {
    private static let signer = S3Signer(
        endpoint: S3Endpoint(isEncrypted: true, host: "s3.amazonaws.com", style: .virtual), bucket: "examplebucket",
        region: "us-east-1",
        credentials: S3Credentials(
            accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"))
    private static let time = Timestamp(
        seconds: CivilTime(year: 2013, month: 5, day: 24).secondsSinceEpoch)

    private static func authorization(_ request: S3Request) -> String? {
        signer.sign(request, at: time).headers.first { $0.name == "authorization" }?.value
    }

    @Test("the published examples are signed as published")
    func published() {
        let scope = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"
        let get = S3Request(.get, key: "test.txt", headers: [S3Field("range", "bytes=0-9")], timeoutMilliseconds: 1)
        #expect(
            Self.authorization(get)
                == "\(scope),SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
                + "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
        let put = S3Request(
            .put, key: "test$file.text",
            headers: [
                S3Field("date", "Fri, 24 May 2013 00:00:00 GMT"),
                S3Field("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ], body: Array("Welcome to Amazon S3.".utf8)[...], timeoutMilliseconds: 1)
        #expect(
            Self.authorization(put)
                == "\(scope),SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,"
                + "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
        let lifecycle = S3Request(.get, key: "", query: [S3Field("lifecycle", "")], timeoutMilliseconds: 1)
        #expect(
            Self.authorization(lifecycle)
                == "\(scope),SignedHeaders=host;x-amz-content-sha256;x-amz-date,"
                + "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")
        let list = S3Request(
            .get, key: "", query: [S3Field("prefix", "J"), S3Field("max-keys", "2")], timeoutMilliseconds: 1)
        #expect(
            Self.authorization(list)
                == "\(scope),SignedHeaders=host;x-amz-content-sha256;x-amz-date,"
                + "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
    }

    @Test("a session token is sent, and signed")
    func sessionToken() throws {
        let signer = S3Signer(
            endpoint: .aws(region: "eu-central-1"), bucket: "b-1", region: "eu-central-1",
            credentials: S3Credentials(accessKey: "A", secretKey: "S", sessionToken: "T/=="))
        let signed = signer.sign(S3Request(.head, key: "x", timeoutMilliseconds: 1), at: Self.time)
        #expect(signed.headers.contains(S3Field("x-amz-security-token", "T/==")))
        let authorization = try #require(signed.headers.first { $0.name == "authorization" }?.value)
        #expect(authorization.contains("x-amz-date;x-amz-security-token,"))
        #expect(signed.url == "https://b-1.s3.eu-central-1.amazonaws.com/x")
    }

    @Test("credentials are not shown by any way of printing")
    func secrecy() {
        let credentials = S3Credentials(accessKey: "AKIA-shown", secretKey: "hush", sessionToken: "hush-too")
        var dumped = ""
        dump(credentials, to: &dumped)
        dump(Self.signer, to: &dumped)
        for text in ["\(credentials)", String(reflecting: credentials), String(describing: [credentials]), dumped] {
            #expect(!text.contains("hush") && !text.contains("AKIA") && !text.contains("wJalr"))
        }
    }

    @Test(
        "keys and queries are encoded byte for byte",
        arguments: [
            ("a/b.c-d_e~f", "a/b.c-d_e~f", "a%2Fb.c-d_e~f"), ("a b+c", "a%20b%2Bc", "a%20b%2Bc"),
            ("ä€", "%C3%A4%E2%82%AC", "%C3%A4%E2%82%AC"), ("=&?#%", "%3D%26%3F%23%25", "%3D%26%3F%23%25"),
            ("", "", ""),
        ])
    func encoding(text: String, path: String, query: String) {
        #expect(S3Encoding.path(text) == path)
        #expect(S3Encoding.query(text) == query)
    }

    @Test("the query is in the order of its encoded names, each with an equals sign")
    func query() {
        let fields = [S3Field("uploads", ""), S3Field("list-type", "2"), S3Field("a b", "c/d"), S3Field("prefix", "")]
        #expect(S3Signer.canonicalQuery(fields) == "a%20b=c%2Fd&list-type=2&prefix=&uploads=")
    }
}

@Suite struct EndpointTests {
    @Test("an endpoint is read from its URL")
    func reading() throws {
        let plain = try #require(S3Endpoint(url: "http://127.0.0.1:9000/", style: .path))
        #expect(plain.url == "http://127.0.0.1:9000" && plain.isLoopback && !plain.isEncrypted)
        #expect(plain.hostHeader("news") == "127.0.0.1:9000")
        #expect(plain.path("news", "a/b") == "/news/a/b")
        #expect(plain.path("news", "") == "/news")
        let virtual = try #require(S3Endpoint(url: "https://S3.Example.org:443", style: .virtual))
        #expect(virtual.hostHeader("news") == "news.s3.example.org" && !virtual.isLoopback)
        #expect(virtual.path("news", "a b") == "/a%20b")
        #expect(virtual.path("news", "") == "/")
        #expect(S3Endpoint(url: "https://[::1]:8443", style: .path)?.isLoopback == true)
        for bad in [
            "", "s3.example.org", "ftp://x", "https://", "https://x/y", "https://x:0", "https://x:99999", "https://a b",
            "https://user:secret@x", "https://x?y",
        ] {
            #expect(S3Endpoint(url: bad, style: .path) == nil, "\(bad)")
        }
    }

    @Test("a place is a bucket and a prefix, or is told what is wrong")
    func places() throws {
        #expect(try S3Place("s3://news") == S3Place(bucket: "news", prefix: ""))
        #expect(try S3Place("s3://news/") == S3Place(bucket: "news", prefix: ""))
        #expect(try S3Place("s3://news/a/B_1/") == S3Place(bucket: "news", prefix: "a/B_1/"))
        #expect(try S3Place("s3://news/a").description == "s3://news/a")
        for bad in [
            "news", "s3://", "s3://ab", "s3:///x", "s3://news/a//b", "s3://news/..", "s3://news/a b", "s3://ne ws/a",
        ] {
            #expect(throws: S3Place.Refusal.self, "\(bad)") { try S3Place(bad) }
        }
    }
}
