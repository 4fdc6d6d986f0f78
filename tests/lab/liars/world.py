# SPDX-License-Identifier: MIT
"""The internet of the laboratory of liars, as one process in a network namespace that owns every address.

Runs until its standard input ends. On it comes one JSON object a line; each is merged into the state:

  truth    {name: {type: [rdata, ...]}}   what authoritative servers say, over HTTPS and on port 53 of public resolvers
  ttl      seconds, of the truth
  certs    {address: [cert, key]}         what is shown on port 443 of that address; "*" for all others;
                                          null: connections are closed at once
  tls      {address: "good" | ...}        the same by the name of a certificate in --certs
  local    the name of a function below   how the local resolver lies, or is merely odd
  options  what that function takes
  providers {address: options}            how a provider over HTTPS is odd: {"filter": [names], "pollute": {name: address}, "mute": true}

A line {"ask": N} is answered with {"asked": N}: all before it is in force.
"""
import argparse
import base64
import ipaddress
import json
import random
import socket
import ssl
import struct
import sys
import threading
import time

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

IP_PKTINFO, IPV6_RECVPKTINFO, IPV6_PKTINFO = 8, 49, 50
STATE = {"truth": {}, "ttl": 300, "tls": {}, "local": "honest", "options": {}, "providers": {}, "slow": 0}
LOCK = threading.Lock()


# ---- the truth ----

def soa(qname):
    zone = dns.name.from_text(".".join(str(qname).rstrip(".").split(".")[-1:]) + ".")
    return dns.rrset.from_text(zone, 300, "IN", "SOA", f"a.nic.{zone} admin.{zone} 1 3600 600 86400 300")


def reply_to(query, rcode=dns.rcode.NOERROR, answer=(), authority=(), ra=True):
    reply = dns.message.make_response(query, recursion_available=ra)
    reply.set_rcode(rcode)
    reply.answer.extend(answer)
    reply.authority.extend(authority)
    return reply


def records(qname, rdtype, values, ttl):
    return dns.rrset.from_text_list(qname, ttl, "IN", dns.rdatatype.to_text(rdtype), values)


def lookup(query, truth=None, ttl=None):
    """What an honest server says."""
    truth = STATE["truth"] if truth is None else truth
    ttl = STATE["ttl"] if ttl is None else ttl
    question = query.question[0]
    name = str(question.name).rstrip(".").lower()
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
        values = list(data[rdtype])
        answer.append(records(owner, question.rdtype, values, ttl))
        return reply_to(query, answer=answer)
    return reply_to(query, answer=answer, authority=[soa(owner)])


# ---- local resolvers: each gets a query and what it asks for, and gives a list of (delay, reply or bytes) ----

def name_of(query):
    return str(query.question[0].name).rstrip(".").lower()


def addresses(query, values, ttl=300):
    question = query.question[0]
    good = [v for v in values if (":" in v) == (question.rdtype == dns.rdatatype.AAAA)]
    if question.rdtype not in (dns.rdatatype.A, dns.rdatatype.AAAA) or not good:
        return reply_to(query, authority=[soa(question.name)])
    return reply_to(query, answer=[records(question.name, question.rdtype, good, ttl)])


def is_target(query):
    return name_of(query) in STATE["options"].get("names", [])


def honest(query, tcp):
    return [(0, lookup(query))]


def own_truth(query, tcp):
    """Another honest view of the world: a content network by place."""
    view = {**STATE["truth"], **STATE["options"].get("truth", {})}
    return [(0, lookup(query, view))]


def forge(query, tcp):
    """Says options.say for options.names: a rewriting resolver, a block page, a bogon."""
    if is_target(query):
        return [(0, addresses(query, STATE["options"]["say"], STATE["options"].get("ttl", 300)))]
    return honest(query, tcp)


def race(query, tcp):
    """An injector on the path: its forgery comes first, the true answer after it. UDP only."""
    if is_target(query) and not tcp:
        forged = addresses(query, STATE["options"]["say"], 60)
        return [(0, forged), (STATE["options"].get("gap", 0.05), lookup(query))]
    return honest(query, tcp)


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
    """RFC 6147 with the well-known prefix."""
    true = lookup(query)
    question = query.question[0]
    if question.rdtype != dns.rdatatype.AAAA or true.answer and true.answer[-1].rdtype == dns.rdatatype.AAAA:
        return [(0, true)]
    v4 = STATE["truth"].get(name_of(query), {}).get("A", [])
    if name_of(query) == "ipv4only.arpa":
        v4 = ["192.0.0.170", "192.0.0.171"]
    values = [str(ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) + int(ipaddress.IPv4Address(a)))) for a in v4]
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


LOCAL = {f.__name__: f for f in (honest, own_truth, forge, race, race_twins, wildcard, portal, deny, mute, refuse_all, silent, declared, long_ttl,
                                 stale, no_type, cname, lower_case, truncate, dns64, garbage)}


# ---- public resolvers on port 53: what reaches them tells who asks ----

SERVER_NAMES = {"1.1.1.1": "FRA", "9.9.9.9": "res100.fra.rrdns.pch.net", "208.67.222.222": "r1.fra"}


def who(query, own):
    """Who a resolver is (whoami, CHAOS), as real ones tell; None when it is not asked for that. Here each asks from its own address."""
    question, name = query.question[0], name_of(query)
    if question.rdclass == dns.rdataclass.CH:
        if name == "id.server" and own in SERVER_NAMES:
            return [(0, reply_to(query, answer=[dns.rrset.from_text(question.name, 0, "CH", "TXT", f'"{SERVER_NAMES[own]}"')]))]
        return [(0, reply_to(query, dns.rcode.REFUSED))]
    if question.rdtype == dns.rdatatype.TXT and name.startswith(("whoami", "o-o.myaddr")):
        return [(0, reply_to(query, answer=[dns.rrset.from_text(question.name, 0, "IN", "TXT", f'"{own}"')]))]
    return None


# ---- sockets ----

def handle(wire, local_address, tcp):
    try:
        query = dns.message.from_wire(wire)
    except Exception:
        return []
    with LOCK:
        if local_address in OPTIONS.local or STATE["options"].get("takes_all"):
            said = who(query, local_address) or LOCAL[STATE["local"]](query, tcp)
        elif local_address in OPTIONS.public:
            said = who(query, local_address) or honest(query, tcp)
        elif STATE["options"].get("dark") == "answers" and local_address in OPTIONS.dark:
            said = LOCAL[STATE["local"]](query, tcp)
        else:
            return []
        return [(delay, m if isinstance(m, bytes) else m.to_wire()) for delay, m in said]


def later(delay, send):
    if delay == 0:
        send()
    else:
        timer = threading.Timer(delay, send)
        timer.daemon = True
        timer.start()


def udp_server(family):
    s = socket.socket(family, socket.SOCK_DGRAM)
    level, option = (socket.IPPROTO_IP, IP_PKTINFO) if family == socket.AF_INET else (socket.IPPROTO_IPV6, IPV6_RECVPKTINFO)
    s.setsockopt(level, option, 1)
    if family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.bind(("" if family == socket.AF_INET else "::", 53))
    while True:
        wire, control, _, client = s.recvmsg(65535, 256)
        for _, kind, data in control:
            if family == socket.AF_INET and kind == IP_PKTINFO:
                index, _, to = struct.unpack("=I4s4s", data[:12])
                back = [(socket.IPPROTO_IP, IP_PKTINFO, struct.pack("=I4s4s", 0, to, b"\0" * 4))]
                local = socket.inet_ntop(family, to)
            elif family == socket.AF_INET6 and kind == IPV6_PKTINFO:
                back = [(socket.IPPROTO_IPV6, IPV6_PKTINFO, data[:16] + b"\0" * 4)]
                local = socket.inet_ntop(family, data[:16])
        for delay, reply in handle(wire, local, False):
            later(delay, lambda m=reply, b=back, c=client: s.sendmsg([m], b, 0, c))


def serve_tcp(connection):
    with connection:
        connection.settimeout(5)
        local = connection.getsockname()[0]
        try:
            while True:
                prefix = connection.recv(2, socket.MSG_WAITALL)
                if len(prefix) < 2:
                    return
                wire = connection.recv(struct.unpack("!H", prefix)[0], socket.MSG_WAITALL)
                replies = handle(wire, local, True)
                if not replies:
                    return
                for delay, reply in replies:
                    time.sleep(delay)
                    connection.sendall(struct.pack("!H", len(reply)) + reply)
        except OSError:
            pass


def tcp_server(family, port, serve):
    s = socket.socket(family, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.bind(("" if family == socket.AF_INET else "::", port))
    s.listen(256)
    while True:
        connection, _ = s.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


# ---- HTTPS: web servers that only shake hands, and providers ----

def doh_answer(wire, local):
    query = dns.message.from_wire(wire)
    with LOCK:
        odd = STATE["providers"].get(local, {})
        if odd.get("mute"):
            return None
        if name_of(query) in odd.get("filter", []):
            return addresses(query, ["0.0.0.0"]).to_wire() if odd.get("zero") else reply_to(query, dns.rcode.NXDOMAIN, authority=[soa(query.question[0].name)]).to_wire()
        view = {**STATE["truth"], **odd.get("truth", {})}
        return lookup(query, view).to_wire()


def serve_doh(stream, local):
    """HTTP/1.1, one request after another."""
    buffer = b""
    while True:
        while b"\r\n\r\n" not in buffer:
            part = stream.recv(65536)
            if not part:
                return
            buffer += part
        head, buffer = buffer.split(b"\r\n\r\n", 1)
        length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
        while len(buffer) < length:
            buffer += stream.recv(65536)
        body, buffer = buffer[:length], buffer[length:]
        if head.startswith(b"GET"):
            text = head.split(b" ")[1].split(b"dns=")[1]
            body = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
        reply = doh_answer(body, local)
        if reply is None:
            return
        stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/dns-message\r\nContent-Length: %d\r\n\r\n" % len(reply) + reply)


def context(name):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(f"{OPTIONS.certs}/{name}.pem", f"{OPTIONS.certs}/{name}.key")
    made.set_alpn_protocols(["http/1.1"])
    return made


def serve_tls(connection):
    local = connection.getsockname()[0]
    with LOCK:
        shown = "good" if local in OPTIONS.provider else STATE["tls"].get(local, STATE["tls"].get("*", "good"))
    with connection:
        if shown == "closed":
            return
        try:
            connection.settimeout(20)
            with CONTEXTS[shown].wrap_socket(connection, server_side=True) as stream:
                if local in OPTIONS.provider:
                    serve_doh(stream, local)
                else:
                    stream.recv(1)
        except (OSError, ValueError):
            pass


def main():
    global OPTIONS, CONTEXTS
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for role in ("local", "public", "provider", "dark"):
        parser.add_argument(f"--{role}", action="append", default=[], help=f"an address of that role")
    parser.add_argument("--certs", required=True, help="a folder with NAME.pem and NAME.key")
    parser.add_argument("--cert", action="append", default=[], help="NAME")
    OPTIONS = parser.parse_args()
    CONTEXTS = {name: context(name) for name in OPTIONS.cert}
    for family in (socket.AF_INET, socket.AF_INET6):
        threading.Thread(target=udp_server, args=(family,), daemon=True).start()
        threading.Thread(target=tcp_server, args=(family, 53, serve_tcp), daemon=True).start()
        threading.Thread(target=tcp_server, args=(family, 443, serve_tls), daemon=True).start()
    for line in sys.stdin:
        said = json.loads(line)
        if "ask" in said:
            print(json.dumps({"asked": said["ask"]}), flush=True)
        else:
            with LOCK:
                STATE.update(said)


if __name__ == "__main__":
    main()
