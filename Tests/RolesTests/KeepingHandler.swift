import Logging
import Synchronization

/// Keeps what is logged, with its metadata.
struct KeepingHandler: LogHandler {
    final class Lines: Sendable { let texts = Mutex<[String]>([]) }

    let lines: Lines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.debug

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let details = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        lines.texts.withLock {
            $0.append("\(event.level) \(([event.message.description] + details).joined(separator: " "))")
        }
    }
}
