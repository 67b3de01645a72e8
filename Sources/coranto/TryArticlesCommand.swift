import ArgumentParser
import ByteCoding
import Foundation
import Roles

struct TryArticlesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "try-articles",
        abstract: "Indexes the articles on standard input in this process alone; a worker's quarantine runs it.",
        discussion: """
            Example:
              coranto try-articles < articles   (in the form of Sources/Roles/TrialProcess.swift)
            """,
        shouldDisplay: false)

    func run() throws {
        let bytes = rlim_t(TrialProcess.memoryLimitBytes)
        var limit = rlimit(rlim_cur: bytes, rlim_max: bytes)
        // Safe: both take a pointer to a live struct for the time of the call.
        guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 else {
            return Self.cannotTry("the memory cannot be limited: errno \(errno)")
        }
        // No file is left behind by one that dies.
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        let input: [UInt8]
        do { input = Array(try FileHandle.standardInput.readToEnd() ?? Data()) } catch {
            return Self.cannotTry("the articles cannot be read: \(error)")
        }
        do { try TrialProcess.index(input) } catch let error as CodingError {
            Self.cannotTry("the articles cannot be read: \(error)")
        } catch {
            Terminal.fail("\(error)", status: 1)
        }
    }

    private static func cannotTry(_ why: String) { Terminal.fail(why, status: TrialProcess.cannotTryStatus) }
}
