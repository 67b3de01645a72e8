import ByteCoding
import News
import Storage
import Testing

@testable import Cluster

@Suite struct PagePlanTests {
    static let limit = 8

    private func cell(_ number: Int) -> SegmentReference {
        let place = OrderKey(time: Timestamp(seconds: Int64(1_000_000 - number)), key: key(number))
        return SegmentReference(
            identity: SHA256.hash(of: "\(number)".utf8), attempt: Attempt(term: Term(1), number: UInt64(number)),
            kind: .cell, sizeBytes: 100, documentCount: 1, killCount: 0, recordBytes: 0, digest: .zero,
            span: OrderSpan(first: place, last: place))
    }

    /// The plan as a manifest has it: pages that are new get names of their own.
    private func adopt(_ plan: PagePlan, _ names: inout UInt64) -> SnapshotHead {
        var manifest = emptyManifest()
        for page in plan.pages {
            names += 1
            manifest.pages.append(
                page.known
                    ?? Manifest.Named(
                        digest: SHA256.hash(of: "\(names)".utf8), attempt: Attempt(term: Term(1), number: names)))
        }
        return SnapshotHead(
            manifest, cells: plan.pages.flatMap { Array($0.cells) }, pageCellCounts: plan.pages.map(\.cells.count))
    }

    @Test("whatever cells come and go, pages hold them in their order, and one change writes few pages again")
    func changes() {
        var random = SplitMix64(seed: 7)
        var numbers = Set<Int>()
        var head = SnapshotHead(emptyManifest())
        var names: UInt64 = 0
        for step in 0..<2000 {
            // Grows, then shrinks.
            let changeCount = 1 + Int(random.next() % 3)
            let at = Int(random.next() % 100_000)
            for place in 0..<changeCount {
                if step < 1000 || random.next() % 3 == 0 {
                    numbers.insert(at + place)
                } else if let gone = numbers.sorted().last(where: { $0 <= at }) {
                    numbers.remove(gone)
                }
            }
            let cells = numbers.sorted().map(cell)
            let plan = PagePlan(head, next: cells, cellLimitCount: Self.limit)
            #expect(plan.pages.flatMap { Array($0.cells) } == cells)
            #expect(plan.pages.allSatisfy { (1...Self.limit).contains($0.cells.count) })
            // What changed lies together, or in the neighbours of one place.
            #expect(plan.pages.count { $0.known == nil } <= 4)
            for page in plan.pages where page.known != nil {
                let index = head.manifest.pages.firstIndex(of: page.known!)!
                let start = head.pageCellCounts[..<index].reduce(0, +)
                #expect(Array(page.cells) == Array(head.cells[start..<(start + head.pageCellCounts[index])]))
            }
            head = adopt(plan, &names)
            #expect(head.manifest.pages.count <= 4 * cells.count / Self.limit + 2)
        }
        #expect(numbers.count > 300)
    }

    @Test("a head whose pages are not known is written anew, and a snapshot without cells has no page")
    func unknown() {
        let cells = (0..<20).map(cell)
        let plan = PagePlan(SnapshotHead(emptyManifest(), cells: cells), next: cells, cellLimitCount: Self.limit)
        #expect(plan.pages.map(\.cells.count) == [6, 7, 7] && plan.pages.allSatisfy { $0.known == nil })
        #expect(PagePlan(SnapshotHead(emptyManifest()), next: [], cellLimitCount: Self.limit).pages.isEmpty)
    }
}
