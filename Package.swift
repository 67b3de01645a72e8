// swift-tools-version: 6.2
// Targets stand in the order of the picture in ARCHITECTURE.md: each may import only what stands above it and is
// named in its dependencies. `swift build --explicit-target-dependency-import-check error` holds that.
import PackageDescription

let strict: [SwiftSetting] = [
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
    name: "coranto",
    targets: [
        // C libraries, each wrapped once.
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .target(name: "CBits"),  // CRC-32C, prefetch

        // The ground.
        module("ByteCoding", ["CBits", "CCrypto", "CZstd"]),
        module("News", ["ByteCoding"]),
        module("Wire", ["News", "ByteCoding"]),
        module("Storage", ["News", "ByteCoding"]),

        // The stages. Neighbours never import one another.
        module("Engine", ["News", "ByteCoding", "Storage", "CBits"]),
        module("Extraction", ["News", "ByteCoding"]),
        module("Fetching", ["News", "ByteCoding"]),
        module("Cluster", ["News", "ByteCoding", "Wire", "Storage"]),

        tests("ByteCodingTests", ["ByteCoding"]),
        tests("NewsTests", ["News", "ByteCoding"]),
        tests("ExtractionTests", ["Extraction", "News", "ByteCoding"]),
        tests("FetchingTests", ["Fetching", "News", "ByteCoding"]),
    ],
    swiftLanguageModes: [.v6]
)
