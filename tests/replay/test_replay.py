# SPDX-License-Identifier: MIT
"""Real answers, through converters and `httpdnsctl judge`: what must be confirmed, and what must not."""
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("HTTPDNSD_BUILD", ROOT / "build-test"))
DATA = Path(os.environ.get("HTTPDNSD_SHARED", ROOT.parent / "shared")) / "data" / "hijack"
LISTS = ["fingerprints_dns_ooni.csv", "citizenlab_dns_signatures.csv", "gfw_injector3_pool_a.txt",
         "gfw_injector3_pool_aaaa.txt", "bogus-nxdomain.china.conf"]
ALERTING = {"CONFIRMED"}
AT_LEAST_PROBABLE = {"PROBABLE", "FILTERED_DECLARED", "CONFIRMED"}

sys.path.insert(0, str(Path(__file__).parent))
import convert  # noqa: E402


def judge(lines, *lists):
    got = subprocess.run([BUILD / "control/httpdnsctl", "--json", "judge", "-", *map(str, lists)], input="\n".join(lines) + "\n",
                         capture_output=True, text=True)
    assert got.returncode == 0 and got.stderr == "", got.stderr[:2000]
    return [json.loads(line) for line in got.stdout.splitlines()]


@pytest.fixture
def replay(capsys):
    def run(name, **options):
        path = next((p for p in (DATA / f"{name}.csv.gz", DATA / f"{name}.csv") if p.exists()), None)
        if path is None:
            pytest.skip(f"no {name}.csv.gz in {DATA}")
        lists = [DATA / "fingerprints" / n for n in LISTS if (DATA / "fingerprints" / n).exists()]
        labels, cases = zip(*convert.convert(path, **options))
        verdicts = judge([json.dumps(c) for c in cases], *lists)
        assert len(verdicts) == len(cases)
        counts = Counter((label, v["verdict"]) for label, v in zip(labels, verdicts))
        with capsys.disabled():
            print(f"\ncounts: {name} " + ", ".join(f"{label} {verdict} {n}" for (label, verdict), n in sorted(counts.items())))
        return list(zip(labels, verdicts, cases))

    return run


def alerts(judged, *labels):
    return [(v, c) for label, v, c in judged if label in labels and v["verdict"] in ALERTING]


def test_local_answers_for_a_popular_name_are_confirmed_only_where_tampered_with(replay):
    judged = replay("facebook_local_vs_public")
    assert alerts(judged, "benign", "error") == []
    missed = [(v, c) for label, v, c in judged if label == "tampered" and v["verdict"] not in AT_LEAST_PROBABLE]
    assert missed == []
    # A bogon, or nothing, from a private resolver and in no list: perhaps the user's own filter.
    own = [v for label, v, _ in judged if label == "tampered" and v["finding"] == "FILTERED_LOCAL_OR_ISP"]
    assert all(v["verdict"] == "PROBABLE" for v in own)
    assert any(v["rule"] == "P2" for v, _ in alerts(judged, "tampered"))


def test_every_rewrite_of_a_name_that_does_not_exist_is_confirmed_and_nothing_else(replay):
    judged = replay("nxdomain_probe")
    assert alerts(judged, "benign", "error", "unknown") == []
    assert all(v["verdict"] == "CONFIRMED" for label, v, _ in judged if label == "tampered")


@pytest.mark.parametrize("whoami", [True, False], ids=["all_signals", "without_the_labelling_signal"])
def test_interception_is_found_at_least_as_well_as_by_two_signals(replay, whoami):
    """The label is the whoami signal's own, so both are told. Two signals of all but that one gave 94 of 120 and 16
    of 9067 at 8.8.8.8; at OpenDNS a broken signature
    is no signal, since a third of the world hears it unbroken."""
    judged = replay("transparent_interception", whoami=whoami)
    if not whoami:
        judged = [j for j in judged if j[2]["signals"] and j[2]["signals"][0]["target"] == "8.8.8.8"]
    caught, total = len(alerts(judged, "intercepted")), sum(label == "intercepted" for label, _, _ in judged)
    false, honest = len(alerts(judged, "not_intercepted")), sum(label == "not_intercepted" for label, _, _ in judged)
    assert false / honest <= 16 / 9067
    assert caught / total >= (94 / 120 if whoami else 0.7)


@pytest.mark.parametrize("name", ["multivantage_benign_pdns", "wikimedia_geodns_truth"])
def test_answers_that_differ_by_place_raise_no_alert(replay, name):
    judged = replay(name)
    benign = [v for label, v, _ in judged if label == "benign"]
    assert all(v["verdict"] in ("CONSISTENT", "INCONCLUSIVE") for v in benign)
    assert sum(v["verdict"] == "INCONCLUSIVE" for v in benign) <= 0.025 * len(benign)


@pytest.mark.parametrize("name", ["ooni_measurements", "censoredplanet_satellite"])
def test_hard_negatives_of_censorship_measurements_raise_no_alert(replay, name):
    judged = replay(name)
    assert all(v["verdict"] not in AT_LEAST_PROBABLE for label, v, _ in judged if label == "benign")
    assert all(v["verdict"] in AT_LEAST_PROBABLE for label, v, _ in judged if label == "tampered")


def test_a_line_that_cannot_be_read_is_named_with_its_field_and_the_rest_is_judged(tmp_path):
    lines = ['{"v":1,"name":"www.example.net","meetings":[{"local":{"addresses":["10.0.0.1"]}}]}', "",
             '{"v":1,"name":"www.example.net","meetings":[{"local":{"addresses":["10.0.0"]}}]}', "{", '{"v":1}',
             '{"v":2,"name":"a.example"}', '{"v":1,"id":"last","name":"nas.lan","unheard_of":[1]}']
    file = tmp_path / "cases.jsonl"
    file.write_text("\n".join(lines))
    got = subprocess.run([BUILD / "control/httpdnsctl", "judge", file], capture_output=True, text=True)
    assert got.returncode == 2
    assert got.stdout.splitlines() == ["1 NO_DATA G4 - NONE -", "last INELIGIBLE G1 - NONE -"]
    assert f"{file}:3: meetings[0].local.addresses: an IPv4 or IPv6 address is due here" in got.stderr
    assert f"{file}:4: line 1" in got.stderr and f"{file}:5: name: it is missing" in got.stderr
    assert f"{file}:6: v: this program knows version 1 only" in got.stderr


def test_what_a_case_is_called_or_holds_never_makes_a_line_of_its_own_or_commands_a_terminal():
    lines = [json.dumps({"v": 1, "id": "a b\nc\x1b[2J\x7f\u009b \u4e2d", "name": "nas.lan"}), '{"v":1,"name":\x1b[2J}']
    got = subprocess.run([BUILD / "control/httpdnsctl", "judge", "-"], input="\n".join(lines), capture_output=True, text=True)
    assert got.stdout == "a_b_c_[2J____\u4e2d INELIGIBLE G1 - NONE -\n"
    assert "-:2: line 1" in got.stderr.replace("standard input", "-") and "\x1b" not in got.stderr


def test_verdicts_that_cannot_be_written_are_said_to_be_so():
    line = '{"v":1,"name":"nas.lan"}\n'
    with open("/dev/full", "w") as full:
        got = subprocess.run([BUILD / "control/httpdnsctl", "judge", "-"], input=line, stdout=full, stderr=subprocess.PIPE, text=True)
    assert got.returncode == 1 and got.stderr == "httpdnsctl: standard output: No space left on device\n"


def test_a_list_of_block_addresses_and_the_scope_before_its_name_decide_what_p7_says(tmp_path):
    case = {"v": 1, "name": "www.example.net", "meetings": [
        {"local": {"addresses": ["5.5.5.5"]}, "controls": [{"addresses": ["93.184.216.34"]}] * 2, "times": 2}]}
    file = tmp_path / "block.txt"
    file.write_text("# ours\n5.5.5.5\n")
    for scope, verdict in (("", "PROBABLE"), ("isp:", "CONFIRMED"), ("noisy:", "INCONCLUSIVE")):
        assert judge([json.dumps(case)], f"{scope}{file}")[0]["verdict"] == verdict
    file.write_text("5.5.5.5\nnot an address\n")
    got = subprocess.run([BUILD / "control/httpdnsctl", "judge", "/dev/null", file], capture_output=True, text=True)
    assert got.returncode == 2 and f"{file}:2: an address or a name is due here" in got.stderr


SHADOWED = b"__asan_init" in (BUILD / "control/httpdnsctl").read_bytes()


@pytest.mark.skipif(SHADOWED, reason="AddressSanitizer needs more address space than this test leaves")
def test_a_hundred_thousand_lines_need_no_more_memory_than_one():
    line = '{"v":1,"name":"www.example.net","meetings":[{"local":{"addresses":["93.184.216.34"]},"controls":[{"addresses":["93.184.216.34"]}]}]}\n'
    script = 'ulimit -v 200000; exec "$0" judge - | tail -n 1'
    process = subprocess.Popen(["sh", "-c", script, BUILD / "control/httpdnsctl"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               text=True)
    for _ in range(100):
        process.stdin.write(line * 1000)
    assert process.communicate()[0] == "100000 CONSISTENT S1 - NONE -\n"
    assert process.returncode == 0


SCHEMA = json.loads((ROOT / "doc/evidence.schema.json").read_text())


def test_the_schema_knows_every_member_that_the_reader_knows():
    import re
    source = "".join((ROOT / f"resolver/audit/evidence_{part}.c").read_text() for part in ("json", "said"))
    keys = set(re.findall(r'(?:members_\w+|evidence_said|evidence_said_list|WORD|number_16)\(f, "(\w+)"', source)) | {"rcode", "type"}
    known = set(re.findall(r'"(\w+)": ?[{]', (ROOT / "doc/evidence.schema.json").read_text()))
    assert len(keys) > 50 and keys - known == set()
    page = (ROOT / "doc/evidence.md").read_text()
    assert [k for k in sorted(keys) if f"`{k}`" not in page] == []


def test_what_the_converters_write_keeps_the_schema(tmp_path):
    jsonschema = pytest.importorskip("jsonschema", reason="python3-jsonschema is not installed")
    validator = jsonschema.Draft7Validator(SCHEMA)
    n = 0
    for name in convert.CONVERTERS:
        path = DATA / f"{name}.csv.gz"
        if not path.exists():
            continue
        for i, (_, case) in enumerate(convert.convert(path)):
            if i % 100 == 0:
                validator.validate(case)
                n += 1
    if n == 0:
        pytest.skip(f"no data sets in {DATA}")


@pytest.mark.parametrize("kind", ["verdict", "rule", "finding"])
def test_every_word_of_the_judge_stands_in_the_manual(kind):
    import re
    source = (ROOT / "resolver/audit/judge_words.c").read_text()
    body = source[source.index(f"const char *{kind}_word("):]
    words = [w for w in re.findall(r'"([A-Z_0-9]+)"', body[:body.index("\n}\n")]) if w != "NONE"]
    page = (ROOT / "doc/verdicts.md").read_text()
    assert len(words) > 10 or kind == "verdict"
    assert [w for w in words if not re.search(rf"^\| `{w}` \|", page, re.M)] == []
