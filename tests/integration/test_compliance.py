# SPDX-License-Identifier: MIT
"""What public compliance checkers look at, as a black box: every header bit, opcode, EDNS variant and type, and
the exact octets of the errors."""
import socket
import struct

import dns.flags
import dns.message
import dns.rcode
import pytest

QR, AA, TC, RD, RA, Z, AD, CD = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080, 0x0040, 0x0020, 0x0010
SOA, TXT = 6, 16
ZONE = b"\x0asigned-lab\x03com\0"
PLAIN = b"\x0bbank-of-lab\x03com\0"
COOKIE = struct.pack("!HH", 10, 8) + bytes(range(1, 9))
NSID, EXPIRE = struct.pack("!HH", 3, 0), struct.pack("!HH", 9, 0)
SUBNET = struct.pack("!HHHBB", 8, 4, 1, 0, 0)
UNKNOWN = struct.pack("!HH", 100, 0)


def opt(options=b"", size=4096, version=0, flags=0):
    return b"\0" + struct.pack("!HHBBHH", 41, size, 0, version, flags, len(options)) + options


def query(rdtype=SOA, flags=RD, zone=ZONE, edns=None, opcode=0, question=True):
    head = struct.pack("!6H", 0x4321, flags | opcode << 11, int(question), 0, 0, int(edns is not None))
    return head + (zone + struct.pack("!HH", rdtype, 1) if question else b"") + (edns or b"")


def header(reply):
    return struct.unpack("!6H", reply[:12])


def over_tcp(d, message):
    with d.tcp_stream() as stream:
        stream.send(message)
        return stream.receive()


@pytest.mark.parametrize("bit", [0, AA, TC, RA, Z, AD, CD, AA | TC | RA | Z | AD | CD])
def test_m13_header_bits_of_a_query_change_nothing_but_what_they_mean(daemon, bit):
    reply = daemon().raw_udp(query(flags=RD | bit), timeout=5)
    flags = header(reply)[1]
    assert flags & ~AD == QR | RD | RA | (bit & CD)
    assert dns.message.from_wire(reply).answer[0].rdtype == SOA


@pytest.mark.parametrize("opcode", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
def test_m4_each_other_opcode_is_notimp_without_any_section(daemon, opcode):
    """Nor any flag: RD, RA, AD and CD mean something for QUERY alone, and ISC's checker counts them as faults elsewhere."""
    d = daemon()
    for flags in (0, RD, AA | TC | RD | RA | Z | AD | CD):
        for message in (query(opcode=opcode, flags=flags, question=False), query(opcode=opcode, flags=flags)):
            reply = d.raw_udp(message, timeout=5)
            assert reply == struct.pack("!6H", 0x4321, QR | opcode << 11 | 4, 0, 0, 0, 0)


def test_m3_other_than_one_question_is_a_format_error_with_id_rd_and_opt(daemon):
    """Over either transport, and ours is the OPT of whoever sent one."""
    d = daemon()
    question = PLAIN + struct.pack("!HH", 1, 1)
    for n in (0, 2, 3):
        for flags in (0, RD):
            for edns in (b"", opt(), opt(COOKIE)):
                sent = struct.pack("!6H", 0x4321, flags, n, 0, 0, bool(edns)) + question * n + edns
                ours = opt(size=1232) if edns else b""
                wanted = struct.pack("!6H", 0x4321, QR | flags | 1, 0, 0, 0, bool(edns)) + ours
                assert d.raw_udp(sent, timeout=5) == over_tcp(d, sent) == wanted


@pytest.mark.parametrize("options", [b"", UNKNOWN, NSID, COOKIE, EXPIRE, SUBNET, NSID + SUBNET + EXPIRE + COOKIE])
@pytest.mark.parametrize("flags", [0, 0x8000, 0x0080, 0x7fff])
def test_e5_options_and_flags_of_edns_are_passed_over(daemon, options, flags):
    reply = dns.message.from_wire(daemon().raw_udp(query(edns=opt(options, flags=flags)), timeout=5))
    assert reply.rcode() == dns.rcode.NOERROR and reply.answer[0].rdtype == SOA
    assert reply.edns == 0 and list(reply.options) == [] and reply.ednsflags & 0x7fff == 0
    assert (reply.ednsflags & 0x8000) == flags & 0x8000
    assert any(s.rdtype == 46 for s in reply.answer) == (flags & 0x8000 != 0)


@pytest.mark.parametrize("options", [b"", UNKNOWN, NSID, COOKIE, EXPIRE, SUBNET])
@pytest.mark.parametrize("flags", [0, 0x8000, 0x0080])
@pytest.mark.parametrize("version", [1, 255])
def test_e3_other_versions_are_badvers_with_version_0_and_nothing_else(daemon, options, flags, version):
    reply = daemon().raw_udp(query(edns=opt(options, version=version, flags=flags)), timeout=5)
    assert header(reply)[1] & 0xf == 0 and header(reply)[2:] == (1, 0, 0, 1)
    assert reply[12:] == ZONE + struct.pack("!HH", SOA, 1) + b"\0" + struct.pack("!HHBBHH", 41, 1232, 1, 0, flags & 0x8000, 0)


def test_e4_answer_larger_than_512_is_truncated_for_who_takes_no_more(daemon):
    d = daemon()
    message = query(TXT, zone=b"\5size9\x0ahonest-lab\3net\0", edns=opt(size=512, flags=0x8000))
    short = d.raw_udp(message, timeout=5)
    assert len(short) <= 512 and header(short)[1] & TC
    whole = over_tcp(d, message)
    assert len(whole) > 512 and not header(whole)[1] & TC
    parsed = dns.message.from_wire(whole)
    assert parsed.edns == 0 and parsed.ednsflags & 0x8000 and len(parsed.answer[0]) == 9


OPTIONS = NSID + SUBNET + EXPIRE + COOKIE
# What checkers by RFC 8906 section 8 ask: flags, opcode, transport, EDNS (version, options, flags, size), and the type.
ASKED = [*[(f, 0, "udp", None, SOA) for f in (0, AA, AD, CD, RA, TC, Z)], (0, 0, "tcp", None, SOA), (0, 0, "udp", None, 666),
         *[(f, 15, "udp", None, None) for f in (0, AA | TC | RA | Z | AD | CD)],
         *[(0, 0, "udp", (v, o, f, 4096), SOA) for v in (0, 1) for o in (b"", UNKNOWN, NSID, COOKIE, EXPIRE, SUBNET, OPTIONS)
           for f in (0, 0x8000, 0x0080)],
         (0, 0, "udp", (0, b"", 0x8000, 512), 48), (0, 0, "tcp", (0, b"", 0x8000, 512), 48), (AD, 0, "udp", (0, COOKIE, 0, 4096), SOA),
         (CD, 0, "udp", (0, b"", 0x8000, 4096), SOA)]


def faults(flags, opcode, edns, rdtype, reply):
    """What such a checker would find fault with in a recursive server's reply."""
    qid, told, n_questions, n_answers, _, n_additional = header(reply)
    version, _, edns_flags, size = edns or (0, b"", 0, 512)
    parsed = dns.message.from_wire(reply, ignore_trailing=False) if opcode == 0 else None
    has_soa = parsed is not None and any(s.rdtype == SOA for s in parsed.answer)
    rcode = parsed.rcode() if parsed is not None else told & 15
    wanted = 4 if opcode else 16 if version else 0
    found = {
        "id": qid != 0x4321, "opcode": told >> 11 & 15 != opcode, "rcode": rcode != wanted,
        "sections": opcode != 0 and (n_questions, n_answers, n_additional) != (0, 0, 0),
        "flags": bool(opcode) and told & (AA | TC | RD | RA | Z | AD | CD) != 0,
        "z": told & Z != 0, "rd": opcode == 0 and told & RD != flags & RD, "cd": told & CD & ~flags != 0,
        "ad": told & AD != 0 and not (flags & AD or edns_flags & 0x8000),
    }
    if parsed is not None:
        found |= {
            "soa": rdtype == SOA and has_soa != (version == 0), "opt": (parsed.edns >= 0) != (edns is not None),
            "version": parsed.edns > 0, "echo": any(o.otype in (8, 100) for o in parsed.options),
            "mbz": parsed.ednsflags & 0x7fff != 0, "do": parsed.ednsflags & 0x8000 != edns_flags & 0x8000,
        }
    return {name for name, there in found.items() if there}, len(reply) > size


def test_nothing_is_wrong_with_any_reply_by_the_rules_of_rfc_8906(daemon):
    d = daemon()
    for flags, opcode, transport, edns, rdtype in ASKED:
        for rd in (RD, 0) if opcode else (RD,):
            asked = query(rdtype or SOA, flags=flags | rd, opcode=opcode, question=opcode == 0,
                          edns=None if edns is None else opt(edns[1], edns[3], edns[0], edns[2]))
            reply = over_tcp(d, asked) if transport == "tcp" else d.raw_udp(asked, timeout=5)
            wrong, is_large = faults(flags | rd, opcode, edns, rdtype, reply)
            assert wrong == set() and (transport == "tcp" or not is_large), (hex(flags), opcode, transport, edns, rdtype)


TYPES = [*range(1, 40), 40, 42, 43, 44, 45, 46, 47, *range(48, 54), 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 99,
         *range(104, 110), 256, 257, 258, 260, 666, 1000, 32768, 32769, 65280, 65534]


def test_m11_every_type_is_answered_as_the_zone_has_it(daemon):
    """None is refused, cut or changed for not being known."""
    d = daemon()
    for rdtype in TYPES:
        for edns in (None, opt()):
            reply = dns.message.from_wire(over_tcp(d, query(rdtype, zone=PLAIN, edns=edns)))
            assert reply.rcode() == dns.rcode.NOERROR, rdtype
            assert reply.question[0].rdtype == rdtype and (reply.edns == 0) == (edns is not None)
            assert reply.answer or reply.authority[0].rdtype == SOA, rdtype


def test_m10_meta_types_never_leave_the_host(daemon, lab):
    """What may only be asked of an authority, or is no question at all: turned away, over either transport."""
    d = daemon()
    zone = b"\3m10\x0ahonest-lab\3net\0"
    for rdtype in (0, 41, *range(128, 255)):
        sent = query(rdtype, zone=zone, edns=opt())
        for reply in (d.raw_udp(sent, timeout=5), over_tcp(d, sent)):
            assert header(reply)[1] & 15 == (5 if rdtype > 250 or rdtype == 0 else 1) and header(reply)[3] == 0, rdtype
    assert lab.n_asked(0, "m10.honest-lab.net") + lab.n_asked(1, "m10.honest-lab.net") == 0


def record(owner, rdtype, rdclass, rdata):
    return owner + struct.pack("!HHIH", rdtype, rdclass, 1, len(rdata)) + rdata


def message(*parts, qid=0, opcode=0, counts=(0, 0, 0, 0)):
    return struct.pack("!6H", qid, opcode << 11, *counts) + b"".join(parts)


LONG = b"\x0f" + b"L" * 15
ROOT_A = b"\0" + struct.pack("!HH", 1, 1)
MALFORMED = {
    "name of 256 octets": (message(LONG * 15 + b"\x0e" + b"L" * 14 + b"\0", ROOT_A[1:], counts=(1, 0, 0, 0)), b""),
    "two types": (message(ROOT_A, b"\0\0\2\0\1", counts=(2, 0, 0, 0)), b""),
    "no question": (message(), b""),
    "records in the answer": (message(ROOT_A, record(b"\0", 1, 1, b"1234"), counts=(1, 1, 0, 0)), ROOT_A),
    "records in the authority": (message(ROOT_A, record(b"\0", 1, 1, b"1234"), counts=(1, 0, 1, 0)), ROOT_A),
    "key of another class": (message(ROOT_A, record(b"\0", 25, 2, b"\0\0\0\xf8\0"), counts=(1, 0, 0, 1)), ROOT_A),
    "a type for questions only": (message(record(b"\0", 253, 1, b""), counts=(0, 1, 0, 0)), b""),
    "record cut short": (message(ROOT_A, counts=(0, 0, 0, 1)), b""),
    "question cut short": (message(ROOT_A[:3], counts=(1, 0, 0, 0)), b""),
    "record of class 256": (message(record(b"\0", 1, 1, b"1234"), record(b"\0", 65280, 256, b"1234"), counts=(0, 0, 0, 2)), b""),
    "same question twice": (message(ROOT_A, ROOT_A, counts=(2, 0, 0, 0)), b""),
    "two names": (message(b"\1a\0\0\1\0\1", b"\1a\0\1b\0\0\1\0\1", counts=(2, 0, 0, 0)), b""),
    "two classes": (message(ROOT_A, b"\0\0\1\0\2", counts=(2, 0, 0, 0)), b""),
    "two types of one name": (message(b"\1a\0\0\1\0\1", b"\1a\0\0\2\0\1", counts=(2, 0, 0, 0)), b""),
    "two SOAs in the answer": (message(b"\0\0\6\0\1", record(b"\0", 6, 1, b"\0" * 22), record(b"\0", 6, 1, b"\0" * 21 + b"\1"),
                                      counts=(1, 2, 0, 0)), b"\0\0\6\0\1"),
    "record with a name of 256 octets": (message(record(LONG * 15 + b"\x0e" + b"L" * 14 + b"\0", 1, 1, b"1234"), counts=(0, 0, 0, 1)), b""),
    "signature of another form": (message(record(b"\0", 46, 1, b"\0" * 19 + b"\0"), counts=(0, 0, 0, 1)), b""),
    "TSIG cut short": (message(record(b"\0", 250, 255, b"\0" * 16), counts=(0, 0, 0, 1)), b""),
    "TSIG with more behind it": (message(ROOT_A, record(b"\0", 250, 255, b"\0" * 18), counts=(1, 0, 0, 1)), ROOT_A),
    "SIG(0) cut short": (message(ROOT_A, record(b"\0", 24, 255, b"\0" * 18), counts=(1, 0, 0, 1)), ROOT_A),
    "TSIG of class IN": (message(record(b"\0", 250, 1, b"\0" * 17), counts=(0, 0, 0, 1)), b""),
    "NSEC3 with an owner that cannot be": (message(ROOT_A, record(b"\1X\0", 50, 1, b"\1\0\0\1\0\1a"), counts=(1, 0, 1, 0)), ROOT_A),
    "NSEC3 that nobody asked for": (message(ROOT_A, record(b"\3h0v\0", 50, 1, b"\1\0\0\1\0\1a"), counts=(1, 0, 1, 0)), ROOT_A),
    "OPT with an owner": (message(record(b"\1A\0", 41, 1, b""), counts=(0, 0, 0, 1)), b""),
    "TSIG before another": (message(record(b"\0", 250, 255, b"\0" * 17), record(b"\0", 1, 1, b"1234"), qid=67, counts=(0, 0, 0, 2)), b""),
    "update of class ANY with data": (message(record(b"\0", 1, 255, b"\0"), opcode=5, counts=(0, 0, 1, 0)), b""),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_query_gets_exactly_this_error(daemon, case):
    sent, question = MALFORMED[case]
    qid, flags = struct.unpack("!HH", sent[:4])
    rcode = 2 if "cannot be" in case else 1
    wanted = struct.pack("!6H", qid, QR | flags | rcode, 1 if question else 0, 0, 0, 0) + question
    d = daemon()
    assert over_tcp(d, sent) == wanted
    assert d.raw_udp(sent, timeout=5) == wanted


def test_m8_octets_behind_the_end_are_a_format_error_in_a_datagram_and_passed_over_in_a_stream(daemon):
    """What stands in a stream behind a message's end may be anything, the next query's beginning for one."""
    d = daemon()
    for tail in (b"x", b"\0" * 8, b"y" * 1024):
        sent = message(ROOT_A, tail, qid=9, counts=(1, 0, 0, 0))
        assert d.raw_udp(sent, timeout=5) == struct.pack("!6H", 9, QR | 1, 1, 0, 0, 0) + ROOT_A
        with d.tcp_stream() as stream:
            stream.send(sent, d.query("localhost", id=77).to_wire())
            assert header(stream.receive())[0] == 77
