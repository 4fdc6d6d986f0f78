# SPDX-License-Identifier: MIT
"""Two providers, the first of which turns bad under load: clients must not feel it."""
import os
import select
import socket
import struct
import subprocess
import sys
import threading
import time

import dns.message
import pytest

from conftest import ROOT, lab_module, wait_for

pytest.importorskip("h2", reason="python3-h2 is not installed: no provider that misbehaves")

RATE = 500
# On a quiet machine: HTTPDNSD_LONG=60 pytest test_hostile_provider.py measures for longer and allows no
# more than the rule does.
SECONDS = float(os.environ.get("HTTPDNSD_LONG", "3"))
NOISE_S = 0.003 if "HTTPDNSD_LONG" in os.environ else 0.4


class Origin:
    def __init__(self, lab, address="127.0.0.1", start_with=()):
        self.port = lab_module.free_ports(1)[0]
        self.process = subprocess.Popen(
            [*start_with, "/usr/bin/python3", str(ROOT / "tests/lab/hostile.py"), str(self.port), str(lab.folder / "leaf.pem"),
             str(lab.folder / "leaf.key"), address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            preexec_fn=lab_module.die_with_parent)
        assert self.process.stdout.readline() == "done\n"

    def tell(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def stop(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def origin(lab):
    origin = Origin(lab)
    yield origin
    origin.stop()


def two_providers(lab, origin, more=""):
    """The one that will misbehave, and then an honest one."""
    second = lab.provider_yaml().split("  - name: lab2")[1]
    return (f"providers:\n  - name: bad\n    url: https://provider1.lab.example:{origin.port}/dns-query\n"
            f"    addresses: [127.0.0.1]\n    ca-file: {lab.ca}\n  - name: lab2{second}"
            f"hijack: {{mode: off}}\n{more}")


class Load:
    """New names at a steady rate; begun[i] and took[i] in seconds, took[i] None: no good answer."""

    def __init__(self, port, label):
        self.label, self.began, self.took, self.bad = label, [], [], []
        self.socks = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(16)]  # over all workers
        for sock in self.socks:
            sock.connect(("127.0.0.1", port))

    def query(self, i):
        name = b"".join(bytes([len(label)]) + label for label in
                        (f"{self.label}-{i}".encode(), b"wild", b"honest-lab", b"net"))
        return struct.pack("!6H", i & 0xffff, 0x0100, 1, 0, 0, 1) + name + b"\0\0\1\0\1\0\0\x29\x04\xd0\0\0\0\0\0\0"

    def take(self, sock):
        reply = sock.recv(4096)
        i = reply[0] << 8 | reply[1]
        if reply[3] & 15 != 0 or reply[7] == 0:
            self.bad.append(dns.message.from_wire(reply).to_text())
        self.took[i] = time.monotonic() - self.began[i]

    def run(self, seconds):
        """Up to 65 536 queries."""
        start, n = time.monotonic(), int(seconds * RATE)
        assert n <= 65536
        end = start + seconds + 6
        while time.monotonic() < end:
            now = time.monotonic()
            while len(self.began) < n and now >= start + len(self.began) / RATE:
                self.began.append(time.monotonic())
                self.took.append(None)
                self.socks[len(self.began) % len(self.socks)].send(self.query(len(self.began) - 1))
            if len(self.began) == n and None not in self.took:
                break
            for sock in select.select(self.socks, [], [], 0.001)[0]:
                self.take(sock)
        for sock in self.socks:
            sock.close()
        return self

    def p99(self, after=0.0):
        took = sorted(t for b, t in zip(self.began, self.took) if t is not None and b - self.began[0] >= after)
        return took[int(len(took) * 0.99)]

    def describe(self):
        return (f"n {len(self.took)} unanswered {self.took.count(None)} bad {len(self.bad)} p99 {self.p99() * 1e3:.1f} ms, "
                f"after the first second {self.p99(1) * 1e3:.1f} ms, worst {max(t or 9 for t in self.took) * 1e3:.0f} ms")


def turns_bad(d, origin, misbehave):
    """The same load when all is well, and when the first provider has just turned bad."""
    well = Load(d.port, "well").run(2)
    stop = threading.Event()
    thread = threading.Thread(target=misbehave, args=(stop,))
    thread.start()
    bad = Load(d.port, "bad").run(SECONDS + 1)
    stop.set()
    thread.join()
    print(f"well: {well.describe()}\nbad:  {bad.describe()}", file=sys.stderr)
    assert bad.bad == []
    assert None not in bad.took
    assert max(bad.took) <= 2.5 + NOISE_S
    # The rule is 1.3 times; the rest is for a machine that is busy with other things.
    assert bad.p99(after=1) <= 1.3 * well.p99() + NOISE_S
    return bad


@pytest.mark.parametrize("how", ["hang", "close", "refuse", "goaway", "servfail", "status 500", "down"])
def test_clients_do_not_feel_that_one_of_two_providers_turns_bad(lab, daemon, origin, how):
    d = daemon(two_providers(lab, origin))
    turns_bad(d, origin, lambda _: origin.tell(how))


def test_clients_do_not_feel_a_provider_that_comes_and_goes_every_two_seconds(lab, daemon, origin):
    def flap(stop):
        while not stop.is_set():
            origin.tell("down")
            if stop.wait(2):
                break
            origin.tell("ok")
            stop.wait(2)

    turns_bad(daemon(two_providers(lab, origin)), origin, flap)


def test_requests_are_spread_over_connections_when_lost_packets_hold_one_up(lab, daemon, origin):
    d = daemon(two_providers(lab, origin).split("  - name: lab2")[0] + "hijack: {mode: off}\n")
    Load(d.port, "well").run(1)
    before = int(origin.tell("counts").split()[0])
    origin.tell("stall")
    load = Load(d.port, "held-up").run(4)
    spread = int(origin.tell("counts").split()[0])
    print(f"connections: {before}, then {spread}; {load.describe()}", file=sys.stderr)
    assert load.bad == [] and None not in load.took
    assert before + 5 <= spread <= before + 40  # eight a worker, and they are kept


def nft(rules):
    return subprocess.run(["nft", "-f", "-"], input=rules, text=True, capture_output=True)


def test_clients_do_not_feel_a_provider_whose_packets_are_all_lost(lab, daemon, origin):
    table = f"httpdnsd_lost_{os.getpid()}"
    rules = (f"table inet {table} {{ chain i {{ type filter hook input priority 0; "
             f"tcp dport {origin.port} drop; tcp sport {origin.port} drop; }} }}")
    if nft(f"table inet {table} {{ }}").returncode != 0:
        pytest.skip("no packet filter can be set here")
    try:
        turns_bad(daemon(two_providers(lab, origin)), origin, lambda _: nft(rules))
    finally:
        nft(f"delete table inet {table}")


def test_provider_that_is_well_again_is_used_again_within_seconds(lab, daemon, origin):
    d = daemon(two_providers(lab, origin))
    origin.tell("servfail")
    Load(d.port, "away").run(0.5)
    origin.tell("ok")

    def is_used():
        before = int(origin.tell("counts").split()[1])
        Load(d.port, f"back{time.monotonic_ns()}").run(0.2)
        return int(origin.tell("counts").split()[1]) - before > 50

    wait_for(is_used, seconds=8, what="the first provider's return")


def test_retry_after_as_seconds_or_as_a_date_keeps_all_queries_away(lab, daemon, origin):
    d = daemon(two_providers(lab, origin))
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 60))
    for header in ("429 Retry-After 60", f"503 Retry-After {date}"):
        origin.tell(f"status {header}")
        assert d.udp("first.wild.honest-lab.net").rcode() == 0
        before = int(origin.tell("counts").split()[1])
        assert Load(d.port, "quiet").run(1).bad == []
        assert int(origin.tell("counts").split()[1]) - before <= 8  # one a worker at most
        d = daemon(two_providers(lab, origin))
