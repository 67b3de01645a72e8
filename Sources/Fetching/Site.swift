package import News

/// Whose budget an address counts against: the registrable domain of its host, or the host where there is none.
enum Site {
    static func name(_ address: WebAddress) -> String { RegistrableDomain.orHost(address.host) }
}

extension WebAddress {
    /// Scheme, host and port: whose robots.txt counts.
    package var origin: String { "\(scheme)://\(host)" + (port.map { ":\($0)" } ?? "") }
}
