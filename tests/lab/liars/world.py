# SPDX-License-Identifier: MIT
"""The internet of the laboratory of liars, as one process in a network namespace that owns every address.

Runs until its standard input ends. On it comes one JSON object a line; each is merged into the state:

  truth    {name: {type: [rdata, ...]}}   what authoritative servers say, over HTTPS and on port 53 of public resolvers
  ttl      seconds, of the truth
  serial   of all zones, as their SOA tells it
  signed   [zone, ...]                    zones that are signed; providers say that they have validated what is in them
  churn    {"zone": z, "local": [addresses], "control": [addresses]}  names below z have others of them each time
  tls      {address: "good" | ...}        which of the certificates in --certs is shown on port 443 of that address; "*" for all others;
                                          "closed": connections are closed at once
  local    the name of a function         how the local resolver lies, or is merely odd: liars.py
  options  what that function takes
  inject   {"names": [names], "say": [addresses]}  someone on the path forges replies to questions for them, whomever they are put to
  providers {address: options}            how a provider over HTTPS is odd: {"filter": [names], "zero": true, "truth": {...}, "mute": true,
                                          "rcode": "SERVFAIL"}

A line {"ask": N} is answered with {"asked": N, "counts": {...}}: all before it is in force. Counted are the questions to the local resolver and to providers,
and the connections to port 443 of all others, since the beginning.
"""
import argparse
import base64
import json
import socket
import ssl
import struct
import sys
import threading
import time

import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

import injector
from liars import LOCAL
from truth import STATE, addresses, churning, lookup, name_of, reply_to, soa, validated

IP_PKTINFO, IPV6_RECVPKTINFO, IPV6_PKTINFO = 8, 49, 50
LOCK = threading.Lock()
COUNTS = {"local": 0, "doh": 0, "tls": 0}


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
        if local_address in OPTIONS.local:
            COUNTS["local"] += 1
            said = who(query, local_address) or LOCAL[STATE["local"]](query, tcp)
        elif local_address in OPTIONS.public:
            said = who(query, local_address) or LOCAL["honest"](query, tcp)
        else:
            return []
        return [(delay, m if isinstance(m, bytes) else m.to_wire()) for delay, m in said]


def forged(query):
    with LOCK:
        if name_of(query) not in STATE["inject"].get("names", []):
            return None
        return addresses(query, STATE["inject"]["say"], 60)


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
        COUNTS["doh"] += 1
        odd = STATE["providers"].get(local, {})
        if odd.get("mute"):
            return None
        said = churning(query, "control")
        if said is None and "rcode" in odd:
            said = reply_to(query, dns.rcode.from_text(odd["rcode"]))
        elif said is None and name_of(query) in odd.get("filter", []):
            zero = odd.get("zero")
            said = addresses(query, ["0.0.0.0"]) if zero else reply_to(query, dns.rcode.NXDOMAIN, authority=[soa(query.question[0].name)])
        elif said is None:
            said = validated(lookup(query, {**STATE["truth"], **odd.get("truth", {})}), query)
        return said.to_wire()


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
        COUNTS["tls"] += local not in OPTIONS.provider
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
    for role in ("local", "public", "provider"):
        parser.add_argument(f"--{role}", action="append", default=[], help=f"an address of that role")
    parser.add_argument("--link", required=True, help="where the host's questions come in")
    parser.add_argument("--certs", required=True, help="a folder with NAME.pem and NAME.key")
    parser.add_argument("--cert", action="append", default=[], help="NAME")
    OPTIONS = parser.parse_args()
    CONTEXTS = {name: context(name) for name in OPTIONS.cert}
    for family in (socket.AF_INET, socket.AF_INET6):
        threading.Thread(target=udp_server, args=(family,), daemon=True).start()
        threading.Thread(target=tcp_server, args=(family, 53, serve_tcp), daemon=True).start()
        threading.Thread(target=tcp_server, args=(family, 443, serve_tls), daemon=True).start()
    threading.Thread(target=injector.watch, args=(OPTIONS.link, forged), daemon=True).start()
    for line in sys.stdin:
        said = json.loads(line)
        if "ask" in said:
            with LOCK:
                print(json.dumps({"asked": said["ask"], "counts": COUNTS}), flush=True)
        else:
            with LOCK:
                STATE.update(said)


if __name__ == "__main__":
    main()
