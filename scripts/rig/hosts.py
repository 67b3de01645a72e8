"""Several hosts on one machine, whose links can be cut and made lossy.

`Namespaces` (root, Linux): one network namespace a host on a bridge that has a namespace of its own and no uplink, so no
packet gets out. `Loopback`: everything on 127.0.0.1, and before each coordinator a scripts/proxy, whose settings are its link.
"""
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


class Namespaces:
    """Hosts 1…count at 10.78.0.1…"""

    needs_token = True

    @staticmethod
    def why_not():
        if os.geteuid() != 0:
            return "network namespaces need root"
        missing = [tool for tool in ("ip", "iptables") if not shutil.which(tool)]
        return f"{' and '.join(missing)} missing (packages iproute2, iptables)" if missing else None

    def __init__(self, count):
        self.count, self.name = count, f"coranto{os.getpid()}"
        self.switch = f"{self.name}-sw"
        self.do("ip", "netns", "add", self.switch)
        self.inside(self.switch, "link", "add", "br0", "type", "bridge")
        self.inside(self.switch, "link", "set", "br0", "up")
        for host in range(1, count + 1):
            space = self.space(host)
            self.do("ip", "netns", "add", space)
            self.inside(self.switch, "link", "add", f"p{host}", "type", "veth", "peer", "name", "eth0", "netns", space)
            self.inside(self.switch, "link", "set", f"p{host}", "master", "br0", "up")
            self.inside(space, "addr", "add", f"{self.address(host)}/24", "dev", "eth0")
            self.inside(space, "link", "set", "eth0", "up")
            self.inside(space, "link", "set", "lo", "up")

    def space(self, host):
        return f"{self.name}-{host}"

    def address(self, host):
        return f"10.78.0.{host}"

    def command(self, host, words):
        """`ip netns exec` becomes the command: its process id is the command's."""
        return ["ip", "netns", "exec", self.space(host), *words]

    def listen_words(self, host, port):
        return ["--listen", f"{self.address(host)}:{port}", "--plain-network"]

    def told(self, host, port):
        return f"{self.address(host)}:{port}"

    def cut(self, one, other):
        for here, there in ((one, other), (other, one)):
            self.inside(self.space(here), "route", "replace", "blackhole", f"{self.address(there)}/32")

    def heal(self, one, other):
        for here, there in ((one, other), (other, one)):
            self.inside(self.space(here), "route", "del", "blackhole", f"{self.address(there)}/32")

    def isolate(self, host):
        self.inside(self.switch, "link", "set", f"p{host}", "down")

    def rejoin(self, host):
        self.inside(self.switch, "link", "set", f"p{host}", "up")

    def lose(self, host, share):
        """Of the packets that come in."""
        self.do(*self.command(host, ["iptables", "-w", "-A", "INPUT", "-i", "eth0", "-m", "statistic", "--mode", "random",
                                     "--probability", str(share), "-j", "DROP"]))

    def clear(self, host):
        self.do(*self.command(host, ["iptables", "-w", "-F", "INPUT"]))

    def down(self):
        for space in [self.switch, *(self.space(host) for host in range(1, self.count + 1))]:
            subprocess.run(["ip", "netns", "del", space], check=False, capture_output=True)

    @staticmethod
    def do(*words):
        subprocess.run(words, check=True, capture_output=True, text=True)

    def inside(self, space, *words):
        self.do("ip", "-n", space, *words)


class Loopback:
    """A link is that between anyone and a coordinator: its proxy."""

    needs_token = False

    def __init__(self, count):
        self.proxies = {}

    def address(self, host):
        return "127.0.0.1"

    def command(self, host, words):
        return words

    def listen_words(self, host, port):
        """The coordinator listens beside its proxy, which is what others are told."""
        process = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "..", "proxy"), "--listen", f"127.0.0.1:{port}", "--to", f"127.0.0.1:{port + 1}",
             "--control", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
        process.stdout.readline()
        self.proxies[host] = (process, process.stdout.readline().split()[-1])
        return ["--listen", f"127.0.0.1:{port + 1}", "--advertise", f"127.0.0.1:{port}"]

    def told(self, host, port):
        return f"127.0.0.1:{port}"

    def tell(self, host, *words):
        if host in self.proxies:
            subprocess.run([sys.executable, os.path.join(HERE, "..", "proxy"), "--tell", self.proxies[host][1], *words], check=True, stdout=subprocess.DEVNULL)

    def cut(self, one, other):
        for host in (one, other):
            self.tell(host, "set", "stall=yes")

    def heal(self, one, other):
        for host in (one, other):
            self.tell(host, "set", "stall=no")

    def isolate(self, host):
        self.tell(host, "set", "stall=yes")

    def rejoin(self, host):
        self.tell(host, "set", "stall=no")

    def lose(self, host, share):
        """Bytes are not lost on a TCP connection, they are late; connections may fail."""
        self.tell(host, "set", f"drop={share}", "delay=200")

    def clear(self, host):
        self.tell(host, "set", "drop=0", "delay=0")

    def down(self):
        for process, _ in self.proxies.values():
            process.terminate()
            process.wait()
