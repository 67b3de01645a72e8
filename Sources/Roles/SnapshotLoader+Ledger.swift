import ByteCoding
import News
package import Storage

extension SnapshotLoader {
    /// The rows of the ledger as of a manifest.
    ///
    /// - Parameter hours: of arrival; objects that hold none of them are not read.
    /// - Throws: `StoreError` if an object of it is missing or not as it was written.
    package func ledger(of manifest: Manifest, hours: ClosedRange<UInt32> = 0...UInt32.max) throws -> LedgerRows {
        var rows = LedgerRows()
        func take(_ more: LedgerRows) { rows.add(more.filtered { hours.contains($0.hour) }) }
        take(manifest.ledgerTail)
        for entry in try ledgerIndex(of: manifest).entries
        where entry.firstHour <= hours.upperBound && entry.lastHour >= hours.lowerBound {
            take(
                try read(entry.object) { bytes, name throws(CodingError) in
                    try LedgerRows(decoding: bytes, named: name)
                })
        }
        return rows
    }

    package func ledgerIndex(of manifest: Manifest) throws -> LedgerIndex {
        guard let named = manifest.ledgerIndex else { return LedgerIndex() }
        return try read(named) { bytes, name throws(CodingError) in try LedgerIndex(decoding: bytes, named: name) }
    }

    private func read<Value>(
        _ named: Manifest.Named, _ decode: ([UInt8], String) throws(CodingError) -> Value
    ) throws -> Value {
        let name = named.name(in: "ledger")
        let bytes = try bytes(name)
        do { return try decode(bytes, name) } catch { throw StoreError(error, object: name) }
    }
}
