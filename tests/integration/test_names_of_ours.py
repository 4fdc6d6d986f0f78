# SPDX-License-Identifier: MIT
"""Hosts files, local data and lists in the forms that people have them, line by line, as clients see what comes of each."""
import os
import time

import dns.flags
import dns.rcode
import dns.rdatatype
import pytest

from conftest import SANITIZED, edes, traffic, wait_for
from scripted import Scripted

TRUE = "198.51.0.9"


@pytest.fixture
def story(lab):
    """Everything below story.example that is not put otherwise has the address TRUE."""
    story = Scripted(lab, ttl=300)
    truth = story.reply_to

    def reply_to(wire):
        query = dns.message.from_wire(wire).question[0]
        name = query.name.to_text().rstrip(".").lower()
        if query.rdtype == dns.rdatatype.A and (name, "A") not in story.zone and name not in story.craft:
            story.put(name, "A", f"{name} 300 A {TRUE}")
        return truth(wire)

    story.reply_to = reply_to
    yield story
    story.close()


@pytest.fixture
def start(story, daemon, tmp_path):
    """Files by name, and a configuration in which {name} stands for the path of each."""

    def start(config, **files):
        paths = {}
        for name, content in files.items():
            paths[name] = tmp_path / name
            paths[name].write_bytes(content.encode() if isinstance(content, str) else content)
        for name, path in paths.items():
            config = config.replace("{" + name + "}", str(path))
        d = daemon(story.yaml + "hijack: {mode: off}\n" + config)
        if "lists:" in config:
            wait_for(lambda: "names in lists and rules" in d.log(), what="the lists")
        return d

    return start


def addresses(reply):
    return sorted(rd.address for rrset in reply.answer for rd in rrset if rd.rdtype in (1, 28))


def verdict(d, name, rdtype="A"):
    """What became of it, in a word."""
    reply = d.udp(name, rdtype)
    why = [text for _, text in edes(reply)]
    if reply.rcode() == dns.rcode.NXDOMAIN:
        return "blocked" if why and "blocked by" in why[0] else "absent"
    return "true" if addresses(reply) == [TRUE] else "empty" if not reply.answer else addresses(reply)


# ---- hosts files ----

HOSTS = (b"\xef\xbb\xbf# a comment\r\n"
         b"127.0.0.1\tlocalhost\r\n"
         b"  192.0.2.1 \t Nas.Story.Example\tnas  NAS.alias.example. # trailing\r\n"
         b"2001:DB8::1 nas.story.example six.story.example\r\n"
         b"\r\n\r\n"
         b"192.0.2.2 nas.story.example#no space\r\n"
         b"fe80::1%eth0 scoped.story.example\r\n"
         b"not-an-address bad.story.example\r\n"
         b"192.0.2.300 bad.story.example\r\n"
         b"192.0.2.9\r\n"
         b"0.0.0.0 sink.story.example\r\n"
         b"192.0.2.3 last.story.example")


def test_hosts_file_is_read_as_people_write_it(start):
    d = start("hosts: [{hosts}, {more}]\n", hosts=HOSTS, more="192.0.2.77 nas.story.example\n192.0.2.78 more.story.example\n")
    wait_for(lambda: addresses(d.udp("more.story.example")) == ["192.0.2.78"], what="the files")
    assert addresses(d.udp("nas.story.example")) == ["192.0.2.1", "192.0.2.2", "192.0.2.77"]
    assert addresses(d.udp("NAS.STORY.example", "AAAA")) == ["2001:db8::1"]
    assert addresses(d.udp("nas.alias.example")) == addresses(d.udp("nas")) == ["192.0.2.1"]
    assert addresses(d.udp("six.story.example", "AAAA")) == ["2001:db8::1"]
    assert addresses(d.udp("scoped.story.example", "AAAA")) == ["fe80::1"]
    assert addresses(d.udp("sink.story.example")) == ["0.0.0.0"]
    assert addresses(d.udp("last.story.example")) == ["192.0.2.3"]
    assert verdict(d, "bad.story.example") == "true" and verdict(d, "x.nas.story.example") == "true"
    assert verdict(d, "six.story.example") == "empty"
    for reverse in ("1.2.0.192.in-addr.arpa", "1.2.0.192.IN-ADDR.arpa"):
        assert str(d.udp(reverse, "PTR").answer[0][0].target) == "nas.story.example."
    six = "1" + ".0" * 23 + ".8.b.d.0.1.0.0.2.ip6.arpa"
    assert str(d.udp(six, "PTR").answer[0][0].target) == "nas.story.example."


def test_localhost_is_loopback_whatever_a_hosts_file_says_of_it(start):
    """RFC 6761 section 6.3: many files know it for one family alone, and lists of advertisers give it none that is true."""
    for i, hosts in enumerate(["127.0.0.1 localhost\n", "::1 localhost\n", "0.0.0.0 localhost\n", "192.0.2.1 localhost\n"]):
        d = start(f"hosts: [{{h{i}}}]\n", **{f"h{i}": hosts + "192.0.2.5 there.example\n"})
        wait_for(lambda: addresses(d.udp("there.example")) == ["192.0.2.5"], what="the file")
        for name in ("localhost", "LocalHost", "x.localhost"):
            assert addresses(d.udp(name)) == ["127.0.0.1"] and addresses(d.udp(name, "AAAA")) == ["::1"], hosts


def test_hosts_file_that_is_replaced_vanishes_or_comes_later_is_noticed(start, tmp_path):
    d = start("hosts: [{hosts}, " + str(tmp_path / "later") + "]\n", hosts="192.0.2.1 nas.story.example\n")
    wait_for(lambda: addresses(d.udp("nas.story.example")) == ["192.0.2.1"])
    (tmp_path / "new").write_text("192.0.2.2 nas.story.example\n")
    os.rename(tmp_path / "new", tmp_path / "hosts")
    wait_for(lambda: addresses(d.udp("nas.story.example")) == ["192.0.2.2"], what="the renamed one")
    (tmp_path / "later").write_text("192.0.2.3 later.story.example\n")
    wait_for(lambda: addresses(d.udp("later.story.example")) == ["192.0.2.3"], what="the later one")
    (tmp_path / "later").unlink()
    wait_for(lambda: verdict(d, "later.story.example") == "true", what="that it is gone")


def test_hosts_file_whose_time_and_size_are_those_of_before_is_noticed(start, tmp_path):
    """As what copies a file with its times leaves it; chmod and chown, too, change the inode's own time alone."""
    d = start("hosts: [{hosts}]\n", hosts="192.0.2.1 nas.story.example\n")
    wait_for(lambda: addresses(d.udp("nas.story.example")) == ["192.0.2.1"])
    before = os.stat(tmp_path / "hosts")
    (tmp_path / "hosts").write_text("192.0.2.2 nas.story.example\n")
    os.utime(tmp_path / "hosts", ns=(before.st_atime_ns, before.st_mtime_ns))
    wait_for(lambda: addresses(d.udp("nas.story.example")) == ["192.0.2.2"], what="the new address")


# ---- local data ----

def test_local_data_says_address_absence_emptiness_or_another_name(start, story):
    story.put("cdn.story.example", "A", "cdn.story.example 60 CNAME edge.story.example.", f"edge.story.example 60 A {TRUE}")
    d = start("""
local-data:
  one.lan.example: 192.0.2.1
  both.lan.example: [192.0.2.1, 192.0.2.2, "2001:db8::1"]
  "*.wild.lan.example": 192.0.2.3
  x.wild.lan.example: 192.0.2.4
  gone.lan.example: nxdomain
  "*.gone.lan.example": nxdomain
  empty.lan.example: nodata
  www.lan.example: cdn.story.example
  "*.all.lan.example": cdn.story.example
  near.lan.example: one.lan.example
""")
    assert addresses(d.udp("ONE.lan.example")) == ["192.0.2.1"]
    assert addresses(d.udp("both.lan.example")) == ["192.0.2.1", "192.0.2.2"]
    assert addresses(d.udp("both.lan.example", "AAAA")) == ["2001:db8::1"]
    assert addresses(d.udp("a.wild.lan.example")) == addresses(d.udp("a.b.wild.lan.example")) == ["192.0.2.3"]
    assert str(d.udp("a.wild.lan.example").answer[0].name) == "a.wild.lan.example."
    assert addresses(d.udp("x.wild.lan.example")) == ["192.0.2.4"]
    assert verdict(d, "wild.lan.example") == "true"  # a wildcard is below its name
    for name in ("gone.lan.example", "x.gone.lan.example"):
        gone = d.udp(name)
        assert gone.rcode() == dns.rcode.NXDOMAIN and gone.flags & dns.flags.AA and gone.authority[0].rdtype == dns.rdatatype.SOA
    for name, rdtype in (("empty.lan.example", "A"), ("one.lan.example", "MX"), ("one.lan.example", "AAAA"), ("one.lan.example", "HTTPS")):
        empty = d.udp(name, rdtype)
        assert empty.rcode() == dns.rcode.NOERROR and not empty.answer and empty.authority[0].rdtype == dns.rdatatype.SOA
    for name in ("www.lan.example", "q.all.lan.example"):
        chain = d.udp(name)
        assert [str(r.name) for r in chain.answer] == [name + ".", "cdn.story.example.", "edge.story.example."]
        assert addresses(chain) == [TRUE]
    assert addresses(d.udp("near.lan.example")) == ["192.0.2.1"]
    assert d.udp("www.lan.example", "AAAA").rcode() == dns.rcode.NOERROR


# ---- lists of advertisers and their like ----

ADBLOCK = """[Adblock Plus 2.0]
! Title: a list
||tree.example^
||nocaret.example
|exact.example^
plain.example
||*.below.example^
||imp.example^$important
||opt.example^$third-party
||all.example^$all
@@||good.tree.example^
@@||imp.example^
@@||imp2.example^$important
||imp2.example^$important
example##.ad
/regex[0-9]/
||path.example/ads
||UPPER.example^
0.0.0.0 hosts.example
# a comment of hosts files
||exc.example^
@@|exc.example^
"""


def test_adblock_rules_reach_as_far_as_their_anchors_say(start):
    d = start("block: {lists: [{list}]}\n", list=ADBLOCK)
    blocked = ["tree.example", "a.b.tree.example", "nocaret.example", "exact.example", "plain.example", "x.below.example",
               "imp.example", "all.example", "x.upper.example", "hosts.example", "x.exc.example"]
    fine = ["x.exact.example", "x.plain.example", "below.example", "opt.example", "good.tree.example", "x.good.tree.example",
            "imp2.example", "path.example", "notree.example", "x.hosts.example", "xtree.example", "exc.example"]
    assert {n: verdict(d, n) for n in blocked} == dict.fromkeys(blocked, "blocked")
    assert {n: verdict(d, n) for n in fine} == dict.fromkeys(fine, "true")
    assert "4 lines are not for a resolver, the first is line 9" in d.log()


def test_domains_and_hosts_lists_with_crlf_comments_and_odd_lines(start):
    d = start("block: {lists: [{domains}, {hosts}]}\n",
              domains="# c\r\nD1.example\r\n  d2.example  # why\r\n*.d3.example\r\nd4.example.\r\n\r\nbad name\r\n",
              hosts="# c\r\n127.0.0.1 localhost\r\n0.0.0.0 h1.example H2.example\r\n::\th3.example # c\r\n192.0.2.7 own.example\r\n")
    blocked = ["d1.example", "x.d1.example", "d2.example", "x.d3.example", "d4.example", "h1.example", "h2.example", "h3.example"]
    assert {n: verdict(d, n) for n in blocked} == dict.fromkeys(blocked, "blocked")
    fine = ["d3.example", "x.h1.example", "own.example", "name.example"]
    assert {n: verdict(d, n) for n in fine} == dict.fromkeys(fine, "true")
    assert addresses(d.udp("localhost")) == ["127.0.0.1"]
    assert verdict(d, "h1.example", "AAAA") == verdict(d, "h1.example", "TXT") == "blocked"


# ---- response policy zones ----

ZONE = """$TTL 2h
@ IN SOA localhost. root.localhost. ( 1 ; serial
      1h 15m 30d 2h )
  IN NS localhost.
nx.example            CNAME .
*.nx.example          CNAME .
nd.example            CNAME *.
deep.nx.example       CNAME rpz-passthru.
drop.example          CNAME rpz-drop.
tcp.example           CNAME rpz-tcp-only.
wall.example          CNAME garden.story.example.
*.wall.example        CNAME garden.story.example.
addr.example      300 A     192.0.2.1
                      A     192.0.2.2
                      AAAA  2001:db8::1
                      TXT   "why" "not"
*.onlybelow.example   A     192.0.2.3
24.0.2.0.192.rpz-ip   CNAME .
ns.evil.example.rpz-nsdname CNAME .
24.0.2.0.192.rpz-nsip CNAME .
24.0.2.0.192.rpz-client-ip CNAME rpz-drop.
"""


@pytest.mark.parametrize("written", ["relative", "absolute", "origin"])
def test_policy_zone_does_what_each_record_says(start, story, written):
    zone = ZONE
    if written == "absolute":  # as dig axfr and named-compilezone print it
        owner, lines = None, []
        for line in ZONE.replace("( 1 ; serial\n      1h 15m 30d 2h )", "1 3600 900 2592000 7200").splitlines()[1:]:
            fields = line.split()
            owner = owner if line.startswith(" ") else fields.pop(0)
            name = "rpz.story." if owner == "@" else f"{owner}.rpz.story."
            lines.append(f"{name}\t300\tIN\t" + " ".join(f for f in fields if f not in ("IN", "300")))
        zone = "\n".join(lines) + "\n"
    elif written == "origin":
        zone = "$ORIGIN rpz.story.\n" + ZONE
    d = start("block: {lists: [{zone}]}\n", zone=zone)
    for name in ("nx.example", "a.b.nx.example"):
        assert verdict(d, name) == "blocked"
    assert verdict(d, "nd.example") == "empty" and verdict(d, "x.nd.example") == "true"
    assert verdict(d, "deep.nx.example") == "true" and verdict(d, "x.deep.nx.example") == "blocked"
    for name in ("wall.example", "x.y.wall.example"):
        reply = d.udp(name)
        assert [str(r.name) for r in reply.answer] == [name + ".", "garden.story.example."] and addresses(reply) == [TRUE]
    assert addresses(d.udp("addr.example")) == ["192.0.2.1", "192.0.2.2"]
    assert addresses(d.udp("addr.example", "AAAA")) == ["2001:db8::1"]
    assert d.udp("addr.example", "TXT").answer[0][0].strings == (b"why", b"not")
    assert not d.udp("addr.example", "MX").answer and d.udp("addr.example", "MX").rcode() == dns.rcode.NOERROR
    assert addresses(d.udp("a.b.onlybelow.example")) == ["192.0.2.3"] and verdict(d, "onlybelow.example") == "true"
    cut = d.udp("tcp.example")
    assert cut.flags & dns.flags.TC and not cut.answer and addresses(d.tcp("tcp.example")) == [TRUE]
    dropped = d.query("drop.example").to_wire()
    assert d.raw_udp(dropped) is None
    assert "1 triggers by an answer's address" in d.log() or "are 1 triggers by an answer's address, 2 by a name server and 1" in d.log()
    assert traffic(d, "udp").get("policy", 0) == 1


def test_of_several_policy_zones_the_first_that_knows_the_name_counts(start):
    """draft-vixie-dns-rpz section 5.1: the order of the zones comes before how long a name is."""
    d = start("block: {lists: [{first}, {second}]}\n",
              first="$TTL 60\n@ SOA a. b. 1 2 3 4 5\nstop.example CNAME .\n*.free.example CNAME rpz-passthru.\n*.tree.example CNAME *.\n",
              second="$TTL 60\n@ SOA a. b. 1 2 3 4 5\nstop.example CNAME rpz-passthru.\nx.free.example CNAME .\n"
                     "x.tree.example CNAME .\ny.other.example CNAME .\n")
    assert verdict(d, "stop.example") == "blocked" and verdict(d, "x.free.example") == "true"
    assert verdict(d, "x.tree.example") == "empty" and verdict(d, "y.other.example") == "blocked"


def test_policy_zone_can_turn_everything_away_but_what_it_names(start):
    d = start("block: {lists: [{zone}]}\n",
              zone="$TTL 60\n$ORIGIN rpz.story.\n@ SOA a. b. 1 2 3 4 5\n* CNAME .\ngood.example CNAME rpz-passthru.\n"
                   "*.good.example CNAME rpz-passthru.\n")
    assert verdict(d, "any.example") == "blocked" and verdict(d, "x.any.example") == "blocked"
    assert verdict(d, "good.example") == verdict(d, "x.good.example") == "true"


# ---- cost ----

@pytest.mark.alone
@pytest.mark.skipif(SANITIZED, reason="bounds of time and memory do not hold with a sanitizer")
def test_list_of_a_million_names_costs_20_octets_a_name_and_nothing_a_lookup(start, tmp_path):
    def resident_kb(d):
        return int(next(line for line in open(f"/proc/{d.process.pid}/status") if line.startswith("VmRSS")).split()[1])

    n = 1_000_000
    (tmp_path / "list").write_text("first.example\n")
    d = start("block: {lists: [{list}]}\n", list="first.example\n")
    before = resident_kb(d)

    def usual_s(name):
        times = []
        for _ in range(200):
            began = time.perf_counter()
            d.udp(name)
            times.append(time.perf_counter() - began)
        return sorted(times)[100]

    d.udp("hit.story.example")
    small = usual_s("hit.story.example")
    with open(tmp_path / "new", "w") as f:
        f.writelines(f"n{i}.zone{i % 997}.example\n" for i in range(n))
    os.rename(tmp_path / "new", tmp_path / "list")
    wait_for(lambda: verdict(d, f"n{n - 1}.zone{(n - 1) % 997}.example") == "blocked", 60, "the million")
    wait_for(lambda: resident_kb(d) - before <= 20 * n // 1024, 10, f"at most {20 * n // 1024} kB more")
    assert usual_s("hit.story.example") < 1.5 * small + 0.0002
