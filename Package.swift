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

/// A mistake to build in, for `scripts/planted-bugs` only. Set for the module that holds it, so that no other is rebuilt.
let planted: [String: [SwiftSetting]] = Dictionary(
    grouping: [
        ("ACK_BEFORE_DURABLE", "Storage"), ("NO_LOOK", "Storage"), ("WATERMARK_BY_TO", "Cluster"),
        ("EPOCH_TWICE", "Cluster"), ("COLLECT_LIVE_ATTEMPT", "Cluster"), ("KILL_LOST", "Engine"),
        ("ETAG_BEFORE_ACK", "Fetching"), ("CONTENT_NAMED", "Storage"), ("FREE_SLOT_ZOMBIE", "Cluster"),
        ("LEASE_WITHOUT_LOOK", "Cluster"),
        ("LOG_BEFORE_LEDGER", "Cluster"), ("LEDGER_ROWS_DROPPED", "Cluster"), ("RETRY_NOT_DUPLICATE", "Cluster"),
        ("KILL_TWICE", "Engine"), ("PAGE_LOST", "Cluster"), ("LANE_SHARED", "Storage"),
        ("ERASED_UNSYNCED", "Cluster"), ("ERASED_BUT_KEPT", "Cluster"), ("COLLECT_WHILE_ERASING", "Cluster"),
        ("NO_DIGEST", "ObjectStore"),
        // For `scripts/fuzz --planted`.
        ("FUZZ_SEGMENT", "Engine"), ("FUZZ_MANIFEST", "Storage"), ("FUZZ_LOG", "Storage"), ("FUZZ_QUERY", "Engine"),
        ("FUZZ_JSON", "Extraction"), ("FUZZ_FEED", "Extraction"), ("FUZZ_PAGE", "Extraction"),
    ].filter { $0.0 == Context.environment["CORANTO_PLANTED"] }, by: \.1
).mapValues { $0.map { .define("PLANTED_" + $0.0) } }

/// Whether `scripts/fuzz` builds: then every checksum holds, so that what lies behind them is reached.
let isFuzzing = Context.environment["CORANTO_FUZZ"] != nil

func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(
        name: name, dependencies: dependencies,
        swiftSettings: strict + planted[name, default: []] + (isFuzzing ? [.define("FUZZING")] : []))
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
    name: "coranto",
    traits: [
        .trait(
            name: "TLS",
            description: "TLS on the wire and HTTP. Off: no BoringSSL is compiled, and --tls-… options fail.")
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
        // Of the TLS trait; Hummingbird's package names it anyway, so nothing more is fetched without it.
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.2"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.0"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.9.0"),
    ],
    targets: [
        // C libraries, each wrapped once.
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CPSL", pkgConfig: "libpsl", providers: [.apt(["libpsl-dev"])]),
        .systemLibrary(name: "CStemmer", providers: [.apt(["libstemmer-dev"])]),
        .systemLibrary(name: "CUchardet", pkgConfig: "uchardet", providers: [.apt(["libuchardet-dev"])]),
        .target(name: "CBits"),  // CRC-32C, prefetch

        // The ground.
        module("ByteCoding", ["CBits", "CCrypto", "CZstd", "CZlib"]),
        module("News", ["ByteCoding", "CPSL", "CStemmer"]),
        module("Storage", ["News", "ByteCoding"]),
        module("Wire", ["News", "ByteCoding", "Storage"]),

        // The stages. Neighbours never import one another.
        module("Engine", ["News", "ByteCoding", "Storage", "CBits"]),
        module("Extraction", ["News", "ByteCoding", "CBits", "CUchardet"]),
        module("Fetching", ["News", "ByteCoding"]),
        module("Cluster", ["News", "ByteCoding", "Wire", "Storage"]),
        module("ObjectStore", ["News", "ByteCoding", "Storage"]),

        // The door to the outside: files, sockets, clocks, randomness.
        module(
            "HostIO",
            [
                "News", "ByteCoding", "Wire", "Storage",
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOSSL", package: "swift-nio-ssl", condition: .when(traits: ["TLS"])),
                .product(name: "NIOEmbedded", package: "swift-nio", condition: .when(traits: ["TLS"])),
            ]),

        // The fetcher's own door: the curl thread and its SQLite file.
        module(
            "FetchIO",
            ["News", "ByteCoding", "Fetching", "HostIO", "CCurl", .product(name: "GRDB", package: "GRDB.swift")]),

        // The door to object stores.
        module("ObjectStoreIO", ["ObjectStore", "Storage", "HostIO", "CCurl"]),

        // Drivers: each feeds a machine with events and carries out its actions.
        module(
            "Roles",
            [
                "News", "ByteCoding", "Wire", "Storage", "Engine", "Extraction", "Fetching", "Cluster", "HostIO",
                "FetchIO",
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
            ]),

        // Questions from people and programs: JSON, HTTP, the web page, the checker and the histories behind the commands.
        module(
            "Gateway",
            [
                "News", "ByteCoding", "Wire", "Storage", "Engine", "Cluster", "Extraction", "HostIO", "Roles",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .executableTarget(
            name: "coranto",
            dependencies: [
                "News", "ByteCoding", "Wire", "Storage", "Engine", "Extraction", "Fetching", "Cluster", "ObjectStore",
                "HostIO", "FetchIO", "ObjectStoreIO", "Roles", "Gateway",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),

        // A whole cluster in one thread; never linked into the product.
        module(
            "Simulation",
            ["News", "ByteCoding", "Wire", "Storage", "Engine", "Fetching", "Cluster", "ObjectStore"]),
        .executableTarget(name: "coranto-simulate", dependencies: ["Simulation"], swiftSettings: strict),

        // Answers the conformance suites by the product's own parsers; never shipped.
        .executableTarget(
            name: "coranto-conformance", dependencies: ["Extraction", "Fetching", "News", "ByteCoding"],
            swiftSettings: strict),

        // The engine alone, measured as the drivers of other engines measure theirs; never shipped.
        .executableTarget(
            name: "coranto-bench", dependencies: ["Engine", "Extraction", "News", "Storage", "ByteCoding"],
            swiftSettings: strict),

        tests("ByteCodingTests", ["ByteCoding"]),
        tests("NewsTests", ["News", "ByteCoding"]),
        .testTarget(
            name: "WireTests", dependencies: ["Wire", "Storage", "News", "ByteCoding"], exclude: ["Golden"],
            swiftSettings: strict),
        .testTarget(
            name: "StorageTests", dependencies: ["Storage", "News", "ByteCoding"], exclude: ["Golden"],
            swiftSettings: strict),
        tests("ClusterMachineTests", ["Cluster", "Wire", "Storage", "News", "ByteCoding"]),
        tests("SimulationTests", ["Simulation"]),
        tests("ObjectStoreTests", ["ObjectStore", "Storage", "News", "ByteCoding"]),
        tests("ObjectStoreIOTests", ["ObjectStoreIO", "ObjectStore", "HostIO", "Storage"]),
        tests(
            "HostIOTests",
            [
                "HostIO", "ObjectStoreIO", "ObjectStore", "Wire", "Storage", "News", "ByteCoding",
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        tests("ExtractionTests", ["Extraction", "News", "ByteCoding"]),
        tests(
            "RolesTests",
            [
                "Roles", "FetchIO", "Extraction", "HostIO", "Cluster", "Engine", "Storage", "Wire", "News",
                "ByteCoding",
                .product(name: "Logging", package: "swift-log"), .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        // Real processes: the binary is built first.
        .testTarget(name: "ClusterTests", dependencies: ["coranto"], swiftSettings: strict),
        tests("FetchingTests", ["Fetching", "News", "ByteCoding"]),
        tests("FetchIOTests", ["FetchIO", "Fetching", "Extraction", "News", "ByteCoding"]),
        tests(
            "GatewayTests",
            [
                "Gateway", "Roles", "HostIO", "Engine", "Extraction", "Storage", "Wire", "News", "ByteCoding",
                .product(name: "Logging", package: "swift-log"),
            ]),
        .testTarget(
            name: "EngineTests", dependencies: ["Engine", "Storage", "News", "ByteCoding"], exclude: ["Golden"],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)

if isFuzzing {
    package.targets.append(
        .executableTarget(
            name: "coranto-fuzz",
            dependencies: ["Simulation", "Engine", "Extraction", "Fetching", "Storage", "News", "ByteCoding"],
            path: "Tests/Fuzz", swiftSettings: strict))
}
