# SPDX-License-Identifier: MIT
"""Replies one octet below, at and above each limit: over UDP cut to nothing half, over TCP and the Unix socket whole."""
import dns.flags
import dns.message
import dns.query
import dns.rdata
import dns.rdatatype
import dns.rrset
import pytest

from scripted import Scripted

CAP = 1232  # what is sent over UDP at most, whatever the client takes
SIZES = (512, 1232, 4096)
PRIVATE = 65280  # a type of RFC 6895's private use: its data is what we say, octet for octet
HEADER, QUESTION, FIXED, OPT = 12, len(b"\4n-00\5story\7example\0") + 4, 2 + 10, 11


def octets_of(name):
    """n-NNNNN… : the reply to it, with an OPT, has so many octets."""
    return int(name.split("-")[1].split(".")[0])


@pytest.fixture
def story(lab):
    story = Scripted(lab, ttl=300)

    def fill(reply):
        name = reply.question[0].name.to_text()
        n = octets_of(name) - (HEADER + len(reply.question[0].name.to_wire()) + 4 + FIXED + OPT)
        data = dns.rdata.from_text("IN", PRIVATE, f"\\# {n} " + "5a" * n)
        reply.answer.append(dns.rrset.from_rdata(name, 300, data))

    for size in SIZES:
        for n in (size - 1, size, size + 1):
            story.craft[f"n-{n}.story.example"] = fill
    yield story
    story.close()


@pytest.fixture
def running(story, daemon):
    return daemon(story.yaml + "hijack: {mode: off}\n")


@pytest.mark.parametrize("size", SIZES)
def test_e4_reply_over_udp_is_whole_up_to_the_limit_and_cut_one_octet_above(running, size):
    limit = min(size, CAP)
    for n in (limit - 1, limit, limit + 1):
        query = running.query(f"n-{n}.story.example", PRIVATE, payload=size)
        for _ in range(2):  # learnt, and from the cache
            wire = running.raw_udp(query.to_wire(), timeout=8)
            reply = dns.message.from_wire(wire)
            assert bool(reply.flags & dns.flags.TC) == (n > limit) and len(reply.answer) == (n <= limit), (size, n)
            assert len(wire) == n if n <= limit else len(wire) < limit
            assert reply.edns == 0


def test_e4_client_that_says_less_than_512_or_nothing_gets_512(running):
    for n, payload in ((511, 100), (512, 100), (513, 100)):
        wire = running.raw_udp(running.query(f"n-{n}.story.example", PRIVATE, payload=payload).to_wire(), timeout=8)
        assert bool(dns.message.from_wire(wire).flags & dns.flags.TC) == (n > 512)
    for n in (512, 513):  # without an OPT each is 11 octets shorter
        wire = running.raw_udp(running.query(f"n-{n}.story.example", PRIVATE, use_edns=-1).to_wire(), timeout=8)
        assert len(wire) == n - OPT and not dns.message.from_wire(wire).flags & dns.flags.TC


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("transport", ["tcp", "unix"])
def test_t14_over_a_stream_every_size_is_whole_whatever_the_query_says(running, transport, size):
    with running.tcp_stream() if transport == "tcp" else running.unix_stream() as stream:
        for n in (size - 1, size, size + 1):
            for payload in (512, 1232, 4096):
                stream.send(running.query(f"n-{n}.story.example", PRIVATE, payload=payload).to_wire())
                wire = stream.receive()
                reply = dns.message.from_wire(wire)
                assert len(wire) == n and not reply.flags & dns.flags.TC and len(reply.answer) == 1
