# SPDX-License-Identifier: MIT
"""Streams that are not, or no longer, messages behind their lengths: what can be told apart is passed over and the next
query answered; where nobody can know what comes next, the connection ends."""
import random
import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor

import dns.message
import pytest

from conftest import SANITIZER_REPORT, Daemon, Stream

IDLE_S = 1


@pytest.fixture(scope="module")
def served(lab, tmp_path_factory):
    """One daemon for all: whatever one test sends it, the next one's queries are answered."""
    d = Daemon(tmp_path_factory.mktemp("garbage"), "", listen=["unix://none"])
    d.listen = [f"udp://127.0.0.1:{d.port}", f"tcp://127.0.0.1:{d.port}", f"tcp://[::1]:{d.port}", f"unix://{d.unix}"]
    d.write_config(lab.provider_yaml() + f"hijack: {{mode: off}}\ntcp: {{idle-timeout: {IDLE_S}s}}\n")
    d.start()
    yield d
    assert d.stop() == 0 and not SANITIZER_REPORT.search(d.log()), d.log()


@pytest.fixture(params=["tcp4", "tcp6", "unix"])
def connect(request, served):
    """connect() opens a connection."""

    def open_one():
        if request.param == "unix":
            return served.unix_stream()
        sock = socket.create_connection(("127.0.0.1" if request.param == "tcp4" else "::1", served.port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Stream(sock)

    return open_one


def query(qid):
    return dns.message.make_query("localhost", "A", use_edns=0, id=qid).to_wire()


def framed(wire, length=None):
    return struct.pack("!H", len(wire) if length is None else length) + wire


def noise(n):
    """Chance octets, the same each time: one in some thousands would have a header that could be one."""
    return random.Random(n).randbytes(n)


def is_answered(stream, qid):
    stream.sock.sendall(framed(query(qid)))
    return struct.unpack("!H", stream.receive()[:2])[0] == qid


def ends_by_fin(stream):
    """No reply comes any more, and the end is no reset, whatever is still sent."""
    stream.sock.settimeout(IDLE_S + 3)
    try:
        stream.sock.sendall(framed(query(99)))
        return stream.sock.recv(2) == b""
    except BrokenPipeError:
        return True


@pytest.mark.parametrize("lengths", [(1,), (2, 3, 11), (12,), (1024,), (65533,), (65533, 65533), (1024, 1024, 1024)])
@pytest.mark.parametrize("query_before", [False, True])
@pytest.mark.parametrize("in_one_write", [False, True])
def test_framed_noise_is_passed_over(connect, lengths, query_before, in_one_write):
    parts = [framed(query(1))] if query_before else []
    parts += [framed(noise(n)) for n in lengths] + [framed(query(2))]
    with connect() as s:
        for part in [b"".join(parts)] if in_one_write else parts:
            s.sock.sendall(part)
        for qid in (1, 2) if query_before else (2,):
            # twelve octets of chance may look like a header, and then they are told so
            replies = iter(lambda: struct.unpack("!H", s.receive()[:2])[0], qid)
            assert len(list(replies)) <= (1 if lengths == (12,) else 0)
        assert is_answered(s, 3)


def at_once(cases, run):
    """The cases side by side: each takes the idle time."""
    with ThreadPoolExecutor(len(cases)) as pool:
        return list(pool.map(run, cases))


def test_length_other_than_that_of_the_message_ends_the_connection(connect):
    whole = len(query(2))

    def run(case):
        before, length = case
        with connect() as s:
            if before == "a query":
                assert is_answered(s, 1)
            s.sock.sendall((framed(query(1)) if before == "a query in the same write" else b"") + framed(query(2), length))
            if before == "a query in the same write":
                assert struct.unpack("!H", s.receive()[:2])[0] == 1
            return ends_by_fin(s)

    befores = ("nothing", "a query", "a query in the same write")
    assert all(at_once([(b, n) for b in befores for n in (1, 11, 14, whole + 16)], run))


@pytest.mark.parametrize("n", [1, 8, 1024, 4096, 20000])
@pytest.mark.parametrize("query_before", [False, True])
def test_query_with_octets_behind_it_is_passed_over(connect, n, query_before):
    with connect() as s:
        if query_before:
            assert is_answered(s, 1)
        s.sock.sendall(framed(query(2) + noise(n)))
        assert is_answered(s, 3)


@pytest.mark.parametrize("query_before", [False, True])
def test_flood_of_noise_is_cut_off(connect, query_before):
    def run(case):
        length, n, delay = case
        flood, end = framed(noise(length)) * n, time.monotonic() + IDLE_S + 5
        with connect() as s:
            if query_before:
                assert is_answered(s, 1)
            s.sock.settimeout(5)
            try:
                while time.monotonic() < end:
                    s.sock.sendall(flood)
                    time.sleep(delay)
            except (BrokenPipeError, ConnectionResetError):
                return True
        return False

    cases = [(65533, 100, 0.2), (0, 100000, 0.2), (1024, 1000, 0.2), (1, 5000, 0.2), (65533, 1, 0), (0, 1, 0), (1024, 1, 0)]
    assert all(at_once(cases, run))
    with connect() as s:
        assert is_answered(s, 4)


def test_flood_of_queries_by_one_who_leaves_or_never_reads_harms_nobody(connect):
    flood = b"".join(framed(query(i)) for i in range(10000))
    with connect() as s:
        s.sock.sendall(flood)
    with connect() as s:
        end = time.monotonic() + IDLE_S + 5
        s.sock.settimeout(5)
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            while time.monotonic() < end:
                s.sock.sendall(flood)
    with connect() as s:
        assert is_answered(s, 4)


@pytest.mark.parametrize("query_before", [False, True])
def test_silent_and_trickling_connections_end_by_fin(connect, query_before):
    with connect() as silent, connect() as trickling:
        if query_before:
            assert is_answered(silent, 1) and is_answered(trickling, 1)
        with pytest.raises(BrokenPipeError):
            for octet in framed(query(2)) * 2:
                trickling.sock.sendall(bytes([octet]))
                time.sleep(IDLE_S / 20)
        assert silent.sock.recv(1) == b""


@pytest.mark.parametrize("pause", [0.1, IDLE_S * 0.3, IDLE_S * 0.7])
def test_connection_in_use_outlives_the_idle_time(connect, pause):
    with connect() as s:
        end = time.monotonic() + IDLE_S * 2.5
        while time.monotonic() < end:
            assert is_answered(s, 5)
            time.sleep(pause)
