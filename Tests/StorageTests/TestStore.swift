import ByteCoding
import News
import Storage

/// A bucket in memory that does what it is told at once.
final class TestStore {
    var objects: [String: [UInt8]] = [:]
    /// Names of all that was created or was found to exist: durable from then on, in this order.
    private(set) var settled: [String] = []

    func perform(_ operation: BucketOperation) -> BucketResult {
        switch operation {
        case .put(let name, let bytes):
            objects[name] = bytes
            return .done
        case .create(let name, let bytes):
            settled.append(name)
            guard objects[name] == nil else { return .exists }
            objects[name] = bytes
            return .done
        case .get(let name, _): return objects[name].map { .bytes($0) } ?? .missing
        case .size(let name): return objects[name].map { .size(UInt64($0.count)) } ?? .missing
        case .list(let prefix, let after, let limit):
            return .names(
                Array(objects.keys.filter { $0.hasPrefix(prefix) && $0 > (after ?? "") }.sorted().prefix(limit)))
        case .delete(let name):
            objects[name] = nil
            return .done
        }
    }
}

func moment(_ milliseconds: Int64) -> Moment {
    Moment(milliseconds: milliseconds, wall: Timestamp(milliseconds: 1_700_000_000_000 + milliseconds))
}

/// Runs one coordinator's take-over against a store, one operation after another.
final class ReignDriver {
    let store: TestStore
    var reign: Reign
    var now: Int64 = 0
    private(set) var events: [Reign.Output] = []
    /// Operations that are neither done nor answered until `release`.
    var holds: (BucketOperation) -> Bool = { _ in false }
    private(set) var held: [TaggedOperation] = []

    init(_ store: TestStore, instance: UInt64) {
        self.store = store
        reign = Reign(
            instance: Instance(instance), address: "h:\(instance)",
            empty: Manifest(settings: Settings(), sharding: Sharding(shardCount: 1, secret: 1)))
    }

    func start() { carryOut(reign.start(now: moment(now))) }

    func tick(after milliseconds: Int64) {
        now += milliseconds
        carryOut(reign.tick(now: moment(now)))
    }

    /// Does what was held, first of all `before`; the last first, if so.
    func release(lastFirst: Bool = false, before: () -> Void = {}) {
        let operations = lastFirst ? held.reversed() : held
        held = []
        holds = { _ in false }
        before()
        for tagged in operations {
            carryOut(reign.handle(tagged.tag, store.perform(tagged.operation), now: moment(now)))
        }
    }

    private func carryOut(_ outputs: [Reign.Output]) {
        var left = outputs[...]
        while let output = left.popFirst() {
            guard case .operation(let tagged) = output else {
                events.append(output)
                continue
            }
            if holds(tagged.operation) {
                held.append(tagged)
            } else {
                left += reign.handle(tagged.tag, store.perform(tagged.operation), now: moment(now))
            }
        }
    }

    var hasWon: Bool { events.contains(.won) }
    var replayed: [String] {
        events.compactMap { if case .replay(let object) = $0 { object.name } else { nil } }
    }
    var inherited: Manifest? {
        events.reversed().firstNonNil { if case .inherited(let head, _) = $0 { head.manifest } else { nil } }
    }
    var failure: String? {
        events.firstNonNil { if case .failed(let message) = $0 { message } else { nil } }
    }
}

extension Sequence {
    func firstNonNil<Value>(_ transform: (Element) -> Value?) -> Value? {
        for element in self { if let value = transform(element) { return value } }
        return nil
    }
}
