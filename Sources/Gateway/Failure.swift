import Engine
import News
import Roles
import Storage

/// What went wrong, as it is told to people and programs: one form for the command line and HTTP.
package struct Failure: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// The question is no question; `offset` may say where.
        case badRequest = "bad_request"
        /// The path takes another method.
        case badMethod = "bad_method"
        case notFound = "not_found"
        /// It was there, and is no longer kept.
        case gone
        case unauthorised
        /// Too much at once: try again.
        case busy
        /// The store does not answer for now: try again.
        case unavailable
        /// Bytes of the store are wrong, or an object that is named is not there.
        case corrupt
        case failed
    }

    package var code: Code
    package var message: String
    package var hint: String
    /// Place in the query: characters (Unicode scalars) before it.
    package var offset: Int?

    package init(_ code: Code, _ message: String, hint: String = "", offset: Int? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.offset = offset
    }

    /// Any error, as far as it is known here.
    package init(_ error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as QueryError:
            self.init(
                .badRequest, error.message, hint: error.expected.map { "expected \($0)" } ?? "", offset: error.offset)
        case let error as EngineError where error.code == .stopped:
            self.init(.badRequest, error.message, hint: "ask for fewer words, phrases, NEAR or words with stars")
        case let error as EngineError: self.init(Self.code(of: error), "\(error)")
        case let error as StoreError:
            let isCorrupt = error.code == .corrupt || error.code == .missing
            let place = error.object.isEmpty ? "" : "\(error.object): "
            self.init(isCorrupt ? .corrupt : .failed, place + error.message, hint: error.hint)
        case let error as BucketFailure: self.init(error.kind == .passing ? .unavailable : .failed, "\(error)")
        default: self.init(.failed, "\(error)")
        }
    }

    private static func code(of error: EngineError) -> Code {
        switch error.code {
        case .corrupt, .truncated, .mismatch, .missing: .corrupt
        case .unsupportedVersion, .io, .limit, .stopped: .failed
        }
    }

    package var description: String { hint.isEmpty ? message : "\(message); \(hint)" }

    /// Of a command that ends with it.
    package var exitStatus: Int32 {
        switch code {
        case .badRequest: 2
        case .corrupt: 4
        case .badMethod, .notFound, .gone, .unauthorised, .busy, .unavailable, .failed: 1
        }
    }

    package var httpStatus: Int {
        switch code {
        case .badRequest: 400
        case .badMethod: 405
        case .unauthorised: 401
        case .notFound: 404
        case .gone: 410
        case .corrupt, .failed: 500
        case .busy, .unavailable: 503
        }
    }
}
