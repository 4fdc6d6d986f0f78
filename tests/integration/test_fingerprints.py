# SPDX-License-Identifier: MIT
"""Lists of known block addresses in the running daemon: read in the background, proof by their scope, read again when they change."""
import dns.rdatatype
import pytest

from conftest import wait_for
from liar import Liar, answer, honestly
from test_control import ask_json
from test_incidents import audit_yaml

NAME, OTHER, PAGE = "mail.bank-of-lab.com", "www2.wild.honest-lab.net", "62.1.1.1"


@pytest.fixture
def block_page(lab):
    """A local resolver that leads two names to a block page."""
    def says(query):
        question = query.question[0]
        if question.name.to_text().rstrip(".") in (NAME, OTHER) and question.rdtype == dns.rdatatype.A:
            return answer(query, PAGE)
        return honestly(lab, query.to_wire())

    made = Liar(says)
    yield made
    made.close()


def start(lab, daemon, local, *lists):
    return daemon(lab.provider_yaml() + audit_yaml(local, fingerprints="[" + ", ".join(lists) + "]"))


def test_a_redirect_to_a_listed_block_page_is_proved(lab, daemon, block_page, tmp_path):
    (tmp_path / "pages.txt").write_text(f"# block pages\n{PAGE}\n")
    d = start(lab, daemon, block_page, f"isp:{tmp_path}/pages.txt")
    wait_for(lambda: "1 known block addresses and names" in d.log(), 10, "the list")
    d.udp(NAME)
    alerts = wait_for(d.alerts, 20, "the alert")
    assert "CONFIRMED (P7 redirect)" in alerts[0] and PAGE in alerts[0]


def test_a_list_that_changes_is_read_again_and_a_bad_one_changes_nothing(lab, daemon, block_page, tmp_path):
    pages = tmp_path / "pages.txt"
    pages.write_text("192.0.2.77\n")
    d = start(lab, daemon, block_page, f"nation:{pages}")
    wait_for(lambda: "1 known block addresses" in d.log(), 10, "the list")
    d.udp(NAME)
    wait_for(lambda: ask_json(d, "status")["cross-check"]["inconclusive"] >= 1, 20, "the check")
    pages.write_text("192.0.2.77\nhttp://no-address/\n")
    wait_for(lambda: f"{pages}:2: an address or a name is due here" in d.log(), 20, "the warning")
    wait_for(lambda: "the block addresses read before stay in force" in d.log(), 5, "what becomes of it")
    pages.write_text(f"192.0.2.77\n{PAGE}\n")
    wait_for(lambda: "2 known block addresses" in d.log(), 20, "the list, read again")
    d.udp(OTHER)
    assert "P7" in wait_for(d.alerts, 20, "the alert")[0]


def test_a_list_that_is_not_there_is_said_and_the_others_count(lab, daemon, block_page, tmp_path):
    (tmp_path / "pages.txt").write_text(PAGE + "\n")
    d = start(lab, daemon, block_page, f"isp:{tmp_path}/none.txt", f"isp:{tmp_path}/pages.txt")
    wait_for(lambda: f"hijack.fingerprints: {tmp_path}/none.txt: No such file" in d.log(), 10, "the warning")
    d.udp(NAME)
    assert "P7" in wait_for(d.alerts, 20, "the alert")[0]
