# SPDX-License-Identifier: MIT
"""What the daemon answers itself: hosts files, local data, block lists, special names, identity."""
import os
import signal
import socket
import threading
import time

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from conftest import edes, holds_for, wait_for
from scripted import Scripted

OFF = "hijack: {mode: off}\n"


@pytest.fixture
def make(lab, daemon):
    return lambda config, **kw: daemon(lab.provider_yaml() + OFF + config, **kw)


@pytest.fixture
def lan64():
    """A local resolver of a network with NAT64: it knows ipv4only.arpa alone."""
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                wire, peer = udp.recvfrom(4096)
                query = dns.message.from_wire(wire)
                reply = dns.message.make_response(query)
                if query.question[0].rdtype == dns.rdatatype.AAAA:
                    reply.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "AAAA", "64:ff9b:1::c000:aa"))
                udp.sendto(reply.to_wire(), peer)
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    yield udp.getsockname()[1]
    udp.close()


def addresses(reply):
    return sorted(rd.address for rrset in reply.answer for rd in rrset if rd.rdtype in (1, 28))


def test_hosts_file_is_answered_in_both_directions_and_read_again_when_it_changes(make, tmp_path):
    hosts = tmp_path / "hosts"
    hosts.write_text("192.0.2.7 Nas.lan.example nas\n2001:db8::7 nas.lan.example\n")
    d = make(f"hosts: [{hosts}]\n")
    reply = wait_for(lambda: (r := d.udp("nAs.lan.example")) and r.answer and r, what="the hosts file")
    assert addresses(reply) == ["192.0.2.7"] and reply.flags & dns.flags.AA
    assert str(reply.question[0].name) == "nAs.lan.example."
    assert addresses(d.udp("nas.lan.example", "AAAA")) == ["2001:db8::7"]
    assert str(d.tcp("7.2.0.192.in-addr.arpa", "PTR").answer[0][0].target) == "nas.lan.example."
    assert addresses(d.udp("nas")) == ["192.0.2.7"]
    empty = d.udp("nas", "AAAA")
    assert empty.rcode() == dns.rcode.NOERROR and not empty.answer and empty.authority[0].rdtype == dns.rdatatype.SOA
    hosts.write_text("192.0.2.8 nas.lan.example\n")
    wait_for(lambda: addresses(d.udp("nas.lan.example")) == ["192.0.2.8"], what="the new address")


def test_local_data_comes_before_everything_and_its_wildcards_reach_below(make):
    d = make('local-data:\n  www.example.com: [192.0.2.1, "2001:db8::1"]\n  "*.dev.example.com": 192.0.2.2\n'
             "  gone.example.com: nxdomain\n  empty.example.com: nodata\nlocal-ttl: 90s\n")
    assert addresses(d.udp("www.example.com")) == ["192.0.2.1"]
    assert d.udp("www.example.com").answer[0].ttl == 90
    assert addresses(d.udp("www.example.com", "AAAA")) == ["2001:db8::1"]
    assert addresses(d.udp("a.b.dev.example.com")) == ["192.0.2.2"]
    assert d.udp("gone.example.com").rcode() == dns.rcode.NXDOMAIN
    assert d.udp("empty.example.com").rcode() == dns.rcode.NOERROR
    assert addresses(d.udp("example.com")) == ["93.184.216.34"]


LISTS = {
    "hosts": "127.0.0.1 localhost\n0.0.0.0 www.bank-of-lab.com\n",
    "domains": "# c\nbank-of-lab.com\n",
    "adblock": "[Adblock Plus 2.0]\n||bank-of-lab.com^\n@@||mail.bank-of-lab.com^\n||x.example^$popup\n",
    "dnsmasq": "address=/bank-of-lab.com/0.0.0.0\n",
    "rpz": "$TTL 60\n@ SOA a. b. 1 2 3 4 5\nwww.bank-of-lab.com CNAME .\nmail.bank-of-lab.com CNAME rpz-passthru.\n",
}


@pytest.mark.parametrize("form", LISTS)
def test_block_list_of_every_form_blocks_and_says_by_which_list(make, tmp_path, form):
    path = tmp_path / f"list.{form}"
    path.write_text(LISTS[form])
    d = make(f"block: {{lists: [{{file: {path}, name: testlist}}]}}\n")
    blocked = wait_for(lambda: (r := d.udp("www.bank-of-lab.com")).rcode() == dns.rcode.NXDOMAIN and r, what="the list")
    assert edes(blocked) == [(15, "blocked by testlist")] and blocked.authority[0].rdtype == dns.rdatatype.SOA
    assert addresses(d.udp("example.com")) == ["93.184.216.34"]
    if form in ("adblock", "rpz"):
        assert d.udp("mail.bank-of-lab.com").rcode() == dns.rcode.NOERROR
    if form == "adblock":
        assert "1 lines are not for a resolver, the first is line 4: ||x.example^$popup" in d.log()


@pytest.mark.parametrize("answer", ["nodata", "zero", "refused"])
def test_block_answer_is_as_configured_and_allow_beats_it(make, tmp_path, answer):
    path = tmp_path / "list"
    path.write_text("bank-of-lab.com\n")
    d = make(f"block: {{lists: [{path}], answer: {answer}, allow: [mail.bank-of-lab.com]}}\n")
    wait_for(lambda: edes(d.udp("www.bank-of-lab.com")), what="the list")
    reply = d.udp("www.bank-of-lab.com")
    assert reply.rcode() == (dns.rcode.REFUSED if answer == "refused" else dns.rcode.NOERROR)
    assert addresses(reply) == (["0.0.0.0"] if answer == "zero" else [])
    assert addresses(d.udp("www.bank-of-lab.com", "AAAA")) == (["::"] if answer == "zero" else [])
    assert not edes(d.udp("mail.bank-of-lab.com"))


def test_block_list_is_read_again_when_it_changes_and_kept_when_it_cannot_be(make, tmp_path):
    path = tmp_path / "list"
    path.write_text("bank-of-lab.com\n")
    d = make(f"block: {{lists: [{path}]}}\n")
    blocks = lambda name: d.udp(name).rcode() == dns.rcode.NXDOMAIN
    wait_for(lambda: blocks("www.bank-of-lab.com"), what="the list")
    path.write_text("bank-of-lab.com\nexample.com\n")
    wait_for(lambda: blocks("example.com"), what="the longer list")
    path.unlink()
    wait_for(lambda: "the lists read before stay in force" in d.log(), what="a word about it")
    assert blocks("example.com") and d.log().count("cannot be read: No such file") == 1
    d.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "the old configuration stays in force" in d.log(), what="the refusal")
    assert blocks("example.com")
    path.write_text("news-lab.org\n")
    wait_for(lambda: blocks("news-lab.org") and not blocks("example.com"), what="the list of now")


def test_a_reload_has_no_moment_without_the_lists(make, tmp_path):
    path = tmp_path / "list"
    path.write_text("bank-of-lab.com\n" + "".join(f"n{i}.example\n" for i in range(100000)))
    d = make(f"block: {{lists: [{path}]}}\n")
    wait_for(lambda: d.udp("www.bank-of-lab.com").rcode() == dns.rcode.NXDOMAIN, what="the list")
    d.process.send_signal(signal.SIGHUP)
    holds_for(lambda: d.udp("www.bank-of-lab.com").rcode() == dns.rcode.NXDOMAIN, 1.5)
    wait_for(lambda: "configuration reloaded" in d.log(), what="the reload")


@pytest.mark.alone
def test_the_daemon_answers_while_a_large_list_is_read(make, tmp_path):
    path = tmp_path / "list"
    with open(path, "w") as f:
        f.writelines(f"n{i}.zone{i % 997}.example\n" for i in range(1000000))
    d = make(f"block: {{lists: [{path}]}}\n")
    worst = 0.0
    while d.udp("n999999.zone996.example").rcode() != dns.rcode.NXDOMAIN or "policy: " not in d.log():
        began = time.monotonic()
        d.udp("example.com")
        worst = max(worst, time.monotonic() - began)
    wait_for(lambda: "names in lists and rules" in d.log(), what="the count")
    assert worst < 0.5


def test_a_list_that_takes_for_ever_to_read_does_not_keep_the_daemon_from_ending(make, tmp_path):
    path = tmp_path / "list"
    path.touch()
    os.truncate(path, 1 << 40)
    d = make(f"block: {{lists: [{path}]}}\n")
    assert d.udp("example.com").answer
    began = time.monotonic()
    assert d.stop() == 0 and time.monotonic() - began < 5


def test_special_names_stay_here_and_can_be_let_out(make):
    d = make("")
    for name in ("x.test", "x.onion", "x.local", "x.alt", "x.invalid", "x.home.arpa", "1.0.168.192.in-addr.arpa",
                 "use-application-dns.net"):
        reply = d.udp(name)
        assert reply.rcode() == dns.rcode.NXDOMAIN and reply.authority[0].rdtype == dns.rdatatype.SOA, name
        assert edes(reply)[0][0] == 15
    assert d.udp("printer").rcode() == dns.rcode.NOERROR
    let = make("special-names: {single-label: forward, test: forward}\n")
    assert let.udp("no-such-tld-of-lab").rcode() == dns.rcode.NXDOMAIN and not edes(let.udp("no-such-tld-of-lab"))
    assert not edes(let.udp("x.test"))


def test_any_is_hinfo_or_what_upstream_has(make):
    reply = make("").udp("example.com", "ANY")
    assert reply.answer[0].rdtype == dns.rdatatype.HINFO and reply.answer[0][0].cpu == b"RFC8482"
    assert make("any: refuse\n").udp("example.com", "ANY").rcode() == dns.rcode.REFUSED
    forwarded = make("any: forward\n").tcp("example.com", "ANY")
    assert dns.rdatatype.HINFO not in {r.rdtype for r in forwarded.answer} and forwarded.answer


def test_family_filter_empties_the_other(make):
    d = make("family: ipv6\n")
    assert not d.udp("example.com", "A").answer and d.udp("example.com", "A").rcode() == dns.rcode.NOERROR


@pytest.fixture
def services(lab):
    """HTTPS records with addresses of both families in them, behind a CNAME and signed."""
    story = Scripted(lab, ttl=300)
    story.put("www.story.example", "HTTPS", "www.story.example 300 CNAME svc.story.example.",
              "svc.story.example 300 HTTPS 1 . alpn=h2 ipv4hint=198.51.100.1 ech=AAA= ipv6hint=2001:db9::1",
              "svc.story.example 300 HTTPS 2 b.story.example. mandatory=ipv4hint ipv4hint=198.51.100.2",
              "svc.story.example 300 HTTPS 3 c.story.example. mandatory=ipv6hint ipv6hint=2001:db9::3",
              "svc.story.example 300 RRSIG HTTPS 8 3 300 20300101000000 20200101000000 1 story.example. AAAA")
    yield story
    story.close()


@pytest.mark.parametrize("family, gone, left", [("ipv4", "ipv6hint", [1, 2]), ("ipv6", "ipv4hint", [1, 3]), ("both", None, [1, 2, 3])])
def test_family_filter_takes_the_hints_out_of_services(services, daemon, family, gone, left):
    d = daemon(services.yaml + OFF + f"family: {family}\n")
    for _ in "miss", "hit":
        reply = d.udp("www.story.example", "HTTPS", want_dnssec=True)
        records = [r for r in reply.answer if r.rdtype == dns.rdatatype.HTTPS][0]
        assert sorted(r.priority for r in records) == left and records.ttl > 290
        assert gone is None or gone not in reply.to_text()
        first = [r for r in records if r.priority == 1][0].to_text()
        assert 'alpn="h2"' in first and "ech=" in first and ("hint" in first) and reply.answer[0].rdtype == dns.rdatatype.CNAME
        assert (dns.rdatatype.RRSIG in {r.rdtype for r in reply.answer}) == (gone is None)
    assert services.n_asked("www.story.example") == 1
    assert "ipv6hint" in d.udp("www.story.example", "HTTPS", want_dnssec=True, flags=dns.flags.RD | dns.flags.CD).to_text()


def test_identity_is_told_only_when_configured(make):
    assert make("").udp("version.bind", "TXT", rdclass="CH").rcode() == dns.rcode.REFUSED
    d = make("identity: {version: one, id: two}\n")
    assert d.udp("version.bind", "TXT", rdclass="CH").answer[0][0].strings == (b"one",)
    assert d.udp("ID.server", "TXT", rdclass="CH").answer[0][0].strings == (b"two",)
    assert d.udp("hostname.bind", "TXT", rdclass="CH").rcode() == dns.rcode.REFUSED


def test_local_data_that_is_another_name_is_resolved_the_normal_way(make):
    d = make("local-data: {shop.lan.example: www.bank-of-lab.com, a.lan.example: b.lan.example, b.lan.example: 192.0.2.5,\n"
             "  x.lan.example: y.lan.example, y.lan.example: x.lan.example, gone.lan.example: nosuch.honest-lab.net}\n")
    for _ in range(2):
        reply = d.udp("Shop.lan.example")
        assert [str(r.name).lower() for r in reply.answer] == ["shop.lan.example.", "www.bank-of-lab.com.", "front.honest-lab.net.",
                                                               "edge.cdn.honest-lab.net.", "pop7.news-lab.org."]
        assert reply.answer[-1][0].address == "199.232.10.7" and str(reply.question[0].name) == "Shop.lan.example."
    assert addresses(d.tcp("a.lan.example")) == ["192.0.2.5"]
    assert d.udp("gone.lan.example").rcode() == dns.rcode.NXDOMAIN
    circle = d.udp("x.lan.example")
    assert circle.rcode() == dns.rcode.SERVFAIL and circle.options
    only = d.udp("shop.lan.example", "CNAME")
    assert str(only.answer[0][0].target) == "www.bank-of-lab.com." and only.flags & dns.flags.AA


def test_dns64_makes_addresses_where_there_are_none(make):
    d = make('dns64: {prefix: "64:ff9b::/96", exclude: [no.wild.honest-lab.net]}\n')
    for _ in range(2):
        reply = d.udp("Six.wild.honest-lab.net", "AAAA")
        assert addresses(reply) == ["64:ff9b::9765:148"] and str(reply.question[0].name) == "Six.wild.honest-lab.net."
    assert addresses(d.udp("www.bank-of-lab.com", "AAAA")) == ["2a04:4e42:400::7"]
    assert not d.udp("no.wild.honest-lab.net", "AAAA").answer
    assert not d.udp("six.wild.honest-lab.net", "AAAA", want_dnssec=True, flags=dns.flags.RD | dns.flags.CD).answer
    reverse = d.udp("7.0.a.0.8.e.7.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.9.f.f.4.6.0.0.ip6.arpa", "PTR")
    assert str(reverse.answer[0][0].target) == "7.10.232.199.in-addr.arpa."
    assert d.udp("nosuch.honest-lab.net", "AAAA").rcode() == dns.rcode.NXDOMAIN


def test_reload_with_another_prefix_for_dns64_forgets_what_was_made_with_the_old_one(lab, make):
    d = make('dns64: {prefix: "64:ff9b::/96"}\n')
    for _ in range(2):
        assert addresses(d.udp("six.wild.honest-lab.net", "AAAA")) == ["64:ff9b::9765:148"]
    d.write_config(lab.provider_yaml() + OFF + 'dns64: {prefix: "2001:db8:64::/96"}\n')
    d.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "configuration reloaded" in d.log(), what="the reload")
    assert addresses(d.udp("six.wild.honest-lab.net", "AAAA")) == ["2001:db8:64::9765:148"]


def test_dns64_finds_its_prefix_at_the_local_resolver(lab, daemon, lan64):
    d = daemon(lab.provider_yaml() + OFF + f"dns64: {{prefix: auto}}\nlocal-resolver: {{servers: [\"127.0.0.1:{lan64}\"]}}\n")
    assert addresses(d.udp("six.wild.honest-lab.net", "AAAA")) == ["64:ff9b:1::9765:148"]


def test_f35_s6_rebinding_guard_withholds_private_addresses_of_public_names(make):
    private = ["inside.honest-lab.net"]
    d = make("rebinding-guard: {mode: on}\n")
    for _ in range(2):
        reply = d.udp(private[0])
        assert reply.rcode() == dns.rcode.NXDOMAIN and edes(reply)[0][0] == 15 and not reply.answer
    assert addresses(d.udp("example.com")) == ["93.184.216.34"]
    assert make(f"rebinding-guard: {{mode: on, allow: [{private[0]}]}}\n").udp(private[0]).answer
