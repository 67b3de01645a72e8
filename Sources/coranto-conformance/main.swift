// coranto-conformance answer
//
// Asks the product's own parsers what conformance suites ask. Never shipped.

#if canImport(Glibc)
    import Glibc
#endif

let usage = """
    usage: coranto-conformance answer

      answer    reads questions {"op", "args", "options"} on standard input, one a line, and prints {"result": …} for each

    Exit status: 0 done, 2 usage.
    """

guard CommandLine.arguments.dropFirst().first == "answer" else {
    print(usage)
    exit(2)
}
while let line = readLine() { print(Answer.to(line)) }
