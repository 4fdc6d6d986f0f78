# SPDX-License-Identifier: MIT
"""Replies one octet below, at and above each limit: over UDP cut to nothing half, over TCP and the Unix socket whole."""
import socket

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
LARGEST = 65535  # what a stream's length can say
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
        if octets_of(name) > LARGEST:
            reply.use_edns(-1)  # or it would not fit where it comes from

    for size in (*SIZES, LARGEST):
        for n in (size - 1, size, size + 1):
            story.craft[f"n-{n}.story.example"] = fill
    yield story
    story.close()


@pytest.fixture
def running(story, daemon):
    d = daemon(story.yaml + "hijack: {mode: off}\n", start=False)
    d.write_config(story.yaml, [*d.listen, f"udp://[::1]:{d.port}"])
    return d.start()


def over_udp(d, host, query):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(8)
        s.connect((host, d.port))
        s.send(query.to_wire())
        return s.recv(65535)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("size", SIZES)
def test_e4_reply_over_udp_is_whole_up_to_the_limit_and_cut_one_octet_above(running, size, host):
    """What the client takes, and no more than 1232 whatever it takes: of 4095 to 4097 octets none goes over UDP."""
    limit = min(size, CAP)
    for n in sorted({limit - 1, limit, limit + 1, size - 1, size, size + 1}):
        query = running.query(f"n-{n}.story.example", PRIVATE, payload=size)
        for _ in range(2):  # learnt, and from the cache
            wire = over_udp(running, host, query)
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


@pytest.mark.parametrize("transport", ["tcp", "unix"])
def test_t14_answer_of_65535_octets_is_whole_over_a_stream_and_a_larger_one_is_none(running, transport):
    """Nor is it for who wants an OPT beside one that fills the stream's length without."""
    with running.tcp_stream() if transport == "tcp" else running.unix_stream() as stream:
        for n in (LARGEST - 1, LARGEST, LARGEST + 1):
            for edns in (0, -1, 0):
                stream.send(running.query(f"n-{n}.story.example", PRIVATE, use_edns=edns).to_wire())
                wire = stream.receive()
                reply = dns.message.from_wire(wire)
                fits = n <= LARGEST or edns < 0
                assert len(wire) == (n if edns == 0 else n - OPT) if fits else len(wire) < 512, n
                assert bool(reply.flags & dns.flags.TC) == (not fits) and len(reply.answer) == fits
        stream.send(running.query("localhost").to_wire())
        assert dns.message.from_wire(stream.receive()).answer
