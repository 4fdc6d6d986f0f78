# SPDX-License-Identifier: MIT
"""What becomes of connections to a provider: how they begin, how long they are used, how they end."""
import pytest

from conftest import wait_for
from test_hostile_provider import Origin, origin  # noqa: F401  (a fixture)


def one_provider(lab, origin, more="", further=""):
    return (f"providers:\n  - name: origin\n    url: https://provider1.lab.example:{origin.port}/dns-query\n"
            f"    addresses: [127.0.0.1]\n    ca-file: {lab.ca}\n{more}hijack: {{mode: off}}\nworkers: 1\n{further}")


def counts(origin):
    return [int(n) for n in origin.tell("counts").split()]


def ask(d, label):
    assert d.udp(f"{label}.wild.honest-lab.net").rcode() == 0


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
