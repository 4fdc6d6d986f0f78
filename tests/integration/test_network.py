# SPDX-License-Identifier: MIT
"""Clients on a network of their own: addresses, access, rate, cookies (PROMISES U1, U4, E11, 5.1)."""
import contextlib
import ctypes
import os
import socket
import struct
import subprocess

import dns.edns
import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from conftest import Stream, edes, traffic

SERVER4, CLIENT4 = ["10.99.0.1", "10.99.0.2", "10.99.0.3"], ["10.99.0.9", "10.99.0.10"]
SERVER6, CLIENT6 = ["fd99::1", "fd99::2", "fd99::3"], ["fd99::9"]
PORT = 5353
NOBODY = "providers: [{name: none, url: https://127.0.0.1:1/dns-query, addresses: [127.0.0.1]}]\nhijack: {mode: off}\nquery-timeout: 1s\n"
LISTEN = [f"udp://0.0.0.0:{PORT}", f"tcp://0.0.0.0:{PORT}", f"udp://[::]:{PORT}", f"tcp://[::]:{PORT}"]
ALLOW = 'access: {allow: [10.99.0.0/24, "fd99::/64"]}\n'


def trouble():
    """Why no network namespace can be made here, or ''."""
    try:
        return subprocess.run(["unshare", "--net", "true"], capture_output=True, text=True).stderr.strip()
    except FileNotFoundError:
        return "unshare is not installed"


pytestmark = pytest.mark.skipif(trouble() != "", reason=f"no network namespace: {trouble()}")


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


@contextlib.contextmanager
def inside(namespace):
    """Sockets made in here are the namespace's."""
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(f"/var/run/netns/{namespace}", os.O_RDONLY)
    try:
        assert libc.setns(there, 0) == 0, os.strerror(ctypes.get_errno())
        yield
    finally:
        assert libc.setns(home, 0) == 0
        os.close(home), os.close(there)


@pytest.fixture
def network():
    """Two hosts, a server's and a client's, with a wire between."""
    server, client = f"hs{os.getpid()}", f"hc{os.getpid()}"
    try:
        for name in (server, client):
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        ip("link", "add", "veth", "netns", server, "type", "veth", "peer", "name", "veth", "netns", client)
        for name, addresses in ((server, SERVER4 + SERVER6), (client, CLIENT4 + CLIENT6)):
            ip("-n", name, "link", "set", "veth", "up")
            for a in addresses:
                ip("-n", name, "address", "add", a + ("/64" if ":" in a else "/24"), "dev", "veth", *(["nodad"] if ":" in a else []))
        yield server, client
    finally:
        for name in (server, client):
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


@pytest.fixture
def host(network, daemon):
    """host(configuration) starts a daemon on all the server's addresses."""

    def make(config):
        d = daemon(NOBODY + config, listen=LISTEN, start_with=["ip", "netns", "exec", network[0]])
        d.client = network[1]
        return d

    return make


def udp(d, message, to=SERVER4[0], source=None, timeout=3):
    """The reply and where it came from; (None, None) when none comes."""
    with inside(d.client):
        s = socket.socket(socket.AF_INET6 if ":" in to else socket.AF_INET, socket.SOCK_DGRAM)
    with s:
        s.settimeout(timeout)
        if source:
            s.bind((source, 0))
        s.sendto(message if isinstance(message, bytes) else message.to_wire(), (to, PORT))
        try:
            data, where = s.recvfrom(4096)
        except TimeoutError:
            return None, None
    return dns.message.from_wire(data), where[0]


def tcp(d, to=SERVER4[0]):
    with inside(d.client):
        s = socket.socket(socket.AF_INET6 if ":" in to else socket.AF_INET, socket.SOCK_STREAM)
    s.settimeout(5)
    s.connect((to, PORT))
    return Stream(s)


def test_U1_reply_leaves_from_the_address_the_query_came_to(host):
    d = host(ALLOW)
    for address in SERVER4 + SERVER6:
        for name in ("localhost", f"late-{address.replace('.', '-').replace(':', '-')}.example"):
            reply, where = udp(d, d.query(name), address)
            assert where == address and reply.rcode() == (dns.rcode.NOERROR if name == "localhost" else dns.rcode.SERVFAIL)
    assert traffic(d, "udp")["answered"] == 12


def test_only_this_host_is_answered_until_others_are_allowed(host):
    d = host("")
    assert "only this host may ask" in d.log()
    for address in (SERVER4[1], SERVER6[1]):
        reply, _ = udp(d, d.query("localhost"), address)
        assert reply.rcode() == dns.rcode.REFUSED and edes(reply)[0][0] == 18 and reply.answer == []
        with tcp(d, address) as s:
            s.send(d.query("localhost").to_wire())
            reply = dns.message.from_wire(s.receive())
            assert reply.rcode() == dns.rcode.REFUSED and edes(reply)[0][0] == 18
    d.client = d.start_with[3]  # from the server's own host, by loopback and by its own address
    for address in ("127.0.0.1", SERVER4[0], SERVER6[0]):
        assert udp(d, d.query("localhost"), address)[0].answer
        with tcp(d, address) as s:
            s.send(d.query("localhost").to_wire())
            assert dns.message.from_wire(s.receive()).answer


def test_denied_client_gets_nothing_when_so_told(host):
    d = host(f"access: {{allow: [10.99.0.0/24], deny: [{CLIENT4[0]}], denied: drop}}\n")
    assert udp(d, d.query("localhost"), source=CLIENT4[0], timeout=0.5)[0] is None
    assert udp(d, d.query("localhost"), source=CLIENT4[1])[0].answer
    with tcp(d, SERVER6[0]) as s:
        with pytest.raises((EOFError, OSError)):
            s.send(d.query("localhost").to_wire())
            s.receive()
    assert traffic(d, "udp")["access"] == 1


def test_over_its_rate_a_client_is_sent_to_tcp(host):
    d = host(ALLOW + "rate-limit: {queries: 1, burst: 5}\n")
    replies = [udp(d, d.query("localhost"), source=CLIENT4[0])[0] for _ in range(10)]
    assert all(r.answer for r in replies[:5])
    assert all(r.flags & dns.flags.TC and not r.answer for r in replies[6:])
    assert udp(d, d.query("localhost"), source=CLIENT4[1])[0].answer
    with tcp(d) as s:
        s.send(d.query("localhost").to_wire())
        assert dns.message.from_wire(s.receive()).answer
    assert "rate" not in traffic(d, "udp")


def test_rate_limit_can_drop_and_counts_what_it_dropped(host):
    d = host(ALLOW + "rate-limit: {queries: 1, burst: 2, over: drop}\n")
    got = [udp(d, d.query("localhost"), source=CLIENT4[0], timeout=0.2)[0] for _ in range(5)]
    assert [r is not None for r in got[:3]] == [True, True, False]
    counts = traffic(d, "udp")
    assert counts["received"] == 5 and counts["rate"] == sum(r is None for r in got)


def cookie_of(reply):
    return [o.to_wire() for o in reply.options if o.otype == 10]


def test_E11_cookie_is_given_taken_and_lifts_the_limit(host):
    d = host(ALLOW + "rate-limit: {queries: 1, burst: 3}\n")

    def ask(cookie, **kw):
        return udp(d, d.query("localhost", options=[dns.edns.GenericOption(10, cookie)]), **kw)[0]

    first = ask(b"client_1", source=CLIENT4[0])
    cookie, = cookie_of(first)
    assert first.answer and cookie[:8] == b"client_1" and len(cookie) == 24
    for _ in range(10):
        reply = ask(cookie, source=CLIENT4[0])
        assert reply.answer and cookie_of(reply) == [cookie]
    stolen = [ask(cookie, source=CLIENT4[1]) for _ in range(6)]
    assert stolen[-1].rcode() == 23 and cookie_of(stolen[-1])[0] != cookie
    assert ask(b"short", source=CLIENT4[0]).rcode() == dns.rcode.FORMERR
    d.process.send_signal(1)  # a reload keeps the secret
    assert cookie_of(ask(cookie, source=CLIENT4[0])) == [cookie]


def test_E11_no_cookie_is_given_on_loopback_alone(daemon):
    d = daemon()
    reply = d.udp("localhost", options=[dns.edns.GenericOption(10, b"client_1")])
    assert reply.answer and cookie_of(reply) == []


def raw_udp4(namespace, source, sport, payload):
    """A datagram with a source of our choice."""
    with inside(namespace):
        s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 0, 0, 0, 64, 17, 0, socket.inet_aton(source), socket.inet_aton(SERVER4[0]))
    with s:
        s.sendto(header + struct.pack("!4H", sport, PORT, 8 + len(payload), 0) + payload, (SERVER4[0], 0))


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to forge a source")
def test_U4_forged_sources_are_dropped_and_counted(host):
    d = host(ALLOW)
    query = d.query("localhost").to_wire()
    raw_udp4(d.client, CLIENT4[0], 0, query)
    raw_udp4(d.client, CLIENT4[0], 4000, query)
    assert udp(d, d.query("localhost"))[0].answer
    counts = traffic(d, "udp")
    assert counts["source"] == 1 and counts["received"] == 3 and counts["answered"] == 2


def test_F44_two_daemons_as_each_others_client_settle(host):
    """A reply is never answered: what one says to the other ends there."""
    d = host(ALLOW)
    query = d.query("localhost").to_wire()
    reply = d.query("localhost")
    reply.flags |= dns.flags.QR
    for _ in range(5):
        raw_udp4(d.client, SERVER4[1], PORT, query)  # answered to ourselves: kernel or we drop it, no loop
        raw_udp4(d.client, CLIENT4[0], PORT, reply.to_wire())
    assert udp(d, d.query("localhost"))[0].answer
    counts = traffic(d, "udp")
    assert counts["response"] >= 5 and counts["received"] <= 30
