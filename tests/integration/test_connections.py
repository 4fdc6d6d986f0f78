# SPDX-License-Identifier: MIT
"""What becomes of connections to a provider: how they begin, how long they are used, how they end."""
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import dns.message
import dns.rrset
import origin as origin_module
import pytest
from conftest import holds_for, wait_for
from test_hostile_provider import origin  # noqa: F401  (a fixture)


def one_provider(lab, origin, more="", further=""):
    return (f"providers:\n  - name: origin\n    url: https://provider1.lab.example:{origin.port}/dns-query\n"
            f"    addresses: [127.0.0.1]\n    ca-file: {lab.ca}\n{more}hijack: {{mode: off}}\nworkers: 1\n{further}")


def counts(origin):
    return [int(n) for n in origin.tell("counts").split()]


def ask(d, label):
    r = d.udp(f"{label}.wild.honest-lab.net")
    assert r.rcode() == 0, str(r)


@pytest.mark.parametrize("version", ["tls13", "tls12"])
def test_tls_session_is_resumed_by_the_next_connection(lab, daemon, origin, version):
    if version == "tls12":
        origin.tell("tls12")
    d = daemon(one_provider(lab, origin))
    ask(d, "first")
    assert counts(origin)[0] == 1
    assert origin.tell("resumed") == "0"
    origin.tell("down")
    origin.tell("ok")
    ask(d, "second")
    assert counts(origin)[0] == 2
    assert origin.tell("resumed") == "1"


def test_version_of_http_that_a_provider_speaks_is_told(lab, daemon, origin):
    d = daemon(one_provider(lab, origin))
    assert d.told("providers")["providers"][0]["spoken"] == "unknown"
    ask(d, "once")
    assert d.told("providers")["providers"][0]["spoken"] == "http/2"


def good_reply(wire):
    query = dns.message.from_wire(wire)
    reply = dns.message.make_response(query)
    reply.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "A", "151.101.1.72"))
    return origin_module.Reply(reply.to_wire())


def test_questions_to_a_provider_without_http_2_do_not_wait_for_one_another(lab, daemon):
    n = 20  # more than the connections of one lane
    seen, together, is_first = set(), threading.Event(), True

    def say(wire):
        if not is_first:  # nobody is answered before all have been asked
            seen.add(wire[12:])
            if len(seen) == n:
                together.set()
            together.wait(10)
        return good_reply(wire)

    serial = origin_module.Origin(lab, say)
    d = daemon(f"providers:\n{serial.yaml(lab, 'provider1.lab.example')}hijack: {{mode: off}}\nworkers: 1\n"
               "query-timeout: 10s\n")
    ask(d, "first")
    is_first = False
    with ThreadPoolExecutor(n) as pool:
        assert all(r.rcode() == 0 for r in pool.map(lambda i: d.udp(f"q{i}.wild.honest-lab.net", timeout=12), range(n)))
    assert d.told("providers")["providers"][0]["spoken"] == "http/1.1"
    serial.close()


def test_whether_libcurl_has_http_3_is_told_and_that_a_wish_for_it_has_no_effect(lab, daemon, origin):
    d = daemon(one_provider(lab, origin, more="    http3: yes\n"))
    has = d.told("status")["http3"]
    assert "libcurl/" in d.told("status")["libraries"]
    assert ("http3 has no effect" in d.log()) == (not has)
    ask(d, "all-the-same")
    assert d.told("providers")["providers"][0]["spoken"] == "http/2"


def n_live(origin):
    return int(origin.tell("live"))


def test_connection_is_not_used_that_the_provider_is_about_to_close(lab, daemon, origin):
    d = daemon(one_provider(lab, origin))
    origin.tell("rest 1.2")
    for label in ("one", "two"):
        ask(d, label)
        wait_for(lambda: n_live(origin) == 0, what="the end of a connection that rested")
    ask(d, "three")  # now it is known
    origin.tell("ok")
    assert counts(origin)[0] == 3
    ask(d, "four")  # from now on connections rest for as long as they like
    assert counts(origin)[0] in (3, 4)
    n = counts(origin)[0]
    holds_for(lambda: n_live(origin) >= 1, 1.0)
    ask(d, "five")
    assert counts(origin)[0] == n + 1


@pytest.mark.alone
def test_old_connection_is_replaced_and_no_question_feels_it(lab, daemon, origin):
    d = daemon(one_provider(lab, origin, further="connection-age: 2s\n"))
    began, took = time.monotonic(), []
    while time.monotonic() < began + 7:
        asked = time.monotonic()
        ask(d, f"q{len(took)}")
        took.append(time.monotonic() - asked)
    n_connections, n_requests = counts(origin)
    print(f"{len(took)} questions, the slowest {max(took[1:]) * 1e3:.1f} ms, {n_connections} connections", file=sys.stderr)
    assert 3 <= n_connections <= 5
    assert n_requests == len(took) + n_connections - 1  # one copy for each new connection
    wait_for(lambda: n_live(origin) == 1, what="the end of the old connections")
    assert d.told("providers")["providers"][0]["failed"] == 0


def test_rarely_asked_provider_has_its_old_connection_replaced_beside_a_question(lab, daemon, origin):
    d = daemon(one_provider(lab, origin, further="connection-age: 1s\n"))
    ask(d, "first")
    holds_for(lambda: n_live(origin) == 1, 1.1)
    ask(d, "second")
    wait_for(lambda: counts(origin) == [2, 3] and n_live(origin) == 1, what="one connection, a new one")


@pytest.mark.alone
def test_nothing_is_lost_when_a_provider_says_goodbye_with_questions_under_way(lab, daemon, origin):
    d = daemon(one_provider(lab, origin))
    origin.tell("leave 50")

    def ask_timed(i):
        asked = time.monotonic()
        ask(d, f"goodbye{i}")
        return time.monotonic() - asked

    def failures_of_a_round(label):
        before = d.told("providers")["providers"][0]["failed"]
        with ThreadPoolExecutor(6) as pool:
            took = list(pool.map(ask_timed, (f"{label}-{i}" for i in range(600))))
        failed = d.told("providers")["providers"][0]["failed"] - before
        print(f"{counts(origin)}: the slowest {max(took) * 1e3:.0f} ms, {failed} failures", file=sys.stderr)
        return failed

    # A busy machine may be silent for too long, now and then; an error for each goodbye shows in every round.
    assert any(failures_of_a_round(label) <= 3 for label in ("one", "two", "three"))
    n_connections, n_requests = counts(origin)
    assert n_connections >= 600 / 50
    assert n_requests > 600  # some had not been seen, and were asked once more


def redirecting(lab, daemon, allowed, status, where):
    """A provider whose /dns-query is elsewhere; what it was asked, and what the client was told."""

    def say(wire):
        path = serial.requests[-1][0].split()[1]
        return good_reply(wire) if path == "/elsewhere" else origin_module.Reply(
            status=status, media_type=None, fields=[("Location", where.format(port=serial.port))])

    serial = origin_module.Origin(lab, say)
    d = daemon(f"providers:\n{serial.yaml(lab, 'provider1.lab.example')}    allow-redirects: {allowed}\n"
               "hijack: {mode: off}\nworkers: 1\n")
    rcode = d.udp("moved.wild.honest-lab.net").rcode()
    serial.close()
    return rcode, [(request.split()[:2], query) for request, _, query in serial.requests]


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("where", ["/elsewhere", "https://provider1.lab.example:{port}/elsewhere"])
def test_redirection_to_the_same_host_is_followed_where_that_is_allowed(lab, daemon, status, where):
    rcode, asked = redirecting(lab, daemon, "yes", status, where)
    assert rcode == 0
    assert [words for words, _ in asked] == [["POST", "/dns-query"], ["POST", "/elsewhere"]]
    assert asked[0][1] == asked[1][1] != b""


@pytest.mark.parametrize("allowed,status,where", [
    ("no", 307, "/elsewhere"),
    ("yes", 302, "/elsewhere"),  # would turn POST into GET
    ("yes", 307, "http://provider1.lab.example:{port}/elsewhere"),
    ("yes", 307, "https://provider2.lab.example:{port}/elsewhere"),
    ("yes", 307, "https://127.0.0.1:{port}/elsewhere"),
    ("yes", 307, "/dns-query")])
def test_other_redirections_are_not_followed_nor_any_twice(lab, daemon, allowed, status, where):
    rcode, asked = redirecting(lab, daemon, allowed, status, where)
    assert rcode == 2
    assert all(words[1] == "/dns-query" for words, _ in asked)
    assert len(asked) <= (4 if where == "/dns-query" else 2)  # an attempt may be made twice
