# SPDX-License-Identifier: MIT
"""What leaves this host beside the question: nothing that the provider need not know, and nothing that the environment
of the daemon asks for."""
import dns.edns
import dns.message
import dns.rcode
import pytest

from origin import Origin, Reply
from proxy import Connect, Socks5
from test_hostile import good
from test_hostile_provider import origin as hostile  # noqa: F401  (a fixture)

# All that a POST says over HTTP/1.1, in lower case; HTTP/2 has the same without Host.
FIELDS = {"host", "user-agent", "accept", "content-type", "content-length"}


@pytest.fixture
def origin(lab):
    # A cookie, and a wish to be told more: neither may be granted.
    fields = [("Set-Cookie", "id=17; Path=/"), ("Accept-CH", "Sec-CH-UA"), ("Alt-Svc", 'h3=":443"'), ("ETag", '"x"')]
    origin = Origin(lab, lambda query: Reply(good(query).wire(), fields=fields))
    yield origin
    origin.close()


def one(lab, origin, *more):
    return ("providers:\n" + origin.yaml(lab, "provider1.lab.example") + "".join(f"    {m}\n" for m in more)
            + "hijack: {mode: off}\nquery-timeout: 2s\n")


def ask(d, *names):
    for name in names:
        assert d.udp(name).rcode() == dns.rcode.NOERROR


def test_post_says_what_is_needed_and_no_more(lab, daemon, origin):
    ask(daemon(one(lab, origin)), "first.example.com", "second.example.com")
    assert len(origin.requests) == 2
    for request, fields, query in origin.requests:
        assert request == "POST /dns-query HTTP/1.1"
        assert set(fields) == FIELDS
        assert fields["user-agent"] == "httpdnsd"  # no version, no system
        assert fields["accept"] == fields["content-type"] == "application/dns-message"
        assert fields["host"] == f"provider1.lab.example:{origin.port}"
        assert fields["content-length"] == str(len(query))
        assert query[:2] == b"\0\0"  # an ID of the client's would tell clients apart


def test_http2_says_no_more_than_http1(lab, daemon, hostile):
    port = hostile.port
    d = daemon(f"providers:\n  - name: two\n    url: https://provider1.lab.example:{port}/dns-query\n    addresses: [127.0.0.1]\n"
               f"    ca-file: {lab.ca}\nhijack: {{mode: off}}\n", start_with=["env", "HTTPS_PROXY=http://127.0.0.1:1", "ALL_PROXY=socks5://127.0.0.1:1"])
    ask(d, "first.wild.honest-lab.net")
    fields = hostile.tell("fields").split(" ")
    assert sorted(fields[:4]) == [f":authority=provider1.lab.example:{port}", ":method=POST", ":path=/dns-query", ":scheme=https"]
    assert fields[4:] == ["user-agent=httpdnsd", "accept=application/dns-message", "content-type=application/dns-message",
                          "content-length=128"]


def test_get_says_no_more_than_post(lab, daemon, origin):
    ask(daemon(one(lab, origin, "protocol: doh-get")), "first.example.com", "second.example.com")
    for request, fields, _ in origin.requests:
        assert request.startswith("GET /dns-query?dns=") and request.endswith(" HTTP/1.1")
        assert set(fields) == {"host", "user-agent", "accept"}


def test_environment_and_home_of_the_daemon_have_no_say(lab, daemon, origin, tmp_path):
    """Proxies, credentials and libraries' options in the environment are other programs' affair."""
    proxies = [Connect(), Socks5()]
    (tmp_path / ".netrc").write_text("machine provider1.lab.example login me password secret\ndefault login me password secret\n")
    (tmp_path / ".curlrc").write_text('proxy = "http://127.0.0.1:1"\nuser-agent = "curlrc"\n')
    keys = tmp_path / "keys"
    environment = {"HOME": tmp_path, "NETRC": tmp_path / ".netrc", "CURL_HOME": tmp_path, "RES_OPTIONS": "attempts:9 rotate",
                   "LOCALDOMAIN": "leak.example", "SSLKEYLOGFILE": keys}
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY"):
        environment[name] = f"http://127.0.0.1:{proxies[0].own_port}"
    for name in ("all_proxy", "ALL_PROXY"):
        environment[name] = f"socks5h://127.0.0.1:{proxies[1].own_port}"
    d = daemon(one(lab, origin), start_with=["env", *(f"{k}={v}" for k, v in environment.items())])
    ask(d, "first.example.com", "second.example.com")
    assert [set(fields) for _, fields, _ in origin.requests] == [FIELDS, FIELDS]
    assert all(fields["user-agent"] == "httpdnsd" for _, fields, _ in origin.requests)
    assert [p.came for p in proxies] == [[], []]
    assert not keys.exists() and "SSLKEYLOGFILE is ignored" in d.log()


def test_no_proxy_of_the_environment_does_not_lead_around_the_configured_one(lab, daemon, origin):
    proxy = Connect()
    ask(daemon(one(lab, origin, f'proxy: "http://127.0.0.1:{proxy.own_port}"'), start_with=["env", "NO_PROXY=*", "no_proxy=*"]),
        "first.example.com")
    assert proxy.asked == [("provider1.lab.example", origin.port)]


LABELS = ["a", "somewhat-longer", "x" * 63, ".".join(["x" * 50] * 4)]


def test_length_of_a_question_does_not_tell_its_name(lab, daemon, origin):
    ask(daemon(one(lab, origin)), *(f"{label}.example.com" for label in LABELS))
    for _, _, query in origin.requests:
        assert len(query) % 128 == 0
        assert dns.edns.OptionType.PADDING in [o.otype for o in dns.message.from_wire(query).options]
    assert len({len(query) for _, _, query in origin.requests[:3]}) == 1


def test_padding_that_is_switched_off_is_not_there(lab, daemon, origin):
    ask(daemon(one(lab, origin, "padding: no")), *(f"{label}.example.com" for label in LABELS))
    messages = [dns.message.from_wire(query) for _, _, query in origin.requests]
    assert [list(m.options) for m in messages] == [[]] * len(LABELS)
    assert len({len(query) for _, _, query in origin.requests}) == len(LABELS)
