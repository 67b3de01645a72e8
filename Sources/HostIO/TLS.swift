package import NIOCore

#if TLS
    import NIOEmbedded
    import NIOSSL
#endif

/// The files of TLS as the user names them, in PEM.
package struct TLSFiles: Sendable {
    /// This side's certificate, with those between it and its authority.
    package var certificate: String?
    /// The private key of the certificate.
    package var key: String?
    /// Who must have signed the other side's certificate.
    package var authority: String?

    package init(certificate: String? = nil, key: String? = nil, authority: String? = nil) {
        self.certificate = certificate
        self.key = key
        self.authority = authority
    }

    package var isEmpty: Bool { certificate == nil && key == nil && authority == nil }
}

/// Why TLS cannot be spoken.
package struct TLSFailure: Error, Equatable, Sendable, CustomStringConvertible {
    package let description: String

    static let notBuilt = TLSFailure(
        description: "this build has no TLS: build it with `swift build --traits TLS`, or leave the --tls options away")
    static let halfPair = TLSFailure(description: "--tls-cert and --tls-key come together")
    static let noCertificate = TLSFailure(
        description: "who listens with TLS has a certificate: give --tls-cert and --tls-key")
}

#if TLS

    /// Of a side that listens. With an authority, only those get in whose certificate it signed.
    package struct ServerTLS: Sendable {
        private let context: NIOSSLContext

        package init(_ files: TLSFiles) throws(TLSFailure) {
            guard let pair = try KeyPair(files) else { throw .noCertificate }
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: pair.chain.map { .certificate($0) }, privateKey: .privateKey(pair.key))
            configuration.minimumTLSVersion = .tlsv12
            if let authority = files.authority {
                configuration.certificateVerification = .noHostnameVerification
                configuration.trustRoots = .certificates(try KeyPair.certificates(authority, "--tls-ca"))
            }
            context = try KeyPair.context(configuration)
        }

        package func handler() throws -> any ChannelHandler { NIOSSLServerHandler(context: context) }
    }

    /// Of a side that connects. It shows its certificate, if it has one, to who asks for it.
    package struct ClientTLS: Sendable {
        private let context: NIOSSLContext
        /// Believed alone, whatever name or address it was reached by.
        private let exactly: NIOSSLCertificate?

        /// Believes those whom the authority (without one: the system's) signed for the name or address they are reached by.
        package init(_ files: TLSFiles) throws(TLSFailure) {
            exactly = nil
            let roots: NIOSSLTrustRoots =
                if let authority = files.authority {
                    .certificates(try KeyPair.certificates(authority, "--tls-ca"))
                } else {
                    .default
                }
            context = try Self.context(try KeyPair(files), roots)
        }

        /// Believes only who shows this certificate: of a process that connects to itself.
        package init(toOwn files: TLSFiles) throws(TLSFailure) {
            guard let pair = try KeyPair(files) else { throw .noCertificate }
            exactly = pair.chain.first
            // The name is not asked for, for the certificate itself is compared.
            context = try Self.context(pair, .certificates([]), .noHostnameVerification)
        }

        private static func context(
            _ pair: KeyPair?, _ roots: NIOSSLTrustRoots, _ verification: CertificateVerification = .fullVerification
        ) throws(TLSFailure) -> NIOSSLContext {
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.certificateVerification = verification
            configuration.minimumTLSVersion = .tlsv12
            configuration.trustRoots = roots
            if let pair {
                configuration.certificateChain = pair.chain.map { .certificate($0) }
                configuration.privateKey = .privateKey(pair.key)
            }
            return try KeyPair.context(configuration)
        }

        func handler(host: String) throws -> any ChannelHandler { try secureHandler(host: host) }

        fileprivate func secureHandler(host: String) throws -> NIOSSLClientHandler {
            // An address is no name to ask for; it is then held against the certificate's addresses.
            let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
            let name = isAddress ? nil : host
            guard let exactly else { return try NIOSSLClientHandler(context: context, serverHostname: name) }
            return try NIOSSLClientHandler(context: context, serverHostname: name) { shown, promise in
                promise.succeed(shown.first == exactly ? .certificateVerified : .failed)
            }
        }
    }

    /// A certificate and its key, read and found to belong together.
    private struct KeyPair {
        let chain: [NIOSSLCertificate]
        let key: NIOSSLPrivateKey

        init?(_ files: TLSFiles) throws(TLSFailure) {
            switch (files.certificate, files.key) {
            case (nil, nil): return nil
            case (let certificate?, let key?):
                chain = try Self.certificates(certificate, "--tls-cert")
                do { self.key = try NIOSSLPrivateKey(file: key, format: .pem) } catch {
                    throw TLSFailure(description: "--tls-key \(key) cannot be read as a private key in PEM (\(error))")
                }
            default: throw .halfPair
            }
        }

        static func certificates(_ path: String, _ option: String) throws(TLSFailure) -> [NIOSSLCertificate] {
            do {
                let all = try NIOSSLCertificate.fromPEMFile(path)
                if !all.isEmpty { return all }
            } catch {
                throw TLSFailure(description: "\(option) \(path) cannot be read as certificates in PEM (\(error))")
            }
            throw TLSFailure(description: "\(option) \(path) holds no certificate")
        }

        static func context(_ configuration: TLSConfiguration) throws(TLSFailure) -> NIOSSLContext {
            do { return try NIOSSLContext(configuration: configuration) } catch {
                throw TLSFailure(description: "the certificate and the key do not fit together (\(error))")
            }
        }
    }

    /// TLS for a socket without an event loop: bytes in, bytes out. Confined to one thread.
    final class TLSPump {
        private let channel = EmbeddedChannel()

        /// - Returns: through `takeOutgoing`, the first bytes of the handshake.
        init(_ tls: ClientTLS, to endpoint: Endpoint) throws(CloseReason) {
            do {
                // Only an address is held against the certificate; of a name, nothing is looked up here, but some address there must be.
                channel.remoteAddress =
                    try (try? SocketAddress(ipAddress: endpoint.host, port: endpoint.port))
                    ?? SocketAddress(ipAddress: "0.0.0.0", port: endpoint.port)
                try channel.pipeline.syncOperations.addHandler(tls.secureHandler(host: endpoint.host))
                channel.pipeline.fireChannelActive()
            } catch {
                throw TLSError.closeReason(error)
            }
            try step()
        }

        /// Sealed bytes that came, opened as far as they are whole.
        func open(_ bytes: [UInt8]) throws(CloseReason) -> [UInt8] {
            channel.pipeline.fireChannelRead(ByteBuffer(bytes: bytes))
            channel.pipeline.fireChannelReadComplete()
            try step()
            var opened: [UInt8] = []
            do {
                while let buffer = try channel.readInbound(as: ByteBuffer.self) {
                    opened.append(contentsOf: buffer.readableBytesView)
                }
            } catch {
                throw TLSError.closeReason(error)
            }
            return opened
        }

        /// Seals them; before the handshake is done they wait in here.
        func seal(_ bytes: [UInt8]) throws(CloseReason) {
            channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
            try step()
        }

        /// What is to be sent now.
        func takeOutgoing() throws(CloseReason) -> [UInt8] {
            var sealed: [UInt8] = []
            do {
                while let buffer = try channel.readOutbound(as: ByteBuffer.self) {
                    sealed.append(contentsOf: buffer.readableBytesView)
                }
            } catch {
                throw TLSError.closeReason(error)
            }
            return sealed
        }

        private func step() throws(CloseReason) {
            channel.embeddedEventLoop.run()
            do { try channel.throwIfErrorCaught() } catch { throw TLSError.closeReason(error) }
        }
    }

#else

    /// Of a side that listens: there is none in this build.
    package struct ServerTLS: Sendable {
        package init(_ files: TLSFiles) throws(TLSFailure) { throw .notBuilt }
        package func handler() throws -> any ChannelHandler { throw TLSFailure.notBuilt }
    }

    /// Of a side that connects: there is none in this build.
    package struct ClientTLS: Sendable {
        package init(_ files: TLSFiles) throws(TLSFailure) { throw .notBuilt }
        package init(toOwn files: TLSFiles) throws(TLSFailure) { throw .notBuilt }
        func handler(host: String) throws -> any ChannelHandler { throw TLSFailure.notBuilt }
    }

    final class TLSPump {
        init(_ tls: ClientTLS, to endpoint: Endpoint) throws(CloseReason) { throw TLSFailure.notBuilt.closeReason }
        func open(_ bytes: [UInt8]) throws(CloseReason) -> [UInt8] { throw TLSFailure.notBuilt.closeReason }
        func seal(_ bytes: [UInt8]) throws(CloseReason) { throw TLSFailure.notBuilt.closeReason }
        func takeOutgoing() throws(CloseReason) -> [UInt8] { throw TLSFailure.notBuilt.closeReason }
    }

    extension TLSFailure {
        fileprivate var closeReason: CloseReason { .tls(description) }
    }

#endif

/// What TLS complains of, as people are told it.
enum TLSError {
    /// The other side went without a TLS goodbye. Messages tell where they end, so nothing hangs on it.
    static func isMissingGoodbye(_ error: any Error) -> Bool {
        #if TLS
            return error as? NIOSSLError == .uncleanShutdown
        #else
            return false
        #endif
    }

    static func closeReason(_ error: any Error) -> CloseReason {
        if let reason = error as? CloseReason { return reason }
        #if TLS
            if error is NIOSSLError || error is BoringSSLError || error is NIOSSLExtraError { return .tls(text(error)) }
        #endif
        return .failed("\(error)")
    }

    #if TLS
        private static func text(_ error: any Error) -> String {
            let told = "\(error)"
            for (mark, meaning) in meanings where told.contains(mark) { return meaning }
            return told
        }

        private static let meanings = [
            (
                "CERTIFICATE_VERIFY_FAILED",
                "the other side's certificate is not believed: see --tls-ca, its dates and its names"
            ),
            (
                "failedToValidateHostname",
                "the other side's certificate is not for the name or address it was reached by"
            ),
            ("WRONG_VERSION_NUMBER", "the other side does not speak TLS"),
            ("HTTP_REQUEST", "the other side does not speak TLS"),
            ("PEER_DID_NOT_RETURN_A_CERTIFICATE", "the other side showed no certificate"),
            ("CERTIFICATE_REQUIRED", "the other side wants a certificate: give --tls-cert and --tls-key"),
            ("ALERT_UNKNOWN_CA", "the other side does not believe our certificate"),
        ]
    #endif
}

/// Before TLS: whoever does not speak it is told so, in what is plain to him.
package final class TLSOnly: ChannelInboundHandler, RemovableChannelHandler {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    /// The first byte of every TLS connection: a handshake record.
    private static let handshakeByte: UInt8 = 0x16
    private let refusal: [UInt8]
    private var isRefused = false

    package init(refusal: [UInt8]) { self.refusal = refusal }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        guard !isRefused, let first = buffer.readableBytesView.first else { return }
        guard first != Self.handshakeByte else {
            context.fireChannelRead(data)
            return context.pipeline.syncOperations.removeHandler(self, promise: nil)
        }
        isRefused = true
        let loopBound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: refusal))).whenComplete { _ in
            loopBound.value.close(promise: nil)
        }
    }
}
