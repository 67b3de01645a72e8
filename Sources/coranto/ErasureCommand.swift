import ArgumentParser
import ByteCoding
import Extraction
import Gateway
import News
import Storage

struct ErasureCommand: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json
    }

    static let configuration = CommandConfiguration(
        commandName: "erasure",
        abstract: "Reads every object of a store and tells whether anything of an article is in it.",
        discussion: """
            A retracted or expired article leaves the newest snapshot at once, kept generations and the log as soon as a coordinator and a \
            merger run, and the objects that nothing names any more a day later, with the next collection. What stays is the \
            retraction itself; what expired is told as long as the log of its day is kept. --format json names every object that was read.

            Example:
              coranto erasure https://news.example/2016/01/20/talks --store /srv/news

            Exit status: 0 nothing is left, 1 something is.
            """)

    @Argument(help: ArgumentHelp("URLs or keys.", valueName: "url|key"))
    var names: [String]
    @OptionGroup var store: StoreOption
    @Option(help: "How to print.")
    var format = Format.text

    func run() async throws {
        let addresses = names.map { ArticleAddress($0) }
        let keys = Set(try addresses.map { try $0.requireKey() })
        let progress = ProgressLine()
        let report = try ErasureReport(of: keys, in: try store.openForReading()) {
            if $0 % 100 == 0 { progress.show("\($0) of \($1) objects") }
        }
        progress.clear()
        Terminal.write(format == .json ? json(keys, report) + [0x0A] : Array(text(keys, report).utf8))
        if !report.holders.isEmpty { Terminal.end(status: 1) }
    }

    private func text(_ keys: Set<ArticleKey>, _ report: ErasureReport) -> String {
        var text = ""
        for key in keys.sorted() { text += "\(key.hex)  \(state(of: key, report))\n" }
        for object in report.holders { text += "\(object.name): \(told(object.found))\n" }
        let count = report.holders.count
        return text + "\(report.objects.count) objects read, "
            + (count == 0 ? "nothing is left\n" : "something is left in \(count)\n")
    }

    private func state(of key: ArticleKey, _ report: ErasureReport) -> String {
        let what: String
        if report.retracted.contains(key) {
            what = "retracted"
        } else if let through = report.expired[key] {
            what = "expired with all versions up to \(through.recordHash.hex.prefix(12)), which alone are looked for"
        } else {
            return "not retracted, and not expired by the log that is kept"
        }
        return report.erased.contains(key)
            ? "\(what); erased from the log and from all kept generations"
            : "\(what); a coordinator with a merger has still to erase it"
    }

    private func told(_ found: ErasureReport.Found) -> String {
        switch found {
        case .nothing: "nothing"
        case .inNewest: "something is left, and the newest snapshot names it"
        case .leftOver: "something is left, until it is erased or collected"
        }
    }

    private func json(_ keys: Set<ArticleKey>, _ report: ErasureReport) -> [UInt8] {
        func list<Item>(_ items: [Item], _ write: (Item, inout JSONObjectWriter) -> Void) -> String {
            let all = items.map { item in
                var object = JSONObjectWriter()
                write(item, &object)
                return String(decoding: object.finish(), as: UTF8.self)
            }
            return "[" + all.joined(separator: ",") + "]"
        }
        var json = JSONObjectWriter()
        json.member(
            "keys",
            encoded: list(keys.sorted()) { key, object in
                object.member("key", key.hex)
                object.member("retracted", encoded: "\(report.retracted.contains(key))")
                object.member("expired", encoded: "\(report.expired[key] != nil)")
                object.member("erased", encoded: "\(report.erased.contains(key))")
            })
        json.member(
            "objects",
            encoded: list(report.objects) { object, out in
                out.member("name", object.name)
                out.member("found", "\(object.found)")
            })
        json.member("left", encoded: "\(report.holders.count)")
        return json.finish()
    }
}
