# SPDX-License-Identifier: MIT
"""What is remembered, for how long, and what is not."""
import dns.rcode

from conftest import wait_for


def n_asked(lab, name):
    return lab.n_asked(0, name) + lab.n_asked(1, name)


def ask_until_counted(lab, d, name, rdtype="A", **kw):
    """Asks once and waits until the provider's log shows it."""
    before = n_asked(lab, name)
    reply = d.udp(name, rdtype, **kw)
    wait_for(lambda: n_asked(lab, name) > before, what="the provider's log")
    return reply


def test_second_question_is_answered_from_the_cache_with_a_lower_ttl(lab, daemon):
    d = daemon()
    name = "k1.wild.honest-lab.net"
    first = ask_until_counted(lab, d, name)
    aged = wait_for(lambda: (r := d.udp(name)).answer[0].ttl < first.answer[0].ttl and r, what="a lower TTL")
    assert aged.answer[0][0] == first.answer[0][0]
    assert n_asked(lab, name) == 1


def test_name_that_does_not_exist_is_remembered_by_its_soa(lab, daemon):
    d = daemon()
    name = "k2.news-lab.org"
    reply = ask_until_counted(lab, d, name)
    assert reply.rcode() == dns.rcode.NXDOMAIN
    assert reply.authority[0].ttl <= 60
    assert d.udp(name).rcode() == dns.rcode.NXDOMAIN
    assert n_asked(lab, name) == 1


def test_type_that_does_not_exist_is_remembered_too(lab, daemon):
    d = daemon()
    name = "textonly.honest-lab.net"
    before = n_asked(lab, name)
    assert ask_until_counted(lab, d, name, "MX").answer == []
    assert d.udp(name, "MX").answer == []
    assert n_asked(lab, name) == before + 1


def test_dnssec_answers_and_plain_ones_are_kept_apart(lab, daemon):
    d = daemon()
    assert len(d.udp("signed-lab.com").answer) == 1
    assert len(d.udp("signed-lab.com", want_dnssec=True).answer) == 2
    assert len(d.udp("signed-lab.com").answer) == 1


def test_ttl_0_is_asked_each_time(lab, daemon):
    d = daemon()
    name = "never.honest-lab.net"
    before = n_asked(lab, name)
    for _ in range(3):
        assert ask_until_counted(lab, d, name).answer[0].ttl == 0
    assert n_asked(lab, name) == before + 3


def test_expired_answer_is_asked_again(lab, daemon):
    d = daemon()
    name = "brief.honest-lab.net"
    ask_until_counted(lab, d, name)
    before = n_asked(lab, name)
    wait_for(lambda: d.udp(name) and n_asked(lab, name) > before, what="a second question")


def test_min_and_max_ttl_bound_what_clients_see(lab, daemon):
    d = daemon(lab.provider_yaml() + "hijack: {mode: off}\ncache: {min-ttl: 30s, max-ttl: 60s}\n")
    assert 29 <= d.udp("brief.honest-lab.net").answer[0].ttl <= 30
    assert 59 <= d.udp("example.com").answer[0].ttl <= 60


def test_cache_of_size_0_keeps_nothing(lab, daemon):
    d = daemon(lab.provider_yaml() + "hijack: {mode: off}\ncache: {size: 0}\n")
    name = "k7.wild.honest-lab.net"
    ask_until_counted(lab, d, name)
    ask_until_counted(lab, d, name)
