# SPDX-License-Identifier: MIT
"""The real daemon, the lab's real servers, and clients that speak DNS as stubs do."""
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import dns.flags
import dns.message
import dns.query
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("HTTPDNSD_BUILD", ROOT / "build-test"))
HTTPDNSD = BUILD / "daemon" / "httpdnsd"
HTTPDNSCTL = BUILD / "control" / "httpdnsctl"
sys.path.insert(0, str(ROOT / "tests" / "lab"))

import lab as lab_module  # noqa: E402  (found by the line above)


def pytest_configure(config):
    config.addinivalue_line("markers", "alone: measures the machine too, or counts what others on it do: no other test runs beside it")


SANITIZED = re.search(rb"__[at]san_init", HTTPDNSD.read_bytes()) is not None if HTTPDNSD.exists() else False
SANITIZER_REPORT = re.compile(r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:")


def wait_for(condition, seconds=10, what="the condition", every=0.02):
    """Polls until the condition gives something true, and returns it."""
    end = time.monotonic() + seconds
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come about within {seconds} s")
        time.sleep(every)


def holds_for(condition, seconds):
    """The condition holds now and stays so for a while: for what must not happen."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert condition()
        time.sleep(0.05)


def mount_trouble():
    """Why no mount namespace can be made here, or ''. In a bare chroot, for one, mounts cannot be private."""
    try:
        return subprocess.run(["unshare", "--mount", "true"], capture_output=True, text=True).stderr.strip()
    except FileNotFoundError:
        return "unshare is not installed"


needs_mounts = pytest.mark.skipif(mount_trouble() != "", reason=f"no mount namespace: {mount_trouble()}")


def with_mounts(mounts):
    """Runs the daemon in a mount namespace of its own, after these shell commands."""
    return ["unshare", "--mount", "sh", "-c", mounts + ' && exec "$@"', "sh"]


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    lab = lab_module.Lab(tmp_path_factory.mktemp("lab"))
    lab.start()
    yield lab
    lab.stop()


class Stream:
    """A TCP or Unix connection with DNS framing."""

    def __init__(self, sock):
        self.sock = sock
        self.sock.settimeout(10)

    def send(self, *messages):
        self.sock.sendall(b"".join(struct.pack("!H", len(m)) + m for m in messages))

    def take(self, n):
        got = b""
        while len(got) < n:
            part = self.sock.recv(n - len(got))
            if not part:
                raise EOFError(f"closed after {len(got)} of {n} octets")
            got += part
        return got

    def receive(self):
        return self.take(struct.unpack("!H", self.take(2))[0])

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Daemon:
    def __init__(self, folder, config, listen=None, start_with=()):
        self.folder, self.start_with = folder, list(start_with)
        self.port = lab_module.free_ports(1)[0]
        self.unix = folder / "dns.sock"
        self.config = folder / "httpdnsd.yaml"
        self.log_path = folder / "httpdnsd.log"
        self.listen = listen or [f"udp://127.0.0.1:{self.port}", f"tcp://127.0.0.1:{self.port}", f"unix://{self.unix}"]
        self.write_config(config)
        self.process = None

    def write_config(self, config, listen=None):
        if "listen:" not in config:
            config = "listen:\n" + "".join(f"  - {a}\n" for a in listen or self.listen) + config
        if "hijack:" not in config:
            # By default this machine's own resolvers would be asked.
            config += "\nhijack: {mode: off}\n"
        if "control:" not in config:
            config += f"\ncontrol: {{socket: {self.folder / 'control.sock'}}}\n"
        if "state-dir:" not in config:
            config += "state-dir: off\n"
        self.config.write_text(config)

    def start(self, ready=True, pass_fds=()):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([*self.start_with, str(HTTPDNSD), "--config", str(self.config)],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            preexec_fn=lab_module.die_with_parent, pass_fds=pass_fds)
        if ready:
            wait_for(lambda: "ready:" in self.log() or self.process.poll() is not None, what="ready")
            assert self.process.poll() is None, self.log()
        return self

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def alerts(self):
        return [line for line in self.log().splitlines() if "DNS hijack" in line]

    def stop(self, number=signal.SIGTERM):
        """Ends it and returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(15)

    def told(self, what):
        """What httpdnsctl says of the daemon's state."""
        got = subprocess.run([HTTPDNSCTL, "--socket", self.folder / "control.sock", "--json", what], capture_output=True,
                             text=True, timeout=15)
        assert got.returncode == 0, got.stderr
        return json.loads(got.stdout)

    # ---- asking ----

    def query(self, name, rdtype="A", **kw):
        kw.setdefault("use_edns", 0)
        return dns.message.make_query(name, rdtype, **kw)

    def udp(self, name, rdtype="A", where="127.0.0.1", timeout=8, **kw):
        return dns.query.udp(self.query(name, rdtype, **kw), where, port=self.port, timeout=timeout)

    def tcp(self, name, rdtype="A", timeout=8, **kw):
        return dns.query.tcp(self.query(name, rdtype, **kw), "127.0.0.1", port=self.port, timeout=timeout)

    def tcp_stream(self):
        return Stream(socket.create_connection(("127.0.0.1", self.port)))

    def unix_stream(self):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.connect(str(self.unix))
        return Stream(sock)

    def over_unix(self, name, rdtype="A", **kw):
        query = self.query(name, rdtype, **kw)
        with self.unix_stream() as stream:
            stream.send(query.to_wire())
            reply = dns.message.from_wire(stream.receive())
        assert query.is_response(reply)
        return reply

    def raw_udp(self, message, timeout=0.5):
        """The reply's bytes, or None when none comes."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(timeout)
            s.sendto(message, ("127.0.0.1", self.port))
            try:
                return s.recv(65535)
            except TimeoutError:
                return None


@pytest.fixture
def daemon(lab, tmp_path_factory):
    """A factory: daemon(config) starts one with the lab as its providers; all end with the test."""
    made = []

    def make(config=None, start=True, **kw):
        if config is None:
            config = lab.provider_yaml() + "hijack: {mode: off}\n"
        d = Daemon(tmp_path_factory.mktemp("d"), config, **kw)
        made.append(d)
        return d.start() if start else d

    yield make
    for d in made:
        if d.process is not None:
            code = d.stop()
            log = d.log()
            print(f"--- log of {d.config} (ended with {code})\n{log[-4000:]}")
            assert not SANITIZER_REPORT.search(log), log
            assert code in (0, 1, 78), f"ended with {code}"


@pytest.fixture
def provider(lab):
    """lab's provider servers by index; a test that stops or kills one finds them whole again after."""
    yield lab.providers
    for i, server in enumerate(lab.providers):
        server.signal(signal.SIGCONT)
        if server.process.poll() is not None:
            server.start()
            lab_module.poll(server.name, lambda: server.alive() and lab.doh_answers(i))


def edes(message):
    """The Extended DNS Errors of a message: (info-code, text)."""
    return [(struct.unpack("!H", o.to_wire()[:2])[0], o.to_wire()[2:].decode()) for o in message.options if o.otype == 15]


def traffic(daemon, transport):
    """What the daemon says at its end of a transport: {"received": n, "answered": n, …}; checks that the sum is right."""
    daemon.stop()
    line = [m for m in daemon.log().splitlines() if f" {transport}: " in m and " received, " in m][-1]
    counts = {word: int(n) for n, word in re.findall(r"(\d+) (received|answered|dropped|in flight)", line)}
    counts.update({reason: int(n) for reason, n in re.findall(r"(short|response|source|access|rate|policy|gone) (\d+)", line)})
    assert counts["received"] == counts["answered"] + counts["dropped"] + counts["in flight"], line
    return counts
