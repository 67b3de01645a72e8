import Glibc
import HostIO
import Testing

@Suite struct WriteTroubleTests {
    private let patience = WriteTrouble.patienceMilliseconds

    /// The times at which it says to end.
    private func ends(_ writes: [(code: Int32?, at: Int64)]) -> [Int64] {
        var trouble = WriteTrouble()
        return writes.filter { trouble.note($0.code, now: $0.at) }.map(\.at)
    }

    @Test("a disk that refuses every write ends the process after a while, and not before")
    func ends() {
        #expect(ends([(EIO, 1000), (EIO, 999 + patience), (EIO, 1000 + patience)]) == [1000 + patience])
    }

    @Test("a file system that was made read-only is a disk in trouble")
    func readOnly() {
        #expect(ends([(EIO, 0), (EROFS, 10), (EROFS, patience)]) == [patience])
    }

    @Test("one write that succeeds begins the patience anew; other failures neither count nor help")
    func begins() {
        let writes: [(Int32?, Int64)] = [
            (EIO, 0), (nil, 10), (EIO, patience), (ENOSPC, patience * 2), (EIO, patience * 2), (ENOENT, patience * 3),
        ]
        #expect(ends(writes) == [patience * 2])
    }
}
