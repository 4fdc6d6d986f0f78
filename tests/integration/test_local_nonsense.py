# SPDX-License-Identifier: MIT
"""Whatever the local resolver says or does not say, a client's answer is not touched, and nonsense is no lie."""
import os
import random
import struct
import time

import dns.rdatatype
import pytest

from conftest import holds_for, wait_for
from liar import Liar, answer, honestly

SOAK_SECONDS = float(os.environ.get("HTTPDNSD_SOAK_SECONDS", 15))


def header(query, flags=0x8180, counts=(1, 1, 0, 0), qid=None):
    return struct.pack("!6H", query.id if qid is None else qid, flags, *counts)


def question(query):
    q = query.question[0]
    return q.name.to_wire() + struct.pack("!2H", q.rdtype, q.rdclass)


def loop(query):
    """An owner name that is a pointer to itself."""
    at = 12 + len(question(query))
    return header(query) + question(query) + struct.pack("!3HIH4s", 0xc000 | at, 1, 1, 60, 4, b"\x0a\x00\x00\x01")


NONSENSE = {
    "nothing": lambda q: None,
    "a datagram of no octets": lambda q: b"",
    "three octets": lambda q: b"abc",
    "64 KiB": lambda q: random.Random(7).randbytes(65000),
    "its own header and 60 KiB": lambda q: header(q) + random.Random(8).randbytes(60000),
    "wrong IDs": lambda q: [header(q, qid=(q.id + i) % 65536) + question(q) for i in range(1, 40)],
    "a query": lambda q: q.to_wire(),
    "a pointer that loops": loop,
    "truncation for ever": lambda q: header(q, flags=0x8380, counts=(1, 0, 0, 0)) + question(q),
    "counts that lie": lambda q: header(q, counts=(1, 65535, 65535, 65535)) + question(q),
    "another question": lambda q: answer(q, "10.0.0.1").to_wire().replace(b"\x03www", b"\x03xyz"),
}


def audit_yaml(liar):
    return (f'local-resolver: {{servers: ["127.0.0.1:{liar.port}"], filters: no}}\n'
            "hijack: {mode: all, alert: stderr, recheck: 1s, tls-proof: no, path-probe: no}\n")


@pytest.mark.parametrize("what", NONSENSE)
def test_nonsense_touches_no_answer_and_accuses_nobody(lab, daemon, what):
    liar = Liar(NONSENSE[what])
    try:
        d = daemon(lab.provider_yaml() + audit_yaml(liar))
        for i in range(10):
            assert d.udp(f"n{i}.wild.honest-lab.net", timeout=3).rcode() == 0
        wait_for(lambda: len(liar.asked) > 4, 10, "the cross-check")
        holds_for(lambda: d.process.poll() is None and d.alerts() == [], 2)
        assert d.udp("example.com").answer[0][0].address == "93.184.216.34"
    finally:
        liar.close()


def test_addresses_that_come_and_go_raise_no_alert_and_memory_stays(lab, daemon):
    """A minute's churn is no lie. HTTPDNSD_SOAK_SECONDS=600 makes it long."""
    dice = random.Random(1)

    def says(query):
        if b"wild" in query.question[0].name.to_wire() and query.question[0].rdtype == dns.rdatatype.A:
            return answer(query, *(f"{dice.choice([5, 62, 81])}.{dice.randrange(256)}.{dice.randrange(256)}.7" for _ in range(3)))
        return honestly(lab, query.to_wire())

    liar = Liar(says)
    try:
        d = daemon(lab.provider_yaml() + audit_yaml(liar))

        def memory_kib():
            status = open(f"/proc/{d.process.pid}/status").read()
            return int(status.split("VmRSS:")[1].split()[0])

        first, i, end = None, 0, time.monotonic() + SOAK_SECONDS
        while time.monotonic() < end:
            assert d.udp(f"churn{i}.wild.honest-lab.net", timeout=3).rcode() == 0
            i += 1
            if i == 5:
                first = memory_kib()
            time.sleep(1)
        assert d.alerts() == [] and liar.n_asked("churn1.wild.honest-lab.net") >= 1
        assert memory_kib() < first + 16 * 1024
    finally:
        liar.close()
