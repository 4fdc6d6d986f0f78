# SPDX-License-Identifier: MIT
"""Two network namespaces: a host on which httpdnsd runs, and an internet that owns every other address. Needs root."""
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent

HOST, GATEWAY = "84.200.10.2", "84.200.10.1"
LOCAL = "62.138.116.53"  # the access provider's resolver
ISP_PAGE = "62.138.238.45"  # its search and block page
PROVIDERS = ["45.90.30.17", "194.242.2.17", "130.59.31.17"]
PUBLIC = ["8.8.8.8", "1.1.1.1", "9.9.9.9", "208.67.222.222"]
DARK = ["192.0.2.1", "198.51.100.1", "203.0.113.1"]  # no DNS is there
ORIGINS = [f"151.101.{i}.81" for i in range(1, 9)]  # where the truth points
EDGES = [f"104.18.{i}.22" for i in range(1, 9)]  # another content network
BAD = [f"93.184.77.{i}" for i in range(1, 9)]  # where liars point
V6 = ["2a04:4e42::81", "2606:4700::22"]


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
    def __init__(self, folder, names):
        self.folder = Path(folder)
        tag = f"{os.getpid() % 100000}{time.monotonic_ns() // 1000 % 1000}"
        self.host, self.net = f"liarh{tag}", f"liarn{tag}"
        self.n_asked = 0
        self.world = None
        self.certificates = Certificates(self.folder / "certs", [*names, *(f"doh{i}.lab-doh.net" for i in range(3))])
        try:
            self.make()
        except BaseException:
            self.close()
            raise

    # ---- namespaces ----

    def make(self):
        for space in (self.host, self.net):
            run("ip", "netns", "add", space)
            self.ip(space, "link", "set", "lo", "up")
        run("ip", "link", "add", "wan0", "netns", self.host, "type", "veth", "peer", "name", "lan0", "netns", self.net)
        self.ip(self.host, "addr", "add", f"{HOST}/24", "dev", "wan0")
        self.ip(self.host, "-6", "addr", "add", "2a02:8108::2/64", "dev", "wan0", "nodad")
        self.ip(self.net, "addr", "add", f"{GATEWAY}/24", "dev", "lan0")
        self.ip(self.net, "-6", "addr", "add", "2a02:8108::1/64", "dev", "lan0", "nodad")
        self.ip(self.host, "link", "set", "wan0", "up")
        self.ip(self.net, "link", "set", "lan0", "up")
        for address in [LOCAL, ISP_PAGE, *PROVIDERS, *PUBLIC, *ORIGINS, *EDGES, *BAD]:
            self.ip(self.net, "addr", "add", f"{address}/32", "dev", "lo")
        for address in V6:
            self.ip(self.net, "-6", "addr", "add", f"{address}/128", "dev", "lo", "nodad")
        self.ip(self.host, "route", "add", "default", "via", GATEWAY)
        self.ip(self.host, "-6", "route", "add", "default", "via", "2a02:8108::1")
        self.start_world()

    def ip(self, space, *arguments):
        run("ip", "-n", space, *arguments)

    def start_world(self):
        command = ["ip", "netns", "exec", self.net, sys.executable, str(HERE / "world.py"), "--certs", str(self.certificates.folder)]
        for role, those in (("local", [LOCAL]), ("public", PUBLIC), ("provider", PROVIDERS), ("dark", DARK)):
            for address in those:
                command += [f"--{role}", address]
        for name in ("good", "wrong", "untrusted"):
            command += ["--cert", name]
        self.world = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def close(self):
        if self.world is not None:
            self.world.stdin.close()
            self.world.wait(10)
        for space in (self.host, self.net):
            subprocess.run(["ip", "netns", "del", space], capture_output=True)

    # ---- what is true, and who lies ----

    def say(self, **state):
        """Merges into the world's state; returns once it is in force."""
        self.n_asked += 1
        self.world.stdin.write(json.dumps(state) + "\n" + json.dumps({"ask": self.n_asked}) + "\n")
        self.world.stdin.flush()
        got = json.loads(self.world.stdout.readline())
        assert got == {"asked": self.n_asked}

    def nft(self, rules):
        """Rules in the internet's namespace: what the path does to packets."""
        run("ip", "netns", "exec", self.net, "nft", "-f", "-", input=f"flush ruleset\n{rules}\n")

    def provider_yaml(self, filtering=()):
        lines = ["providers:"]
        for i, address in enumerate(PROVIDERS):
            lines.append(f"  - {{name: p{i}, url: https://doh{i}.lab-doh.net/dns-query, addresses: [{address}], "
                         f"ca-file: {self.certificates.folder}/ca.pem, filtering: {'yes' if i in filtering else 'no'}}}")
        return "\n".join(lines) + "\n"

    def exec(self):
        """What a command that is to run on the host begins with."""
        return ["ip", "netns", "exec", self.host]
