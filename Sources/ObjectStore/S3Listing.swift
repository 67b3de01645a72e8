/// One page of ListObjectsV2.
struct S3Listing: Equatable {
    var keys: [String]
    /// For the next page; nil at the end.
    var continuation: String?

    /// - Throws: what is wrong with the answer.
    init(_ body: [UInt8]) throws(S3Call.BadAnswer) {
        let fields: XMLFields
        do throws(XMLFields.Malformed) { fields = try XMLFields(body) } catch {
            throw S3Call.BadAnswer("the list is no XML (byte \(error.offset))")
        }
        guard let last = fields.fields.last, last.path == "ListBucketResult" else {
            throw S3Call.BadAnswer("the list is no ListBucketResult")
        }
        keys = fields.fields.filter { $0.path == "ListBucketResult/Contents/Key" }.map(\.text)
        let isTruncated = fields.text("ListBucketResult/IsTruncated") == "true"
        continuation = isTruncated ? fields.text("ListBucketResult/NextContinuationToken") : nil
        guard !isTruncated || continuation?.isEmpty == false else {
            throw S3Call.BadAnswer("the list goes on, but does not say how (no NextContinuationToken)")
        }
    }
}
