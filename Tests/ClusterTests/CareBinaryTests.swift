import Foundation
import Testing

/// What must never be deleted, and what must never be called sound.
@Suite struct CareBinaryTests {
    private func makeStore(_ path: String, _ scratch: Scratch) throws {
        let file = try scratch.write(
            "one.ndjson", "{\"url\":\"https://paper.example/1\",\"headline\":\"Harbour\",\"source\":\"Paper\"}\n")
        let done = try Binary.run("ingest", file, "--store", path)
        #expect(done.status == 0, "\(done.errors)")
    }

    private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    @Test(
        "a backup beside other files or around the store is refused, and pruning deletes nothing that is no object of a store"
    )
    func backupElsewhere() throws {
        let scratch = try Scratch()
        let place = scratch.path + "/place"
        let (store, other) = (place + "/news", place + "/dump.sql")
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        try Data("x".utf8).write(to: URL(fileURLWithPath: other))
        try makeStore(store, scratch)
        let around = try Binary.run("backup", place, "--store", store, "--prune")
        #expect(around.status != 0 && around.errors.contains("the store lies in"), "\(around)")
        let linked = scratch.path + "/linked"
        try FileManager.default.createSymbolicLink(atPath: linked, withDestinationPath: place)
        let through = try Binary.run("backup", linked, "--store", store, "--prune")
        #expect(through.status != 0 && through.errors.contains("the store lies in"), "\(through)")
        #expect(try Binary.run("backup", linked + "/news/copy", "--store", store).errors.contains("lies in the store"))

        let apart = scratch.path + "/apart"
        try makeStore(apart, scratch)
        let beside = try Binary.run("backup", place, "--store", apart, "--prune")
        #expect(beside.status == 1 && beside.errors.contains("no backup and not empty"), "\(beside)")
        #expect(try Binary.run("query", "harbour", "--store", store, "--format", "keys").output.count > 30)

        let copy = scratch.path + "/copy"
        #expect(try Binary.run("backup", copy, "--store", store).status == 0)
        for name in ["/notes.txt", "/segments/README", "/Other/manifests/ffffffffffffffff"] {
            let url = URL(fileURLWithPath: copy + name)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data("x".utf8).write(to: url)
        }
        try makeStore(store, scratch)
        let pruned = try Binary.run("backup", copy, "--store", store, "--prune")
        #expect(pruned.status == 0, "\(pruned)")
        for name in ["/notes.txt", "/segments/README", "/Other/manifests/ffffffffffffffff"] {
            #expect(exists(copy + name), "\(name)")
        }
        #expect(exists(other) && exists(store + "/manifests"))
    }

    @Test("an empty folder is no store, and one that lost its manifests is not sound")
    func lostEverything() throws {
        let scratch = try Scratch()
        let empty = scratch.path + "/empty"
        try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
        let key = String(repeating: "0", count: 32)
        for words in [["snapshot", "verify"], ["erasure", key]] {
            let nothing = try Binary.run(arguments: words + ["--store", empty])
            #expect(nothing.status == 1 && nothing.errors.contains("there is no store"), "\(words): \(nothing)")
        }
        try makeStore(scratch.store, scratch)
        try FileManager.default.removeItem(atPath: scratch.store + "/manifests")
        let lost = try Binary.run("snapshot", "verify", "--store", scratch.store)
        #expect(lost.status == 4 && lost.output.contains("none can be read"), "\(lost)")
    }

    @Test("a feed that is listed is removed, one that is not is named")
    func removeFeed() throws {
        let scratch = try Scratch()
        let url = "https://paper.example/feed"
        #expect(try Binary.run("feeds", "add", url, "--store", scratch.store).status == 0)
        let other = try Binary.run("feeds", "remove", url + "/other", "--store", scratch.store)
        #expect(other.status == 1 && other.errors.contains("is not in the list of feeds"), "\(other)")
        let removed = try Binary.run("feeds", "remove", url, "--store", scratch.store)
        #expect(removed.status == 0 && removed.output == "removed \(url)\n", "\(removed)")
        #expect(try Binary.run("feeds", "list", "--store", scratch.store).output.isEmpty)
    }
}
