import ArgumentParser
import ByteCoding
import Engine
import Foundation
import Gateway
import HostIO
import News
import Roles
import Storage
import Wire

struct StatusCommand: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json
    }

    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Tells what the cluster does and what became of every article.",
        discussion: """
            Example:
              coranto status --store /srv/news
              coranto status --store /srv/news --ledger --source example.org --arrived 2026-11-01..
              coranto status --store /srv/news --ledger --by day
            """)

    @Option(help: StoreHelp.place)
    var store: String?
    @OptionGroup var s3: S3Options
    @OptionGroup var coordinator: CoordinatorOption
    @Flag(help: "What became of the articles of each source by hour or day of arrival, as of the newest snapshot.")
    var ledger = false
    @Option(help: "With --ledger: rows of an hour or of a day.")
    var by = LedgerTable.Span.hour
    @Option(help: ArgumentHelp("With --ledger: only this source.", valueName: "name"))
    var source: String?
    @Option(
        help: ArgumentHelp(
            "With --ledger: arrivals of this time, UTC, as in a query: 2026-11-25, 2026-11-01.., >=2026-11.",
            valueName: "dates"))
    var arrived: String?
    @Option(help: "How to print.")
    var format = Format.text

    func validate() throws {
        if store == nil, coordinator.coordinator.isEmpty {
            throw ValidationError("give --store DIR or --coordinator HOST:PORT")
        }
        if ledger, store == nil { throw ValidationError("--ledger reads the store: give --store DIR") }
        if !ledger, source != nil || arrived != nil || by != .hour {
            throw ValidationError("--source, --arrived and --by go with --ledger")
        }
    }

    func run() async throws {
        if ledger, let store { return try printLedger(store) }
        switch try await coordinator.status(in: store, s3) {
        case .status(let json):
            if format == .json { return Terminal.write(json + [0x0A]) }
            let status: CoordinatorStatus
            do { status = try CoordinatorStatus(json: json) } catch {
                throw Failure(.failed, "the coordinator's answer cannot be read: \(error)")
            }
            Terminal.write(Self.text(status))
        case .silence(let reasons):
            guard let store else { throw Failure(.failed, CoordinatorOption.silence(reasons)) }
            try printStored(store, reasons)
        }
    }

    /// Nobody answers: what the newest manifest says.
    ///
    /// - Parameter reasons: of those who should have answered. Who ends in order leaves no address.
    private func printStored(_ path: String, _ reasons: [String]) throws {
        let role = reasons.isEmpty ? "none" : "unreachable"
        if !reasons.isEmpty { Terminal.note(CoordinatorOption.silence(reasons)) }
        let bucket = try StorePlace(path, s3).openForReading()
        StorePlace.noteForeign(bucket)
        let loaded = try SnapshotLoader(bucket).newest()
        guard let manifest = loaded?.manifest else {
            return Terminal.write(
                format == .json ? "{\"role\":\"\(role)\",\"generation\":0}\n" : "the store is empty\n")
        }
        let sums = manifest.sums
        var stored = CoordinatorStatus.stopped
        stored.role = role
        stored.term = manifest.term.number
        stored.generation = manifest.generation.number
        stored.setDigest = manifest.setDigest.hex
        stored.articles = CoordinatorStatus.Articles(sums)
        let state = try SnapshotLoader(bucket).state(of: manifest)
        stored.feeds = state.feeds.count
        stored.retractions = state.retractions.count
        stored.deadLetters = state.deadLetters.count
        stored.erasures = state.erasures.count
        stored.retentionRules = state.retention.bySource.count
        stored.expiring = state.erasures.values.count { $0.expiration != nil }
        stored.overlays = manifest.overlays.count
        stored.cells = loaded?.cells.count ?? 0
        stored.segmentBytes = (loaded?.segments ?? []).reduce(0) { $0 + $1.sizeBytes }
        Terminal.write(format == .json ? String(decoding: stored.json, as: UTF8.self) + "\n" : Self.text(stored))
    }

    private func printLedger(_ path: String) throws {
        let loader = SnapshotLoader(try StorePlace(path, s3).openForReading())
        guard let manifest = try loader.newest()?.manifest else {
            throw Failure(.failed, "the store at \(path) is empty")
        }
        var hours: ClosedRange<UInt32> = 0...UInt32.max
        if let arrived {
            let range: DateRange
            do throws(QueryError) { range = try DateRange(parsing: arrived, offset: 0) } catch {
                throw Failure(.badRequest, "--arrived \(arrived): \(error)")
            }
            let first = range.from.map { UInt32(clamping: $0.milliseconds / 3_600_000) } ?? 0
            let last = range.to.map { UInt32(clamping: ($0.milliseconds - 1) / 3_600_000) } ?? UInt32.max
            hours = first...max(first, last)
        }
        let table = LedgerTable(try loader.ledger(of: manifest, hours: hours), source: source, by: by)
        Terminal.write(format == .json ? String(decoding: table.json, as: UTF8.self) + "\n" : table.text)
    }

    private static func text(_ status: CoordinatorStatus) -> String {
        let articles = status.articles
        let rows: [(String, Int64)] = [
            ("published", articles.published), ("superseded", articles.superseded),
            ("duplicate", articles.duplicate), ("rejected", articles.rejected), ("retracted", articles.retracted),
            ("expired", articles.expired), ("dead-lettered", articles.deadLettered), ("pending", articles.pending),
        ]
        let cluster =
            switch status.role {
            case "none": "no coordinator is running"
            case "unreachable": "the coordinator does not answer"
            default:
                "\(status.role), term \(status.term), \(counted(status.workers.count, "worker")), "
                    + (status.fetchers.map { "\(counted($0.count, "fetcher")), " } ?? "")
                    + "\(counted(status.mergers, "merger")), \(counted(status.unleasedShards, "shard")) without a worker"
            }
        var text = "\(cluster)\n"
        for worker in status.workers {
            text += "  worker \(worker.name ?? "#\(worker.connection)"): \(counted(worker.shards, "shard"))\n"
        }
        for name in status.mergerNames ?? [] { text += "  merger \(name)\n" }
        for fetcher in status.fetchers ?? [] {
            text +=
                "  fetcher \(fetcher.name ?? "#\(fetcher.connection)"): \(counted(fetcher.shares, "share")) of the feeds\n"
        }
        text += "generation \(status.generation), \(counted(status.overlays, "overlay")), "
        text += "\(counted(status.cells, "cell")), "
        text += "\(status.segmentBytes / 1024) KiB of segments\n"
        if let free = status.freeBytes, let room = status.room {
            text += "\(free >> 20) MiB free in the store"
            text += room == "ample" ? "\n" : ": room is \(room), articles are refused\n"
        }
        if let requests = status.storeRequests { text += "the coordinator asked of the object store: \(requests)\n" }
        if status.retentionRules > 0 || status.expiring > 0 {
            text += "\(counted(status.retentionRules, "rule")) of retention"
            if status.expiring > 0 {
                text += ", \(counted(status.expiring, "expired key")) to be erased"
            } else if status.isExpiring {
                text += ", what is behind the horizons is looked for"
            }
            text += "\n"
        }
        for lost in status.unreadable ?? [] {
            text += "generation \(lost.generation) could not be read and is kept no longer: \(lost.reason)\n"
        }
        text += "set digest \(status.setDigest)\n"
        text += "received \(articles.received)\n"
        for (name, count) in rows {
            text += "  " + name.padding(toLength: 14, withPad: " ", startingAt: 0) + "\(count)\n"
        }
        return text
    }

    private static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}

extension LedgerTable.Span: ExpressibleByArgument {}
