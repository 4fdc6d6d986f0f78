# SPDX-License-Identifier: MIT
"""A relay and a target of Oblivious DoH (RFC 9230) on loopback, with an HPKE (RFC 9180) of their own:
what the daemon seals is opened by code that shares nothing with it."""
import hashlib
import hmac
import http.client
import os
import socket
import ssl
import struct
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

import lab as lab_module

TARGET = "odoh.target-lab.example"
RELAY = "relay.relay-lab.example"
MEDIA_TYPE = "application/oblivious-dns-message"
SUITE_KEM = b"KEM\x00\x20"
SUITE = b"HPKE\x00\x20\x00\x01\x00\x01"


def extract(salt, secret):
    return hmac.new(salt or bytes(32), secret, hashlib.sha256).digest()


def expand(key, info, n):
    return HKDFExpand(hashes.SHA256(), n, info).derive(key)


def labeled_extract(suite, salt, label, secret):
    return extract(salt, b"HPKE-v1" + suite + label + secret)


def labeled_expand(suite, key, label, info, n):
    return expand(key, struct.pack("!H", n) + b"HPKE-v1" + suite + label + info, n)


def raw(public):
    return public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def opaque(octets):
    return struct.pack("!H", len(octets)) + octets


def take(octets):
    """opaque x<0..2^16-1>: x, and what is behind it."""
    n = struct.unpack("!H", octets[:2])[0]
    if len(octets) < 2 + n:
        raise ValueError("cut short")
    return octets[2:2 + n], octets[2 + n:]


class Listener(ThreadingHTTPServer):
    request_queue_size = 128  # a burst of connections is not dropped by the kernel


class Receiver:
    """SetupBaseR: one sender's messages to `private`."""

    def __init__(self, private, enc, info):
        public = raw(private.public_key())
        dh = private.exchange(X25519PublicKey.from_public_bytes(enc))
        shared = labeled_expand(SUITE_KEM, labeled_extract(SUITE_KEM, b"", b"eae_prk", dh), b"shared_secret", enc + public, 32)
        context = b"\0" + labeled_extract(SUITE, b"", b"psk_id_hash", b"") + labeled_extract(SUITE, b"", b"info_hash", info)
        secret = labeled_extract(SUITE, shared, b"secret", b"")
        self.key = labeled_expand(SUITE, secret, b"key", context, 16)
        self.nonce = labeled_expand(SUITE, secret, b"base_nonce", context, 12)
        self.exporter = labeled_expand(SUITE, secret, b"exp", context, 32)

    def open_first(self, aad, sealed):
        return AESGCM(self.key).decrypt(self.nonce, sealed, aad)

    def export(self, context, n):
        return labeled_expand(SUITE, self.exporter, b"sec", context, n)


class UnknownKey(Exception):
    pass


class Key:
    """A target's key pair with its configuration."""

    def __init__(self):
        self.private = X25519PrivateKey.generate()
        contents = bytes.fromhex("002000010001") + opaque(raw(self.private.public_key()))
        # A version of a draft goes first: clients pass it over.
        self.configs = opaque(b"\xff\x06" + opaque(b"draft") + b"\0\1" + opaque(contents))
        self.id = expand(extract(b"", contents), b"odoh key id", 32)

    def open(self, query):
        """The plaintext, and what seals its reply."""
        if query[:1] != b"\1":
            raise ValueError("no query")
        key_id, rest = take(query[1:])
        sealed, rest = take(rest)
        if rest:
            raise ValueError("something behind the query")
        if key_id != self.id:
            raise UnknownKey
        context = Receiver(self.private, sealed[:32], b"odoh query")
        plain = context.open_first(b"\1" + opaque(key_id), sealed[32:])
        return plain, context.export(b"odoh response", 16)

    @staticmethod
    def seal(message, plain, secret):
        nonce = os.urandom(16)
        prk = extract(plain + opaque(nonce), secret)
        aad = b"\2" + opaque(nonce)
        padded = opaque(message) + opaque(bytes(-len(message) % 468))
        return aad + opaque(AESGCM(expand(prk, b"odoh key", 16)).encrypt(expand(prk, b"odoh nonce", 12), padded, aad))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, body=b"", media_type=MEDIA_TYPE, **fields):
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def take_body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))


class Server:
    """An HTTPS server in threads of this process."""

    def __init__(self, handler, chain, key):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, key)
        self.http = Listener(("127.0.0.1", 0), type("Bound", (handler,), {"owner": self}))
        self.http.daemon_threads = True
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.http.server_address[1]
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def stop(self):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


class TargetHandler(Handler):
    def do_GET(self):
        self.owner.n_fetched += 1
        if self.path == "/.well-known/odohconfigs":
            self.reply(200, self.owner.key.configs, "application/octet-stream")
        else:
            self.reply(404)

    def do_POST(self):
        body = self.take_body()
        try:
            plain, secret = self.owner.key.open(body)
            message, rest = take(plain)
            padding, rest = take(rest)
            if rest or padding.strip(b"\0"):
                raise ValueError("padding")
        except UnknownKey:
            self.reply(401)
        except Exception:  # whatever does not open is the client's fault
            self.reply(400)
        else:
            self.owner.asked.append((message, len(message) + len(padding)))
            self.reply(200, Key.seal(self.owner.resolve(message), plain, secret))


class Target(Server):
    """Opens questions and has a name server answer them."""

    def __init__(self, dns_port, chain, key):
        self.dns_port, self.key, self.asked, self.n_fetched = dns_port, Key(), [], 0
        super().__init__(TargetHandler, chain, key)

    def rotate(self):
        self.key = Key()

    def resolve(self, message):
        with socket.create_connection(("127.0.0.1", self.dns_port)) as s:
            s.sendall(opaque(message))
            stream = s.makefile("rb")
            return stream.read(struct.unpack("!H", stream.read(2))[0])


class RelayHandler(Handler):
    def do_POST(self):
        body = self.take_body()
        split = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(split.query))
        self.owner.seen.append({"path": self.path, "headers": dict(self.headers), "body": body})
        if split.path != "/proxy" or set(query) != {"targethost", "targetpath"}:
            self.reply(400)
            return
        try:
            status, media_type, reply = self.owner.forward(query["targethost"], query["targetpath"], body)
        except OSError:
            self.reply(502, Proxy_Status="relay; error=connection_refused")
            return
        if self.owner.mode == "empty" and status == 401:
            self.reply(200)
        elif self.owner.mode == "html":
            self.reply(200, b"<html>please pay</html>", "text/html")
        elif self.owner.mode == "502":
            self.reply(502, Proxy_Status="relay; error=dns_error")
        else:
            self.reply(status, reply, media_type, Proxy_Status=f"relay; received-status={status}")


class Relay(Server):
    """Forwards what it cannot read, and remembers what it saw of it."""

    def __init__(self, ca, chain, key):
        self.tls = ssl.create_default_context(cafile=ca)
        self.mode, self.seen = "", []
        super().__init__(RelayHandler, chain, key)

    def forward(self, host, path, body):
        name, port = host.rsplit(":", 1)
        with socket.create_connection(("127.0.0.1", int(port)), 5) as plain, \
                self.tls.wrap_socket(plain, server_hostname=name) as stream:
            connection = http.client.HTTPSConnection(name, int(port))
            connection.sock = stream
            connection.request("POST", path, body, {"Content-Type": MEDIA_TYPE})
            got = connection.getresponse()
            return got.status, got.headers.get("Content-Type", ""), got.read()


class Oblivious:
    """Both, with certificates of the lab's CA."""

    def __init__(self, lab, folder):
        chain, key = folder / "odoh.pem", folder / "odoh.key"
        openssl = lab_module.find("openssl")
        (folder / "odoh.ext").write_text(f"subjectAltName=DNS:{TARGET},DNS:{RELAY}\nbasicConstraints=CA:FALSE\n")
        lab_module.run([openssl, "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-subj", "/CN=odoh", "-keyout", key, "-out", folder / "odoh.csr"])
        lab_module.run([openssl, "x509", "-req", "-in", folder / "odoh.csr", "-CA", lab.ca, "-CAkey", lab.folder / "ca.key",
                        "-CAcreateserial", "-days", "30", "-extfile", folder / "odoh.ext", "-out", chain])
        self.ca = lab.ca
        self.target = Target(lab.dns_ports[0], chain, key)
        self.relay = Relay(lab.ca, chain, key)

    def yaml(self):
        """Its entry in a list of providers."""
        return (f"  - name: oblivious\n    protocol: odoh\n    url: https://{TARGET}:{self.target.port}/dns-query\n"
                f'    relay: "https://{RELAY}:{self.relay.port}/proxy{{?targethost,targetpath}}"\n'
                f"    addresses: [127.0.0.1]\n    target-addresses: [127.0.0.1]\n    ca-file: {self.ca}\n")

    def stop(self):
        self.relay.stop()
        self.target.stop()
