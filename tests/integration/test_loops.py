# SPDX-License-Identifier: MIT
"""Questions that come back to whoever asked them: refused where they can be foreseen, harmless where they cannot."""
import os
import socket
import subprocess
import threading
import time

import dns.flags
import dns.message
import dns.rcode
import pytest

from conftest import HTTPDNSD, edes, lab_module, wait_for
from test_moving import ip, trouble


def check(tmp_path, config, start_with=()):
    """What --check says."""
    path = tmp_path / "httpdnsd.yaml"
    path.write_text(config)
    return subprocess.run([*start_with, HTTPDNSD, "--config", path, "--check"], capture_output=True, text=True)


def company(lab, server):
    return (lab.provider_yaml() + f'  - name: company\n    server: "{server}"\n    group: lan\n'
            "rules:\n  - {domains: [loop.example], group: lan}\n")


@pytest.mark.parametrize("listen, server", [("udp://127.0.0.1", "127.0.0.1"), ("udp://0.0.0.0", "127.0.0.53"), ("tcp://0.0.0.0", "127.0.0.1")])
def test_server_that_is_ourselves_is_refused_with_its_place(lab, tmp_path, listen, server):
    port = lab_module.free_ports(1)[0]
    listen, server = f"{listen}:{port}", f"{server}:{port}"
    config = f"listen: [{listen}]\n" + company(lab, server)
    line = next(i for i, text in enumerate(config.splitlines(), 1) if "server:" in text)
    got = check(tmp_path, config)
    assert got.returncode == 78 and f":{line}:13: '{server}' is our own listener {listen}: it would ask itself" in got.stderr


class Forwarder:
    """A resolver of the network that asks us what we ask it; DO differs each time when told so."""

    def __init__(self, daemon_port, turns_do=False):
        self.to, self.turns_do, self.n = ("127.0.0.1", daemon_port), turns_do, 0
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                wire, peer = self.sock.recvfrom(4096)
            except OSError:
                return
            self.n += 1
            threading.Thread(target=self.forward, args=(wire, peer), daemon=True).start()

    def forward(self, wire, peer):
        query = dns.message.from_wire(wire)
        if self.turns_do:
            query.want_dnssec(not query.ednsflags & dns.flags.DO)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as up:
            up.settimeout(5)
            up.sendto(query.to_wire(), self.to)
            try:
                self.sock.sendto(up.recv(4096), peer)
            except OSError:
                pass

    def close(self):
        self.sock.close()


@pytest.mark.parametrize("turns_do, most", [(False, 2), (True, 4)])
def test_circle_by_way_of_another_resolver_costs_two_datagrams_a_question_and_ends_in_time(lab, daemon, turns_do, most):
    """A question that comes back joins the one it came from; without a reply it is sent once more, and that is all."""
    d = daemon(lab.provider_yaml(), start=False)
    forwarder = Forwarder(d.port, turns_do)
    d.write_config("workers: 2\nquery-timeout: 2s\n" + company(lab, f"127.0.0.1:{forwarder.port}"))
    d.start()
    began = time.monotonic()
    for i in range(3):
        reply = d.udp(f"x{i}.loop.example", timeout=4)
        assert reply.rcode() == dns.rcode.SERVFAIL and edes(reply)
    assert time.monotonic() - began < 3 * 2.5
    assert forwarder.n <= 3 * most
    # That it failed is remembered for a second and more: asking on and on costs no more than that.
    before, began = forwarder.n, time.monotonic()
    for i in range(50):
        assert d.udp("x2.loop.example").rcode() == dns.rcode.SERVFAIL
    assert forwarder.n - before <= most * (time.monotonic() - began)
    assert d.udp("fine.wild.honest-lab.net").rcode() == dns.rcode.NOERROR
    forwarder.close()


@pytest.fixture
def host():
    """A network namespace with nothing but loopback and a cable `lan0` without an address."""
    if trouble() != "":
        pytest.skip(f"no network namespace: {trouble()}")
    name = f"httpdnsd-loop-{os.getpid()}"
    ip("netns", "add", name)
    ip("-n", name, "link", "set", "lo", "up")
    ip("-n", name, "link", "add", "lan0", "type", "veth", "peer", "name", "lan1")
    ip("-n", name, "link", "set", "lan0", "up")
    ip("-n", name, "link", "set", "lan1", "up")
    yield name
    ip("netns", "del", name, check=False)


def test_address_of_this_host_is_refused_behind_a_socket_that_listens_on_all(lab, tmp_path, host):
    ip("-n", host, "addr", "add", "10.77.0.2/24", "dev", "lan0")
    inside = ["ip", "netns", "exec", host]

    def config(who):
        return f"listen: [udp://0.0.0.0:53]\n{company(lab, who)}local-resolver: {{servers: [{who}]}}\n"

    ours = check(tmp_path, config("10.77.0.2"), inside)
    assert ours.returncode == 78 and ours.stderr.count("'10.77.0.2' is our own listener udp://0.0.0.0:53") == 2
    assert check(tmp_path, config("10.77.0.3"), inside).returncode == 0


def test_server_that_becomes_ourselves_is_not_asked_any_more_and_is_named(lab, daemon, host):
    """What --check cannot know: the address comes later."""
    port = lab_module.free_ports(1)[0]
    d = daemon(company(lab, f"10.77.0.2:{port}") + f'local-resolver: {{servers: ["10.77.0.2:{port}"]}}\n', start=False,
               listen=[f"udp://0.0.0.0:{port}", "unix://{}"], start_with=["ip", "netns", "exec", host])
    d.listen[1] = f"unix://{d.unix}"
    d.write_config(company(lab, f"10.77.0.2:{port}") + f'local-resolver: {{servers: ["10.77.0.2:{port}"]}}\n')
    d.start()
    assert "this daemon itself" not in d.log()
    ip("-n", host, "addr", "add", "10.77.0.2/24", "dev", "lan0")
    wait_for(lambda: "this daemon itself" in d.log(), what="the address to be seen")
    assert f"provider 'company' is not asked: its server 10.77.0.2:{port} is this daemon itself" in d.log()
    assert f"local-resolver.servers: 10.77.0.2:{port} is not asked: it is this daemon itself" in d.log()
    began = time.monotonic()
    reply = d.over_unix("a.loop.example")
    assert reply.rcode() == dns.rcode.SERVFAIL and time.monotonic() - began < 1
    assert [text for _, text in edes(reply)] == ["the server for this name is this daemon itself"]
