package import News
package import Storage
package import Wire

// What a worker is told, and what it wants done.
extension Worker {
    /// A live document found for a key.
    package struct Found: Equatable, Sendable {
        package var version: Version
        package var orderTime: Timestamp?
        package var source: String

        package init(version: Version, orderTime: Timestamp?, source: String) {
            self.version = version
            self.orderTime = orderTime
            // Whatever a segment says: a longer one would make a report that nobody can read, again and again.
            self.source = source.prefix(utf8Bytes: Limits.labelBytes)
        }
    }

    /// A segment this worker made. It is in every manifest whose watermark of `stream` has come to `to`: nobody else
    /// publishes for our shards.
    package struct Own: Equatable, Sendable {
        package var segment: SegmentReference
        package var stream: ShardLane
        package var to: Position

        package func isIncluded(in manifest: Manifest) -> Bool { manifest[watermark: stream] >= to }
    }

    package enum Event: Sendable {
        /// The connection stands and was welcomed.
        case connected
        case disconnected
        case message(Message)
        case tick
        case completed(OperationTag, BucketResult)
        /// Answer to `.tryApart`.
        case tried(trial: UInt64, Trial.Run)
        /// Answer to `.lookUp`: one for each key, the generation that was read, and the own segments it does not include.
        case lookedUp(seal: UInt64, [Found?], in: Generation, notIncluded: [Own])
        /// Answer to `.build`: the segment (attempt not yet set) and its bytes.
        case built(seal: UInt64, SegmentReference, [UInt8])
        /// The engine could not do what was asked.
        case engineFailed(seal: UInt64, String)
        /// The engine could not take in an article: ordinals from here on are not what we think, so nothing of this builder
        /// may be reported. To be told before anything else is.
        case indexFailed(ArticleKey, String)
        /// The builder takes as much memory as it may.
        case overBudget
        case drain
    }

    package enum Action: Equatable, Sendable {
        case send(Message)
        /// Close the connection and open it again.
        case reconnect
        case operation(TaggedOperation)
        /// Put the article into the builder as the next ordinal.
        case index(LoggedArticle)
        /// Index these in a process of their own, under a fixed limit of memory.
        case tryApart(trial: UInt64, [LoggedArticle])
        /// Find the live version of each key in the newest snapshot, at least `atLeast`, together with `own` segments
        /// that it does not include.
        case lookUp(seal: UInt64, [ArticleKey], atLeast: Generation, own: [Own])
        /// Build a segment of everything in the builder but `dropped`.
        case build(seal: UInt64, dropped: [Int], kills: [Kill])
        /// Forget everything in the builder.
        case discard
        case drained
        case note(String)
    }
}

extension [Worker.Own] {
    /// Those that a look-up in the snapshot of `manifest` must read besides it; all if there is no snapshot yet.
    package func notIncluded(in manifest: Manifest?) -> [Worker.Own] {
        filter { own in manifest.map { !own.isIncluded(in: $0) } ?? true }
    }
}
