import ArgumentParser
import ByteCoding
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
            """)

    @Option(help: StoreHelp.place)
    var store: String?
    @OptionGroup var s3: S3Options
    @OptionGroup var coordinator: CoordinatorOption
    @Option(help: "How to print.")
    var format = Format.text

    func validate() throws {
        if store == nil, coordinator.coordinator.isEmpty {
            throw ValidationError("give --store DIR or --coordinator HOST:PORT")
        }
    }

    func run() async throws {
        if let json = try await askCoordinator() {
            if format == .json { return Terminal.write(json + [0x0A]) }
            let status: CoordinatorStatus
            do { status = try CoordinatorStatus(json: json) } catch {
                throw Failure(.failed, "the coordinator's answer cannot be read: \(error)")
            }
            return Terminal.write(Self.text(status))
        }
        guard let store else { throw Failure(.failed, "no coordinator answers") }
        try printStored(store)
    }

    private func askCoordinator() async throws -> [UInt8]? {
        let token = try coordinator.token()
        let endpoints = try coordinator.endpoints()
        let locator: CoordinatorLocator
        if endpoints.isEmpty, let store {
            locator = .store(try StorePlace(store, s3).openForReading())
        } else {
            locator = .addresses(endpoints)
        }
        return try await Blocking.run { () -> [UInt8]? in
            for endpoint in locator.candidates() {
                do throws(CloseReason) {
                    let client = try BlockingClient(
                        endpoint: endpoint, introduction: Introduction(role: .client, client: "status"), token: token,
                        timeoutMilliseconds: 2000)
                    try client.send([.status], timeoutMilliseconds: 2000)
                    if case .statusReport(let json) = try client.next(timeoutMilliseconds: 5000) { return json }
                } catch {
                    if case .refused(.unauthorised, let why) = error {
                        throw Failure(.unauthorised, why, hint: "give --token-file FILE")
                    }
                }
            }
            return nil
        }
    }

    /// Nobody reigns: what the newest manifest says.
    private func printStored(_ path: String) throws {
        let loaded = try SnapshotLoader(StorePlace(path, s3).openForReading()).newest()
        guard let manifest = loaded?.manifest else {
            return Terminal.write(format == .json ? "{\"role\":\"none\",\"generation\":0}\n" : "the store is empty\n")
        }
        let sums = manifest.sums
        var stored = CoordinatorStatus.stopped
        stored.term = manifest.term.number
        stored.generation = manifest.generation.number
        stored.setDigest = manifest.setDigest.hex
        stored.articles = CoordinatorStatus.Articles(sums)
        stored.overlays = manifest.overlays.count
        stored.cells = loaded?.cells.count ?? 0
        stored.segmentBytes = (loaded?.segments ?? []).reduce(0) { $0 + $1.sizeBytes }
        Terminal.write(format == .json ? String(decoding: stored.json, as: UTF8.self) + "\n" : Self.text(stored))
    }

    private static func text(_ status: CoordinatorStatus) -> String {
        let articles = status.articles
        let rows: [(String, Int64)] = [
            ("published", articles.published), ("superseded", articles.superseded),
            ("duplicate", articles.duplicate), ("rejected", articles.rejected), ("retracted", articles.retracted),
            ("expired", articles.expired), ("dead-lettered", articles.deadLettered), ("pending", articles.pending),
        ]
        let cluster =
            status.role == "none"
            ? "no coordinator is running"
            : "\(status.role), term \(status.term), \(counted(status.workers.count, "worker")), "
                + "\(counted(status.mergers, "merger")), \(counted(status.unleasedShards, "shard")) without a worker"
        var text = "\(cluster)\n"
        text += "generation \(status.generation), \(counted(status.overlays, "overlay")), "
        text += "\(counted(status.cells, "cell")), "
        text += "\(status.segmentBytes / 1024) KiB of segments\n"
        text += "set digest \(status.setDigest)\n"
        text += "received \(articles.received)\n"
        for (name, count) in rows {
            text += "  " + name.padding(toLength: 14, withPad: " ", startingAt: 0) + "\(count)\n"
        }
        return text
    }

    private static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}
