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
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.0"),
    ],
    targets: [
        // C libraries, each wrapped once.
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "CBits"),  // CRC-32C, prefetch

        // The ground.
        module("ByteCoding", ["CBits", "CCrypto", "CZstd", "CZlib"]),
        module("News", ["ByteCoding"]),
        module("Storage", ["News", "ByteCoding"]),
        module("Wire", ["News", "ByteCoding", "Storage"]),

        // The stages. Neighbours never import one another.
        module("Engine", ["News", "ByteCoding", "Storage", "CBits"]),
        module("Extraction", ["News", "ByteCoding"]),
        module("Fetching", ["News", "ByteCoding"]),
        module("Cluster", ["News", "ByteCoding", "Wire", "Storage"]),

        // Drivers: each feeds a machine with events and carries out its actions.
        module(
            "Roles",
            [
                "News", "ByteCoding", "Wire", "Storage", "Engine", "Extraction", "Cluster", "HostIO",
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
            ]),

        // Questions from people and programs: JSON, HTTP, the web page, the checker and the histories behind the commands.
        module(
            "Gateway",
            [
                "News", "ByteCoding", "Storage", "Engine", "Extraction", "HostIO", "Roles",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .executableTarget(
            name: "coranto",
            dependencies: [
                "News", "ByteCoding", "Storage", "Engine", "Extraction", "HostIO", "Roles", "Gateway",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),

        // A whole cluster in one thread; never linked into the product.
        module("Simulation", ["News", "ByteCoding", "Wire", "Storage", "Cluster"]),
        .executableTarget(name: "coranto-simulate", dependencies: ["Simulation"], swiftSettings: strict),

        // The door to the outside: files, sockets, clocks, randomness.
        module(
            "HostIO",
            [
                "News", "ByteCoding", "Wire", "Storage",
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
            ]),

        tests("ByteCodingTests", ["ByteCoding"]),
        tests("NewsTests", ["News", "ByteCoding"]),
        .testTarget(
            name: "WireTests", dependencies: ["Wire", "Storage", "News", "ByteCoding"], exclude: ["Golden"],
            swiftSettings: strict),
        tests(
            "HostIOTests",
            [
                "HostIO", "Wire", "Storage", "News", "ByteCoding", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"), .product(name: "Logging", package: "swift-log"),
            ]),
        tests("ExtractionTests", ["Extraction", "News", "ByteCoding"]),
        tests("EngineTests", ["Engine", "Storage", "News", "ByteCoding"]),
    ],
    swiftLanguageModes: [.v6]
)
