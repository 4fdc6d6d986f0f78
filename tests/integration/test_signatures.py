# SPDX-License-Identifier: MIT
"""A signed name, and a local resolver that alters it: its own signature gives it away, if it leaves one."""
import socket
import struct

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset
import pytest

from conftest import holds_for, lab_module, wait_for
from liar import Liar
from test_incidents import audit_yaml

pytest.importorskip("h2", reason="python3-h2 is not installed: no provider that validates")
import hostile  # noqa: E402  (found by conftest; needs h2)

NAME, FORGED = "mail.signed-lab.com", "62.1.1.1"
AD = 0x20


def ask_lab(lab, wire):
    """The lab's authoritative server over TCP: its keys are too long for a datagram."""
    with socket.create_connection(("127.0.0.1", lab.dns_ports[0]), timeout=5) as s:
        s.sendall(struct.pack("!H", len(wire)) + wire)
        stream = s.makefile("rb")
        return stream.read(struct.unpack("!H", stream.read(2))[0])


class Validator(hostile.Origin):
    """Answers as the lab does, and says that it has validated (or, with `ad` unset, that it has not)."""

    def __init__(self, lab):
        self.lab, self.ad = lab, True
        super().__init__(lab_module.free_ports(1)[0], lab.folder / "leaf.pem", lab.folder / "leaf.key")

    def reply(self, http, stream, query, replies):
        body = bytearray(ask_lab(self.lab, query))
        body[3] = body[3] | AD if self.ad else body[3] & ~AD
        http.send_headers(stream, [(":status", "200"), ("content-type", "application/dns-message"),
                                   ("content-length", str(len(body)))])
        http.send_data(stream, bytes(body), end_stream=True)


@pytest.fixture
def validators(lab):
    made = [Validator(lab) for _ in lab_module.PROVIDERS]
    yield made
    for one in made:
        one.go_down()


def validators_yaml(lab, validators):
    return "providers:\n" + "".join(
        f"  - {{name: v{i}, url: https://{name}:{one.port}/dns-query, addresses: [127.0.0.1], ca-file: {lab.ca}}}\n"
        for i, (name, one) in enumerate(zip(lab_module.PROVIDERS, validators)))


@pytest.fixture
def forger(lab):
    """Gives another address for NAME, with the true signature beside it unless it `strips`."""
    def says(query):
        reply = dns.message.from_wire(ask_lab(lab, query.to_wire()))
        question = query.question[0]
        if question.name.to_text().rstrip(".") == NAME and question.rdtype == dns.rdatatype.A:
            made.n_do += bool(query.ednsflags & dns.flags.DO)
            signatures = [r for r in reply.answer if r.rdtype == dns.rdatatype.RRSIG and not made.strips]
            reply.answer = [dns.rrset.from_text(question.name, 300, "IN", "A", FORGED), *signatures]
        return reply

    made = Liar(says)
    made.strips, made.n_do = False, 0
    yield made
    made.close()


def test_an_altered_answer_is_proved_by_the_signature_left_beside_it(lab, daemon, validators, forger):
    d = daemon(validators_yaml(lab, validators) + audit_yaml(forger))
    d.udp(NAME)
    alert = wait_for(lambda: [a for a in d.alerts() if "(P6 " in a], 20, "the alert")[0]
    for part in ("CONFIRMED", NAME, FORGED, "a signature that does not hold", f"127.0.0.1:{forger.port}"):
        assert part in alert
    assert forger.n_do == 2


@pytest.mark.parametrize("how", ["stripped", "not validated"])
def test_without_a_signature_or_a_validated_key_nothing_is_proved(lab, daemon, validators, forger, how):
    forger.strips = how == "stripped"
    for one in validators:
        one.ad = how != "not validated"
    d = daemon(validators_yaml(lab, validators) + audit_yaml(forger))
    d.udp(NAME)
    wait_for(lambda: forger.n_asked(NAME) >= 2, 20, "the check")
    holds_for(lambda: d.alerts() == [], 5)
    assert forger.n_do == (1 if how == "stripped" else 0)
