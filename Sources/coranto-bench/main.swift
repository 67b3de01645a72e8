// The engine alone, measured as the drivers of other engines measure theirs: one thread, JSON lines on standard output.
//
//   coranto-bench index ARTICLES.ndjson DIR [SEGMENTS] [--stems]
//                                                       builds segments of equal numbers of articles, merges them to one
//                                                       overlay, and compacts them to one cell; with stems as the product
//                                                       does, without as other engines are compared
//   coranto-bench query DIR QUERIES.jsonl [IDS]           over the segments in DIR, which is segments, merged or compacted of
//                                                       such a folder
//   coranto-bench budget ARTICLES.ndjson MEGABYTES [--stems]
//                                                       builds under a memory budget: how much memory that takes
//   coranto-bench check DIR QUERIES [SEED]                random queries: do answers change if every document is looked at?
//
// Articles have title, body, and what else is in them; queries are those of make_queries.py.

import Foundation

let arguments = CommandLine.arguments.dropFirst()
do {
    switch arguments.first {
    case "index" where arguments.count >= 3:
        let rest = arguments.dropFirst().filter { $0 != "--stems" }
        try IndexRun(
            articles: rest[0], folder: rest[1], segmentCount: rest.count > 2 ? Int(rest[2]) ?? 1 : 1,
            hasStems: arguments.contains("--stems")
        ).run()
    case "budget" where arguments.count >= 3:
        let rest = Array(arguments.dropFirst())
        try BudgetRun(
            articles: rest[0], budgetMegabytes: Int(rest[1]) ?? 256, hasStems: arguments.contains("--stems")
        ).run()
    case "query" where arguments.count >= 3:
        let rest = Array(arguments.dropFirst())
        try QueryRun(folder: rest[0], queries: rest[1], ids: rest.count > 2 ? rest[2] : nil).run()
    case "check" where arguments.count >= 3:
        let rest = Array(arguments.dropFirst())
        try CheckRun(folder: rest[0], queryCount: Int(rest[1]) ?? 1000, seed: rest.count > 2 ? UInt64(rest[2]) ?? 1 : 1)
            .run()
    default:
        print(
            "usage: coranto-bench index ARTICLES.ndjson DIR [SEGMENTS] [--stems] | budget ARTICLES.ndjson MEGABYTES [--stems] | query DIR QUERIES.jsonl [IDS] | check DIR QUERIES [SEED]"
        )
        exit(2)
    }
} catch {
    print("coranto-bench: \(error)")
    exit(1)
}
