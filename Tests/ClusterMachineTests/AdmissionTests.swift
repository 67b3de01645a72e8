import ByteCoding
import Cluster
import News
import Storage
import Testing
import Wire

@Suite struct AdmissionTests {
    private func rule(_ source: String, _ time: UInt64) -> LogEntry {
        .horizon(RetentionHorizon(source: source, time: time))
    }

    /// What becomes of a batch with these articles; nil if it is refused as BUSY.
    private func taken(_ articles: [LoggedArticle], _ admission: Admission, _ state: ClusterState = ClusterState())
        throws -> [LogEntry]?
    {
        let put = Coordinator.Put(
            id: BatchID(client: "c", number: 1), digest: .zero, lane: .bulk, ack: .durable,
            entries: articles.map { .article($0) })
        do throws(Admission.Refusal) {
            return try admission.entries(of: put, state: state, head: emptyManifest(), now: moment(0))
        } catch {
            guard error.code == .busy else { throw error }
            return nil
        }
    }

    private func dated(_ seconds: Int64) -> LoggedArticle {
        var article = logged(1)
        article.orderTime = Timestamp(seconds: seconds)
        return article
    }

    @Test("rules on their way count in the order in which they go into the log, until they are there or refused")
    func order() throws {
        let horizon = Timestamp.sortable(Timestamp(seconds: 1000))
        let old = dated(999)
        var admission = Admission()
        admission.begin(1, [rule("", horizon)])
        #expect(try taken([old], admission) == nil)
        #expect(try taken([dated(1000)], admission)?.count == 1)
        admission.begin(2, [rule("", RetentionHorizon.noneTime)])
        #expect(try taken([old], admission) == [.article(old)])
        admission.end(2)
        #expect(try taken([old], admission) == nil)
        admission.end(1)
        #expect(try taken([old], admission) == [.article(old)])
    }

    @Test("behind an expiration on its way a version up to it waits, a larger one does not")
    func expiration() throws {
        var admission = Admission()
        let expirations = [3, 2].map { LogEntry.expired(Expiration(key: key(1), through: version($0), horizon: 1)) }
        admission.begin(1, expirations)
        #expect(!admission.isRuleComing)
        #expect(try taken([logged(1, seen: 3)], admission) == nil)
        #expect(try taken([logged(1, seen: 4), logged(2, seen: 3)], admission)?.count == 2)
    }

    @Test("what is durable rejects by name, article by article")
    func rejections() throws {
        var state = ClusterState()
        state.apply(retraction(1))
        state.apply(.expired(Expiration(key: key(2), through: version(2), horizon: 1)))
        let entries = try taken([logged(1), logged(2), logged(2, seen: 3), logged(3)], Admission(), state)
        let reasons = entries?.map { entry -> RejectionReason? in
            if case .rejection(let why) = entry { why.reason } else { nil }
        }
        #expect(reasons == [.retracted, .expired, nil, nil])
    }
}
