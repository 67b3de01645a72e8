// A fetcher's side of the leases: which shares of the feeds it polls, how it gets their poll states and hands them over.
//
// Invariants
// 1. A share is polled only under a lease that no coordinator can have given to another: it is counted from when a TOUCH was
//    sent that was answered, and that is only answered by who still reigns (`mayAsk`).
// 2. A share is returned only after nothing of it is under way, and after its poll state is in the store, if the store takes it.
// 3. A poll state in the store is under a name of its own, `feeds/<share>.<epoch>`, and is taken only by who holds a later lease
//    of the share; a state of our own that is newer is kept.
// 4. Losing a poll state costs polls in full and articles that come twice, never an article.

import ByteCoding
package import News
package import Storage
package import Wire

package struct ShareHolder: Sendable {
    package enum Event: Sendable {
        case connected
        case disconnected
        case message(Message)
        case tick
        case completed(OperationTag, BucketResult)
        /// Its feeds are polled from now on.
        case taken(FeedShare)
        /// Nothing of it is under way any more; its poll state.
        case released(FeedShare, state: [UInt8])
        case drain
    }

    package enum Action: Equatable, Sendable {
        case send(Message)
        case reconnect
        case operation(TaggedOperation)
        /// Poll it, under this epoch; answered by `taken`. With the poll state of who held it before, if there is one.
        case take(FeedShare, ShardEpoch, state: [UInt8]?)
        /// It is polled already, and goes on under this epoch.
        case renew(FeedShare, ShardEpoch)
        /// Nothing new of it; answered by `released`.
        case release(FeedShare)
        /// Another may poll it: whatever is under way no longer counts.
        case drop(FeedShare)
        case drained
        case note(String)
    }

    private enum Stage: Equatable {
        case disconnected
        case joining
        case joined
        case over
    }

    /// What the store is asked for.
    private enum Errand: Equatable {
        case look
        case read(FeedShare, name: String)
        case write(FeedShare, ShardEpoch)
        case clean
    }

    /// Where the poll state is of a share that we were given.
    private enum Search: Equatable {
        case unknown
        case at(name: String)
        case nowhere
    }

    private struct Held {
        var epoch: ShardEpoch
        /// Given by the coordinator that we are joined to.
        var isCurrent = true
        /// Its poll state is where it belongs.
        var isTaken = false
        var isRecalled = false
        /// Nothing new of it begins.
        var isLeaving = false
        var isReleased = false
    }

    /// Touches in the time of a lease.
    static let touchCount: Int64 = 4
    /// Recalled shares that are released at the same time: their poll states are in memory until they are in the store.
    static let releaseLimitCount = 4
    /// So often the store is asked; then a share is taken or returned without its poll state.
    static let tryLimitCount = 6
    /// Kept between the end of a lease, as we count it, and the last request.
    static let marginMilliseconds: Int64 = 200

    private let instance: Instance
    private var stage = Stage.disconnected
    private var isDraining = false
    private var actions: [Action] = []
    private var held = ShareMap<Held>()
    /// Poll states in our own file, by the epochs under which they were written.
    private var kept: [FeedShare: ShardEpoch]
    private var call = StoreCall(owner: .fetcher, tryLimitCount: tryLimitCount)
    private var errand: Errand?
    /// Poll states in the store that nobody needs any more.
    private var garbage: [String] = []
    /// Shares that wait for their poll states.
    private var searches: [FeedShare: Search] = [:]
    /// Poll states to be handed over.
    private var outgoing: [(share: FeedShare, state: [UInt8])] = []
    private var nextTouch: Int64 = 0
    private var lastHeard: Int64 = 0
    private var leaseMilliseconds: Int64 = 10_000
    /// When the TOUCHes were sent that were not answered yet.
    private var unanswered: ArraySlice<Int64> = []
    private var leaseEnd = Int64.min
    /// Of leases of an earlier connection.
    private var staleEnd = Int64.min

    /// - Parameter kept: what the file of poll states says of itself.
    package init(instance: Instance, kept: [FeedShare: ShardEpoch]) {
        self.instance = instance
        self.kept = kept
    }

    /// For whoever wonders why a share is not polled.
    package var detail: String {
        let waiting = FeedShare.all.first { held[$0]?.isTaken == false }.map { "\($0.index): \(held[$0]!)" }
        return
            "\(stage), errand \(String(describing: errand)), searches \(searches.count), waiting \(waiting ?? "none")"
    }

    /// Shares that are polled.
    package var shares: [FeedShare] { FeedShare.all.filter { held[$0]?.isTaken == true } }

    /// Whether a request may go out now.
    package func mayAsk(now: Moment) -> Bool {
        stage == .joined && now.milliseconds + Self.marginMilliseconds < leaseEnd && held.values.allSatisfy(\.isCurrent)
    }

    package mutating func handle(_ event: Event, now: Moment) -> [Action] {
        guard stage != .over else { return [] }
        switch event {
        case .connected:
            stage = .joining
            lastHeard = now.milliseconds
            leave()
            for (share, epoch) in kept.sorted(by: { $0.key < $1.key }) {
                actions.append(.send(.kept(share: share, epoch: epoch)))
            }
            actions.append(.send(.join(instance: instance)))
        case .disconnected:
            stage = .disconnected
            leave()
            if isDraining { end() }
        case .message(let message):
            lastHeard = now.milliseconds
            receive(message, now: now)
        case .tick: tick(now: now)
        case .completed(let tag, let result): completed(tag, result, now: now)
        case .taken(let share): held[share]?.isTaken = true
        case .released(let share, let state):
            guard let lease = held[share], lease.isLeaving, !lease.isReleased else { break }
            held[share]?.isReleased = true
            outgoing.append((share, state))
        case .drain:
            isDraining = true
            if stage == .joined { actions.append(.send(.drain)) } else { end() }
        }
        if stage != .over { move() }
        defer { actions = [] }
        return actions
    }

    // MARK: The coordinator

    private mutating func receive(_ message: Message, now: Moment) {
        switch message {
        case .joined(_, _, let leaseMilliseconds, _):
            self.leaseMilliseconds = Int64(leaseMilliseconds)
            stage = .joined
            touch(now: now)
            if isDraining { actions.append(.send(.drain)) }
        case .touched: answered()
        case .share(let share, let epoch): given(share, epoch)
        case .recall(let share, let epoch):
            guard held[share]?.epoch == epoch, held[share]?.isRecalled == false else { return }
            held[share]?.isRecalled = true
            // One that is taken is released in its turn; of one that was never polled there is nothing to hand over.
            guard held[share]?.isTaken == false else { return }
            searches[share] = nil
            held[share] = nil
            actions.append(.send(.returned(share: share, epoch: epoch)))
        case .drain: end()
        case .error(let code, let text):
            actions.append(.note("coordinator: \(code.rawValue) \(text)"))
            rejoin()
        default: rejoin()
        }
    }

    private mutating func answered() {
        guard let sent = unanswered.popFirst() else { return }
        leaseEnd = sent + leaseMilliseconds
    }

    private mutating func given(_ share: FeedShare, _ epoch: ShardEpoch) {
        outgoing.removeAll { $0.share == share }
        guard let lease = held[share], lease.isTaken, !lease.isReleased else {
            held[share] = Held(epoch: epoch)
            searches[share] = .unknown
            return
        }
        held[share] = Held(epoch: epoch, isTaken: !lease.isLeaving)
        kept[share] = epoch
        if lease.isLeaving {
            // It was about to go, for an earlier coordinator.
            actions += [.drop(share), .take(share, epoch, state: nil)]
        } else {
            actions.append(.renew(share, epoch))
        }
    }

    private mutating func tick(now: Moment) {
        if stage == .joined, now.milliseconds >= nextTouch { touch(now: now) }
        if stage != .disconnected, now.milliseconds - lastHeard > leaseMilliseconds { rejoin() }
        if now.milliseconds > staleEnd {
            for share in FeedShare.all where held[share]?.isCurrent == false { lose(share) }
        }
        if let again = call.due(now: now) { actions.append(.operation(again)) }
    }

    private mutating func touch(now: Moment) {
        nextTouch = now.milliseconds + leaseMilliseconds / Self.touchCount
        unanswered.append(now.milliseconds)
        actions.append(.send(.touch))
    }

    private mutating func lose(_ share: FeedShare) {
        if held[share]?.isTaken == true { actions.append(.drop(share)) }
        held[share] = nil
        searches[share] = nil
        outgoing.removeAll { $0.share == share }
    }

    private mutating func rejoin() {
        stage = .disconnected
        leave()
        actions.append(.reconnect)
        if isDraining { end() }
    }

    /// What was given over this connection may be given to another, but not before its lease ends.
    private mutating func leave() {
        unanswered = []
        if held.values.contains(where: \.isCurrent) { staleEnd = leaseEnd }
        // Who answers at the other end next may be one that slept and reigns no more: nothing is asked under its leases before it
        // answers a TOUCH.
        leaseEnd = .min
        for share in FeedShare.all { held[share]?.isCurrent = false }
    }

    private mutating func end() {
        stage = .over
        actions.append(.drained)
    }

    // MARK: Poll states

    /// One errand at a time: writes the poll states of shares that go, looks where those of new shares are, reads them.
    private mutating func move() {
        releaseNext()
        guard errand == nil else { return }
        outgoing.removeAll { held[$0.share]?.isReleased != true }
        if let (share, state) = outgoing.first, let lease = held[share] {
            begin(.write(share, lease.epoch), .create(name: ObjectName.pollState(share, lease.epoch), bytes: state))
        } else if searches.values.contains(.unknown) {
            begin(.look, .list(prefix: "feeds/", after: nil, limit: Self.listLimitCount))
        } else if let (share, search) = searches.min(by: { $0.key < $1.key }) {
            guard case .at(let name) = search else {
                _ = take(share, nil)
                return move()
            }
            begin(.read(share, name: name), .get(name: name, range: nil))
        } else if let name = garbage.popLast() {
            begin(.clean, .delete(name: name))
        }
    }

    private mutating func releaseNext() {
        var room = Self.releaseLimitCount - held.values.count(where: \.isLeaving)
        for share in FeedShare.all where room > 0 {
            guard let lease = held[share], lease.isRecalled, lease.isCurrent, !lease.isLeaving else { continue }
            held[share]?.isLeaving = true
            actions.append(.release(share))
            room -= 1
        }
    }

    private mutating func begin(_ errand: Errand, _ operation: BucketOperation) {
        self.errand = errand
        actions.append(.operation(call.start(operation)))
    }

    private mutating func completed(_ tag: OperationTag, _ result: BucketResult, now: Moment) {
        guard let (_, result) = call.handle(tag, result, now: now), let done = errand else { return }
        errand = nil
        switch done {
        case .look:
            guard case .names(let names) = result else {
                actions.append(.note("the store cannot be listed: feeds are polled in full"))
                for share in searches.keys { searches[share] = .nowhere }
                return
            }
            found(names)
        case .read(let share, let name):
            guard searches[share] == .at(name: name) else { return }
            guard case .bytes(let state) = result else {
                actions.append(.note("the poll state \(name) cannot be read: its feeds are polled in full"))
                _ = take(share, nil)
                return
            }
            // What was not taken, because the lease ended meanwhile, is for who gets the share next.
            if take(share, state) { garbage.append(name) }
        case .write(let share, let epoch):
            guard let lease = held[share], lease.epoch == epoch, lease.isReleased else { return }
            // Nobody else writes that name: it is an earlier try of ours.
            if result != .done, result != .exists {
                actions.append(.note("the poll state of share \(share.index) cannot be handed over: \(result)"))
            }
            held[share] = nil
            actions.append(.drop(share))
            if lease.isCurrent { actions.append(.send(.returned(share: share, epoch: epoch))) }
        // What stays is found by the next who looks.
        case .clean: return
        }
    }

    /// Of each share the newest that was written before our lease; older ones nobody needs.
    private mutating func found(_ names: [String]) {
        var newest: [FeedShare: (epoch: ShardEpoch, name: String)] = [:]
        for name in names {
            guard let (share, epoch) = ObjectName.share(ofPollState: name), searches[share] == .unknown,
                let lease = held[share], epoch < lease.epoch
            else { continue }
            guard epoch > max(kept[share] ?? Self.noEpoch, newest[share]?.epoch ?? Self.noEpoch) else {
                garbage.append(name)
                continue
            }
            if let older = newest[share] { garbage.append(older.name) }
            newest[share] = (epoch, name)
        }
        for (share, search) in searches where search == .unknown {
            searches[share] = newest[share].map { .at(name: $0.name) } ?? .nowhere
        }
    }

    /// - Returns: whether it is ours still.
    private mutating func take(_ share: FeedShare, _ state: [UInt8]?) -> Bool {
        searches[share] = nil
        guard let lease = held[share], lease.isCurrent, !lease.isRecalled else { return false }
        kept[share] = lease.epoch
        actions.append(.take(share, lease.epoch, state: state))
        return true
    }

    /// More than there can be: one for each share, and what could not be deleted.
    private static let listLimitCount = 10_000
    private static let noEpoch = ShardEpoch(term: .none, counter: 0)
}
