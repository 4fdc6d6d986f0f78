# SPDX-License-Identifier: MIT
"""Clients of all manners: malformed, half-closed, gone, many addresses."""
import grp
import os
import signal
import socket
import struct
import subprocess
import sys
import tarfile
from pathlib import Path

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from conftest import holds_for, lab_module, traffic, wait_for


def header(message):
    return struct.unpack("!6H", message[:12])


def test_short_packets_and_responses_get_no_reply(daemon):
    d = daemon()
    query = d.query("example.com").to_wire()
    assert d.raw_udp(b"") is None
    assert d.raw_udp(query[:11]) is None
    assert d.raw_udp(query[:2] + b"\x81" + query[3:]) is None
    assert d.udp("example.com").rcode() == dns.rcode.NOERROR


def test_malformed_queries_get_formerr_with_id_and_rd(daemon):
    d = daemon()
    good = d.query("example.com", use_edns=False).to_wire()
    for bad in (good[:20], good + b"\0", good[:4] + b"\0\2" + good[6:], good[:12] + b"\xc0\x0c" + good[-4:],
                good[:12] + b"\x40" + good[13:]):
        reply = d.raw_udp(bad)
        assert reply is not None and header(reply)[0] == header(good)[0]
        assert header(reply)[1] & 0x810f == 0x8101, (bad, reply)


def test_other_opcodes_get_notimp(daemon):
    d = daemon()
    for opcode in (1, 2, 4, 5, 6, 15):
        query = d.query("example.com")
        query.flags |= opcode << 11
        reply = d.raw_udp(query.to_wire())
        assert header(reply)[1] & 0x7800 == opcode << 11 and header(reply)[1] & 0xf == 4


def test_unknown_edns_version_gets_badvers(daemon):
    d = daemon()
    wire = bytearray(d.query("example.com").to_wire())
    wire[-5] = 1  # VERSION, behind root name, type, size and extended rcode
    reply = dns.message.from_wire(d.raw_udp(bytes(wire)))
    assert reply.rcode() == dns.rcode.BADVERS and reply.edns == 0 and reply.answer == []


def test_zone_transfer_other_classes_and_special_names_stay_here(lab, daemon):
    d = daemon()
    chaos = dns.message.make_query("version.bind", "TXT", "CH")
    assert dns.query.udp(chaos, "127.0.0.1", port=d.port, timeout=5).rcode() == dns.rcode.REFUSED
    assert d.udp("localhost").answer[0][0].address == "127.0.0.1"
    assert d.udp("a.localhost", "AAAA").answer[0][0].address == "::1"
    assert d.udp("secret.onion").rcode() == dns.rcode.NXDOMAIN
    raw = d.query("bank-of-lab.com").to_wire()
    axfr = raw.replace(b"\0\0\1\0\1", b"\0\0\xfc\0\1", 1)
    assert header(d.raw_udp(axfr))[1] & 0xf == 5
    assert lab.n_asked(0, "secret.onion") + lab.n_asked(0, "version.bind") == 0


def test_query_without_rd_is_never_forwarded(lab, daemon):
    d = daemon()
    query = d.query("nord.wild.honest-lab.net")
    query.flags &= ~dns.flags.RD
    reply = dns.query.udp(query, "127.0.0.1", port=d.port, timeout=5)
    assert reply.rcode() == dns.rcode.REFUSED and reply.answer == []


def test_T1_stream_cut_at_every_place_gives_the_same_answers(daemon):
    d = daemon()
    queries = [d.query("example.com"), d.query("www.example.com"), d.query("bank-of-lab.com")]
    stream_bytes = b"".join(struct.pack("!H", len(w)) + w for w in (q.to_wire() for q in queries))
    for q in queries:
        d.udp(str(q.question[0].name))
    for cut in range(1, len(stream_bytes)):
        with d.unix_stream() as stream:
            stream.sock.sendall(stream_bytes[:cut])
            stream.sock.sendall(stream_bytes[cut:])
            replies = {m.id: m for m in (dns.message.from_wire(stream.receive()) for _ in queries)}
        assert all(q.is_response(replies[q.id]) and replies[q.id].answer for q in queries)


def test_T7_half_closed_connection_still_gets_its_answers(daemon):
    d = daemon()
    query = d.query("half.wild.honest-lab.net")
    with d.tcp_stream() as stream:
        stream.send(query.to_wire())
        stream.sock.shutdown(socket.SHUT_WR)
        assert query.is_response(dns.message.from_wire(stream.receive()))
        assert stream.sock.recv(1) == b""


def test_T4_length_that_no_message_has_closes_the_connection(daemon):
    d = daemon()
    with d.tcp_stream() as stream:
        stream.sock.sendall(b"\0\0")
        assert stream.sock.recv(1) == b""


def test_T7_client_that_leaves_before_its_answer_harms_nobody(daemon, provider):
    d = daemon()
    for server in provider:
        server.signal(signal.SIGSTOP)
    for i in range(20):
        stream = d.tcp_stream() if i % 2 else d.unix_stream()
        stream.send(*[d.query(f"left{i}-{k}.wild.honest-lab.net").to_wire() for k in range(5)])
        if i % 4 == 0:
            stream.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        stream.close()
    for server in provider:
        server.signal(signal.SIGCONT)
    assert d.udp("example.com").rcode() == dns.rcode.NOERROR
    assert d.tcp("example.com").rcode() == dns.rcode.NOERROR


def test_T8_client_that_never_reads_is_closed_and_its_memory_bounded(lab, daemon):
    d = daemon(lab.provider_yaml() + "hijack: {mode: off}\ntcp: {idle-timeout: 1s}\n")
    d.tcp("crowd.honest-lab.net")
    query = d.query("crowd.honest-lab.net").to_wire()
    with d.tcp_stream() as stream:
        stream.sock.settimeout(0.5)
        with pytest.raises(OSError):
            for _ in range(100000):
                stream.send(query)
        stream.sock.settimeout(10)
        with pytest.raises(OSError):
            wait_for(lambda: stream.sock.send(b"\0") < 0, 10, "a closed connection")
    status = open(f"/proc/{d.process.pid}/status").read().split()
    assert int(status[status.index("VmRSS:") + 1]) < 400 * 1024
    assert d.udp("example.com").rcode() == dns.rcode.NOERROR


def test_T5_idle_connection_is_closed_after_its_time(lab, daemon):
    d = daemon(lab.provider_yaml() + "hijack: {mode: off}\ntcp: {idle-timeout: 1s}\n")
    with d.tcp_stream() as stream:
        assert stream.sock.recv(1) == b""


def test_T10_over_the_limit_the_connection_idle_the_longest_makes_room(lab, daemon):
    d = daemon(lab.provider_yaml() + "hijack: {mode: off}\nworkers: 1\ntcp: {max-connections: 4}\n")
    query = d.query("example.com")
    streams = []
    for _ in range(4):
        streams.append(d.tcp_stream())
        streams[-1].send(query.to_wire())
        streams[-1].receive()
    with d.tcp_stream() as newcomer:
        newcomer.send(query.to_wire())
        assert query.is_response(dns.message.from_wire(newcomer.receive()))
        assert streams[0].sock.recv(1) == b""
    for stream in streams:
        stream.close()


def test_U1_reply_leaves_from_the_loopback_address_the_query_came_to(lab, daemon):
    port = lab_module.free_ports(1)[0]
    d = daemon(listen=[f"udp://0.0.0.0:{port}", f"udp://[::]:{port}", f"tcp://0.0.0.0:{port}"], start=False)
    d.port = port
    d.start()
    query = d.query("src.wild.honest-lab.net").to_wire()
    for address in ("127.0.0.1", "127.0.0.2", "127.200.3.4"):
        for name in ("src.wild.honest-lab.net", f"new-{address.replace('.', '-')}.wild.honest-lab.net"):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.settimeout(5)
                s.sendto(d.query(name).to_wire(), (address, port))
                assert s.recvfrom(4096)[1] == (address, port)
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
        s.settimeout(5)
        s.sendto(query, ("::1", port))
        assert s.recvfrom(4096)[1][:2] == ("::1", port)


def test_several_addresses_and_ipv6_are_served(lab, daemon):
    ports = lab_module.free_ports(2)
    d = daemon(listen=[f"udp://127.0.0.1:{ports[0]}", f"udp://127.0.0.3:{ports[1]}", f"udp://[::1]:{ports[0]}",
                       f"tcp://[::1]:{ports[0]}", f"tcp://127.0.0.1:{ports[1]}"])
    ask = d.query("example.com")
    for where, port in (("127.0.0.1", ports[0]), ("127.0.0.3", ports[1]), ("::1", ports[0])):
        assert dns.query.udp(ask, where, port=port, timeout=5).answer
    for where, port in (("::1", ports[0]), ("127.0.0.1", ports[1])):
        assert dns.query.tcp(ask, where, port=port, timeout=5).answer


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to give the socket to a group")
def test_unix_socket_has_the_mode_and_group_asked_for(lab, daemon):
    d = daemon(lab.provider_yaml() + "hijack: {mode: off}\nunix-socket: {mode: 0620, group: adm}\n")
    st = os.stat(d.unix)
    assert st.st_mode & 0o777 == 0o620 and grp.getgrgid(st.st_gid).gr_name == "adm"


def test_unix_client_is_known_by_its_credentials(lab, daemon):
    d = daemon(lab.provider_yaml() + "hijack: {mode: off}\nlog: {level: debug}\n")
    d.over_unix("example.com")
    assert f"unix client: pid {os.getpid()} uid {os.getuid()} gid {os.getgid()}" in d.log()


def test_stale_unix_socket_is_replaced_and_a_live_one_is_not(lab, daemon, tmp_path):
    stale = tmp_path / "dns.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.bind(str(stale))
    d = daemon(listen=[f"unix://{stale}"])
    d.unix = stale
    assert d.over_unix("example.com").answer
    other = daemon(listen=[f"unix://{stale}"], start=False)
    other.start(ready=False)
    assert other.process.wait(10) == 1
    assert "cannot listen on unix://" in other.log()
    assert d.over_unix("example.com").answer


def test_U7_same_datagram_twice_is_answered_twice_and_asked_once(lab, daemon, provider):
    d = daemon()
    name = "twice.wild.honest-lab.net"
    for server in provider:
        server.signal(signal.SIGSTOP)
    query = d.query(name)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(8)
        for _ in range(5):
            s.sendto(query.to_wire(), ("127.0.0.1", d.port))
        holds_for(lambda: True, 0.2)
        for server in provider:
            server.signal(signal.SIGCONT)
        replies = [dns.message.from_wire(s.recv(4096)) for _ in range(5)]
    assert all(query.is_response(r) and r.answer for r in replies)
    assert lab.n_asked(0, name) <= 1 and lab.n_asked(1, name) <= 1
    assert traffic(d, "udp")["answered"] == 5


def test_F40_every_seed_over_udp_and_tcp_gets_one_reply_at_most(lab, daemon):
    d = daemon()
    seeds = seed_messages()
    if not seeds:
        pytest.skip("no seeds beside the project")
    good = d.query("localhost", id=4242)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(("127.0.0.1", d.port))
        s.settimeout(5)
        n_replies, got = 0, b""
        for i in range(0, len(seeds), 50):
            for seed in seeds[i:i + 50]:
                s.send(seed[:4096])
            s.send(good.to_wire())
            while not is_reply_to(good, got):
                got, n_replies = s.recv(65535), n_replies + 1
            got = b""
        assert n_replies <= len(seeds) + len(seeds) // 50 + 1
    for seed in seeds[::8]:
        if len(seed) >= 12:
            with d.tcp_stream() as stream:
                stream.send(seed, good.to_wire())
                assert any(is_reply_to(good, stream.receive()) for _ in range(2))
    assert d.udp("localhost").answer
    traffic(d, "udp"), traffic(d, "tcp")


def is_reply_to(query, got):
    return got[:2] == query.to_wire()[:2] and query.is_response(dns.message.from_wire(got, ignore_trailing=True))


def test_F46_unix_socket_bears_what_is_no_dns(lab, daemon):
    d = daemon(lab.provider_yaml() + "hijack: {mode: off}\ntcp: {idle-timeout: 1s}\n")
    for junk in (b"A" * (1 << 20) + b"\n", b'{"half": ', b"\0", b""):
        with d.unix_stream() as stream:
            stream.sock.settimeout(8)
            try:
                stream.sock.sendall(junk)
                while stream.sock.recv(4096):
                    pass
            except OSError as e:
                assert not isinstance(e, TimeoutError)
    assert d.over_unix("localhost").answer


def test_F46_unix_socket_is_closed_to_users_its_mode_excludes(lab, daemon):
    if os.getuid() != 0:
        pytest.skip("needs root to be another user")
    d = daemon(lab.provider_yaml() + "hijack: {mode: off}\nunix-socket: {mode: 0660}\n")
    os.chmod(d.folder, 0o755)
    for parent in d.folder.parents:
        if str(parent) != "/":
            os.chmod(parent, os.stat(parent).st_mode | 0o011)
    tried = subprocess.run([sys.executable, "-c", "import os, socket, sys\nos.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
                            "socket.socket(socket.AF_UNIX).connect(sys.argv[1])", str(d.unix)], capture_output=True, text=True)
    assert "PermissionError" in tried.stderr
    assert d.over_unix("localhost").answer


def seed_messages():
    """The raw messages beside the project, when they are there."""
    archive = Path(os.environ.get("HTTPDNSD_SHARED", "/nonexistent")) / "data/seeds/dns-messages.tar.xz"
    if not archive.exists():
        return []
    with tarfile.open(archive) as tar:
        return [tar.extractfile(m).read() for m in tar.getmembers() if m.isfile()]
