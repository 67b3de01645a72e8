package import News

/// The Retry-After header (RFC 9110, 10.2.3): seconds, or a date in the preferred form.
package enum RetryAfter {
    /// - Returns: nil if it is neither.
    package static func instant(_ text: String, now: Timestamp) -> Timestamp? {
        let parts = text.split(separator: " ")
        if parts.count == 1, let seconds = Int64(parts[0]), seconds >= 0, seconds <= 1 << 32 {
            return now.adding(seconds * 1000)
        }
        // "Sun, 06 Nov 1994 08:49:37 GMT"
        guard parts.count == 6, parts[5] == "GMT", let day = Int(parts[1]), let year = Int(parts[3]),
            (1970...9999).contains(year),
            let month = months.firstIndex(of: String(parts[2]))
        else { return nil }
        let clock = parts[4].split(separator: ":").compactMap { Int($0) }
        guard clock.count == 3 else { return nil }
        let civil = CivilTime(
            year: year, month: month + 1, day: day, hour: clock[0], minute: clock[1], second: clock[2])
        return civil.isValid ? Timestamp(seconds: civil.secondsSinceEpoch) : nil
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}
