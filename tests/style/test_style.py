# SPDX-License-Identifier: MIT
"""What every file of the project promises: form, licence, doors, direction of includes."""
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("HTTPDNSD_BUILD", ROOT / "build-test"))


def tracked():
    """The project's files: git's, or without git all but builds."""
    if shutil.which("git"):
        got = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
        if got.returncode == 0 and got.stdout:
            return [ROOT / p for p in got.stdout.splitlines() if (ROOT / p).is_file()]
    return [p for p in ROOT.rglob("*") if p.is_file() and not re.match(r"\.git/|build|.*__pycache__", str(p.relative_to(ROOT)))]


FILES = tracked()
C_FILES = [p for p in FILES if p.suffix in (".c", ".h")]


def relative(path):
    return str(path.relative_to(ROOT))


def includes(path):
    return re.findall(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', path.read_text(), re.M)


def test_every_c_file_is_formatted():
    tool = shutil.which("clang-format-14") or shutil.which("clang-format")
    if tool is None:
        pytest.skip("clang-format 14 is not installed")
    got = subprocess.run([tool, "--dry-run", "--Werror", *map(str, C_FILES)], capture_output=True, text=True)
    assert got.returncode == 0, got.stderr[:3000]


def test_every_file_carries_a_licence_line():
    bare = {"LICENSE"}
    data = re.compile(r"tests/fuzz/corpus/|\.svg$")
    missing = [relative(p) for p in FILES if relative(p) not in bare and not data.search(relative(p))
               and "SPDX-License-Identifier: MIT" not in p.read_text(errors="replace")[:400]]
    assert missing == []


# Each foreign library has one door: the only file, or folder, that includes its headers.
DOORS = {
    r"curl/": "resolver/upstream/curl/",
    r"ares": "resolver/plain.c",
    r"yaml\.h$": "config/yaml.c",
    r"libpsl": "config/operator.c",
    r"systemd/": "daemon/systemd.c",
    r"ldns/": "resolver/presentation/",
    r"openssl/": "resolver/crypto/",
    r"jansson": "resolver/jsonv.c",
    r"microhttpd": "daemon/control.c",
    r"libloc/": "resolver/origin/loc.c",
    r"maxminddb": "resolver/origin/mmdb.c",
    r"hiredis": None,
}


# Tests that hold ours against another's.
TEST_DOORS = {"tests/bench/bad.c", "tests/fuzz/fuzz_ldns.c", "tests/unit/resolver/test_origin.c", "tests/unit/resolver/test_dispatch.c"}


def at_door(path, door):
    return door is not None and (path.startswith(door) if door.endswith("/") else path == door)


def test_each_foreign_library_has_one_door():
    wrong = []
    for path in C_FILES:
        for name in re.findall(r"^\s*#\s*include\s+<([^>]+)>", path.read_text(), re.M):
            for pattern, door in DOORS.items():
                if re.match(pattern, name) and not at_door(relative(path), door) and relative(path) not in TEST_DOORS:
                    wrong.append(f"{relative(path)} includes <{name}>")
    assert wrong == []


def room(name):
    parts = name.split("/")
    return "/".join(parts[:2]) if parts[0] == "resolver" and len(parts) > 2 else parts[0]


# What a room's files may include besides their own room (HOUSE: includes point one way).
SEAMS = {"resolver"}  # port.h, exchange.h, plain.h, bytes.h, jsonv.h
MAY = {
    "resolver/wire": SEAMS,
    "resolver/policy": SEAMS | {"resolver/wire"},
    "resolver/cache": SEAMS | {"resolver/wire"},
    "resolver/crypto": SEAMS,
    "resolver/upstream": SEAMS | {"resolver/wire", "resolver/crypto", "resolver/presentation"},
    "resolver/origin": SEAMS,
    "resolver/presentation": SEAMS | {"resolver/wire"},
    "resolver/audit": SEAMS | {"resolver/wire", "resolver/presentation"},
    "resolver/clients": SEAMS | {"resolver/wire"},
    "resolver": {"resolver/clients", "resolver/wire", "resolver/policy", "resolver/cache", "resolver/upstream", "resolver/audit"},
    "config": SEAMS | {"resolver/clients", "resolver/policy", "resolver/wire", "resolver/cache", "resolver/upstream", "resolver/audit"},
    "daemon": SEAMS | {"config", "resolver/clients", "resolver/origin", "resolver/policy", "resolver/wire", "resolver/cache", "resolver/upstream", "resolver/audit"},
    "control": SEAMS | {"config", "resolver/presentation", "resolver/wire", "resolver/upstream", "resolver/audit"},
}
FACADE = {"resolver/query.h", "resolver/resolver.h"}


def test_includes_point_one_way():
    wrong = []
    for path in C_FILES:
        here = room(relative(path))
        for name in includes(path):
            there = room(name)
            if here not in MAY or there not in MAY or there == here:
                continue
            upward = name in FACADE and here.startswith("resolver/")
            if there not in MAY[here] or upward:
                wrong.append(f"{relative(path)} includes {name}")
    assert wrong == []


def test_resolver_and_config_neither_log_nor_exit():
    wrong = []
    for path in C_FILES:
        if room(relative(path)).split("/")[0] in ("resolver", "config"):
            code = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
            for call in re.findall(r"\b(?:printf|puts|perror|exit|abort|syslog|fprintf\(stderr)\s*\(", code):
                wrong.append(f"{relative(path)} calls {call}")
    assert wrong == []


def test_no_path_of_a_machine_and_no_unfinished_mark():
    pattern = re.compile(r"\b(?:TODO|FIXME|XXX)\b|/(?:work|home|Users)/\w")
    here = relative(Path(__file__))
    wrong = [relative(p) for p in FILES if relative(p) != here and pattern.search(p.read_text(errors="replace"))]
    assert wrong == []


@pytest.mark.parametrize("unit", ["httpdnsd.service", "httpdnsd.socket"])
def test_unit_passes_systemd_analyze_verify(unit, tmp_path):
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("systemd-analyze is not installed")
    for name in ("httpdnsd.service", "httpdnsd.socket"):
        text = (BUILD / "systemd" / name).read_text()
        text = re.sub(r"(?m)^(Exec\w+=)\S*/httpdnsd\b", rf"\1{BUILD.resolve()}/daemon/httpdnsd", text)
        (tmp_path / name).write_text(text)
    got = subprocess.run([tool, "verify", "--man=no", str(tmp_path / unit)], capture_output=True, text=True)
    ours = [line for line in got.stderr.splitlines() if "httpdnsd" in line]
    assert got.returncode == 0 and ours == [], got.stderr


def test_service_is_sandboxed():
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("systemd-analyze is not installed")
    got = subprocess.run([tool, "security", "--offline=true", "--threshold=11", str(BUILD / "systemd/httpdnsd.service")],
                         capture_output=True, text=True)
    assert got.returncode == 0, got.stdout[-1500:]


@pytest.mark.parametrize("page", ["httpdnsd.8", "httpdnsctl.1", "httpdnsd.yaml.5"])
def test_manual_page_has_no_warnings(page):
    tool = shutil.which("man")
    if tool is None:
        pytest.skip("man is not installed")
    got = subprocess.run([tool, "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", str(ROOT / "doc" / page)],
                         capture_output=True, text=True, env={**os.environ, "MANROFFSEQ": ""})
    assert got.returncode == 0 and got.stderr == "", got.stderr


def test_manual_page_names_every_option():
    """The page and --show-config stand on the same rows."""
    schema = "".join(p.read_text() for p in (ROOT / "config/options").glob("*.c"))
    page = (ROOT / "doc/httpdnsd.yaml.5").read_text().replace("\\-", "-")
    rows = re.findall(r'\{(?:\.section = "([^"]+)",\s*)?\.key = "([^"]+)"', schema)
    assert len(rows) > 15
    missing = [f"{s}.{k}" if s else k for s, k in rows if f".B {s + '.' if s else ''}{k}\n" not in page]
    assert missing == []


def test_manual_page_names_every_key_of_a_provider():
    tables = (ROOT / "config/provider.c").read_text() + (ROOT / "config/vendors.c").read_text()
    rows = re.findall(r'\{\.key = "([^"]+)"', tables)
    page = (ROOT / "doc/httpdnsd.yaml.5").read_text().replace("\\-", "-").split(".SH PROVIDERS")[1]
    assert len(rows) > 30
    assert [key for key in rows if f".B {key}\n" not in page] == []


def test_install_puts_everything_in_place(tmp_path):
    got = subprocess.run(["meson", "install", "-C", str(BUILD), "--no-rebuild", "--destdir", str(tmp_path)],
                         capture_output=True, text=True)
    assert got.returncode == 0, got.stdout + got.stderr
    there = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}
    wanted = {
        "usr/local/sbin/httpdnsd", "usr/local/bin/httpdnsctl", "etc/httpdnsd/httpdnsd.yaml",
        "usr/local/lib/systemd/system/httpdnsd.service", "usr/local/lib/systemd/system/httpdnsd.socket",
        "usr/local/lib/sysusers.d/httpdnsd.conf", "usr/local/lib/tmpfiles.d/httpdnsd.conf",
        "usr/local/lib/systemd/catalog/httpdnsd.catalog",
        "usr/local/share/man/man8/httpdnsd.8", "usr/local/share/man/man1/httpdnsctl.1",
        "usr/local/share/man/man5/httpdnsd.yaml.5",
    }
    assert wanted <= there, wanted - there
    service = (tmp_path / "usr/local/lib/systemd/system/httpdnsd.service").read_text()
    assert "ExecStart=/usr/local/sbin/httpdnsd --config /etc/httpdnsd/httpdnsd.yaml" in service


def test_the_journal_takes_the_catalog(tmp_path):
    tool = shutil.which("journalctl")
    if tool is None:
        pytest.skip("journalctl is not installed")
    folder = tmp_path / "usr/lib/systemd/catalog"
    folder.mkdir(parents=True)
    (tmp_path / "var/lib/systemd/catalog").mkdir(parents=True)
    shutil.copy(ROOT / "systemd/httpdnsd.catalog", folder)
    made = subprocess.run([tool, f"--root={tmp_path}", "--update-catalog"], capture_output=True, text=True)
    assert made.returncode == 0 and made.stderr == "", made.stderr
    listed = subprocess.run([tool, f"--root={tmp_path}", "--list-catalog"], capture_output=True, text=True)
    ids = re.findall(r"(?m)^-- ([0-9a-f]{32})$", (ROOT / "systemd/httpdnsd.catalog").read_text())
    assert len(ids) >= 15 and all(i in listed.stdout.replace("-", "") for i in ids), listed.stdout + listed.stderr


def test_clang_builds_without_a_warning(tmp_path):
    """The other compiler; gcc's warnings are errors in the build that runs these tests."""
    if shutil.which("clang") is None:
        pytest.skip("clang is not installed")
    setup = subprocess.run(["meson", "setup", str(tmp_path), str(ROOT), "-Dwerror=true"], capture_output=True, text=True,
                           env={**os.environ, "CC": "clang"})
    assert setup.returncode == 0, setup.stdout[-2000:]
    got = subprocess.run(["ninja", "-C", str(tmp_path)], capture_output=True, text=True)
    assert got.returncode == 0, "\n".join(line for line in got.stdout.splitlines() if "error" in line)[:3000]


# The statements of doc/conformance.md: letter and how many.
STATEMENTS = {"M": 16, "E": 11, "U": 7, "T": 14, "H": 13, "K": 9, "S": 6, "C": 8}


def names_of_tests():
    names = set()
    for path in FILES:
        if path.suffix == ".c":
            names.update(re.findall(r"START_TEST\((\w+)\)", path.read_text()))
        elif path.suffix == ".py":
            names.update(re.findall(r"^def (test_\w+)\(", path.read_text(), re.M))
    return names


def test_conformance_names_a_test_that_exists_for_every_statement():
    table = (ROOT / "doc/conformance.md").read_text()
    cells = [[c.strip() for c in line.split("|")] for line in table.splitlines() if re.match(r"\| [A-Z]\d+ \|", line)]
    rows = {c[1]: c[4] for c in cells if len(c) == 6}
    assert list(rows) == [f"{letter}{i}" for letter, n in STATEMENTS.items() for i in range(1, n + 1)]
    there = names_of_tests()
    named = {i: re.findall(r"`(\w+)`", cell) for i, cell in rows.items()}
    assert [t for tests in named.values() for t in tests if t not in there] == []
    # Each statement is the name of a test that its row names: whoever breaks it reads which.
    carries = {i: [t for t in tests if re.search(rf"(?:^|_){i}_", t, re.I)] for i, tests in named.items()}
    assert [i for i, tests in carries.items() if not tests] == []


def test_what_goes_beyond_the_checklist_names_tests_that_exist():
    rows = (ROOT / "doc/conformance.md").read_text().split("## Beyond the checklist")[1].splitlines()[4:]
    named = [re.findall(r"`(\w+)`", row.split("|")[3]) for row in rows]
    assert named and all(named)
    assert set(sum(named, [])) - names_of_tests() == set()


def test_each_fault_of_a_provider_has_its_row_and_its_test():
    """F-01 to F-39: "F-27 to F-31" in a row are five."""
    rows = [[c.strip() for c in line.split("|")] for line in (ROOT / "doc/conformance.md").read_text().splitlines() if line.startswith("| F-")]
    has_row = set()
    for cell in (c[1] for c in rows):
        has_row |= {int(n) for n in re.findall(r"F-(\d+)", cell)}
        for first, last in re.findall(r"F-(\d+) to F-(\d+)", cell):
            has_row |= set(range(int(first), int(last) + 1))
    assert has_row == set(range(1, 40))
    there = names_of_tests()
    assert [t for c in rows for t in re.findall(r"`(\w+)`", c[4]) if t not in there] == []
    sources = "".join(path.read_text() for path in FILES if path.suffix == ".py")
    assert [i for i in range(1, 40) if not re.search(rf"(?<![a-z0-9])f{i:02d}(?![0-9])", sources.replace("_f", " f"))] == []
