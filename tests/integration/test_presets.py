# SPDX-License-Identifier: MIT
"""The built-in providers, as httpdnsctl lists them."""
import json
import os
import subprocess
from pathlib import Path

import pytest

from conftest import HTTPDNSCTL, HTTPDNSD, ROOT

DATA = Path(os.environ.get("HTTPDNSD_SHARED", ROOT.parent / "shared")) / "data/providers/doh-presets.json"
LEFT_OUT = {"dnspod-sm2"}  # TLS with SM2, which OpenSSL does not speak


def listed(*options):
    got = subprocess.run([HTTPDNSCTL, "providers", "--presets", *options], capture_output=True, text=True)
    assert got.returncode == 0 and got.stderr == ""
    return got.stdout


def test_table_and_json_list_the_same_presets():
    presets = json.loads(listed("--json"))["presets"]
    lines = listed().splitlines()
    assert [line.split()[0] for line in lines] == ["ID", *[p["id"] for p in presets]]
    assert all(p["url"] in line and p["logging"] in line for p, line in zip(presets, lines[1:]))


def test_every_preset_is_good_in_a_configuration(tmp_path):
    ids = [p["id"] for p in json.loads(listed("--json"))["presets"]]
    config = tmp_path / "httpdnsd.yaml"
    for i in range(0, len(ids), 8):
        config.write_text("providers:\n" + "".join(f"  - preset: {name}\n" for name in ids[i:i + 8]))
        got = subprocess.run([HTTPDNSD, "--check", "--config", config], capture_output=True, text=True)
        assert got.returncode == 0, got.stdout + got.stderr


@pytest.mark.skipif(not DATA.exists(), reason=f"no {DATA}")
def test_presets_are_those_of_the_curated_list():
    ours = {p["id"]: p for p in json.loads(listed("--json"))["presets"]}
    theirs = {p["id"]: p for p in json.loads(DATA.read_text())["presets"]}
    assert set(ours) == set(theirs) - LEFT_OUT
    for name, p in ours.items():
        q = theirs[name]
        assert (p["name"], p["url"], p["addresses"]) == (q["name"], q["url"], q["ipv4"] + q["ipv6"])
        assert p["dnssec"] == {True: "yes", False: "no", None: "?"}[q["dnssec"]]
        assert p["ecs"].rstrip("?") == q["ecs"].split("(")[0].split(":")[0].split()[0].rstrip("?")
        assert p["ecs"].endswith("?") == ("?" in q["ecs"] or "(m)" in q["ecs"])
        assert (p["filter"] or "none") == q["filter"]
        assert p["logging"] == q["logging"] or q["logging"] == "as cloudflare"
