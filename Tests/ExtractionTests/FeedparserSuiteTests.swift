import Foundation
import Testing

@testable import Extraction

/// The converted suite of feedparser: its assertions, on the JSON that `feeds parse` prints.
@Suite("feedparser's suite")
struct FeedparserSuiteTests {
    static let cases = SharedData.file("conformance/feeds-feedparser/cases.jsonl")

    /// Further names of what is there, as feedparser's dictionaries have them.
    private static let seconds = [
        "guid": ["id"], "url": ["href"], "modified": ["updated", "published"], "date": ["updated", "published"],
        "updated": ["published"], "updated_parsed": ["published_parsed"], "issued": ["published"],
        "modified_parsed": ["updated_parsed", "published_parsed"], "date_parsed": ["updated_parsed"],
        "issued_parsed": ["published_parsed"], "copyright": ["rights"], "copyright_detail": ["rights_detail"],
        "tagline": ["subtitle"], "tagline_detail": ["subtitle_detail"], "description": ["summary", "subtitle"],
        "description_detail": ["summary_detail", "subtitle_detail"],
    ]

    private func value(_ object: [String: Any], _ name: String) -> Any? {
        if let value = object[name] { return value }
        let links = object["links"] as? [[String: Any]] ?? []
        switch name {
        case "category": return (object["tags"] as? [[String: Any]])?.first?["term"]
        case "enclosures":
            return links.filter { $0["rel"] as? String == "enclosure" }.map { $0.filter { $0.key != "rel" } }
        case "license": return links.first { $0["rel"] as? String == "license" }?["href"]
        default: return Self.seconds[name]?.lazy.compactMap { object[$0] }.first
        }
    }

    private func walk(_ root: Any, _ path: [Any]) -> Any? {
        var place: Any? = root
        for step in path {
            if let object = place as? [String: Any], let name = step as? String {
                place = value(object, name)
            } else if let list = place as? [Any], let index = step as? Int, list.indices.contains(index) {
                place = list[index]
            } else {
                return nil
            }
        }
        return place is NSNull ? nil : place
    }

    private func isTrue(_ value: Any?) -> Bool {
        switch value {
        case let number as NSNumber: number.doubleValue != 0
        case let text as String: !text.isEmpty
        case let list as [Any]: !list.isEmpty
        case let object as [String: Any]: !object.isEmpty
        default: false
        }
    }

    private func isEqual(_ one: Any?, _ other: Any?) -> Bool {
        if one == nil || other is NSNull { return one == nil && (other == nil || other is NSNull) }
        return (one as? NSObject)?.isEqual(other as? NSObject) ?? false
    }

    private func holds(_ root: Any, _ assertion: [String: Any]) -> Bool {
        let value = walk(root, assertion["path"] as? [Any] ?? [])
        let wanted = assertion["value"]
        switch assertion["op"] as? String {
        case "eq": return isEqual(value, wanted)
        case "ne": return !isEqual(value, wanted)
        case "falsy": return !isTrue(value)
        case "truthy": return isTrue(value)
        case "len": return (value as? [Any])?.count == wanted as? Int || (value as? String)?.count == wanted as? Int
        case "time": return isEqual(value, assertion["utc"])
        case "contains": return (value as? String)?.contains(wanted as? String ?? "") ?? false
        case "not_contains": return !((value as? String)?.contains(wanted as? String ?? "") ?? false)
        case "one_of": return (wanted as? [Any])?.contains { isEqual(value, $0) } ?? false
        default: return !((wanted as? [Any])?.contains { isEqual(value, $0) } ?? false)
        }
    }

    @Test("core and extra reach their goals", .enabled(if: cases != nil, "conformance data are not here"))
    func suite() throws {
        let list = try #require(Self.cases)
        var held = ["core": 0, "extra": 0]
        var count = held
        var missed: [String] = []
        for line in try Data(contentsOf: list).split(separator: 0x0A) {
            let test = try #require(JSONSerialization.jsonObject(with: line) as? [String: Any])
            let file = try #require(test["file"] as? String)
            let tier = try #require(test["tier"] as? String)
            var response = FeedResponse(url: test["url"] as? String ?? "")
            for (name, value) in test["headers"] as? [String: String] ?? [:] { response.setHeader(name, value) }
            let bytes = [UInt8](try Data(contentsOf: list.deletingLastPathComponent().appending(path: file)))
            count[tier, default: 0] += 1
            guard let record = try? FeedParser.record(bytes, response) else {
                missed.append(file)
                continue
            }
            let root = try JSONSerialization.jsonObject(with: Data(FeedJSON.bytes(of: record)))
            if (test["expect"] as? [[String: Any]] ?? []).allSatisfy({ holds(root, $0) }) {
                held[tier, default: 0] += 1
            } else {
                missed.append(file)
            }
        }
        let core = Double(held["core", default: 0]) / Double(count["core", default: 1])
        let extra = Double(held["extra", default: 0]) / Double(count["extra", default: 1])
        #expect(core >= 0.995, "\(missed)")
        #expect(extra >= 0.90, "\(missed)")
    }
}
