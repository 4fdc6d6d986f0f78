# SPDX-License-Identifier: MIT
"""Providers that die, hang or lie about who they are: every query is still answered."""
import concurrent.futures
import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import dns.message
import dns.rcode

import pytest

from conftest import edes, lab_module, needs_mounts, wait_for, with_mounts
from proxy import Swallower


def test_killing_the_first_provider_in_mid_load_loses_no_query(daemon, provider):
    """2 400 different names from 8 clients; provider 1 is killed after the first 400."""
    d = daemon()
    done, failed, lock = [], [], threading.Lock()

    def client(k):
        for i in range(300):
            name = f"load{k}-{i}.wild.honest-lab.net"
            try:
                reply = d.udp(name, timeout=6)
                good = reply.rcode() == dns.rcode.NOERROR and reply.answer[0][0].address == "151.101.1.72"
            except Exception as e:  # a lost query is what we look for, whatever its form
                good = False
                name += f": {e!r}"
            with lock:
                (done if good else failed).append(name)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        clients = [pool.submit(client, k) for k in range(8)]
        wait_for(lambda: len(done) > 400, what="the load")
        provider[0].process.kill()
        provider[0].process.wait()
        for c in clients:
            c.result()
    assert failed == []
    assert len(done) == 2400


def test_h11_hung_provider_is_passed_by(daemon, provider):
    d = daemon()
    assert d.udp("h0.wild.honest-lab.net").rcode() == dns.rcode.NOERROR
    provider[0].signal(signal.SIGSTOP)
    began = time.monotonic()
    for i in range(1, 20):
        assert d.udp(f"h{i}.wild.honest-lab.net", timeout=5).rcode() == dns.rcode.NOERROR
    assert time.monotonic() - began < 8


def test_without_any_provider_the_answer_is_servfail_with_a_reason_in_time(daemon, provider):
    d = daemon()
    for server in provider:
        server.process.kill()
        server.process.wait()
    began = time.monotonic()
    reply = d.udp("gone.wild.honest-lab.net", timeout=6)
    assert reply.rcode() == dns.rcode.SERVFAIL
    assert edes(reply)[0][0] in (22, 23) and edes(reply)[0][1].startswith("lab1: ")
    assert time.monotonic() - began < 5


def test_all_providers_hung_is_servfail_within_the_budget(daemon, provider):
    d = daemon()
    assert d.udp("example.com").rcode() == dns.rcode.NOERROR
    for server in provider:
        server.signal(signal.SIGSTOP)
    began = time.monotonic()
    reply = d.udp("hung.wild.honest-lab.net", timeout=6)
    assert reply.rcode() == dns.rcode.SERVFAIL and edes(reply)
    assert time.monotonic() - began < 5


def test_what_is_cached_is_answered_while_a_slow_question_waits_on_the_same_connection(daemon, provider):
    d = daemon()
    cached, slow = d.query("example.com"), d.query("slow.wild.honest-lab.net")
    assert d.udp("example.com").rcode() == dns.rcode.NOERROR
    for server in provider:
        server.signal(signal.SIGSTOP)
    with d.tcp_stream() as stream:
        stream.send(slow.to_wire(), cached.to_wire())
        assert cached.is_response(dns.message.from_wire(stream.receive()))
        for server in provider:
            server.signal(signal.SIGCONT)
        assert slow.is_response(dns.message.from_wire(stream.receive()))


def test_provider_comes_back_and_is_used_again(lab, daemon, provider):
    d = daemon(lab.provider_yaml().split("  - name: lab2")[0] + "hijack: {mode: off}\n")
    assert d.udp("example.com").rcode() == dns.rcode.NOERROR
    provider[0].process.kill()
    provider[0].process.wait()
    assert d.udp("away.wild.honest-lab.net").rcode() == dns.rcode.SERVFAIL
    provider[0].start()
    lab_module.poll("provider1", lambda: lab.doh_answers(0))
    wait_for(lambda: d.udp("back.wild.honest-lab.net").rcode() == dns.rcode.NOERROR, 35, "an answer")


def other_ca(folder):
    """A CA that signed nothing here."""
    other = folder / "other.pem"
    lab_module.run([lab_module.find("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=Other CA", "-keyout",
                    str(folder / "other.key"), "-out", str(other)])
    return other


def test_h7_certificate_of_another_ca_is_not_believed(lab, daemon, tmp_path):
    other = other_ca(tmp_path)
    d = daemon(lab.provider_yaml().replace(str(lab.ca), str(other)) + "hijack: {mode: off}\n")
    reply = d.udp("example.com")
    assert reply.rcode() == dns.rcode.SERVFAIL
    assert "certificate" in edes(reply)[0][1].lower() or "ssl" in edes(reply)[0][1].lower()


def test_certificate_of_another_name_is_not_believed(lab, daemon):
    d = daemon(lab.provider_yaml().replace(".lab.example", ".elsewhere.example") + "hijack: {mode: off}\n")
    assert d.udp("example.com").rcode() == dns.rcode.SERVFAIL


def test_h8_providers_name_is_found_through_the_local_resolver_when_no_address_is_given(lab, daemon, tmp_path):
    """The resolver here answers anything with the lab's address: TLS makes that harmless."""
    port = lab_module.free_ports(1)[0]
    resolver = lab_module.Server("bootstrap", [lab_module.find("dnsmasq"), "-d", "-C", "/dev/null", "-R", "-h",
                                               "-p", str(port), "--listen-address=127.0.0.1", "--bind-interfaces",
                                               "--user=root", "--address=/lab.example/127.0.0.1"], tmp_path)
    resolver.start()
    try:
        lab_module.poll("dnsmasq", lambda: resolver.alive() and lab_module.udp_ask(port, "x.lab.example"))
        config = "\n".join(line for line in lab.provider_yaml().splitlines() if "addresses" not in line)
        d = daemon(config + f'\nlocal-resolver: {{servers: ["127.0.0.1:{port}"]}}\nhijack: {{mode: off}}\n')
        assert d.udp("example.com").answer[0][0].address == "93.184.216.34"
    finally:
        resolver.stop()


def test_circle_of_cnames_is_servfail_with_invalid_data(daemon):
    reply = daemon().udp("ring.honest-lab.net")
    assert reply.rcode() == dns.rcode.SERVFAIL and edes(reply)[0][0] == 24


def test_without_providers_what_was_known_is_answered_and_said_to_be_stale(lab, daemon, provider):
    d = daemon(lab.provider_yaml() + "hijack: {mode: off}\ncache: {max-ttl: 1s}\n")
    assert d.udp("example.com").answer[0][0].address == "93.184.216.34"
    for server in provider:
        server.process.kill()
        server.process.wait()
    began = time.monotonic()
    reply = wait_for(lambda: (lambda r: r if edes(r) else None)(d.udp("example.com", timeout=6)), what="a stale answer")
    assert edes(reply)[0][0] == 3 and reply.answer[0].ttl == 30
    assert reply.answer[0][0].address == "93.184.216.34"
    assert time.monotonic() - began < 4


def test_popular_name_is_refreshed_before_it_expires(lab, daemon):
    """TTL 10 s: asked all the time, it never has to be waited for."""
    d = daemon(lab.provider_yaml() + "hijack: {mode: off}\ncache: {max-ttl: 10s}\n")
    ttls = [d.udp("example.com").answer[0].ttl]
    wait_for(lambda: ttls.append(d.udp("example.com").answer[0].ttl) or ttls[-1] > ttls[-2], seconds=12, what="a refresh")
    assert min(ttls) >= 1


def with_system_roots(bundle):
    """Runs the daemon where the system's roots are this file alone."""
    certs = "/etc/ssl/certs"
    mount = f"mount -t tmpfs certs {certs} && cp {bundle} {certs}/ca-certificates.crt && openssl rehash {certs}"
    return with_mounts(mount)


@needs_mounts
def test_without_a_ca_file_the_systems_roots_count(lab, daemon, tmp_path):
    roots = tmp_path / "roots.pem"
    roots.write_bytes(lab.ca.read_bytes())
    config = "\n".join(line for line in lab.provider_yaml().splitlines() if "ca-file" not in line)
    d = daemon(config + "\nhijack: {mode: off}\n", start_with=with_system_roots(roots))
    assert d.udp("example.com").answer[0][0].address == "93.184.216.34"
    stranger = daemon(config + "\nhijack: {mode: off}\n")
    assert stranger.udp("example.com").rcode() == dns.rcode.SERVFAIL


@needs_mounts
def test_with_a_ca_file_the_systems_roots_do_not_count(lab, daemon, tmp_path):
    roots = tmp_path / "roots.pem"
    roots.write_bytes(lab.ca.read_bytes())
    other = other_ca(tmp_path)
    d = daemon(lab.provider_yaml().replace(str(lab.ca), str(other)) + "hijack: {mode: off}\n",
               start_with=with_system_roots(roots))
    assert d.udp("example.com").rcode() == dns.rcode.SERVFAIL


def nft_trouble():
    """Why no packet filter can be set here, or ''."""
    try:
        return subprocess.run(["nft", "list", "tables"], capture_output=True, text=True).stderr.strip()
    except FileNotFoundError:
        return "nft is not installed"


def connections_to(port):
    """Local ports of the established TCP connections to that port on loopback."""
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [int(row[1].split(":")[1], 16) for row in rows if row[3] == "01" and int(row[2].split(":")[1], 16) == port]


class BlackHole:
    """Established connections to these ports lose every packet, both ways; new ones work."""

    def __init__(self, *ports):
        self.table = f"httpdnsd_test_{os.getpid()}"
        ways = [f"tcp sport {a} tcp dport {b} drop" for port in ports for local in connections_to(port)
                for a, b in ((local, port), (port, local))]
        self.n = len(ways) // 2
        self.rules = "\n".join([f"table inet {self.table} {{", "chain i {", "type filter hook input priority 0;",
                                *ways, "}", "}", ""])

    def __enter__(self):
        subprocess.run(["nft", "-f", "-"], input=self.rules, text=True, check=True)
        return self

    def __exit__(self, *_):
        subprocess.run(["nft", "delete", "table", "inet", self.table], check=True)


@pytest.mark.skipif(nft_trouble() != "", reason=f"no packet filter: {nft_trouble()}")
@pytest.mark.parametrize("n, busy", [(1, False), (1, True), (2, False)])
def test_black_holed_connections_are_given_up_within_a_second_and_no_query_is_lost(lab, daemon, n, busy):
    """The kernel's silence is what tells a dead path from a slow provider. With one provider there is nobody to hedge at; two were
    raced, so that the connections of both are dead. Busy: others go on sending into the hole."""
    only = "".join(line + "\n" for line in lab.provider_yaml().splitlines()[:1 + 4 * n])
    d = daemon(f"{only}strategy: race\nhijack: {{mode: off}}\n")
    for i in range(20):
        assert d.udp(f"before{n}{busy}{i}.wild.honest-lab.net").rcode() == dns.rcode.NOERROR
    over, others = threading.Event(), []

    def go_on():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect(("127.0.0.1", d.port))
            while not over.wait(0.01):
                others.append(sock.send(d.query(f"other{len(others)}.wild.honest-lab.net").to_wire()))

    with BlackHole(*lab.doh_ports[:n]) as hole:
        assert hole.n >= n
        thread = threading.Thread(target=go_on)
        if busy:
            thread.start()
        for i in range(3):
            began = time.monotonic()
            assert d.udp(f"after{n}{busy}{i}.wild.honest-lab.net", timeout=5).rcode() == dns.rcode.NOERROR
            assert time.monotonic() - began < 1
        over.set()
        if busy:
            thread.join()


def asked_at_a_rate(d, names, rate):
    """How long each took, from when it was due; None for no good answer."""
    def ask(name):
        began = time.monotonic()
        good = d.udp(name, timeout=8).rcode() == dns.rcode.NOERROR
        return time.monotonic() - began if good else None

    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        asked = []
        began = time.monotonic()
        for i, name in enumerate(names):
            time.sleep(max(0, began + i / rate - time.monotonic()))
            asked.append(pool.submit(ask, name))
        return [a.result() for a in asked]


@pytest.mark.parametrize("rate, n", [(1, 5), (10, 40)])
@pytest.mark.parametrize("providers", [1, 2])
def test_connection_into_somebody_who_acknowledges_and_passes_nothing_on_costs_a_second_once(lab, daemon, providers, rate, n):
    """No kernel can tell: what was sent has arrived. What is silent for a second goes again by a new connection, and when that is
    answered while the old one still owes a word, no question goes there any more. Of two providers both are behind it."""
    middles = [Swallower(port) for port in lab.doh_ports[:providers]]
    entries = "".join(f"  - name: p{i}\n    url: https://{lab_module.PROVIDERS[i]}:{middle.own_port}/dns-query\n"
                      f"    addresses: [127.0.0.1]\n    ca-file: {lab.ca}\n" for i, middle in enumerate(middles))
    d = daemon(f"providers:\n{entries}strategy: failover\nhijack: {{mode: off}}\nworkers: 1\n")
    label = f"swallow{providers}{rate}x"
    for i in range(20):
        assert d.udp(f"{label}{i}.wild.honest-lab.net").rcode() == dns.rcode.NOERROR
    for middle in middles:
        middle.swallow()
    took = asked_at_a_rate(d, [f"{label}ed{i}.wild.honest-lab.net" for i in range(n)], rate)
    assert None not in took and max(took) < 1.2, took
    assert max(took[2 * rate:]) < 0.5, took
    for middle in middles:
        middle.close()
