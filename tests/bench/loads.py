# SPDX-License-Identifier: MIT
"""The loads of PROMISES (L1, L4 to L9) against a daemon in the lab, each bounded in count and time.

usage: loads.py BUILD [L4 L5 …]      prints what came of each with its bounds; ends with 1 when one was not held

Runs in a network namespace of its own where it may make one. L1 goes on for $L1_SECONDS (60). L2 and L3 need peers to compare with:
measure.sh.
"""
import json
import os
import re
import resource
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
os.environ["HTTPDNSD_BUILD"] = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else ""
sys.path[:0] = [str(ROOT / "tests" / "integration"), str(ROOT / "tests" / "lab")]

import clients  # noqa: E402
import conftest  # noqa: E402
import lab as lab_module  # noqa: E402

NAMES = [f"load{i}.wild.honest-lab.net" for i in range(50)]


def at_once():
    """For whoever measures: what waits for a processor is then the daemon, and not the one who watches it."""
    lab_module.die_with_parent()
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except OSError:
        pass  # without the right to it the figures are a little worse


class Rate:
    """bench_rate, an open loop in a process of its own, beside whatever else is done."""

    def __init__(self, d, per_second, seconds, name=NAMES[0], retry_ms=0, measures=True):
        program = conftest.BUILD / "tests" / "bench" / "bench_rate"
        self.process = subprocess.Popen([program, str(d.port), str(per_second), str(seconds), name, str(retry_ms)], stdout=subprocess.PIPE,
                                        text=True, preexec_fn=at_once if measures else lab_module.die_with_parent)

    def over(self):
        """Waits, and gives what it said: {"sent": n, "answered": n, "lost": n, "p50": us, …}."""
        words = self.process.communicate()[0].split()
        return dict(zip(words[::2], map(float, words[1::2])))


class Rig:
    """A lab, and daemons before it whose provider is as far away as is wished."""

    def __init__(self, folder):
        self.folder, self.n, self.running = folder, 0, []
        self.lab = lab_module.Lab(folder / "lab")
        self.lab.streams = 100

    def start(self):
        self.lab.start()

    def far(self, ms):
        """A port that is provider 1, `ms` away."""
        command = [conftest.BUILD / "tests" / "bench" / "bench_far", str(self.lab.doh_ports[0]), str(ms)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=lab_module.die_with_parent)
        self.running.append(process.terminate)
        return int(process.stdout.readline())

    def daemon(self, port=None, start=True, more=""):
        """One with two workers, provider 1 at that port (both providers, near, without it) and all of NAMES in its cache."""
        self.n += 1
        (self.folder / f"d{self.n}").mkdir()
        providers = (f"providers:\n  - name: far\n    url: https://{lab_module.PROVIDERS[0]}:{port}/dns-query\n"
                     f"    addresses: [127.0.0.1]\n    ca-file: {self.lab.ca}\n") if port else self.lab.provider_yaml()
        limits = "workers: 2\ntcp: {max-connections: 4000, max-per-local-client: 4000}\n"
        d = conftest.Daemon(self.folder / f"d{self.n}", providers + limits + more)
        if start:
            d.start()
            self.running.append(d.stop)
            for name in NAMES:
                d.udp(name)
        return d

    def stop(self):
        while self.running:
            self.running.pop()()
        self.lab.stop()


def connections(port):
    """How many TCP connections there are, or were a moment ago, to that port on loopback."""
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(int(row[2].split(":")[1], 16) == port for row in rows)


def status(d):
    got = subprocess.run([conftest.HTTPDNSCTL, "--socket", d.folder / "control.sock", "--json", "status"], capture_output=True, text=True, check=True)
    return json.loads(got.stdout)


def resident_kb(d):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{d.process.pid}/status").read_text())[1])


def steady(rig):
    """L1: 10 000 q/s, nine of ten known; a cache that is full when the second half begins, after which memory is to be flat."""
    seconds = int(os.environ.get("L1_SECONDS", "60"))
    d = rig.daemon(rig.lab.doh_ports[0], more="cache: {size: 2MiB}\n")
    load = Rate(d, 10000, seconds, "s%%.wild.honest-lab.net")
    time.sleep(seconds / 2)
    half = resident_kb(d)
    got = load.over()
    grown_kb = resident_kb(d) - half
    print(f"L1: {got['answered']:.0f} of {got['sent']:.0f} answered in {seconds} s, {got['bad']:.0f} of them in vain; p50 {got['p50'] / 1e3:.2f} ms (bound 0.2), "
          f"p99 {got['p99'] / 1e3:.2f} (2), p99.9 {got['p999'] / 1e3:.2f} (10); RSS {half} kB, {grown_kb:+} kB in the second half")
    return got["lost"] == got["bad"] == 0 and got["p50"] <= 200 and got["p99"] <= 2e3 and got["p999"] <= 10e3 and grown_kb < 1024


def burst(rig):
    """L4: 5000 different misses within 100 ms, 20 ms to the provider and back, 100 streams a connection."""
    port = rig.far(10)
    d = rig.daemon(port)
    got, n = Rate(d, 50000, 0.1, "b%.wild.honest-lab.net").over(), connections(port)
    print(f"L4: {got['answered']:.0f} of {got['sent']:.0f} answered, {got['bad']:.0f} of them in vain, the last after {got['max'] / 1e6:.2f} s "
          f"(bound 2), {n} connections (bound 4)")
    return got["sent"] == 5000 and got["lost"] == got["bad"] == 0 and got["max"] <= 2e6 and n <= 4


def pipelines(rig):
    return clients.many_pipelined(rig.daemon(), NAMES)


def crowd(rig):
    d = rig.daemon()

    def latencies(seconds):
        got = Rate(d, 10000, seconds).over()
        return got["p50"], got["p99"], int(got["answered"]), int(got["lost"])

    return clients.bad_company(d, latencies)


def herd(rig, n_clients=10000):
    """L7: so many clients, each with a socket of its own, ask for one name that is not in the cache; it takes half a second."""
    d, name = rig.daemon(rig.far(250)), "herd.wild.honest-lab.net"
    query = d.query(name).to_wire()
    socks = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) for _ in range(n_clients)]
    for s in socks:
        s.connect(("127.0.0.1", d.port))
    began = time.monotonic()
    for s in socks:
        s.send(query)
    sent_s, waiting, n_bad = time.monotonic() - began, set(socks), 0
    while waiting and time.monotonic() - began < 10:
        for s in list(waiting):
            try:
                n_bad += s.recv(4096)[3] & 15 != 0
                waiting.discard(s)
            except BlockingIOError:
                pass
        time.sleep(0.01)
    took_s, n_asked = time.monotonic() - began, rig.lab.n_asked(0, name)
    for s in socks:
        s.close()
    print(f"L7: {n_clients - len(waiting)} of {n_clients} clients answered, {n_bad} in vain, asked within {sent_s:.2f} s, the last answer at {took_s:.2f} s; "
          f"{n_asked} upstream (bound 1)")
    return not waiting and n_bad == 0 and n_asked == 1


def flood(rig):
    """L8: one client asks 5000 random names a second beside one that asks 100 times for what is known, and one for what is not."""
    d = rig.daemon(rig.far(10))

    def calm(tag):
        both = [Rate(d, 100, 5), Rate(d, 100, 5, f"{tag}%.wild.honest-lab.net")]
        return [r.over() for r in both]

    alone, noise = calm("a"), Rate(d, 5000, 7, "f%.wild.honest-lab.net", measures=False)
    time.sleep(1)
    beside, noise = calm("c"), noise.over()
    good = noise["lost"] == 0
    for what, a, b in zip(("hits", "misses"), alone, beside):
        print(f"L8: {what}, 100 q/s: p99 {a['p99'] / 1e3:.2f} ms alone, {b['p99'] / 1e3:.2f} beside 5000 misses/s (bound twice), {b['lost']:.0f} lost (bound 0)")
        good = good and b["p99"] <= 2 * a["p99"] and a["lost"] == b["lost"] == b["bad"] == 0
    print(f"L8: the flood: {noise['answered']:.0f} of {noise['sent']:.0f} answered, {noise['bad']:.0f} of them in vain")
    return good


class Activated:
    """A daemon that is handed its sockets, as by the service manager, and so can end and begin with no query lost."""

    def __init__(self, rig):
        self.d = rig.daemon(start=False)
        rig.running.append(self.d_stop)
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)  # SO_RCVBUFFORCE, the unit's ReceiveBuffer=4M
        self.udp.bind(("127.0.0.1", self.d.port))
        self.tcp = socket.create_server(("127.0.0.1", self.d.port))
        fds = [s.fileno() for s in (self.udp, self.tcp)]
        take = f'exec 3<&{fds[0]} 4<&{fds[1]}; export LISTEN_FDS=2 LISTEN_PID=$$; exec "$@"'
        self.fds, self.d.start_with = fds, ["sh", "-c", take, "sh"]
        self.start()

    def start(self):
        n = self.d.log().count("ready:")
        self.d.start(ready=False, pass_fds=self.fds)
        conftest.wait_for(lambda: self.d.log().count("ready:") > n, what="ready")

    def d_stop(self):
        self.d.process.kill()
        self.d.process.wait()


def restarts(rig, n_planned=100, n_killed=20):
    """L9: 5000 q/s while the daemon ends and begins again and again, then while it is killed and begins again."""
    a = Activated(rig)
    planned, n = Rate(a.d, 5000, 0.4 * n_planned), 0
    began = time.monotonic()
    while n < n_planned and planned.process.poll() is None:
        time.sleep(max(0.0, 0.4 * n + 0.1 - (time.monotonic() - began)))
        assert a.d.stop() == 0
        a.start()
        n += 1
    n_restarts, planned = n, planned.over()
    killed, n = Rate(a.d, 5000, n_killed, retry_ms=1000), 0
    while n < n_killed and killed.process.poll() is None:
        time.sleep(0.5)
        a.d_stop()
        a.start()
        n += 1
    killed = killed.over()
    print(f"L9: {n_restarts} restarts: {planned['answered']:.0f} of {planned['sent']:.0f} answered, {planned['bad']:.0f} of them in vain, without a second try; "
          f"the longest wait {planned['max'] / 1e3:.0f} ms (bound 300)")
    print(f"L9: {n} SIGKILLs: {killed['answered']:.0f} of {killed['sent']:.0f} answered, {killed['bad']:.0f} of them in vain, {killed['retried']:.0f} asked twice")
    good = all(r["lost"] == r["bad"] == 0 for r in (planned, killed))
    return good and n_restarts == n_planned and n == n_killed and planned["max"] <= 300e3


LOADS = {"L1": steady, "L4": burst, "L5": pipelines, "L6": crowd, "L7": herd, "L8": flood, "L9": restarts}


def main():
    wanted = sys.argv[2:] or list(LOADS)
    if len(sys.argv) < 2 or not set(wanted) <= set(LOADS):
        sys.exit(__doc__)
    if "LOADS_INSIDE" not in os.environ and subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode == 0:
        inside = 'ip link set lo up && exec "$@"'
        os.environ["LOADS_INSIDE"] = "1"
        os.execvp("unshare", ["unshare", "--net", "sh", "-c", inside, "sh", sys.executable, *sys.argv])
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    broken = []
    for load in wanted:
        with tempfile.TemporaryDirectory() as folder:
            rig = Rig(Path(folder))
            try:
                rig.start()
                if not LOADS[load](rig):
                    broken.append(load)
            finally:
                rig.stop()
    sys.exit(f"loads: not held: {', '.join(broken)}" if broken else 0)


if __name__ == "__main__":
    main()
