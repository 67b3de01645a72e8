// What an S3 store is reached with, from what a user said: options, environment, AWS's shared files; in this order, each field
// for itself, but the credentials whole from one place.

package struct S3Configuration: Sendable {
    /// What was said on the command line; nil where nothing was.
    package struct Words: Equatable, Sendable {
        package var endpoint: String?
        package var region: String?
        package var style: S3Endpoint.Style?
        package var profile: String?
        package var caFile: String?
        /// Plain http beyond this machine was allowed in so many words.
        package var allowsPlainHTTP = false

        package init() {}
    }

    /// Contents of the shared files; nil where there is none.
    package struct Files: Sendable {
        package var credentials: String?
        package var config: String?

        package init(credentials: String?, config: String?) {
            self.credentials = credentials
            self.config = config
        }
    }

    package struct Refusal: Error, Equatable, Sendable, CustomStringConvertible {
        package var message: String
        package var hint: String
        package var description: String { "\(message); \(hint)" }
    }

    package let place: S3Place
    package let signer: S3Signer
    package let caFile: String?

    /// Where the shared files lie.
    package static func paths(_ environment: [String: String]) -> (credentials: String?, config: String?) {
        func path(_ variable: String, _ name: String) -> String? {
            environment[variable] ?? environment["HOME"].map { "\($0)/.aws/\(name)" }
        }
        return (path("AWS_SHARED_CREDENTIALS_FILE", "credentials"), path("AWS_CONFIG_FILE", "config"))
    }

    /// - Throws: what is missing, where it was looked for, and what to do.
    package init(
        _ place: S3Place, words: Words, environment: [String: String], files: Files
    ) throws(Refusal) {
        func variable(_ names: String...) -> String? {
            names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        }
        let named = words.profile ?? variable("AWS_PROFILE")
        let profile = named ?? "default"
        let secrets = files.credentials.map { ProfileFile($0)[profile] } ?? [:]
        let settings = files.config.map { ProfileFile($0)[profile] } ?? [:]
        self.place = place
        caFile = words.caFile ?? variable("AWS_CA_BUNDLE") ?? settings["ca_bundle"]
        let url =
            words.endpoint ?? variable("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL") ?? settings["endpoint_url"]
        let region = words.region ?? variable("AWS_REGION", "AWS_DEFAULT_REGION") ?? settings["region"]
        let endpoint: S3Endpoint
        if let url {
            guard var known = S3Endpoint(url: url, style: words.style ?? .path) else {
                throw Refusal(
                    message: "the endpoint \(Self.withoutUser(url)) is none",
                    hint: "write https://HOST[:PORT], without a path")
            }
            if words.style == nil, known.host.hasSuffix(".amazonaws.com") { known.style = .virtual }
            endpoint = known
        } else {
            guard let region else {
                throw Refusal(
                    message: "the store's endpoint and region are not known",
                    hint: "give --s3-endpoint URL (AWS_ENDPOINT_URL), or for AWS --s3-region REGION (AWS_REGION)")
            }
            guard region.utf8.allSatisfy({ Self.isRegionByte($0) }), !region.isEmpty else {
                throw Refusal(message: "\"\(region)\" is no region", hint: "write it as eu-central-1")
            }
            var aws = S3Endpoint.aws(region: region)
            // The certificate's star stands for one word.
            aws.style = words.style ?? (place.bucket.contains(".") ? .path : .virtual)
            endpoint = aws
        }
        guard endpoint.isEncrypted || endpoint.isLoopback || words.allowsPlainHTTP else {
            throw Refusal(
                message: "the endpoint \(endpoint.url) is not encrypted: others could read and change what is stored",
                hint: "use https://, or give --s3-plain-http if the network is trusted")
        }
        if endpoint.style == .virtual, endpoint.isEncrypted, place.bucket.contains(".") {
            throw Refusal(
                message:
                    "the bucket \(place.bucket) has a dot, so no certificate fits https://\(endpoint.hostHeader(place.bucket))",
                hint: "give --s3-style path")
        }
        let credentials: S3Credentials
        if words.profile == nil, let key = variable("AWS_ACCESS_KEY_ID"), let secret = variable("AWS_SECRET_ACCESS_KEY")
        {
            credentials = S3Credentials(
                accessKey: key, secretKey: secret, sessionToken: variable("AWS_SESSION_TOKEN"))
        } else if let found = Self.credentials(secrets) ?? Self.credentials(settings) {
            credentials = found
        } else {
            let paths = Self.paths(environment)
            let place = named.map { "profile \($0)" } ?? "profile default"
            throw Refusal(
                message:
                    "no credentials for \(self.place): neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are set, nor "
                    + "does \(paths.credentials ?? "a credentials file") have them under \(place)",
                hint:
                    "set both, or name a file by AWS_SHARED_CREDENTIALS_FILE and a profile by AWS_PROFILE or --s3-profile"
            )
        }
        let isSendable = [credentials.accessKey, credentials.sessionToken ?? "", region ?? ""].allSatisfy { text in
            text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        }
        guard isSendable else {
            throw Refusal(
                message: "the access key, the session token or the region holds blanks or control characters",
                hint: "check the variables and files they come from")
        }
        // Stores of one's own mostly do not care, and AWS's first region is what they all know.
        signer = S3Signer(
            endpoint: endpoint, bucket: place.bucket, region: region ?? "us-east-1", credentials: credentials)
    }

    private static func credentials(_ fields: [String: String]) -> S3Credentials? {
        guard let key = fields["aws_access_key_id"], let secret = fields["aws_secret_access_key"] else { return nil }
        return S3Credentials(accessKey: key, secretKey: secret, sessionToken: fields["aws_session_token"])
    }

    private static func isRegionByte(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-")
    }

    /// A URL may carry a password that must not be shown.
    private static func withoutUser(_ url: String) -> String {
        guard let at = url.lastIndex(of: "@") else { return url }
        return "…" + url[at...]
    }
}

/// AWS's shared files: `[profile]`, in the config file `[profile NAME]`, then `name = value` lines.
struct ProfileFile {
    private var sections: [String: [String: String]] = [:]

    init(_ text: String) {
        var section = ""
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.trimmingBlanks
            if words.isEmpty || words.hasPrefix("#") || words.hasPrefix(";") { continue }
            if words.hasPrefix("["), let end = words.firstIndex(of: "]") {
                var name = words[words.index(after: words.startIndex)..<end].trimmingBlanks
                if name.hasPrefix("profile ") { name = name.dropFirst(8).trimmingBlanks }
                section = String(name)
            } else if let equals = words.firstIndex(of: "="), line.first != " ", line.first != "\t" {
                // Indented lines belong to settings within settings, of which none is read.
                let name = words[..<equals].trimmingBlanks
                sections[section, default: [:]][name.lowercased()] = String(
                    words[words.index(after: equals)...].trimmingBlanks)
            }
        }
    }

    subscript(profile: String) -> [String: String] { sections[profile] ?? [:] }
}

extension Substring {
    fileprivate var trimmingBlanks: Substring {
        var text = self
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
