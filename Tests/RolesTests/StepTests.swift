import Foundation
import Roles
import Testing

/// Every named step is reached somewhere, and `scripts/kill-steps` kills at each.
@Suite struct StepTests {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test("a named step has a kill case, and a kill case names a step")
    func killCases() throws {
        let table = try String(contentsOf: Self.root.appending(path: "scripts/rig/kill-cases"), encoding: .utf8)
        let named = table.split(separator: "\n").filter { !$0.hasPrefix("#") }
            .compactMap { $0.split(separator: " ").first.map(String.init) }
        let steps = Set(Step.allCases.map(\.rawValue))
        #expect(steps.subtracting(named).sorted() == [], "no kill case in scripts/rig/kill-cases")
        #expect(Set(named).subtracting(steps).sorted() == [], "no such step in Sources/Roles/Step.swift")
    }

    @Test("a named step is reached in the sources")
    func reached() throws {
        let sources = Self.root.appending(path: "Sources/Roles")
        let text = try FileManager.default.contentsOfDirectory(at: sources, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "swift" }
            .map { try String(contentsOf: $0, encoding: .utf8) }.joined()
        let absent = Step.allCases.filter { !text.contains("reach(.\($0))") }
        #expect(absent == [], "no Step.reach says so")
    }
}
