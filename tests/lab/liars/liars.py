# SPDX-License-Identifier: MIT
"""Local resolvers of the laboratory, each a way to lie or to be odd: gets a query and whether it came over TCP, and gives a list of
(delay, reply or bytes)."""
import ipaddress
import random
import struct
import time

import dns.edns
import dns.flags
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from truth import OLD_KEY, STATE, addresses, churning, is_target, lookup, name_of, records, reply_to, signed, soa


def honest(query, tcp):
    return [(STATE["options"].get("delay", 0), churning(query, "local") or signed(lookup(query), query))]


def own_truth(query, tcp):
    """Another honest view of the world: a content network by place. With options.serial it has old versions of all zones."""
    view = {**STATE["truth"], **STATE["options"].get("truth", {})}
    reply = lookup(query, view)
    if "serial" in STATE["options"] and reply.authority:
        reply.authority = [soa(query.question[0].name, STATE["options"]["serial"])]
    return [(0, reply)]


def forge(query, tcp):
    """Says options.say for options.names: a rewriting resolver, a block page, a bogon."""
    if is_target(query):
        return [(0, addresses(query, STATE["options"]["say"], STATE["options"].get("ttl", 300)))]
    return honest(query, tcp)


def own_zone(query, tcp):
    """Says options.say for options.names, and that options.primary is in charge of them."""
    if is_target(query) and query.question[0].rdtype not in (dns.rdatatype.A, dns.rdatatype.AAAA):
        zone, primary = query.question[0].name, STATE["options"]["primary"]
        return [(0, reply_to(query, authority=[dns.rrset.from_text(zone, 300, "IN", "SOA", f"{primary} admin.{primary} 1 3600 600 86400 300")]))]
    return forge(query, tcp)


def copy(query, tcp):
    """A cache: what it has for options.names, options.say, lives for options.life seconds more. Then comes the truth, or with options.again the
    same as if it were new."""
    options, now = STATE["options"], time.monotonic()
    if not is_target(query):
        return honest(query, tcp)
    left = options["life"] - (now - options.setdefault("began", now))
    if left < 1 and options.get("again"):
        options["began"], left = now, options["life"]
    return [(0, addresses(query, options["say"], int(left)))] if left >= 1 else honest(query, tcp)


def race(query, tcp):
    """An injector on the path: its forgery comes first, the true answer after it. UDP only."""
    if is_target(query) and not tcp:
        forged = addresses(query, STATE["options"]["say"], 60)
        return [(0, forged), (STATE["options"].get("gap", 0.05), lookup(query))]
    return honest(query, tcp)


def twice(query, tcp):
    """Behind a path that sends each question twice; it answers for options.names by another content network each time."""
    if is_target(query) and not tcp:
        return [(i * 0.02, addresses(query, [say], 20)) for i, say in enumerate(STATE["options"]["say"])]
    return [(0, lookup(query))] + ([] if tcp else [(0.02, lookup(query))])


def race_twins(query, tcp):
    """A resolver that answers everything twice, the same."""
    return [(0, lookup(query)), (0.02, lookup(query))]


def wildcard(query, tcp):
    """NXDOMAIN becomes a search page."""
    true = lookup(query)
    if true.rcode() == dns.rcode.NXDOMAIN and query.question[0].rdtype == dns.rdatatype.A:
        return [(0, addresses(query, STATE["options"]["say"], 60))]
    return [(0, true)]


def portal(query, tcp):
    """One address for everything."""
    return [(0, addresses(query, STATE["options"]["say"], 0))]


def deny(query, tcp):
    """options.rcode for options.names, with and without the rest."""
    if is_target(query):
        return [(0, reply_to(query, dns.rcode.from_text(STATE["options"].get("rcode", "NXDOMAIN"))))]
    return honest(query, tcp)


def remembers(query, tcp):
    """Asked before options.names were there: says as caches do, with the SOA, that they are not. What is below them is newly asked for."""
    if is_target(query):
        return [(0, reply_to(query, dns.rcode.from_text(STATE["options"]["rcode"]), authority=[soa(query.question[0].name)]))]
    if name_of(query).endswith(tuple("." + name for name in STATE["options"]["names"])) and "say" in STATE["options"]:
        return [(0, addresses(query, STATE["options"]["say"]))]
    return honest(query, tcp)


def without_soa(query, tcp):
    """As `remembers`, by a resolver that gives no SOA with any denial."""
    said = remembers(query, tcp)
    for _, reply in said:
        reply.authority = []
    return said


def half_chain(query, tcp):
    """Knows where options.names lead, and not what is there."""
    if is_target(query):
        to = dns.name.from_text(STATE["options"]["to"])
        return [(0, reply_to(query, answer=[records(query.question[0].name, dns.rdatatype.CNAME, [str(to)], 300)]))]
    return honest(query, tcp)


def broken_zone(query, tcp):
    """Cannot resolve options.names, and says why (RFC 8914)."""
    if is_target(query):
        reply = reply_to(query, dns.rcode.SERVFAIL)
        reply.use_edns(0, options=[dns.edns.GenericOption(15, struct.pack("!H", STATE["options"]["ede"]))])
        return [(0, reply)]
    return honest(query, tcp)


def mute(query, tcp):
    return [] if is_target(query) else honest(query, tcp)


def refuse_all(query, tcp):
    return [(0, reply_to(query, dns.rcode.REFUSED, ra=STATE["options"].get("ra", True)))]


def silent(query, tcp):
    return []


def declared(query, tcp):
    """Blocks, and says so (RFC 8914)."""
    if is_target(query):
        reply = reply_to(query, dns.rcode.NXDOMAIN)
        option = dns.edns.GenericOption(15, struct.pack("!H", STATE["options"].get("ede", 15)) + b"blocked by law")
        reply.use_edns(0, options=[option])
        return [(0, reply)]
    return honest(query, tcp)


def long_ttl(query, tcp):
    """A cache that stretches TTLs."""
    reply = lookup(query, ttl=STATE["options"].get("ttl", 86400))
    return [(0, reply)]


def stale(query, tcp):
    """Serves the old truth of options.truth, says so when options.declared."""
    view = {**STATE["truth"], **STATE["options"].get("truth", {})}
    reply = lookup(query, view, 30)
    if STATE["options"].get("declared") and is_target(query):
        reply.use_edns(0, options=[dns.edns.GenericOption(15, struct.pack("!H", 3) + b"stale")])
    return [(0, reply)]


def no_type(query, tcp):
    """options.types are answered empty, or not at all."""
    if dns.rdatatype.to_text(query.question[0].rdtype) in STATE["options"]["types"]:
        if STATE["options"].get("for", "all") == "all" or is_target(query):
            return [(0, reply_to(query, authority=[soa(query.question[0].name)]))]
    return honest(query, tcp)


def cname(query, tcp):
    """An extra CNAME to the host of a block page."""
    if is_target(query):
        question, to = query.question[0], dns.name.from_text(STATE["options"]["to"])
        answer = [records(question.name, dns.rdatatype.CNAME, [str(to)], 300)]
        if question.rdtype == dns.rdatatype.A:
            answer.append(records(to, dns.rdatatype.A, STATE["options"]["say"], 300))
        return [(0, reply_to(query, answer=answer))]
    return honest(query, tcp)


def lower_case(query, tcp):
    wire = bytearray(lookup(query).to_wire())
    end = 12
    while wire[end] != 0:
        end += wire[end] + 1
    wire[12:end] = bytes(wire[12:end]).lower()
    return [(0, bytes(wire))]


def truncate(query, tcp):
    """TC=1 on UDP; and TCP is closed when options.no_tcp."""
    if tcp:
        return [] if STATE["options"].get("no_tcp") else honest(query, tcp)
    reply = reply_to(query)
    reply.flags |= dns.flags.TC
    return [(0, reply)]


def dns64(query, tcp):
    """RFC 6147, with the well-known prefix or options.prefix."""
    true = lookup(query)
    question = query.question[0]
    if question.rdtype != dns.rdatatype.AAAA or true.answer and true.answer[-1].rdtype == dns.rdatatype.AAAA:
        return [(0, true)]
    v4 = STATE["truth"].get(name_of(query), {}).get("A", [])
    if name_of(query) == "ipv4only.arpa":
        v4 = ["192.0.0.170", "192.0.0.171"]
    values = [str(ipaddress.IPv6Address(int(ipaddress.IPv6Address(STATE["options"].get("prefix", "64:ff9b::"))) + int(ipaddress.IPv4Address(a)))) for a in v4]
    return [(0, addresses(query, values) if values else true)]


def garbage(query, tcp):
    kind = random.randrange(5)
    wire = lookup(query).to_wire()
    if kind == 0:
        return [(0, random.randbytes(random.randrange(1400)))]
    if kind == 1:
        return [(0, bytes([wire[0] ^ 1]) + wire[1:])]
    if kind == 2:
        return [(0, wire[:12] + b"\xc0\x0c" + wire[14:])]
    if kind == 3:
        return [(0, b"")]
    return [(0, random.randbytes(60000) if tcp else wire[:random.randrange(len(wire))])]


# ---- signatures ----

def view_of(query):
    return lookup(query, {**STATE["truth"], **STATE["options"].get("truth", {})}, STATE["ttl"])


def strip_signatures(query, tcp):
    """Knows no DNSSEC."""
    return [(0, lookup(query))]


def forge_signed(query, tcp):
    """Another address, with the signature of the true one beside it."""
    reply = signed(lookup(query), query)
    if is_target(query) and query.question[0].rdtype == dns.rdatatype.A:
        signatures = [r for r in reply.answer if r.rdtype == dns.rdatatype.RRSIG]
        reply.answer = [records(query.question[0].name, dns.rdatatype.A, STATE["options"]["say"], 300), *signatures]
    return [(0, reply)]


def one_of_signed(query, tcp):
    """Picks the nearest of several addresses, and leaves the signature of all beside it."""
    reply = signed(lookup(query), query)
    for rrset in reply.answer:
        if rrset.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA):
            rrset.items = dict(list(rrset.items.items())[:1])
    return [(0, reply)]


def old_key(query, tcp):
    """Its answers were signed before the zone's key rolled."""
    return [(0, signed(lookup(query), query, key=OLD_KEY))]


def old_signature(query, tcp):
    """The old truth of options.truth, with a signature that was good until yesterday."""
    return [(0, signed(view_of(query), query, (-40, -1)))]


def signed_long_ttl(query, tcp):
    """A cache that stretches TTLs, of signed records too: the signature tells what they were."""
    reply = signed(view_of(query), query)
    for rrset in reply.answer:
        rrset.ttl = STATE["options"].get("ttl", 86400)
    return [(0, reply)]


LOCAL = {f.__name__: f for f in (honest, own_truth, forge, own_zone, copy, remembers, without_soa, half_chain, broken_zone, race, twice, race_twins, wildcard, portal, deny, mute, refuse_all, silent, declared, long_ttl,
                                 stale, no_type, cname, lower_case, truncate, dns64, garbage, strip_signatures, forge_signed, old_signature,
                                 signed_long_ttl, one_of_signed, old_key)}
