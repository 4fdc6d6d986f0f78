# SPDX-License-Identifier: MIT
"""Each Extended DNS Error that we give (RFC 8914; PROMISES E8) is made to appear once; the list is what resolver/wire/message.h has."""
import re
import signal
import socket
import struct

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest

from conftest import ROOT, edes, wait_for
from scripted import Scripted

NAME = "www.story.example"
QUIET = "hijack: {mode: off}\n"
STALE = QUIET + "cache: {max-ttl: 1s}\n"


@pytest.fixture
def story(lab):
    story = Scripted(lab)
    story.put(NAME, "A", NAME + " 1 A 192.0.2.1")
    yield story
    story.close()


def asked_twice_in(mood):
    def ask(d, story):
        story.turn(mood)
        return d.udp(NAME) and d.udp(NAME)
    return ask


def asked_in(mood, name=NAME):
    def ask(d, story):
        story.turn(mood)
        return d.udp(name)
    return ask


def stale(name):
    def ask(d, story):
        assert edes(d.udp(name)) == []
        story.turn("servfail")
        return wait_for(lambda: (r := d.udp(name)) and edes(r) and r, what="a stale answer")
    return ask


def stopping(d, story):
    """What is under way when the daemon is told to end, and does not come to its end in time."""
    story.turn("silent")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(8)
        s.connect(("127.0.0.1", d.port))
        s.send(d.query(NAME).to_wire())
        wait_for(lambda: d.told("status")["queries"]["live"] == 1, what="the question within the daemon")
        d.process.send_signal(signal.SIGTERM)
        return dns.message.from_wire(s.recv(4096))


def wrong(d, story):
    story.wrong.add(NAME)
    return d.udp(NAME)


def without_rd(d, story):
    query = d.query("new.story.example")
    query.flags &= ~dns.flags.RD
    return dns.message.from_wire(d.raw_udp(query.to_wire(), timeout=5))


def signed(d, story):
    tsig = b"\1k\0" + struct.pack("!HHIH", 250, 255, 0, 17) + b"\0" * 17
    wire = bytearray(d.query(NAME).to_wire() + tsig)
    wire[11] = 2
    # The reply's last record is a TSIG: that the key is not known.
    return dns.message.from_wire(d.raw_udp(bytes(wire), timeout=5), continue_on_error=True)


def in_chaos(d, story):
    return d.udp("version.bind", "TXT", rdclass="CH")


def refused_connection(d, story):
    story.origin.listener.shutdown(socket.SHUT_RDWR)
    story.origin.close()
    return d.udp(NAME)


def provider_says(d, story):
    def say(reply):
        reply.set_rcode(dns.rcode.SERVFAIL)
        reply.use_edns(0, options=[dns.edns.GenericOption(15, b"\0\x11")])
    story.craft[NAME] = say
    return d.udp(NAME)


SERVFAIL, NXDOMAIN, REFUSED, FORMERR, NOERROR, NOTAUTH = (dns.rcode.SERVFAIL, dns.rcode.NXDOMAIN, dns.rcode.REFUSED, dns.rcode.FORMERR,
                                                          dns.rcode.NOERROR, dns.rcode.NOTAUTH)
CASES = {
    "OTHER": (0, SERVFAIL, lambda d, _: d.udp("a.here.example"), QUIET + "local-data: {a.here.example: b.here.example, b.here.example: a.here.example}\n"),
    "STALE": (3, NOERROR, stale(NAME), STALE),
    "CACHED_ERROR": (13, SERVFAIL, asked_twice_in("servfail"), QUIET),
    "NOT_READY": (14, SERVFAIL, stopping, QUIET),
    "BLOCKED": (15, NXDOMAIN, lambda d, _: d.udp("printer.local"), QUIET),
    "FILTERED": (17, SERVFAIL, provider_says, QUIET),
    "PROHIBITED": (18, REFUSED, lambda d, _: d.udp(NAME), QUIET + "access: {deny: [127.0.0.1]}\n"),
    "STALE_NXDOMAIN": (19, NXDOMAIN, stale("gone.story.example"), STALE),
    "NOT_AUTHORITATIVE": (20, REFUSED, without_rd, QUIET),
    "NOT_SUPPORTED": (21, NOTAUTH, signed, QUIET),
    "NOT_SUPPORTED class": (21, REFUSED, in_chaos, QUIET),
    "NOT_SUPPORTED type": (21, REFUSED, lambda d, _: d.udp(NAME, "AXFR"), QUIET),
    "NO_REACHABLE": (22, SERVFAIL, refused_connection, QUIET),
    "NO_REACHABLE rcode": (22, SERVFAIL, asked_in("servfail"), QUIET),
    "NETWORK": (23, SERVFAIL, asked_in("closed"), QUIET),
    "INVALID_DATA": (24, SERVFAIL, wrong, QUIET),
    "INVALID_TYPE": (30, FORMERR, lambda d, _: d.udp(NAME, "OPT"), QUIET),
}
# What only a local resolver says, to the auditor: never told by us.
HEARD = {"FORGED", "CENSORED"}


def test_e8_each_code_that_we_know_is_tested_here():
    known = dict(re.findall(r"\bEDE_(\w+) = (\d+)", (ROOT / "resolver/wire/message.h").read_text()))
    tested = {name.split()[0]: str(code) for name, (code, *_) in CASES.items()}
    assert {name: code for name, code in known.items() if name not in HEARD} == tested


@pytest.mark.parametrize("case", CASES)
def test_e8_this_extended_error_is_told_with_its_rcode(story, daemon, case):
    code, rcode, ask, more = CASES[case]
    reply = ask(daemon(story.yaml + more), story)
    assert reply.rcode() == rcode and [c for c, _ in edes(reply)] == [code], reply
    text = edes(reply)[0][1]
    assert text.isprintable() and len(text.encode()) <= 64
    assert text or case in ("STALE", "STALE_NXDOMAIN", "FILTERED")


@pytest.mark.parametrize("case", ["CACHED_ERROR", "BLOCKED", "NO_REACHABLE rcode", "INVALID_TYPE"])
def test_e8_client_without_edns_is_told_the_rcode_alone(story, daemon, case):
    _, rcode, ask, more = CASES[case]
    d = daemon(story.yaml + more)
    make = d.query
    d.query = lambda *a, **kw: make(*a, **{**kw, "use_edns": -1})
    reply = ask(d, story)
    assert reply.rcode() == rcode and reply.edns == -1 and reply.additional == []
