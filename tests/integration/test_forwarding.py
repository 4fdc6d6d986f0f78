# SPDX-License-Identifier: MIT
"""What a forwarder does with what it is asked and told: bits, times, chains, absences, referrals."""
import time

import dns.edns
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from conftest import edes, wait_for
from scripted import Scripted

A1, A2 = "192.0.2.1", "192.0.2.2"


@pytest.fixture
def story(lab):
    story = Scripted(lab, ttl=300)
    yield story
    story.close()


@pytest.fixture
def start(story, daemon):
    return lambda more="": daemon(story.yaml + "hijack: {mode: off}\n" + more)


def last_query(story):
    return dns.message.from_wire(story.origin.requests[-1][2])


def ask(d, name, rdtype="A", flags=dns.flags.RD, **kw):
    query = d.query(name, rdtype, **kw)
    query.flags = flags
    return dns.query.udp(query, "127.0.0.1", port=d.port, timeout=8)


def texts(reply):
    return [f"{rrset.name} {dns.rdatatype.to_text(rrset.rdtype)} {rd}" for rrset in reply.answer for rd in rrset]


def rrset(name, ttl, rdtype, *rdata):
    return dns.rrset.from_text(name, ttl, "IN", rdtype, *rdata)


@pytest.mark.parametrize("flags", [0, dns.flags.CD, dns.flags.AD, dns.flags.CD | dns.flags.AD])
@pytest.mark.parametrize("want_dnssec", [False, True])
def test_cd_and_do_go_upstream_as_they_came_and_ad_is_told_to_who_asks(story, start, flags, want_dnssec):
    story.put("www.story.example", "A", f"www.story.example 300 A {A1}")
    story.flags = dns.flags.AD | dns.flags.AA
    reply = ask(start(), "www.story.example", flags=dns.flags.RD | flags, want_dnssec=want_dnssec)
    sent = last_query(story)
    assert bool(sent.flags & dns.flags.CD) == bool(flags & dns.flags.CD)
    assert bool(sent.ednsflags & dns.flags.DO) == want_dnssec and sent.flags & dns.flags.RD
    assert bool(reply.flags & dns.flags.AD) == (want_dnssec or bool(flags & dns.flags.AD))
    assert not reply.flags & dns.flags.AA and bool(reply.flags & dns.flags.CD) == bool(flags & dns.flags.CD)
    assert bool(reply.ednsflags & dns.flags.DO) == want_dnssec


def test_options_of_a_client_go_no_further_and_only_ours_come_back(story, start):
    story.put("www.story.example", "A", f"www.story.example 300 A {A1}")
    options = [dns.edns.ECSOption("192.0.2.0", 24), dns.edns.GenericOption(3, b""), dns.edns.GenericOption(10, b"12345678"),
               dns.edns.GenericOption(9, b""), dns.edns.GenericOption(12, b"\0" * 30), dns.edns.GenericOption(65001, b"x")]
    reply = ask(start(), "www.story.example", options=options)
    assert reply.answer and list(reply.options) == []
    assert {o.otype for o in last_query(story).options} <= {12}  # our padding


def test_rd_0_is_answered_from_the_cache_alone(story, start):
    story.put("www.story.example", "A", f"www.story.example 300 A {A1}")
    d = start()
    assert ask(d, "www.story.example", flags=0).rcode() == dns.rcode.REFUSED and not story.origin.requests
    ask(d, "www.story.example")
    reply = ask(d, "www.story.example", flags=0)
    assert reply.answer and not reply.flags & dns.flags.RD and reply.flags & dns.flags.RA


def test_case_of_the_question_comes_back_and_is_one_entry_of_the_cache(story, start):
    story.put("www.story.example", "A", f"www.story.example 300 A {A1}")
    d = start()
    for name in ("wWw.StOrY.exAmple", "WWW.story.EXAMPLE"):
        reply = d.udp(name)
        assert str(reply.question[0].name) == name + "." and reply.answer
    assert story.n_asked("www.story.example") == 1 and str(last_query(story).question[0].name) == "www.story.example."


def test_chain_of_names_comes_whole_and_lives_as_long_as_its_shortest(story, start):
    story.put("www.story.example", "A", "www.story.example 300 CNAME a.story.example.", "a.story.example 1 CNAME b.story.example.",
              f"b.story.example 300 A {A1}")
    d = start()
    assert [t.split()[1] for t in texts(d.udp("www.story.example"))] == ["CNAME", "CNAME", "A"]
    wait_for(lambda: d.udp("www.story.example") and story.n_asked("www.story.example") == 2, 3, "the end of its shortest life")


def test_chain_that_ends_in_the_middle_is_followed_to_its_end(story, start):
    """As a server that is authoritative for the first name alone answers."""
    story.put("www.story.example", "A", "www.story.example 300 CNAME a.other.example.")
    story.put("a.other.example", "A", "a.other.example 200 CNAME b.third.example.")
    story.put("b.third.example", "A", f"b.third.example 100 A {A1}")
    d = start()
    for _ in range(2):
        reply = d.udp("wWw.story.example")
        assert texts(reply) == ["wWw.story.example. CNAME a.other.example.", "a.other.example. CNAME b.third.example.",
                                f"b.third.example. A {A1}"]
        assert [rrset.ttl for rrset in reply.answer] == [300, 200, 100]
    assert story.n_asked("www.story.example") == 1  # the whole is kept


def test_chain_that_ends_in_the_middle_tells_what_its_target_is_not(story, start):
    story.put("www.story.example", "A", "www.story.example 300 CNAME gone.other.example.")
    story.put("www.story.example", "AAAA", "www.story.example 300 CNAME four.other.example.")
    story.put("four.other.example", "A", f"four.other.example 300 A {A1}")
    d = start()
    gone, empty = d.udp("www.story.example"), d.udp("www.story.example", "AAAA")
    assert gone.rcode() == dns.rcode.NXDOMAIN and texts(gone) == ["www.story.example. CNAME gone.other.example."]
    assert empty.rcode() == dns.rcode.NOERROR and texts(empty) == ["www.story.example. CNAME four.other.example."]
    assert gone.authority and empty.authority


def test_chain_without_an_end_is_servfail_and_costs_few_questions(story, start):
    story.put("a.story.example", "A", "a.story.example 300 CNAME b.story.example.")
    story.put("b.story.example", "A", "b.story.example 300 CNAME a.story.example.")
    story.put("self.story.example", "A", "self.story.example 300 CNAME self.story.example.")
    d = start()
    assert d.udp("a.story.example").rcode() == dns.rcode.SERVFAIL
    assert len(story.origin.requests) <= 20
    assert d.udp("self.story.example").rcode() == dns.rcode.SERVFAIL
    assert d.udp("localhost").answer


def test_chain_of_17_is_servfail(story, start):
    names = [f"n{i}.story.example" for i in range(18)]
    story.put(names[0], "A", *[f"{a} 300 CNAME {b}." for a, b in zip(names, names[1:])], f"{names[-1]} 300 A {A1}")
    reply = start().udp(names[0])
    assert reply.rcode() == dns.rcode.SERVFAIL and edes(reply)


def test_tree_that_is_redirected_is_told_with_its_dname(story, start):
    story.put("www.old.story.example", "A", "old.story.example 300 DNAME new.story.example.",
              "www.old.story.example 300 CNAME www.new.story.example.", f"www.new.story.example 300 A {A1}")
    assert [t.split()[1] for t in texts(start().udp("www.old.story.example"))] == ["DNAME", "CNAME", "A"]


def test_absence_is_kept_as_its_soa_says_and_not_without_one(story, start):
    story.put("www.story.example", "A", f"www.story.example 300 A {A1}")
    story.craft["bare.story.example"] = lambda reply: reply.set_rcode(dns.rcode.NXDOMAIN)
    story.craft["empty.story.example"] = lambda reply: None
    d = start()
    for _ in range(3):
        assert d.udp("gone.story.example").rcode() == dns.rcode.NXDOMAIN
        assert d.udp("www.story.example", "MX").rcode() == dns.rcode.NOERROR
        assert d.udp("bare.story.example").rcode() == dns.rcode.NXDOMAIN
        assert d.udp("empty.story.example").rcode() == dns.rcode.NOERROR
    assert [story.n_asked(f"{n}.story.example") for n in ("gone", "www", "bare", "empty")] == [1, 1, 3, 3]


def test_absence_of_a_target_is_kept_with_its_chain(story, start):
    def gone(reply):
        reply.set_rcode(dns.rcode.NXDOMAIN)
        reply.answer.append(rrset("www.story.example.", 300, "CNAME", "gone.story.example."))
        reply.authority.append(rrset("story.example.", 60, "SOA", "ns. host. 1 2 3 4 60"))

    story.craft["www.story.example"] = gone
    d = start()
    for _ in range(2):
        reply = d.udp("www.story.example")
        assert reply.rcode() == dns.rcode.NXDOMAIN and len(reply.answer) == 1 and reply.authority
    assert story.n_asked("www.story.example") == 1


def test_referral_is_no_answer(story, start):
    """A server that does not recurse names another: a stub would take that for the absence of the name."""

    def refer(reply):
        reply.authority.append(rrset("story.example.", 300, "NS", "ns1.story.example."))
        reply.additional.append(rrset("ns1.story.example.", 300, "A", A2))

    story.craft["www.story.example"] = refer
    reply = start().udp("www.story.example")
    assert reply.rcode() == dns.rcode.SERVFAIL and not reply.authority and "referral" in edes(reply)[0][1]


def test_provider_that_refers_is_followed_by_the_next(story, daemon, lab):
    story.craft["www.bank-of-lab.com"] = lambda reply: reply.authority.append(rrset("com.", 300, "NS", "ns1.com."))
    second = lab.provider_yaml().split("  - name: lab2")[1]
    d = daemon(story.yaml + f"  - name: lab2{second}" + "hijack: {mode: off}\n")
    assert d.udp("www.bank-of-lab.com").answer


def test_what_stands_beside_the_answer_is_left_out(story, start):
    def loud(reply):
        reply.answer.append(rrset("www.story.example.", 300, "A", A1))
        reply.answer.append(rrset("victim.example.", 300, "A", A2))
        reply.authority.append(rrset("story.example.", 300, "NS", "ns.story.example."))
        reply.authority.append(rrset("victim.example.", 300, "NS", "ns.evil.example."))
        reply.additional.append(rrset("ns.story.example.", 300, "A", A2))

    story.craft["www.story.example"] = loud
    d = start()
    reply = d.udp("www.story.example")
    assert texts(reply) == [f"www.story.example. A {A1}"] and not reply.additional
    assert [str(s.name) for s in reply.authority] == ["story.example."]
    assert d.udp("victim.example").rcode() == dns.rcode.NXDOMAIN  # asked for itself
    minimal = start("answers: minimal\n").udp("www.story.example")
    assert texts(minimal) == [f"www.story.example. A {A1}"] and not minimal.authority and not minimal.additional


@pytest.mark.parametrize("rcode", ["servfail", "refused", "notimp", "formerr", "yxrrset", "badvers"])
def test_error_of_a_provider_is_servfail_with_a_reason_and_kept_for_a_moment(story, start, rcode):
    """A client to whom we refuse nothing is not told REFUSED, nor that we do not know how to ask."""
    code = dns.rcode.from_text(rcode)

    def fail(reply):
        if code > 15:
            reply.use_edns(0)
        reply.set_rcode(code)

    story.craft["www.story.example"] = fail
    d = start()
    first = d.udp("www.story.example")
    assert first.rcode() == dns.rcode.SERVFAIL and not first.answer
    # FORMERR is asked for once more without EDNS, and then it is about our message
    assert edes(first) == [(23, "origin: it finds our message bad") if rcode == "formerr" else (22, f"origin: rcode {rcode.upper()}")]
    second = d.udp("www.story.example")
    assert second.rcode() == dns.rcode.SERVFAIL and edes(second) == [(13, edes(first)[0][1])]
    assert story.n_asked("www.story.example") <= 2
    story.craft.clear()
    story.put("www.story.example", "A", f"www.story.example 300 A {A1}")
    wait_for(lambda: d.udp("www.story.example").answer, what="the end of the error")


def test_reason_that_a_provider_gives_for_its_error_is_passed_on(story, start):
    def refuse(reply):
        reply.use_edns(0, options=[dns.edns.GenericOption(15, b"\0\x11not for you")])
        reply.set_rcode(dns.rcode.REFUSED)

    story.craft["www.story.example"] = refuse
    reply = start().udp("www.story.example")
    assert reply.rcode() == dns.rcode.SERVFAIL and [c for c, _ in edes(reply)] == [17]


def test_ttl_counts_down_and_ttl_0_is_asked_each_time(story, start):
    story.put("www.story.example", "A", f"www.story.example 100 A {A1}")
    story.put("now.story.example", "A", f"now.story.example 0 A {A1}")
    d = start()
    assert d.udp("www.story.example").answer[0].ttl == 100
    began = time.monotonic()
    ttl = wait_for(lambda: (ttl := d.udp("www.story.example").answer[0].ttl) < 100 and ttl, what="a second")
    assert 100 - ttl <= time.monotonic() - began + 1
    for _ in range(3):
        assert d.udp("now.story.example").answer[0].ttl == 0
    assert story.n_asked("www.story.example") == 1 and story.n_asked("now.story.example") == 3


def test_any_is_forwarded_where_that_is_wanted(story, start):
    story.put("www.story.example", "ANY", f"www.story.example 300 A {A1}", "www.story.example 300 TXT \"x\"")
    d = start("any: forward\n")
    assert sorted(t.split()[1] for t in texts(d.udp("www.story.example", "ANY"))) == ["A", "TXT"]
    assert texts(start().udp("www.story.example", "ANY")) == ['www.story.example. HINFO "RFC8482" ""']


def test_wildcard_answers_are_told_for_the_name_that_was_asked(story, start):
    story.craft["x.wild.story.example"] = lambda reply: reply.answer.append(rrset("x.wild.story.example.", 300, "A", A1))
    d = start()
    assert texts(d.udp("x.wild.story.example")) == [f"x.wild.story.example. A {A1}"]
    assert d.udp("y.wild.story.example").rcode() == dns.rcode.NXDOMAIN


def test_answer_to_another_question_is_servfail(story, start):
    story.wrong.add("www.story.example")
    reply = start().udp("www.story.example")
    assert reply.rcode() == dns.rcode.SERVFAIL and edes(reply)


def test_large_answer_is_cut_over_udp_and_whole_over_tcp(story, start):
    story.put("big.story.example", "TXT", *[f'big.story.example 300 TXT "{i:03d}{"x" * 200}"' for i in range(200)])
    d = start()
    cut = d.udp("big.story.example", "TXT", payload=1232)
    assert cut.flags & dns.flags.TC and not cut.answer
    whole = d.tcp("big.story.example", "TXT")
    assert not whole.flags & dns.flags.TC and sum(len(s) for s in whole.answer) == 200
