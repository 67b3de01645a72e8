#!/usr/bin/env python3
"""Tries every ability of scripts/proxy against a real server on loopback. Status 1 if one does not hold."""
import json
import os
import socket
import subprocess
import sys
import threading
import time
import unittest

PROXY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "proxy")


class Echo(threading.Thread):
    """Sends back what it gets, and ends when the other side does."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    @staticmethod
    def serve(connection):
        try:
            with connection:
                while data := connection.recv(1 << 16):
                    connection.sendall(data)
        except OSError:
            pass  # Reset by the proxy, which is what is tried.


class ProxyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.echo = Echo()

    def proxy(self, *settings):
        self.process = subprocess.Popen(
            [sys.executable, PROXY, "--listen", "127.0.0.1:0", "--to", f"127.0.0.1:{self.echo.port}", "--control",
             "127.0.0.1:0", *settings], stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.end)
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])
        self.control = self.process.stdout.readline().split()[-1]

    def end(self):
        self.process.terminate()
        self.assertEqual(self.process.wait(10), 0)
        self.process.stdout.close()

    def tell(self, *words, wanted=0):
        result = subprocess.run([sys.executable, PROXY, "--tell", self.control, *words], capture_output=True, text=True, timeout=20)
        self.assertEqual(result.returncode, wanted, result.stdout + result.stderr)
        return result.stdout.strip()

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        self.addCleanup(connection.close)
        return connection

    def ask(self, connection, data):
        """How long the echo took."""
        began = time.monotonic()
        connection.sendall(data)
        self.take(connection, data)
        return time.monotonic() - began

    def take(self, connection, data):
        got = b""
        while len(got) < len(data):
            piece = connection.recv(1 << 16)
            self.assertTrue(piece, "it was closed")
            got += piece
        self.assertEqual(got, data)

    def test_plain(self):
        self.proxy()
        connection = self.connect()
        data = os.urandom(3 << 20)
        sender = threading.Thread(target=connection.sendall, args=(data,))
        sender.start()
        self.take(connection, data)
        sender.join()
        connection.shutdown(socket.SHUT_WR)
        self.assertEqual(connection.recv(1), b"", "an end is passed on")

    def test_delay_each_way(self):
        self.proxy("delay-up=100", "delay-down=50")
        connection = self.connect()
        took = self.ask(connection, b"x")
        self.assertGreaterEqual(took, 0.15)
        self.tell("set", "delay=0")
        self.assertLess(self.ask(connection, b"y"), took)

    def test_rate(self):
        self.proxy("rate-up=200000")
        took = self.ask(self.connect(), bytes(100_000))
        self.assertGreaterEqual(took, 0.4)

    def test_stall_holds_and_lets_go(self):
        self.proxy("buffer=100000", "stall=yes")
        connection = self.connect()
        connection.setblocking(False)
        sent, quiet_since = 0, time.monotonic()
        # Back pressure: the sender is stopped by the buffers of the proxy and of the system, which are bounded.
        while time.monotonic() - quiet_since < 0.5:
            try:
                sent += connection.send(bytes(1 << 16))
                quiet_since = time.monotonic()
            except BlockingIOError:
                time.sleep(0.01)
            self.assertLess(sent, 64 << 20, "it takes all, however much")
        status = json.loads(self.tell("status")[3:])
        self.assertLessEqual(status["most-held"], 100_000)
        self.assertEqual(status.get("bytes-up", 0), 0)
        connection.setblocking(True)
        connection.settimeout(20)
        self.tell("set", "stall=no")
        self.take(connection, bytes(sent))

    def test_half_close(self):
        self.proxy()
        connection = self.connect()
        self.ask(connection, b"there")
        self.tell("half-close", "up")
        self.assertEqual(connection.recv(1), b"", "the server saw an end, and ended")

    def test_reset_and_close_after(self):
        self.proxy("close-after=1000")
        connection = self.connect()
        with self.assertRaises(ConnectionResetError):
            self.ask(connection, bytes(2000))
        self.tell("set", "close-after=0")
        connection = self.connect()
        self.ask(connection, b"there")
        self.assertEqual(self.tell("reset"), "ok 1 connections")
        with self.assertRaises(ConnectionResetError):
            connection.recv(1)

    def test_drop_and_refuse(self):
        self.proxy("drop=0.5")

        def stands():
            try:
                self.ask(self.connect(), b"x")
                return True
            except (OSError, AssertionError):
                return False

        stood = sum(stands() for _ in range(60))
        self.assertTrue(5 < stood < 55, f"{stood} of 60 stood")
        self.tell("set", "drop=0", "refuse=yes")
        self.assertFalse(stands())
        self.tell("clear")
        self.tell("set", "drop=0")
        self.assertTrue(stands())

    def test_wrong_words_change_nothing(self):
        self.proxy("delay=1")
        before = json.loads(self.tell("status")[3:])["settings"]
        for words in (["set", "delay=0", "speed=3"], ["set", "drop=2"], ["set", "stall=maybe"], ["set"], ["half-close"], ["jump"], ["set", "delay=-1"], ["set", "delay=x"]):
            self.assertTrue(self.tell(*words, wanted=1).startswith("error"))
        self.assertEqual(json.loads(self.tell("status")[3:])["settings"], before)

    def test_target_gone(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        real, self.echo = self.echo, type("Gone", (), {"port": port})
        try:
            self.proxy()
        finally:
            self.echo = real
        with self.assertRaises(ConnectionResetError):
            self.connect().recv(1)


if __name__ == "__main__":
    unittest.main()
