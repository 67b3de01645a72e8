import HostIO
package import ObjectStore
package import Storage
import Synchronization

/// A bucket in an S3-compatible object store.
///
/// Guarantees: those of `S3Call`, which decides everything; this carries requests over the network.
///
/// Safe to use from several threads at once: each call borrows a session, which only its thread touches, and gives it back
/// with its connections still open.
package final class S3Bucket: Bucket {
    package let location: String
    private let carrier: S3Session.Carrier
    private let context: S3Call.Context
    private let meter = RequestMeter()
    private let idle = Mutex<[S3Session]>([])

    package init(_ configuration: S3Configuration, patience: S3Call.Patience = S3Call.Patience()) {
        location = configuration.place.description
        var context = S3Call.Context(prefix: configuration.place.prefix, region: configuration.signer.region)
        context.patience = patience
        self.context = context
        carrier = S3Session.Carrier(signer: configuration.signer, caFile: configuration.caFile)
    }

    package func requests() -> StoreRequests? { meter.counted }

    package func perform(_ operation: BucketOperation) -> BucketResult { perform([operation])[0] }

    /// All at once, as far as connections allow; results in the order of the operations.
    package func perform(_ operations: [BucketOperation]) -> [BucketResult] {
        let session = idle.withLock { $0.popLast() } ?? S3Session(carrier, meter)
        defer { idle.withLock { $0.append(session) } }
        let random = SystemRandom()
        return session.run(
            operations.map { operation in
                let isGood: Bool
                if case .list = operation {
                    isGood = BucketName.isValidPrefix(operation.name)
                } else {
                    isGood = BucketName.isValid(operation.name)
                }
                return isGood
                    ? .call(S3Call(operation, in: context, seed: random.number()))
                    : .answered(
                        .failed(
                            BucketFailure(.lasting, name: operation.name, message: "no name for an object")))
            })
    }
}
