import News
import ObjectStore
import Storage

// A bucket that is an object store: every operation goes through the machine that speaks to one (`S3Call`), and what goes
// wrong happens to its requests. One of an operation's requests meets the fault that strikes at its step; besides there is
// noise, which no table counts.
extension World {
    /// One operation of a process, under way.
    struct StoreConversation {
        var request: Request
        var call: S3Call
        /// What is still to strike.
        var fault: Fault?
    }

    /// A request on its way to the server.
    struct Arrival {
        var conversation: Int
        var request: Request
        var content: S3Request
    }

    func converse(_ request: Request) {
        let id = conversationCount
        conversationCount += 1
        var context = S3Call.Context(prefix: SimulatedServer.prefix, region: "simulated")
        context.partBytes = scenario.partBytes
        var call = S3Call(request.tagged.operation, in: context, seed: random.next())
        let action = call.start(now: moment(of: request.process))
        conversations[id] = StoreConversation(request: request, call: call, fault: request.fault)
        go(on: action, id)
    }

    func conversationGoesOn(_ id: Int, _ event: S3Call.Event) {
        guard let process = conversations[id]?.request.process else { return }
        let action = conversations[id]!.call.handle(event, now: moment(of: process))
        go(on: action, id)
    }

    private func go(on action: S3Call.Action, _ id: Int) {
        guard let conversation = conversations[id] else { return }
        let (index, run) = (conversation.request.process, conversation.request.run)
        switch action {
        case .send(let content): send(content, id)
        case .wait(let until): schedule(at: until, .storeEvent(process: index, run: run, conversation: id, .tick))
        case .done(let result):
            conversations[id] = nil
            schedule(
                after: 0,
                .answer(
                    process: index, run: run, conversation.request.tagged.tag, result, created: nil,
                    conversation.request.fault))
        }
    }

    private func send(_ content: S3Request, _ id: Int) {
        var request = conversations[id]!.request
        request.fault = strikes(content, request) ? conversations[id]!.fault ?? noise(content) : nil
        if request.fault == conversations[id]!.fault { conversations[id]!.fault = nil }
        request.isOfHealing = isHealing
        var delay = Int64(random.int(1...30))
        if scenario.logReadMilliseconds > 0, request.step == .replayRead || request.step == .routerRead {
            delay += Int64(random.int(0...scenario.logReadMilliseconds))
        }
        request.answerDelay = Int64(random.int(1...20))
        func arrive(after delay: Int64, _ request: Request) {
            if !request.isOfHealing { lateRequestCount += 1 }
            schedule(after: delay, .arrival(Arrival(conversation: id, request: request, content: content)))
        }
        switch request.fault {
        case .crashDuring:
            request.mustLand = true
            request.answerDelay = nil
            arrive(after: random.chance(500) ? delay : longDelay(), request)
            return stop(request.process)
        case .slow: delay = longDelay()
        case .lateAnswer: request.answerDelay = longDelay()
        case .actsLate:
            request.answerDelay = nil
            delay = Int64(random.int(100...9000))
            answer(request, id, .failed(S3TransportFailure(.unknown, "time-out")), after: Int64(random.int(5...200)))
        case .repeated:
            var again = request
            again.answerDelay = nil
            again.mustLand = true
            again.fault = nil
            arrive(after: delay + Int64(random.int(10...9000)), again)
        default: break
        }
        arrive(after: delay, request)
    }

    /// An upload in parts is mostly struck at its end.
    private func strikes(_ content: S3Request, _ request: Request) -> Bool {
        guard case .create(_, let bytes) = request.tagged.operation, bytes.count > scenario.partBytes,
            !content.headers.contains(S3Field("if-none-match", "*"))
        else { return true }
        let isEnd = content.method == .post && content.query.contains { $0.name == "uploadId" }
        return isEnd || random.chance(100)
    }

    /// What happens to requests besides: the table counts what strikes at steps.
    private func noise(_ content: S3Request) -> Fault? {
        guard !isHealing, random.chance(scenario.isCollecting ? 10 : 50) else { return nil }
        switch random.int(0...9) {
        case 0..<4: return .refused
        case 4..<7: return content.method == .get ? .torn : .lostAnswer
        case 7, 8: return .actsLate
        default: return .repeated
        }
    }

    private func answer(_ request: Request, _ id: Int, _ event: S3Call.Event, after delay: Int64) {
        schedule(
            after: delay, .storeEvent(process: request.process, run: request.run, conversation: id, event))
    }

    /// The request reaches the server.
    func arrived(_ arrival: Arrival) throws {
        let request = arrival.request
        if !request.isOfHealing { lateRequestCount -= 1 }
        guard request.power == power else {
            // Who is elsewhere waits until the time is up.
            guard processes[request.process].role == .fetcher, request.answerDelay != nil else { return }
            let event = S3Call.Event.failed(S3TransportFailure(.unknown, "time-out"))
            return answer(request, arrival.conversation, event, after: 1000)
        }
        let isGone = !isRunning(request.process, request.run)
        // A request on its way when its process dies may still arrive, or only its head may.
        if isGone, !request.mustLand, random.chance(500) { return try server.answerHead(of: arrival.content) }
        var response: S3Response
        switch request.fault {
        case .refused:
            // A proxy that could not pass it on whole says so as well.
            try server.answerHead(of: arrival.content)
            response = SimulatedServer.error(
                random.pick([429, 500, 503]), "SlowDown", retryAfterSeconds: random.chance(200) ? 1 : nil)
            if arrival.conversation % 4 == 0 { response = SimulatedServer.foreign() }
        case .full: response = SimulatedServer.error(507, "XMinioStorageFull")
        case .broken: response = SimulatedServer.error(403, "AccessDenied")
        default:
            response = try server.answer(arrival.content) { operation in
                try self.carryOut(operation, request, isGone: isGone)
            }
        }
        if request.fault == .crashAfter, !isGone { return stop(request.process) }
        guard let delay = request.answerDelay else { return }
        answer(request, arrival.conversation, onItsWayBack(response, request.fault), after: delay)
    }

    private func onItsWayBack(_ response: S3Response, _ fault: Fault?) -> S3Call.Event {
        switch fault {
        case .lostAnswer:
            switch random.int(0...3) {
            case 0: .response(SimulatedServer.error(500, "InternalError"))
            case 1: .response(SimulatedServer.error(503, "ServiceUnavailable"))
            case 2: .response(SimulatedServer.error(409, "OperationAborted"))
            default: .failed(S3TransportFailure(.unknown, "the connection was reset"))
            }
        case .torn:
            // The headers tell how long it would have been.
            .response(
                S3Response(
                    status: response.status, headers: response.headers,
                    body: Array(response.body.prefix(random.int(0...max(0, response.body.count - 1))))))
        default: .response(response)
        }
    }
}
