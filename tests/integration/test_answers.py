# SPDX-License-Identifier: MIT
"""Right answers for everything in the lab's zones, over every transport."""
import concurrent.futures
import re
import subprocess

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.zone
import pytest

from conftest import HTTPDNSCTL, lab_module, wait_for


def questions(lab):
    """Every name and type of the zones, and what a client may ask besides."""
    asked = set()
    for origin in lab_module.ZONES:
        zone = dns.zone.from_file(str(lab.folder / "zones" / f"{origin}.zone"), origin, relativize=False,
                                  check_origin=False)
        for name, node in zone.nodes.items():
            text = str(name).replace("*", "star")
            for rdataset in node:
                asked.add((text, dns.rdatatype.to_text(rdataset.rdtype)))
    asked |= {("a.old.honest-lab.net.", "A"), ("nosuch.honest-lab.net.", "A"), ("empty.honest-lab.net.", "A"),
              ("textonly.honest-lab.net.", "AAAA"), ("x.y.wild.signed-lab.com.", "A"), ("nosuch.signed-lab.com.", "A"),
              ("a.no-such-tld-of-lab.", "A"), ("front.honest-lab.net.", "AAAA")}
    # A circle of CNAMEs has no right answer: test_failure has it.
    return sorted(q for q in asked if not q[0].startswith("ring"))


def rdata_of(message):
    """Names, types and RDATA octets of the answer section, each in canonical wire form."""
    return {(str(r.name).lower(), r.rdtype, rd.to_wire()) for r in message.answer for rd in r}


@pytest.mark.parametrize("want_dnssec", [False, True])
def test_every_type_of_the_zones_has_the_providers_rdata_over_udp_tcp_and_unix(lab, daemon, want_dnssec):
    d = daemon()
    checked = 0
    for name, rdtype in questions(lab):
        query = d.query(name, rdtype, want_dnssec=want_dnssec)
        truth = dns.query.tcp(query, "127.0.0.1", port=lab.dns_ports[0], timeout=5)
        over_udp = d.udp(name, rdtype, want_dnssec=want_dnssec)
        if over_udp.flags & dns.flags.TC:
            assert over_udp.answer == []
            over_udp = None
        for got in filter(None, (over_udp, d.tcp(name, rdtype, want_dnssec=want_dnssec),
                                 d.over_unix(name, rdtype, want_dnssec=want_dnssec))):
            assert got.rcode() == truth.rcode(), (name, rdtype)
            assert rdata_of(got) == rdata_of(truth), (name, rdtype)
            checked += 1
    assert checked > 150


def test_chain_through_two_zones_ends_in_its_address(daemon):
    reply = daemon().udp("www.bank-of-lab.com")
    assert [str(r.name) for r in reply.answer] == ["www.bank-of-lab.com.", "front.honest-lab.net.",
                                                   "edge.cdn.honest-lab.net.", "pop7.news-lab.org."]
    assert reply.answer[-1][0].address == "199.232.10.7"


def test_T14_answer_truncated_over_udp_is_whole_over_tcp(daemon):
    d = daemon()
    short = d.udp("big.honest-lab.net", "TXT")
    assert short.flags & dns.flags.TC and short.answer == []
    assert len(short.to_wire()) <= 1232
    whole = d.tcp("big.honest-lab.net", "TXT")
    assert len(whole.answer[0][0].strings) == 24
    assert len(d.over_unix("crowd.honest-lab.net").answer[0]) == 300


def test_answers_of_every_size_come_whole(daemon):
    """One at a time: libcurl 7.88 forgets a body whose HTTP/2 frame is larger than its receive buffer until
    something else happens on that connection. Ours holds any frame."""
    d = daemon()
    for n in lab_module.SIZES:
        assert len(d.tcp(f"size{n}.honest-lab.net", "TXT").answer[0]) == n


def test_client_without_edns_gets_none_and_512_octets_at_most(daemon):
    d = daemon()
    reply = d.udp("crowd.honest-lab.net", use_edns=False)
    assert reply.edns == -1 and reply.flags & dns.flags.TC
    assert d.udp("example.com", use_edns=False).edns == -1
    assert d.udp("example.com").edns == 0


def test_question_comes_back_with_the_clients_case(daemon):
    d = daemon()
    for _ in range(2):
        reply = d.udp("wWw.ExAmPlE.cOm")
        assert str(reply.question[0].name) == "wWw.ExAmPlE.cOm."


def test_dig_over_udp_and_tcp_prints_the_address(lab, daemon):
    d = daemon()
    for extra in ([], ["+tcp"], ["+dnssec"], ["+noedns"], ["+bufsize=4096"]):
        got = subprocess.run([lab_module.find("dig"), "@127.0.0.1", "-p", str(d.port), *extra, "example.com"],
                             capture_output=True, text=True, timeout=20)
        assert "status: NOERROR" in got.stdout and "93.184.216.34" in got.stdout, got.stdout
        assert "WARNING" not in got.stdout + got.stderr


def test_kdig_pipelines_100_queries_over_one_connection(daemon):
    d = daemon()
    names = [f"n{i}.wild.honest-lab.net" for i in range(100)]
    command = [lab_module.find("kdig"), "@127.0.0.1", "-p", str(d.port), "+tcp", "+keepopen"]
    got = subprocess.run(command + names, capture_output=True, text=True, timeout=60)
    assert got.stdout.count("status: NOERROR") == 100
    assert len(re.findall(r"n\d+\.wild\.honest-lab\.net\.\s+\d+\s+IN\s+A\s+151\.101\.1\.72", got.stdout)) == 100


@pytest.mark.parametrize("transport", ["tcp", "unix"])
def test_100_queries_in_one_write_are_all_answered(daemon, transport):
    d = daemon()
    queries = [d.query(f"p{i}.wild.honest-lab.net") for i in range(100)]
    for i, q in enumerate(queries):
        q.id = i
    with d.tcp_stream() if transport == "tcp" else d.unix_stream() as stream:
        stream.send(*[q.to_wire() for q in queries])
        replies = [dns.message.from_wire(stream.receive()) for _ in queries]
    assert sorted(r.id for r in replies) == list(range(100))
    for r in replies:
        assert queries[r.id].is_response(r) and r.answer[0][0].address == "151.101.1.72"


def test_httpdnsctl_asks_through_the_unix_socket_and_prints_like_dig(daemon):
    d = daemon()
    got = subprocess.run([str(HTTPDNSCTL), "--socket", str(d.unix), "query", "www.example.com"], capture_output=True,
                         text=True, timeout=20)
    assert got.returncode == 0, got.stderr
    assert "status: NOERROR" in got.stdout
    assert re.search(r"example\.com\.\s+\d+\s+IN\s+A\s+93\.184\.216\.34", got.stdout)
    typed = subprocess.run([str(HTTPDNSCTL), "--socket", str(d.unix), "query", "honest-lab.net", "MX"],
                           capture_output=True, text=True, timeout=20)
    assert "10 mail.honest-lab.net." in typed.stdout


def test_httpdnsctl_says_what_is_wrong_when_nobody_listens(tmp_path):
    got = subprocess.run([str(HTTPDNSCTL), "--socket", str(tmp_path / "none"), "query", "example.com"],
                         capture_output=True, text=True, timeout=20)
    assert got.returncode == 1 and "httpdnsd" in got.stderr and len(got.stderr.splitlines()) == 1


def test_get_and_http_paths_with_a_query_work_too(lab, daemon):
    config = lab.provider_yaml().replace("    ca-file", "    protocol: doh-get\n    ca-file")
    d = daemon(config + "hijack: {mode: off}\n")
    assert d.udp("www.bank-of-lab.com").rcode() == dns.rcode.NOERROR
    assert d.tcp("big.honest-lab.net", "TXT").rcode() == dns.rcode.NOERROR


def test_200_connections_at_once_are_all_served(daemon):
    d = daemon()
    streams = [d.tcp_stream() for _ in range(200)]
    for i, stream in enumerate(streams):
        stream.send(d.query(f"c{i}.wild.honest-lab.net").to_wire())
    for stream in streams:
        assert dns.message.from_wire(stream.receive()).answer[0][0].address == "151.101.1.72"
        stream.close()


def test_many_clients_asking_one_new_name_cost_one_question_upstream(lab, daemon):
    d = daemon(lab.provider_yaml() + "hijack: {mode: off}\nworkers: 1\n")
    name = "herd.wild.honest-lab.net"
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        replies = list(pool.map(lambda _: d.udp(name), range(200)))
    assert all(r.answer[0][0].address == "151.101.1.72" for r in replies)
    wait_for(lambda: lab.n_asked(0, name) + lab.n_asked(1, name), what="the provider's log")
    assert lab.n_asked(0, name) + lab.n_asked(1, name) == 1
