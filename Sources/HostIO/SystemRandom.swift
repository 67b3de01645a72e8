package import News

/// Randomness of the operating system, fit for nonces and secrets.
package struct SystemRandom: Sendable {
    package init() {}

    package func number() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }

    package func bytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    /// The number of this run of the process.
    package func instance() -> Instance { Instance(number()) }
}
