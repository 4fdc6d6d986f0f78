# SPDX-License-Identifier: MIT
"""Whom a name is asked of: split DNS by rules, to groups of providers and to plain servers of the own network."""
import signal
import socket
import struct
import threading
import time

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from conftest import wait_for

OFF = "hijack: {mode: off}\n"


class LanServer:
    """A DNS server of a company: UDP and TCP on one port; answers every A with 10.1.2.3, truncated over UDP for big.*
    The first datagram about lost.* gets lost."""

    def __init__(self):
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self.tcp.getsockname()[1]
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        self.asked = []
        threading.Thread(target=self.serve_udp, daemon=True).start()
        threading.Thread(target=self.serve_tcp, daemon=True).start()

    def reply(self, wire, how):
        query = dns.message.from_wire(wire)
        name = query.question[0].name
        self.asked.append((how, str(name).lower()))
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA | dns.flags.AD
        if how == "udp" and str(name).lower().startswith("big."):
            reply.flags |= dns.flags.TC
        elif query.question[0].rdtype == 12:
            reply.answer.append(dns.rrset.from_text(name, 60, "IN", "PTR", "host.corp.example."))
        elif query.question[0].rdtype == 1:
            reply.answer.append(dns.rrset.from_text(name, 60, "IN", "A", "10.1.2.3"))
        return reply.to_wire()

    def serve_udp(self):
        while True:
            try:
                wire, peer = self.udp.recvfrom(4096)
                reply = self.reply(wire, "udp")
                if not self.asked[-1][1].startswith("lost.") or self.asked.count(self.asked[-1]) > 1:
                    self.udp.sendto(reply, peer)
            except OSError:
                return

    def serve_tcp(self):
        while True:
            try:
                s, _ = self.tcp.accept()
            except OSError:
                return
            with s:
                n = struct.unpack("!H", s.recv(2))[0]
                wire = self.reply(s.recv(n), "tcp")
                s.sendall(struct.pack("!H", len(wire)) + wire)

    def close(self):
        self.udp.close()
        self.tcp.close()


@pytest.fixture
def lan():
    server = LanServer()
    yield server
    server.close()


def split(lab, lan, more=""):
    return (lab.provider_yaml() + f"  - {{name: corp-dns, server: 127.0.0.1:{lan.port}, group: corp}}\n"
            + "rules:\n  - {domains: [corp.example, 10.in-addr.arpa, www.bank-of-lab.com, intranet], group: corp}\n" + more + OFF)


def test_company_zone_goes_to_the_company_server_and_the_rest_does_not(lab, daemon, lan):
    d = daemon(split(lab, lan))
    reply = d.udp("Host.Corp.example", want_dnssec=True)
    assert reply.answer[0][0].address == "10.1.2.3" and not reply.flags & dns.flags.AD
    assert str(reply.question[0].name) == "Host.Corp.example."
    assert str(d.udp("3.2.1.10.in-addr.arpa", "PTR").answer[0][0].target) == "host.corp.example."
    assert d.udp("intranet").answer[0][0].address == "10.1.2.3"
    assert d.udp("www.bank-of-lab.com").answer[0][0].address == "10.1.2.3"
    assert d.udp("example.com").answer[0][0].address == "93.184.216.34"
    assert not any("example.com." == name for _, name in lan.asked)
    before = len(lan.asked)
    assert d.udp("host.corp.example").answer and d.udp("host.corp.example", want_dnssec=True).answer
    assert len(lan.asked) <= before + 1
    assert lab.n_asked(0, "host.corp.example") + lab.n_asked(1, "host.corp.example") == 0


def test_truncated_answer_of_a_plain_server_is_asked_again_over_tcp(lab, daemon, lan):
    d = daemon(split(lab, lan))
    assert d.udp("big.corp.example").answer[0][0].address == "10.1.2.3"
    assert lan.asked == [("udp", "big.corp.example."), ("tcp", "big.corp.example.")]


def test_a_datagram_that_gets_lost_on_the_way_to_a_plain_server_costs_no_answer(lab, daemon, lan):
    d = daemon(split(lab, lan))
    began = time.monotonic()
    assert d.udp("lost.corp.example").answer[0][0].address == "10.1.2.3"
    assert time.monotonic() - began < 1.9  # before anybody gives up
    assert lan.asked == [("udp", "lost.corp.example.")] * 2


def test_a_dead_plain_server_is_servfail_and_never_asked_elsewhere(lab, daemon, lan):
    d = daemon(split(lab, lan))
    lan.close()
    assert d.udp("x.corp.example").rcode() == dns.rcode.SERVFAIL
    assert lab.n_asked(0, "x.corp.example") + lab.n_asked(1, "x.corp.example") == 0


def test_rule_file_routes_its_names_to_a_group_of_https_providers(lab, daemon, tmp_path):
    rules = tmp_path / "cn.conf"
    rules.write_text("server=/wild.honest-lab.net/114.114.114.114\n")
    providers = lab.provider_yaml().rstrip("\n").split("  - name:")
    assert len(providers) == 3
    config = providers[0] + "  - name:" + providers[1] + "  - name:" + providers[2] + "\n    group: cn\n"
    d = daemon(config + f"rules: [{{files: {rules}, group: cn, fallback: default}}]\n" + OFF)
    wait_for(lambda: "rule list" in d.log(), what="the list")
    assert d.udp("ruled.wild.honest-lab.net").answer
    assert d.udp("www.example.com").answer
    wait_for(lambda: lab.n_asked(1, "ruled.wild.honest-lab.net"), what="the second provider's log")
    assert lab.n_asked(0, "ruled.wild.honest-lab.net") == 0
    assert lab.n_asked(1, "www.example.com") == 0


def test_no_question_is_answered_before_rules_and_hosts_files_are_read(lab, daemon, lan, tmp_path):
    """Nor while a block list of any size is: what only the company's server may hear of is asked nowhere else."""
    rules, hosts, blocked = (tmp_path / name for name in ("rules.txt", "hosts", "blocked.txt"))
    rules.write_text("".join(f"d{i}.zone{i % 999}.example\n" for i in range(150000)) + "late.honest-lab.net\n")
    hosts.write_text("192.0.2.7 www.example.com\n")
    blocked.write_text("".join(f"ads{i}.zone{i % 999}.example\n" for i in range(150000)))
    d = daemon(lab.provider_yaml() + f"  - {{name: corp-dns, server: 127.0.0.1:{lan.port}, group: corp}}\n"
               f"rules: [{{files: [{rules}], group: corp}}]\nhosts: [{hosts}]\n"
               f"block: {{lists: [{{file: {blocked}}}]}}\n" + OFF)
    assert d.udp("www.late.honest-lab.net").answer[0][0].address == "10.1.2.3"
    assert d.udp("www.example.com").answer[0][0].address == "192.0.2.7"
    wait_for(lambda: "block list" in d.log(), what="the block list")
    assert wait_for(lambda: d.udp("ads1.zone1.example").rcode() == dns.rcode.NXDOMAIN, what="its being in force")
    assert d.udp("again.late.honest-lab.net").answer[0][0].address == "10.1.2.3"
    assert d.udp("d7.zone7.example").answer[0][0].address == "10.1.2.3"
    assert d.log().count("rule list") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_are_heeded_while_rules_are_read(lab, daemon, lan, tmp_path, number):
    rules = tmp_path / "rules.txt"
    rules.write_text("".join(f"d{i}.zone{i % 999}.example\n" for i in range(300000)))
    d = daemon(split(lab, lan, f"  - {{files: [{rules}], group: corp}}\n"), start=False).start(ready=False)
    wait_for(d.unix.exists, what="the sockets")
    assert "ready:" not in d.log()
    d.process.send_signal(number)
    if number == signal.SIGHUP:
        wait_for(lambda: "configuration reloaded" in d.log(), what="the reload")
        assert d.udp("d7.zone7.example").answer[0][0].address == "10.1.2.3"
    else:
        assert d.process.wait(10) == 0 and "ready:" not in d.log()


def test_ipv4only_arpa_and_the_group_local_resolver_ask_the_local_resolver(lab, daemon, lan):
    d = daemon(lab.provider_yaml() + f"local-resolver: {{servers: [\"127.0.0.1:{lan.port}\"]}}\n"
               "rules: [{domains: [portal.example], group: local-resolver}]\n" + OFF)
    assert d.udp("ipv4only.arpa").answer[0][0].address == "10.1.2.3"
    assert d.udp("login.portal.example").answer[0][0].address == "10.1.2.3"
    assert [name for _, name in lan.asked] == ["ipv4only.arpa.", "login.portal.example."]
