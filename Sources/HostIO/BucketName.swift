/// What may name an object in a bucket: words of a-z 0-9 . _ - with "/" between, none of them ".", ".." or longer than
/// 255 bytes, 1024 bytes in all. "tmp" is no first word: the folder bucket keeps unfinished files there.
package enum BucketName {
    package static let lengthBytes = 1024
    static let temporaryFolder = "tmp"
    /// What a file system keeps at the top of a disk for itself, closed to all but root.
    static let fileSystemFolder = "lost+found"

    package static func isValid(_ name: String) -> Bool {
        guard (1...lengthBytes).contains(name.utf8.count), hasOnlyNameBytes(name) else { return false }
        let words = name.utf8.split(separator: 0x2F, omittingEmptySubsequences: false)
        guard let first = words.first, !first.elementsEqual(temporaryFolder.utf8) else { return false }
        return words.allSatisfy { word in
            (1...255).contains(word.count) && !word.elementsEqual(".".utf8) && !word.elementsEqual("..".utf8)
        }
    }

    /// A prefix may end inside a word, or be empty.
    package static func isValidPrefix(_ prefix: String) -> Bool {
        prefix.utf8.count <= lengthBytes && hasOnlyNameBytes(prefix)
    }

    private static func hasOnlyNameBytes(_ name: String) -> Bool {
        name.utf8.allSatisfy { byte in
            switch byte {
            case 0x61...0x7A, 0x30...0x39, 0x2E, 0x5F, 0x2D, 0x2F: true
            default: false
            }
        }
    }

    /// Bytewise order, as S3 lists.
    static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }
}
