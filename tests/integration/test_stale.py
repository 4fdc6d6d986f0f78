# SPDX-License-Identifier: MIT
"""What is given when nothing fresh is to be had (RFC 8767), as clients see it."""
import time

import dns.flags
import dns.query
import dns.rcode
import pytest

from conftest import edes, holds_for, wait_for
from scripted import Scripted

STALE, STALE_NXDOMAIN = 3, 19
TTL = 1


@pytest.fixture
def story(lab):
    story = Scripted(lab, ttl=TTL)
    yield story
    story.close()


def start(daemon, story, cache):
    return daemon(story.yaml + f"query-timeout: 2s\ncache: {{{cache}}}\nhijack: {{mode: off}}\n")


def learn(d, *questions, **kw):
    """Asks for each and waits until all have expired."""
    for name, rdtype in questions:
        d.udp(name, rdtype, **kw)
    time.sleep(TTL + 0.2)  # only time makes an answer old


def is_stale(reply, code=STALE, ttl=30):
    records = [*reply.answer, *reply.authority]
    return [c for c, _ in edes(reply)] == [code] and {r.ttl for r in records} == {ttl} and not reply.flags & dns.flags.AD


def test_client_timer_gives_the_stale_answer_and_the_fresh_one_follows(story, daemon):
    story.put("www.story.example", "A", "www.story.example 1 A 192.0.2.1")
    d = start(daemon, story, "stale-after: 300ms")
    learn(d, ("www.story.example", "A"))
    story.turn("silent")
    began = time.monotonic()
    reply = d.udp("www.story.example")
    assert 0.25 < time.monotonic() - began < 1.5 and is_stale(reply)
    assert reply.answer[0][0].to_text() == "192.0.2.1"
    story.put("www.story.example", "A", "www.story.example 60 A 192.0.2.2")
    story.turn("good")  # the question that is still under way is answered now
    wait_for(lambda: (r := d.udp("www.story.example")).answer[0][0].to_text() == "192.0.2.2" and not edes(r))


def test_fresh_answer_within_the_client_timer_is_preferred(story, daemon):
    story.put("www.story.example", "A", "www.story.example 1 A 192.0.2.1")
    d = start(daemon, story, "stale-after: 2s")
    learn(d, ("www.story.example", "A"))
    story.put("www.story.example", "A", "www.story.example 60 A 192.0.2.2")
    reply = d.udp("www.story.example")
    assert reply.answer[0][0].to_text() == "192.0.2.2" and not edes(reply)


@pytest.mark.parametrize("mood", ["servfail", "refused", "closed"])
def test_failure_gives_the_stale_answer_at_once_and_is_not_repeated_before_the_recheck(story, daemon, mood):
    story.put("www.story.example", "A", "www.story.example 1 A 192.0.2.1")
    d = start(daemon, story, "stale-after: 10s, stale-recheck: 2s, stale-ttl: 7s")
    learn(d, ("www.story.example", "A"))
    story.turn(mood)
    assert is_stale(d.udp("www.story.example"), ttl=7)
    n = story.n_asked("www.story.example")
    holds_for(lambda: is_stale(d.udp("www.story.example"), ttl=7) and story.n_asked("www.story.example") == n, 1)
    story.turn("good")
    wait_for(lambda: not edes(d.udp("www.story.example")), what="a fresh answer after the recheck")
    assert story.n_asked("www.story.example") > n


def test_without_a_client_timer_the_stale_answer_comes_at_once_and_is_refreshed_behind(story, daemon):
    story.put("www.story.example", "A", "www.story.example 1 A 192.0.2.1")
    d = start(daemon, story, "stale-after: 0s")
    learn(d, ("www.story.example", "A"))
    story.put("www.story.example", "A", "www.story.example 60 A 192.0.2.2")
    reply = d.udp("www.story.example")
    assert is_stale(reply) and reply.answer[0][0].to_text() == "192.0.2.1"
    wait_for(lambda: (r := d.udp("www.story.example")).answer[0][0].to_text() == "192.0.2.2" and not edes(r))


def test_without_a_client_timer_an_outage_costs_one_question_a_recheck(story, daemon):
    story.put("www.story.example", "A", "www.story.example 1 A 192.0.2.1")
    d = start(daemon, story, "stale-after: 0s, stale-recheck: 1m")
    learn(d, ("www.story.example", "A"))
    story.turn("servfail")
    n = story.n_asked("www.story.example")
    assert is_stale(d.udp("www.story.example"))
    wait_for(lambda: story.n_asked("www.story.example") > n)
    wait_for(lambda: d.told("status")["queries"]["refreshing"] == 0, what="its failure, known here")
    n = story.n_asked("www.story.example")
    holds_for(lambda: is_stale(d.udp("www.story.example")) and story.n_asked("www.story.example") == n, 0.5)


def test_absence_of_a_name_and_of_a_type_is_given_stale_too(story, daemon):
    story.put("www.story.example", "A", "www.story.example 1 A 192.0.2.1")
    d = start(daemon, story, "stale-after: 10s")
    learn(d, ("gone.story.example", "A"), ("www.story.example", "MX"))
    story.turn("servfail")
    gone, empty = d.udp("gone.story.example"), d.udp("www.story.example", "MX")
    assert gone.rcode() == dns.rcode.NXDOMAIN and is_stale(gone, STALE_NXDOMAIN)
    assert empty.rcode() == dns.rcode.NOERROR and not empty.answer and is_stale(empty)


def test_chain_of_names_is_stale_as_a_whole(story, daemon):
    story.put("www.story.example", "A", "www.story.example 1 CNAME cdn.story.example.",
              "cdn.story.example 300 A 192.0.2.7")
    d = start(daemon, story, "stale-after: 10s")
    learn(d, ("www.story.example", "A"))
    story.turn("servfail")
    reply = d.udp("www.story.example")
    assert is_stale(reply) and [r.rdtype for r in reply.answer] == [5, 1]
    assert d.udp("cdn.story.example").rcode() == dns.rcode.SERVFAIL  # nothing was learnt of it by itself


def test_chain_is_stale_as_a_whole_when_its_new_end_cannot_be_had(story, daemon):
    story.put("www.story.example", "A", "www.story.example 1 CNAME a.other.example.", "a.other.example 1 A 192.0.2.7")
    d = start(daemon, story, "stale-after: 10s")
    learn(d, ("www.story.example", "A"))
    story.put("www.story.example", "A", "www.story.example 60 CNAME b.other.example.")
    story.craft["b.other.example"] = lambda reply: reply.set_rcode(dns.rcode.REFUSED)
    reply = d.udp("www.story.example")
    assert is_stale(reply) and reply.answer[1][0].to_text() == "192.0.2.7"
    n = story.n_asked("www.story.example")
    assert is_stale(d.udp("www.story.example")) and story.n_asked("www.story.example") == n


def test_stale_answer_for_cd_is_none_without_and_do_none_without_do(story, daemon):
    story.put("www.story.example", "A", "www.story.example 1 A 192.0.2.1")
    d = start(daemon, story, "stale-after: 10s")
    query = d.query("www.story.example")
    query.flags |= dns.flags.CD
    dns.query.udp(query, "127.0.0.1", port=d.port, timeout=5)
    learn(d, ("www.story.example", "A"), want_dnssec=True)
    story.turn("servfail")
    assert d.udp("www.story.example").rcode() == dns.rcode.SERVFAIL
    assert is_stale(d.udp("www.story.example", want_dnssec=True))
    reply = dns.query.udp(query, "127.0.0.1", port=d.port, timeout=5)
    assert is_stale(reply) and reply.flags & dns.flags.CD


def test_answer_past_max_stale_is_none_and_each_failure_renews_it_where_that_is_wanted(story, daemon):
    story.put("www.story.example", "A", "www.story.example 1 A 192.0.2.1")
    strict = start(daemon, story, "stale-after: 10s, max-stale: 2s, stale-recheck: 1s")
    kind = start(daemon, story, "stale-after: 10s, max-stale: 2s, stale-recheck: 1s, stale-renew: yes")
    none = start(daemon, story, "stale-after: 10s, max-stale: 0s")
    for d in (strict, kind, none):
        d.udp("www.story.example")
    learn(strict, ("www.story.example", "A"))
    story.turn("servfail")
    assert none.udp("www.story.example").rcode() == dns.rcode.SERVFAIL
    assert is_stale(strict.udp("www.story.example"))
    end = time.monotonic() + 3.5
    while time.monotonic() < end:
        assert is_stale(kind.udp("www.story.example"))
        time.sleep(0.2)
    assert strict.udp("www.story.example").rcode() == dns.rcode.SERVFAIL


def test_client_without_edns_is_given_the_stale_answer_without_a_reason(story, daemon):
    story.put("www.story.example", "A", "www.story.example 1 A 192.0.2.1")
    d = start(daemon, story, "stale-after: 10s")
    learn(d, ("www.story.example", "A"))
    story.turn("servfail")
    reply = d.udp("www.story.example", use_edns=-1)
    assert reply.edns == -1 and reply.answer[0].ttl == 30


@pytest.mark.parametrize("before", ["address", "absence"])
def test_answer_of_ttl_0_takes_the_place_of_what_is_stale(story, daemon, before):
    """Else it would be told for a day where clients do not wait, and nothing fresh ever."""
    if before == "address":
        story.put("www.story.example", "A", "www.story.example 1 A 192.0.2.1")
    d = start(daemon, story, "stale-after: 0s")
    learn(d, ("www.story.example", "A"))
    story.put("www.story.example", "A", "www.story.example 0 A 192.0.2.2")
    assert is_stale(d.udp("www.story.example"), STALE if before == "address" else STALE_NXDOMAIN)

    def is_fresh():
        reply = d.udp("www.story.example")
        return not edes(reply) and reply.answer and reply.answer[0].ttl == 0 and reply.answer[0][0].to_text() == "192.0.2.2"

    wait_for(is_fresh)
    assert is_fresh()


@pytest.mark.parametrize("after", ["0s", "10s"])
@pytest.mark.parametrize("rcode", [dns.rcode.NXDOMAIN, dns.rcode.NOERROR])
@pytest.mark.parametrize("has_soa", [True, False])
def test_absence_of_ttl_0_or_without_a_soa_takes_the_place_of_what_is_stale(story, daemon, after, rcode, has_soa):
    story.put("www.story.example", "A", "www.story.example 1 A 192.0.2.1")
    d = start(daemon, story, f"stale-after: {after}")
    learn(d, ("www.story.example", "A"))
    story.zone.clear()
    story.ttl = 0
    if rcode == dns.rcode.NOERROR:
        story.put("www.story.example", "MX", "www.story.example 1 MX 1 a.")
    if not has_soa:
        story.craft["www.story.example"] = lambda reply: reply.set_rcode(rcode)

    def is_fresh():
        reply = d.udp("www.story.example")
        return reply.rcode() == rcode and not reply.answer and not edes(reply)

    assert is_stale(d.udp("www.story.example")) if after == "0s" else is_fresh()
    wait_for(is_fresh)
    assert is_fresh() and is_fresh()


def test_failure_of_a_moment_ago_is_no_answer_once_there_is_one_again(story, daemon):
    story.turn("servfail")
    d = start(daemon, story, "stale-after: 0s")
    for code in (22, 13):
        assert edes(d.udp("www.story.example"))[0][0] == code
    story.put("www.story.example", "A", "www.story.example 0 A 192.0.2.1")
    story.turn("good")
    wait_for(lambda: d.udp("www.story.example").answer)
    assert d.udp("www.story.example").answer


def test_absence_told_by_a_provider_takes_the_place_of_what_is_stale(story, daemon):
    story.put("www.story.example", "A", "www.story.example 1 A 192.0.2.1")
    d = start(daemon, story, "stale-after: 10s")
    learn(d, ("www.story.example", "A"))
    story.zone.clear()
    assert d.udp("www.story.example").rcode() == dns.rcode.NXDOMAIN
    time.sleep(TTL + 0.2)
    story.turn("servfail")
    assert is_stale(d.udp("www.story.example"), STALE_NXDOMAIN)
