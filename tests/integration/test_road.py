# SPDX-License-Identifier: MIT
"""The way to a provider: pins, proxy, source address, interface, mark, family."""
import base64
import hashlib
import os
import socket
import struct
import subprocess
import threading

import dns.rcode
import pytest

from test_hostile_provider import Origin, origin  # noqa: F401  (a fixture)


def one_provider(lab, port, *more):
    return (f"providers:\n  - name: one\n    url: https://provider1.lab.example:{port}/dns-query\n"
            f"    addresses: [127.0.0.1]\n    ca-file: {lab.ca}\n" + "".join(f"    {m}\n" for m in more)
            + "hijack: {mode: off}\nquery-timeout: 2s\n")


def rcode(d):
    return d.udp("road.wild.honest-lab.net").rcode()


def pin_of(lab):
    key = subprocess.run(["openssl", "x509", "-in", lab.folder / "leaf.pem", "-pubkey", "-noout"], capture_output=True, check=True)
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key.stdout, capture_output=True, check=True)
    return "sha256//" + base64.b64encode(hashlib.sha256(der.stdout).digest()).decode()


class Middle:
    """Accepts on loopback and carries to `port`; a SOCKS5 proxy when told so. Remembers who came."""

    def __init__(self, port, socks=False):
        self.port, self.socks, self.came, self.asked = port, socks, [], []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.own_port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, peer = self.listener.accept()
            except OSError:
                return
            self.came.append(peer[0])
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        if self.socks:
            sock.recv(sock.recv(2)[1])
            sock.sendall(b"\x05\x00")
            head = sock.recv(4)
            assert head[3] == 1
            where = sock.recv(6)
            self.asked.append((socket.inet_ntoa(where[:4]), struct.unpack("!H", where[4:])[0]))
            sock.sendall(b"\x05\x00\x00\x01" + bytes(6))
        there = socket.create_connection(("127.0.0.1", self.port))
        threading.Thread(target=self.carry, args=(sock, there), daemon=True).start()
        self.carry(there, sock)

    @staticmethod
    def carry(a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def test_key_that_is_pinned_is_believed_and_no_other(lab, daemon, origin):
    right, wrong = pin_of(lab), "sha256//" + base64.b64encode(bytes(32)).decode()
    assert rcode(daemon(one_provider(lab, origin.port, f'pins: ["{wrong}", "{right}"]'))) == dns.rcode.NOERROR
    assert rcode(daemon(one_provider(lab, origin.port, f'pins: ["{wrong}"]'))) == dns.rcode.SERVFAIL


def test_socks_proxy_is_gone_through_and_told_the_address(lab, daemon, origin):
    proxy = Middle(origin.port, socks=True)
    d = daemon(one_provider(lab, origin.port, f'proxy: "socks5://127.0.0.1:{proxy.own_port}"'))
    assert rcode(d) == dns.rcode.NOERROR
    assert ("127.0.0.1", origin.port) in proxy.asked


def test_source_address_is_where_packets_come_from(lab, daemon, origin):
    middle = Middle(origin.port)
    assert rcode(daemon(one_provider(lab, middle.own_port, "source-address: 127.0.0.9"))) == dns.rcode.NOERROR
    assert set(middle.came) == {"127.0.0.9"}


def test_family_without_an_address_is_not_asked(lab, daemon, origin):
    assert rcode(daemon(one_provider(lab, origin.port, "family: ipv4"))) == dns.rcode.NOERROR
    assert rcode(daemon(one_provider(lab, origin.port, "family: ipv6"))) == dns.rcode.SERVFAIL


@pytest.mark.skipif(os.geteuid() != 0, reason="binding to an interface needs privileges")
def test_interface_is_the_one_to_leave_by_or_nothing_leaves(lab, daemon, origin):
    assert rcode(daemon(one_provider(lab, origin.port, "interface: lo"))) == dns.rcode.NOERROR
    assert rcode(daemon(one_provider(lab, origin.port, "interface: nosuch0"))) == dns.rcode.SERVFAIL


@pytest.mark.skipif(os.geteuid() != 0, reason="dropping a capability needs it first")
def test_mark_that_may_not_be_set_is_no_way_at_all(lab, daemon, origin):
    assert rcode(daemon(one_provider(lab, origin.port, "mark: 7"))) == dns.rcode.NOERROR
    without = ["setpriv", "--bounding-set=-net_admin,-net_raw", "--inh-caps=-net_admin,-net_raw"]
    assert rcode(daemon(one_provider(lab, origin.port, "mark: 7"), start_with=without)) == dns.rcode.SERVFAIL


def test_group_is_not_asked_for_what_no_rule_sends_there(lab, daemon, origin):
    d = daemon(one_provider(lab, origin.port, "group: company").replace("hijack:", lab.provider_yaml().split("\n", 1)[1] + "hijack:"))
    assert rcode(d) == dns.rcode.NOERROR
    assert origin.tell("counts") == "0 0"
