import ByteCoding
import Gateway
import HostIO
import News
import Roles
import Storage
import Testing

@Suite("store verifier") struct StoreVerifierTests {
    private func store() throws -> SampleStore {
        let store = SampleStore()
        try store.publish([
            SampleStore.article(1, headline: "Talks begin", body: "Ministers met in Vienna."),
            SampleStore.article(2, headline: "Harbour reopens", body: "Ships returned at dawn."),
        ])
        try store.publish([SampleStore.article(1, headline: "Talks end", body: "Ministers left.", revision: 1)])
        return store
    }

    @Test("a store as it was written is sound")
    func sound() throws {
        let store = try store()
        var verifier = StoreVerifier(store.bucket)
        let report = try verifier.run()
        #expect(report.findings == [])
        #expect(report.liveDocumentCount == 2 && report.generation == Generation(2))
        #expect(report.objectCount == store.names.count && report.unknownNames == [])
    }

    @Test("what lies in a folder of the store under a name of nobody is told, and takes nobody's place")
    func foreign() throws {
        let store = try store()
        let strays = [".nfs0001", "readme", "0.x"].flatMap { name in
            ["manifests/", "terms/", "log/", "segments/", "pages/", "state/", "ledger/", "heartbeats/", "feeds/"].map {
                $0 + name
            }
        }
        for name in strays { _ = store.bucket.perform(.put(name: name, bytes: [0x78])) }
        var verifier = StoreVerifier(store.bucket)
        let report = try verifier.run()
        #expect(report.findings == [] && report.generation == Generation(2))
        #expect(report.unknownNames == strays.sorted())
        #expect(try SnapshotLoader(store.bucket).newest()?.manifest.generation == Generation(2))
    }

    @Test("every flipped byte of a small store is named with its object")
    func flips() throws {
        let store = SampleStore()
        try store.publish([SampleStore.article(1, headline: "Talks", body: "Begin.")])
        var unnamed = UnnamedObjects()
        _ = unnamed.see(UnnamedObjects.mark(of: "segments/gone"), at: Timestamp(milliseconds: 1))
        _ = store.bucket.perform(.put(name: ObjectName.collection(Term(1)), bytes: unnamed.encoded))
        for name in store.names {
            let bytes = store.bytes(name)
            // Every byte of a segment is tried in the engine's tests.
            for offset in stride(from: 0, to: bytes.count, by: name.hasPrefix("segments/") ? 37 : 1) {
                var damaged = bytes
                damaged[offset] ^= UInt8(1 << (offset % 8))
                _ = store.bucket.perform(.put(name: name, bytes: damaged))
                var verifier = StoreVerifier(store.bucket)
                let findings = try verifier.run().findings
                #expect(
                    findings.contains { $0.object == name && !$0.section.isEmpty && $0.offset ?? 0 <= UInt64(offset) },
                    "byte \(offset) of \(name): \(findings)")
            }
            _ = store.bucket.perform(.put(name: name, bytes: bytes))
        }
    }

    @Test("a missing object that a manifest names is a finding, whatever kind it is")
    func missing() throws {
        let store = try store()
        for name in store.names where !name.hasPrefix("manifests/") {
            // State of the older generation is named by that, too.
            let bytes = store.bytes(name)
            _ = store.bucket.perform(.delete(name: name))
            var verifier = StoreVerifier(store.bucket)
            let findings = try verifier.run().findings
            let isOldestLog = name == ObjectName.log(Term(1), 0)
            #expect(isOldestLog || findings.contains { $0.object == name }, "\(name)")
            #expect(Set(findings.map(\.description)).count == findings.count, "a finding is told once")
            _ = store.bucket.perform(.put(name: name, bytes: bytes))
        }
    }

    /// Leaves segments out of its lists, or lists them and does not have them.
    private struct Forgetful: Bucket {
        let inside: MemoryBucket
        var lists: Bool
        var location: String { inside.location }
        func perform(_ operation: BucketOperation) -> BucketResult {
            let result = inside.perform(operation)
            guard case .names(let names) = result else {
                return lists && operation.name.hasPrefix("segments/") ? .missing : result
            }
            return lists ? result : .names(names.filter { !$0.hasPrefix("segments/") })
        }
    }

    @Test("a segment that a manifest names and nobody read is a finding", arguments: [true, false])
    func unread(lists: Bool) throws {
        let store = try store()
        var verifier = StoreVerifier(Forgetful(inside: store.bucket, lists: lists))
        let findings = try verifier.run().findings
        for segment in store.segments { #expect(findings.contains { $0.object == segment.objectName }) }
    }

    @Test("an object of a newer format is named as one")
    func newerFormat() throws {
        let store = try store()
        for name in store.names where !name.hasPrefix("segments/") {
            let bytes = store.bytes(name)
            var out = ByteWriter()
            out.raw(bytes[..<7] + [0x31] + bytes[8..<(bytes.count - 4)])
            out.checksum()
            _ = store.bucket.perform(.put(name: name, bytes: out.bytes))
            // What such an object holds the report cannot tell.
            var verifier = StoreVerifier(store.bucket)
            do {
                let findings = try verifier.run().findings.filter { $0.object == name }
                #expect(findings.contains { $0.message.contains("format version 1 of") }, "\(findings)")
            } catch let error as StoreError {
                #expect(error.code == .unsupported && error.object == name)
            }
            _ = store.bucket.perform(.put(name: name, bytes: bytes))
        }
    }

    @Test("a segment cut down to almost nothing is named with section and offset")
    func cut() throws {
        let store = try store()
        for name in store.names where name.hasPrefix("segments/") {
            let bytes = store.bytes(name)
            for length in [0, 1, 8] {
                _ = store.bucket.perform(.put(name: name, bytes: Array(bytes.prefix(length))))
                var verifier = StoreVerifier(store.bucket)
                let findings = try verifier.run().findings
                #expect(findings.contains { $0.object == name && $0.section == "tail" && $0.offset == UInt64(length) })
            }
        }
    }

    @Test("two exchanged objects are both named, whatever their kind")
    func exchanged() throws {
        let store = try store()
        for (one, other) in zip(store.names, store.names.dropFirst()) {
            let (first, second) = (store.bytes(one), store.bytes(other))
            _ = store.bucket.perform(.put(name: one, bytes: second))
            _ = store.bucket.perform(.put(name: other, bytes: first))
            var verifier = StoreVerifier(store.bucket)
            // The state did not change from one generation to the other: the same bytes under two names.
            let objects = Set(try verifier.run().findings.map(\.object))
            #expect(first == second || objects.isSuperset(of: [one, other]), "\(one), \(other): \(objects)")
            _ = store.bucket.perform(.put(name: one, bytes: first))
            _ = store.bucket.perform(.put(name: other, bytes: second))
        }
    }

    @Test("all findings are told, not only the first")
    func all() throws {
        let store = try store()
        let damaged = store.names.filter { $0.hasPrefix("segments/") || $0.hasPrefix("log/") }
        for name in damaged {
            var bytes = store.bytes(name)
            bytes[bytes.count / 2] ^= 1
            _ = store.bucket.perform(.put(name: name, bytes: bytes))
        }
        var verifier = StoreVerifier(store.bucket)
        let findings = try verifier.run().findings
        for name in damaged { #expect(findings.contains { $0.object == name }) }
    }

    @Test("a key that is live twice is a finding, with both places")
    func twice() throws {
        let store = try store()
        let other = SampleStore()
        for number in 5...7 { try other.publish([SampleStore.article(number, headline: "More", body: "Words.")]) }
        let again = SampleStore.article(2, headline: "Harbour reopens again", body: "Ships.", revision: 3)
        try other.publish([again])
        let segment = try #require(other.segments.last)
        _ = store.bucket.perform(.put(name: segment.objectName, bytes: other.bytes(segment.objectName)))
        var manifest = store.manifest
        manifest.overlays.append(segment)
        manifest.setDigest = manifest.setDigest &+ segment.digest
        _ = store.bucket.perform(.put(name: manifest.name, bytes: manifest.encoded))
        var verifier = StoreVerifier(store.bucket)
        let found = try verifier.run().findings.filter { $0.message.contains("live here") }
        #expect(found.map(\.object) == [segment.objectName] && found.map(\.offset) == [0])
        let message = try #require(found.first).message
        #expect(message.contains(again.key.hex) && message.contains(manifest.overlays[0].objectName))
    }

    @Test("sums that do not belong to the segments are a finding")
    func sums() throws {
        let store = try store()
        var manifest = store.manifest
        manifest.sums[.published] += 1
        manifest.sums[.duplicate] -= 2
        manifest.setDigest = .zero
        _ = store.bucket.perform(.put(name: manifest.name, bytes: manifest.encoded))
        var verifier = StoreVerifier(store.bucket)
        let sections = Set(try verifier.run().findings.map(\.section))
        #expect(sections.isSuperset(of: ["sums", "set digest", "ledger"]))
    }
}
