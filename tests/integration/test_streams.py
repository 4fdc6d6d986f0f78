# SPDX-License-Identifier: MIT
"""TCP and Unix connections as good and bad clients use them (PROMISES T1-T14, F-41, F-42, F-43)."""
import contextlib
import os
import resource
import select
import signal
import socket
import struct
import time

import dns.edns
import dns.message
import dns.rcode
import pytest

from conftest import SANITIZED, Stream, lab_module, traffic, wait_for

QUIET = "hijack: {mode: off}\n"
# HTTPDNSD_LONG=60 pytest test_streams.py -k T11 holds the daemon at its limit for as long as PROMISES says.
LIMIT_S = float(os.environ.get("HTTPDNSD_LONG", "10"))


def framed(*messages):
    return b"".join(struct.pack("!H", len(m)) + m for m in messages)


def is_over(sock, seconds):
    """True when the server ends the connection within that time, by FIN or RST."""
    sock.settimeout(seconds)
    try:
        while sock.recv(65536):
            pass
        return True
    except TimeoutError:
        return False
    except OSError:
        return True


@pytest.fixture(params=["tcp4", "tcp6", "unix"])
def connect(request, lab, daemon):
    """A daemon and a way to connect to it: connect(more configuration) gives (daemon, function)."""

    def make(more="", **kw):
        port = lab_module.free_ports(1)[0]
        d = daemon(lab.provider_yaml() + QUIET + more, start=False, **kw)
        d.port = port
        d.listen = [f"udp://127.0.0.1:{port}", f"tcp://127.0.0.1:{port}", f"tcp://[::1]:{port}", f"unix://{d.unix}"]
        d.write_config(lab.provider_yaml() + QUIET + more)
        d.start()

        def open_one():
            if request.param == "unix":
                return d.unix_stream()
            return Stream(socket.create_connection(("127.0.0.1" if request.param == "tcp4" else "::1", port)))

        return d, open_one

    make.kind = request.param
    return make


def in_pieces(streams, datas, cuts):
    """Each stream gets its data in pieces; the daemon has time to read one before the next comes."""
    ends = [[0, *c, len(data)] for c, data in zip(cuts, datas)]
    for k in range(len(ends[0]) - 1):
        for s, data, end in zip(streams, datas, ends):
            s.sock.sendall(data[end[k]:end[k + 1]])
        time.sleep(0.002)


def test_T1_each_of_all_2_cut_splits_of_three_queries_gives_the_same_answers(connect):
    d, open_one = connect()
    queries = [d.query(f"{'x' * n}.localhost", rdtype, id=n) for n, rdtype in ((6, "A"), (17, "AAAA"), (30, "MX"))]
    data = framed(*[q.to_wire() for q in queries])
    with open_one() as s:
        s.sock.sendall(data)
        wanted = sorted(s.receive() for _ in queries)
    assert len(set(wanted)) == 3
    cuts = [(i, j) for i in range(1, len(data)) for j in range(i + 1, len(data))]
    assert len(cuts) > 9000
    for at in range(0, len(cuts), 100):
        batch = cuts[at:at + 100]
        streams = [open_one() for _ in batch]
        for s in streams:
            if s.sock.family != socket.AF_UNIX:
                s.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        in_pieces(streams, [data] * len(batch), batch)
        for s, cut in zip(streams, batch):
            assert sorted(s.receive() for _ in queries) == wanted, cut
            s.close()


def test_T1_cut_stream_of_questions_for_upstream_gets_all_answers(connect):
    d, open_one = connect()
    queries = [d.query(n) for n in ("example.com", "localhost", "bank-of-lab.com")]
    data = framed(*[q.to_wire() for q in queries])
    for cut in range(1, len(data), 7):
        with open_one() as s:
            in_pieces([s], [data], [(cut,)])
            replies = {m.id: m for m in (dns.message.from_wire(s.receive()) for _ in queries)}
        assert all(q.is_response(replies[q.id]) and replies[q.id].answer for q in queries)


def test_T2_slow_query_delays_none_of_a_hundred(connect, provider):
    d, open_one = connect()
    d.udp("example.com")
    for server in provider:
        server.signal(signal.SIGSTOP)
    slow = d.query(f"slow-{connect.kind}.wild.honest-lab.net")
    quick = [d.query("example.com", id=i) for i in range(1, 100)]
    with open_one() as s:
        s.sock.settimeout(2)
        began = time.monotonic()
        s.send(slow.to_wire(), *[q.to_wire() for q in quick])
        got = {dns.message.from_wire(s.receive()).id for _ in quick}
        took = time.monotonic() - began
        for server in provider:
            server.signal(signal.SIGCONT)
        assert got == {q.id for q in quick}
        s.sock.settimeout(8)
        assert slow.is_response(dns.message.from_wire(s.receive()))
        assert took < 1  # the slow one took as long as its providers were stopped


def test_T3_many_large_answers_read_slowly_arrive_whole(connect):
    d, open_one = connect("tcp: {idle-timeout: 4s}\n")  # shorter than the reading takes
    d.tcp("crowd.honest-lab.net")
    with open_one() as s:
        s.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        queries = [d.query("crowd.honest-lab.net", id=i) for i in range(1, 401)]
        s.send(*[q.to_wire() for q in queries])
        for q in queries:
            reply = s.receive()
            assert struct.unpack("!4H", reply[:8]) == (q.id, 0x8180, 1, 300) and len(reply) > 300 * 16
            time.sleep(0.01)
    assert traffic(d, connect.kind[:4].rstrip("46"))["answered"] >= 400


def test_T4_well_framed_garbage_is_told_so_and_the_connection_goes_on(connect):
    d, open_one = connect()
    with open_one() as s:
        query = d.query("localhost")
        s.send(b"\x12\x34\x01\x00\0\1\0\2\0\0\0\0" + b"\xff" * 40, query.to_wire())
        replies = [dns.message.from_wire(s.receive(), ignore_trailing=True) for _ in range(2)]
        assert {r.rcode() for r in replies} == {dns.rcode.FORMERR, dns.rcode.NOERROR}
        s.send(query.to_wire())
        assert query.is_response(dns.message.from_wire(s.receive()))


def test_T4_queries_before_garbage_are_answered(connect):
    d, open_one = connect()
    query = d.query("localhost")
    with open_one() as s:
        s.sock.sendall(framed(query.to_wire()) + b"\0\1" + os.urandom(500))
        assert query.is_response(dns.message.from_wire(s.receive()))
        assert is_over(s.sock, 5)


def test_T4_flood_of_undelimited_garbage_is_cut_off(connect):
    d, open_one = connect("tcp: {idle-timeout: 2s}\n")
    with open_one() as s:
        s.sock.settimeout(1)
        end = time.monotonic() + 10
        with pytest.raises(OSError):
            while time.monotonic() < end:
                s.sock.sendall(b"\0\3" * 5000)
    assert d.udp("localhost").answer


def test_T5_slow_drip_is_closed_and_a_living_connection_is_not(connect):
    d, open_one = connect("tcp: {idle-timeout: 1s}\n")
    query = d.query("localhost")
    with open_one() as drip, open_one() as living:
        end, closed = time.monotonic() + 4, None
        for octet in framed(query.to_wire()) * 100:
            living.send(query.to_wire())
            assert query.is_response(dns.message.from_wire(living.receive()))
            if closed is None:
                try:
                    drip.sock.sendall(bytes([octet]) if time.monotonic() > end - 4 else b"")
                    drip.sock.settimeout(0.1)
                    closed = time.monotonic() if drip.sock.recv(1) == b"" else None
                except TimeoutError:
                    pass
                except OSError:
                    closed = time.monotonic()
            if time.monotonic() > end:
                break
        assert closed is not None


def test_T5_by_default_an_idle_connection_is_closed_after_10_s_and_one_that_trickles_too(connect):
    """Counted from the last whole exchange: an octet a second does not put it off."""
    d, open_one = connect()
    query = d.query("localhost")
    with open_one() as silent, open_one() as fresh, open_one() as trickling:
        for s in (silent, trickling):
            s.send(query.to_wire())
            assert query.is_response(dns.message.from_wire(s.receive()))
        open_streams, ended, began = {"silent": silent, "fresh": fresh, "trickling": trickling}, {}, time.monotonic()
        for octet in framed(query.to_wire())[:15]:
            if "trickling" in open_streams:
                with contextlib.suppress(OSError):  # it has just been closed
                    trickling.sock.sendall(bytes([octet]))
            ready = select.select([s.sock for s in open_streams.values()], [], [], 1)[0]
            for name in [n for n, s in open_streams.items() if s.sock in ready]:
                assert is_over(open_streams.pop(name).sock, 1)
                ended[name] = time.monotonic() - began
            time.sleep(max(0, 1 - (time.monotonic() - began) % 1))
            if not open_streams:
                break
        assert sorted(ended) == ["fresh", "silent", "trickling"]
        assert all(9 < t < 15 for t in ended.values()), ended


def test_T6_keepalive_tells_the_idle_time(connect):
    d, open_one = connect("tcp: {idle-timeout: 7s}\n")
    query = d.query("localhost", options=[dns.edns.GenericOption(11, b"")])
    odd = d.query("localhost", options=[dns.edns.GenericOption(11, b"\0\1")])
    with open_one() as s:
        s.send(query.to_wire())
        reply = dns.message.from_wire(s.receive())
        assert [o.to_wire() for o in reply.options if o.otype == 11] == [b"\0\x46"]
        s.send(odd.to_wire())
        assert dns.message.from_wire(s.receive()).rcode() == dns.rcode.FORMERR
    over_udp = dns.message.from_wire(d.raw_udp(odd.to_wire()))
    assert over_udp.rcode() == dns.rcode.NOERROR and not [o for o in over_udp.options if o.otype == 11]


def test_T6_keepalive_is_0_when_connections_run_short(connect):
    d, open_one = connect("tcp: {max-connections: 10}\nworkers: 1\n")
    held = [open_one() for _ in range(10)]
    query = d.query("localhost", options=[dns.edns.GenericOption(11, b"")])
    held[9].send(query.to_wire())
    reply = dns.message.from_wire(held[9].receive())
    assert [o.to_wire() for o in reply.options if o.otype == 11] == [b"\0\0"]
    for s in held:
        s.close()


def test_T7_reset_client_leaves_its_answer_in_the_cache(connect, lab, provider):
    d, open_one = connect()
    name = f"reset-{connect.kind}.wild.honest-lab.net"
    for server in provider:
        server.signal(signal.SIGSTOP)
    s = open_one()
    s.send(d.query(name).to_wire())
    wait_for(lambda: d.told("status")["queries"]["live"] == 1, what="the question within the daemon")
    s.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()
    for server in provider:
        server.signal(signal.SIGCONT)
    wait_for(lambda: lab.n_asked(0, name) + lab.n_asked(1, name) > 0, what="the question upstream")
    assert d.udp(name).answer
    kind = connect.kind.rstrip("46")
    assert traffic(d, kind)["gone"] == 1


def resident_kb(d):
    status = open(f"/proc/{d.process.pid}/status").read()
    return int(status.split("VmRSS:")[1].split()[0])


SPARE = 4  # descriptors that each worker keeps for bad times, from its first connection on


def test_T8_two_hundred_clients_that_never_read_take_bounded_memory_and_are_gone_in_15_s(connect):
    """Each asks for 2.5 MB of answers: of them 256 KiB at most wait in the daemon."""
    d, open_one = connect()
    d.tcp("crowd.honest-lab.net")
    fds, before, began = n_fds(d), resident_kb(d), time.monotonic()
    flood = framed(d.query("crowd.honest-lab.net").to_wire()) * 500
    deaf, most = [open_one() for _ in range(200)], 0
    for s in deaf:
        s.sock.setblocking(False)
        try:
            s.sock.send(flood)
        except BlockingIOError:
            pass
    while n_fds(d) > fds + SPARE and time.monotonic() - began < 20:
        most = max(most, resident_kb(d))
        asked = time.monotonic()
        assert d.udp("localhost", timeout=1).answer and time.monotonic() - asked < 0.5
        time.sleep(0.05)
    print(f"counts: 200 clients that never read: {most - before} kB, gone after {time.monotonic() - began:.1f} s")
    assert time.monotonic() - began < 15
    assert most - before < 200 * 256 + 16384 or SANITIZED
    for s in deaf:
        s.close()


def n_time_wait(family, port):
    """Connections of our side that wait for their time to pass."""
    lines = open("/proc/net/tcp" if family == socket.AF_INET else "/proc/net/tcp6").read().splitlines()[1:]
    return sum(fields[1].endswith(f":{port:04X}") and fields[3] == "06" for fields in map(str.split, lines))


@pytest.mark.alone
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_T9_restart_binds_at_once_with_ten_thousand_connections_in_time_wait(lab, daemon, host):
    """A length of 0 lets our side close first."""
    port = lab_module.free_ports(1)[0]
    d = daemon(lab.provider_yaml() + QUIET, listen=[f"tcp://{'[::1]' if ':' in host else host}:{port}"])
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    most = int(open("/proc/sys/net/ipv4/tcp_max_tw_buckets").read())
    if most < 12000:
        pytest.skip(f"the kernel keeps {most} connections in TIME_WAIT")
    end = time.monotonic() + 60
    while n_time_wait(family, port) < 10000:
        assert time.monotonic() < end
        streams = [Stream(socket.create_connection((host, port))) for _ in range(100)]
        for s in streams:
            s.sock.sendall(b"\0\0")
        for s in streams:
            assert s.sock.recv(1) == b""  # an end, no reset
            s.close()
    d.stop()
    began = time.monotonic()
    d.log_path.unlink()
    d.start()
    assert time.monotonic() - began < 3
    query = d.query("localhost")
    with Stream(socket.create_connection((host, port))) as s:
        s.send(query.to_wire())
        assert dns.message.from_wire(s.receive()).answer


def test_T10_queries_in_flight_beyond_the_bound_wait_and_are_answered(connect, provider):
    d, open_one = connect("tcp: {max-in-flight: 5}\n")
    for server in provider:
        server.signal(signal.SIGSTOP)
    queries = [d.query(f"bound{i}-{connect.kind}.wild.honest-lab.net", id=i) for i in range(1, 31)]
    with open_one() as s:
        s.send(*[q.to_wire() for q in queries])
        wait_for(lambda: d.told("status")["queries"]["live"] == 5, what="as many in flight as may be")
        for server in provider:
            server.signal(signal.SIGCONT)
        assert {dns.message.from_wire(s.receive()).id for _ in queries} == set(range(1, 31))


def n_fds(d):
    return len(os.listdir(f"/proc/{d.process.pid}/fd"))


def cpu_s(d):
    fields = open(f"/proc/{d.process.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_T11_connections_without_end_take_neither_descriptors_nor_time_of_others(lab, daemon):
    """F-43: 64 descriptors, connects that say nothing."""
    d = daemon(lab.provider_yaml() + QUIET, start_with=["prlimit", "--nofile=64:64"])
    d.udp("example.com")
    resource_before = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert resource_before[0] > 400, "too few descriptors for this test"
    streams = [d.tcp_stream() for _ in range(300)]
    before, began = cpu_s(d), time.monotonic()
    while time.monotonic() - began < LIMIT_S:
        assert d.udp("example.com", timeout=1).answer
        time.sleep(0.05)
    assert (cpu_s(d) - before) / (time.monotonic() - began) < 0.05
    assert d.udp("while-full.wild.honest-lab.net").answer  # there is a descriptor for upstream
    for s in streams:
        s.close()
    began = time.monotonic()
    assert d.tcp("example.com").answer and time.monotonic() - began < 1


@pytest.mark.alone
def test_T12_burst_of_connects_does_not_slow_udp_down(lab, daemon):
    d = daemon(lab.provider_yaml() + QUIET)
    d.udp("example.com")
    streams, took, end = [], [], time.monotonic() + 10
    n_connects = 0
    while time.monotonic() < end:
        for _ in range(50):
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex(("127.0.0.1", d.port))
            streams.append(s)
        n_connects += 50
        while len(streams) > 3000:
            streams.pop(0).close()
        began = time.monotonic()
        assert d.udp("example.com", timeout=2).answer
        took.append(time.monotonic() - began)
    took.sort()
    assert n_connects > 5000 and took[-1] < 0.5 and took[len(took) // 2] < 0.02
    for s in streams:
        s.close()
    began = time.monotonic()
    assert d.tcp("example.com").answer and time.monotonic() - began < 1


def test_T13_urgent_octets_harm_nobody(connect):
    if connect.kind == "unix":
        pytest.skip("urgent data is TCP's")
    d, open_one = connect()
    query = d.query("localhost")
    with open_one() as s, open_one() as other:
        s.sock.send(framed(query.to_wire()), socket.MSG_OOB)
        s.sock.send(b"!", socket.MSG_OOB)
        other.send(query.to_wire())
        assert query.is_response(dns.message.from_wire(other.receive()))
    with open_one() as s:
        s.send(query.to_wire())
        s.sock.send(b"!", socket.MSG_OOB)  # out of the stream: what frames it is not moved
        assert query.is_response(dns.message.from_wire(s.receive()))
        s.send(query.to_wire())
        assert query.is_response(dns.message.from_wire(s.receive()))


def test_T13_query_in_the_syn_is_answered(lab, daemon):
    d = daemon()
    query = d.query("localhost")
    for _ in range(3):
        with socket.socket() as s:
            s.sendto(framed(query.to_wire()), socket.MSG_FASTOPEN, ("127.0.0.1", d.port))
            assert query.is_response(dns.message.from_wire(Stream(s).receive()))


def test_T13_closed_windows_stall_no_other(connect):
    d, open_one = connect("workers: 1\ntcp: {idle-timeout: 2s}\n")
    d.tcp("crowd.honest-lab.net")
    before = n_fds(d)
    deaf = [open_one() for _ in range(20)]
    query = d.query("crowd.honest-lab.net").to_wire()
    for s in deaf:
        s.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        s.sock.setblocking(False)
        try:
            s.sock.send(framed(query) * 500)
        except BlockingIOError:
            pass
    for _ in range(50):
        began = time.monotonic()
        assert d.udp("localhost", timeout=1).answer and time.monotonic() - began < 0.5
    with open_one() as s:
        s.send(d.query("localhost").to_wire())
        assert dns.message.from_wire(s.receive()).answer
    wait_for(lambda: n_fds(d) <= before, 10, "the end of those who do not read")
    for s in deaf:
        s.close()


def test_long_lived_connection_serves_on_with_pauses(connect):
    d, open_one = connect("tcp: {idle-timeout: 1s}\n")
    with open_one() as s:
        for _ in range(6):
            query = d.query("localhost")
            s.send(query.to_wire())
            assert query.is_response(dns.message.from_wire(s.receive()))
            time.sleep(0.5)


def test_same_id_twice_is_answered_twice(connect):
    d, open_one = connect()
    with open_one() as s:
        a, b = d.query("localhost", id=5), d.query("a.localhost", id=5)
        s.send(a.to_wire(), b.to_wire())
        got = [dns.message.from_wire(s.receive()) for _ in range(2)]
        assert sorted(str(m.question[0].name) for m in got) == ["a.localhost.", "localhost."]


def test_F41_octet_by_octet(connect):
    d, open_one = connect()
    query = d.query("localhost")
    with open_one() as s:
        if s.sock.family != socket.AF_UNIX:
            s.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in framed(query.to_wire()):
            s.sock.sendall(bytes([octet]))
        assert query.is_response(dns.message.from_wire(s.receive()))


def test_t14_query_of_65535_octets_is_answered(connect):
    d, open_one = connect()
    rest = 65535 - len(d.query("localhost", options=[dns.edns.GenericOption(12, b"")]).to_wire())
    query = d.query("localhost", options=[dns.edns.GenericOption(12, b"\0" * rest)]).to_wire(max_size=65535)
    with open_one() as s:
        s.send(*[query] * 20)
        assert len(query) == 65535 and all(dns.message.from_wire(s.receive()).answer for _ in range(20))
