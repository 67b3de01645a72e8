import News
import Testing

@testable import ObjectStore

@Suite struct ConfigurationTests {
    private static let place = S3Place(bucket: "news", prefix: "")
    private static let keys = ["AWS_ACCESS_KEY_ID": "key-of-env", "AWS_SECRET_ACCESS_KEY": "secret"]

    private static func make(
        _ words: S3Configuration.Words = .init(), _ environment: [String: String] = [:], credentials: String? = nil,
        config: String? = nil, place: S3Place = place
    ) throws -> S3Configuration {
        try S3Configuration(
            place, words: words, environment: environment,
            files: S3Configuration.Files(credentials: credentials, config: config))
    }

    /// Whose signature a request would carry.
    private static func accessKey(_ configuration: S3Configuration) -> Substring? {
        let request = S3Request(.head, key: "x", timeoutMilliseconds: 1)
        let signed = configuration.signer.sign(request, at: .init(seconds: 0))
        let words = signed.headers.first { $0.name == "authorization" }?.value.split(whereSeparator: {
            "=/".contains($0)
        })
        return words?.dropFirst().first
    }

    private static func refusal(_ body: () throws -> S3Configuration) -> S3Configuration.Refusal? {
        #expect(throws: S3Configuration.Refusal.self) { try body() }
    }

    @Test("options win over variables, variables over files, for each word")
    func order() throws {
        var words = S3Configuration.Words()
        let environment = Self.keys.merging(
            ["AWS_ENDPOINT_URL": "https://env.example", "AWS_REGION": "env-1"], uniquingKeysWith: { $1 })
        let config = "[default]\nregion = file-1\nendpoint_url = https://file.example\n"
        #expect(try Self.make(words, Self.keys, config: config).signer.endpoint.url == "https://file.example")
        #expect(try Self.make(words, Self.keys, config: config).signer.region == "file-1")
        let fromVariables = try Self.make(words, environment, config: config)
        #expect(fromVariables.signer.endpoint.url == "https://env.example" && fromVariables.signer.region == "env-1")
        words.endpoint = "https://option.example"
        words.region = "option-1"
        words.style = .virtual
        let fromOptions = try Self.make(words, environment, config: config)
        #expect(fromOptions.signer.endpoint.url == "https://option.example" && fromOptions.signer.region == "option-1")
        #expect(fromOptions.signer.endpoint.style == .virtual)
    }

    @Test("credentials come whole from one place")
    func credentials() throws {
        let files = """
            # both
            [default]
            aws_access_key_id = key-of-default
            aws_secret_access_key = x=y
            [other]
            aws_access_key_id=key-of-other
            aws_secret_access_key=z
            """
        var words = S3Configuration.Words()
        words.endpoint = "https://x.example"
        #expect(Self.accessKey(try Self.make(words, Self.keys, credentials: files)) == "key-of-env")
        #expect(Self.accessKey(try Self.make(words, [:], credentials: files)) == "key-of-default")
        #expect(Self.accessKey(try Self.make(words, ["AWS_PROFILE": "other"], credentials: files)) == "key-of-other")
        // Half of a pair is none.
        let half = ["AWS_ACCESS_KEY_ID": "key-of-env"]
        #expect(Self.accessKey(try Self.make(words, half, credentials: files)) == "key-of-default")
        words.profile = "other"
        #expect(Self.accessKey(try Self.make(words, Self.keys, credentials: files)) == "key-of-other")
        let config =
            "[profile third]\naws_access_key_id = key-of-third\naws_secret_access_key = s\ns3 =\n  region = no\n"
        words.profile = "third"
        #expect(Self.accessKey(try Self.make(words, [:], config: config)) == "key-of-third")
    }

    @Test("what is missing is named, with where it was looked for and what to do; secrets are not told")
    func missing() {
        let noRegion = Self.refusal { try Self.make(.init(), Self.keys) }
        #expect(
            noRegion?.message.contains("endpoint and region") == true && noRegion?.hint.contains("--s3-region") == true)
        var words = S3Configuration.Words()
        words.region = "eu-central-1"
        let noKeys = Self.refusal {
            try Self.make(words, ["HOME": "/home/x", "AWS_SECRET_ACCESS_KEY": "hush", "AWS_PROFILE": "p"])
        }
        #expect(noKeys?.message.contains("/home/x/.aws/credentials") == true)
        #expect(noKeys?.message.contains("profile p") == true && noKeys?.description.contains("hush") == false)
        words.endpoint = "https://me:hush@x.example"
        #expect(Self.refusal { try Self.make(words, Self.keys) }?.description.contains("hush") == false)
        words.endpoint = nil
        let badKey = Self.refusal {
            try Self.make(words, ["AWS_ACCESS_KEY_ID": "a\nb", "AWS_SECRET_ACCESS_KEY": "hush"])
        }
        #expect(badKey?.message.contains("control characters") == true)
    }

    @Test("plain http beyond this machine needs an explicit word")
    func plainHTTP() throws {
        var words = S3Configuration.Words()
        words.endpoint = "http://10.0.0.1:9000"
        #expect(Self.refusal { try Self.make(words, Self.keys) }?.hint.contains("--s3-plain-http") == true)
        words.allowsPlainHTTP = true
        #expect(try Self.make(words, Self.keys).signer.endpoint.isEncrypted == false)
        words.allowsPlainHTTP = false
        for loopback in ["http://127.0.0.1:9000", "http://localhost:9000", "http://[::1]:9000"] {
            words.endpoint = loopback
            #expect(try Self.make(words, Self.keys).signer.endpoint.isLoopback)
        }
    }

    @Test("AWS is addressed by region and host, a bucket with dots by path")
    func aws() throws {
        var words = S3Configuration.Words()
        words.region = "eu-central-1"
        #expect(try Self.make(words, Self.keys).signer.endpoint == .aws(region: "eu-central-1"))
        let dotted = S3Place(bucket: "a.b.c", prefix: "")
        #expect(try Self.make(words, Self.keys, place: dotted).signer.endpoint.style == .path)
        words.style = .virtual
        #expect(
            Self.refusal { try Self.make(words, Self.keys, place: dotted) }?.hint.contains("--s3-style path") == true)
        words.region = "../evil"
        #expect(Self.refusal { try Self.make(words, Self.keys) }?.message.contains("no region") == true)
    }
}
