# SPDX-License-Identifier: MIT
"""Two thousand connections at once, most of them of no use to anybody, and clients that must not notice (PROMISES T8, T10, L6)."""
import collections
import os
import socket
import struct
import threading
import time

import dns.message
import pytest

from conftest import SANITIZED, edes, wait_for
from test_hostile_provider import honest, origin, providers  # noqa: F401  (fixtures)

pytestmark = pytest.mark.alone

N_IDLE, N_DRIPPING, N_WAITING, N_SLOW_READERS, N_DEAF = 1000, 200, 500, 200, 100
AWAY_S, IDLE_S, LIFE_S = 2, 4, 6


def framed(*messages):
    return b"".join(struct.pack("!H", len(m)) + m for m in messages)


class Crowd:
    """Each kind has addresses of its own, as clients have."""

    def __init__(self, d):
        self.d, self.socks = d, collections.defaultdict(list)

    def join(self, kind, n, first=b"", small=False):
        for i in range(n):
            s = socket.socket()
            if small:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            s.bind((f"127.{1 + len(self.socks)}.{i // 50}.1", 0))
            s.connect(("127.0.0.1", self.d.port))
            s.sendall(first(i) if callable(first) else first)
            s.setblocking(False)
            self.socks[kind].append(s)

    def close(self):
        for s in sum(self.socks.values(), []):
            s.close()


def n_sockets(d):
    return len(os.listdir(f"/proc/{d.process.pid}/fd"))


def percentile(times, share):
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


class Client:
    """An ordinary one, on a thread of its own: known and new names over UDP, and a connection each tenth time."""

    def __init__(self, d):
        self.d, self.took, self.lost, self.stop = d, [], 0, False
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while not self.stop:
            began = time.monotonic()
            try:
                ask = self.d.tcp if len(self.took) % 10 == 0 else self.d.udp
                good = ask("near.lan.example", timeout=2).answer and True
            except Exception:
                good = False
            self.lost += not good
            self.took.append(time.monotonic() - began)
            time.sleep(0.01)


def is_over(s):
    try:
        while data := s.recv(65536):
            del data
        return True
    except BlockingIOError:
        return False
    except OSError:
        return True


@pytest.mark.skipif(SANITIZED, reason="bounds of time and memory do not hold with a sanitizer")
def test_two_thousand_connections_of_all_kinds_are_not_felt_by_others(lab, daemon, origin):
    many = ", ".join(f'"2001:db8::{i:x}"' for i in range(1, 60))
    d = daemon(providers(lab, origin) + f"tcp: {{max-connections: 3000, idle-timeout: {IDLE_S}s}}\nquery-timeout: 15s\n"
               f"local-data: {{near.lan.example: 192.0.2.1, big.lan.example: [{many}]}}\n")
    origin.tell(f"far {AWAY_S * 1000}")
    crowd, client = Crowd(d), Client(d)
    big = d.query("big.lan.example", "AAAA").to_wire()
    n_fds = n_sockets(d)
    client.thread.start()
    wait_for(lambda: len(client.took) > 100)
    alone, client.took = client.took, []
    try:
        crowd.join("idle", N_IDLE)
        crowd.join("dripping", N_DRIPPING, big[:1])
        crowd.join("waiting", N_WAITING, lambda i: framed(d.query(f"slow{i}.far.example", id=i).to_wire()))
        crowd.join("slow reader", N_SLOW_READERS, framed(*[big] * 20), small=True)
        crowd.join("deaf", N_DEAF, framed(*[big] * 30), small=True)
        assert sum(map(len, crowd.socks.values())) == 2000
        with d.tcp_stream() as stream:
            stream.send(big)
            whole = stream.receive()
        n_big = 20 * (2 + len(whole))

        def n_open(got):
            return sum(len(got[s]) < n_big for s in crowd.socks["slow reader"]) + sum(len(got[s]) < 12 for s in crowd.socks["waiting"])

        got = collections.defaultdict(bytes)
        began = time.monotonic()
        while time.monotonic() - began < LIFE_S or n_open(got) > 0:
            assert time.monotonic() - began < 5 * LIFE_S, f"{n_open(got)} have not got all yet"
            for s in crowd.socks["dripping"]:
                try:
                    s.send(b"\0")
                except OSError:
                    pass
            for s in crowd.socks["slow reader"] + crowd.socks["waiting"]:
                try:
                    got[s] += s.recv(8192)
                except OSError:
                    pass
            time.sleep(0.2)
        for i, s in enumerate(crowd.socks["waiting"]):
            reply = dns.message.from_wire(got[s][2:2 + struct.unpack("!H", got[s][:2])[0]])
            assert reply.id == i and reply.answer, edes(reply)
        assert all(got[s] == framed(*[whole] * 20) for s in crowd.socks["slow reader"])
        wait_for(lambda: all(is_over(s) for s in crowd.socks["idle"] + crowd.socks["dripping"]), 2 * IDLE_S, "the end of the idle")
    finally:
        client.stop = True
        client.thread.join()
        crowd.close()
    assert client.lost == 0 and len(client.took) > 200
    # The crowd and the client share an interpreter: what is finer than this, tests/bench/loads.py measures (L6).
    assert percentile(client.took, 0.5) < percentile(alone, 0.5) + 0.05 and percentile(client.took, 0.99) < percentile(alone, 0.99) + 0.5
    # What stays beside those of before are connections to the provider.
    wait_for(lambda: n_sockets(d) <= n_fds + 40, 2 * IDLE_S, f"descriptors given back ({n_fds} before)")
