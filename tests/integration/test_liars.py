# SPDX-License-Identifier: MIT
"""The laboratory of liars: one row of the taxonomy after the other, in network namespaces, by the real daemon.

Each liar that can be proved ends in its verdict; nothing that is honest but odd raises an alert. HTTPDNSD_LIAR_RUNS runs each so many times."""
import json
import os
import re
import subprocess
import sys

import pytest

from conftest import HTTPDNSCTL, ROOT, Daemon, wait_for

sys.path.insert(0, str(ROOT / "tests" / "lab" / "liars"))
import rig as rigs  # noqa: E402  (found by the line above)

WHY = rigs.missing()
pytestmark = pytest.mark.skipif(WHY != "", reason=WHY)

RUNS = int(os.environ.get("HTTPDNSD_LIAR_RUNS", "1"))
NAME, OTHERS = "www.bank-one.com", ["www.shop-two.net", "mail.club-three.org", "www.news-four.com"]
NAMES = [NAME, *OTHERS]
TRUTH = {
    **{name: {"A": [rigs.ORIGINS[i]], "AAAA": [rigs.V6[0]], "HTTPS": ["1 . alpn=h2"]} for i, name in enumerate(NAMES)},
    "example.com": {"A": [rigs.ORIGINS[6]], "AAAA": [rigs.V6[0]]},
    "ipv4only.arpa": {"A": ["192.0.0.170", "192.0.0.171"]},
}
TARGET = {"names": [NAME]}

# What the world is, and the verdict and rule that must be alerted.
LIARS = {
    "T1 injector on the path": ({"local": "race", "options": {**TARGET, "say": [rigs.BAD[0]]}, "tls": {rigs.BAD[0]: "wrong"}}, {"P4", "P1"}),
    "T2 transparent proxy of port 53": ({"nft": True, "local": "forge", "options": {**TARGET, "say": ["10.10.34.34"]}}, {"P2", "P9", "P5"}),
    "T2 the access provider answers for public resolvers": ({"nft": "only public", "local": "honest"}, {"P9"}),
    "T3 block page with another's certificate": ({"local": "forge", "options": {**TARGET, "say": [rigs.BAD[0]]}, "tls": {rigs.BAD[0]: "wrong"}}, {"P1"}),
    "T3 block page with a certificate nobody trusts": ({"local": "forge", "options": {**TARGET, "say": [rigs.BAD[0]]}, "tls": {rigs.BAD[0]: "untrusted"}}, {"P1"}),
    "T3 block page in the access provider's own network": ({"local": "forge", "options": {**TARGET, "say": [rigs.ISP_PAGE]}, "tls": {rigs.ISP_PAGE: "wrong"}}, {"P1"}),
    "T4 search page for what does not exist": ({"local": "wildcard", "options": {"say": [rigs.ISP_PAGE]}}, {"P3"}),
    "T5 a name that exists is said not to": ({"local": "deny", "options": TARGET}, {"P11"}),
    "T6 bogon": ({"local": "forge", "options": {**TARGET, "say": ["10.10.34.36"]}}, {"P2"}),
    "T6 bogon in IPv6": ({"local": "forge", "options": {**TARGET, "say": ["2001::1f0d:5e0f"]}, "type": "AAAA"}, {"P2"}),
    "T8/EDE a filter that says so": ({"local": "declared", "options": {**TARGET, "ede": 16}}, {"P8"}),
    "T13 CNAME to a block page": ({"local": "cname", "options": {**TARGET, "to": "block.isp-page.net.", "say": [rigs.BAD[1]]},
                                   "tls": {rigs.BAD[1]: "wrong"}}, {"P1"}),
}

# Honest, or not to be proved: no alert of any class.
HONEST = {
    "agrees": {"local": "honest"},
    "another content network with a valid certificate": {"local": "own_truth", "options": {"truth": {NAME: {"A": [rigs.EDGES[0]]}}}},
    "disjoint answers, TLS down at both": {"local": "own_truth", "options": {"truth": {NAME: {"A": [rigs.EDGES[0]]}}}, "tls": {"*": "closed"}},
    "TLS broken at both": {"local": "own_truth", "options": {"truth": {NAME: {"A": [rigs.EDGES[0]]}}}, "tls": {"*": "untrusted"}},
    "TLS down at the local answer only": {"local": "own_truth", "options": {"truth": {NAME: {"A": [rigs.EDGES[0]]}}}, "tls": {rigs.EDGES[0]: "closed"}},
    "answers everything twice, the same": {"local": "race_twins"},
    "TTL stretched": {"local": "long_ttl", "options": {"ttl": 86400}},
    "stale, and says so": {"local": "stale", "options": {**TARGET, "declared": True, "truth": {NAME: {"A": [rigs.ORIGINS[5]]}}}},
    "no AAAA": {"local": "no_type", "options": {"types": ["AAAA"]}, "type": "AAAA"},
    "no HTTPS records": {"local": "no_type", "options": {"types": ["HTTPS"]}},
    "DNS64": {"local": "dns64", "type": "AAAA", "truth": {**TRUTH, NAME: {"A": [rigs.ORIGINS[0]]}}},
    "case lost": {"local": "lower_case"},
    "truncates": {"local": "truncate"},
    "truncates, and refuses TCP": {"local": "truncate", "options": {"no_tcp": True}},
    "captive portal": {"local": "portal", "options": {"say": ["10.0.0.1"]}},
    "refuses everything": {"local": "refuse_all"},
    "refuses everything, no recursion": {"local": "refuse_all", "options": {"ra": False}},
    "silent": {"local": "silent"},
    "SERVFAIL for a name that is broken everywhere": {"local": "deny", "options": {**TARGET, "rcode": "SERVFAIL"},
                                                      "providers": {a: {"mute": True} for a in rigs.PROVIDERS}, "checks": 1},
    "a name that nobody has": {"local": "honest", "ask": "www.nosuch-five.com"},
    "rebinding by the owner": {"local": "honest", "truth": {**TRUTH, NAME: {"A": ["192.168.1.10"]}}},
    "the providers are the ones that filter": {"local": "honest", "providers": {a: {"filter": [NAME], "zero": True} for a in rigs.PROVIDERS[:2]}},
    "one provider is polluted": {"local": "honest", "providers": {rigs.PROVIDERS[0]: {"truth": {NAME: {"A": [rigs.BAD[2]]}}}}},
    "split horizon": {"local": "forge", "options": {"names": ["intranet.corp"], "say": ["10.1.1.1"]}, "ask": "intranet.corp", "checks": 1},
    "a proxy that passes TLS": {"local": "forge", "options": {**TARGET, "say": [rigs.EDGES[3]]}},
    "garbage": {"local": "garbage"},
}

DNAT = """
table ip liar {
    chain path {
        type nat hook prerouting priority dstnat;
        iifname "lan0" udp dport 53 ip daddr WHOM dnat to 62.138.116.53
        iifname "lan0" tcp dport 53 ip daddr WHOM dnat to 62.138.116.53
    }
}
"""
WHOM = {True: "!= 62.138.116.53", "only public": f"{{ {', '.join(rigs.PUBLIC)} }}"}


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    made = rigs.Rig(tmp_path_factory.mktemp("liars"), [*NAMES, "example.com"])
    yield made
    made.close()


class Case:
    """One world and one daemon in it."""

    def __init__(self, rig, folder, world):
        state = {"truth": TRUTH, "local": "honest", "options": {}, "tls": {}, "providers": {}, "ttl": 300}
        state.update({k: v for k, v in world.items() if k in state})
        rig.nft(DNAT.replace("WHOM", WHOM[world["nft"]]) if world.get("nft") else "")
        rig.say(**state)
        self.rig, self.name, self.type = rig, world.get("ask", NAME), world.get("type", "A")
        self.daemon = Daemon(folder, rig.provider_yaml() + "cache: {size: 0}\n"
                             f"local-resolver: {{servers: [{rigs.LOCAL}]}}\n"
                             f"hijack: {{mode: all, alert: stderr, recheck: 1s, ca-file: {rig.certificates.folder}/ca.pem}}\n",
                             start_with=rig.exec())
        self.daemon.start()

    def ask(self):
        subprocess.run([*self.rig.exec(), "dig", "@127.0.0.1", "-p", str(self.daemon.port), "+tries=1", "+time=6", self.name, self.type],
                       capture_output=True)

    def counts(self):
        got = subprocess.run([HTTPDNSCTL, "--json", "--socket", self.daemon.folder / "control.sock", "status"], capture_output=True, text=True)
        return json.loads(got.stdout)["cross-check"]

    def alerts(self):
        return [line for line in self.daemon.log().splitlines() if re.search(r"CONFIRMED|STALE|CLUSTER|GOES ON|CLEARED", line)]

    def end(self):
        code = self.daemon.stop()
        assert code == 0, self.daemon.log()
        return self.alerts()


@pytest.fixture
def case(rig, tmp_path_factory):
    made = []

    def make(world):
        made.append(Case(rig, tmp_path_factory.mktemp("d"), world))
        return made[-1]

    yield make
    for one in made:
        print(f"--- {one.daemon.log()[-3000:]}")
        if one.daemon.process.poll() is None:
            one.end()


@pytest.mark.parametrize("run", range(RUNS))
@pytest.mark.parametrize("liar", LIARS)
def test_a_lie_that_can_be_proved_is_proved(case, liar, run):
    world, rules = LIARS[liar]
    one = case(world)
    one.ask()
    alerts = wait_for(one.alerts, 40, f"the alert for {liar}")
    assert any(f"CONFIRMED ({rule} " in alert for rule in rules for alert in alerts), alerts


@pytest.mark.parametrize("run", range(RUNS))
@pytest.mark.parametrize("oddity", HONEST)
def test_what_is_honest_but_odd_raises_no_alert(case, oddity, run):
    one = case(HONEST[oddity])
    one.ask()
    # The name's check, where it is one to be checked, and the one for random names that begins with the daemon.
    wait_for(lambda: one.counts()["checked"] >= HONEST[oddity].get("checks", 2), 45, f"the end of the check of {oddity}")
    assert one.end() == []
