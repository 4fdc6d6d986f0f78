# SPDX-License-Identifier: MIT
"""Whatever the local resolver says or does not say, a client's answer is not touched, and nonsense is no lie."""
import random
import statistics
import struct
import time

import pytest

from conftest import holds_for, wait_for
from liar import Liar, answer, honestly


def header(query, flags=0x8180, counts=(1, 1, 0, 0), qid=None):
    return struct.pack("!6H", query.id if qid is None else qid, flags, *counts)


def question(query):
    q = query.question[0]
    return q.name.to_wire() + struct.pack("!2H", q.rdtype, q.rdclass)


def loop(query):
    """An owner name that is a pointer to itself."""
    at = 12 + len(question(query))
    return header(query) + question(query) + struct.pack("!3HIH4s", 0xc000 | at, 1, 1, 60, 4, b"\x0a\x00\x00\x01")


def chain(query):
    """Owner names that are pointers to pointers, each to the one before: 64 KiB of them."""
    first = 12 + len(question(query))
    records, at = b"", 12
    for i in range(5000):
        records += struct.pack("!3HIH", 0xc000 | at, 1, 1, 60, 0)
        at = min(first + 12 * i, 0x3fff)
    return header(query, counts=(1, 5000, 0, 0)) + question(query) + records


NONSENSE = {
    "nothing": lambda q: None,
    "a datagram of no octets": lambda q: b"",
    "three octets": lambda q: b"abc",
    "64 KiB": lambda q: random.Random(7).randbytes(65000),
    "its own header and 60 KiB": lambda q: header(q) + random.Random(8).randbytes(60000),
    "wrong IDs": lambda q: [header(q, qid=(q.id + i) % 65536) + question(q) for i in range(1, 40)],
    "two thousand wrong IDs and then an answer": lambda q: [
        *(header(q, qid=(q.id + i) % 65536) + question(q) for i in range(1, 2000)), answer(q, RIGHT if q.question[0].rdtype == 1 else "2001:db9::1")],
    "pointers to pointers": chain,
    "a query": lambda q: q.to_wire(),
    "a pointer that loops": loop,
    "truncation for ever": lambda q: header(q, flags=0x8380, counts=(1, 0, 0, 0)) + question(q),
    "counts that lie": lambda q: header(q, counts=(1, 65535, 65535, 65535)) + question(q),
    "another question": lambda q: answer(q, "10.0.0.1").to_wire().replace(b"\x03www", b"\x03xyz"),
}


RIGHT = "151.101.1.72"


def audit_yaml(liar):
    return (f'local-resolver: {{servers: ["127.0.0.1:{liar.port}"], filters: no}}\n'
            "hijack: {mode: all, alert: stderr, recheck: 1s, tls-proof: no, path-probe: no}\n")


@pytest.mark.parametrize("what", NONSENSE)
def test_nonsense_touches_no_answer_and_accuses_nobody(lab, daemon, what):
    liar = Liar(NONSENSE[what])
    try:
        d = daemon(lab.provider_yaml() + audit_yaml(liar))
        for i in range(10):
            assert d.udp(f"n{i}.wild.honest-lab.net", timeout=3).answer[0][0].address == RIGHT
        wait_for(lambda: len(liar.asked) > 4, 10, "the cross-check")
        holds_for(lambda: d.process.poll() is None and d.alerts() == [], 2)
        assert d.udp("example.com").answer[0][0].address == "93.184.216.34"
    finally:
        liar.close()


@pytest.mark.alone
def test_killing_the_local_resolver_in_mid_load_touches_no_answer(lab, daemon):
    """Each question is new, so that each goes to providers and to the auditor. Answers are as right and as quick as before."""
    liar = Liar(lambda query: honestly(lab, query.to_wire()))
    d, took = daemon(lab.provider_yaml() + audit_yaml(liar)), []
    try:
        for i in range(400):
            if i == 200:
                wait_for(lambda: len(liar.asked) > 4, 10, "the cross-check")
                liar.close()
            began = time.monotonic()
            assert d.udp(f"k{i}.wild.honest-lab.net", timeout=3).answer[0][0].address == RIGHT
            took.append(time.monotonic() - began)
    finally:
        liar.close()
    before, after = statistics.median(took[:200]), statistics.median(took[200:])
    assert after < 2 * before + 0.002, (before, after)
    assert d.alerts() == []
