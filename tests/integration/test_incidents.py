# SPDX-License-Identifier: MIT
"""An incident's life: found, told once, not told again after a reload, over. And alerts fired on purpose."""
import re
import signal
import subprocess

import dns.rdatatype
import pytest

from conftest import HTTPDNSD, holds_for, wait_for
from liar import Liar, answer, honestly

NAME = "mail.bank-of-lab.com"


@pytest.fixture
def liar(lab):
    """Lies about NAME while `lies` is set; else what the authoritative server says."""
    def says(query):
        question = query.question[0]
        if made.lies and question.name.to_text().rstrip(".") == NAME and question.rdtype == dns.rdatatype.A:
            return answer(query, "10.66.0.1")
        return honestly(lab, query.to_wire())

    made = Liar(says)
    made.lies = True
    yield made
    made.close()


def audit_yaml(liar, **options):
    options = {"mode": "all", "alert": "stderr", "recheck": "1s", "tls-proof": "no", "path-probe": "no", **options}
    return (f'local-resolver: {{servers: ["127.0.0.1:{liar.port}"], filters: no}}\n'
            "hijack: {" + ", ".join(f"{k}: {v}" for k, v in options.items()) + "}\n")


def test_a_lie_that_ends_is_told_to_be_over(lab, daemon, liar):
    d = daemon(lab.provider_yaml() + audit_yaml(liar, **{"clear-after": "3s"}))
    d.udp(NAME)
    wait_for(lambda: [a for a in d.alerts() if "CONFIRMED (P2 bogon)" in a], 15, "the alert")
    liar.lies = False
    over = wait_for(lambda: [a for a in d.alerts() if "CLEARED" in a], 20, "the all-clear")
    assert len(over) == 1 and f"for {NAME}" in over[0]
    holds_for(lambda: len(d.alerts()) == 2, 3)


def test_what_was_alerted_is_not_told_again_after_a_reload(lab, daemon, liar):
    d = daemon(lab.provider_yaml() + audit_yaml(liar, **{"clear-after": "6s"}))
    d.udp(NAME)
    wait_for(d.alerts, 15, "the alert")
    d.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "configuration reloaded" in d.log(), 10, "the reload")
    before = liar.n_asked(NAME)
    # The new auditor looks at what it finds open in the ledger.
    wait_for(lambda: liar.n_asked(NAME) >= before + 2, 20, "the check after the reload")
    holds_for(lambda: len(d.alerts()) == 1, 3)


def test_every_alert_class_can_be_fired_on_purpose(lab, tmp_path):
    config = tmp_path / "httpdnsd.yaml"
    config.write_text(lab.provider_yaml() + "hijack: {alert: stderr}\n")
    command = [str(HTTPDNSD), "--config", str(config), "--alert-test"]
    unknown = subprocess.run([*command, "NONSENSE"], capture_output=True, text=True, timeout=10)
    classes = re.findall(r"(?m)^  (\w+)$", unknown.stderr)
    assert unknown.returncode == 2 and len(classes) >= 14 and "HIJACK_BOGON" in classes
    for name in classes:
        fired = subprocess.run([*command, name], capture_output=True, text=True, timeout=10)
        assert fired.returncode == 0 and "A TEST, asked for" in fired.stderr, name
