import CUchardet

/// The encoding of bytes by their look (libuchardet, made from Mozilla's detector).
enum EncodingGuess {
    /// More than this does not make the guess better.
    private static let maxBytes = 1 << 16

    /// - Returns: nil where the library has no opinion, or it is no more than ASCII.
    static func name(_ bytes: ArraySlice<UInt8>) -> String? {
        let detector = unsafe uchardet_new()
        guard let detector = unsafe detector else { return nil }
        defer { unsafe uchardet_delete(detector) }
        let part = Array(bytes.prefix(maxBytes))
        // Safe: the library reads `count` bytes during the call and keeps no pointer.
        let state = unsafe part.withUnsafeBytes { buffer in
            unsafe uchardet_handle_data(
                detector, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count)
        }
        guard state == 0 else { return nil }
        unsafe uchardet_data_end(detector)
        // Safe: the name lives as long as the detector and is copied here.
        guard let found = unsafe uchardet_get_charset(detector) else { return nil }
        let name = unsafe String(cString: found)
        switch name {
        case "", "ASCII": return nil
        // The library's name of the superset, which feeds do not use.
        case "UHC": return "EUC-KR"
        default: return name.hasPrefix("WINDOWS") ? name.lowercased() : name
        }
    }
}
