# SPDX-License-Identifier: MIT
"""The lab: an internet on loopback, and a local resolver that lies about it.

Two BIND 9 servers are DoH providers (TLS with a throw-away CA, HTTP/2) and authoritative for
everything; a dnsmasq is the local resolver. All are Debian's own programs, started on free ports
with their files in one folder, and end with the lab, which ends with its parent.

    lab.py start --dir DIR      runs until SIGINT or SIGTERM; prints one line of JSON when all
                                servers answer
"""
import argparse
import ctypes
import json
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

ZONES = ["example.com", "bank-of-lab.com", "honest-lab.net", "news-lab.org", "signed-lab.com"]
# sizeN.honest-lab.net has N TXT records: answers of 0.2 to 58 kB in many lengths.
SIZES = [*range(1, 60), *range(60, 300, 7)]
PROVIDERS = ["provider1.lab.example", "provider2.lab.example"]

# What the local resolver says instead of the truth.
LIES = {
    "login.bank-of-lab.com": "62.138.238.45",  # a foreign address: no rule of today proves it
    "mail.bank-of-lab.com": "10.66.0.1",       # a private one: rule P2
}
SEARCH_PAGE = "62.138.239.45"                  # for what does not exist: rule P3

HERE = Path(__file__).resolve().parent
DEADLINE_S = 30


class LabError(Exception):
    pass


def any_port():
    """One that the kernel gives to no socket by itself: it is still free when its server comes; 0 where there are none."""
    low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    return random.SystemRandom().randrange(low // 2, low) if low >= 20000 else 0


def free_ports(n, kind=None):
    """n ports free for TCP and UDP on 127.0.0.1, all different."""
    held, ports = [], []
    while len(ports) < n:
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        held += [tcp, udp]
        try:
            tcp.bind(("127.0.0.1", any_port()))
            port = tcp.getsockname()[1]
            udp.bind(("127.0.0.1", port))
        except OSError:
            continue
        ports.append(port)
    for s in held:
        s.close()
    return ports


LIBC = ctypes.CDLL(None)  # here, as after a fork beside other threads nothing may be loaded


def die_with_parent():
    """The kernel ends the child when the thread that began it ends, however that comes."""
    PR_SET_PDEATHSIG = 1
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def run(command, **kw):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **kw)
    if done.returncode != 0:
        raise LabError(f"{command[0]} failed:\n{done.stdout}")
    return done.stdout


def find(program):
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if path is None:
        raise LabError(f"{program} is not installed")
    return path


def query_bytes(name, qtype, qid=0x4c42):
    labels = b"".join(bytes([len(p)]) + p.encode() for p in name.rstrip(".").split(".") if p)
    return struct.pack("!6H", qid, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", qtype, 1)


def udp_ask(port, name, qtype=1, timeout=0.3):
    """The reply's bytes, or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(timeout)
        try:
            s.connect(("127.0.0.1", port))
            s.send(query_bytes(name, qtype))
            return s.recv(65535)
        except OSError:
            return None


def takes_tcp(port):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def poll(what, condition):
    """Waits for the condition to hold; LabError when it does not in time."""
    end = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > end:
            raise LabError(f"{what} did not come up within {DEADLINE_S} s")
        time.sleep(0.02)


class Server:
    """A child process with its log in a file."""

    def __init__(self, name, command, folder):
        self.name, self.command, self.log = name, command, folder / f"{name}.log"
        self.process = None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, preexec_fn=die_with_parent)

    def alive(self):
        if self.process.poll() is None:
            return True
        raise LabError(f"{self.name} ended by itself:\n{self.log.read_text(errors='replace')[-2000:]}")

    def signal(self, number):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)
            if number == signal.SIGSTOP:  # it stands still only when all its threads do
                os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WNOWAIT)

    def stop(self):
        if self.process is None:
            return
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Lab:
    """start(), then read the attributes; stop() ends every child."""

    def __init__(self, folder):
        self.folder = Path(folder).resolve()
        self.ca = self.folder / "ca.pem"
        self.doh_ports, self.dns_ports, self.local_port = [], [], 0
        self.providers, self.local = [], None
        self.streams = 1000  # at once on one connection to a provider

    # ---- certificates ----

    def make_certificates(self):
        f, openssl = self.folder, find("openssl")
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"]
        run([openssl, "req", "-x509", *key, "-subj", "/CN=Lab CA", "-keyout", f / "ca.key", "-out", f / "ca.pem",
             "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"])
        names = ",".join(f"DNS:{p}" for p in PROVIDERS)
        (f / "leaf.ext").write_text(f"subjectAltName={names}\nbasicConstraints=CA:FALSE\n")
        run([openssl, "req", "-new", *key[:-2], "-subj", "/CN=lab", "-keyout", f / "leaf.key", "-out", f / "leaf.csr"])
        run([openssl, "x509", "-req", "-in", f / "leaf.csr", "-CA", f / "ca.pem", "-CAkey", f / "ca.key",
             "-CAcreateserial", "-days", "30", "-extfile", f / "leaf.ext", "-out", f / "leaf.pem"])

    # ---- zones ----

    def make_zones(self):
        zones = self.folder / "zones"
        shutil.copytree(HERE / "zones", zones, dirs_exist_ok=True)
        with open(zones / "honest-lab.net.zone", "a") as zone:
            for n in SIZES:
                zone.writelines(f'size{n} IN TXT "{k} {"x" * (170 + n * k % 31)}"\n' for k in range(n))
        keygen, sign = find("dnssec-keygen"), find("dnssec-signzone")
        run([keygen, "-q", "-K", zones, "-a", "ECDSAP256SHA256", "-f", "KSK", "signed-lab.com"])
        run([keygen, "-q", "-K", zones, "-a", "ECDSAP256SHA256", "signed-lab.com"])
        run([sign, "-q", "-S", "-K", zones, "-d", zones, "-o", "signed-lab.com", "-f", zones / "signed-lab.com.zone",
             zones / "signed-lab.com.zone"])

    # ---- servers ----

    def named_conf(self, doh, dns, folder):
        # Recursion makes BIND follow a chain into another of its zones, as a public resolver does; it
        # never leaves this machine, as the root zone is its own.
        zones = "".join(f'zone "{z}" {{ type primary; file "{self.folder}/zones/{z}.zone"; }};\n' for z in ZONES)
        return f"""
tls lab {{ cert-file "{self.folder}/leaf.pem"; key-file "{self.folder}/leaf.key"; }};
options {{
    directory "{folder}"; pid-file none; session-keyfile none; notify no;
    recursion yes; allow-recursion {{ 127.0.0.0/8; }}; dnssec-validation no; empty-zones-enable no;
    listen-on-v6 {{ none; }};
    listen-on port {dns} {{ 127.0.0.1; }};
    listen-on port {doh} tls lab http default {{ 127.0.0.1; }};
    http-listener-clients 0; http-streams-per-connection {self.streams}; tcp-clients 10000;
    max-records-per-type 0; minimal-responses no; check-names primary ignore; masterfile-format text; querylog yes;
}};
controls {{ }};
logging {{
    category lame-servers {{ null; }}; category client {{ null; }}; category resolver {{ null; }};
}};
zone "." {{ type primary; file "{self.folder}/zones/root.zone"; }};
{zones}"""

    def own_copy(self, program):
        """Where AppArmor confines a program of /usr/sbin to its own folders, it cannot read ours."""
        return shutil.copy(find(program), self.folder / program)

    def make_providers(self):
        named = self.own_copy("named")
        for i, (doh, dns) in enumerate(zip(self.doh_ports, self.dns_ports), 1):
            folder = self.folder / f"provider{i}"
            folder.mkdir(exist_ok=True)
            (folder / "named.conf").write_text(self.named_conf(doh, dns, folder))
            self.providers.append(Server(f"provider{i}", [named, "-g", "-n", "1", "-c", folder / "named.conf"], folder))

    def make_local(self):
        lines = ["no-resolv", "no-hosts", "no-daemon", "bind-interfaces", "listen-address=127.0.0.1",
                 f"port={self.local_port}", "cache-size=0", "pid-file=", "log-queries", "log-facility=-", "user=root" if os.getuid() == 0 else "",
                 f"address=/#/{SEARCH_PAGE}"]
        lines += [f"server=/{zone}/127.0.0.1#{self.dns_ports[0]}" for zone in ZONES]
        lines += [f"server=/{zone}/127.0.0.1#{self.dns_ports[1]}" for zone in ZONES]
        lines += [f"address=/{name}/{address}" for name, address in LIES.items()]
        conf = self.folder / "dnsmasq.conf"
        conf.write_text("\n".join(lines) + "\n")
        self.local = Server("dnsmasq", [self.own_copy("dnsmasq"), "-C", conf], self.folder)

    def doh_answers(self, i):
        """A question over HTTPS to provider i, as a stub would ask it."""
        got = subprocess.run([find("dig"), "@127.0.0.1", "-p", str(self.doh_ports[i]), "+https", f"+tls-ca={self.ca}",
                              f"+tls-hostname={PROVIDERS[i]}", "+time=1", "+tries=1", "+short", "example.com"],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        return "93.184.216.34" in got.stdout

    def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        ports = free_ports(5)
        self.doh_ports, self.dns_ports, self.local_port = ports[0:2], ports[2:4], ports[4]
        self.make_certificates()
        self.make_zones()
        self.make_providers()
        self.make_local()
        try:
            for server in [*self.providers, self.local]:
                server.start()
            for i, server in enumerate(self.providers):
                poll(server.name, lambda: server.alive() and self.doh_answers(i) and takes_tcp(self.dns_ports[i]))
            poll("dnsmasq", lambda: self.local.alive() and udp_ask(self.local_port, "example.com") is not None)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self):
        for server in [*self.providers, self.local]:
            if server is not None:
                server.stop()

    # ---- what was asked of whom ----

    def n_asked(self, provider, name):
        """How often provider 0 or 1 was asked for the name, over any transport."""
        log = self.providers[provider].log
        return log.read_text(errors="replace").lower().count(f" query: {name.lower()} ")

    def n_asked_local(self, name):
        return self.local.log.read_text(errors="replace").lower().count(f"] {name.lower()} from")

    def describe(self):
        return {"ca": str(self.ca), "doh_ports": self.doh_ports, "dns_ports": self.dns_ports,
                "local_port": self.local_port, "lies": LIES, "search_page": SEARCH_PAGE}

    def provider_yaml(self):
        """The providers section of a configuration that uses this lab."""
        out = "providers:\n"
        for i, port in enumerate(self.doh_ports):
            out += (f"  - name: lab{i + 1}\n    url: https://{PROVIDERS[i]}:{port}/dns-query\n"
                    f"    addresses: [127.0.0.1]\n    ca-file: {self.ca}\n")
        return out

    def audit_yaml(self, mode="all", recheck="1s"):
        return (f'local-resolver: {{servers: ["127.0.0.1:{self.local_port}"], filters: no}}\n'
                f"hijack: {{mode: {mode}, alert: stderr, recheck: {recheck}, tls-proof: no, path-probe: no}}\n")


def end(*_):
    """Leaves by way of finally; a second signal must not cut the clean-up short."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    sys.exit(0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["start"])
    parser.add_argument("--dir", required=True, help="a folder for the lab's files")
    parser.add_argument("--config", help="also write a configuration for httpdnsd there")
    parser.add_argument("--listen", action="append", default=[], help="its listen addresses")
    options = parser.parse_args()
    die_with_parent()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    lab = Lab(options.dir)
    try:
        lab.start()
        if options.config:
            listen = "".join(f"  - {a}\n" for a in options.listen)
            Path(options.config).write_text(f"# The lab's configuration, made anew at each start.\nlisten:\n{listen}"
                                            + lab.provider_yaml() + lab.audit_yaml()
                                            + f"control: {{socket: {Path(options.config).parent / 'control.sock'}}}\n")
        print(json.dumps(lab.describe()), flush=True)
        while True:
            signal.pause()
    except LabError as e:
        sys.exit(f"lab: {e}")
    finally:
        lab.stop()


if __name__ == "__main__":
    main()
