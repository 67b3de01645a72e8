#!/usr/bin/env python3
"""A client by docs/wire-protocol.md that puts batches at a steady rate until each is acknowledged, and keeps a journal.

usage: writer.py --coordinators HOST:PORT,… --seed N --client N --journal FILE [--token-file FILE]
                 [--rate BATCHES_A_SECOND | --batches N] [--ca FILE]

A batch is due at its time whatever became of those before, so that what waits in an outage counts in full. SIGTERM: no
new batches, and it ends when all that were due are acknowledged. With --batches it puts so many as fast as they are
taken. The journal has a line of JSON for each acknowledged batch: number, when it was due and when acknowledged
(CLOCK_MONOTONIC, seconds), the term and address that acknowledged it, the four counts, how often it was sent.
"""
import argparse
import collections
import hashlib
import hmac
import json
import os
import select
import signal
import socket
import ssl
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from articles import Batch  # noqa: E402

WINDOW = 64
CONNECT_SECONDS, SILENCE_SECONDS = 2, 4
AGAIN = {"BUSY", "DRAINING", "STORE_FAILED", "NOT_COORDINATOR", "INTERNAL"}


class Gone(Exception):
    """The connection is of no more use."""


class Connection:
    def __init__(self, where, name, token, ca):
        host, port = where.rsplit(":", 1)
        self.where, self.buffer, self.refusals = where, b"", 0
        self.socket = socket.create_connection((host, int(port)), timeout=CONNECT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if ca:
            self.socket = ssl.create_default_context(cafile=ca).wrap_socket(self.socket, server_hostname=host)
        greeting = (self.line(CONNECT_SECONDS) or "").split(" ")
        if len(greeting) < 4:
            raise Gone("no greeting")
        self.term = int(greeting[2])
        if self.term == 0:
            # It may come to reign on this very connection, and then nobody would know its term.
            raise Gone("stands by")
        if token is None:
            hello = f"HELLO 0 client {name} - -"
        else:
            nonce = os.urandom(16).hex()
            text = f"coranto-0 client {name} {greeting[3]} {nonce}"
            hello = f"HELLO 0 client {name} {nonce} {hmac.new(token, text.encode(), hashlib.sha256).hexdigest()}"
        self.send(hello.encode() + b"\r\n")
        if (answer := self.line(CONNECT_SECONDS)) != "WELCOME":
            raise Gone(answer)
        self.heard = time.monotonic()

    def send(self, data):
        self.socket.settimeout(SILENCE_SECONDS)
        self.socket.sendall(data)

    def line(self, seconds):
        """The next line, or None if none came in time."""
        deadline = time.monotonic() + seconds
        while b"\r\n" not in self.buffer:
            left = max(0, deadline - time.monotonic())
            if not getattr(self.socket, "pending", lambda: 0)() and not select.select([self.socket], [], [], left)[0]:
                return None
            self.socket.settimeout(SILENCE_SECONDS)
            data = self.socket.recv(1 << 16)
            if not data:
                raise Gone("closed")
            self.heard = time.monotonic()
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        if line.startswith(b"ERROR"):
            raise Gone(line.decode())
        return line.decode()

    def close(self):
        self.socket.close()


class Writer:
    def __init__(self, options):
        self.options = options
        self.places = collections.deque(options.coordinators.split(","))
        self.name = f"rig-{options.seed}-{options.client}"
        self.token = open(options.token_file, "rb").read().strip() if options.token_file else None
        self.journal = open(options.journal, "a", buffering=1)
        self.connection = None
        self.number, self.began = 0, time.monotonic()
        # Sent and unanswered, and due but not sent: number -> (due, how often sent).
        self.open, self.waiting = {}, collections.OrderedDict()
        self.stopped = False
        # A refused batch is sent again a little later.
        self.later = []

    def stop(self, *_):
        self.stopped = True

    @property
    def last(self):
        return self.options.batches or float("inf")

    def make_due(self):
        """How long until the next is due."""
        now = time.monotonic()
        while not self.stopped and self.number < self.last:
            due = self.began + self.number / self.options.rate if self.options.rate else now
            if due > now:
                return due - now
            if not self.options.rate and len(self.waiting) >= WINDOW:
                return 0
            self.number += 1
            self.waiting[self.number] = (due, 0)
        return 0.05

    def is_done(self):
        return (self.stopped or self.number >= self.last) and not self.open and not self.waiting and not self.later

    def run(self):
        while not self.is_done():
            pause = self.make_due()
            self.later, ripe = [x for x in self.later if x[0] > time.monotonic()], [x for x in self.later if x[0] <= time.monotonic()]
            for _, number, state in ripe:
                self.waiting[number] = state
            try:
                if self.connection is None:
                    self.connect()
                while self.waiting and len(self.open) < WINDOW:
                    self.put()
                while (line := self.connection.line(min(pause, 0.05))) is not None:
                    self.take(line)
                    pause = 0
                if self.open and time.monotonic() - self.connection.heard > SILENCE_SECONDS:
                    raise Gone("silent")
            except (Gone, OSError):
                self.lose()

    def connect(self):
        self.connection = Connection(self.places[0], self.name, self.token, self.options.ca)

    def lose(self):
        if self.connection:
            self.connection.close()
        else:
            time.sleep(0.02)
        self.connection = None
        self.places.rotate()
        for number, state in reversed(self.open.items()):
            self.waiting[number] = state
            self.waiting.move_to_end(number, last=False)
        self.open.clear()

    def put(self):
        number, (due, sends) = next(iter(self.waiting.items()))
        payload = Batch(self.options.seed, self.options.client, number).payload
        lane = "live" if self.options.client % 2 else "bulk"
        digest = hashlib.sha256(payload).hexdigest()
        # Taken off first: a send that fails may have arrived.
        del self.waiting[number]
        self.open[number] = (due, sends + 1)
        self.connection.send(f"PUT {number} {lane} durable {digest} {len(payload)}\r\n".encode() + payload + b"\r\n")

    def take(self, line):
        words = line.split(" ")
        if words[0] not in ("ACCEPTED", "REFUSED_BATCH"):
            return
        number = int(words[1])
        state = self.open.pop(number, None)
        if words[0] == "ACCEPTED":
            if state is None:
                return
            due, sends = state
            print(json.dumps({"n": number, "due": due, "acked": time.monotonic(), "term": self.connection.term, "at": self.connection.where,
                              "counts": [int(word) for word in words[2:]], "sends": sends}), file=self.journal)
        elif words[2] not in AGAIN:
            sys.exit(f"the writer was told {line}")
        elif state is not None:
            self.later.append((time.monotonic() + 0.1, number, state))
            if words[2] in ("NOT_COORDINATOR", "DRAINING"):
                raise Gone(line)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--coordinators", required=True)
    for name in ("--seed", "--client"):
        parser.add_argument(name, type=int, required=True)
    parser.add_argument("--journal", required=True)
    parser.add_argument("--token-file")
    parser.add_argument("--ca")
    parser.add_argument("--rate", type=float)
    parser.add_argument("--batches", type=int)
    writer = Writer(parser.parse_args())
    signal.signal(signal.SIGTERM, writer.stop)
    writer.run()
