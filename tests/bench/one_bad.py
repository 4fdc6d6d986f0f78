# SPDX-License-Identifier: MIT
"""One of two providers turns bad at 500 misses a second: what clients feel, with an origin and a load generator in C.

usage: one_bad.py BUILD [ROUNDS [ROW …]]     prints each round, then the medians; ends with 1 when a row's is not held
       one_bad.py --list                     the rows

Both providers are the harness's origin ($HARNESS, default ../shared/bench beside the project); one that refuses, closes or fails is bench_bad. A row is STRATEGY/PLACE/HOW:
which of the two turns bad, and how; "well" changes nothing, and shows what the machine does of itself. In each round each
row has a daemon of its own: p99 while both are well, then, one second after it turned bad, p99 again. Bounds: the median of the
rounds' ratios is 1.3 at most; nothing unanswered, no answer in vain and none later than 2.5 s from the first moment on.
"""
import collections
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
HARNESS = Path(os.environ.get("HARNESS", ROOT.parent / "shared" / "bench"))
WORK = ROOT / "build-bench" / "harness"
sys.path.insert(0, str(ROOT / "tests" / "lab"))

import lab as lab_module  # noqa: E402

PORT, DOH = 5353, (8443, 8444)
RATE, WELL_S, BAD_S, FLAP_S = 500, 3, 3, 2
BOUND, WORST_US = 1.3, 2.5e6
STRATEGIES = ("failover", "fastest", "race", "spread")
HOWS = ("well", "hang", "lost", "flap", "close", "refuse", "servfail")
ROWS = [f"{strategy}/{place}/{how}" for how in HOWS for strategy in STRATEGIES for place in ("first", "second")]


def run_beside(command, folder, name):
    log = open(f"{folder}/{name}.log", "ab")
    return subprocess.Popen(list(map(str, command)), stdout=log, stderr=log, cwd=folder, preexec_fn=lab_module.die_with_parent)


def end(process):
    process.kill()
    process.wait()


class Provider:
    def __init__(self, build, folder, port):
        self.build, self.folder, self.port, self.process = build, folder, port, None
        self.over, self.flapper = threading.Event(), None

    def start(self):
        self.process = run_beside([WORK / "origin", "-c", "leaf.pem", "-k", "leaf.key", "-h", self.port], self.folder, "origin")
        for _ in range(500):
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.002)
        raise RuntimeError("the origin did not start")

    def flap(self):
        while not self.over.wait(FLAP_S):
            self.start()
            if self.over.wait(FLAP_S):
                return
            end(self.process)

    def turn_bad(self, how):
        if how == "hang":
            os.kill(self.process.pid, signal.SIGSTOP)
        elif how == "lost":
            nft(f"add table inet lost\nadd chain inet lost i {{ type filter hook input priority 0; }}\n"
                f"add rule inet lost i tcp dport {self.port} drop\nadd rule inet lost i tcp sport {self.port} drop\n")
        elif how == "flap":
            end(self.process)
            self.flapper = threading.Thread(target=self.flap)
            self.flapper.start()
        elif how != "well":
            end(self.process)
            self.process = run_beside([f"{self.build}/tests/bench/bench_bad", self.port, "leaf.pem", "leaf.key", how], self.folder, how)

    def stop(self):
        self.over.set()
        if self.flapper is not None:
            self.flapper.join()
        end(self.process)
        nft("add table inet lost\ndelete table inet lost\n")


def nft(rules):
    subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True)


def load(seconds, count=[0]):
    """New names; what the harness's generator says of them."""
    count[0] += 1
    command = [WORK / "dnsload", "rate", "-p", PORT, "-P", f"b{os.getpid()}x{count[0]}y", "-c", 16, "-r", RATE, "-s", seconds, "-t", 6000]
    return json.loads(subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, check=True).stdout)


def config(folder, strategy):
    entries = "".join(f'  - {{name: p{i}, url: "https://{lab_module.PROVIDERS[i]}:{port}/dns-query", addresses: [127.0.0.1], ca-file: "{folder}/ca.pem"}}\n'
                      for i, port in enumerate(DOH))
    return (f'listen: ["udp://127.0.0.1:{PORT}"]\nworkers: 2\nhijack: {{mode: off}}\nlog: {{level: warning}}\nstrategy: {strategy}\n'
            f'control: {{socket: "off"}}\nstate-dir: "{folder}"\nproviders:\n{entries}')


def is_good(said):
    return said["good"] == said["sent"] and said["lost"] == said["unanswered"] == said["servfail"] == 0 and said["max_us"] <= WORST_US


def measure(build, folder, row):
    """(well, the first second, after it) as the generator says."""
    strategy, place, how = row.split("/")
    providers = [Provider(build, folder, port) for port in DOH]
    bad = providers[place == "second"]
    Path(folder, "bad.yaml").write_text(config(folder, strategy))
    for provider in providers:
        provider.start()
    daemon = run_beside([f"{build}/daemon/httpdnsd", "--config", f"{folder}/bad.yaml"], folder, "daemon")
    try:
        subprocess.run([WORK / "dnsload", "wait", "-p", str(PORT), "-s", "10", "-g", "5", "-P", "w"], stdout=subprocess.DEVNULL, check=True)
        load(0.5)
        well = load(WELL_S)
        bad.turn_bad(how)
        said = well, load(1), load(BAD_S + (2 * FLAP_S if how == "flap" else 0))
        return said
    finally:
        end(daemon)
        for provider in providers:
            provider.stop()


def run(build, rounds, rows):
    ratios, broken = collections.defaultdict(list), []
    with tempfile.TemporaryDirectory() as folder:
        lab_module.Lab(Path(folder)).make_certificates()
        for n in range(rounds):
            for row in rows:
                well, first, after = measure(build, folder, row)
                ratios[row].append(after["p99_us"] / well["p99_us"])
                good = is_good(first) and is_good(after)
                print(f"{n + 1} {row}: p99 {well['p99_us'] / 1e3:.2f} -> {after['p99_us'] / 1e3:.2f} ms, {ratios[row][-1]:.2f} times; "
                      f"p50 {well['p50_us'] / 1e3:.2f} -> {after['p50_us'] / 1e3:.2f}; worst {first['max_us'] / 1e3:.0f} ms, "
                      f"then {after['max_us'] / 1e3:.1f}{'' if good else f'; NOT GOOD: {first} {after}'}", flush=True)
                if not good:
                    broken.append(row)
    for row in rows:
        median = statistics.median(ratios[row])
        print(f"{row}: {median:.2f} times")
        if median > BOUND:
            broken.append(row)
    return broken


def main():
    if sys.argv[1:] == ["--list"]:
        print("\n".join(ROWS))
        return
    rows = sys.argv[3:] or ROWS
    if len(sys.argv) < 2 or not set(rows) <= set(ROWS):
        sys.exit(__doc__)
    if "ONE_BAD_INSIDE" not in os.environ:
        os.environ["ONE_BAD_INSIDE"] = "1"
        os.execvp("unshare", ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", sys.executable, *sys.argv])
    subprocess.run(["make", "-s", "-C", str(HARNESS), f"O={WORK}"], check=True)
    broken = run(os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 3, rows)
    sys.exit(f"one_bad: not held: {', '.join(sorted(set(broken)))}" if broken else 0)


if __name__ == "__main__":
    main()
