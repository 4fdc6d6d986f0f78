# SPDX-License-Identifier: MIT
"""What the auditor costs clients: two daemons alike but for hijack.mode (off, all), loaded in turn with the macro harness's generator.

    tests/bench/auditor.py BUILD [--rounds N] [--seconds S]

BUILD is a release build. The harness ($HARNESS, default ../shared/bench beside the project) is the origin of answers and also the local
resolver. 10 000 names, all cached, closed loop; beside it 20 new names a second, so that the auditor has more to check than its budget. Each
round loads both daemons, the one first that was second before; rounds are short, so that what the machine does besides hits both alike. Figures
are medians, of the rounds' own ratios too; CPU is of all rounds together."""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
HARNESS = Path(os.environ.get("HARNESS", ROOT.parent / "shared" / "bench"))
sys.path.insert(0, str(ROOT / "tests" / "lab" / "liars"))
from rig import Certificates  # noqa: E402  (found by the line above)

MODES, HOST = ["off", "all"], "origin.lab-doh.net"
NAMES, NEW_A_SECOND = 10_000, 20
CONFIG = """listen: ["udp://127.0.0.1:{port}"]
workers: {threads}
providers:
  - {{name: one, url: "https://{host}:{doh}/dns-query", addresses: [127.0.0.1], ca-file: "{ca}"}}
  - {{name: two, url: "https://{host}:{doh}/dns-query", addresses: [127.0.0.1], ca-file: "{ca}"}}
local-resolver: {{servers: ["127.0.0.1:{dns}"], filters: no}}
hijack: {{mode: {mode}, alert: stderr, tls-proof: no, path-probe: no, asn-database: off}}
control: {{socket: "{folder}/{mode}.sock"}}
state-dir: off
log: {{level: warning}}
"""


FIRST, LAST = min(os.sched_getaffinity(0)), max(os.sched_getaffinity(0))
PORTS = {"doh": 17443, "dot": 17853, "dns": 17053, "off": 17101, "all": 17102}


def start(command, folder, cpus):
    with open(folder / f"{Path(command[0]).name}.log", "ab") as log:
        return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "taskset", "-c", ",".join(map(str, cpus)), *map(str, command)],
                                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder)


def cpu_s(process):
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Pair:
    """Both daemons beside the harness's origin."""

    def __init__(self, folder, build, binaries, threads):
        self.folder, self.build, self.binaries, self.threads = folder, build, binaries, threads
        self.servers, self.n_new = {}, 0
        certificates = Certificates(folder / "certs", [HOST]).folder
        self.cpus = {"server": [FIRST, LAST], "load": [FIRST, LAST]} if threads > 1 else {"server": [FIRST], "load": [LAST]}
        self.origin = start([binaries / "origin", "-c", certificates / "good.pem", "-k", certificates / "good.key", "-h", PORTS["doh"],
                             "-d", PORTS["dot"], "-p", PORTS["dns"], "-m", 128], folder, [LAST])

    def start(self, mode):
        config = self.folder / f"{mode}.yaml"
        config.write_text(CONFIG.format(folder=self.folder, threads=self.threads, host=HOST, ca=self.folder / "certs" / "ca.pem", mode=mode, port=PORTS[mode], **PORTS))
        self.servers[mode] = start([self.build / "daemon" / "httpdnsd", "--config", config], self.folder, self.cpus["server"])
        self.load(mode, "wait", "-s", 20, "-g", 2, "-P", "w").communicate()
        self.load(mode, "udp", "-P", "h", "-N", NAMES, "-o", 1, "-c", 8, "-w", 64, "-t", 2000, "-s", 20).communicate()

    def load(self, mode, *arguments):
        command = ["taskset", "-c", ",".join(map(str, self.cpus["load"])), self.binaries / "dnsload", arguments[0], "-p", PORTS[mode], *arguments[1:]]
        return subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True)

    def measure(self, mode, seconds):
        before = cpu_s(self.servers[mode])
        self.n_new += 1
        new = self.load(mode, "rate", "-r", NEW_A_SECOND, "-s", seconds, "-P", f"n{self.n_new}")
        got = json.loads(self.load(mode, "udp", "-P", "h", "-N", NAMES, "-c", 8, "-w", 192, "-s", seconds).communicate()[0])
        new.communicate()
        assert got["lost"] == 0 and got["servfail"] == 0, got
        return {"qps": got["qps"], "p99_us": got["p99_us"], "cpu_s": cpu_s(self.servers[mode]) - before, "answered": got["answered"]}

    def stop(self):
        for process in [*self.servers.values(), self.origin]:
            process.terminate()
            process.wait(10)


def report(threads, rounds):
    for what in ("qps", "p99_us"):
        middle = {mode: statistics.median(r[mode][what] for r in rounds) for mode in MODES}
        ratios = sorted(r["all"][what] / r["off"][what] for r in rounds)
        print(f"{threads} worker(s), {what}: off {middle['off']:.6g}, all {middle['all']:.6g}; all/off in a round: median "
              f"{statistics.median(ratios):.3f}, {ratios[0]:.3f} to {ratios[-1]:.3f} of {len(ratios)}", flush=True)
    cpu = {mode: sum(r[mode]["cpu_s"] for r in rounds) / sum(r[mode]["answered"] for r in rounds) * 1e6 for mode in MODES}
    print(f"{threads} worker(s), CPU an answer: off {cpu['off']:.2f} µs, all {cpu['all']:.2f} µs: {cpu['all'] / cpu['off']:.3f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("--rounds", type=int, default=41)
    parser.add_argument("--seconds", type=float, default=0.4)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    if not (HARNESS / "bench.py").exists():
        sys.exit(f"auditor: no harness in {HARNESS}: say HARNESS=folder")
    binaries = ROOT / "build-bench" / "harness"
    binaries.mkdir(parents=True, exist_ok=True)
    subprocess.run(["make", "-s", "-C", str(HARNESS), f"O={binaries}"], check=True)
    for threads in options.threads:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            pair = Pair(Path(folder), options.build.resolve(), binaries, threads)
            try:
                for mode in MODES:
                    pair.start(mode)
                rounds = []
                for i in range(options.rounds):
                    order = MODES if i % 2 == 0 else MODES[::-1]
                    rounds.append({mode: pair.measure(mode, options.seconds) for mode in order})
                report(threads, rounds)
            finally:
                pair.stop()


if __name__ == "__main__":
    main()
