import ByteCoding
import Foundation
import News
import Storage
import Testing

@Suite struct FormatTests {
    static func golden(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: packageRoot.appending(path: "Tests/StorageTests/Golden/\(name)")))
    }

    @Test("the code writes the golden bytes", arguments: Sample.objects)
    func golden(_ object: SampleObject) throws {
        let file = packageRoot.appending(path: "Tests/StorageTests/Golden/\(object.name)")
        if ProcessInfo.processInfo.environment["CORANTO_WRITE_GOLDEN"] == "1",
            !FileManager.default.fileExists(atPath: file.path)
        {
            try Data(object.bytes).write(to: file)
        }
        #expect(try Self.golden(object.name) == object.bytes)
    }

    @Test("what was read is written again the same", arguments: Sample.objects)
    func roundTrip(_ object: SampleObject) throws {
        #expect(try object.again(object.bytes) == object.bytes)
    }

    @Test("a cell without documents is refused: it would have no place")
    func emptyCell() {
        var page = ManifestPage(cells: [Sample.cell])
        page.cells[0].documentCount = 0
        page.cells[0].span = nil
        let bytes = page.encoded
        #expect(throws: CodingError.self) { try ManifestPage(decoding: bytes) }
    }

    @Test("an object that is cut anywhere is refused", arguments: Sample.objects)
    func cuts(_ object: SampleObject) {
        for length in object.bytes.indices {
            #expect(throws: CodingError.self, "\(length)") { try object.again(Array(object.bytes[..<length])) }
        }
    }

    @Test("a sound object of another version is told by its version, not as damage", arguments: Sample.objects)
    func otherVersion(_ object: SampleObject) throws {
        for (digit, version) in [("1", 1), ("9", 9), ("X", nil)] as [(String, Int?)] {
            var out = ByteWriter()
            out.raw(Array(object.bytes[..<7]) + Array(digit.utf8) + Array(object.bytes[8..<(object.bytes.count - 4)]))
            out.checksum()
            let error = #expect(throws: CodingError.self) { try object.again(out.bytes) }
            guard case .unsupportedVersion(_, let found, let known) = error else {
                #expect(version == nil, "\(error.map { "\($0)" } ?? "read")")
                continue
            }
            #expect(found == version && known == 0)
        }
    }

    @Test("any flipped bit is found by the checksum", arguments: Sample.objects)
    func flips(_ object: SampleObject) {
        var bytes = object.bytes
        for place in bytes.indices {
            for bit in 0..<8 {
                bytes[place] ^= 1 << UInt8(bit)
                do {
                    _ = try object.again(bytes)
                    Issue.record("byte \(place), bit \(bit) went unseen")
                } catch let error as CodingError {
                    guard case .badChecksum = error else {
                        Issue.record("byte \(place), bit \(bit): \(error)")
                        return
                    }
                } catch { Issue.record("untyped error: \(error)") }
                bytes[place] ^= 1 << UInt8(bit)
            }
        }
    }

    @Test(
        "bytes that are wrong in spite of a right checksum are an error or another value, never a trap",
        arguments: Sample.objects)
    func hostile(_ object: SampleObject) {
        let body = Array(object.bytes.dropLast(4))
        for place in body.indices {
            for value: UInt8 in [0, 1, 0x7F, 0x80, 0xFF] {
                var out = ByteWriter()
                out.raw(body[..<place])
                out.fixed(value)
                out.raw(body[(place + 1)...])
                out.checksum()
                do { _ = try object.again(out.bytes) } catch { #expect(error is CodingError) }
            }
        }
    }

    @Test("bytes behind the end are refused", arguments: Sample.objects)
    func trailing(_ object: SampleObject) {
        var out = ByteWriter()
        out.raw(object.bytes.dropLast(4))
        out.fixed(UInt8(0))
        out.checksum()
        #expect(throws: CodingError.self) { try object.again(out.bytes) }
    }

    @Test("an object of another format or version is refused", arguments: Sample.objects)
    func magic(_ object: SampleObject) {
        var out = ByteWriter()
        out.raw(object.bytes[..<7])
        out.raw("1".utf8)
        out.raw(object.bytes[8...].dropLast(4))
        out.checksum()
        #expect(throws: CodingError.self) { try object.again(out.bytes) }
    }

    @Test("values come back as they were written")
    func values() throws {
        #expect(try LogObject(decoding: Sample.log.encoded) == Sample.log)
        #expect(try LogObject(decoding: Sample.ends.encoded) == Sample.ends)
        #expect(try TermObject(decoding: Sample.term.encoded) == Sample.term)
        #expect(try Heartbeat(decoding: Sample.heartbeat.encoded) == Sample.heartbeat)
        #expect(try Manifest(decoding: Sample.manifest.encoded) == Sample.manifest)
        #expect(try ManifestPage(decoding: Sample.page.encoded) == Sample.page)
        var state = ClusterState()
        for kind in ClusterState.Kind.allCases {
            #expect(try state.add(decoding: Sample.state.encoded(kind)) == kind)
        }
        #expect(state == Sample.state)
        #expect(try LedgerIndex(decoding: Sample.ledger.encoded) == Sample.ledger)
        #expect(try LedgerRows(decodingObject: Sample.rows.encodedObject) == Sample.rows)
    }

    @Test("kinds of entries and tags of settings that are reserved are refused until they mean something")
    func reserved() {
        for kind: UInt8 in [0, 6, 7] + Array(13...255) {
            var out = ByteWriter()
            out.fixed(kind)
            out.raw([UInt8](repeating: 0, count: 200))
            var reader = ByteReader(out.bytes)
            #expect(throws: CodingError.self) { try LogEntry(decoding: &reader) }
        }
        var bytes = Settings().encoded
        #expect(throws: Never.self) { try Settings(decoding: bytes) }
        bytes[0] += 1
        bytes += [7, 1, 1]
        #expect(throws: CodingError.self) { try Settings(decoding: bytes) }
    }

    @Test("settings that lack one, or name one twice, are refused")
    func settings() {
        let whole = Settings().encoded
        #expect(throws: CodingError.self) { try Settings(decoding: [5] + whole[4...]) }
        #expect(throws: CodingError.self) { try Settings(decoding: [7] + whole[1...3] + whole[1...]) }
        #expect(throws: CodingError.self) { try Settings(decoding: [0]) }
    }

    @Test("state that holds entries of another kind is refused")
    func mixedState() {
        var bytes = Sample.state.encoded(.feeds)
        bytes[8] = ClusterState.Kind.retractions.rawValue
        var out = ByteWriter()
        out.raw(bytes.dropLast(4))
        out.checksum()
        var state = ClusterState()
        #expect(throws: CodingError.self) { try state.add(decoding: out.bytes) }
    }

    @Test("an emptied object says all it said but its texts, and the same whatever was to be erased")
    func emptied() throws {
        guard case .article(let article) = Sample.entries[0] else { return #expect(Bool(false)) }
        var object = Sample.log
        let letter = DeadLetter(
            position: Position(term: Term(1), number: 4, index: 0), hour: 5, reason: "it ended them", article: article)
        object.batches[0].entries += [.deadLetter(letter), .retried(article)]
        #expect(object.holdsText { key, _ in key == Sample.key } && !object.isErased)
        let stub = try LogObject(decoding: object.erased.encoded, named: object.name)
        #expect(stub.isErased && !stub.holdsText { _, _ in true } && stub.erased == stub)
        #expect(stub.namesText { key, _ in key == Sample.key } && !stub.namesText { key, _ in key != Sample.key })
        #expect(stub.encoded.firstRange(of: Sample.record) == nil)
        #expect(stub.encoded.firstRange(of: article.orderTimeBytes) == nil)
        #expect(stub.batches[0].digest == object.batches[0].digest)
        var positions: [Position] = []
        stub.forEachEntry { position, _, _ in positions.append(position) }
        #expect(positions.count == 6)
        let entries = stub.batches[0].entries
        #expect(Array(entries[1...3]) == Array(object.batches[0].entries[1...3]))
        for index in [0, 4, 5] {
            let told = try #require(entries[index].loggedArticle)
            #expect(told.key == article.key && told.version == article.version && told.source == article.source)
            #expect(!told.isTextThere && told.orderTime == nil && entries[index].articleOfText == nil)
        }
        // Without a text there is nothing to take out.
        #expect(Sample.retention.erased == Sample.retention && !Sample.retention.isErased)
    }

    @Test("an expiration gets its position from the log, and goes once as much as expired is erased")
    func expirations() throws {
        var state = Sample.expiring
        let standing = try #require(state.expiration(of: Sample.key, Sample.version))
        #expect(standing.position == Position(term: Term(2), number: 2, index: 1))
        #expect(state.expiration(of: Sample.key, .largest) == nil)
        var again = ClusterState()
        for kind in ClusterState.Kind.allCases { try again.add(decoding: state.encoded(kind)) }
        #expect(again == state)
        // A retraction is of every version: what was erased of fewer does not end it.
        var retracted = state
        retracted.apply(.retraction(Retraction(key: Sample.key, url: "", reason: "")))
        retracted.apply(.erased(VersionBound(key: Sample.key, through: Sample.version)))
        #expect(retracted.erasures.count == 1)
        retracted.apply(.erased(VersionBound(key: Sample.key, through: .largest)))
        #expect(retracted.erasures.isEmpty)
        state.apply(.erased(VersionBound(key: Sample.key, through: Sample.version)))
        #expect(state.erasures.isEmpty)
    }

    @Test("the rule of a source stands in the place of the one for all, and what is undated goes by its source alone")
    func rules() {
        let day = Timestamp.sortable(Timestamp(seconds: 86_400))
        var rules = RetentionRules([
            RetentionHorizon(source: "", time: day), RetentionHorizon(source: "all", time: RetentionHorizon.allTime),
            RetentionHorizon(source: "kept", time: RetentionHorizon.foreverTime),
        ])
        func isBehind(_ seconds: Int64?, _ source: String) -> Bool {
            rules.horizon(before: Timestamp.sortable(seconds.map { Timestamp(seconds: $0) }), of: source) != nil
        }
        #expect(isBehind(86_399, "paper") && !isBehind(86_400, "paper") && !isBehind(nil, "paper"))
        #expect(isBehind(86_399, "") && !isBehind(nil, ""))
        #expect(isBehind(1 << 40, "all") && isBehind(nil, "all"))
        #expect(!isBehind(-1 << 40, "kept") && !isBehind(nil, "kept"))
        rules.set(RetentionHorizon(source: "all", time: RetentionHorizon.noneTime))
        #expect(isBehind(86_399, "all") && !isBehind(nil, "all"))
        let now = Timestamp(seconds: 1_700_000_000)
        #expect(
            RetentionHorizon(source: "", time: RetentionHorizon.time(ofAgeDays: 90, at: now)).dateText == "2023-08-16")
        #expect(
            RetentionHorizon(source: "", time: RetentionHorizon.time(ofAgeDays: 1, at: Timestamp(seconds: -1)))
                .dateText == "1969-12-30")
    }

    @Test("the frame of the worked example is the record of the worked example")
    func frame() throws {
        #expect(try CanonicalRecord.decode(Sample.record).headline == "Hello")
        #expect(try ZstdDecompressor().decompress(Sample.frame, atMost: Sample.record.count) == Sample.record)
    }

    @Test("the documents show exactly the golden bytes", arguments: ["log-format", "manifest-format"])
    func document(_ page: String) throws {
        let text = try String(contentsOf: packageRoot.appending(path: "docs/\(page).md"), encoding: .utf8)
        var count = 0
        for part in text.components(separatedBy: "<!-- golden: ").dropFirst() {
            let name = String(part.prefix { $0 != " " })
            let blocks = part.components(separatedBy: "```\n")
            try #require(blocks.count > 1)
            var shown: [UInt8] = []
            for line in blocks[1].split(separator: "\n") {
                let digits = line.prefix { $0 != ";" }.filter { $0 != " " }
                shown += try #require(Hex.bytes(digits), "\(line)")
            }
            #expect(try Self.golden(name) == shown, "\(name)")
            count += 1
        }
        #expect(count > 0)
    }
}

@Suite struct ObjectNameTests {
    @Test("names sort as numbers do, and manifests count down")
    func order() {
        #expect(ObjectName.term(Term(9)) < ObjectName.term(Term(16)))
        #expect(ObjectName.log(Term(1), 255) < ObjectName.log(Term(1), 256))
        #expect(ObjectName.manifest(Generation(8)) < ObjectName.manifest(Generation(7)))
        #expect(ObjectName.manifest(Generation(8)) == "manifests/fffffffffffffff7")
    }

    @Test("a name tells what it names")
    func parse() {
        #expect(ObjectName.generation(ofManifest: ObjectName.manifest(Generation(8))) == Generation(8))
        #expect(ObjectName.term(ofName: ObjectName.term(Term(3))) == Term(3))
        #expect(ObjectName.attempt(ofWritten: Sample.overlay.objectName) == Attempt(term: Term(2), number: 3))
    }

    @Test(
        "a name of no known form tells nothing",
        arguments: [
            "", "manifests/", "manifests/xyz", "segments/ab", "segments/ab.", "segments/ab.1", "segments/ab.1-",
            "segments/ab.x-1",
        ])
    func foreign(_ name: String) {
        #expect(ObjectName.generation(ofManifest: name) == nil)
        #expect(ObjectName.attempt(ofWritten: name) == nil)
    }

    @Test("what a system or a copying program leaves in a folder is foreign there, and no name of ours is")
    func foreignInFolders() {
        let digest = String(repeating: "0a", count: 32)
        let ours = [
            ObjectName.term(Term(3)), ObjectName.heartbeat(Term(3)), ObjectName.collection(Term(3)),
            ObjectName.log(Term(1), .max), ObjectName.manifest(Generation(8)), Sample.overlay.objectName,
            "pages/\(digest).1-2", "state/\(digest).18446744073709551615-0", "ledger/\(digest).1-2",
            ObjectName.pollState(FeedShare(3)!, ShardEpoch(term: Term(1), counter: 2)), "probe/12", "a", ".DS_Store",
        ]
        for name in ours { #expect(!ObjectName.isForeign(name), "\(name)") }
        for folder in ["terms", "heartbeats", "collection", "manifests", "log", "pages", "state", "ledger", "feeds"] {
            let names = [
                "", ".nfs0001", ".DS_Store", "README", "fffffffffffffff", "FFFFFFFFFFFFFFF7", "+ffffffffffffff7", "0/0",
                ".fffffffffffffff7.AbCd12", "fffffffffffffff7~", "\(digest)", "\(digest).1", "\(digest).1-",
                "\(digest)x.1-2",
                "fffffffffffffff7/x",
            ]
            for name in names { #expect(ObjectName.isForeign("\(folder)/\(name)"), "\(folder)/\(name)") }
        }
    }
}
