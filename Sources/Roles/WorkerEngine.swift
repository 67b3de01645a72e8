import Cluster
import Engine
import Foundation
import News
import Storage
import Synchronization

/// What a worker's machine asks of the engine, against the newest snapshot of a bucket.
///
/// Articles are taken in at once. What reads the store may take longer than a lease, and runs on a thread of its own, so that
/// the machine goes on touching; a draft that is given up meanwhile is left to that thread, and what it tells is ignored.
///
/// Confined to one thread.
final class WorkerEngine {
    private final class Draft: Sendable {
        let number: Int
        let draft: Mutex<SegmentDraft>

        init(number: Int, settings: Settings) {
            self.number = number
            let draft = SegmentDraft(memoryBudgetBytes: WorkerEngine.builderBudgetBytes)
            draft.use(settings)
            self.draft = Mutex(draft)
        }
    }

    /// Of real news 48 MiB of records, at which the machine seals, take 200 to 300 MB; of words that are all different ten times as much.
    static let builderBudgetBytes = 512 << 20
    /// Pieces of key runs, on an object store: of some four million articles.
    static let cacheBytes = 64 << 20
    private static let stackBytes = 16 << 20

    private let loader: SnapshotLoader
    private let tell: @Sendable (Int, Worker.Event) -> Void
    private let damage: StoreDamage
    private(set) var settings = Settings()
    private var current: Draft
    private var isAway = false
    /// Whether the draft is to be sealed, because of the memory it takes.
    private(set) var isOverBudget = false

    /// - Parameters:
    ///   - damage: told of objects that are wrong or not there.
    ///   - tell: told on another thread of what was looked up or built; what it is given goes to `returned`.
    init(_ bucket: any Bucket, damage: StoreDamage, tell: @escaping @Sendable (Int, Worker.Event) -> Void) {
        self.damage = damage
        loader = SnapshotLoader(bucket, for: .keys, cache: .keys(Self.cacheBytes))
        self.tell = tell
        current = Draft(number: 0, settings: settings)
    }

    func use(_ settings: Settings) {
        self.settings = settings
        renew()
    }

    func discard() {
        isOverBudget = false
        if isAway { renew() } else { current.draft.withLock { $0.discard() } }
    }

    private func renew() {
        current = Draft(number: current.number + 1, settings: settings)
        isAway = false
        isOverBudget = false
    }

    /// Requires that nothing of this draft is being looked up or built.
    func index(_ article: LoggedArticle) throws {
        precondition(!isAway, "an article for a draft that is being sealed")
        Step.dieOf(article.key)
        isOverBudget = try current.draft.withLock {
            try $0.index(article)
            return $0.isOverBudget
        }
    }

    /// Finds the live version of each key in the newest snapshot and the own segments it does not include.
    func lookUp(_ keys: [ArticleKey], atLeast: Generation, own: [Worker.Own], for seal: UInt64) {
        away { [loader, settings, damage] draft in
            do {
                let loaded = try loader.newest(atLeast: atLeast)
                let generation = loaded?.manifest.generation ?? .none
                guard generation >= atLeast else {
                    throw EngineError(
                        .io, "the store shows generation \(generation.number), but \(atLeast.number) was published")
                }
                let left = own.notIncluded(in: loaded?.manifest)
                let references = (loaded?.segments ?? []) + left.map(\.segment)
                loader.forget(except: references)
                let snapshot = loader.keys(of: references, settingsHash: settings.hash)
                let found = try draft.lookUp(keys, in: snapshot).map {
                    $0.map { Worker.Found(version: $0.version, orderTime: $0.orderTime, source: $0.source ?? "") }
                }
                damage.clear()
                return .lookedUp(seal: seal, found, in: generation, notIncluded: left)
            } catch {
                damage.note(error)
                loader.source.forgetCached()
                return .engineFailed(seal: seal, "\(error)")
            }
        }
    }

    func build(dropped: [Int], kills: [Kill], for seal: UInt64) {
        away { [loader] draft in
            do {
                let built = try draft.seal(dropped: dropped, kills: kills)
                return .built(seal: seal, built.reference(attempt: Attempt(term: .none, number: 0)), built.bytes)
            } catch {
                loader.source.forgetCached()
                return .engineFailed(seal: seal, "\(error)")
            }
        }
    }

    /// What was told of came.
    func returned(_ number: Int) { if number == current.number { isAway = false } }

    private func away(_ work: @escaping @Sendable (SegmentDraft) -> Worker.Event) {
        isAway = true
        isOverBudget = false
        let thread = Thread { [current, tell] in tell(current.number, current.draft.withLock { work($0) }) }
        thread.name = "coranto.seal"
        thread.stackSize = Self.stackBytes
        thread.start()
    }
}
