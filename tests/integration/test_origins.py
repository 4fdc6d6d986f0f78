# SPDX-License-Identifier: MIT
"""Where addresses belong: the ASN database in the running daemon, and what it changes in a verdict."""
import subprocess

import dns.rdatatype
import mmdb
import pytest

from conftest import HTTPDNSD, wait_for
from liar import Liar, answer, honestly
from test_control import ask_json
from test_incidents import audit_yaml

NAME, HERE, ELSEWHERE = "www2.wild.honest-lab.net", "151.101.1.72", "62.1.1.1"
FORMATS = subprocess.run([HTTPDNSD, "--version"], capture_output=True, text=True).stdout
needs_mmdb = pytest.mark.skipif("MaxMind" not in FORMATS, reason="this build reads no MaxMind files")


@pytest.fixture
def elsewhere(lab):
    """A local resolver that gives NAME another address: of the same network, or of none."""
    def says(query):
        question = query.question[0]
        if question.name.to_text().rstrip(".") == NAME and question.rdtype == dns.rdatatype.A:
            return answer(query, ELSEWHERE)
        return honestly(lab, query.to_wire())

    made = Liar(says)
    yield made
    made.close()


def start(lab, daemon, local, database):
    d = daemon(lab.provider_yaml() + audit_yaml(local, **{"asn-database": database}))
    d.udp(NAME)
    return d


@needs_mmdb
def test_another_address_of_the_same_operator_is_consistent(lab, daemon, elsewhere, tmp_path):
    mmdb.write(tmp_path / "asn.mmdb", {"151.101.0.0/16": 64500, "62.1.0.0/16": 64500, "2a04:4e42::/32": 64501})
    d = start(lab, daemon, elsewhere, tmp_path / "asn.mmdb")
    # NAME and the probe.
    wait_for(lambda: ask_json(d, "status")["cross-check"]["consistent"] >= 2, 20, "the check")
    assert ask_json(d, "status")["cross-check"]["inconclusive"] == 0
    assert f"ASN database {tmp_path}/asn.mmdb (MaxMind)" in d.log()


@needs_mmdb
@pytest.mark.parametrize("networks", [
    {"151.101.0.0/16": 64500, "62.1.0.0/16": 64501},
    {"151.101.0.0/16": 64500, "62.1.0.0/16": 64500, "127.0.0.0/8": 64500},
], ids=["another operator's", "the local resolver's own operator's"])
def test_what_is_elsewhere_or_in_the_access_network_stays_inconclusive(lab, daemon, elsewhere, tmp_path, networks):
    mmdb.write(tmp_path / "asn.mmdb", networks)
    d = start(lab, daemon, elsewhere, tmp_path / "asn.mmdb")
    wait_for(lambda: ask_json(d, "status")["cross-check"]["inconclusive"] >= 1, 20, "the check")


def test_without_a_database_difference_is_inconclusive(lab, daemon, elsewhere):
    d = start(lab, daemon, elsewhere, "off")
    wait_for(lambda: ask_json(d, "status")["cross-check"]["inconclusive"] >= 1, 20, "the check")
    assert "ASN database" not in d.log()


@pytest.mark.parametrize("content, why", [(None, "No such file"), (b"nonsense" * 100, "")], ids=["missing", "damaged"])
def test_a_database_that_cannot_be_read_is_said_and_changes_nothing_else(lab, daemon, elsewhere, tmp_path, content, why):
    if content is not None:
        (tmp_path / "asn.mmdb").write_bytes(content)
    d = start(lab, daemon, elsewhere, tmp_path / "asn.mmdb")
    wait_for(lambda: f"hijack.asn-database {tmp_path}/asn.mmdb cannot be used: {why}" in d.log(), 10, "the warning")
    assert d.udp(NAME).answer
    wait_for(lambda: ask_json(d, "status")["cross-check"]["inconclusive"] >= 1, 20, "the check")


def test_mode_off_opens_no_database(lab, daemon):
    d = daemon(lab.provider_yaml() + "hijack: {mode: off, asn-database: /nonexistent.mmdb}\n")
    assert d.udp(NAME).answer
    assert "ASN database" not in d.log() and "asn-database" not in d.log()
