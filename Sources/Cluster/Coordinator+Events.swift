package import ByteCoding
package import News
package import Storage
package import Wire

// What the coordinator is told, and what it wants done.
extension Coordinator {
    /// A PUT as the driver read it: digest checked, lines turned into entries.
    package struct Put: Equatable, Sendable {
        package var id: BatchID
        package var digest: Digest256
        package var lane: Lane
        package var ack: AckLevel
        package var entries: [LogEntry]
        /// What is asked of dead letters: becomes entries of the log, for which their texts are needed.
        package var letterRequests: [LetterRequest]

        package init(
            id: BatchID, digest: Digest256, lane: Lane, ack: AckLevel, entries: [LogEntry],
            letterRequests: [LetterRequest] = []
        ) {
            self.id = id
            self.digest = digest
            self.lane = lane
            self.ack = ack
            self.entries = entries
            self.letterRequests = letterRequests
        }

        /// Memory it takes, about.
        package var heldBytes: Int { entries.reduce(256) { $0 + $1.heldBytes } }

        /// Retractions and the like are taken even where room is short: they are small, and some make room.
        var holdsArticles: Bool {
            entries.contains {
                switch $0 {
                case .article, .rejection: true
                default: false
                }
            }
        }
    }

    /// About all dead letters of a key.
    package struct LetterRequest: Equatable, Sendable {
        package enum Kind: String, Sendable {
            /// Give it to a worker again.
            case retry
            /// Forget its text.
            case drop
        }

        package var kind: Kind
        package var key: ArticleKey

        package init(kind: Kind, key: ArticleKey) {
            self.kind = kind
            self.key = key
        }
    }

    package enum Event: Sendable {
        case start
        case tick
        case completed(OperationTag, BucketResult)
        case connected(PeerID, PeerRole)
        case put(PeerID, Put)
        case message(PeerID, Message)
        case disconnected(PeerID)
        /// What the store's file system has left.
        case room(StoreRoom)
        /// Refuse new work, publish what is sealed, then stop.
        case drain
    }

    /// What the coordinator itself writes into the log.
    package enum Decision: Equatable, Sendable {
        case deadLetter
        case expiry
        case erasure
    }

    package enum Action: Equatable, Sendable {
        case operation(TaggedOperation)
        case send(PeerID, Message)
        case close(PeerID)
        case standingBy(Term, address: String)
        case reigning(Term)
        case published(Manifest)
        /// A decision goes into the log; it is in it.
        case deciding(Decision)
        case decided(Decision)
        /// A later term exists: everything of this machine is void. Make a new one to stand by.
        case fenced
        case drained
        case failed(String)
        /// For the log of the process.
        case note(String)
    }
}
