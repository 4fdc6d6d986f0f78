# SPDX-License-Identifier: MIT
"""Runs the parts of the test suite on a finished build and adds up what they say."""
import argparse
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("HTTPDNSD_SHARED", ROOT.parent / "shared"))
LOTS = 3  # of integration, side by side
UNIT_ALONE = {"test_cost"}  # measures, and has the machine for itself
PARTS = ["style", "unit", "fuzz", "replay", "integration"]

# Seeds beside the project that a fuzz target replays too, when they are there.
SEEDS = {"fuzz_query": "dns-messages", "fuzz_answer": "dns-messages", "fuzz_ldns": "dns-messages", "fuzz_verify": "dns-messages",
         "fuzz_config": "yaml", "fuzz_json": "json", "fuzz_vendor": "json", "fuzz_tencent": "json", "fuzz_evidence": "json",
         "fuzz_fields": "http"}
SANITIZERS = {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=1", "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, passed=0, failed=0, skipped=0):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped

    def fail(self, name, output):
        self.failed += 1
        print(f"FAILED {name}\n{output.rstrip()[-6000:]}", flush=True)

    def skip(self, name, why):
        self.skipped += 1
        print(f"skipped {name}: {why}", flush=True)


def run(command, **kw):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          cwd=ROOT, **kw)


def meson_tests(build, suite):
    listed = json.loads(run(["meson", "introspect", "--tests", str(build)]).stdout)
    return [t for t in listed if any(s.endswith(suite) for s in t["suite"])]


def environment(test):
    return {**os.environ, **SANITIZERS, **test["env"], "HTTPDNSD_SHARED": str(SHARED)}


def unit(build, tally):
    """Each executable is one Check suite; a crash that Check did not see counts as one failure."""

    def one(test):
        return test["name"], run(test["cmd"], env=environment(test), timeout=300)

    tests = meson_tests(build, "unit")
    results = [one(t) for t in tests if t["name"] in UNIT_ALONE]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results += pool.map(one, [t for t in tests if t["name"] not in UNIT_ALONE])
    for name, done in results:
        found = re.search(r"\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)", done.stdout)
        checks, failures, errors = map(int, found.groups()) if found else (0, 0, 0)
        bad = failures + errors
        skips = re.findall(r"^skipped:? .*", done.stdout, re.M)
        for line in skips:
            tally.skip(name, line.split(":", 1)[-1].strip())
        tally.add(passed=checks - bad - len(skips))
        if bad or done.returncode != 0 or not found:
            tally.fail(name, done.stdout)
            tally.add(failed=max(bad, 1) - 1)


def unpack(name, folder):
    archive = SHARED / "data" / "seeds" / f"{name}.tar.xz"
    if not archive.exists():
        return None
    target = Path(folder) / name
    if not target.exists():
        with tarfile.open(archive) as tar:
            tar.extractall(target, filter="data") if hasattr(tarfile, "data_filter") else tar.extractall(target)
    return target


def fuzz(build, tally):
    """Each target replays its own corpus, and the seeds beside the project when they are there."""
    with tempfile.TemporaryDirectory() as folder:
        for test in meson_tests(build, "fuzz"):
            runs = [(test["name"], test["cmd"])]
            seeds = SEEDS.get(test["name"])
            if seeds is not None:
                target = unpack(seeds, folder)
                if target is None:
                    tally.skip(f"{test['name']} on {seeds}", f"no seeds beside the project in {SHARED}")
                else:
                    runs.append((f"{test['name']} on {seeds}", [test["cmd"][0], str(target)]))
            for name, command in runs:
                done = run(command, env=environment(test), timeout=600)
                if done.returncode == 0:
                    tally.add(passed=1)
                else:
                    tally.fail(name, done.stdout)


def pytest(build, tally, folder, timeout, *options):
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.xml"
        env = {**os.environ, **SANITIZERS, "HTTPDNSD_BUILD": str(build.resolve()), "HTTPDNSD_SHARED": str(SHARED),
               "PYTHONDONTWRITEBYTECODE": "1"}
        done = run(["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short",
                    f"--junitxml={report}", *options, folder], env=env, timeout=timeout)
        print("".join(f"{line}\n" for line in re.findall(r"^counts: .*", done.stdout, re.M)), end="", flush=True)
        cases = list(ET.parse(report).iter("testcase")) if report.exists() else []
    for case in cases:
        if case.find("skipped") is not None:
            tally.skip(case.get("name"), case.find("skipped").get("message"))
        elif case.find("failure") is None and case.find("error") is None:
            tally.add(passed=1)
    bad = sum(c.find("failure") is not None or c.find("error") is not None for c in cases)
    if bad or done.returncode not in (0, 5) or not cases:
        tally.fail(folder, re.sub(r"^=*\s*\d+ (passed|failed).*$", "", done.stdout, flags=re.M))
        tally.add(failed=max(bad, 1) - 1)


def style(build, tally):
    pytest(build, tally, "tests/style", 300)


def replay(build, tally):
    pytest(build, tally, "tests/replay", 600)


def integration(build, tally):
    """Most of it waits, so that several files at a time take no longer than one; what measures has the machine for itself."""
    beside = ["-m", "not alone", "-n", str(LOTS), "--dist", "loadfile"]
    for options in (beside, ["-m", "alone"]):
        pytest(build, tally, "tests/integration", 1500, *options)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, type=Path)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS])
    options = parser.parse_args()
    whole = Tally()
    for part in options.parts or PARTS:
        began, tally = time.monotonic(), Tally()
        globals()[part](options.build, tally)
        print(f"{part}: {tally.passed} good, {tally.failed} bad, {tally.skipped} left out, "
              f"{time.monotonic() - began:.0f} s", flush=True)
        whole.add(tally.passed, tally.failed, tally.skipped)
    print(f"{whole.passed} passed, {whole.failed} failed, {whole.skipped} skipped")
    sys.exit(1 if whole.failed else 0)


if __name__ == "__main__":
    main()
