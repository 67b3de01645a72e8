/// Punycode (RFC 3492): a label of a domain in ASCII.
package enum Punycode {
    private static let base = 36
    private static let smallestThreshold = 1
    private static let largestThreshold = 26

    /// - Returns: the code without "xn--", or nil if it would exceed a label's 59 bytes.
    package static func encode(_ label: [Unicode.Scalar]) -> String? {
        // No label of that length can fit, and the work below is quadratic.
        guard label.count <= 63 else { return nil }
        var out = label.filter(\.isASCII).map { UInt8($0.value) }
        var handled = out.count
        let basicCount = handled
        if basicCount > 0 { out.append(UInt8(ascii: "-")) }
        var code: UInt32 = 128
        var delta = 0
        var bias = 72
        while handled < label.count {
            guard let next = label.map(\.value).filter({ $0 >= code }).min() else { return nil }
            delta += Int(next - code) * (handled + 1)
            code = next
            for scalar in label {
                if scalar.value < code { delta += 1 }
                guard scalar.value == code else { continue }
                appendVariableLength(delta, bias: bias, to: &out)
                bias = adapted(delta, isFirst: handled == basicCount, handled: handled + 1)
                delta = 0
                handled += 1
            }
            delta += 1
            code += 1
        }
        return out.count <= 59 ? String(decoding: out, as: UTF8.self) : nil
    }

    private static func appendVariableLength(_ value: Int, bias: Int, to out: inout [UInt8]) {
        var rest = value
        var place = base
        while true {
            let threshold = min(max(place - bias, smallestThreshold), largestThreshold)
            if rest < threshold { break }
            out.append(digit(threshold + (rest - threshold) % (base - threshold)))
            rest = (rest - threshold) / (base - threshold)
            place += base
        }
        out.append(digit(rest))
    }

    private static func adapted(_ value: Int, isFirst: Bool, handled: Int) -> Int {
        var delta = isFirst ? value / 700 : value / 2
        delta += delta / handled
        var steps = 0
        while delta > (base - smallestThreshold) * largestThreshold / 2 {
            delta /= base - smallestThreshold
            steps += base
        }
        return steps + (base - smallestThreshold + 1) * delta / (delta + 38)
    }

    private static func digit(_ value: Int) -> UInt8 { UInt8(value < 26 ? 0x61 + value : 0x30 + value - 26) }
}
