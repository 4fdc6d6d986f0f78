# SPDX-License-Identifier: MIT
"""Providers whose TCP or TLS goes wrong (PROMISES F-10, F-16, F-21 to F-24): with another one nobody feels it, alone the client is told
why in time."""
import os
import socket
import ssl
import struct
import threading
import time

import dns.rcode
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


@pytest.mark.parametrize("how", ["drip", "cut"])
def test_f10_f16_reply_that_never_becomes_whole_is_not_felt_beside_another_provider(lab, daemon, honest, how):
    bad = Origin(lab)
    try:
        bad.tell(how)
        asks_beside_and_alone(lab, daemon, bad, honest, "")
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
    finally:
        nft(f"delete table inet {table}")
        bad.stop()
