import Foundation
import ObjectStore
import ObjectStoreIO
import Storage
import Testing

/// A real object store for tests, if one is named: `scripts/s3-conformance` starts them and names them.
///
/// CORANTO_TEST_STORE is s3://BUCKET, the AWS variables tell the rest; CORANTO_TEST_STORE_CONTROL is a command that takes
/// "stop" and "start". What it starts must not keep the sockets it inherits: `Process` waits until its own is closed.
enum TestObjectStore {
    private static let environment = ProcessInfo.processInfo.environment
    private static let place = environment["CORANTO_TEST_STORE"]
    private static let control = environment["CORANTO_TEST_STORE_CONTROL"]

    static var isGiven: Bool { place != nil }
    static var canBeStopped: Bool { control != nil }
    static let why: Comment = "no object store is named: run scripts/s3-conformance"

    /// A bucket with a prefix of its own, empty.
    static func bucket(
        _ change: (inout S3Place, inout [String: String]) -> Void = { _, _ in },
        _ patience: (inout S3Call.Patience) -> Void = { _ in }
    ) throws -> S3Bucket {
        var all = S3Call.Patience()
        patience(&all)
        return S3Bucket(try configuration(change), patience: all)
    }

    /// Of a prefix of its own, empty.
    static func configuration(
        _ change: (inout S3Place, inout [String: String]) -> Void = { _, _ in }
    ) throws -> S3Configuration {
        var place = try S3Place("\(try #require(place))/\(UUID().uuidString)")
        var environment = environment
        change(&place, &environment)
        return try S3Configuration(
            place, words: S3Configuration.Words(), environment: environment,
            files: S3Configuration.Files(credentials: nil, config: nil))
    }

    static func control(_ word: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", "\(try #require(control)) \(word)"]
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }
}
