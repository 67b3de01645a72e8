// coranto-conformance answer | mutate
//
// Asks the product's own parsers what conformance suites ask, and feeds them damaged inputs. Never shipped.

#if canImport(Glibc)
    import Glibc
#endif

let usage = """
    usage: coranto-conformance answer
           coranto-conformance mutate date|url|robots|feed|opml [--count N] [--seed N]

      answer    reads questions {"op", "args", "options"} on standard input, one a line, and prints {"result": …} for each
      mutate    parses N damaged inputs (default 1000000) made from one seed; fails if one takes longer than a second

    Exit status: 0 done, 1 an input took too long, 2 usage.
    """

switch CommandLine.arguments.dropFirst().first {
case "answer":
    while let line = readLine() { print(Answer.to(line)) }
case "mutate":
    guard let run = MutationRun(CommandLine.arguments.dropFirst(2)) else {
        print(usage)
        exit(2)
    }
    exit(run.run() ? 0 : 1)
default:
    print(usage)
    exit(2)
}
