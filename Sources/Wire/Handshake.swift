package import News

/// What HELLO said, once it was believed.
package struct Introduction: Equatable, Sendable {
    package var role: PeerRole
    /// Names the client across connections.
    package var client: String

    package init(role: PeerRole, client: String) {
        self.role = role
        self.client = client
    }
}

/// The coordinator's half of the start of a connection.
package struct ServerHandshake: Sendable {
    private let token: Token?
    private let term: Term
    private let nonce: [UInt8]

    /// - Parameters:
    ///   - token: nil where everyone who can connect is believed.
    ///   - nonce: 16 to 32 random bytes, new for each connection.
    package init(token: Token?, term: Term, nonce: [UInt8]) {
        self.token = token
        self.term = term
        self.nonce = nonce
    }

    package var greeting: Message { .greeting(version: 0, term: term, nonce: nonce) }

    /// Holds a HELLO against the token.
    package func believe(_ message: Message) throws(WireError) -> Introduction {
        guard case .hello(_, let role, let client, let clientNonce, let proof) = message else {
            throw WireError(.unauthorised, "\(message.commandName) before HELLO")
        }
        if let token {
            guard !proof.isEmpty else {
                throw WireError(.unauthorised, "this coordinator asks for a proof of the token")
            }
            let fits = Proof.verify(
                proof, token: token, role: role, client: client, serverNonce: nonce, clientNonce: clientNonce)
            guard fits else { throw WireError(.unauthorised, "the proof does not fit the token") }
        }
        return Introduction(role: role, client: client)
    }
}

/// The connecting side's half.
package struct ClientHandshake: Sendable {
    package let introduction: Introduction
    private let token: Token?
    private let nonce: [UInt8]

    /// - Parameters:
    ///   - introduction: with a name that `BatchID.isClientName` accepts.
    ///   - nonce: 16 to 32 random bytes, new for each connection.
    package init(introduction: Introduction, token: Token?, nonce: [UInt8]) {
        precondition(BatchID.isClientName(introduction.client), "the name of a client is checked where it is chosen")
        self.introduction = introduction
        self.token = token
        self.nonce = nonce
    }

    /// The HELLO that answers this greeting.
    package func answer(to serverNonce: [UInt8]) -> Message {
        let (role, client) = (introduction.role, introduction.client)
        guard let token else { return .hello(version: 0, role: role, client: client, nonce: [], proof: []) }
        let proof = Proof.make(
            token: token, role: role, client: client, serverNonce: serverNonce, clientNonce: nonce)
        return .hello(version: 0, role: role, client: client, nonce: nonce, proof: proof)
    }
}
