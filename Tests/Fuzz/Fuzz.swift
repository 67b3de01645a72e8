// Feeds arbitrary bytes to what reads bytes of others. libFuzzer has the main function; `scripts/fuzz` builds and runs it.
//
//     FUZZ_TARGET=segment coranto-fuzz [libFuzzer's options and folders]
//     FUZZ_SEEDS=FOLDER coranto-fuzz      writes inputs to begin with, a folder for each target

import Foundation

/// Set before the first input, which comes on the same thread.
nonisolated(unsafe) private var target: FuzzTarget?

@_cdecl("LLVMFuzzerInitialize")
public func initialize(_ count: UnsafePointer<CInt>, _ arguments: UnsafeRawPointer) -> CInt {
    let environment = ProcessInfo.processInfo.environment
    if let folder = environment["FUZZ_SEEDS"] {
        do { try FuzzSeeds.write(to: folder) } catch { fatalError("\(error)") }
        exit(0)
    }
    unsafe target = environment["FUZZ_TARGET"].flatMap(FuzzTarget.init(rawValue:))
    if unsafe target == nil {
        let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
        FileHandle.standardError.write(Data("FUZZ_TARGET is none of \(names)\n".utf8))
        exit(2)
    }
    return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // Safe: the driver keeps the bytes during the call.
    unsafe target!.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}
