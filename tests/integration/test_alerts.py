# SPDX-License-Identifier: MIT
"""The lab's local resolver lies; what is proved is told once, and nothing else."""
import signal

import dns.rcode
import pytest

from conftest import holds_for, lab_module, wait_for

HONEST = ["www.bank-of-lab.com", "shop.honest-lab.net", "example.com", "www.signed-lab.com", "nosuch.honest-lab.net"]


@pytest.fixture
def audited(lab, daemon):
    return daemon(lab.provider_yaml() + lab.audit_yaml())


def alerts_of(d, rule):
    return [a for a in d.alerts() if f"({rule} " in a]


def test_both_provable_lies_raise_exactly_one_alert_each(lab, audited):
    d = audited
    for _ in range(3):
        assert d.udp("mail.bank-of-lab.com").answer[0][0].address == "185.31.17.30"
        assert d.udp("login.bank-of-lab.com").answer[0][0].address == "185.31.17.20"
        for name in HONEST:
            d.udp(name)
        assert d.udp("nosuch-in-the-lab.com").rcode() == dns.rcode.NXDOMAIN
    wait_for(lambda: alerts_of(d, "P2") and alerts_of(d, "P3"), 15, "both alerts")
    wait_for(lambda: lab.n_asked_local("login.bank-of-lab.com") > 0, 10, "the check of the redirected name")
    for name in ["mail.bank-of-lab.com", "nosuch2-in-the-lab.com", "nosuch3-in-the-lab.com"]:
        d.udp(name)
    holds_for(lambda: len(d.alerts()) == 2, 4)


def test_alert_names_the_name_both_answers_the_rule_and_the_liar(lab, audited):
    d = audited
    d.udp("mail.bank-of-lab.com")
    private = wait_for(lambda: alerts_of(d, "P2"), 15, "the alert")[0]
    for part in ("mail.bank-of-lab.com", "10.66.0.1", "185.31.17.30", f"127.0.0.1:{lab.local_port}", "P2", "CONFIRMED"):
        assert part in private
    rewrite = wait_for(lambda: alerts_of(d, "P3"), 15, "the alert")[0]
    for part in (lab_module.SEARCH_PAGE, "NXDOMAIN", f"127.0.0.1:{lab.local_port}", "P3", "CONFIRMED"):
        assert part in rewrite


def test_one_provider_alone_is_no_proof(lab, daemon):
    d = daemon(lab.provider_yaml().split("  - name: lab2")[0] + lab.audit_yaml())
    d.udp("mail.bank-of-lab.com")
    wait_for(lambda: lab.n_asked_local("mail.bank-of-lab.com") > 0, 10, "the check")
    holds_for(lambda: d.alerts() == [], 4)


def test_resolver_that_may_be_the_users_own_filter_is_not_accused_of_private_addresses(lab, daemon):
    before = lab.n_asked_local("mail.bank-of-lab.com")
    d = daemon(lab.provider_yaml() + lab.audit_yaml().replace("filters: no", "filters: auto"))
    d.udp("mail.bank-of-lab.com")
    wait_for(lambda: lab.n_asked_local("mail.bank-of-lab.com") > before, 10, "the check")
    wait_for(lambda: alerts_of(d, "P3"), 15, "the other alert")
    holds_for(lambda: alerts_of(d, "P2") == [], 3)


def test_mode_off_asks_the_local_resolver_nothing(lab, daemon):
    name = "off.wild.honest-lab.net"
    d = daemon(lab.provider_yaml() + lab.audit_yaml(mode="off"))
    d.udp(name)
    holds_for(lambda: lab.n_asked_local(name) == 0, 2)


def test_mode_canary_shows_the_local_resolver_none_of_the_users_names(lab, daemon):
    name = "mine.wild.honest-lab.net"
    d = daemon(lab.provider_yaml() + lab.audit_yaml(mode="canary"))
    d.udp(name)
    wait_for(lambda: alerts_of(d, "P3"), 15, "the alert that canaries can prove")
    assert lab.n_asked_local(name) == 0


def test_dead_local_resolver_never_touches_a_clients_answer(lab, daemon):
    d = daemon(lab.provider_yaml() + lab.audit_yaml())
    lab.local.signal(signal.SIGSTOP)
    try:
        for i in range(30):
            assert d.udp(f"dead{i}.wild.honest-lab.net", timeout=3).rcode() == dns.rcode.NOERROR
        holds_for(lambda: d.alerts() == [], 3)
    finally:
        lab.local.signal(signal.SIGCONT)
