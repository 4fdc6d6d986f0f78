# SPDX-License-Identifier: MIT
"""Real answers, changed: what other networks, other resolvers and poorer records would show. The verdicts must not hang on what happens to stand in
the part of the data that is at hand."""
import copy
import json
import random

import pytest

import convert
from test_replay import ALERTING, AT_LEAST_PROBABLE, DATA, LISTS, judge

BENIGN = ["facebook_local_vs_public", "multivantage_benign_pdns", "wikimedia_geodns_truth", "ooni_measurements", "censoredplanet_satellite"]
BOGONS = ["10.10.34.35", "10.0.2.14", "192.168.1.1", "172.31.255.1", "100.64.0.1", "127.0.0.1", "0.0.0.0", "169.254.1.1", "243.185.187.39", "198.51.100.9",
          "192.0.2.7", "239.1.2.3"]


def dice():
    return random.Random("the same each time")


def rows(name, *labels):
    path = DATA / f"{name}.csv.gz"
    if not path.exists():
        pytest.skip(f"no {path}")
    found = [case for label, case in convert.convert(path) if label in labels and case["meetings"][0].get("local")]
    assert found
    return found


def changed(case, change, *arguments):
    other = copy.deepcopy(case)
    change(other, other["meetings"][0], *arguments)
    return other


def without(key):
    """The record lacks it, of all parties."""
    def change(case, meeting):
        for said in [meeting["local"], *meeting["controls"]]:
            said.pop(key, None)
    return change


def with_local(**members):
    return lambda case, meeting: meeting["local"].update(members)


def with_controls(n):
    def change(case, meeting):
        meeting["controls"] = meeting["controls"][:n]
    return change


def of_case(**members):
    return lambda case, meeting: case.update(members)


def silent_control(case, meeting):
    meeting["controls"] = (meeting["controls"] + [{"answered": False}])[-4:]


NOISE = {
    "no networks": without("asns"), "no flags": without("flags"), "no TTLs": without("ttl_s"), "no times": without("rtt_ms"), "no chains": without("cname"),
    "TTL 0": with_local(ttl_s=0), "TTL of a day": with_local(ttl_s=86400), "TTL beyond all": with_local(ttl_s=2**32 - 1), "AA": with_local(flags=["aa", "ra"]),
    "case lost": with_local(case_lost=True), "fast": with_local(rtt_ms=0.1), "slow": with_local(rtt_ms=4000), "a control that is silent": silent_control,
    "a resolver that may be one's own": of_case(local_may_filter=True), "no history": of_case(history={}),
}
POORER = {
    "no control": with_controls(0), "one control": with_controls(1), "no RA": with_local(flags=[]), "an unknown error": with_local(ede=24),
    "in a noisy list": with_local(fingerprint="noisy"), "in an injector's pool": with_local(fingerprint="pool"),
    "in a product's list": with_local(fingerprint="product"),
}


@pytest.mark.parametrize("name", BENIGN)
def test_no_change_of_an_honest_answer_is_confirmed(name):
    benign = rows(name, "benign", "error")
    sample = dice().sample(benign, min(250, len(benign)))
    cases = [changed(case, change) for case in sample for change in {**NOISE, **POORER}.values()]
    assert [(v, c) for v, c in zip(judge([json.dumps(c) for c in cases]), cases) if v["verdict"] in ALERTING] == []


@pytest.mark.parametrize("name", BENIGN[:3])
def test_answers_of_other_places_for_the_same_name_are_not_confirmed(name):
    """Each local answer, beside what other vantage points' controls said, with and without networks."""
    benign = [case for case in rows(name, "benign") if case["meetings"][0]["controls"]]
    by_name, chance, cases = {}, dice(), []
    for case in benign:
        by_name.setdefault((case["name"], case["type"]), []).append(case)
    for case in chance.sample(benign, min(1500, len(benign))):
        other = chance.choice(by_name[case["name"], case["type"]])
        swapped = changed(case, lambda c, meeting: meeting.update(controls=other["meetings"][0]["controls"]))
        cases += [swapped, changed(swapped, without("asns"))]
    assert [(v, c) for v, c in zip(judge([json.dumps(c) for c in cases]), cases) if v["verdict"] in ALERTING] == []


def tampered():
    return rows("facebook_local_vs_public", "tampered")


def verdicts(cases):
    lists = [DATA / "fingerprints" / n for n in LISTS if (DATA / "fingerprints" / n).exists()]
    return [v["verdict"] for v in judge([json.dumps(c) for c in cases], *lists)]


@pytest.mark.parametrize("noise", sorted(set(NOISE) - {"no networks", "no history"}))
def test_what_was_tampered_with_stays_probable_whatever_else_is_odd(noise):
    cases = [changed(case, NOISE[noise]) for case in tampered()]
    assert set(verdicts(cases)) <= AT_LEAST_PROBABLE


@pytest.mark.parametrize("bogon", BOGONS)
def test_any_address_that_cannot_be_is_as_good_as_those_of_the_record(bogon):
    """Two controls bear it out; through a resolver that cannot be one's own it is proved."""
    cases = [changed(case, with_local(addresses=[bogon], flags=["ra"], fingerprint="none")) for case in rows("facebook_local_vs_public", "benign")[:100]
             if len(case["meetings"][0]["controls"]) >= 2]
    public = [changed(case, of_case(local_may_filter=False)) for case in cases]
    private = [changed(case, of_case(local_may_filter=True)) for case in cases]
    assert cases and set(verdicts(public)) == {"CONFIRMED"}
    assert set(verdicts(private)) <= {"PROBABLE", "CONFIRMED"}


@pytest.mark.parametrize("made", [{"flags": ["aa", "ra"]}, {"ttl_s": 0}, {"ttl_s": 86400}], ids=["AA", "TTL 0", "TTL of a day"])
def test_an_unknown_address_in_nobodys_network_is_probable_where_no_cache_can_have_it(made):
    """An access provider's block page that is in no list and is not to be shaken hands with."""
    page = with_local(addresses=["77.95.0.35"], asns=[43197], **made)
    cases = [changed(case, page) for case in rows("facebook_local_vs_public", "benign")[:200]
             if case["meetings"][0]["controls"] and "asns" in case["meetings"][0]["controls"][0]]
    assert cases and set(verdicts(cases)) == {"PROBABLE"}
