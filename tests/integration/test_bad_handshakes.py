# SPDX-License-Identifier: MIT
"""Providers whose TCP or TLS goes wrong (PROMISES F-10, F-16, F-21 to F-24): with another one nobody feels it, alone the client is told
why in time."""
import os
import socket
import ssl
import struct
import subprocess
import threading
import time
import warnings

import dns.message
import dns.rcode
import dns.rrset
import origin as http_origin
import pytest

from conftest import edes, lab_module, wait_for
from test_hostile_provider import Origin, can_filter, nft, providers

pytest.importorskip("h2", reason="python3-h2 is not installed: no provider that misbehaves")


def openssl(*words, **kw):
    lab_module.run([lab_module.find("openssl"), *map(str, words)], **kw)


@pytest.fixture(scope="module")
def certificates(lab, tmp_path_factory):
    """Of the providers' names: expired, not valid yet, signed by itself, and by a CA that nobody knows."""
    f = tmp_path_factory.mktemp("certificates")
    (f / "index.txt").touch()
    (f / "ca.cnf").write_text(f"[ca]\ndefault_ca=x\n[x]\ndatabase={f}/index.txt\nserial={f}/serial\nnew_certs_dir={f}\n"
                              "default_md=sha256\npolicy=p\nunique_subject=no\nrand_serial=yes\n[p]\ncommonName=supplied\n")
    sign = ["ca", "-batch", "-notext", "-config", f / "ca.cnf", "-in", lab.folder / "leaf.csr", "-extfile", lab.folder / "leaf.ext"]
    ours = ["-cert", lab.ca, "-keyfile", lab.folder / "ca.key"]
    openssl(*sign, *ours, "-startdate", "20200101000000Z", "-enddate", "20200201000000Z", "-out", f / "expired.pem")
    openssl(*sign, *ours, "-startdate", "20900101000000Z", "-enddate", "20910101000000Z", "-out", f / "not yet.pem")
    openssl("x509", "-req", "-in", lab.folder / "leaf.csr", "-key", lab.folder / "leaf.key", "-days", "30", "-extfile", lab.folder / "leaf.ext",
            "-out", f / "own.pem")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=Other CA",
            "-keyout", f / "other.key", "-out", f / "other-ca.pem")
    openssl("x509", "-req", "-in", lab.folder / "leaf.csr", "-CA", f / "other-ca.pem", "-CAkey", f / "other.key", "-days", "30",
            "-CAcreateserial", "-extfile", lab.folder / "leaf.ext", "-out", f / "stranger.pem")
    return f


@pytest.fixture
def honest(lab):
    origin = Origin(lab)
    yield origin
    origin.stop()


def asks_beside_and_alone(lab, daemon, bad, honest, reason):
    d = daemon(providers(lab, bad, honest))
    for i in range(8):
        began = time.monotonic()
        assert d.udp(f"beside{i}.example.net").rcode() == dns.rcode.NOERROR
        assert time.monotonic() - began < 2
    alone = daemon(providers(lab, bad))
    began = time.monotonic()
    reply = alone.udp("alone.example.net")
    assert reply.rcode() == dns.rcode.SERVFAIL and time.monotonic() - began < 5
    assert reason in edes(reply)[0][1], edes(reply)
    return d


@pytest.mark.parametrize("which, reason", [("expired", "certificate has expired"), ("not yet", "certificate is not yet valid"),
                                           ("own", "self-signed certificate"), ("stranger", "unable to get local issuer")])
def test_f23_certificate_that_does_not_hold_is_named_in_the_log_and_another_provider_is_used(lab, daemon, certificates, honest, which,
                                                                                              reason):
    bad = Origin(lab, certificate=certificates / f"{which}.pem")
    try:
        d = asks_beside_and_alone(lab, daemon, bad, honest, "SSL certificate problem")
        line = wait_for(lambda: [m for m in d.log().splitlines() if "'p0' is set aside" in m], what="the line")[0]
        assert reason in line.lower(), line
        assert d.log().count("is set aside") == 1
    finally:
        bad.stop()


class RawServer:
    """Accepts TCP and does as told with each connection."""

    def __init__(self, handle):
        self.handle = handle
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.kept = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.kept.append(sock)
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        try:
            self.handle(sock)
        except (OSError, ssl.SSLError):
            pass

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for sock in self.kept:
            sock.close()


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def reset_after_hello(sock):
    sock.recv(65536)
    reset(sock)


def say_nothing(sock):
    while sock.recv(65536):
        pass


def speak_http(sock):
    sock.recv(65536)
    sock.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    sock.close()


@pytest.mark.parametrize("handle", [reset, reset_after_hello, say_nothing, speak_http])
def test_f21_f24_connection_that_gets_nowhere_is_not_felt_beside_another_provider(lab, daemon, honest, handle):
    bad = RawServer(handle)
    try:
        asks_beside_and_alone(lab, daemon, bad, honest, "p0: ")
    finally:
        bad.stop()


@pytest.mark.parametrize("how", ["drip", "cut", "reset"])
def test_f10_f16_f21_reply_that_never_becomes_whole_is_retried_and_not_felt_beside_another_provider(lab, daemon, honest, how):
    bad = Origin(lab)
    try:
        bad.tell(how)
        asks_beside_and_alone(lab, daemon, bad, honest, "")
        before = int(bad.tell("counts").split()[1])
        assert daemon(providers(lab, bad)).udp("retried.example.net").rcode() == dns.rcode.SERVFAIL
        assert how == "drip" or int(bad.tell("counts").split()[1]) - before == 2
    finally:
        bad.stop()


@pytest.mark.skipif(not can_filter(), reason="no packet filter can be set here")
def test_f22_provider_that_swallows_syn_costs_less_than_a_second(lab, daemon, honest):
    bad = Origin(lab)
    table = f"httpdnsd_syn_{os.getpid()}"
    try:
        assert nft(f"table inet {table} {{\nchain i {{\ntype filter hook input priority 0;\n"
                   f"tcp dport {bad.port} drop\n}}\n}}\n").returncode == 0
        d = daemon(providers(lab, bad, honest))
        began = time.monotonic()
        assert d.udp("first.example.net").rcode() == dns.rcode.NOERROR
        assert time.monotonic() - began < 1
        alone = daemon(providers(lab, bad))
        began = time.monotonic()
        reply = alone.udp("alone.example.net", timeout=6)
        assert reply.rcode() == dns.rcode.SERVFAIL and edes(reply) and time.monotonic() - began < 5.2
    finally:
        nft(f"delete table inet {table}")
        bad.stop()


def say(wire):
    """What an honest provider replies."""
    query = dns.message.from_wire(wire)
    reply = dns.message.make_response(query)
    reply.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "A", "192.0.2.1"))
    return http_origin.Reply(reply.to_wire())


@pytest.mark.parametrize("offered", [None, ["http/1.1"], ["http/1.0", "acme-tls/1"]])
def test_f23_provider_that_offers_http_1_1_or_nothing_by_alpn_is_used(lab, daemon, offered):
    origin = http_origin.Origin(lab, say)
    if offered is not None:
        origin.context.set_alpn_protocols(offered)
    try:
        d = daemon("providers:\n" + origin.yaml(lab, lab_module.PROVIDERS[0]))
        assert d.udp("www.example.com").answer
        assert d.told("providers")["providers"][0]["spoken"] == "http/1.1"
    finally:
        origin.close()


LAX = """openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = lax
[lax]
MinProtocol = TLSv1
CipherString = ALL:@SECLEVEL=0
"""


@pytest.mark.parametrize("version, rcode", [("TLSv1", 2), ("TLSv1_1", 2), ("TLSv1_2", 0), ("TLSv1_3", 0)])
def test_h7_tls_older_than_1_2_is_none_whatever_the_systems_openssl_allows(lab, daemon, tmp_path, version, rcode):
    (tmp_path / "openssl.cnf").write_text(LAX)
    spoken, context = [], ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(lab.folder / "leaf.pem", lab.folder / "leaf.key")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version)

    origin = http_origin.Origin(lab, say)
    origin.context = context
    try:
        name = lab_module.PROVIDERS[0]
        client = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{origin.port}", "-" + version.lower().replace("tlsv", "tls")], text=True,
                                capture_output=True, stdin=subprocess.DEVNULL, env={**os.environ, "OPENSSL_CONF": str(tmp_path / "openssl.cnf")})
        assert f"Protocol  : {version.replace('_', '.')}" in client.stdout or "TLSv1.3, Cipher is" in client.stdout  # it could be spoken
        d = daemon("providers:\n" + origin.yaml(lab, name), start_with=["env", f"OPENSSL_CONF={tmp_path / 'openssl.cnf'}"])
        reply = d.udp("www.example.com")
        assert reply.rcode() == rcode and (rcode == 0 or edes(reply))
        assert (origin.requests == []) == (rcode != 0)
    finally:
        origin.close()


def test_h7_certificates_name_servers_that_are_not_asked(lab, daemon, tmp_path):
    """The issuer that is missing, and whether it was revoked: who fetches that asks DNS for it, and that is us."""
    asked = RawServer(lambda sock: sock.close())
    where = f"URI:http://127.0.0.1:{asked.port}/"
    extensions = (lab.folder / "leaf.ext").read_text() + f"\nauthorityInfoAccess=OCSP;{where}ocsp,caIssuers;{where}ca.der\ncrlDistributionPoints={where}crl\n"
    (tmp_path / "leaf.ext").write_text(extensions)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=Other CA",
            "-keyout", tmp_path / "other.key", "-out", tmp_path / "other-ca.pem")
    outcomes = []
    for n, (ca, key) in enumerate([(lab.ca, lab.folder / "ca.key"), (tmp_path / "other-ca.pem", tmp_path / "other.key")]):
        openssl("x509", "-req", "-in", lab.folder / "leaf.csr", "-CA", ca, "-CAkey", key, "-days", "30", "-set_serial", 77 + n,
                "-extfile", tmp_path / "leaf.ext", "-out", tmp_path / "leaf.pem")
        origin = Origin(lab, certificate=tmp_path / "leaf.pem")
        try:
            outcomes.append(daemon(providers(lab, origin)).udp("www.example.com").rcode())
        finally:
            origin.stop()
    assert outcomes == [dns.rcode.NOERROR, dns.rcode.SERVFAIL] and asked.kept == []
    asked.stop()
