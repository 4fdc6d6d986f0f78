# SPDX-License-Identifier: MIT
"""The laboratory of liars: one row of the taxonomy after the other, in network namespaces, by the real daemon.

Each liar that can be proved ends in its verdict; nothing that is honest but odd raises an alert. Rows run side by side, each in namespaces of
its own. HTTPDNSD_LIAR_RUNS runs each so many times, HTTPDNSD_LIAR_RIGS says how many side by side."""
import json
import os
import queue
import re
import struct
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import BUILD, HTTPDNSCTL, HTTPDNSD, ROOT, Daemon, holds_for, wait_for

sys.path.insert(0, str(ROOT / "tests" / "lab" / "liars"))
import mmdb  # noqa: E402  (found by conftest)
import rig as rigs  # noqa: E402  (found by the line above)
import rows  # noqa: E402

WHY = rigs.missing()
pytestmark = pytest.mark.skipif(WHY != "", reason=WHY)

RUNS = int(os.environ.get("HTTPDNSD_LIAR_RUNS", "1"))
N_RIGS = int(os.environ.get("HTTPDNSD_LIAR_RIGS", "6"))
ROWS = {**rows.LIARS, **rows.HONEST}
BUDGET_S = 40  # a lie is proved, and a check is over, within
LOOK_S = 8  # what is honest is looked at so long: the path probe and a second meeting are over by then
LEAP_FIRST_S, LEAP_S = 201, 3700  # past the patrol's first turn; past what a verdict stands, and the next turn
LEAP = BUILD / "tests" / "lab" / "libleap.so"
READS_MMDB = "MaxMind" in subprocess.run([HTTPDNSD, "--version"], capture_output=True, text=True).stdout


def eventually(condition, what):
    """Within the budget; not so often that the asking itself is a load."""
    return wait_for(condition, BUDGET_S, what, every=0.25)


class Case:
    """One world and one daemon in it."""

    def __init__(self, rig, folder, row):
        self.rig, self.row = rig, row
        self.state = {"truth": rows.TRUTH, "local": "honest", "options": {}, "tls": {}, "providers": {}, "ttl": 300, "signed": [], "churn": {},
                      "inject": {}, "serial": 1}
        self.state.update({k: v for k, v in row.items() if k in self.state})
        rig.nft(rigs.rules_of(row["nft"]) if "nft" in row else "")
        rig.say(**self.state)
        self.leap_file = folder / "leap"
        self.leap_file.write_bytes(bytes(8))
        self.daemon = Daemon(folder, rig.provider_yaml() + "cache: {size: 0}\n" + self.audit_yaml(), start_with=[*rig.exec(), *self.leaping()])
        self.daemon.start()

    def audit_yaml(self):
        row, database = self.row, self.leap_file.parent / "asn.mmdb"
        if "asn" in row:
            mmdb.write(database, rigs.ASNS)
        lists = ""
        if "listed" in row:
            scope, entries = row["listed"]
            path = self.leap_file.parent / "listed"
            path.write_text("".join(entry + "\n" for entry in entries))
            lists = f', fingerprints: ["{scope}:{path}"]'
        mode = f"watchlist, watchlist: [{rows.NAME}]" if "turns" in row else "all"
        return (f"local-resolver: {{servers: [{row.get('server', rigs.LOCAL)}], filters: {row.get('filters', 'auto')}}}\n"
                f"hijack: {{mode: {mode}, alert: stderr, recheck: 1s, ca-file: {self.rig.certificates.folder}/ca.pem, "
                f"asn-database: {database if 'asn' in row else 'off'}{lists}}}\n")

    def leaping(self):
        """What makes the daemon's clocks leap, where the row needs that."""
        if "turns" not in self.row:
            return []
        return ["env", f"LEAP_FILE={self.leap_file}", f"LD_PRELOAD={LEAP}", f"ASAN_OPTIONS=verify_asan_link_order=0:{os.environ.get('ASAN_OPTIONS', '')}"]

    # ---- what happens ----

    def play(self):
        if "turns" in self.row:
            self.patrol()
            return
        for i, (name, rdtype) in enumerate(self.row.get("asks", [(rows.NAME, "A")])):
            self.ask(name, rdtype)
            if i + 1 < len(self.row.get("asks", [])):
                eventually(lambda: self.counts()["checked"] > i, "the check before the next question")

    def ask(self, name, rdtype="A"):
        return subprocess.run([*self.rig.exec(), "dig", "@127.0.0.1", "-p", str(self.daemon.port), "+tries=1", "+time=6", name, rdtype],
                              capture_output=True, text=True).stdout

    def patrol(self):
        """The patrol's turns; time leaps to each. Between them nothing is under way."""
        eventually(lambda: self.counts()["checked"] >= 1, "the probe")
        ahead_s = 0
        for turn in range(self.row["turns"]):
            self.wait_until_quiet()
            for at, state in self.row.get("then", []):
                if at == turn:
                    self.rig.say(**state)
            n_checked = self.counts()["checked"]
            ahead_s += LEAP_S if turn else LEAP_FIRST_S
            with open(self.leap_file, "r+b") as f:  # mapped: it must never be shorter
                f.write(struct.pack("=q", ahead_s))
            eventually(lambda: self.counts()["checked"] > n_checked, f"the check of turn {turn}")

    def wait_until_quiet(self):
        """Nobody was asked anything for a while."""
        seen = [None, time.monotonic()]

        def is_quiet():
            now = self.rig.say()
            if now != seen[0]:
                seen[:] = [now, time.monotonic()]
            return time.monotonic() > seen[1] + 0.7

        eventually(is_quiet, "quiet")

    # ---- what came of it ----

    def control(self, command):
        got = subprocess.run([HTTPDNSCTL, "--json", "--socket", self.daemon.folder / "control.sock", command], capture_output=True, text=True)
        return json.loads(got.stdout)

    def counts(self):
        return self.control("status")["cross-check"]

    def verdicts(self):
        return {(v["verdict"], v["rule"], v["finding"]) for v in self.control("hijacks")["verdicts"]}

    def alerts(self):
        """What was told, save what is mere information and due in this row."""
        told = [line for line in self.daemon.log().splitlines() if re.search(r"CONFIRMED|FILTERED|STALE|CLUSTER|GOES ON|CLEARED", line)]
        due = "DNS state {} ({} ".format(*self.row.get("ends", ["-", "-"]))
        return [line for line in told if due not in line]

    def proof(self):
        """The alerts, once they are what the row wants."""
        alerts = self.alerts()
        proved = any(f" ({rule} " in alert for rule in self.row["proved"] for alert in alerts)
        return alerts if proved and any(self.row.get("tells", "") in alert for alert in alerts) else None

    def n_checks(self):
        return self.row.get("checks", self.row.get("turns", len(self.row.get("asks", [1]))) + 1)

    def run(self):
        """Plays the row; returns the alerts and how many seconds it took."""
        began = time.monotonic()
        self.play()
        if "proved" in self.row:
            return eventually(self.proof, "the alert"), time.monotonic() - began
        # The name's check, where it is one to be checked, and the one for random names that begins with the daemon.
        eventually(lambda: self.counts()["checked"] >= self.n_checks(), "the end of the check")
        took = time.monotonic() - began
        if "ends" in self.row:
            eventually(lambda: self.row["ends"] in self.verdicts(), f"the verdict {self.row['ends']}")
        if "consistent" in self.row:
            assert self.counts()["consistent"] == self.row["consistent"], self.counts()
        assert self.row.get("never") not in {rule for _, rule, _ in self.verdicts()}
        holds_for(lambda: self.alerts() == [], began + LOOK_S - time.monotonic())
        return self.alerts(), took

    def end(self):
        code = self.daemon.stop()
        assert code == 0, f"ended with {code}"


class Laboratory:
    """Rigs side by side, and threads that play rows in them."""

    def __init__(self, folder, plays):
        self.folder, self.free, self.rigs = folder, queue.Queue(), []
        self.certificates = rigs.Certificates(folder / "certs", [*rows.NAMES, "example.com", f"*.{rows.CHURN_ZONE}", *rigs.PROVIDER_NAMES])
        self.pool = ThreadPoolExecutor(min(N_RIGS, len(plays)), initializer=self.add_rig)
        self.played = {play: self.pool.submit(self.play, *play) for play in plays}

    def add_rig(self):
        self.rigs.append(rigs.Rig(self.certificates))
        self.free.put(self.rigs[-1])

    def play(self, row, run):
        """What came of it, and the daemon's log."""
        if "asn" in ROWS[row] and not READS_MMDB:
            return [], 0, "", "this build reads no MaxMind files"
        rig, folder = self.free.get(), self.folder / f"{len(list(self.folder.iterdir()))}-{abs(hash((row, run)))}"
        folder.mkdir()
        case = None
        try:
            case = Case(rig, folder, ROWS[row])
            return *case.run(), case.daemon.log(), ""
        except Exception as e:
            raise AssertionError(f"{row}: {e}\n{case and case.daemon.log()[-4000:]}") from e
        finally:
            try:
                if case is not None:
                    case.end()
            finally:
                self.free.put(rig)

    def close(self):
        self.pool.shutdown(cancel_futures=True)
        for rig in self.rigs:
            rig.close()


@pytest.fixture(scope="module")
def laboratory(request, tmp_path_factory):
    mine = [item.callspec.params for item in request.session.items if item.fspath == request.fspath and hasattr(item, "callspec")]
    made = Laboratory(tmp_path_factory.mktemp("liars"), [(p["row"], p["run"]) for p in mine if "row" in p])
    yield made
    made.close()


@pytest.fixture
def played(laboratory, row, run):
    alerts, took, log, why = laboratory.played[row, run].result()
    if why:
        pytest.skip(why)
    print(f"--- {took:.1f} s\n{log[-4000:]}")
    return alerts


@pytest.mark.parametrize("run", range(RUNS))
@pytest.mark.parametrize("row", rows.LIARS)
def test_a_lie_that_can_be_proved_is_proved(played, row, run):
    assert played != []


@pytest.mark.parametrize("run", range(RUNS))
@pytest.mark.parametrize("row", rows.HONEST)
def test_what_is_honest_but_odd_raises_no_alert(played, row, run):
    assert played == []
