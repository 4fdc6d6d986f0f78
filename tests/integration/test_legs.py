# SPDX-License-Identifier: MIT
"""What may not cross from one leg to another: plain DNS never answers for HTTPS, and errors of one client's network
never reach another client."""
import contextlib
import random
import signal
import socket
import struct
import threading
import time

import dns.flags
import dns.rcode
import pytest

from conftest import edes, holds_for, traffic

ICMP_UNREACHABLE, PORT_UNREACHABLE = 3, 3


@pytest.mark.parametrize("how", ["killed", "hung"])
def test_c6_plain_dns_never_stands_in_for_https(lab, daemon, provider, how):
    """The local resolver is there, known and willing; no client gets its word, and it is not even asked."""
    d = daemon(lab.provider_yaml() + lab.audit_yaml(mode="canary") + "query-timeout: 1s\n")
    assert d.udp("example.com").answer
    for server in provider:
        server.signal(signal.SIGSTOP if how == "hung" else signal.SIGKILL)
    name = f"c6-{how}.wild.honest-lab.net"
    for rdtype in ("A", "AAAA", "TXT"):
        reply = d.udp(name, rdtype, timeout=6)
        assert reply.rcode() == dns.rcode.SERVFAIL and not reply.answer and not reply.flags & dns.flags.AD
        assert edes(reply)[0][0] in (13, 22, 23)
    holds_for(lambda: lab.n_asked_local(name) == 0, 0.5)


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff


def forged_unreachable(port, client_port):
    """As if a router said that our reply to that client could not be delivered."""
    reply = struct.pack("!HHHH", port, client_port, 8 + 100, 0)
    inner = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + 108, 1, 0, 64, socket.IPPROTO_UDP, 0, socket.inet_aton("127.0.0.1"),
                        socket.inet_aton("127.0.0.1"))
    inner = inner[:10] + struct.pack("!H", checksum(inner)) + inner[12:]
    body = inner + reply
    head = struct.pack("!BBHI", ICMP_UNREACHABLE, PORT_UNREACHABLE, 0, 0)
    return head[:2] + struct.pack("!H", checksum(head + body)) + head[4:] + body


def storm(stop, d, ports):
    """Clients that are gone when their answer comes, for which the kernel says so; and what a forger says of the one
    that is there."""
    query = d.query("localhost").to_wire()
    raw = None
    with contextlib.suppress(PermissionError):
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    n = 0
    while not stop.is_set():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
            gone.sendto(query, ("127.0.0.1", d.port))
        n += 1
        if raw is not None:
            for _ in range(4):
                raw.sendto(forged_unreachable(d.port, random.choice(ports)), ("127.0.0.1", 0))
                n += 1
    stop.n = n


@pytest.mark.alone
def test_F45_storm_of_icmp_errors_reaches_no_other_client(daemon):
    d = daemon()
    stop, lost, worst = threading.Event(), 0, 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind(("127.0.0.1", 0))
        client.connect(("127.0.0.1", d.port))
        client.settimeout(2)
        thread = threading.Thread(target=storm, args=(stop, d, [client.getsockname()[1], 53, 9]))
        thread.start()
        end, n = time.monotonic() + 4, 0
        while time.monotonic() < end:
            began = time.monotonic()
            query = d.query("localhost", id=n % 65536).to_wire()
            try:
                client.send(query)
                assert client.recv(4096)[:2] == query[:2]
            except ConnectionRefusedError:
                continue  # the forger told the kernel of the client, not of the daemon
            except TimeoutError:
                lost += 1
            n += 1
            worst = max(worst, time.monotonic() - began)
        stop.set()
        thread.join()
    assert stop.n > 1000 and n > 100 and lost == 0 and worst < 1
    assert d.tcp("localhost").answer
    counts = traffic(d, "udp")
    assert counts["in flight"] == 0


@pytest.mark.alone
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_u3_clients_that_are_gone_before_their_reply_hit_no_other(lab, daemon, host):
    """The kernel says of each that its port is unreachable, as ICMP and ICMPv6 do."""
    d = daemon(lab.provider_yaml() + "hijack: {mode: off}\nworkers: 1\n", start=False)
    d.write_config(lab.provider_yaml() + "hijack: {mode: off}\nworkers: 1\n", [f"udp://127.0.0.1:{d.port}", f"udp://[::1]:{d.port}"])
    d.start()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    d.udp("example.com", where=host)
    before = unreachable(family)
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.settimeout(2)
        client.connect((host, d.port))
        for n in range(1000):
            with socket.socket(family, socket.SOCK_DGRAM) as gone:
                gone.sendto(d.query("localhost" if n % 2 else f"gone{n}.wild.honest-lab.net").to_wire(), (host, d.port))
            query = d.query("example.com", id=n).to_wire()
            client.send(query)
            assert client.recv(4096)[:2] == query[:2]
    assert unreachable(family) - before > 300
    counts = traffic(d, "udp")
    assert counts["received"] == 2001 and counts["in flight"] == 0


def unreachable(family):
    """How often this kernel was told so."""
    if family == socket.AF_INET6:
        return next(int(line.split()[1]) for line in open("/proc/net/snmp6") if line.startswith("Icmp6InDestUnreachs "))
    names, values = [line.split() for line in open("/proc/net/snmp") if line.startswith("Icmp: ")]
    return int(values[names.index("InDestUnreachs")])
