import Storage
import Wire

/// Where in the work of a machine a fault can strike: what it asks of the store, of the engine or of a feed's server, what
/// it saves, what it says.
package enum Step: Int, CaseIterable, Sendable {
    // A coordinator takes over.
    case termsList, termProbe, heartbeatWatch, termCreate, manifestsList, manifestProbe, endsProbe, logCount, endsWrite
    case reignLook, firstManifestWrite, stateRead, pageRead, ledgerIndexRead, replayRead
    // It reigns.
    case heartbeatWrite, heartbeatLook, leaseLook
    case logWrite, logReadBack, logLook
    case routerRead
    case ledgerRead, stateWrite, ledgerWrite, pageWrite, manifestWrite, publishReadBack, publishLook
    // It collects.
    case recordsList, recordRead, recordWrite, keptManifestRead, keptPageRead, keptLedgerRead, collectorList,
        collectorLook
    case segmentDelete, pageDelete, stateDelete, ledgerDelete, logDelete, manifestDelete, recordDelete
    // It erases.
    case eraseList, eraseRead, eraseLook, emptyWrite, emptySync, erasedWrite
    // Workers and mergers.
    case trial, lookUp, build, overlayUpload, overlayReadBack
    // What ends a worker.
    case quarantineRead, poison, letterWrite
    case search, mergeRun, mergeOutput, mergedUpload, mergedReadBack
    // The fetcher.
    case attemptSave, feedRequest, pollSave, pollStatesList, pollStateRead, pollStateWrite, pollStateDelete
    // Messages, each when it is sent.
    case put, fetcherPut, accepted, fetcherAccepted, batchRefused, compact, compacted
    case join, joined, touch, touched, credit, lease, revoke, articles, sealed, published, reportRefused
    case merge, merged, mergeFailed, purge, find, found, leave, errorMessage
    case kept, share, recall, returned
    /// What this table does not know. It must stay empty.
    case unknown

    enum Kind {
        case list
        case read
        case create
        case put
        case delete
        case engine
        case feed
        case save
        case message
        case unknown
    }

    var kind: Kind {
        switch self {
        case .termsList, .manifestsList, .recordsList, .collectorList, .eraseList, .pollStatesList: .list
        case .termProbe, .heartbeatWatch, .manifestProbe, .endsProbe, .logCount, .reignLook, .stateRead, .pageRead,
            .ledgerIndexRead, .ledgerRead, .keptLedgerRead, .quarantineRead, .replayRead, .heartbeatLook, .leaseLook,
            .logReadBack,
            .logLook, .routerRead, .publishReadBack, .publishLook,
            .recordRead, .keptManifestRead, .keptPageRead, .collectorLook, .eraseRead, .eraseLook, .overlayReadBack,
            .mergedReadBack, .pollStateRead:
            .read
        case .termCreate, .endsWrite, .firstManifestWrite, .logWrite, .stateWrite, .ledgerWrite, .pageWrite,
            .manifestWrite, .emptySync, .erasedWrite, .letterWrite, .overlayUpload, .mergedUpload, .pollStateWrite:
            .create
        case .heartbeatWrite, .recordWrite, .emptyWrite: .put
        case .segmentDelete, .pageDelete, .stateDelete, .ledgerDelete, .logDelete, .manifestDelete, .recordDelete,
            .pollStateDelete:
            .delete
        case .trial, .lookUp, .build, .search, .mergeRun, .mergeOutput: .engine
        case .feedRequest: .feed
        case .attemptSave, .pollSave: .save
        case .poison, .put, .fetcherPut, .accepted, .fetcherAccepted, .batchRefused, .compact, .compacted, .join,
            .joined,
            .touch, .touched, .credit, .lease, .revoke, .articles, .sealed, .published, .reportRefused, .merge,
            .merged, .mergeFailed, .purge, .find, .found, .leave, .errorMessage, .kept, .share, .recall, .returned:
            .message
        case .unknown: .unknown
        }
    }

    /// Seldom reached: a fault waits for them from the start.
    static let rare: [Step] = [
        .stateRead, .pageRead, .logReadBack, .pageWrite, .publishReadBack, .recordRead, .keptPageRead, .pageDelete,
        .stateDelete,
        .ledgerDelete, .recordDelete, .letterWrite, .overlayReadBack, .mergedReadBack, .batchRefused, .reportRefused,
        .mergeFailed,
        .leave, .errorMessage, .recall, .returned, .pollStateRead, .pollStateWrite, .pollStateDelete, .ledgerIndexRead,
        .ledgerRead, .keptLedgerRead, .quarantineRead, .poison, .trial,
    ]

    /// Asks only whether an object is there.
    var isLook: Bool {
        switch self {
        case .logCount, .reignLook, .heartbeatLook, .leaseLook, .logLook, .publishLook, .collectorLook, .eraseLook: true
        default: false
        }
    }

    /// Of worlds in which much is collected.
    static let ofCollection: [Step] = [
        .segmentDelete, .ledgerDelete, .logDelete, .manifestDelete, .recordRead, .recordWrite, .pageRead,
        .keptPageRead, .keptManifestRead,
    ]

    /// What comes only after all that.
    static let deepInCollection: [Step] = [.pageDelete, .stateDelete, .recordDelete]

    /// Reached only once something is published.
    static let late: Set<Step> = [
        .stateWrite, .ledgerWrite, .manifestWrite, .publishLook, .recordsList, .recordWrite, .keptManifestRead,
        .collectorList, .collectorLook, .segmentDelete, .logDelete, .manifestDelete, .eraseList, .eraseRead, .eraseLook,
        .emptyWrite, .emptySync, .erasedWrite, .search, .build, .overlayUpload, .mergeRun, .mergeOutput, .mergedUpload,
        .compact, .compacted, .revoke, .sealed, .published, .merge, .merged, .purge, .find, .found,
    ]

    /// Faults that lead to steps which hardly come otherwise: what is read back if it is not known whether it was written, what
    /// is said of work that failed.
    static let consequences: [(Step, Fault, Step)] = [
        (.mergedUpload, .lostAnswer, .mergedReadBack), (.overlayUpload, .lostAnswer, .overlayReadBack),
        (.logWrite, .lostAnswer, .logReadBack), (.manifestWrite, .lostAnswer, .publishReadBack),
        (.mergeRun, .refused, .mergeFailed), (.search, .refused, .mergeFailed),
    ]

    /// Reached in time in few worlds, or once in a world: how likely a fault waits there, in a thousand.
    static let seldom: [(Step, Int)] = [
        (.pageWrite, 300), (.compacted, 200), (.leave, 300), (.emptyWrite, 200), (.emptySync, 250), (.erasedWrite, 100),
    ]

    static let ofErasure: [Step] = [
        .eraseList, .eraseRead, .eraseLook, .emptyWrite, .emptySync, .erasedWrite, .search, .find, .found, .purge,
    ]

    /// As in the table: words with dashes.
    package var name: String {
        "\(self)".reduce(into: "") { name, letter in
            name += letter.isUppercase ? "-" + letter.lowercased() : String(letter)
        }
    }

    // MARK: What it is

    init(_ tagged: TaggedOperation) {
        let operation = tagged.operation
        let folder = operation.name.prefix { $0 != "/" }
        self =
            switch tagged.tag.owner {
            case .reign, .reignAhead: Self.takeOver(operation, folder)
            case .heartbeat: .heartbeatWrite
            case .heartbeatLook: .heartbeatLook
            case .leaseLook: .leaseLook
            case .log: Self.pick(operation, create: Self.logging(operation), get: .logReadBack, size: .logLook)
            case .router: .routerRead
            case .quarantine: .quarantineRead
            case .manifest: Self.publishing(operation, folder)
            case .collector: Self.collecting(operation, folder)
            case .eraser: Self.erasing(operation)
            case .worker: Self.pick(operation, create: .overlayUpload, get: .overlayReadBack, size: .unknown)
            case .merger: Self.pick(operation, create: .mergedUpload, get: .mergedReadBack, size: .unknown)
            case .fetcher: Self.handingOver(operation)
            }
    }

    private static func pick(_ operation: BucketOperation, create: Step, get: Step, size: Step) -> Step {
        switch operation {
        case .create: create
        case .get: get
        case .size: size
        case .put, .list, .delete: .unknown
        }
    }

    private static func handingOver(_ operation: BucketOperation) -> Step {
        switch operation {
        case .list: .pollStatesList
        case .get: .pollStateRead
        case .create: .pollStateWrite
        case .delete: .pollStateDelete
        case .put, .size: .unknown
        }
    }

    private static func takeOver(_ operation: BucketOperation, _ folder: Substring) -> Step {
        switch (operation, folder) {
        case (.list, "terms"): .termsList
        case (.list, "manifests"): .manifestsList
        case (.get, "terms"): .termProbe
        case (.get, "heartbeats"): .heartbeatWatch
        case (.get, "manifests"): .manifestProbe
        case (.get, "state"): .stateRead
        case (.get, "pages"): .pageRead
        case (.get, "ledger"): .ledgerIndexRead
        case (.get(let name, _), "log"): name.hasSuffix("/0000000000000000") ? .endsProbe : .replayRead
        case (.size, "log"): .logCount
        case (.size, "terms"): .reignLook
        case (.create, "terms"): .termCreate
        case (.create, "log"): .endsWrite
        case (.create, "manifests"): .firstManifestWrite
        default: .unknown
        }
    }

    private static func publishing(_ operation: BucketOperation, _ folder: Substring) -> Step {
        switch (operation, folder) {
        case (.create, "state"): .stateWrite
        case (.create, "ledger"): .ledgerWrite
        case (.create, "pages"): .pageWrite
        case (.create, "manifests"): .manifestWrite
        // An object of its own is read back only under a name that nobody else writes.
        case (.get, "ledger"): .ledgerRead
        case (.get, _): .publishReadBack
        case (.size, "terms"): .publishLook
        default: .unknown
        }
    }

    /// What the coordinator decides is a batch without a client.
    private static func logging(_ operation: BucketOperation) -> Step {
        guard case .create(_, let bytes) = operation else { return .unknown }
        do {
            for batch in try LogObject(decoding: bytes).batches where batch.client.isEmpty {
                switch batch.entries.first {
                case .erased: return .erasedWrite
                case .deadLetter: return .letterWrite
                default: continue
                }
            }
            return .logWrite
        } catch { return .unknown }
    }

    private static func erasing(_ operation: BucketOperation) -> Step {
        switch operation {
        case .list: .eraseList
        case .get: .eraseRead
        case .size: .eraseLook
        case .put: .emptyWrite
        case .create: .emptySync
        case .delete: .unknown
        }
    }

    private static func collecting(_ operation: BucketOperation, _ folder: Substring) -> Step {
        switch (operation, folder) {
        case (.list, "collection"): .recordsList
        case (.list, _): .collectorList
        case (.get, "collection"): .recordRead
        case (.get, "manifests"): .keptManifestRead
        case (.get, "pages"): .keptPageRead
        case (.get, "ledger"): .keptLedgerRead
        case (.put, "collection"): .recordWrite
        case (.size, "terms"): .collectorLook
        case (.delete, "segments"): .segmentDelete
        case (.delete, "pages"): .pageDelete
        case (.delete, "state"): .stateDelete
        case (.delete, "ledger"): .ledgerDelete
        case (.delete, "log"): .logDelete
        case (.delete, "manifests"): .manifestDelete
        case (.delete, "collection"): .recordDelete
        default: .unknown
        }
    }

    init(_ message: Message, isFetcher: Bool) {
        self =
            switch message {
            case .put: isFetcher ? .fetcherPut : .put
            case .accepted: isFetcher ? .fetcherAccepted : .accepted
            case .refusedBatch: .batchRefused
            case .compact: .compact
            case .compacted: .compacted
            case .join: .join
            case .joined: .joined
            case .touch: .touch
            case .touched: .touched
            case .credit: .credit
            case .lease: .lease
            case .revoke: .revoke
            case .articles: .articles
            case .sealed: .sealed
            case .poison: .poison
            case .published: .published
            case .refused: .reportRefused
            case .merge(let job): job.output == .purged ? .purge : .merge
            case .merged: .merged
            case .mergeFailed: .mergeFailed
            case .find, .scan: .find
            case .found, .scanned: .found
            case .drain: .leave
            case .error: .errorMessage
            case .kept: .kept
            case .share: .share
            case .recall: .recall
            case .returned: .returned
            default: .unknown
            }
    }
}
