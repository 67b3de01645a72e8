/// An article's address as people should see and open it: as it was given, without what tells who sent them.
package enum CleanURL {
    /// - Parameters:
    ///   - outbound: addresses of the feed and its site. Where `ref=` names the host of one, the site marked its own links.
    /// - Returns: `text` itself if nothing was to be dropped or it is of another scheme; nil if it is no address.
    package static func withoutTracking(_ text: String, outbound: [String] = []) -> String? {
        guard var address = WebAddress(text) else { return AnyAddress(text) == nil ? nil : text }
        guard let query = address.query else { return text }
        let hosts = outbound.compactMap { WebAddress($0)?.host }
        let parameters = query.split(separator: "&", omittingEmptySubsequences: false)
        let kept = parameters.filter { !TrackingParameters.isTracking($0) && !isOutbound($0, hosts) }
        guard kept.count < parameters.count else { return text }
        // What is written anew is written as forms are: blanks as "+".
        let rest = kept.filter { !$0.isEmpty }.joined(separator: "&").replacing("%20", with: "+")
        address.query = rest.isEmpty ? nil : rest
        return address.href
    }

    private static func isOutbound(_ parameter: Substring, _ hosts: [String]) -> Bool {
        guard TrackingParameters.name(of: parameter) == "ref",
            let equals = parameter.utf8.firstIndex(of: UInt8(ascii: "="))
        else { return false }
        let value = PercentCoding.decode(parameter.utf8[equals...].dropFirst()).map(ASCII.lowercased)
        return hosts.contains(String(decoding: value, as: UTF8.self))
    }
}
