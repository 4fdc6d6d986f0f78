# SPDX-License-Identifier: MIT
"""Oblivious DoH: the daemon, a relay and a target; the latter two share no code with the daemon."""
import itertools

import dns.message
import dns.rcode
import pytest

from conftest import edes, wait_for

pytest.importorskip("cryptography", reason="python3-cryptography is not installed: the lab's target has no HPKE")
import odoh  # noqa: E402
from proxy import Socks5  # noqa: E402

pytestmark = pytest.mark.alone


@pytest.fixture
def oblivious(lab, tmp_path):
    made = odoh.Oblivious(lab, tmp_path)
    yield made
    made.stop()


@pytest.fixture
def alone(daemon, oblivious):
    """A daemon with no other provider."""
    return daemon("workers: 1\nproviders:\n" + oblivious.yaml() + "hijack: {mode: off}\n")


@pytest.fixture
def beside(daemon, oblivious, lab):
    """A daemon that has the lab's two DoH providers behind the oblivious one."""
    return daemon("workers: 1\nproviders:\n" + oblivious.yaml() + lab.provider_yaml().removeprefix("providers:\n")
                  + "hijack: {mode: off}\n")


def is_right(reply):
    return reply.rcode() == dns.rcode.NOERROR and reply.answer[0][0].address == "151.101.1.72"


def answered_anew(d, seconds=25):
    """Asks for one new name after another until one is answered: a key is fetched once in 10 s at most."""
    names = (f"again{i}.wild.honest-lab.net" for i in itertools.count())
    wait_for(lambda: is_right(d.udp(next(names))), seconds, "an answer with the new key")


def test_answer_comes_through_relay_and_target(alone, oblivious):
    assert is_right(alone.udp("one.wild.honest-lab.net"))
    assert alone.udp("not-there.example.com").rcode() == dns.rcode.NXDOMAIN
    assert len(alone.tcp("size200.honest-lab.net", "TXT").answer[0]) == 200  # 38 kB in one reply
    assert oblivious.target.n_fetched == 1
    message = dns.message.from_wire(oblivious.target.asked[0][0])
    assert message.id == 0 and str(message.question[0].name) == "one.wild.honest-lab.net."
    assert [o.otype for o in message.options] == []  # no padding, no cookie, no subnet


def test_relay_sees_neither_names_nor_how_long_they_are_nor_who_we_are(alone, oblivious):
    for name in ("a.wild.honest-lab.net", "somewhat-longer-than-that.wild.honest-lab.net"):
        assert is_right(alone.udp(name))
    seen = oblivious.relay.seen
    assert len(seen) == 2
    for request in seen:
        assert b"honest" not in request["body"] and "honest" not in request["path"]
        assert request["path"] == f"/proxy?targethost={odoh.TARGET}%3A{oblivious.target.port}&targetpath=%2Fdns-query"
        assert set(request["headers"]) == {"Host", "Accept", "Content-Type", "Content-Length"}
        assert request["headers"]["Content-Type"] == request["headers"]["Accept"] == odoh.MEDIA_TYPE
    assert len(seen[0]["body"]) == len(seen[1]["body"])
    assert seen[0]["body"][37:69] != seen[1]["body"][37:69]  # an ephemeral key for each
    assert [n % 128 for _, n in oblivious.target.asked] == [0, 0]


def test_proxy_carries_questions_and_the_fetch_of_the_key(daemon, oblivious):
    """Else the target would see this host's own address, which the proxy is there to hide."""
    proxy = Socks5()
    d = daemon(f'workers: 1\nproviders:\n{oblivious.yaml()}    proxy: "socks5://127.0.0.1:{proxy.own_port}"\nhijack: {{mode: off}}\n')
    assert is_right(d.udp("one.wild.honest-lab.net"))
    assert oblivious.target.n_fetched == 1
    assert {port for _, port in proxy.asked} == {oblivious.relay.port, oblivious.target.port}


@pytest.mark.parametrize("mode", ["", "empty"])
def test_new_key_of_the_target_is_fetched_when_the_old_one_is_refused(alone, oblivious, mode):
    """A 401, or the empty 200 that some relays make of it."""
    assert is_right(alone.udp("before.wild.honest-lab.net"))
    oblivious.relay.mode = mode
    oblivious.target.rotate()
    answered_anew(alone)
    assert oblivious.target.n_fetched == 2


def test_first_questions_wait_for_one_fetch_of_the_key(alone, oblivious):
    with alone.tcp_stream() as stream:
        names = [f"first{i}.wild.honest-lab.net" for i in range(20)]
        stream.send(*[alone.query(name).to_wire() for name in names])
        replies = [dns.message.from_wire(stream.receive()) for _ in names]
    assert all(is_right(reply) for reply in replies)
    assert oblivious.target.n_fetched == 1


@pytest.mark.parametrize("mode, reason", [
    ("502", "oblivious: the relay could not reach the target"),
    ("html", "oblivious: media type is not application/oblivious-dns-message"),
])
def test_what_the_relay_says_instead_is_told_and_another_provider_answers(alone, beside, oblivious, mode, reason):
    oblivious.relay.mode = mode
    reply = alone.udp("a.wild.honest-lab.net")
    assert reply.rcode() == dns.rcode.SERVFAIL and edes(reply)[0][1] == reason
    assert is_right(beside.udp("b.wild.honest-lab.net"))


def test_another_provider_answers_when_the_target_is_gone(beside, oblivious):
    # A busy machine may make the target look late, so that the other answers first.
    names = (f"a{i}.wild.honest-lab.net" for i in range(1000))
    wait_for(lambda: is_right(beside.udp(next(names))) and oblivious.target.asked, 20, "an answer by way of the target")
    oblivious.target.http.shutdown()
    oblivious.target.http.server_close()
    for i in range(5):
        assert is_right(beside.udp(f"gone{i}.wild.honest-lab.net"))


def test_key_from_a_file_spares_the_fetch(daemon, oblivious, tmp_path):
    keys = tmp_path / "odohconfigs"
    keys.write_bytes(oblivious.target.key.configs)
    d = daemon("providers:\n" + oblivious.yaml() + f"    odoh-configs-file: {keys}\nhijack: {{mode: off}}\n")
    assert is_right(d.udp("a.wild.honest-lab.net"))
    assert oblivious.target.n_fetched == 0
