# SPDX-License-Identifier: MIT
"""A content network whose addresses are others with each question, over HTTPS and locally, a check a second: no alert, no growth, budgets kept.

HTTPDNSD_SOAK_SECONDS=600 makes it long."""
import os
import time

import pytest

from test_liars import WHY, Case, rigs, rows

SOAK_S = float(os.environ.get("HTTPDNSD_SOAK_SECONDS", 15))
TLS_A_MINUTE, QUESTIONS_A_MEETING, CASES_OPEN = 6, 4, 16
GROWTH_KIB = 8 * 1024
ROW = {"local": "honest", "churn": {"zone": rows.CHURN_ZONE, "local": rigs.EDGES, "control": rigs.ORIGINS}}

pytestmark = pytest.mark.skipif(WHY != "", reason=WHY)


@pytest.fixture
def case(tmp_path):
    rig = rigs.Rig(rigs.Certificates(tmp_path / "certs", [f"*.{rows.CHURN_ZONE}", *rigs.PROVIDER_NAMES]))
    made = Case(rig, tmp_path, ROW)
    yield made
    print(f"--- {made.daemon.log()[-4000:]}")
    made.daemon.stop()
    rig.close()


def memory_kib(daemon):
    with open(f"/proc/{daemon.process.pid}/status") as f:
        return int(f.read().split("VmRSS:")[1].split()[0])


def test_churn_on_both_sides_raises_no_alert_and_keeps_memory_and_budgets(case):
    """Every fourth question is for a name of before, the others for new ones."""
    began, warm, i = time.monotonic(), None, 0
    while time.monotonic() < began + SOAK_S:
        reply = case.daemon.over_unix(f"edge{i - 3 if i % 4 == 3 else i}.{rows.CHURN_ZONE}")
        assert reply.rcode() == 0 and {r.address for r in reply.answer[0]} <= set(rigs.ORIGINS)
        i += 1
        if i == max(10, SOAK_S // 10):
            warm = memory_kib(case.daemon)
        time.sleep(max(0, began + i - time.monotonic()))
    counts, world, minutes = case.counts(), case.rig.say(), (time.monotonic() - began) / 60
    grown = memory_kib(case.daemon) - warm
    print(f"counts: {i} questions in {minutes:.1f} min, {counts}, {world}, memory grew by {grown} KiB from {warm} KiB")
    assert case.alerts() == [] and counts["confirmed"] == 0
    assert counts["checked"] + counts["dropped"] + CASES_OPEN >= i * 3 // 4 and counts["checked"] > i // 8
    assert world["tls"] <= TLS_A_MINUTE * (minutes + 1) + 1
    # Two meetings of a case, and what the probe of random names costs.
    assert world["local"] <= 2 * QUESTIONS_A_MEETING * (counts["checked"] + CASES_OPEN) + 20
    assert grown < GROWTH_KIB
