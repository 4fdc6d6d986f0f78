# SPDX-License-Identifier: MIT
"""Which special names are answered here and which are asked for outside (PROMISES S1 to S4), seen from both ends: what the
client is told, and what reached the provider."""
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from conftest import edes
from scripted import Scripted

PRIVATE_ZONES = ([f"{n}.in-addr.arpa" for n in (0, 10, 127)]
                 + [f"{n}.172.in-addr.arpa" for n in range(16, 32)]
                 + [f"{n}.100.in-addr.arpa" for n in range(64, 128)]
                 + ["168.192.in-addr.arpa", "254.169.in-addr.arpa", "2.0.192.in-addr.arpa", "100.51.198.in-addr.arpa",
                    "113.0.203.in-addr.arpa", "255.255.255.255.in-addr.arpa"]
                 + ["0." * 31 + "0.ip6.arpa", "1." + "0." * 31 + "ip6.arpa", "c.f.ip6.arpa", "d.f.ip6.arpa"]
                 + [f"{n}.e.f.ip6.arpa" for n in "89ab"] + ["8.b.d.0.1.0.0.2.ip6.arpa"])
ABSENT_ZONES = ["invalid", "test", "onion", "local", "alt", "home.arpa", "service.arpa", "resolver.arpa", "6tisch.arpa",
                "eap-noob.arpa", "use-application-dns.net"]
OUTSIDE = (["example", "www.example", "example.com", "www.example.net", "a.b.example.org", "localhost.example",
            "onion.example", "x.notlocal", "alt.example.com", "xuse-application-dns.net", "application-dns.net", "x.arpa"]
           + [f"1.1.{n}.in-addr.arpa" for n in ("1.11", "1.9", "1.126", "1.128", "15.172", "32.172", "167.192", "169.192",
                                                "63.100", "128.100", "253.169", "255.169")]
           + ["9.1.0.192.in-addr.arpa", "9.3.0.192.in-addr.arpa", "254.255.255.255.in-addr.arpa", "170.0.0.192.in-addr.arpa"]
           + ["1.b.f.ip6.arpa", "1.e.f.ip6.arpa", "1.7.e.f.ip6.arpa", "1.c.e.f.ip6.arpa", "9.b.d.0.1.0.0.2.ip6.arpa",
              "2." + "0." * 31 + "ip6.arpa"])


@pytest.fixture
def story(lab):
    story = Scripted(lab, ttl=300)
    yield story
    story.close()


def names_asked(story):
    return [(q.question[0].name.to_text().lower(), dns.rdatatype.to_text(q.question[0].rdtype))
            for q in (dns.message.from_wire(wire) for _, _, wire in story.origin.requests)]


def test_s1_s2_s3_special_names_are_told_here_and_never_leave(story, daemon):
    d = daemon(story.yaml + "hijack: {mode: off}\n")
    for zone in ABSENT_ZONES + PRIVATE_ZONES:
        for name in (zone, f"x.{zone}", f"_a._tcp.Sub.{zone.upper()}"):
            for rdtype in ("A", "PTR", "TXT", "NS", "SOA"):
                reply = d.udp(name, rdtype)
                assert reply.rcode() == dns.rcode.NXDOMAIN and reply.answer == [], (name, rdtype)
                assert reply.flags & dns.flags.AA and not reply.flags & (dns.flags.AD | dns.flags.TC), name
                soa, = reply.authority
                assert soa.name.to_text().lower() == zone + "." and soa.rdtype == dns.rdatatype.SOA and soa.ttl > 0
                assert edes(reply)[0][0] == 15 and "RFC" in edes(reply)[0][1] or zone == "use-application-dns.net", name
    for name, rdtype, wanted in (("localhost", "A", "127.0.0.1"), ("A.b.LocalHost", "AAAA", "::1"), ("localhost", "MX", None),
                                 ("x.localhost", "TXT", None), ("localhost", "HTTPS", None)):
        reply = d.udp(name, rdtype)
        assert reply.rcode() == dns.rcode.NOERROR and reply.flags & dns.flags.AA
        assert [r.address for s in reply.answer for r in s] == ([wanted] if wanted else []), (name, rdtype)
    for name in ("printer", "com", "wpad"):
        assert d.udp(name).rcode() == dns.rcode.NOERROR
    assert story.origin.requests == []


def test_s1_s2_names_beside_special_ones_are_asked_for_outside(story, daemon):
    d = daemon(story.yaml + "hijack: {mode: off}\n")
    for name in OUTSIDE:
        if "." in name:
            d.udp(name, "PTR")
            assert names_asked(story)[-1] == (name + ".", "PTR")
    story.craft[""] = lambda reply: None
    asked = [("example", "NS"), ("com", "NS"), ("com", "DS"), (".", "NS")]
    asked += [(zone, "DS") for zone in ("10.in-addr.arpa", "d.f.ip6.arpa", "home.arpa", "service.arpa")]
    for name, rdtype in asked:
        d.udp(name, rdtype)
        assert names_asked(story)[-1] == (name.rstrip(".") + ".", rdtype)


def test_s3_ddr_and_canary_cannot_send_a_browser_around_us(story, daemon):
    """_dns.resolver.arpa SVCB would name another resolver; the canary keeps its own one out of use."""
    d = daemon(story.yaml + "hijack: {mode: off}\n")
    assert d.udp("_dns.resolver.arpa", "SVCB").rcode() == dns.rcode.NXDOMAIN
    for rdtype in ("A", "AAAA", "HTTPS"):
        assert d.udp("use-application-dns.net", rdtype).rcode() == dns.rcode.NXDOMAIN
    assert story.origin.requests == []
