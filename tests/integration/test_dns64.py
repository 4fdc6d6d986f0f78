# SPDX-License-Identifier: MIT
"""Addresses made for a network that has IPv6 alone (RFC 6147, 6052, 7050, 8880), as its hosts see them."""
import time

import dns.flags
import dns.rcode
import dns.rdatatype
import dns.reversename
import dns.rrset
import pytest

from conftest import edes
from scripted import Scripted
from test_policy import lan64  # noqa: F401  (a fixture)

WELL_KNOWN, OWN = "64:ff9b::/96", "2001:db8:64::/96"


@pytest.fixture
def story(lab):
    story = Scripted(lab, ttl=300)
    yield story
    story.close()


@pytest.fixture
def start(story, daemon):
    return lambda dns64, more="": daemon(story.yaml + f"hijack: {{mode: off}}\ndns64: {{{dns64}}}\n" + more)


def addresses(reply):
    return sorted(rd.address for rrset in reply.answer for rd in rrset if rd.rdtype in (1, 28))


def test_every_address_is_made_and_nothing_else_is_touched(story, start):
    story.put("v4.story.example", "A", "v4.story.example 300 A 198.51.0.1", "v4.story.example 300 A 198.51.0.2")
    story.put("both.story.example", "A", "both.story.example 300 A 198.51.0.3")
    story.put("both.story.example", "AAAA", "both.story.example 300 AAAA 2001:db9::3")
    d = start(f'prefix: "{OWN}"')
    assert addresses(d.udp("v4.story.example", "AAAA")) == ["2001:db8:64::c633:1", "2001:db8:64::c633:2"]
    assert addresses(d.udp("v4.story.example", "A")) == ["198.51.0.1", "198.51.0.2"]
    assert addresses(d.udp("both.story.example", "AAAA")) == ["2001:db9::3"]
    gone = d.udp("gone.story.example", "AAAA")
    assert gone.rcode() == dns.rcode.NXDOMAIN and not gone.answer


def test_addresses_are_made_where_clients_are_given_ipv6_alone(story, start):
    """A network with IPv6 alone wants both: no A records, and AAAA records made of them."""
    story.put("v4.story.example", "A", "v4.story.example 300 A 198.51.0.1")
    story.put("www.story.example", "A", "www.story.example 300 CNAME end.other.example.")
    story.put("www.story.example", "AAAA", "www.story.example 300 CNAME end.other.example.")
    story.put("end.other.example", "A", "end.other.example 300 A 198.51.0.2")
    d = start(f'prefix: "{OWN}"', "family: ipv6\nlocal-data: {shop.lan: v4.story.example}\n")
    for name, made in (("v4.story.example", "c633:1"), ("www.story.example", "c633:2"), ("shop.lan", "c633:1")):
        assert addresses(d.udp(name, "AAAA")) == [f"2001:db8:64::{made}"]
        assert addresses(d.udp(name, "A")) == []


def test_made_addresses_live_no_longer_than_the_absence_that_they_stand_in_for(story, start):
    """RFC 6147 section 5.1.7: the A's TTL, the negative answer's, or 600 s where it has no SOA."""
    story.ttl = 40
    story.put("short.story.example", "A", "short.story.example 20 A 198.51.0.1")
    story.put("long.story.example", "A", "long.story.example 3600 A 198.51.0.1")
    story.put("bare.story.example", "A", "bare.story.example 3600 A 198.51.0.1")
    answer = story.zone[("bare.story.example", "A")][0].split()

    def bare(reply):
        if reply.question[0].rdtype == dns.rdatatype.A:
            reply.answer.append(dns.rrset.from_text(answer[0] + ".", 3600, "IN", "A", answer[3]))

    story.craft["bare.story.example"] = bare
    d = start(f'prefix: "{OWN}"')
    got = [d.udp(f"{name}.story.example", "AAAA").answer[0].ttl for name in ("short", "long", "bare")]
    assert got == [20, 40, 600]


def test_chain_of_names_stands_before_the_made_addresses(story, start):
    chain = "www.story.example 300 CNAME v4.story.example"
    story.put("www.story.example", "A", chain + ".", "v4.story.example 300 A 198.51.0.1")
    story.put("www.story.example", "AAAA", chain + ".")
    story.put("v4.story.example", "A", "v4.story.example 300 A 198.51.0.1")
    reply = start(f'prefix: "{OWN}"').udp("Www.story.example", "AAAA")
    assert [r.rdtype for r in reply.answer] == [dns.rdatatype.CNAME, dns.rdatatype.AAAA]
    assert addresses(reply) == ["2001:db8:64::c633:1"] and str(reply.answer[0].name) == "Www.story.example."


@pytest.mark.parametrize("rcode", [dns.rcode.SERVFAIL, dns.rcode.REFUSED, dns.rcode.NOTIMP])
def test_server_that_fails_for_aaaa_alone_does_not_cost_the_name_its_addresses(story, start, rcode):
    """RFC 6147 section 5.1.2: an error is taken for an empty answer, as many servers give one (RFC 4074)."""

    def fails(reply):
        if reply.question[0].rdtype == dns.rdatatype.AAAA:
            reply.set_rcode(rcode)
        else:
            reply.answer.append(dns.rrset.from_text("v4.story.example.", 300, "IN", "A", "198.51.0.1"))

    story.craft["v4.story.example"] = fails
    d = start(f'prefix: "{OWN}"')
    for _ in range(2):
        reply = d.udp("v4.story.example", "AAAA")
        assert reply.rcode() == dns.rcode.NOERROR and addresses(reply) == ["2001:db8:64::c633:1"] and not edes(reply)
    story.craft["bad.story.example"] = lambda reply: reply.set_rcode(rcode)
    bad = d.udp("bad.story.example", "AAAA")
    assert bad.rcode() == dns.rcode.SERVFAIL and edes(bad) and not bad.answer
    story.craft["six.story.example"] = lambda reply: reply.set_rcode(
        rcode if reply.question[0].rdtype == dns.rdatatype.AAAA else dns.rcode.NOERROR)
    assert d.udp("six.story.example", "AAAA").rcode() == dns.rcode.SERVFAIL


def test_private_addresses_do_not_stand_behind_the_well_known_prefix(story, start):
    """RFC 6052 section 3.1: a translator drops what leads there, so the name would be dead; behind an own prefix it is not."""
    for i, address in enumerate(["10.1.2.3", "192.168.1.1", "127.0.0.1", "169.254.1.1", "100.64.1.1", "172.16.9.9", "0.0.0.0"]):
        story.put(f"p{i}.story.example", "A", f"p{i}.story.example 300 A {address}")
    story.put("mixed.story.example", "A", "mixed.story.example 300 A 10.1.2.3", "mixed.story.example 300 A 198.18.0.1",
              "mixed.story.example 300 A 9.9.9.9")
    public, own = start(f'prefix: "{WELL_KNOWN}"'), start(f'prefix: "{OWN}"')
    for i in range(7):
        reply = public.udp(f"p{i}.story.example", "AAAA")
        assert reply.rcode() == dns.rcode.NOERROR and not reply.answer, i
        assert len(addresses(own.udp(f"p{i}.story.example", "AAAA"))) == 1, i
    assert "64:ff9b::909:909" in addresses(public.udp("mixed.story.example", "AAAA"))
    assert "64:ff9b::a01:203" not in addresses(public.udp("mixed.story.example", "AAAA"))


def test_addresses_nobody_can_use_count_as_none_and_ranges_can_be_added(story, start):
    """RFC 6147 section 5.1.4."""
    story.put("mapped.story.example", "A", "mapped.story.example 300 A 198.51.0.1")
    story.put("mapped.story.example", "AAAA", "mapped.story.example 300 AAAA ::ffff:198.51.0.1")
    story.put("bad.story.example", "A", "bad.story.example 300 A 198.51.0.1")
    story.put("bad.story.example", "AAAA", "bad.story.example 300 AAAA 2001:dead::1")
    plain = start(f'prefix: "{OWN}"')
    assert addresses(plain.udp("mapped.story.example", "AAAA")) == ["2001:db8:64::c633:1"]
    assert addresses(plain.udp("bad.story.example", "AAAA")) == ["2001:dead::1"]
    d = start(f'prefix: "{OWN}", exclude: ["2001:dead::/32", no.story.example]')
    assert addresses(d.udp("mapped.story.example", "AAAA")) == ["2001:db8:64::c633:1"]
    assert addresses(d.udp("bad.story.example", "AAAA")) == ["2001:db8:64::c633:1"]
    story.put("no.story.example", "A", "no.story.example 300 A 198.51.0.1")
    assert not d.udp("no.story.example", "AAAA").answer


def test_addresses_nobody_can_use_are_taken_out_where_others_stand_beside_them(story, start):
    """RFC 6147 section 5.1.4. A client that validates itself gets all, as they were signed."""
    chain = ["www.story.example 300 CNAME mixed.story.example."]
    mixed = [f"mixed.story.example 300 AAAA {address}" for address in ("::ffff:198.51.0.1", "2001:db9::7", "2001:dead::1")]
    signed = [f"mixed.story.example 300 RRSIG {covered} 13 3 300 20300101000000 20200101000000 1 story.example. AAAA"
              for covered in ("AAAA", "CNAME")]
    story.put("mixed.story.example", "AAAA", *mixed, *signed[:1])
    story.put("www.story.example", "AAAA", *chain, *mixed)
    story.flags = dns.flags.AD
    d = start(f'prefix: "{OWN}", exclude: ["2001:dead::/32"]')
    for _ in range(2):
        for name in ("mixed.story.example", "www.story.example"):
            assert addresses(d.udp(name, "AAAA")) == ["2001:db9::7"]
        reply = d.udp("mixed.story.example", "AAAA", want_dnssec=True)
        assert [r.rdtype for r in reply.answer] == [dns.rdatatype.AAAA] and len(reply.answer[0]) == 1
        assert not reply.flags & dns.flags.AD
    assert d.udp("www.story.example", "AAAA").answer[0].rdtype == dns.rdatatype.CNAME
    whole = d.udp("mixed.story.example", "AAAA", want_dnssec=True, flags=dns.flags.RD | dns.flags.CD)
    assert len(addresses(whole)) == 3 and len(whole.answer) == 2
    assert story.n_asked("mixed.story.example") == 3  # with DO and without, and with CD


def test_client_that_validates_itself_gets_the_truth_and_others_no_ad(story, start):
    """RFC 6147 section 5.5: DO with CD looks for itself; what was made is authentic to nobody."""
    story.put("v4.story.example", "A", "v4.story.example 300 A 198.51.0.1")
    story.flags = dns.flags.AD
    d = start(f'prefix: "{OWN}"')
    assert not d.udp("v4.story.example", "AAAA", want_dnssec=True, flags=dns.flags.RD | dns.flags.CD).answer
    for kw in ({"want_dnssec": True}, {"flags": dns.flags.RD | dns.flags.AD}, {"flags": dns.flags.RD | dns.flags.CD}):
        for _ in range(2):
            reply = d.udp("v4.story.example", "AAAA", **kw)
            assert addresses(reply) == ["2001:db8:64::c633:1"] and not reply.flags & dns.flags.AD, kw


def test_ipv4only_arpa_tells_the_prefix_to_hosts_behind_us(story, start):
    """RFC 8880 section 7.1, RFC 7050: whoever makes addresses answers this name itself."""
    d = start(f'prefix: "{OWN}"')
    assert addresses(d.udp("ipv4only.arpa", "AAAA")) == ["2001:db8:64::c000:aa", "2001:db8:64::c000:ab"]
    assert addresses(d.udp("IPv4Only.arpa", "A")) == ["192.0.0.170", "192.0.0.171"]
    assert d.udp("ipv4only.arpa", "AAAA", want_dnssec=True).answer
    empty, below = d.udp("ipv4only.arpa", "TXT"), d.udp("x.ipv4only.arpa", "AAAA")
    assert empty.rcode() == dns.rcode.NOERROR and not empty.answer and empty.authority[0].rdtype == dns.rdatatype.SOA
    assert below.rcode() == dns.rcode.NXDOMAIN
    assert story.n_asked("ipv4only.arpa") == 0


def test_name_of_a_made_address_is_that_of_the_one_inside(story, start):
    """RFC 6147 section 5.3.1."""
    story.put("1.0.51.198.in-addr.arpa", "PTR", "1.0.51.198.in-addr.arpa 300 PTR v4.story.example.")
    reverse = dns.reversename.from_address("2001:db8:64::c633:1").to_text()
    reply = start(f'prefix: "{OWN}"').udp(reverse, "PTR")
    assert [r.rdtype for r in reply.answer] == [dns.rdatatype.CNAME, dns.rdatatype.PTR]
    assert str(reply.answer[1][0].target) == "v4.story.example."


def test_name_of_an_address_made_with_a_found_prefix_is_that_of_the_one_inside(story, daemon, lan64):
    story.put("1.0.51.198.in-addr.arpa", "PTR", "1.0.51.198.in-addr.arpa 300 PTR v4.story.example.")
    made, bare, other, known = (dns.reversename.from_address(address).to_text().rstrip(".") for address in
                                ("64:ff9b:1::c633:1", "64:ff9b:1::c633:2", "2001:db9::1", "64:ff9b:1::c633:3"))
    story.put(known, "PTR", f"{known} 300 PTR known.story.example.")
    d = daemon(story.yaml + f"hijack: {{mode: off}}\ndns64: {{prefix: auto}}\nlocal-resolver: {{servers: [\"127.0.0.1:{lan64}\"]}}\n")
    for _ in range(2):
        reply = d.udp(made, "PTR")
        assert [r.rdtype for r in reply.answer] == [dns.rdatatype.CNAME, dns.rdatatype.PTR]
        assert str(reply.answer[1][0].target) == "v4.story.example."
        assert str(d.udp(known, "PTR").answer[0][0].target) == "known.story.example."
        for name in (bare, other):  # there is no PTR inside, and it is no made address
            gone = d.udp(name, "PTR")
            assert gone.rcode() == dns.rcode.NXDOMAIN and not gone.answer and gone.authority
    assert story.n_asked(made) == 1 and story.n_asked("1.0.51.198.in-addr.arpa") == 1
    story.turn("servfail")
    assert d.udp(dns.reversename.from_address("2001:db9::2").to_text(), "PTR").rcode() == dns.rcode.SERVFAIL


def test_server_that_never_answers_for_aaaa_costs_no_more_than_the_time_of_a_query(story, start):
    """Section 5.1.3 lets a timeout be SERVFAIL: what is left of the client's patience is none."""
    story.put("v4.story.example", "A", "v4.story.example 300 A 198.51.0.1")
    d = start(f'prefix: "{OWN}"', "query-timeout: 1s\n")
    story.turn("silent")
    began = time.monotonic()
    assert d.udp("v4.story.example", "AAAA").rcode() == dns.rcode.SERVFAIL and time.monotonic() - began < 2
