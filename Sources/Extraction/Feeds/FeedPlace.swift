import News

/// Places of GeoRSS and GML: numbers in pairs, latitude first, shown longitude first.
enum FeedPlace {
    static let maxPairs = 4096

    /// - Parameter isSwapped: whether a pair is written latitude first.
    /// - Returns: nil if the text is not all numbers.
    static func coordinates(_ text: [UInt8], isSwapped: Bool = true, dimensions: Int = 2) -> [[Double]]? {
        var numbers: [Double] = []
        for word in text.split(whereSeparator: { ASCII.isBlank($0) || $0 == UInt8(ascii: ",") }) {
            guard word.count <= 32, let number = Double(String(decoding: word, as: UTF8.self)), number.isFinite else {
                return nil
            }
            guard numbers.count < 3 * maxPairs else { return nil }
            numbers.append(number)
        }
        let size = dimensions == 3 ? 3 : 2
        var places: [[Double]] = []
        for start in stride(from: 0, through: numbers.count - size, by: size) {
            var place = isSwapped ? [numbers[start + 1], numbers[start]] : [numbers[start], numbers[start + 1]]
            if size == 3 { place.append(numbers[start + 2]) }
            places.append(place)
        }
        return places
    }

    /// Whether a coordinate system names the latitude first: geographic ones of the EPSG do, projected ones do not.
    static func isLatitudeFirst(_ system: [UInt8]?) -> Bool {
        guard let system, let place = ByteSearch.first("EPSG", in: system, from: 0) else { return true }
        let digits = system[place...].split(separator: UInt8(ascii: ":")).last ?? []
        guard let code = Int(String(decoding: digits.prefix(8), as: UTF8.self)) else { return true }
        // Geographic systems have the numbers 4000 to 4999, older ones just below.
        return (3819...3906).contains(code) || (4001...4999).contains(code)
    }

    static func fields(_ type: String, _ coordinates: FeedValue) -> [(FeedWord, FeedValue)] {
        [(.type, .text(Array(type.utf8))), (.coordinates, coordinates)]
    }
}
