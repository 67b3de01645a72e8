import ArgumentParser
import FetchIO
import Gateway
import News

/// How sites are asked.
struct WebOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Private addresses that may be asked; may be repeated.", valueName: "cidr"))
    var allowAddress: [String] = []
    @Option(
        help: ArgumentHelp(
            "A proxy that asks in our place; the environment's is not taken.", valueName: "http://host:port"))
    var proxy: String?
    @Option(
        help: ArgumentHelp(
            "Who runs this, for those who run the sites: a page or an e-mail address. Stands in the user agent.",
            valueName: "url|address"))
    var contact: String?

    func settings() throws -> CurlClient.Settings {
        let ranges = try allowAddress.map { text in
            guard let range = AddressRange(text) else {
                throw Failure(.badRequest, "\(text) is no address range", hint: "write 127.0.0.0/8 or ::1/128")
            }
            return range
        }
        var settings = CurlClient.Settings(userAgent: try userAgent(), policy: AddressPolicy(allowing: ranges))
        if let proxy {
            guard let address = WebAddress(proxy), address.path == "/", address.query == nil else {
                throw Failure(.badRequest, "\(proxy) is no proxy", hint: "write http://HOST:PORT")
            }
            settings.proxy = address.href
        }
        return settings
    }

    /// Its first word is the product token that robots.txt may name.
    private func userAgent() throws -> String {
        guard let contact else { return "coranto/0.1 (feed reader)" }
        let isPlain = contact.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ")") }
        guard isPlain, contact.utf8.count <= 200, contact.contains("@") || WebAddress(contact) != nil else {
            throw Failure(
                .badRequest, "\(contact) is no contact", hint: "write https://… or an e-mail address, without blanks")
        }
        return "coranto/0.1 (feed reader; +\(contact))"
    }
}
