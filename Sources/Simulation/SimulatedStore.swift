import Engine
import News
import Storage

/// The bucket of a simulated world: objects by name, and a shadow of the whole log, so that properties can be checked
/// against what a collector has deleted since.
///
/// A create is there for all to see as soon as it has happened, and survives a loss of power only when its maker was told, or
/// when anything else in its folder was made durable: as link and fsync of a folder bucket. What is deleted may come back.
struct SimulatedStore {
    private(set) var objects: [String: [UInt8]] = [:]
    private(set) var everLog: [LogObject] = []
    /// By name: whose texts stand in the log's objects as they are now.
    private(set) var logTexts: [String: (id: LogObject.ID, articles: [DocumentID])] = [:]
    /// The segments among the objects, as the engine reads them.
    let segments = MemoryByteSource(isFleeting: true)
    var isFull = false

    /// Names in order, by first word: most of what is asked for is a list of one folder.
    private var folders: [Substring: [String]] = [:]
    private var createdAt: [String: Int64] = [:]
    private var unsynced: Set<String> = []
    private var deletions: [(at: Int64, name: String, bytes: [UInt8])] = []
    private var overwritten: [String: (at: Int64, bytes: [UInt8])] = [:]
    /// Names in `everLog`. What was collected and came back, by a late request or as an empty one, is not written there again.
    private var everLogNames: Set<String> = []
    private(set) var collectedLogNames: Set<String> = []

    /// How far a list may lag.
    private let staleMilliseconds: Int64
    private let isDurableAtOnce: Bool
    /// How long a deletion or an overwriting may be lost with the power.
    static let unsyncedMilliseconds: Int64 = 5000

    /// - Parameter wallFactor: how much faster the machines' wall clocks run. A list that lags by an hour of theirs could miss
    ///   the newest of more generations than are kept in line.
    /// - Parameter isDurableAtOnce: whether what is done is safe from a loss of power, as in an object store.
    init(wallFactor: Int64, isDurableAtOnce: Bool) {
        staleMilliseconds = 1_200_000 / wallFactor
        self.isDurableAtOnce = isDurableAtOnce
    }

    /// - Throws: if a machine wrote a log object that cannot be read.
    mutating func perform(_ operation: BucketOperation, now: Int64, isStale: Bool = false) throws -> BucketResult {
        switch operation {
        case .put(let name, let bytes):
            if isFull { return Self.full(name) }
            if let old = objects[name] { overwritten[name] = (now, old) }
            try place(name, bytes, now)
            return .done
        case .create(let name, let bytes):
            // An object store that is full may hide that a name is taken; a folder looks first.
            if isFull, isDurableAtOnce || objects[name] == nil { return Self.full(name) }
            if objects[name] != nil {
                synced(name)
                return .exists
            }
            let object = try place(name, bytes, now)
            if !isDurableAtOnce { unsynced.insert(name) }
            if let object, everLogNames.insert(name).inserted { everLog.append(object) }
            return .done
        case .get(let name, let range):
            guard let bytes = objects[name] else { return .missing }
            guard let range else { return .bytes(bytes) }
            let start = min(Int(range.offset), bytes.count)
            return .bytes(Array(bytes[start..<min(start + range.length, bytes.count)]))
        case .size(let name): return objects[name].map { .size(UInt64($0.count)) } ?? .missing
        case .list(let prefix, let after, let limit):
            var names = (folders[Self.folder(prefix)] ?? []).filter { $0.hasPrefix(prefix) && $0 > (after ?? "") }
            if isStale {
                names.removeAll { createdAt[$0, default: 0] > now - staleMilliseconds }
                let ghosts = deletions.filter {
                    $0.at > now - staleMilliseconds && $0.name.hasPrefix(prefix) && $0.name > (after ?? "")
                        && objects[$0.name] == nil
                }
                names = Set(names).union(ghosts.map(\.name)).sorted()
            }
            return .names(Array(names.prefix(limit)))
        case .delete(let name):
            if let bytes = objects[name] {
                deletions.append((now, name, bytes))
                if deletions.count > 200 { deletions.removeAll { $0.at < now - Self.unsyncedMilliseconds } }
                if name.hasPrefix("log/") { collectedLogNames.insert(name) }
            }
            remove(name)
            return .done
        }
    }

    static func full(_ name: String) -> BucketResult {
        .failed(BucketFailure(.full, name: name, message: "no space left"))
    }

    /// Whoever made it is told so: from here on it is durable, and all else in its folder.
    mutating func synced(_ name: String) {
        let folder = name.prefix(upTo: name.lastIndex(of: "/") ?? name.startIndex)
        func isElsewhere(_ name: String) -> Bool {
            name.prefix(upTo: name.lastIndex(of: "/") ?? name.startIndex) != folder
        }
        if !unsynced.isEmpty { unsynced = unsynced.filter(isElsewhere) }
        if overwritten.keys.contains(where: { !isElsewhere($0) }) {
            overwritten = overwritten.filter { isElsewhere($0.key) }
        }
    }

    /// A process that opens the folder syncs what an earlier one left.
    mutating func opened() {
        unsynced = []
        overwritten = [:]
    }

    /// Power fails: what was not durable may be gone.
    ///
    /// - Returns: the names of what vanished.
    mutating func losePower(now: Int64, _ random: inout SeededRandom) throws -> [String] {
        if isDurableAtOnce { return [] }
        let vanished = unsynced.sorted().filter { _ in random.chance(500) }
        unsynced = []
        for name in vanished { remove(name) }
        let gone = Set(vanished)
        let lost = gone.intersection(everLogNames).subtracting(collectedLogNames)
        everLogNames.subtract(lost)
        everLog.removeAll { lost.contains($0.name) }
        for (at, name, bytes) in deletions
        where at > now - Self.unsyncedMilliseconds && objects[name] == nil && !gone.contains(name) {
            if random.chance(500) { try place(name, bytes, at) }
        }
        for (name, old) in overwritten.sorted(by: { $0.key < $1.key }) where old.at > now - Self.unsyncedMilliseconds {
            if objects[name] != nil, random.chance(500) { try place(name, old.bytes, old.at) }
        }
        overwritten = [:]
        return vanished
    }

    /// The first object of a term's log that is there and was never deleted before, if it lies before another.
    func firstOfLog(before name: String) -> String? {
        let names = folders["log", default: []]
        let folder = name.prefix(upTo: name.lastIndex(of: "/") ?? name.startIndex)
        return names[Self.index(of: String(folder), in: names)...].prefix { $0 < name }
            .first { !collectedLogNames.contains($0) }
    }

    // MARK: Objects

    private static func folder(_ name: String) -> Substring { name.prefix { $0 != "/" } }

    /// - Returns: what it is, if it belongs to the log.
    @discardableResult
    private mutating func place(_ name: String, _ bytes: [UInt8], _ now: Int64) throws -> LogObject? {
        let object = name.hasPrefix("log/") ? try LogObject(decoding: bytes) : nil
        if let object { logTexts[name] = (object.id, object.articlesOfTexts) }
        if name.hasPrefix("segments/") { segments.put(bytes, as: name) }
        guard objects.updateValue(bytes, forKey: name) == nil else { return object }
        createdAt[name] = now
        let folder = Self.folder(name)
        let index = Self.index(of: name, in: folders[folder, default: []])
        folders[folder, default: []].insert(name, at: index)
        return object
    }

    private mutating func remove(_ name: String) {
        guard objects.removeValue(forKey: name) != nil else { return }
        unsynced.remove(name)
        logTexts[name] = nil
        segments.remove(name)
        let folder = Self.folder(name)
        let index = Self.index(of: name, in: folders[folder, default: []])
        folders[folder, default: []].remove(at: index)
    }

    /// Where it is, or would be.
    private static func index(of name: String, in names: [String]) -> Int {
        var low = 0
        var high = names.count
        while low < high {
            let middle = (low + high) / 2
            if names[middle] < name { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
