# SPDX-License-Identifier: MIT
"""The control API and httpdnsctl, which asks it: what the daemon says of itself."""
import json
import os
import resource
import socket
import stat
import subprocess
from pathlib import Path

import pytest
from conftest import HTTPDNSCTL, wait_for


def control(daemon, *arguments, timeout=15):
    return subprocess.run([HTTPDNSCTL, "--socket", daemon.folder / "control.sock", *arguments], capture_output=True, text=True,
                          timeout=timeout)


@pytest.fixture
def running(daemon):
    return daemon()


def ask_json(daemon, *arguments):
    got = control(daemon, "--json", *arguments)
    assert got.returncode == 0, got.stderr
    return json.loads(got.stdout)


def raw(daemon, request):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(10)
        s.connect(str(daemon.folder / "control.sock"))
        got = b""
        try:
            s.sendall(request)
            s.shutdown(socket.SHUT_WR)
            while part := s.recv(65536):
                got += part
        except (BrokenPipeError, ConnectionResetError):
            pass  # it heard enough
        return got


def test_status_counts_what_was_asked_and_answered(running):
    before = ask_json(running, "status")
    for _ in range(3):
        running.udp("www.bank-of-lab.com")
    after = ask_json(running, "status")
    assert after["queries"]["answered"] - before["queries"]["answered"] == 3
    assert after["queries"]["received"] == after["queries"]["answered"] + after["queries"]["dropped"]
    assert after["cache"]["entries"] >= 1 and after["cache"]["hits"] >= 2

    def is_the_memory_told_the_kernels():
        told_kb = ask_json(running, "status")["memory-bytes"] / 1024
        return abs(told_kb - int(Path(f"/proc/{running.process.pid}/status").read_text().split("VmRSS:")[1].split()[0])) < 1024

    wait_for(is_the_memory_told_the_kernels, what="the memory told to be what the kernel says")
    assert after["traffic"]["udp"]["in-flight"] == 0 and after["workers-silent"] == 0
    assert f"udp://127.0.0.1:{running.port}" in after["listening"]
    assert not any("control.sock" in where for where in after["listening"])


def test_providers_are_told_with_their_counts(running):
    running.udp("login.bank-of-lab.com")
    providers = ask_json(running, "providers")["providers"]
    assert len(providers) >= 1
    assert sum(p["good"] for p in providers) >= 1
    assert all(p["addresses"] == 1 and p["addresses-from"] == "configured" for p in providers)
    assert "none" in [p["trouble"] for p in providers]
    table = control(running, "providers").stdout
    assert all(p["name"] in table for p in providers) and "sent" in table


def test_local_resolvers_are_told_with_their_source(running):
    got = ask_json(running, "local-resolvers")
    assert all(r["source"] and r["server"] for r in got["local-resolvers"])
    assert len(got["network"]) == 16


def test_flush_forgets_every_answer(running):
    running.udp("www.bank-of-lab.com")
    assert ask_json(running, "flush")["flushed"] >= 1
    assert ask_json(running, "status")["cache"]["entries"] == 0


def test_state_is_told_however_many_clients_are_connected(lab, daemon):
    own, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < 2500:
        pytest.skip(f"only {most} descriptors a process may be had here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(own, 2500), most))
    d = daemon(lab.provider_yaml() + "tcp: {max-connections: 3000, max-per-local-client: 3000}\n")
    clients = []

    def taken():
        return len(os.listdir(f"/proc/{d.process.pid}/fd")) > 1100

    try:
        for _ in range(1100):
            s = socket.socket(socket.AF_UNIX)
            s.connect(str(d.unix))
            clients.append(s)
        wait_for(taken, what="all clients taken in")
        assert ask_json(d, "status")["queries"]["received"] == 0
    finally:
        for s in clients:
            s.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (own, most))


def test_what_it_does_not_know_is_said_with_the_right_status(running):
    assert b"404 " in raw(running, b"GET /v1/nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").split(b"\r\n")[0]
    assert b"405 " in raw(running, b"GET /v1/flush HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").split(b"\r\n")[0]
    assert b"405 " in raw(running, b"PUT /v1/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").split(b"\r\n")[0]


def test_nonsense_and_stalled_clients_harm_neither_queries_nor_others(running):
    stalled = []
    for _ in range(8):
        s = socket.socket(socket.AF_UNIX)
        s.connect(str(running.folder / "control.sock"))
        s.sendall(b"GET /v1/sta")
        stalled.append(s)
    raw(running, b"\x00\xff" * 500)
    raw(running, b"GET /" + b"a" * 1_000_000)
    raw(running, b"POST /v1/flush HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n" + b"x" * 1000)
    assert ask_json(running, "status")["workers-silent"] == 0
    assert running.udp("www.bank-of-lab.com").answer
    for s in stalled:
        s.close()


def test_a_stopping_daemon_is_not_held_up_by_its_control_socket(daemon):
    running = daemon()
    s = socket.socket(socket.AF_UNIX)
    s.connect(str(running.folder / "control.sock"))
    s.sendall(b"GET /v1/status HTTP/1.1\r\n")
    running.stop()
    s.close()
    assert not os.path.exists(running.folder / "control.sock")


def test_the_socket_has_the_configured_mode(running):
    assert stat.S_IMODE(os.stat(running.folder / "control.sock").st_mode) == 0o660


def test_httpdnsctl_says_what_is_wrong_when_nobody_listens_for_control(tmp_path):
    got = subprocess.run([HTTPDNSCTL, "--socket", tmp_path / "none.sock", "status"], capture_output=True, text=True)
    assert got.returncode == 1 and "is httpdnsd running?" in got.stderr


def test_a_control_socket_that_cannot_be_made_does_not_keep_queries_from_being_answered(daemon, lab, tmp_path):
    running = daemon(f"{lab.provider_yaml()}hijack: {{mode: off}}\ncontrol: {{socket: {tmp_path}/missing/control.sock}}\n")
    assert running.udp("www.bank-of-lab.com").answer
    assert wait_for(lambda: "no control socket" in running.log(), what="the warning")


def test_status_counts_what_the_cross_check_did(daemon, lab):
    running = daemon(lab.provider_yaml() + lab.audit_yaml())
    running.udp("www.bank-of-lab.com")
    wait_for(lambda: ask_json(running, "status")["cross-check"]["consistent"] >= 1, what="a check")
    assert ask_json(running, "status")["cross-check"]["told"] >= 1


def test_status_says_when_nothing_is_cross_checked(running):
    assert ask_json(running, "status")["cross-check"] is None


def test_verdicts_are_listed_with_evidence_that_judges_the_same(daemon, lab):
    running = daemon(lab.provider_yaml() + lab.audit_yaml())
    running.udp("mail.bank-of-lab.com")
    wait_for(lambda: [a for a in running.alerts() if "(P2 " in a], 20, "the alert")
    got = ask_json(running, "hijacks")
    verdict = next(v for v in got["verdicts"] if v["name"] == "mail.bank-of-lab.com.")
    assert got["open"] >= 1 and (verdict["verdict"], verdict["rule"]) == ("CONFIRMED", "P2") and verdict["artefact"] == "10.66.0.1"
    judged = subprocess.run([HTTPDNSCTL, "judge", "-"], input=json.dumps(verdict["evidence"]) + "\n", capture_output=True, text=True)
    assert judged.returncode == 0 and "CONFIRMED" in judged.stdout and "P2" in judged.stdout
    assert "mail.bank-of-lab.com" in control(running, "hijacks").stdout


def test_an_alert_is_fired_on_purpose(running):
    got = ask_json(running, "alert-test", "HIJACK_BOGON")
    assert got == {"fired": "HIJACK_BOGON"}
    assert "A TEST, asked for" in running.log() or wait_for(lambda: "A TEST" in running.log(), 5, "the alert")
    wrong = control(running, "alert-test", "NONSENSE")
    assert wrong.returncode == 2 and "no such class" in wrong.stderr and "HIJACK_BOGON" in wrong.stderr


def test_a_socket_of_the_service_manager_is_left_as_it_was(lab, daemon, tmp_path):
    path = tmp_path / "handed.sock"
    with socket.socket(socket.AF_UNIX) as theirs:
        theirs.bind(str(path))
        theirs.listen(8)
        hand_over = f'exec 3<&{theirs.fileno()}; export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@"'
        running = daemon(f"{lab.provider_yaml()}hijack: {{mode: off}}\ncontrol: {{socket: {path}}}\n", start=False,
                         start_with=["bash", "-c", hand_over, "bash"])
        os.set_inheritable(theirs.fileno(), True)
        running.start(pass_fds=[theirs.fileno()])
        got = subprocess.run([HTTPDNSCTL, "--json", "--socket", path, "status"], capture_output=True, text=True)
        assert got.returncode == 0 and str(path) not in json.loads(got.stdout)["listening"]
        running.stop()
        # Whoever comes now waits in the queue for the next daemon.
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
