# SPDX-License-Identifier: MIT
"""What authoritative servers say in the laboratory of liars: the state that world.py is told, lookups in it, and signatures."""
import datetime
import random

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
from cryptography.hazmat.primitives.asymmetric import ec

# world.py says what each is.
STATE = {"truth": {}, "ttl": 300, "tls": {}, "local": "honest", "options": {}, "providers": {}, "signed": [], "churn": {},
         "inject": {}, "serial": 1}


def new_key():
    key = ec.generate_private_key(ec.SECP256R1())
    return key, dns.dnssec.make_dnskey(key.public_key(), 13, 257)


KEY, OLD_KEY = new_key(), new_key()  # that of all signed zones, and the one they had before


def name_of(query):
    return str(query.question[0].name).rstrip(".").lower()


def is_target(query):
    return name_of(query) in STATE["options"].get("names", [])


def soa(qname, serial=None):
    zone = dns.name.from_text(".".join(str(qname).rstrip(".").split(".")[-1:]) + ".")
    return dns.rrset.from_text(zone, 300, "IN", "SOA", f"a.nic.{zone} admin.{zone} {serial or STATE['serial']} 3600 600 86400 300")


def reply_to(query, rcode=dns.rcode.NOERROR, answer=(), authority=(), ra=True):
    reply = dns.message.make_response(query, recursion_available=ra)
    reply.set_rcode(rcode)
    reply.answer.extend(answer)
    reply.authority.extend(authority)
    return reply


def records(qname, rdtype, values, ttl):
    return dns.rrset.from_text_list(qname, ttl, "IN", dns.rdatatype.to_text(rdtype), values)


def addresses(query, values, ttl=300):
    """A reply with those of the values that are of the asked family."""
    question = query.question[0]
    good = [v for v in values if (":" in v) == (question.rdtype == dns.rdatatype.AAAA)]
    if question.rdtype not in (dns.rdatatype.A, dns.rdatatype.AAAA) or not good:
        return reply_to(query, authority=[soa(question.name)])
    return reply_to(query, answer=[records(question.name, question.rdtype, good, ttl)])


def churning(query, pool):
    """Three addresses of the pool, others each time, for all names of the zone that churns; None for other names."""
    zone = STATE["churn"].get("zone")
    if zone is None or not name_of(query).endswith("." + zone):
        return None
    return addresses(query, random.sample(STATE["churn"][pool], 3), random.choice([5, 20, 60, 300]))


def lookup(query, truth=None, ttl=None):
    """What an honest server says."""
    truth = STATE["truth"] if truth is None else truth
    ttl = STATE["ttl"] if ttl is None else ttl
    question = query.question[0]
    name = name_of(query)
    rdtype = dns.rdatatype.to_text(question.rdtype)
    if name not in truth:
        below = any(known.endswith("." + name) for known in truth)
        return reply_to(query, dns.rcode.NOERROR if below else dns.rcode.NXDOMAIN, authority=[soa(question.name)])
    data, answer, owner = truth[name], [], question.name
    for _ in range(8):
        if "CNAME" not in data or rdtype == "CNAME":
            break
        answer.append(records(owner, dns.rdatatype.CNAME, data["CNAME"], ttl))
        owner = dns.name.from_text(data["CNAME"][0])
        data = truth.get(str(owner).rstrip(".").lower(), {})
    if rdtype in data:
        answer.append(records(owner, question.rdtype, list(data[rdtype]), ttl))
        return reply_to(query, answer=answer)
    return reply_to(query, answer=answer, authority=[soa(owner)])


# ---- signatures ----

def zone_of(name):
    """The signed zone that the name is in, or None."""
    return next((zone for zone in STATE["signed"] if name == zone or name.endswith("." + zone)), None)


def signed(reply, query, days=(-1, 10), key=KEY):
    """The reply with signatures beside its records, where its zone is signed and they are asked for. `days`: from when to when."""
    zone = zone_of(name_of(query))
    if zone is None or not query.ednsflags & dns.flags.DO:
        return reply
    if query.question[0].rdtype == dns.rdatatype.DNSKEY and name_of(query) == zone:
        reply = reply_to(query, answer=[dns.rrset.from_rdata(query.question[0].name, 3600, KEY[1])])
    now = datetime.datetime.now(datetime.timezone.utc)
    begins, ends = (now + datetime.timedelta(days=d) for d in days)
    for rrset in [r for r in reply.answer if r.rdtype != dns.rdatatype.RRSIG]:
        signature = dns.dnssec.sign(rrset, key[0], dns.name.from_text(zone), key[1], inception=begins, expiration=ends)
        reply.answer.append(dns.rrset.from_rdata(rrset.name, rrset.ttl, signature))
    return reply


def validated(reply, query):
    """As a validating resolver says it."""
    reply = signed(reply, query)
    if zone_of(name_of(query)) is not None:
        reply.flags |= dns.flags.AD
    return reply
