import Cluster
import Extraction
package import News
import Storage

/// What a collection deletes, what must stay although the newest snapshot does not need it, and until when.
package struct CollectionReport: Sendable {
    package struct Object: Equatable, Sendable {
        package var name: String
        package var sizeBytes: UInt64
        package var fate: Fate
    }

    package enum Fate: Hashable, Comparable, Sendable {
        case goes
        /// Named by nothing: it goes then.
        case waits(until: Timestamp)
        /// Named by nothing, but its writer may still report it.
        case unfinished
        /// Needed by older generations that are kept; when the last of them goes at the latest, and the grace time is over.
        case kept(until: Timestamp)

        /// For people; equal for those that stand in one line.
        fileprivate func reason(_ folder: String, grace: String) -> String {
            switch (self, folder) {
            case (.goes, "manifests"): "older generations that are not kept any more"
            case (.goes, "log"): "published and counted in every kept generation"
            case (.goes, _): "named by no kept generation for \(grace)"
            case (.waits, _): "named by no kept generation, for less than \(grace)"
            case (.unfinished, _): "named by nothing, but what wrote them may still report them"
            case (.kept, _): "needed by older generations that are kept"
            }
        }

        fileprivate var word: String {
            switch self {
            case .goes: "goes"
            case .waits: "waits"
            case .unfinished: "unfinished"
            case .kept: "kept"
            }
        }

        fileprivate var until: Timestamp? {
            switch self {
            case .waits(let time), .kept(let time): time
            case .goes, .unfinished: nil
            }
        }
    }

    private let now: Timestamp
    private let newest: Generation
    private let kept: KeptGenerations
    private let policy: KeepPolicy
    private let graceMilliseconds: Int64
    /// Who reigns, if somebody does.
    private let reigning: Term?
    /// Whether it was done, or is only told.
    package var isDone = false
    package private(set) var objects: [Object] = []
    private var gone: Set<String> = []
    /// Objects of the newest snapshot, and of the log that it still needs.
    package var namedCount = 0

    init(
        now: Timestamp, newest: Generation, kept: KeptGenerations, reigning: Term?, policy: KeepPolicy,
        graceMilliseconds: Int64
    ) {
        self.policy = policy
        self.graceMilliseconds = graceMilliseconds
        self.now = now
        self.newest = newest
        self.kept = kept
        self.reigning = reigning
    }

    package var going: [Object] { objects.filter { $0.fate == .goes } }
    package var staying: [Object] { objects.filter { $0.fate != .goes } }

    func isOfNewest(_ verdict: Collector.Verdict) -> Bool {
        if case .needed(let generations) = verdict { generations.upperBound >= newest } else { false }
    }

    mutating func add(_ name: String, _ verdict: Collector.Verdict, _ sizeBytes: UInt64) {
        let fate: Fate =
            switch verdict {
            case .goes: .goes
            case .waits(let until): .waits(until: until)
            case .unfinished: .unfinished
            case .needed(let generations): .kept(until: end(of: generations, grace: name))
            }
        objects.append(Object(name: name, sizeBytes: sizeBytes, fate: fate))
    }

    mutating func deleted(_ name: String) { gone.insert(name) }

    /// When a generation goes depends on what is published until then; it is not later than this.
    private func end(of generations: ClosedRange<Generation>, grace name: String) -> Timestamp {
        let run = kept.runs.last { $0.first <= generations.upperBound && $0.last >= generations.lowerBound }
        let isNamed = !name.hasPrefix("log/") && !name.hasPrefix("manifests/")
        return Timestamp(
            milliseconds: (run?.lastAt ?? now).milliseconds + policy.dailyMilliseconds
                + (isNamed ? graceMilliseconds : 0))
    }

    // MARK: Telling

    package var text: String {
        let going = isDone ? going.filter { gone.contains($0.name) } : going
        var text = section(isDone ? "deleted" : "a collection would delete", going)
        text += section("must stay for now", staying)
        text += "\(namedCount) objects belong to the newest snapshot, generation \(newest.number)\n"
        if let reigning {
            text += "the coordinator of term \(reigning.number) collects by itself, if it is at work\n"
        }
        return text
    }

    private var grace: String {
        let hour: Int64 = 3_600_000
        return graceMilliseconds % hour == 0
            ? "\(graceMilliseconds / hour) hours" : "\(graceMilliseconds / 1000) seconds"
    }

    private func section(_ title: String, _ objects: [Object]) -> String {
        var text = "\(title): \(Self.told(objects))\n"
        let lines = Dictionary(grouping: objects) { object in
            let folder = String(object.name.prefix { $0 != "/" })
            return [folder, object.fate.reason(folder, grace: grace)]
        }
        for (key, group) in lines.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            text += "  \(PlainText.padded(key[0], columns: 10))\(Self.told(group)): \(key[1])"
            let times = group.compactMap(\.fate.until)
            if let first = times.min(), let last = times.max() {
                let isKept = group.contains { $0.fate.word == "kept" }
                text +=
                    ", until \(ArticleJSON.time(first))" + (first == last ? "" : " to \(ArticleJSON.time(last))")
                    + (isKept ? " at the latest" : "")
            }
            text += "\n"
        }
        return text
    }

    private static func told(_ objects: [Object]) -> String {
        let bytes = objects.reduce(0) { $0 + $1.sizeBytes }
        return "\(objects.count) object\(objects.count == 1 ? "" : "s"), \(bytes) bytes"
    }

    package var json: [UInt8] {
        func total(_ objects: [Object]) -> String {
            var out = JSONObjectWriter()
            out.member("objects", encoded: "\(objects.count)")
            out.member("bytes", encoded: "\(objects.reduce(0) { $0 + $1.sizeBytes })")
            return String(decoding: out.finish(), as: UTF8.self)
        }
        var out = JSONObjectWriter()
        out.member("generation", encoded: "\(newest.number)")
        out.member("dry_run", encoded: "\(!isDone)")
        if let reigning { out.member("term", encoded: "\(reigning.number)") }
        out.member("named", encoded: "\(namedCount)")
        out.member("going", encoded: total(going))
        out.member("staying", encoded: total(staying))
        let all = objects.map { object in
            var out = JSONObjectWriter()
            out.member("name", object.name)
            out.member("bytes", encoded: "\(object.sizeBytes)")
            out.member("fate", object.fate.word)
            if let until = object.fate.until { out.member("until", ArticleJSON.time(until)) }
            if isDone { out.member("deleted", encoded: "\(gone.contains(object.name))") }
            return String(decoding: out.finish(), as: UTF8.self)
        }
        out.member("objects", encoded: "[" + all.joined(separator: ",") + "]")
        return out.finish()
    }
}
