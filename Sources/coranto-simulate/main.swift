// coranto-simulate --seeds A..B | --seed N
//
// Runs whole clusters, each from one seed, and stops at the first broken property. Seeds are shared out to processes: one that
// ends by a trap tells which seed it was, and what one does changes nothing in another.

import Simulation

#if canImport(Glibc)
    import Glibc
#endif

let usage = """
    usage: coranto-simulate --seeds A..B [--jobs N] [--coverage] [--all] [--shape full|small]
           coranto-simulate --seed N [--trace [full]] [--shape full|small]

      --seeds A..B    run every seed, stop at the first broken property
      --jobs N        in so many processes at once; what is printed is the same for any number (default 1)
      --coverage      print how often each fault met each step
      --all           go on after a broken property
      --seed N        run one seed; if a property breaks print what of its trace concerns it
      --trace [full]  print the trace in any case; with "full" all of it
      --shape small   worlds of few articles, one worker, or no faults as well; they are not counted among the large ones

    Exit status: 0 every property held, 1 one broke, 2 usage.
    """

func fail(_ message: String, _ status: Int32) -> Never {
    print(message)
    exit(status)
}

struct Arguments {
    var seeds: ClosedRange<UInt64>?
    var seed: UInt64?
    var jobs: UInt64 = 1
    /// Which of the jobs this process is.
    var part: UInt64?
    var shape = Scenario.Shape.full
    var isTraced = false
    var isTraceFull = false
    var showsCoverage = false
    var goesOn = false

    init?(_ words: [String]) {
        var words = words[...]
        while let word = words.popFirst() {
            switch word {
            case "--seeds":
                let bounds = words.popFirst()?.split(separator: ".").compactMap { UInt64($0) } ?? []
                guard bounds.count == 2, bounds[0] <= bounds[1] else { return nil }
                seeds = bounds[0]...bounds[1]
            case "--seed":
                guard let number = words.popFirst().flatMap({ UInt64($0) }) else { return nil }
                seed = number
            case "--jobs":
                guard let number = words.popFirst().flatMap({ UInt64($0) }), number > 0 else { return nil }
                jobs = number
            case "--part":
                guard let number = words.popFirst().flatMap({ UInt64($0) }) else { return nil }
                part = number
            case "--shape":
                guard let known = words.popFirst().flatMap({ Scenario.Shape(rawValue: $0) }) else { return nil }
                shape = known
            case "--trace":
                isTraced = true
                if words.first == "full" {
                    isTraceFull = true
                    words.removeFirst()
                }
            case "--coverage": showsCoverage = true
            case "--all": goesOn = true
            default: return nil
            }
        }
        guard (seeds == nil) != (seed == nil) else { return nil }
    }
}

func violation(of error: any Error) -> Violation {
    error as? Violation ?? Violation(property: "nothing fails but what may", detail: "\(error)")
}

// MARK: One seed

func runOne(_ seed: UInt64, _ arguments: Arguments) -> Never {
    var scenario = Scenario(seed: seed, shape: arguments.shape)
    scenario.isTraced = true
    let world = World(scenario)
    var summary: World.Summary?
    var broken: Violation?
    do { summary = try world.run() } catch { broken = violation(of: error) }
    if let broken, !arguments.isTraceFull {
        TraceLine.shortened(world.trace, for: broken).forEach { print($0) }
    } else if arguments.isTraced || broken != nil {
        let lines = arguments.isTraceFull ? world.trace : world.trace.filter { $0.kind != .event }
        lines.forEach { print($0) }
    }
    if let broken { fail("seed \(seed): \(broken)", 1) }
    if let summary {
        print(
            "seed \(seed): \(summary.articleCount) articles, \(summary.faultCount) faults, \(summary.liveCount) live in \(summary.cellCount) cells, \(summary.manifestCount) manifests, at rest after \(summary.restMilliseconds) ms"
        )
        for (what, count) in summary.faultCounts.sorted(by: { $0.key < $1.key }) { print("  \(what): \(count)") }
    }
    exit(0)
}

// MARK: One process of several

/// Prints a line for each of its seeds, then what it counted; read by `Job`.
func runPart(_ part: UInt64, _ seeds: ClosedRange<UInt64>, _ arguments: Arguments) -> Never {
    let pool = ArticlePool()
    var coverage = Coverage()
    var counts: [String: Int] = [:]
    var seed = seeds.lowerBound + part
    while seed <= seeds.upperBound {
        do {
            let summary = try World(Scenario(seed: seed, shape: arguments.shape), pool: pool).run()
            coverage.add(summary.coverage)
            counts.merge(summary.faultCounts) { $0 + $1 }
            print("held \(summary.articleCount) \(summary.faultCount) \(summary.restMilliseconds)")
        } catch { print("broke \(violation(of: error))".split(separator: "\n").joined(separator: " ")) }
        // All streams: a line must not wait in a buffer for its process to end in a trap.
        fflush(nil)
        seed += arguments.jobs
    }
    print("coverage \(coverage.encoded)")
    for (what, count) in counts { print("count \(count) \(what)") }
    exit(0)
}

/// A process that runs every so many-th seed.
@safe final class Job {
    private let stream: UnsafeMutablePointer<FILE>

    init(_ part: UInt64, _ seeds: ClosedRange<UInt64>, _ arguments: Arguments) {
        // Contexts of zstd are larger than what malloc keeps by itself: they would be mapped and unmapped all the time.
        let command =
            "MALLOC_MMAP_THRESHOLD_=67108864 MALLOC_TRIM_THRESHOLD_=268435456 exec '\(Job.program)' --seeds \(seeds.lowerBound)..\(seeds.upperBound) --part \(part) --jobs \(arguments.jobs) --shape \(arguments.shape.rawValue)"
        guard let opened = unsafe popen(command, "r") else { fail("the process of part \(part) cannot be started", 1) }
        unsafe stream = opened
    }

    private static let program: String = {
        var buffer = [CChar](repeating: 0, count: 4096)
        let length = unsafe readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard length > 0 else { fail("the program's own file is not known", 1) }
        return String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }()

    /// The next line; nil when the process has ended.
    func line() -> String? {
        var pointer: UnsafeMutablePointer<CChar>?
        var capacity = 0
        // Safe: getline allocates, and what it has written is copied before it is freed.
        let length = unsafe getline(&pointer, &capacity, stream)
        defer { unsafe free(pointer) }
        guard length > 0, let start = unsafe pointer else { return nil }
        return unsafe String(cString: start).trimmingNewline
    }

    /// - Returns: how the process ended, as `wait` says it.
    func close() -> Int32 { unsafe pclose(stream) }
}

extension String {
    var trimmingNewline: String { hasSuffix("\n") ? String(dropLast()) : self }
}

// MARK: Many seeds

struct Totals {
    var articles = 0
    var faults = 0
    var leastArticles = Int.max
    var leastFaults = Int.max
    var rest = 0
    var longestRest = 0
    var broken = 0
    var coverage = Coverage()
    var counts: [String: Int] = [:]

    mutating func held(_ numbers: [Int]) {
        articles += numbers[0]
        faults += numbers[1]
        leastArticles = min(leastArticles, numbers[0])
        leastFaults = min(leastFaults, numbers[1])
        rest += numbers[2]
        longestRest = max(longestRest, numbers[2])
    }
}

func runAll(_ seeds: ClosedRange<UInt64>, _ arguments: Arguments) -> Never {
    let clock = ContinuousClock()
    let began = clock.now
    let jobs = (0..<min(arguments.jobs, seeds.upperBound - seeds.lowerBound + 1)).map { Job($0, seeds, arguments) }
    var totals = Totals()
    func broke(_ seed: UInt64, _ what: String) {
        print("seed \(seed): \(what)")
        totals.broken += 1
        if !arguments.goesOn {
            let shape = arguments.shape == .full ? "" : " --shape \(arguments.shape.rawValue)"
            fail("replay: coranto-simulate --seed \(seed)\(shape)", 1)
        }
    }
    var isOver = Array(repeating: false, count: jobs.count)
    for seed in seeds {
        let number = Int((seed - seeds.lowerBound) % UInt64(jobs.count))
        if isOver[number] { continue }
        let line = jobs[number].line() ?? ""
        if line.hasPrefix("held ") {
            totals.held(line.dropFirst(5).split(separator: " ").compactMap { Int($0) })
        } else if line.hasPrefix("broke ") {
            broke(seed, String(line.dropFirst(6)))
        } else {
            // A trap of a machine, of the engine, or of the simulator.
            isOver[number] = true
            broke(seed, "the process ended, with status \(jobs[number].close())")
        }
    }
    for (number, job) in jobs.enumerated() where !isOver[number] {
        while let line = job.line() {
            let words = line.split(separator: " ", maxSplits: 2)
            if words.count == 2, words[0] == "coverage", let part = Coverage(decoding: words[1]) {
                totals.coverage.add(part)
            } else if words.count == 3, words[0] == "count", let count = Int(words[1]) {
                totals.counts[String(words[2]), default: 0] += count
            }
        }
        _ = job.close()
    }
    let seconds =
        Double((clock.now - began).components.seconds) + Double((clock.now - began).components.attoseconds) / 1e18
    report(seeds, totals, seconds: seconds, arguments)
    exit(totals.broken == 0 ? 0 : 1)
}

func report(_ seeds: ClosedRange<UInt64>, _ totals: Totals, seconds: Double, _ arguments: Arguments) {
    let count = Int(seeds.upperBound - seeds.lowerBound) + 1
    let outcome = totals.broken == 0 ? "every property held" : "\(totals.broken) seeds broke a property"
    print(
        "seeds \(seeds.lowerBound)..\(seeds.upperBound): \(outcome), \(totals.articles) articles, \(totals.faults) faults"
    )
    guard totals.broken < count else { return }
    print(
        "a seed has at least \(totals.leastArticles) articles and \(totals.leastFaults) faults; at rest after \(totals.rest / (count - totals.broken)) ms of its time, at most \(totals.longestRest)"
    )
    print("\(Int(seconds)) s, \(Int(seconds * 1000 * Double(arguments.jobs)) / count) ms a seed and process")
    for (what, count) in totals.counts.sorted(by: { $0.key < $1.key }) { print("  \(what): \(count)") }
    let reached = totals.coverage.faultCount
    let least = max(1, 100 * count / 100_000)
    let gaps = totals.coverage.gaps(below: least)
    print(
        "\(Coverage.pairs.count) pairs of step and fault can meet; they met \(reached) times, \(gaps.count) of them fewer than \(least) times"
    )
    guard arguments.showsCoverage else { return }
    totals.coverage.table.forEach { print($0) }
    for reason in Coverage.reasons { print("cannot meet, \(reason)") }
    for gap in gaps { print("gap: \(gap.step.name) x \(gap.fault.name): \(gap.count)") }
}

guard let arguments = Arguments(Array(CommandLine.arguments.dropFirst())) else { fail(usage, 2) }
if let seed = arguments.seed { runOne(seed, arguments) }
if let seeds = arguments.seeds {
    if let part = arguments.part { runPart(part, seeds, arguments) }
    runAll(seeds, arguments)
}
