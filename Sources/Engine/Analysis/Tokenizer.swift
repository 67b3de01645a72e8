/// Placeholder until the analysis arrives: ASCII runs of letters and digits, lower-cased.
package struct Tokenizer {
    private var scratch: [UInt8] = []

    package init() {}

    package mutating func tokenize(
        _ utf8: UnsafeBufferPointer<UInt8>, _ body: (_ term: UnsafeBufferPointer<UInt8>, _ position: Int) -> Void
    ) {
        var position = 0
        scratch.removeAll(keepingCapacity: true)
        for index in 0...utf8.count {
            let byte = index < utf8.count ? unsafe utf8[index] : 0
            switch byte {
            case 0x41...0x5A: scratch.append(byte | 0x20)
            case 0x30...0x39, 0x61...0x7A, 0x80...: scratch.append(byte)
            default:
                if !scratch.isEmpty && scratch.count <= 255 {
                    unsafe scratch.withUnsafeBufferPointer { unsafe body($0, position) }
                    position += 1
                }
                scratch.removeAll(keepingCapacity: true)
            }
        }
    }
}
