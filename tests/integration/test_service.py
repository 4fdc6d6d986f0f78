# SPDX-License-Identifier: MIT
"""The process: configuration, signals, reload, socket activation."""
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import dns.exception
import dns.message
import dns.rcode
import pytest

from conftest import HTTPDNSD, ROOT, SANITIZED, lab_module, wait_for


def is_free(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def is_served(d):
    """Before it listens, its port is refused."""
    try:
        return d.udp("example.com", timeout=1).answer
    except (OSError, dns.exception.Timeout):
        return False


def read_some(fd):
    try:
        return os.read(fd, 1 << 16)
    except BlockingIOError:
        return b""


def run_daemon(*arguments):
    return subprocess.run([str(HTTPDNSD), *map(str, arguments)], capture_output=True, text=True, timeout=30)


def test_version_and_help_say_what_they_should():
    assert re.match(r"httpdnsd \d+\.\d+\.\d+ \(libcurl/", run_daemon("--version").stdout)
    assert "--config FILE" in run_daemon("--help").stdout
    wrong = run_daemon("--nonsense")
    assert wrong.returncode == 2 and "usage:" in wrong.stderr


def test_libraries_that_a_daemon_does_not_want_are_not_in_its_memory(daemon):
    def loaded(d):
        maps = Path(f"/proc/{d.process.pid}/maps").read_text()
        return {name for name in ("libmicrohttpd", "libsystemd", "libgcrypt", "libloc", "libmaxminddb") if name in maps}

    assert loaded(daemon("control: {socket: off}")) == set()
    with_control = daemon("")
    with_control.told("status")
    assert loaded(with_control) == {"libmicrohttpd"}


@pytest.mark.skipif(SANITIZED, reason="a sanitizer's own pages are many times ours")
def test_what_only_the_start_needed_is_given_back_after_the_first_answer_or_when_nobody_asks(daemon):
    def pages_of_files_kb(d):
        return int(Path(f"/proc/{d.process.pid}/status").read_text().split("RssFile:")[1].split()[0])

    began = time.monotonic()
    asked = daemon("control: {socket: off}")
    held = pages_of_files_kb(asked)
    assert held > 5000 or time.monotonic() - began > 2, f"{held} kB: the first answer is to fetch them back"
    unasked = daemon("control: {socket: off}")
    asked.udp("www.bank-of-lab.com")
    wait_for(lambda: pages_of_files_kb(asked) < 5000, what="pages of files to be given back after an answer")
    wait_for(lambda: pages_of_files_kb(unasked) < 5000, what="pages of files to be given back without a question")


def test_shipped_configuration_works_unedited():
    got = run_daemon("--config", ROOT / "systemd" / "httpdnsd.yaml", "--check")
    assert got.returncode == 0 and got.stdout.endswith(": OK\n")


def test_check_names_every_error_with_its_place(tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("providres:\n  - preset: quad9\ncache: {size: 64MB}\nquery-timeout: 4\n")
    got = run_daemon("--config", bad, "--check")
    assert got.returncode == 78
    assert f"{bad}:1:1: unknown key 'providres': did you mean 'providers'?" in got.stderr
    assert f"{bad}:3:15: " in got.stderr and f"{bad}:4:16: query-timeout lacks its unit: write 4s" in got.stderr


def test_show_config_reads_back_as_the_same(lab, tmp_path):
    first = tmp_path / "first.yaml"
    first.write_text(lab.provider_yaml() + lab.audit_yaml())
    shown = run_daemon("--config", first, "--show-config").stdout
    second = tmp_path / "second.yaml"
    second.write_text(shown)
    assert "lab1" in shown and "recheck: 1s" in shown
    assert run_daemon("--config", second, "--show-config").stdout == shown


def test_port_that_is_taken_is_one_clear_line(daemon):
    d = daemon()
    for kind in ("udp", "tcp"):
        other = daemon(listen=[f"{kind}://127.0.0.1:{d.port}"], start=False)
        other.start(ready=False)
        assert other.process.wait(10) == 1
        lines = other.log().splitlines()
        assert len(lines) == 1 and f"cannot listen on {kind}://127.0.0.1:{d.port}" in lines[0]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_with_exit_code_0_and_removes_the_socket_file(daemon, number):
    d = daemon()
    assert d.udp("example.com").answer
    assert d.stop(number) == 0
    assert not d.unix.exists()


def test_signals_again_and_again_still_end_it_in_good_order(daemon):
    d = daemon()
    while d.process.poll() is None:
        d.process.send_signal(signal.SIGTERM)
        d.process.send_signal(signal.SIGHUP)
    assert d.process.returncode == 0


def test_sigterm_answers_what_is_pending(daemon, provider):
    d = daemon()
    assert d.udp("example.com").answer
    for server in provider:
        server.signal(signal.SIGSTOP)
    query = d.query("pending.wild.honest-lab.net")
    with d.tcp_stream() as stream, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(6)
        stream.send(query.to_wire())
        udp.sendto(query.to_wire(), ("127.0.0.1", d.port))
        d.process.send_signal(signal.SIGTERM)
        wait_for(lambda: "answering what is pending" in d.log(), what="the drain")
        for server in provider:
            server.signal(signal.SIGCONT)
        assert query.is_response(dns.message.from_wire(stream.receive()))
        assert query.is_response(dns.message.from_wire(udp.recv(4096)))
    assert d.process.wait(10) == 0


def test_queries_that_came_before_sigterm_are_answered(daemon):
    """They wait in the kernel, connections not even accepted, when the signal is seen."""
    d = daemon()
    assert d.udp("example.com").answer
    query = d.query("example.com")
    d.process.send_signal(signal.SIGSTOP)
    with d.tcp_stream() as tcp, d.unix_stream() as unix, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(6)
        tcp.send(query.to_wire())
        unix.send(query.to_wire())
        udp.sendto(query.to_wire(), ("127.0.0.1", d.port))
        d.process.send_signal(signal.SIGTERM)
        d.process.send_signal(signal.SIGCONT)
        for reply in (tcp.receive(), unix.receive(), udp.recv(4096)):
            assert query.is_response(dns.message.from_wire(reply))
    assert d.process.wait(10) == 0


def test_sighup_with_a_good_file_takes_effect(lab, daemon):
    d = daemon()
    port = lab_module.free_ports(1)[0]
    d.write_config(lab.provider_yaml() + "hijack: {mode: off}\n", [*d.listen, f"udp://127.0.0.1:{port}"])
    d.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "configuration reloaded" in d.log(), what="the reload")
    assert d.udp("example.com").answer
    old, d.port = d.port, port
    assert d.udp("example.com").answer
    d.port = old
    d.write_config(lab.provider_yaml() + "hijack: {mode: off}\n")
    d.process.send_signal(signal.SIGHUP)
    wait_for(lambda: d.log().count("configuration reloaded") == 2, what="the second reload")
    wait_for(lambda: is_free(port), what="the old port to be free")


def test_sighup_with_a_bad_file_changes_nothing_and_says_where(daemon):
    d = daemon()
    d.config.write_text("listen: [udp://127.0.0.1:1]\nstrategie: failover\n")
    d.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "stays in force" in d.log(), what="the refusal")
    assert f"{d.config}:2:1: unknown key 'strategie': did you mean 'strategy'?" in d.log()
    assert d.udp("example.com").answer


def test_sighup_to_a_port_that_is_taken_changes_nothing(lab, daemon):
    d, other = daemon(), daemon()
    d.write_config(lab.provider_yaml() + "hijack: {mode: off}\n", [*d.listen, f"tcp://127.0.0.1:{other.port}"])
    d.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "stays in force" in d.log(), what="the refusal")
    assert f"cannot listen on tcp://127.0.0.1:{other.port}" in d.log()
    assert d.udp("example.com").answer and d.tcp("example.com").answer


def test_reload_while_earlier_ones_still_drain_is_not_forgotten(lab, daemon, provider):
    d = daemon()
    ports = lab_module.free_ports(7)
    for server in provider:
        server.signal(signal.SIGSTOP)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(("127.0.0.1", d.port))
        for i, port in enumerate(ports):  # each generation has a question that holds it up
            s.send(d.query(f"held{i}.wild.honest-lab.net").to_wire())
            d.write_config(lab.provider_yaml() + "hijack: {mode: off}\n", [*d.listen, f"udp://127.0.0.1:{port}"])
            d.process.send_signal(signal.SIGHUP)
            wait_for(lambda: d.log().count("configuration reloaded") + d.log().count("reload waits") > i, what="the reload")
    assert "reload waits" in d.log()
    d.port = ports[-1]
    wait_for(lambda: d.raw_udp(d.query("localhost").to_wire()) is not None, what="the last configuration in force")


def test_reloads_under_load_lose_no_query(daemon):
    d = daemon()
    assert d.udp("example.com").answer
    stop, lost, n = threading.Event(), [], [0]

    def client():
        while not stop.is_set():
            n[0] += 1
            try:
                assert d.udp("example.com", timeout=5).rcode() == dns.rcode.NOERROR
            except Exception as e:  # any way of losing one counts
                lost.append(repr(e))

    clients = [threading.Thread(target=client) for _ in range(4)]
    for c in clients:
        c.start()
    for i in range(1, 11):
        d.process.send_signal(signal.SIGHUP)
        wait_for(lambda: d.log().count("configuration reloaded") >= i, what="the reload")
    stop.set()
    for c in clients:
        c.join()
    assert lost == [] and n[0] > 20


def test_list_of_millions_keeps_neither_the_control_socket_nor_the_end_waiting(lab, daemon, tmp_path):
    """Of a reload; what is in force answers meanwhile."""
    names = tmp_path / "names"
    names.write_text("".join(f"n{i}.far{i % 977}.example\n" for i in range(3_000_000)))
    d = daemon()
    d.write_config(lab.provider_yaml() + f"block: {{lists: [{{file: {names}}}]}}\n")
    d.process.send_signal(signal.SIGHUP)
    began = time.monotonic()
    assert d.told("status") and is_served(d)
    told_after = time.monotonic() - began
    d.process.send_signal(signal.SIGHUP)  # waits its turn
    began = time.monotonic()
    assert d.stop() == 0
    took = time.monotonic() - began
    if "configuration reloaded" in d.log():
        pytest.skip("three million names were read before anything else could be done")
    assert told_after < 1 and took < 1.5


def test_log_that_nobody_reads_stops_nobody_and_says_later_what_it_lost(daemon, tmp_path):
    log = tmp_path / "log"
    os.mkfifo(log)
    reader = os.open(log, os.O_RDWR | os.O_NONBLOCK)
    d = daemon(start=False, start_with=["sh", "-c", f'exec "$@" 2>{log}', "sh"])
    try:
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(reader, b"\n" * 4096)
        d.start(ready=False)
        wait_for(lambda: is_served(d), what="an answer while the log is full")
        os.read(reader, 1 << 20)
        d.process.send_signal(signal.SIGHUP)
        said = wait_for(lambda: read_some(reader), what="the log, flowing again")
        assert re.match(rb"httpdnsd: warning: \d+ lines of this log are lost", said)
        assert d.stop() == 0
    finally:
        os.close(reader)


def test_log_at_info_holds_no_query_name(daemon):
    d = daemon()
    d.udp("very-private-name.wild.honest-lab.net")
    d.stop()
    assert "very-private-name" not in d.log()


def test_sockets_handed_over_by_the_service_manager_are_used(lab, daemon, tmp_path):
    port = lab_module.free_ports(1)[0]
    path = tmp_path / "activated.sock"
    activate = lab_module.find("systemd-socket-activate")
    # The tool hands over one kind of socket a run; UDP and the streams are tried apart.
    for spec, kinds in ((["-d", "-l", f"127.0.0.1:{port}"], ["udp"]),
                        (["-l", f"127.0.0.1:{port}", "-l", str(path)], ["tcp", "unix"])):
        listen = [f"{k}://{path if k == 'unix' else f'127.0.0.1:{port}'}" for k in kinds]
        d = daemon(listen=listen, start=False, start_with=[activate, *spec])
        d.port, d.unix = port, path
        d.start(ready=False)
        query = d.query("example.com")
        if kinds == ["udp"]:
            wait_for(lambda: (r := d.raw_udp(query.to_wire(), 1)) and query.is_response(dns.message.from_wire(r)),
                     what="an answer over UDP")
        else:
            wait_for(path.exists, what="the socket")
            assert d.over_unix("example.com").answer
            assert d.tcp("example.com").answer
        assert "ready:" in d.log()
        assert d.stop() == 0
    assert path.exists()


@pytest.mark.skipif(os.getuid() != 0 or shutil.which("ip") is None, reason="needs root and ip(8) for a network namespace")
def test_machine_without_ipv6_starts_with_the_same_configuration(daemon, tmp_path):
    unix = tmp_path / "dns.sock"
    no_v6 = "ip link set lo up && echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6 && exec \"$@\""
    d = daemon(listen=["udp://127.0.0.1:5353", "udp://[::1]:5353", "tcp://[::1]:5353", f"unix://{unix}"],
               start=False, start_with=["unshare", "--net", "sh", "-c", no_v6, "sh"])
    d.unix = unix
    d.start()
    assert d.log().count("this machine has no IPv6: not listening on") == 2
    assert d.over_unix("localhost").answer[0][0].address == "127.0.0.1"
    d.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "configuration reloaded" in d.log(), what="the reload")
    assert d.over_unix("localhost").answer


def test_service_manager_is_told_ready_reloading_and_stopping(lab, daemon, tmp_path):
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(10)
        d = daemon(start=False, start_with=["env", f"NOTIFY_SOCKET={address}", "WATCHDOG_USEC=400000"])
        d.start()
        said = ""

        def hear(word):
            nonlocal said
            while word not in said:
                said += manager.recv(4096).decode() + "\n"

        hear("READY=1")
        hear("WATCHDOG=1")
        d.process.send_signal(signal.SIGHUP)
        hear("RELOADING=1")
        d.process.send_signal(signal.SIGTERM)
        hear("STOPPING=1")
        assert d.process.wait(10) == 0


def test_service_manager_that_reads_nothing_stops_nobody(daemon, tmp_path):
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        manager.bind(address)
        other.setblocking(False)
        other.connect(address)
        with contextlib.suppress(BlockingIOError):
            while True:
                other.send(b"X=1")
        d = daemon(start=False, start_with=["env", f"NOTIFY_SOCKET={address}", "WATCHDOG_USEC=400000"])
        d.start()
        wait_for(lambda: is_served(d), what="an answer")
        d.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "configuration reloaded" in d.log(), what="the reload")
        began = time.monotonic()
        assert d.stop() == 0 and time.monotonic() - began < 5


@pytest.mark.alone
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_lab_starts_answers_alerts_and_ends_cleanly(number):
    """The newcomer's one command, on another port; Ctrl-C reaches all its processes, kill only the first."""
    port = lab_module.free_ports(1)[0]
    run = subprocess.Popen([str(ROOT / "run"), "--lab", "--port", str(port)], stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(iter(run.stdout.readline, "")))
    reader.start()
    try:
        wait_for(lambda: any(f"dig @127.0.0.1 -p {port}" in line for line in lines) or run.poll() is not None, 180,
                 "the line to try")
        assert run.poll() is None, "".join(lines)
        got = subprocess.run([lab_module.find("dig"), "@127.0.0.1", "-p", str(port), "+short", "mail.bank-of-lab.com"],
                             capture_output=True, text=True, timeout=20)
        assert got.stdout.strip() == "185.31.17.30"
        wait_for(lambda: any("DNS hijack" in line and "mail.bank-of-lab.com" in line for line in lines), 20, "the alert")
        run.send_signal(number) if number == signal.SIGTERM else os.killpg(run.pid, number)
        assert run.wait(20) == 0
    finally:
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
        reader.join()
        shutil.rmtree(ROOT / "build" / "run" / str(port), ignore_errors=True)
    assert subprocess.run(["pgrep", "-g", str(run.pid)], capture_output=True).returncode == 1, "children are left"


def test_run_on_a_taken_port_is_one_clear_line():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
        got = subprocess.run([str(ROOT / "run"), "--lab", "--port", str(port)], capture_output=True, text=True, timeout=180)
    assert got.returncode != 0 and got.stdout.splitlines() == [] or "Installing" in got.stdout
    assert len(got.stderr.splitlines()) == 1 and str(port) in got.stderr
