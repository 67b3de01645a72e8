import Cluster
import Engine
import Fetching
import ObjectStore
import Storage

// What happens when.
extension World {
    enum Happening {
        case tick(process: Int, run: Int)
        /// The store does what it was asked for.
        case effect(Request)
        /// With the name of what was created: whoever is told of it relies on it.
        case answer(process: Int, run: Int, OperationTag, BucketResult, created: String?, Fault?)
        /// A request reaches the object store, in worlds that have one.
        case arrival(Arrival)
        case storeEvent(process: Int, run: Int, conversation: Int, S3Call.Event)
        case deliver(connection: Int, toServer: Bool, [UInt8], Step, Fault?)
        case closed(connection: Int, toServer: Bool)
        case cut(connection: Int)
        case connect(process: Int, run: Int)
        case engine(process: Int, run: Int, EngineAnswer, Fault?)
        case feedAnswer(process: Int, run: Int, request: UInt64, url: String, FeedAnswer, Fault?)
        case feedChange(Int)
        case fault
        case arm(Step, Fault)
        case losePower
        case roomAgain
        case restart(process: Int)
        case crash(process: Int, run: Int)
        case drain(process: Int, run: Int)
        case resume(process: Int)
        case compact
        case askOfLetters
        case askOfRetention
        case switchFailure
        case stopReign
        case heal
        case clientSend(process: Int, run: Int)
    }

    /// What a process asked of the store, on its way there.
    struct Request {
        var process: Int
        var run: Int
        var tagged: TaggedOperation
        var step: Step
        var fault: Fault?
        /// Asked for when nothing went wrong any more.
        var isOfHealing: Bool
        /// Nil: nobody waits for the answer any more.
        var answerDelay: Int64?
        /// It happens though its process is dead.
        var mustLand = false
        var power: Int
    }

    enum EngineAnswer {
        case worker(Worker.Event)
        case merger(Merger.Event)
    }
}
