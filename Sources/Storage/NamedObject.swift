// Objects read under a name. A checksum tells that bytes are as they were written, not that they were written under this
// name: a store put together wrongly (a backup copied to the wrong place, two files exchanged) has sound objects that are
// others than asked for. So whoever reads an object says its name here; only `snapshot verify`, which tells more, does not.

package import ByteCoding
import News

extension LogObject {
    /// - Throws: also if it is another log object than the name says.
    package init(decoding bytes: [UInt8], named name: String) throws(CodingError) {
        try self.init(decoding: bytes)
        guard self.name == name else {
            throw .badValue(what: "term and number of log object (\(term.number)/\(number))", offset: 8)
        }
    }
}

extension Manifest {
    /// - Throws: also if it is of another generation than the name says.
    package init(decoding bytes: [UInt8], named name: String) throws(CodingError) {
        try self.init(decoding: bytes)
        guard self.name == name else {
            throw .badValue(what: "generation of manifest (\(generation.number))", offset: 8)
        }
    }
}

extension ManifestPage {
    /// - Throws: also if its SHA-256 is not that of the name.
    package init(decoding bytes: [UInt8], named name: String) throws(CodingError) {
        try self.init(decoding: bytes)
        try ObjectName.requireDigest(of: bytes, in: name)
    }
}

extension LedgerIndex {
    /// - Throws: also if its SHA-256 is not that of the name.
    package init(decoding bytes: [UInt8], named name: String) throws(CodingError) {
        try self.init(decoding: bytes)
        try ObjectName.requireDigest(of: bytes, in: name)
    }
}

extension LedgerRows {
    /// - Throws: also if its SHA-256 is not that of the name.
    package init(decoding bytes: [UInt8], named name: String) throws(CodingError) {
        try self.init(decodingObject: bytes)
        try ObjectName.requireDigest(of: bytes, in: name)
    }
}

extension ClusterState {
    /// - Throws: also if its SHA-256 is not that of the name, or it is of another kind than the manifest says.
    package mutating func add(_ kind: Kind, decoding bytes: [UInt8], named name: String) throws(CodingError) {
        try ObjectName.requireDigest(of: bytes, in: name)
        guard try add(decoding: bytes) == kind else { throw .badValue(what: "state kind", offset: 8) }
    }
}

extension ObjectName {
    /// - Throws: if the SHA-256 of the bytes is not that of the name.
    package static func requireDigest(of bytes: [UInt8], in name: String) throws(CodingError) {
        let digest = SHA256.hash(of: bytes).hex
        guard let slash = name.firstIndex(of: "/"), name[name.index(after: slash)...].hasPrefix("\(digest).") else {
            throw .badValue(what: "SHA-256 (\(digest))", offset: 0)
        }
    }
}
