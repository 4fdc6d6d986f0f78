# SPDX-License-Identifier: MIT
"""Two network namespaces: a host on which httpdnsd runs, and an internet that owns every other address. Needs root.

Rigs share nothing: as many as one likes run side by side, each from a thread that lives as long as its rig."""
import itertools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent

HOST, GATEWAY = "84.200.10.2", "84.200.10.1"
LOCAL = "62.138.116.53"  # the access provider's resolver
ISP_PAGE = "62.138.238.45"  # its search and block page
PROVIDERS = ["45.90.30.17", "194.242.2.17", "130.59.31.17"]
PROVIDER_NAMES = [f"doh{i}.lab-doh.net" for i in range(len(PROVIDERS))]
PUBLIC = ["8.8.8.8", "1.1.1.1", "9.9.9.9", "208.67.222.222"]
ORIGINS = [f"151.101.{i}.81" for i in range(1, 9)]  # where the truth points
EDGES = [f"104.18.{i}.22" for i in range(1, 9)]  # another content network
SIBLING = "199.232.1.81"  # of the same operator as ORIGINS, in another prefix
CACHES = ["62.138.200.1", "62.138.200.2"]  # genuine caches in the access provider's own network
BAD = [f"93.184.77.{i}" for i in range(1, 9)]  # where liars point
ROGUE = "93.184.99.53"  # a resolver elsewhere, which malware wrote into the router
V6 = ["2a04:4e42::81", "2606:4700::22"]
ASNS = {"62.138.0.0/16": 64500, "84.200.0.0/16": 64500, "151.101.0.0/16": 64510, "199.232.0.0/16": 64510, "2a04:4e42::/32": 64510,
        "104.18.0.0/16": 64520, "2606:4700::/32": 64520, "93.184.77.0/24": 64530, "93.184.99.0/24": 64540}
NUMBERS = itertools.count()


def missing():
    """Why it cannot run here, or ''."""
    if os.geteuid() != 0:
        return "needs root for network namespaces"
    for tool in ("ip", "nft", "openssl"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    name = f"liar-t{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
    if made.returncode != 0:
        return f"no network namespaces: {made.stderr.strip()}"
    subprocess.run(["ip", "netns", "del", name], check=True)
    return ""


def run(*command, **kw):
    got = subprocess.run(command, capture_output=True, text=True, **kw)
    assert got.returncode == 0, f"{' '.join(command)}: {got.stderr}"
    return got.stdout


class Certificates:
    """A CA that is trusted, one that is not, and leaves of both."""

    def __init__(self, folder, names):
        self.folder = folder
        folder.mkdir()
        for ca in ("ca", "rogue"):
            self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650", "-keyout",
                         f"{ca}.key", "-out", f"{ca}.pem", "-subj", f"/CN=laboratory {ca}")
        self.leaf("good", "ca", names)
        self.leaf("wrong", "ca", ["block.isp-page.net"])
        self.leaf("untrusted", "rogue", names)

    def openssl(self, *arguments):
        run("openssl", *arguments, cwd=self.folder)

    def leaf(self, name, ca, names):
        (self.folder / f"{name}.ext").write_text("subjectAltName=" + ",".join(f"DNS:{n}" for n in names) + "\n")
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key", "-out",
                     f"{name}.csr", "-subj", f"/CN={names[0]}")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-CAcreateserial", "-days", "3650",
                     "-extfile", f"{name}.ext", "-out", f"{name}.pem")


class Rig:
    def __init__(self, certificates):
        tag = f"{os.getpid()}-{next(NUMBERS)}"
        self.host, self.net = f"liarh{tag}", f"liarn{tag}"
        self.n_asked = 0
        self.world = None
        self.certificates = certificates
        try:
            self.make()
        except BaseException:
            self.close()
            raise

    # ---- namespaces ----

    def make(self):
        for space in (self.host, self.net):
            run("ip", "netns", "add", space)
        run("ip", "link", "add", "wan0", "netns", self.host, "type", "veth", "peer", "name", "lan0", "netns", self.net)
        self.ip(self.net, "link set lo up", f"addr add {GATEWAY}/24 dev lan0", "addr add 2a02:8108::1/64 dev lan0 nodad", "link set lan0 up",
                *(f"addr add {a}/32 dev lo" for a in [LOCAL, ROGUE, ISP_PAGE, SIBLING, *CACHES, *PROVIDERS, *PUBLIC, *ORIGINS, *EDGES, *BAD]),
                *(f"addr add {a}/128 dev lo nodad" for a in V6))
        self.ip(self.host, "link set lo up", f"addr add {HOST}/24 dev wan0", "addr add 2a02:8108::2/64 dev wan0 nodad", "link set wan0 up",
                f"route add default via {GATEWAY}", "route add default via 2a02:8108::1")
        self.start_world()

    def ip(self, space, *commands):
        run("ip", "-n", space, "-batch", "-", input="".join(command + "\n" for command in commands))

    def start_world(self):
        command = ["ip", "netns", "exec", self.net, sys.executable, str(HERE / "world.py"), "--link", "lan0", "--certs", str(self.certificates.folder)]
        for role, those in (("local", [LOCAL, ROGUE]), ("public", PUBLIC), ("provider", PROVIDERS)):
            for address in those:
                command += [f"--{role}", address]
        for name in ("good", "wrong", "untrusted"):
            command += ["--cert", name]
        self.world = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def close(self):
        if self.world is not None:
            self.world.stdin.close()
            self.world.wait(10)
            self.world.stdout.close()
        for space in (self.host, self.net):
            subprocess.run(["ip", "netns", "del", space], capture_output=True)

    # ---- what is true, and who lies ----

    def say(self, **state):
        """Merges into the world's state; returns once it is in force, with what the world has counted."""
        self.n_asked += 1
        self.world.stdin.write(json.dumps(state) + "\n" + json.dumps({"ask": self.n_asked}) + "\n")
        self.world.stdin.flush()
        got = json.loads(self.world.stdout.readline())
        assert got["asked"] == self.n_asked
        return got["counts"]

    def nft(self, rules):
        """Rules in the internet's namespace: what the path does to packets."""
        run("ip", "netns", "exec", self.net, "nft", "-f", "-", input=f"flush ruleset\n{rules}\n")

    def provider_yaml(self, filtering=()):
        lines = ["providers:"]
        for i, address in enumerate(PROVIDERS):
            lines.append(f"  - {{name: p{i}, url: https://{PROVIDER_NAMES[i]}/dns-query, addresses: [{address}], "
                         f"ca-file: {self.certificates.folder}/ca.pem, filtering: {'yes' if i in filtering else 'no'}}}")
        return "\n".join(lines) + "\n"

    def exec(self):
        """What a command that is to run on the host begins with."""
        return ["ip", "netns", "exec", self.host]


def rules_of(what):
    """What the path does to port 53: leads "all" of it, or that of the "public" resolvers alone, to the local resolver; or lets none by that
    is not to that, and "drop"s or "reject"s it."""
    if what in ("drop", "reject"):
        lines = f"iifname lan0 meta l4proto {{ tcp, udp }} th dport 53 ip daddr != {LOCAL} {what}\n"
        return f"table ip liar {{\nchain path {{\ntype filter hook input priority filter;\n{lines}}}\n}}"
    those = {"all": f"!= {LOCAL}", "public": f"{{ {', '.join(PUBLIC)} }}"}[what]
    lines = "".join(f"iifname lan0 {protocol} dport 53 ip daddr {those} dnat to {LOCAL}\n" for protocol in ("udp", "tcp"))
    return f"table ip liar {{\nchain path {{\ntype nat hook prerouting priority dstnat;\n{lines}}}\n}}"
