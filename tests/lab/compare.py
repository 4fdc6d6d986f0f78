# SPDX-License-Identifier: MIT
"""BIND, unbound and httpdnsd, all with the same upstream, asked the same mixed queries; every difference is named.

    compare.py --daemon build-test/daemon/httpdnsd --queries 50000 [--seed 1]

Compared are rcode, header bits, question, the OPT's presence and DO, and the records of the answer section (TTLs
and the case of names in RDATA aside, as each has its own cache). Explained differences are told from unexplained ones by explain()."""
import argparse
import collections
import random
import select
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.zone

import lab as lab_module

TYPES = ["A", "AAAA", "MX", "TXT", "NS", "SOA", "CNAME", "PTR", "SRV", "CAA", "HTTPS", "SVCB", "NAPTR", "TLSA", "SSHFP",
         "DNSKEY", "LOC", "HINFO", "TYPE666", "TYPE65400"]
BITS = dns.flags.QR | dns.flags.AA | dns.flags.TC | dns.flags.RD | dns.flags.RA | dns.flags.AD | dns.flags.CD
# An answer so near the client's limit fits with one server's compression and not with another's.
EDGE_OCTETS = 48


def known_names(lab):
    """Every name of the lab's zones with its types; rings have no right answer."""
    names = []
    for origin in lab_module.ZONES:
        zone = dns.zone.from_file(str(lab.folder / "zones" / f"{origin}.zone"), origin, relativize=False, check_origin=False)
        for name, node in zone.nodes.items():
            if not str(name).startswith("ring"):
                names += [(str(name).replace("*", "star"), dns.rdatatype.to_text(s.rdtype)) for s in node
                          if dns.rdatatype.to_text(s.rdtype) not in ("RRSIG", "NSEC", "DS")]
    return names


class Mix:
    """Mixed queries, the same for the same seed."""

    def __init__(self, lab, seed):
        self.dice, self.known = random.Random(seed), known_names(lab)

    def name_and_type(self):
        roll = self.dice.random()
        if roll < 0.45:
            return self.dice.choice(self.known)
        name = self.dice.choice(self.known)[0]
        if roll < 0.65:
            return name, self.dice.choice(TYPES)
        n = self.dice.randrange(3000)
        if roll < 0.75:
            return f"w{n}.wild.{self.dice.choice(['honest-lab.net.', 'signed-lab.com.'])}", self.dice.choice(TYPES)
        if roll < 0.88:
            return f"no{n}.{self.dice.choice(lab_module.ZONES)}.", self.dice.choice(TYPES)
        if roll < 0.93:
            return f"x{n}.old.honest-lab.net.", "A"
        if roll < 0.96:
            return f"size{self.dice.choice(lab_module.SIZES)}.honest-lab.net.", "TXT"
        return f"n{n}.no-such-tld-of-lab.", "A"

    def query(self):
        name, rdtype = self.name_and_type()
        name = "".join(self.dice.choice((c.upper(), c.lower())) for c in name) if self.dice.random() < 0.3 else name
        edns = self.dice.choice([None, 512, 1232, 1232, 4096])
        q = dns.message.make_query(name, rdtype, use_edns=-1 if edns is None else 0, payload=edns or 0,
                                   want_dnssec=edns is not None and self.dice.random() < 0.3)
        q.flags |= dns.flags.CD if self.dice.random() < 0.1 else 0
        q.id = self.dice.randrange(65536)
        return q


class Peer:
    def __init__(self, name, port):
        self.name, self.port = name, port
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", port))

    def take(self, wire):
        """A reply with the query's ID, if one is there; late ones of others are passed over."""
        reply = self.socket.recv(65535)
        return reply if reply[:2] == wire[:2] else None


def ask_all(peers, wire, seconds=6):
    """Each peer's reply's bytes; a peer that says nothing is asked once more, as a stub does."""
    got = {}
    for _ in range(2):
        waiting = {p.socket: p for p in peers if p.name not in got}
        for p in waiting.values():
            p.socket.send(wire)
        while waiting:
            ready, _, _ = select.select(list(waiting), [], [], seconds)
            if not ready:
                break
            for s in ready:
                reply = waiting[s].take(wire)
                if reply is not None:
                    got[waiting.pop(s).name] = reply
    return got


def essence(wire):
    """What is compared of a reply."""
    try:
        m = dns.message.from_wire(wire)
    except dns.exception.DNSException as e:
        return {"malformed": str(e)}
    return {
        "rcode": m.rcode(),
        "bits": dns.flags.to_text(m.flags & BITS),
        "question": [(r.name.to_text(), r.rdtype, r.rdclass) for r in m.question],
        "edns": (m.edns, m.ednsflags & 0x8000),
        "answer": None if m.flags & dns.flags.TC else sorted((r.name.to_text().lower(), r.rdtype, rd.to_digestable()) for r in m.answer for rd in r),
    }


def explain(field, values, replies, query):
    """Why a difference in this field is as it should be, or None."""
    limit = 512 if query.edns < 0 else max(512, min(query.payload, 1232))
    if field in ("bits", "answer") and any(limit - EDGE_OCTETS <= len(r) <= limit for r in replies.values()):
        return "an answer at the edge of the client's limit"
    if field == "answer" and values["bind"] == values["httpdnsd"]:
        missing = set(values["bind"]) ^ set(values["unbound"])
        if missing <= set(values["bind"]) and {rdtype for _, rdtype, _ in missing} == {dns.rdatatype.DNAME}:
            return "unbound kept the CNAME that a DNAME made, and no longer the DNAME (RFC 6672 section 3.1 wants both)"
    return None


def compare(peers, mix, n):
    """Counts of what differed, by kind, with up to three examples of each."""
    differences, examples = collections.Counter(), collections.defaultdict(list)
    for _ in range(n):
        query = mix.query()
        replies = ask_all(peers, query.to_wire())
        if len(replies) < len(peers):
            kind = "silence of " + ", ".join(p.name for p in peers if p.name not in replies)
            differences["unexplained: " + kind] += 1
            examples["unexplained: " + kind].append(query.question[0].to_text())
            continue
        seen = {name: essence(wire) for name, wire in replies.items()}
        for field in sorted(set().union(*seen.values())):
            values = {name: s.get(field) for name, s in seen.items()}
            if len({repr(v) for v in values.values()}) > 1 and not (field == "answer" and None in values.values()):
                others = [v for name, v in values.items() if name != "httpdnsd"]
                side = "" if others[0] != others[1] else " (BIND and unbound agree)"
                why = explain(field, values, replies, query)
                kind = f"explained: {why}" if why else f"unexplained: {field}{side}"
                differences[kind] += 1
                examples[kind].append((query.question[0].to_text(), query.edns, query.payload, hex(query.ednsflags), values))
    return differences, {k: v[:3] for k, v in examples.items()}


# ---- the peers ----

def named_conf(folder, port, upstream):
    return f"""options {{
    directory "{folder}"; pid-file none; session-keyfile none; listen-on-v6 {{ none; }};
    listen-on port {port} {{ 127.0.0.1; }}; recursion yes; allow-recursion {{ 127.0.0.0/8; }};
    dnssec-validation no; empty-zones-enable no; forward only; forwarders {{ 127.0.0.1 port {upstream}; }};
    max-records-per-type 0;
}};
controls {{ }};
"""


def unbound_conf(folder, port, upstream):
    return f"""server:
    directory: "{folder}"
    chroot: ""
    username: ""
    pidfile: ""
    use-syslog: no
    interface: 127.0.0.1@{port}
    do-not-query-localhost: no
    module-config: "iterator"
    do-ip6: no
    max-udp-size: 1232
    local-zone: "test." nodefault
remote-control:
    control-enable: no
forward-zone:
    name: "."
    forward-addr: 127.0.0.1@{upstream}
"""


def start_peers(lab, folder, daemon):
    """BIND, unbound and the daemon as forwarders to the lab's first provider. Returns (servers, peers)."""
    ports = lab_module.free_ports(3)
    (folder / "named.conf").write_text(named_conf(folder, ports[0], lab.dns_ports[0]))
    (folder / "unbound.conf").write_text(unbound_conf(folder, ports[1], lab.dns_ports[0]))
    first = lab.provider_yaml().split("  - name: ")[1]
    (folder / "httpdnsd.yaml").write_text(f"listen: [udp://127.0.0.1:{ports[2]}]\nproviders:\n  - name: {first}hijack: {{mode: off}}\n")
    servers = [
        lab_module.Server("named", [lab.folder / "named", "-g", "-n", "1", "-c", folder / "named.conf"], folder),
        lab_module.Server("unbound", [lab.own_copy("unbound"), "-d", "-c", folder / "unbound.conf"], folder),
        lab_module.Server("httpdnsd", [daemon, "--config", folder / "httpdnsd.yaml"], folder),
    ]
    for server, port in zip(servers, ports):
        server.start()
        lab_module.poll(server.name, lambda: server.alive() and lab_module.udp_ask(port, "example.com") is not None)
    return servers, [Peer(n, p) for n, p in zip(("bind", "unbound", "httpdnsd"), ports)]


def run(lab, folder, daemon, n, seed):
    servers = []
    try:
        servers, peers = start_peers(lab, Path(folder), daemon)
        return compare(peers, Mix(lab, seed), n)
    finally:
        for server in servers:
            server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--daemon", required=True)
    parser.add_argument("--queries", type=int, default=50000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lab = lab_module.Lab(Path(folder) / "lab")
        lab.start()
        try:
            peers = Path(folder) / "peers"
            peers.mkdir()
            differences, examples = run(lab, peers, Path(options.daemon).resolve(), options.queries, options.seed)
        finally:
            lab.stop()
    for kind, count in differences.most_common():
        print(f"{count:6} {kind}")
        for example in examples[kind]:
            print(f"         {example}")
    unexplained = sum(c for k, c in differences.items() if k.startswith("unexplained"))
    print(f"{options.queries} queries, {sum(differences.values())} differences, {unexplained} unexplained")
    sys.exit(1 if unexplained else 0)


if __name__ == "__main__":
    main()
