import Extraction
import News
import Roles
import Wire

/// Names, on standard error, each line of a batch that the coordinator rejected. Its answer only counts them, so a batch
/// with rejections is read once more here.
///
/// Confined to the client's thread.
final class Rejections {
    private let client: String
    private var reader = ArticleReader()
    private var batches: [UInt64: InputReader.Batch] = [:]

    /// - Parameter client: the name batches are sent under; `coranto why` knows a rejected line by it.
    init(client: String) { self.client = client }

    func sending(_ batch: InputReader.Batch, number: UInt64) { batches[number] = batch }

    func answered(_ number: UInt64, _ counts: BatchCounts) {
        guard let batch = batches.removeValue(forKey: number), counts.rejected > 0 else { return }
        var told = batch.places.count { $0 == nil }
        let lines = batch.bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, (line, place)) in zip(lines, batch.places).enumerated() {
            guard let place, case .rejected(let reason, let detail) = reader.readPayloadLine(line) else { continue }
            told += 1
            Terminal.note(
                "\(place): \(reason.name): \(detail); coranto why '\(client) batch \(number) line \(index + 1)'")
        }
        guard Int(counts.rejected) > told, let first = batch.places.first ?? nil else { return }
        Terminal.note(
            "of \(batch.places.count) articles, \(first) the first, rejected as retracted or behind a rule of retention: "
                + "\(Int(counts.rejected) - told); coranto why URL tells which, coranto retention list the rules")
    }
}
