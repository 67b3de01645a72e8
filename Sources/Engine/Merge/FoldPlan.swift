import News
import Storage

/// Which cells a fold writes again: those of which the overlays hold a share.
///
/// Cells that follow one another cut the order into regions: a cell's region begins behind the cell before it and ends with
/// its own last document; the last one has no end. Without cells there is one region.
struct FoldPlan {
    /// An overlay's byte costs at most so many bytes of a cell that are written again.
    static let shareDivisor: UInt64 = 8

    /// Last place of each region but the last.
    private let ends: [OrderKey]
    /// By region.
    let isTaken: [Bool]

    /// - Parameter cells: that follow one another, with none between them that is not here.
    /// - Throws: as the reader.
    init(cells: [SegmentReference], overlays: [SegmentReader]) throws {
        ends = cells.dropLast().map { $0.span!.last }
        var bytes = [UInt64](repeating: 0, count: ends.count + 1)
        for overlay in overlays {
            var region = 0
            var start = 0
            while start < overlay.documentCount {
                let range = start..<min(start + 4096, overlay.documentCount)
                let sizes = try overlay.recordSizes(range)
                for (index, place) in try overlay.places(range).enumerated() {
                    region = Self.region(of: place, from: region, ends)
                    bytes[region] += UInt64(sizes[index])
                }
                start = range.upperBound
            }
        }
        isTaken = bytes.indices.map { region in
            bytes[region] > 0
                && (cells.isEmpty || bytes[region] >= cells[region].recordBytes / Self.shareDivisor)
        }
    }

    /// - Parameter region: of a place that is not behind this one.
    func region(of place: OrderKey, from region: Int) -> Int { Self.region(of: place, from: region, ends) }

    private static func region(of place: OrderKey, from region: Int, _ ends: [OrderKey]) -> Int {
        var region = region
        while region < ends.count, ends[region] < place { region += 1 }
        return region
    }

    /// Whether all regions from the first to the second are taken.
    func isWhole(_ first: Int, _ second: Int) -> Bool { isTaken[first...second].allSatisfy(\.self) }
}
