// The engine alone, measured as the drivers of other engines measure theirs: one thread, JSON lines on standard output.
//
//   EngineBench index ARTICLES.ndjson DIR [SEGMENTS]    builds segments of equal numbers of articles, merges them to one
//                                                       overlay, and compacts them to one cell
//   EngineBench query DIR QUERIES.jsonl [IDS]           over the segments of DIR/segments, DIR/merged and DIR/compacted
//
// Articles have title, body, and what else is in them; queries are those of make_queries.py.

import Foundation

let arguments = CommandLine.arguments.dropFirst()
do {
    switch arguments.first {
    case "index" where arguments.count >= 3:
        let rest = Array(arguments.dropFirst())
        try IndexRun(articles: rest[0], folder: rest[1], segmentCount: rest.count > 2 ? Int(rest[2]) ?? 1 : 1).run()
    case "query" where arguments.count >= 3:
        let rest = Array(arguments.dropFirst())
        try QueryRun(folder: rest[0], queries: rest[1], ids: rest.count > 2 ? rest[2] : nil).run()
    default:
        print("usage: EngineBench index ARTICLES.ndjson DIR [SEGMENTS] | query DIR QUERIES.jsonl [IDS]")
        exit(2)
    }
} catch {
    print("EngineBench: \(error)")
    exit(1)
}
