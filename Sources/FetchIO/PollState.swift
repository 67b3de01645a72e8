import ByteCoding
package import Fetching
import Foundation
import GRDB
package import News

/// The fetcher's memory in one SQLite file: what it knows of each feed, and of each entry what it last said.
///
/// Losing the file costs full GETs and some duplicates, never an article. All writes are synchronous FULL: what is
/// recorded as acknowledged must not be forgotten by a power failure, or it would be sent again with a later first-seen
/// time.
package final class PollState: Sendable {
    /// Why the file cannot be used.
    package struct Failure: Error, Equatable, CustomStringConvertible {
        package var path: String
        package var message: String

        package var description: String {
            "the fetcher's state \(path) cannot be used: \(message); check room, rights and the disk, then start it again "
                + "(losing the file costs full fetches, never an article)"
        }
    }

    private let path: String
    private let database: DatabaseQueue

    /// - Parameter path: of the file; it is made if it is not there.
    package init(path: String) throws {
        var configuration = Configuration()
        // `together` holds a transaction open over several calls.
        configuration.allowsUnsafeTransactions = true
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA journal_mode = WAL")
            try database.execute(sql: "PRAGMA synchronous = FULL")
        }
        self.path = path
        database = try Self.told(path) {
            let database = try DatabaseQueue(path: path, configuration: configuration)
            try Self.migrator.migrate(database)
            return database
        }
    }

    private static func told<Value>(_ path: String, _ body: () throws -> Value) throws -> Value {
        do { return try body() } catch let error as DatabaseError {
            throw Failure(path: path, message: error.message ?? error.description)
        }
    }

    private func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try Self.told(path) { try database.writeWithoutTransaction(body) }
    }

    /// Durable when it returns; inside `together`, when that returns.
    private func write(_ body: (Database) throws -> Void) throws {
        try Self.told(path) {
            try database.writeWithoutTransaction { database in
                if database.isInsideTransaction { return try body(database) }
                try database.inTransaction(.immediate) {
                    try body(database)
                    return .commit
                }
            }
        }
    }

    /// What `body` saves becomes durable at once when this returns, by one sync of the disk; nothing of it if `body` throws.
    package func together(_ body: () throws -> Void) throws {
        try Self.told(path) { try database.writeWithoutTransaction { try $0.beginTransaction(.deferred) } }
        do { try body() } catch {
            try Self.told(path) { try database.writeWithoutTransaction { try $0.rollback() } }
            throw error
        }
        try Self.told(path) { try database.writeWithoutTransaction { try $0.commit() } }
    }

    package func close() throws { try database.close() }

    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { database in
            try database.execute(
                sql: """
                    CREATE TABLE feeds (
                        id INTEGER PRIMARY KEY,
                        url TEXT NOT NULL UNIQUE,
                        moved_to TEXT,
                        etag TEXT,
                        last_modified TEXT,
                        last_attempt INTEGER,
                        last_success INTEGER,
                        interval_ms INTEGER NOT NULL,
                        not_before INTEGER,
                        failure_count INTEGER NOT NULL,
                        unchanged_count INTEGER NOT NULL,
                        is_gone INTEGER NOT NULL
                    ) STRICT;
                    CREATE TABLE seen (
                        feed INTEGER NOT NULL REFERENCES feeds (id) ON DELETE CASCADE,
                        key BLOB NOT NULL,
                        content_hash BLOB NOT NULL,
                        first_seen INTEGER NOT NULL,
                        PRIMARY KEY (feed, key)
                    ) STRICT, WITHOUT ROWID;
                    """)
        }
        migrator.registerMigration("2") { database in
            try database.execute(
                sql: """
                    ALTER TABLE feeds ADD COLUMN last_full INTEGER;
                    ALTER TABLE feeds ADD COLUMN last_news INTEGER;
                    ALTER TABLE feeds ADD COLUMN last_error TEXT;
                    ALTER TABLE feeds ADD COLUMN news_gap_ms INTEGER NOT NULL DEFAULT 0;
                    ALTER TABLE feeds ADD COLUMN has_wrong_validators INTEGER NOT NULL DEFAULT 0;
                    CREATE TABLE robots (
                        origin TEXT PRIMARY KEY,
                        last_attempt INTEGER NOT NULL,
                        last_answer INTEGER,
                        text BLOB,
                        failure_count INTEGER NOT NULL,
                        failing_since INTEGER
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE holds (site TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
                    ALTER TABLE feeds DROP COLUMN not_before;
                    """)
        }
        migrator.registerMigration("3") { database in
            try database.execute(
                sql: """
                    CREATE TABLE shares (
                        share INTEGER PRIMARY KEY,
                        term INTEGER NOT NULL,
                        counter INTEGER NOT NULL
                    ) STRICT;
                    """)
        }
        return migrator
    }

    // MARK: Reading

    /// All feeds, by URL.
    package func feeds() throws -> [FeedState] {
        try read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM feeds ORDER BY url").map { Self.state($0) }
        }
    }

    package func feed(_ url: String) throws -> FeedState? {
        try read { database in
            try Row.fetchOne(database, sql: "SELECT * FROM feeds WHERE url = ?", arguments: [url]).map {
                Self.state($0)
            }
        }
    }

    /// What is remembered beside the feeds. Holds that are over at `now` are forgotten.
    package func web(now: Timestamp) throws -> WebMemory {
        try write { try $0.execute(sql: "DELETE FROM holds WHERE until <= ?", arguments: [now.milliseconds]) }
        return try read { database in
            let robots = try Row.fetchAll(database, sql: "SELECT * FROM robots ORDER BY origin").map { row in
                var state = RobotsState(
                    origin: row["origin"], lastAttempt: Timestamp(milliseconds: row["last_attempt"]))
                state.lastAnswer = Self.time(row, "last_answer")
                state.text = (row["text"] as Data?).map { Array($0) }
                state.failureCount = row["failure_count"]
                state.failingSince = Self.time(row, "failing_since")
                return state
            }
            let holds = try Row.fetchAll(database, sql: "SELECT * FROM holds ORDER BY site").map { row in
                SiteHold(site: row["site"], until: Timestamp(milliseconds: row["until"]))
            }
            return WebMemory(robots: robots, holds: holds)
        }
    }

    /// What is remembered of these entries of a feed, for those of which something is.
    package func known(_ keys: [ArticleKey], of url: String) throws -> [ArticleKey: SeenEntry] {
        try read { database in
            guard let id = try Int64.fetchOne(database, sql: "SELECT id FROM feeds WHERE url = ?", arguments: [url])
            else { return [:] }
            let statement = try database.cachedStatement(
                sql: "SELECT content_hash, first_seen FROM seen WHERE feed = ? AND key = ?")
            var known: [ArticleKey: SeenEntry] = [:]
            for key in keys {
                guard let row = try Row.fetchOne(statement, arguments: [id, Data(key.bytes)]) else { continue }
                let hash: Data = row[0]
                let firstSeen: Int64 = row[1]
                guard let digest = Digest256(bytes: [UInt8](hash)) else {
                    throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "content hash of \(hash.count) bytes")
                }
                known[key] = SeenEntry(
                    key: key, contentHash: digest, firstSeen: Timestamp(milliseconds: firstSeen))
            }
            return known
        }
    }

    /// Everything that is remembered of a feed's entries.
    private func seen(of url: String) throws -> [SeenEntry] {
        try read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT key, content_hash, first_seen FROM seen JOIN feeds ON feeds.id = seen.feed WHERE url = ?
                    """, arguments: [url]
            ).map { row in
                guard let key = ArticleKey(bytes: [UInt8](row[0] as Data)),
                    let hash = Digest256(bytes: [UInt8](row[1] as Data))
                else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "an entry's key or hash") }
                return SeenEntry(key: key, contentHash: hash, firstSeen: Timestamp(milliseconds: row[2]))
            }
        }
    }

    /// Which share's feeds are as of which lease.
    package func shares() throws -> [FeedShare: ShardEpoch] {
        try read { database in
            var shares: [FeedShare: ShardEpoch] = [:]
            for row in try Row.fetchAll(database, sql: "SELECT share, term, counter FROM shares") {
                guard let index = UInt16(exactly: row[0] as Int64), let share = FeedShare(index) else { continue }
                shares[share] = ShardEpoch(
                    term: Term(UInt64(bitPattern: row[1])), counter: UInt64(bitPattern: row[2]))
            }
            return shares
        }
    }

    // MARK: Handing over

    /// A file of this form with what is remembered of a share: its feeds, and robots.txt and pauses of their sites. Its SHA-256
    /// stands before it.
    package func export(_ share: FeedShare) throws -> [UInt8] {
        let path = path + ".share"
        try Self.remove(path)
        defer { try? Self.remove(path) }
        let copy = try PollState(path: path)
        let feeds = try feeds().filter { FeedShare(ofFeed: $0.url) == share }
        let web = try web(now: Timestamp(milliseconds: .min))
        try copy.together {
            for feed in feeds { try copy.save(feed, seen: try seen(of: feed.url)) }
            for robots in web.robots where FeedShare(ofFeed: robots.origin) == share { try copy.save(robots) }
            for hold in web.holds where FeedShare(ofSite: hold.site) == share { try copy.save(hold) }
        }
        try copy.close()
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        return SHA256.hash(of: bytes).bytes + bytes
    }

    /// Takes in what another file exported of a share, in place of what this one knew of it.
    ///
    /// - Returns: robots.txt and pauses that came with it.
    /// - Throws: `Failure` if it is not as it was exported; then nothing is changed.
    package func absorb(_ bytes: [UInt8], _ share: FeedShare) throws -> WebMemory {
        let path = path + ".share"
        guard bytes.prefix(32).elementsEqual(SHA256.hash(of: bytes.dropFirst(32)).bytes) else {
            throw Failure(path: path, message: "its digest is not that of its bytes")
        }
        try Self.remove(path)
        defer { try? Self.remove(path) }
        try Data(bytes.dropFirst(32)).write(to: URL(fileURLWithPath: path))
        let copy = try PollState(path: path)
        let web = try copy.web(now: Timestamp(milliseconds: .min))
        for own in try feeds() where FeedShare(ofFeed: own.url) == share { try forget(own.url) }
        for feed in try copy.feeds() { try save(feed, seen: try copy.seen(of: feed.url)) }
        for robots in web.robots { try save(robots) }
        for hold in web.holds { try save(hold) }
        try copy.close()
        return web
    }

    private static func remove(_ path: String) throws {
        for end in ["", "-wal", "-shm", "-journal"] where FileManager.default.fileExists(atPath: path + end) {
            try FileManager.default.removeItem(atPath: path + end)
        }
    }

    // MARK: Writing

    /// Before a request, so that a crash never leads to two in a row.
    package func saveAttempt(_ url: String, at time: Timestamp) throws {
        let interval = FetchScheduler.Settings().firstIntervalMilliseconds
        try write { database in
            try database.execute(
                sql: """
                    INSERT INTO feeds (url, last_attempt, interval_ms, failure_count, unchanged_count, is_gone)
                    VALUES (?, ?, ?, 0, 0, 0) ON CONFLICT (url) DO UPDATE SET last_attempt = excluded.last_attempt
                    """, arguments: [url, time.milliseconds, interval])
        }
    }

    /// A feed's state and what it was seen to say, in one transaction.
    package func save(_ state: FeedState, seen: [SeenEntry]) throws {
        try write { database in
            try database.execute(
                sql: """
                    INSERT INTO feeds (url, moved_to, etag, last_modified, last_attempt, last_success, interval_ms,
                        failure_count, unchanged_count, is_gone, last_full, last_news, last_error, has_wrong_validators,
                        news_gap_ms)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    ON CONFLICT (url) DO UPDATE SET moved_to = excluded.moved_to, etag = excluded.etag,
                        last_modified = excluded.last_modified, last_attempt = excluded.last_attempt,
                        last_success = excluded.last_success, interval_ms = excluded.interval_ms,
                        failure_count = excluded.failure_count,
                        unchanged_count = excluded.unchanged_count, is_gone = excluded.is_gone,
                        last_full = excluded.last_full, last_news = excluded.last_news, last_error = excluded.last_error,
                        has_wrong_validators = excluded.has_wrong_validators, news_gap_ms = excluded.news_gap_ms
                    """,
                arguments: [
                    state.url, state.movedTo, state.etag, state.lastModified, state.lastAttempt?.milliseconds,
                    state.lastSuccess?.milliseconds, state.intervalMilliseconds,
                    state.failureCount, state.unchangedCount, state.isGone, state.lastFull?.milliseconds,
                    state.lastNews?.milliseconds, state.lastError, state.hasWrongValidators, state.newsGapMilliseconds,
                ])
            guard !seen.isEmpty,
                let id = try Int64.fetchOne(database, sql: "SELECT id FROM feeds WHERE url = ?", arguments: [state.url])
            else { return }
            let statement = try database.cachedStatement(
                sql: """
                    INSERT INTO seen (feed, key, content_hash, first_seen) VALUES (?, ?, ?, ?)
                    ON CONFLICT (feed, key) DO UPDATE SET content_hash = excluded.content_hash, first_seen = excluded.first_seen
                    """)
            for entry in seen {
                try statement.execute(
                    arguments: [id, Data(entry.key.bytes), Data(entry.contentHash.bytes), entry.firstSeen.milliseconds])
            }
        }
    }

    /// Before a request for it, and after its answer.
    package func save(_ robots: RobotsState) throws {
        try write { database in
            try database.execute(
                sql: """
                    INSERT OR REPLACE INTO robots (origin, last_attempt, last_answer, text, failure_count, failing_since)
                    VALUES (?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    robots.origin, robots.lastAttempt.milliseconds, robots.lastAnswer?.milliseconds,
                    robots.text.map { Data($0) }, robots.failureCount, robots.failingSince?.milliseconds,
                ])
        }
    }

    package func save(_ hold: SiteHold) throws {
        try write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO holds (site, until) VALUES (?, ?)",
                arguments: [hold.site, hold.until.milliseconds])
        }
    }

    /// The share's feeds are as of this lease from now on.
    package func save(_ share: FeedShare, _ epoch: ShardEpoch) throws {
        try write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO shares (share, term, counter) VALUES (?, ?, ?)",
                arguments: [
                    Int64(share.index), Int64(bitPattern: epoch.term.number), Int64(bitPattern: epoch.counter),
                ])
        }
    }

    package func forget(_ url: String) throws {
        try write { try $0.execute(sql: "DELETE FROM feeds WHERE url = ?", arguments: [url]) }
    }

    // MARK: Rows

    private static func time(_ row: Row, _ column: String) -> Timestamp? {
        (row[column] as Int64?).map { Timestamp(milliseconds: $0) }
    }

    private static func state(_ row: Row) -> FeedState {
        func time(_ column: String) -> Timestamp? { Self.time(row, column) }
        var state = FeedState(url: row["url"], intervalMilliseconds: row["interval_ms"])
        state.movedTo = row["moved_to"]
        state.etag = row["etag"]
        state.lastModified = row["last_modified"]
        state.lastAttempt = time("last_attempt")
        state.lastSuccess = time("last_success")
        state.failureCount = row["failure_count"]
        state.unchangedCount = row["unchanged_count"]
        state.isGone = row["is_gone"]
        state.lastFull = time("last_full")
        state.lastNews = time("last_news")
        state.lastError = row["last_error"]
        state.hasWrongValidators = row["has_wrong_validators"]
        state.newsGapMilliseconds = row["news_gap_ms"]
        return state
    }
}
