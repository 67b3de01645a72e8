import Glibc
package import News
import Synchronization

/// The named steps of every role: the places between which a process can die. Tests kill it at each
/// (`CORANTO_DIE_AT=step` or `step:count`), and nothing acknowledged may be lost.
package enum Step: String, CaseIterable, Sendable {
    case coordinatorTermCreated = "coordinator.term-created"
    case coordinatorEndsWritten = "coordinator.ends-written"
    case coordinatorFirstManifest = "coordinator.first-manifest"
    case coordinatorReigning = "coordinator.reigning"
    case coordinatorPutReceived = "coordinator.put-received"
    case coordinatorLogWriting = "coordinator.log-writing"
    case coordinatorLogWritten = "coordinator.log-written"
    case coordinatorAcknowledged = "coordinator.acknowledged"
    case coordinatorLeased = "coordinator.leased"
    case coordinatorArticlesSent = "coordinator.articles-sent"
    case coordinatorSealedReceived = "coordinator.sealed-received"
    case coordinatorManifestWriting = "coordinator.manifest-writing"
    case coordinatorManifestWritten = "coordinator.manifest-written"
    case coordinatorLedgerWriting = "coordinator.ledger-writing"
    case coordinatorLedgerWritten = "coordinator.ledger-written"
    case coordinatorPublishedTold = "coordinator.published-told"
    case coordinatorMergeSent = "coordinator.merge-sent"
    case coordinatorMergedReceived = "coordinator.merged-received"
    case coordinatorSearchSent = "coordinator.search-sent"
    case coordinatorFoundReceived = "coordinator.found-received"
    case coordinatorPurgeSent = "coordinator.purge-sent"
    case coordinatorLogEmptying = "coordinator.log-emptying"
    case coordinatorLogEmptied = "coordinator.log-emptied"
    case coordinatorEmptiedSynced = "coordinator.emptied-synced"
    case coordinatorErasedWriting = "coordinator.erased-writing"
    case coordinatorErasedWritten = "coordinator.erased-written"
    case coordinatorExpiredWriting = "coordinator.expired-writing"
    case coordinatorExpiredWritten = "coordinator.expired-written"
    case coordinatorManifestDeleting = "coordinator.manifest-deleting"
    case coordinatorManifestDeleted = "coordinator.manifest-deleted"
    case coordinatorObjectDeleting = "coordinator.object-deleting"
    case coordinatorObjectDeleted = "coordinator.object-deleted"
    case coordinatorLogDeleting = "coordinator.log-deleting"
    case coordinatorLogDeleted = "coordinator.log-deleted"
    case coordinatorRecordWriting = "coordinator.record-writing"
    case coordinatorRecordWritten = "coordinator.record-written"
    case coordinatorRecordDeleting = "coordinator.record-deleting"
    case coordinatorRecordDeleted = "coordinator.record-deleted"
    case coordinatorPoisonReceived = "coordinator.poison-received"
    case coordinatorLetterWriting = "coordinator.letter-writing"
    case coordinatorLetterWritten = "coordinator.letter-written"
    case workerJoined = "worker.joined"
    case workerLeased = "worker.leased"
    case workerIndexing = "worker.indexing"
    case workerLookingUp = "worker.looking-up"
    case workerBuilding = "worker.building"
    case workerUploading = "worker.uploading"
    case workerUploaded = "worker.uploaded"
    case workerSealedSent = "worker.sealed-sent"
    case workerTrying = "worker.trying"
    case workerPoisonSent = "worker.poison-sent"
    case mergerJoined = "merger.joined"
    case mergerMerging = "merger.merging"
    case mergerUploading = "merger.uploading"
    case mergerUploaded = "merger.uploaded"
    case mergerMergedSent = "merger.merged-sent"
    case mergerSearching = "merger.searching"
    case mergerFoundSent = "merger.found-sent"
    case fetcherJoined = "fetcher.joined"
    case fetcherAttemptSaved = "fetcher.attempt-saved"
    case fetcherAnswered = "fetcher.answered"
    case fetcherSending = "fetcher.sending"
    case fetcherAcknowledged = "fetcher.acknowledged"
    case fetcherStateSaved = "fetcher.state-saved"
    case fetcherHandingOver = "fetcher.handing-over"
    case fetcherTookOver = "fetcher.took-over"
    case ingestSending = "ingest.sending"
    case ingestSent = "ingest.sent"
    case ingestAcknowledged = "ingest.acknowledged"

    /// The article that ends whoever indexes it, for tests of quarantine (`CORANTO_DIE_OF=key`).
    private static let fatalKey: String? = {
        guard let raw = unsafe getenv("CORANTO_DIE_OF") else { return nil }
        return unsafe String(cString: raw)
    }()

    /// Says that this process is about to index an article.
    package static func dieOf(_ key: ArticleKey) {
        guard let fatalKey, key.hex == fatalKey else { return }
        kill(getpid(), SIGKILL)
    }

    /// What the environment asks for, read once.
    private static let fatal: (step: Step, count: Int)? = {
        guard let raw = unsafe getenv("CORANTO_DIE_AT") else { return nil }
        let parts = unsafe String(cString: raw).split(separator: ":")
        guard let name = parts.first, let step = Step(rawValue: String(name)) else { return nil }
        return (step, parts.count > 1 ? Int(parts[1]) ?? 1 : 1)
    }()

    private static let reached = Atomic<Int>(0)

    /// Says that this process is about to do, or has just done, what the step's name says.
    package static func reach(_ step: Step) {
        guard let fatal, fatal.step == step else { return }
        guard reached.add(1, ordering: .relaxed).newValue == fatal.count else { return }
        let said = Array("ends at \(step.rawValue)\n".utf8)
        // Safe: the array lives through the call. Whoever kills wants to know that it was here; if that cannot be said, it is killed
        // all the same.
        _ = unsafe write(STDERR_FILENO, said, said.count)
        kill(getpid(), SIGKILL)
    }
}
