// swift-tools-version: 6.1
// Benchmarks of parts, in a package of its own, so that the product never depends on benchmark libraries. The modules that
// are measured are links to ../Sources: within one package their `package` access holds, and nothing is made public for us.
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func benchmarks(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies + ["CorpusMaker", .product(name: "Benchmark", package: "benchmark")],
        path: "Benchmarks/\(name)", swiftSettings: strict,
        plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")])
}

let package = Package(
    name: "coranto-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [.package(url: "https://github.com/ordo-one/benchmark.git", from: "1.38.0", traits: [])],
    targets: [
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd"),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib"),
        .systemLibrary(name: "CPSL", pkgConfig: "libpsl"),
        .systemLibrary(name: "CStemmer"),
        .target(name: "CBits"),
        module("ByteCoding", ["CBits", "CCrypto", "CZstd", "CZlib"]),
        module("News", ["ByteCoding", "CPSL", "CStemmer"]),
        module("Storage", ["News", "ByteCoding"]),
        module("Engine", ["News", "ByteCoding", "Storage", "CBits"]),
        module("CorpusMaker", ["News"]),
        benchmarks("CodingBenchmarks", ["ByteCoding", "News"]),
        benchmarks("IndexBenchmarks", ["Engine", "News", "Storage", "ByteCoding"]),
    ],
    swiftLanguageModes: [.v6]
)
