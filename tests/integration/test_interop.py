# SPDX-License-Identifier: MIT
"""Name servers of others as DoH providers: what comes through the daemon is what they say when asked directly.

named is in the lab already; unbound, dnsdist and knot-resolver take part where they are installed. INTEROP_QUERIES says
how many questions each is asked by POST and by GET."""
import os
import shutil
import signal

import dns.message
import dns.query
import dns.rcode
import pytest

from conftest import edes, lab_module

N_QUERIES = int(os.environ.get("INTEROP_QUERIES", "200"))
WINDOW = 20  # under way at once

# Beside a new name for each question, and with it: what a zone may hold.
SPECIAL = [("example.com", "A"), ("example.com", "SOA"), ("example.com", "TYPE65"), ("chain.honest-lab.net", "A"),
           ("size30.honest-lab.net", "TXT"), ("nothing-here.example.com", "A"), ("a.b.c.wild.honest-lab.net", "MX")]


def questions():
    for i in range(N_QUERIES):
        if i % 10 == 0:
            yield SPECIAL[i // 10 % len(SPECIAL)]
        else:
            yield f"q{i}.wild.honest-lab.net", ["A", "TXT", "AAAA"][i % 3]


def unbound(lab, folder, doh, dns_port):
    conf = folder / "unbound.conf"
    conf.write_text(f"""
server:
  interface: 127.0.0.1@{doh}
  interface: 127.0.0.1@{dns_port}
  https-port: {doh}
  tls-service-key: "{lab.folder}/leaf.key"
  tls-service-pem: "{lab.folder}/leaf.pem"
  http-endpoint: "/dns-query"
  do-daemonize: no
  use-syslog: no
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: ""
  num-threads: 1
  module-config: "iterator"
  do-not-query-localhost: no
  local-zone: "example." nodefault
  access-control: 127.0.0.0/8 allow
remote-control:
  control-enable: no
forward-zone:
  name: "."
  forward-addr: 127.0.0.1@{lab.dns_ports[0]}
""")
    return [lab.own_copy("unbound"), "-d", "-c", conf]


def dnsdist(lab, folder, doh, dns_port):
    conf = folder / "dnsdist.conf"
    conf.write_text(f"""
setLocal("127.0.0.1:{dns_port}")
addDOHLocal("127.0.0.1:{doh}", "{lab.folder}/leaf.pem", "{lab.folder}/leaf.key", "/dns-query")
newServer({{address="127.0.0.1:{lab.dns_ports[0]}", healthCheckMode="up"}})
setSecurityPollSuffix("")
""")
    return [shutil.which("dnsdist"), "--supervised", "--disable-syslog", "-C", conf]


def kresd(lab, folder, doh, dns_port):
    conf = folder / "kresd.conf"
    conf.write_text(f"""
net.listen('127.0.0.1', {dns_port}, {{ kind = 'dns' }})
net.listen('127.0.0.1', {doh}, {{ kind = 'doh2' }})
net.tls('{lab.folder}/leaf.pem', '{lab.folder}/leaf.key')
cache.open(10 * MB, 'lmdb://{folder}/cache')
trust_anchors.remove('.')
policy.add(policy.all(policy.FORWARD({{'127.0.0.1@{lab.dns_ports[0]}'}})))
""")
    return [lab_module.find("kresd"), "-n", "-c", conf, folder]


def named(lab, *_):
    return None


@pytest.fixture(params=[named, unbound, dnsdist, kresd], ids=lambda f: f.__name__)
def server(request, lab, tmp_path):
    """The ports of a name server: (DoH, plain DNS)."""
    name = request.param.__name__
    if name == "named":
        yield lab.doh_ports[1], lab.dns_ports[1]
        return
    if not shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin"):
        pytest.skip(f"{name} is not installed")
    doh, plain = lab_module.free_ports(2)
    made = lab_module.Server(name, request.param(lab, tmp_path, doh, plain), tmp_path)
    made.start()
    try:
        lab_module.poll(name, lambda: made.alive() and lab_module.udp_ask(plain, "example.com") is not None)
        yield doh, plain
    finally:
        made.signal(signal.SIGTERM)
        made.stop()


def content(message):
    """What must not differ: all but the ID, TTLs that count down, and the order inside a set."""
    sections = [sorted((str(s.name).lower(), s.rdtype, sorted(str(r).lower() for r in s)) for s in section)
                for section in (message.answer, message.authority)]
    return dns.rcode.to_text(message.rcode()), sections


def over_stream(stream, wanted):
    """The daemon's replies to all questions, WINDOW of them under way at once; in the order of asking."""
    replies, sent = {}, 0
    while len(replies) < len(wanted):
        while sent < len(wanted) and sent - len(replies) < WINDOW:
            stream.send(dns.message.make_query(*wanted[sent], use_edns=0, id=sent).to_wire())
            sent += 1
        reply = dns.message.from_wire(stream.receive())
        replies[reply.id] = reply
    return [replies[i] for i in range(len(wanted))]


@pytest.mark.parametrize("protocol", ["doh", "doh-get"])
def test_daemon_says_what_the_server_says_when_asked_directly(daemon, lab, server, protocol):
    doh, plain = server
    d = daemon(f"providers:\n  - name: other\n    url: https://{lab_module.PROVIDERS[0]}:{doh}/dns-query\n"
               f"    addresses: [127.0.0.1]\n    ca-file: {lab.ca}\n    protocol: {protocol}\nhijack: {{mode: off}}\n")
    wanted = list(questions())
    with d.tcp_stream() as stream:
        through = over_stream(stream, wanted)
    assert sum(bool(reply.answer) for reply in through) > len(wanted) / 2
    different = []
    for (name, rdtype), got in zip(wanted, through):
        query = dns.message.make_query(name, rdtype, use_edns=0)
        direct = dns.query.tcp(query, "127.0.0.1", port=plain, timeout=5)
        if content(got) != content(direct):
            different.append((name, rdtype, content(got), edes(got), content(direct)))
    assert different == [], f"{len(different)} of {len(wanted)} differ; the first: {different[0]}"
