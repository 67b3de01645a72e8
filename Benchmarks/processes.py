"""The processes of one measured run, and what they cost."""
import os
import signal
import socket
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ENVIRONMENT = dict(os.environ, SWIFT_BACKTRACE="enable=no")
START_LIMIT_S, DRAIN_LIMIT_S = 30, 600


class Processes:
    """Processes of one run; their CPU time is known when they have ended."""

    def __init__(self, log):
        self.log, self.running = log, []
        self.cpu_s, self.peak_mib = 0.0, 0.0
        self.cpu_by_role = {}

    def start(self, words, **more):
        more.setdefault("stdin", subprocess.DEVNULL)
        process = subprocess.Popen(words, stderr=self.log, env=ENVIRONMENT, **more)
        self.running.append(process)
        return process

    def ended(self, process):
        """Waits; returns the exit status. wait4 gives this child's usage alone."""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.running.remove(process)
        role, cpu_s = process.args[1], usage.ru_utime + usage.ru_stime
        self.cpu_s += cpu_s
        self.cpu_by_role[role] = self.cpu_by_role.get(role, 0) + cpu_s
        self.peak_mib += usage.ru_maxrss / 1024
        return process.returncode

    def drain(self, process):
        process.send_signal(signal.SIGTERM)
        signal.alarm(DRAIN_LIMIT_S)
        status = self.ended(process)
        signal.alarm(0)
        if status != 0:
            raise RuntimeError(f"process {process.args[1]} ended with status {status}; see its log")

    def kill(self):
        for process in list(self.running):
            process.kill()
            process.wait()


def output(words):
    return subprocess.run(words, capture_output=True, text=True, env=ENVIRONMENT)


def wait_for(condition, what):
    deadline = time.monotonic() + START_LIMIT_S
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what}: not within {START_LIMIT_S} s")
        time.sleep(0.02)


def free_address():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{one.getsockname()[1]}"
