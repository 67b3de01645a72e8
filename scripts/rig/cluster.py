"""A cluster of real processes on several hosts, with writers beside it: started, killed, stopped, started again, and looked at."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

from articles import ARTICLES_A_BATCH, Batch, file_lines, live_urls, url
from hosts import Loopback, Namespaces
from stores import ObjectStore, service_option

# What started processes ends them when it is itself asked to end.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))

HERE = os.path.dirname(os.path.abspath(__file__))
ENVIRONMENT = dict(os.environ, SWIFT_BACKTRACE="enable=no")
COORDINATORS = ("coordinator-a", "coordinator-b")
# Of each role; the writers and the commands that look have one of their own, and so has the server of an object store.
HOSTS = {"coordinator-a": 1, "coordinator-b": 2, "worker-1": 3, "worker-2": 4, "worker-3": 5, "merger": 6, "gateway": 7, "desk": 8, "store": 9}
PORT, HTTP_PORT = 7400, 8080
# What nothing needs goes while the run lasts, log objects too, and the ledger is folded again and again.
COLLECTING = ["--keep-generations", "20s,20s,20s", "--collect-after", "5s", "--collect-every", "2s", "--ledger-tail", "4"]
OUTCOMES = ("published", "superseded", "duplicate", "rejected", "retracted", "expired", "dead_lettered")


class Part:
    """A process that is to run; it is started again when it was ended on purpose."""

    def __init__(self, name, words):
        self.name, self.words = name, words
        self.process = None
        # Why it may not run or may end: "killed", "draining", "opening", or None.
        self.excuse = None
        # Of its log, when it was started.
        self.log_bytes = 0
        self.start_at = 0.0
        self.is_stopped = False


class Cluster:
    def __init__(self, options, folder, hosts):
        self.options, self.folder, self.hosts = options, folder, hosts
        self.store = os.path.join(folder, "store")
        self.problems, self.writers, self.commands = [], [], []
        self.why_not_live = ""
        self.object_store = self.store_proxy = None
        self.token_words, self.token_file = [], None
        if hosts.needs_token or options.tls:
            self.token_file = os.path.join(folder, "token")
            with open(self.token_file, "w") as out:
                out.write("a token for this test only, said aloud")
            os.chmod(self.token_file, 0o600)
            self.token_words = ["--token-file", self.token_file]
        base = PORT if hosts.needs_token else 20_000 + os.getpid() % 20_000
        self.ports = {name: base + 2 * index for index, name in enumerate(COORDINATORS)}
        self.http_port = HTTP_PORT if hosts.needs_token else base + 10
        self.parts = {}
        self.http_host = hosts.address(HOSTS["gateway"])

    def problem(self, text):
        self.problems.append(text)
        self.say(f"WRONG: {text}")

    def say(self, text):
        print(f"{time.monotonic() - self.began:6.1f} s  {text}", flush=True)

    # MARK: Starting

    def start(self):
        self.began = time.monotonic()
        if self.options.on:
            self.serve(self.options.on)
        for name in COORDINATORS:
            self.add(name, ["coordinator", *self.at(), *self.hosts.listen_words(HOSTS[name], self.ports[name]), *(COLLECTING if self.options.collecting else [])])
            if name == "coordinator-a":
                self.wait_for(lambda: self.status(), 60, "a coordinator")
        for name in ("worker-1", "worker-2", "worker-3"):
            self.add(name, ["worker", *self.at(), "--name", name, "--seal-at", "1"])
        self.add("merger", ["merger", *self.at(), "--name", "merger"])
        plain = ["--plain-network"] if self.hosts.needs_token else []
        self.add("gateway", ["gateway", *self.at(), "--http", f"{self.http_host}:{self.http_port}", *plain], token=False)

    def serve(self, service):
        """Starts the object store on its host; there it listens on loopback only, and a proxy makes it known to the others."""
        host = HOSTS["store"]
        self.object_store = ObjectStore(service, self.folder, lambda words: self.hosts.command(host, words))
        self.store = self.object_store.place("store")
        ENVIRONMENT.update(self.object_store.environment)
        if self.hosts.needs_token:
            place = f"{self.hosts.address(host)}:{self.object_store.port}"
            self.store_proxy = self.spawn("store-proxy", host, [
                sys.executable, os.path.join(HERE, "..", "proxy"), "--listen", place, "--to", f"127.0.0.1:{self.object_store.port}"], binary=None)
            ENVIRONMENT["AWS_ENDPOINT_URL"] = f"http://{place}"

    def at(self, store=None):
        """The words that name a store."""
        words = ["--store", store or self.store]
        return words + ["--s3-plain-http"] if words[1].startswith("s3:") and self.hosts.needs_token else words

    def add(self, name, words, token=True):
        part = self.parts[name] = Part(name, words + (self.token_words if token else []))
        part.process = self.spawn(name, HOSTS[name], part.words)

    def spawn(self, name, host, words, binary="coranto"):
        log = open(os.path.join(self.folder, name + ".log"), "ab")
        words = [self.options.binary, *words] if binary else words
        with log:
            return subprocess.Popen(self.hosts.command(host, words), stdout=log, stderr=log, env=ENVIRONMENT)

    def run(self, *words, timeout=60, token=True):
        """A command at the desk."""
        words = [self.options.binary, *words, *(self.token_words if token else [])]
        return subprocess.run(self.hosts.command(HOSTS["desk"], words), capture_output=True, text=True, timeout=timeout, env=ENVIRONMENT)

    def addresses(self):
        return [self.hosts.told(HOSTS[name], self.ports[name]) for name in COORDINATORS]

    def start_writers(self, count, rate):
        for client in range(1, count + 1):
            self.writers.append(self.spawn(f"writer-{client}", HOSTS["desk"], [
                sys.executable, os.path.join(HERE, "writer.py"), "--coordinators", ",".join(self.addresses()), "--seed", str(self.options.seed),
                "--client", str(client), "--rate", str(rate), "--journal", self.journal_path(client), *self.token_words], binary=None))

    def journal_path(self, client):
        return os.path.join(self.folder, f"journal-{client}")

    # MARK: Looking

    def tail(self, name, count=400):
        with open(os.path.join(self.folder, name + ".log"), "rb") as log:
            return log.read()[-count:].decode(errors="replace").strip()

    def journal(self):
        """All acknowledged batches, with their client."""
        entries = []
        for client in range(1, len(self.writers) + 1):
            if os.path.exists(self.journal_path(client)):
                with open(self.journal_path(client)) as lines:
                    entries += [dict(json.loads(line), client=client) for line in lines if line.endswith("\n")]
        return entries

    def status(self):
        """The coordinator's, or None if nobody reigns (or the answer did not come)."""
        try:
            result = self.run("status", *self.at(), "--format", "json", timeout=30)
        except subprocess.TimeoutExpired:
            return None
        if result.returncode != 0:
            return None
        status = json.loads(result.stdout)
        return status if status.get("role") == "coordinator" else None

    def reigning(self):
        """The part whose coordinator acknowledged last, and its term."""
        entries = self.journal()
        if not entries:
            return None, 0
        newest = max(entries, key=lambda entry: (entry["term"], entry["acked"]))
        for name in COORDINATORS:
            if self.hosts.told(HOSTS[name], self.ports[name]) == newest["at"]:
                return self.parts[name], newest["term"]
        return None, 0

    def sample(self, last_received):
        """Looks whether the ledger balances, with what clients know and with what the snapshot holds. Returns what was received."""
        # First what is acknowledged, then the ledger: it must know of all that.
        known = sum(entry["counts"][0] for entry in self.journal())
        status = self.status()
        if status is None:
            self.say("sample: nobody reigns, or no answer")
            return last_received
        articles = status["articles"]
        for name in (*OUTCOMES, "pending"):
            if articles[name] < 0:
                self.problem(f"{name} is {articles[name]}")
        if articles["received"] != articles["pending"] + sum(articles[name] for name in OUTCOMES):
            self.problem(f"the ledger does not balance: {articles}")
        if articles["received"] < max(known, last_received):
            self.problem(f"received {articles['received']}, but {known} were acknowledged before, and {last_received} counted at the last sample")
        # The counts are those of the manifest that is being written, if one is.
        live = self.live(status["generation"])
        tries = 0
        while live != articles["published"] and tries < 10:
            time.sleep(1)
            live = self.live(status["generation"] + 1)
            tries = 10 if live is not None else tries + 1
        if live is None:
            later = self.status()
            if later is None or later["term"] != status["term"]:
                self.say("sample: its coordinator ended before it published what it counted")
                return articles["received"]
            if later["generation"] > status["generation"] and "is not kept" in self.why_not_live:
                # One that has a retracted text is kept no longer.
                self.say(f"sample: generation {status['generation']} went with a text that was erased")
                return articles["received"]
        if live != articles["published"]:
            self.problem(f"generation {status['generation']}: {articles['published']} published, a query of it or the next finds {live} {self.why_not_live}")
        self.say(f"sample: term {status['term']}, generation {status['generation']}, received {articles['received']} (acknowledged before {known}), "
                 f"published {articles['published']}, pending {articles['pending']}, {len(status['workers'])} workers")
        return articles["received"]

    def live(self, generation):
        """How many articles a query of that generation finds; None if there is none."""
        result = self.run("query", "", *self.at(), "--as-of", str(generation), "--limit", "0", "--format", "json", token=False)
        self.why_not_live = "" if result.returncode == 0 else result.stderr.strip()
        return json.loads(result.stdout)["total"]["value"] if result.returncode == 0 else None

    def memory(self):
        """Most resident memory of each running part so far, in MB."""
        found = {}
        for name, part in self.parts.items():
            if part.process is None:
                continue
            try:
                with open(f"/proc/{part.process.pid}/status") as lines:
                    found[name] = next((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM")), 0)
            except OSError:
                pass  # Ended this moment.
        return found

    def ask_gateway(self):
        """How many articles the gateway finds, or why it gave no answer."""
        script = ("import json, sys, urllib.request as u\n"
                  "print(json.load(u.urlopen(sys.argv[1], timeout=20))['total']['value'])")
        words = [sys.executable, "-c", script, f"http://{self.http_host}:{self.http_port}/v1/search?q=&limit=0"]
        result = subprocess.run(self.hosts.command(HOSTS["desk"], words), capture_output=True, text=True, timeout=60)
        return int(result.stdout) if result.returncode == 0 else result.stderr.strip().splitlines()[-1]

    def wait_for(self, condition, seconds, what):
        deadline = time.monotonic() + seconds
        while not (value := condition()):
            if time.monotonic() > deadline:
                raise RuntimeError(f"not within {seconds} s: {what}")
            self.watch()
            time.sleep(0.1)
        return value

    # MARK: Faults

    def watch(self):
        """Starts again what was ended on purpose; what ends by itself is a finding."""
        for part in self.parts.values():
            if part.process is None:
                if time.monotonic() >= part.start_at:
                    part.log_bytes = self.log_bytes(part.name)
                    part.process, part.excuse = self.spawn(part.name, HOSTS[part.name], part.words), None
            elif (status := part.process.poll()) is not None:
                # One that is still opening its store holds nothing, and simply ends.
                if part.excuse == "draining" and status == 0 or part.excuse == "opening" and status in (0, -signal.SIGTERM):
                    self.say(f"{part.name} drained")
                elif status == 1 and self.was_cut_off(part):
                    # As docs/object-stores.md has it: who cannot open the store at its start says so and ends.
                    self.say(f"{part.name} was cut off from the store at its start")
                    part.start_at = time.monotonic() + 1
                elif part.excuse != "killed":
                    self.problem(f"{part.name} ended with status {status}: {self.tail(part.name)}")
                part.process = None
        for process in list(self.writers):
            if process.poll() not in (None, 0):
                raise RuntimeError(f"a writer ended with status {process.returncode}: {self.tail('writer-%d' % (self.writers.index(process) + 1))}")

    def was_cut_off(self, part):
        """Whether all that it said since it was started is that the object store does not answer."""
        with open(os.path.join(self.folder, part.name + ".log"), errors="replace") as log:
            log.seek(part.log_bytes)
            lines = log.read().splitlines()
        return bool(self.options.on and lines) and all("the endpoint does not answer" in line for line in lines)

    def log_bytes(self, name):
        path = os.path.join(self.folder, f"{name}.log")
        return os.path.getsize(path) if os.path.exists(path) else 0

    def kill(self, part, pause):
        part.excuse, part.start_at, part.is_stopped = "killed", time.monotonic() + pause, False
        part.process.kill()

    def drain(self, part, pause):
        has_begun = self.log_bytes(part.name) > part.log_bytes
        part.excuse, part.start_at = "draining" if has_begun else "opening", time.monotonic() + pause
        part.process.terminate()

    def pause(self, part):
        part.is_stopped = True
        part.process.send_signal(signal.SIGSTOP)

    def wake(self, part):
        if part.is_stopped and part.process and part.process.poll() is None:
            part.process.send_signal(signal.SIGCONT)
        part.is_stopped = False

    # MARK: The end

    def finish_writers(self):
        for process in self.writers:
            process.terminate()
        self.wait_for(lambda: all(process.poll() is not None for process in self.writers), 180, "all batches that were due are acknowledged")
        for process in self.writers:
            if process.returncode != 0:
                self.problem(f"a writer ended with status {process.returncode}")

    def settle(self):
        """Waits until nothing is pending, and returns the status."""
        return self.wait_for(lambda: (s := self.status()) and s["articles"]["pending"] == 0 and s, 120, "nothing is pending")

    def check(self, status, ingested):
        """That exactly what was acknowledged is there. `ingested`: (client, count) of the files."""
        entries = self.journal()
        numbers = {}
        for entry in entries:
            numbers.setdefault(entry["client"], []).append(entry["n"])
        for client, some in numbers.items():
            if sorted(some) != list(range(1, len(some) + 1)):
                self.problem(f"writer {client}: its journal has {len(some)} lines, {len(set(some))} batches, the last {max(some)}")
        batches = [Batch(self.options.seed, entry["client"], entry["n"]) for entry in entries]
        retracted = {where for batch in batches for where in batch.retracted}
        for entry, batch in zip(entries, batches):
            received, accepted, rejected, controls = entry["counts"]
            # A retraction may overtake its article, which is then rejected.
            late = sum(where in retracted for where in batch.live)
            if (received, accepted + rejected, controls) != (batch.lines, batch.lines, len(batch.retracted)) or not 0 <= rejected - batch.rejected <= late:
                self.problem(f"batch {entry['client']}/{entry['n']} was answered {entry['counts']}, and has {batch.articles} articles, {batch.rejected} to reject")
        wanted = live_urls(self.options.seed, [(entry["client"], entry["n"]) for entry in entries])
        for client, count in ingested:
            wanted.update(json.loads(line)["url"] for line in file_lines(self.options.seed, client, count))
        found = self.all_urls()
        if len(found) != len(set(found)):
            self.problem(f"{len(found) - len(set(found))} articles are there twice")
        for what, some in (("missing", wanted - set(found)), ("not put by anyone, or retracted", set(found) - wanted)):
            if some:
                self.problem(f"{len(some)} articles are {what}: {sorted(some)[:3]}")
        articles = status["articles"]
        put = sum(batch.lines for batch in batches) + sum(count for _, count in ingested)
        if articles["received"] - articles["duplicate"] > put or articles["received"] < put:
            self.problem(f"{put} articles were put once or more; received {articles['received']}, duplicates {articles['duplicate']}")
        if articles["published"] != len(wanted):
            self.problem(f"{articles['published']} published, {len(wanted)} wanted")
        return len(wanted), put

    def all_urls(self):
        """Page by page, all of one generation; anew if that went meanwhile, because a text that was in it is erased."""
        for _ in range(10):
            urls, after = [], None
            while True:
                words = ["query", "", *self.at(), "--limit", "1000", "--sort", "oldest", "--format", "json"]
                result = self.run(*words, *(["--after", after] if after else []), token=False, timeout=120)
                if after and "is not kept" in result.stderr:
                    break
                if result.returncode != 0:
                    raise RuntimeError(f"query: {result.stderr}")
                answer = json.loads(result.stdout)
                urls += [hit["url"] for hit in answer["hits"]]
                after = answer["next"]
                if not after:
                    return urls
        raise RuntimeError("ten times a generation went before all its pages were read")

    def collected(self):
        """How many objects the coordinators say that they collected. The log's first must be among them."""
        count = 0
        for name in COORDINATORS:
            with open(os.path.join(self.folder, name + ".log"), errors="replace") as log:
                count += sum(int(found) for found in re.findall(r"collected (\d+) objects", log.read()))
        told = self.run("why", url(self.options.seed, 1, 1, 0), *self.at(), "--format", "json", token=False)
        if self.options.collecting and json.loads(told.stdout)["log_is_whole"]:
            self.problem(f"no object of the log was collected, but {count} others")
        return count

    def compact(self):
        for _ in range(3):
            result = self.run("snapshot", "compact", *self.at(), timeout=1200)
            if result.returncode == 0:
                return
        self.problem(f"compaction: {result.stderr[-300:]}")

    def digests(self, store):
        """Of the live set, and of the canonical bytes."""
        return [self.run("snapshot", "digest", *words, *self.at(store), token=False, timeout=300).stdout.split()[0] for words in ([], ["--bytes"])]

    def verify(self, store):
        result = self.run("snapshot", "verify", *self.at(store), token=False, timeout=600)
        if result.returncode != 0:
            self.problem(f"snapshot verify: status {result.returncode}: {(result.stdout + result.stderr)[-500:]}")
        return result.stdout.strip()

    def stop(self):
        """In good order, each with status 0."""
        for name in ("gateway", "worker-1", "worker-2", "worker-3", "merger", "coordinator-b", "coordinator-a"):
            part = self.parts.pop(name)
            part.process.terminate()
            try:
                status = part.process.wait(60)
            except subprocess.TimeoutExpired:
                part.process.kill()
                status = part.process.wait()
            if status != 0:
                self.problem(f"{name} drained with status {status}: {self.tail(name)}")

    def end(self):
        """Whatever is left is killed; nothing of ours stays."""
        processes = [part.process for part in self.parts.values()] + self.writers + self.commands + [self.store_proxy]
        for process in filter(None, processes):
            if process.poll() is None:
                process.kill()
                process.wait()
        if self.object_store:
            self.object_store.stop()
        self.hosts.down()


class QuietRun:
    """The same batches and files, one cluster that nobody disturbs."""

    def __init__(self, options, folder):
        self.options, self.folder, self.store = options, folder, os.path.join(folder, "quiet")
        self.processes = []

    def start(self, *words):
        log = open(os.path.join(self.folder, "quiet.log"), "ab")
        with log:
            self.processes.append(subprocess.Popen(words, stdout=log, stderr=log, env=ENVIRONMENT))
        return self.processes[-1]

    def coranto(self, *words):
        return subprocess.run([self.options.binary, *words], capture_output=True, text=True, timeout=600, env=ENVIRONMENT)

    def run(self, counts, files):
        """`counts`: batches by client. Leaves a compacted store."""
        port = 20_000 + os.getpid() % 20_000 + 20
        try:
            self.start(self.options.binary, "coordinator", "--store", self.store, "--listen", f"127.0.0.1:{port}")
            for _ in range(200):
                if os.path.isdir(self.store) and self.coranto("status", "--store", self.store).returncode == 0:
                    break
                time.sleep(0.1)
            self.start(self.options.binary, "worker", "--store", self.store)
            self.start(self.options.binary, "merger", "--store", self.store)
            writers = [self.start(sys.executable, os.path.join(HERE, "writer.py"), "--coordinators", f"127.0.0.1:{port}", "--seed",
                                  str(self.options.seed), "--client", str(client), "--batches", str(count), "--journal",
                                  os.path.join(self.folder, f"quiet-journal-{client}")) for client, count in counts.items()]
            for process in writers:
                if process.wait(600) != 0:
                    raise RuntimeError(f"the quiet run's writer ended with status {process.returncode}")
            words = [["ingest", path, "--store", self.store, "--ack", "visible"] for path in files] + [["snapshot", "compact", "--store", self.store]]
            for some in words:
                if (result := self.coranto(*some)).returncode != 0:
                    raise RuntimeError(f"quiet run: coranto {' '.join(some)}: {result.stderr}")
        finally:
            for process in reversed(self.processes):
                if process.poll() is None:
                    process.terminate()
                    process.wait(60)


def make_hosts(options):
    """Namespaces where possible and not refused."""
    why_not = "it was said" if options.no_netns else Namespaces.why_not()
    if why_not:
        print(f"all on loopback, links by scripts/proxy ({why_not})", flush=True)
        return Loopback(len(HOSTS))
    return Namespaces(len(HOSTS))


def delays(entries):
    """p50, p99 and worst of the time from due to acknowledged, in milliseconds."""
    times = sorted(entry["acked"] - entry["due"] for entry in entries)
    if not times:
        return {}
    return {name: round(times[min(len(times) - 1, int(len(times) * share))] * 1000, 1) for name, share in (("p50", 0.5), ("p99", 0.99), ("worst", 1))}


def keep_or_remove(folder, problems):
    if problems:
        print(f"kept: {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)


def common_arguments(parser):
    parser.add_argument("binary", type=os.path.abspath)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    service_option(parser)
    parser.add_argument("--no-netns", action="store_true", help="all on loopback, links by scripts/proxy")
    parser.add_argument("--tls", action="store_true", help=__import__("argparse").SUPPRESS)
    parser.add_argument("--collecting", action="store_true", help="older generations and the log are collected within a minute, and the ledger is folded often")
    parser.add_argument("--rate", type=float, default=10, help="batches a second of each writer, of four or five articles")
    parser.add_argument("--writers", type=int, default=3)
    parser.add_argument("--folder", help="where the run keeps its files (default: a temporary folder)")
