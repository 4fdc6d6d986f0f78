# SPDX-License-Identifier: MIT
"""A local resolver that leads back to us is found out, whatever its address is."""
import dns.query
import pytest

from conftest import holds_for, lab_module, wait_for
from liar import Liar
from test_control import ask_json
from test_incidents import audit_yaml

WARNING = "what the local resolver 127.0.0.1:{} is asked comes back to us"


@pytest.fixture
def stub():
    """Asks whoever is at `made.to` what it is asked."""
    made = Liar(lambda query: dns.query.udp(query, "127.0.0.1", port=made.to, timeout=5))
    made.to = lab_module.free_ports(1)[0]
    yield made
    made.close()


def test_a_stub_that_asks_us_is_said_and_left_out(lab, daemon, stub):
    d = daemon(f'listen: ["udp://127.0.0.1:{stub.to}"]\n' + lab.provider_yaml() + audit_yaml(stub))
    wait_for(lambda: WARNING.format(stub.port) in d.log(), 15, "the warning")
    n = len(stub.asked)
    d.port = stub.to
    assert d.udp("www2.wild.honest-lab.net").answer
    holds_for(lambda: len(stub.asked) == n, 3)
    assert ask_json(d, "status")["cross-check"]["checked"] == 0


def test_our_own_listener_on_every_address_is_known_as_ourselves(lab, daemon, stub):
    d = daemon(f'listen: ["udp://0.0.0.0:{stub.to}"]\n' + lab.provider_yaml()
               + audit_yaml(stub).replace(f"127.0.0.1:{stub.port}", f"127.0.0.1:{stub.to}"), start=False)
    d.start(ready=False)
    assert d.process.wait(10) == 78
    assert f"'127.0.0.1:{stub.to}' is our own listener udp://0.0.0.0:{stub.to}" in d.log()
