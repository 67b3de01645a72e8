// coranto-simulate --seeds A..B | --seed N [--trace]
//
// Runs whole clusters, each from one seed, and stops at the first broken property.

import Simulation

#if canImport(Glibc)
    import Glibc
#endif

let usage = """
    usage: coranto-simulate --seeds A..B      run every seed, stop at the first broken property
           coranto-simulate --seed N          run one seed and print its trace if a property breaks
           coranto-simulate --seed N --trace  print the trace in any case

    Exit status: 0 every property held, 1 one broke, 2 usage.
    """

func fail(_ message: String, _ status: Int32) -> Never {
    print(message)
    exit(status)
}

func simulate(_ seed: UInt64, isTraced: Bool) -> (World.Summary?, String?, [String]) {
    var scenario = Scenario(seed: seed)
    scenario.isTraced = isTraced
    let world = World(scenario)
    do { return (try world.run(), nil, world.trace) } catch { return (nil, "\(error)", world.trace) }
}

let arguments = Array(CommandLine.arguments.dropFirst())
switch arguments.first {
case "--seed":
    guard arguments.count >= 2, let seed = UInt64(arguments[1]) else { fail(usage, 2) }
    let (summary, violation, trace) = simulate(seed, isTraced: true)
    if violation != nil || arguments.contains("--trace") { trace.forEach { print($0) } }
    if let violation { fail("seed \(seed): \(violation)", 1) }
    if let summary {
        print(
            "seed \(seed): \(summary.articleCount) articles, \(summary.liveCount) live in \(summary.cellCount) cells, \(summary.manifestCount) manifests"
        )
        for (fault, count) in summary.faultCounts.sorted(by: { $0.key < $1.key }) { print("  \(fault): \(count)") }
    }
case "--seeds":
    guard arguments.count >= 2 else { fail(usage, 2) }
    let bounds = arguments[1].split(separator: ".", omittingEmptySubsequences: true).compactMap { UInt64($0) }
    guard bounds.count == 2, bounds[0] <= bounds[1] else { fail(usage, 2) }
    var articles: Int64 = 0
    var faults: [String: Int] = [:]
    for seed in bounds[0]...bounds[1] {
        let (summary, violation, _) = simulate(seed, isTraced: false)
        if let violation {
            fail("seed \(seed): \(violation)\nreplay: coranto-simulate --seed \(seed)", 1)
        }
        if let summary {
            articles += summary.articleCount
            faults.merge(summary.faultCounts) { $0 + $1 }
        }
    }
    print("seeds \(bounds[0])..\(bounds[1]): every property held, \(articles) articles")
    for (fault, count) in faults.sorted(by: { $0.key < $1.key }) { print("  \(fault): \(count)") }
default: fail(usage, 2)
}
