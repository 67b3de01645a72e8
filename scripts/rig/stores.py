"""A real object store as a place for a run's stores: started by the scripts of services/ in CORANTO_SHARED, ended with the run."""
import os
import shutil
import socket
import subprocess
import sys
import time

SERVICES = ("seaweedfs", "ceph-rgw")
BUCKET = "coranto"
HERE = os.path.dirname(os.path.abspath(__file__))
NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # SHA-256 of no bytes


def services_folder():
    shared = os.environ.get("CORANTO_SHARED") or os.path.join(HERE, "..", "..", "..", "shared")
    path = os.path.join(os.path.abspath(shared), "services")
    if not os.path.isdir(path):
        sys.exit(f"no {path}: set CORANTO_SHARED")
    return path


def free_port():
    """Servers take others that follow from it: near by, and a thousand, two and three further on."""
    for port in range(22_000 + 100 * (os.getpid() % 10), 23_000, 100):
        try:
            for each in (port, port + 1, port + 2, port + 1000, port + 2000, port + 3000):
                with socket.socket() as some:
                    some.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    some.bind(("127.0.0.1", each))
            return port
        except OSError:
            pass
    raise RuntimeError("no free port for a store between 22000 and 23000")


class ObjectStore:
    """`inside` makes of a command one that runs on the store's host."""

    def __init__(self, service, folder, inside=lambda words: words):
        self.script, self.inside = os.path.join(services_folder(), service + ".sh"), inside
        self.folder, self.port = os.path.join(folder, service), free_port()
        os.makedirs(self.folder, exist_ok=True)
        try:
            self.control("start")
            with open(os.path.join(self.folder, "env")) as lines:
                told = dict(line.strip().split("=", 1) for line in lines)
            self.environment = {
                "AWS_ENDPOINT_URL": told["S3_ENDPOINT"], "AWS_REGION": told["S3_REGION"],
                "AWS_ACCESS_KEY_ID": told["S3_ACCESS_KEY"], "AWS_SECRET_ACCESS_KEY": told["S3_SECRET_KEY"],
            }
            self.make_bucket()
        except BaseException:
            self.stop()
            raise

    def make_bucket(self):
        """By curl: coranto makes none. A server that has just started may refuse at first, or have made it all the same."""
        deadline = time.monotonic() + 30
        while True:
            made = self.curl("-X", "PUT", f"/{BUCKET}")
            if self.curl(f"/{BUCKET}?list-type=2&max-keys=1").returncode == 0:
                return
            if time.monotonic() > deadline:
                raise RuntimeError(f"the bucket cannot be made: {made.stderr}{made.stdout[-300:]}")
            time.sleep(0.5)

    def curl(self, *words):
        at = self.environment
        return subprocess.run(self.inside([
            "curl", "-sS", "--fail-with-body", "--aws-sigv4", f"aws:amz:{at['AWS_REGION']}:s3", "--user",
            f"{at['AWS_ACCESS_KEY_ID']}:{at['AWS_SECRET_ACCESS_KEY']}", "-H", f"x-amz-content-sha256: {NOTHING}", *words[:-1],
            at["AWS_ENDPOINT_URL"] + words[-1]]), capture_output=True, text=True)

    def place(self, name):
        return f"s3://{BUCKET}/{name}"

    def control(self, word):
        log = os.path.join(self.folder, "control.log")
        with open(log, "ab") as out:
            result = subprocess.run(self.inside([self.script, word, self.folder, str(self.port)]), stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        if result.returncode != 0:
            with open(log) as text:
                raise RuntimeError(f"{self.script} {word}: {text.read()[-500:]}")

    def stop(self):
        self.control("stop")
        shutil.rmtree(self.folder, ignore_errors=True)


def service_option(parser):
    parser.add_argument("--on", choices=SERVICES, help="the store lies on this object store, which is started for the run (CORANTO_SHARED names the folder with its services/)")
