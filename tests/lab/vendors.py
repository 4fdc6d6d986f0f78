# SPDX-License-Identifier: MIT
"""The vendors' HTTPDNS APIs on loopback: each checks the signature or opens the cipher of every request with code of its
own, answers as its vendor's documentation says, and refuses what is wrong with its vendor's error. They know three hosts:
www.vendor-lab.com has both families, four.vendor-lab.com has IPv4 alone, and all others are nothing to them."""
import base64
import hashlib
import hmac
import json
import os
import ssl
import threading
import time
import urllib.parse
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import lab as lab_module

HOSTS = {"www.vendor-lab.com": (["198.51.100.80", "198.51.100.81"], ["2001:db8::80"]),
         "four.vendor-lab.com": (["198.51.100.4"], [])}
TTL = 57
ACCOUNT, ACCESS_KEY, SECRET, TOKEN = "139450", "TheAccessKeyId", "Th3S3cr3t0fTh3M0ck", "T0k3n0fTh3M0ck"
SECRET_HEX, AES_HEX, AES_TEXT, DES_TEXT = "3130313132333435363738393a3b3c3d", "000102030405060708090a0b0c0d0e0f", "0123456789abcdef", "dnspodpass"
SECRETS = [ACCESS_KEY, SECRET, TOKEN, SECRET_HEX, AES_HEX, AES_TEXT, DES_TEXT]


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


class Listener(ThreadingHTTPServer):
    request_queue_size = 128  # a burst of connections is not dropped by the kernel


class Refused(Exception):
    def __init__(self, status, body):
        super().__init__(body)
        self.status, self.body = status, body


def code(status, word):
    return Refused(status, {"code": word})


class Vendors:
    """All of them on one port; the path says which."""

    def __init__(self, lab, folder):
        leaf, key = folder / "vendors.pem", folder / "vendors.key"
        openssl = lab_module.find("openssl")
        lab_module.run([openssl, "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-subj", "/CN=vendors", "-keyout", key, "-out", folder / "vendors.csr", "-addext",
                        "subjectAltName=DNS:vendor.lab.example,IP:127.0.0.1"])
        lab_module.run([openssl, "x509", "-req", "-in", folder / "vendors.csr", "-CA", lab.ca, "-CAkey", lab.folder / "ca.key",
                        "-CAcreateserial", "-days", "2", "-copy_extensions", "copy", "-out", leaf])
        self.asked, self.heard_at, self.refused, self.ahead_s, self.delay_s, self.closes = [], [], [], 0, 0, False
        self.switched_off = False
        self.misbehaves = None  # or a word that Handler.misbehave() knows
        self.elsewhere = "127.0.0.2"  # where the services say they are, and are
        self.tls = self.serve(ssl_files=(leaf, key))
        self.clear = self.serve()
        self.others = [self.serve(ssl_files=(leaf, key), at=(self.elsewhere, self.tls.server_address[1])),
                       self.serve(at=(self.elsewhere, self.clear.server_address[1]))]
        self.port, self.clear_port = self.tls.server_address[1], self.clear.server_address[1]
        self.url = f"https://vendor.lab.example:{self.port}"

    def serve(self, ssl_files=None, at=("127.0.0.1", 0)):
        handler = type("VendorHandler", (Handler,), {"vendors": self})
        server = Listener(at, handler)
        server.daemon_threads = True
        if ssl_files:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*ssl_files)
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def stop(self):
        for server in (self.tls, self.clear, *self.others):
            server.shutdown()
            server.server_close()

    def now(self):
        return int(time.time()) + self.ahead_s

    def questions(self):
        """What was asked, without the service's addresses."""
        return [query for _, path, query in self.asked if path[-1:] not in (["ss"], ["conf"], ["svc_meta"])]

    # ---- what all have in common ----

    def check_expiry(self, t, longest=600):
        if int(t) <= self.now():
            raise code(403, "SignatureExpired")
        if int(t) > self.now() + longest:
            raise code(403, "InvalidDuration")

    def check_account(self, account):
        if account != ACCOUNT:
            raise code(403, "InvalidAccount")

    def service(self):
        """Aliyun's servers, as both of its versions are told."""
        told = {"service_ip": [self.elsewhere], "service_ip_port": [self.port]}
        return {**told, "service_status": "disable"} if self.switched_off else told

    # ---- one method a path ----

    def alidns(self, _, q):
        key = hashlib.sha256((q["uid"] + SECRET + q["ts"] + q["name"] + ACCESS_KEY).encode()).hexdigest()
        if q["uid"] != ACCOUNT or q["ak"] != ACCESS_KEY or q["key"] != key or abs(int(q["ts"]) - self.now()) > 600:
            raise Refused(403, {})
        name, rdtype = q["name"], int(q["type"])
        reply = {"Status": 0, "TC": False, "RD": True, "RA": True, "AD": True, "CD": False,
                 "Question": {"name": name + ".", "type": rdtype}}
        if name not in HOSTS:
            reply["Status"] = 3
        elif rdtype in (1, 28):
            reply["Answer"] = [{"name": name + ".", "TTL": TTL, "type": rdtype, "data": a} for a in HOSTS[name][rdtype == 28]]
        elif rdtype == 16:
            reply["Answer"] = [{"name": name + ".", "TTL": TTL, "type": 16, "data": '"one" "two"'}]
        return reply

    def aliyun(self, path, q):
        account, call = path
        self.check_account(account)
        if call == "ss":
            if q["s"] != md5(f"{q['n']}-{SECRET}-{q['t']}"):
                raise code(403, "InvalidSignature")
            return self.service()
        if call in ("d", "resolve"):
            raise code(403, "UnsignedInterfaceDisabled")
        self.check_expiry(q["t"])
        if q["s"] != md5(f"{q['host']}-{SECRET}-{q['t']}"):
            raise code(403, "InvalidSignature")
        v4, v6 = HOSTS.get(q["host"], ([], []))
        if call == "sign_resolve":
            return {"dns": [{"host": q["host"], "ips": v4, "type": 1, "ttl": TTL}, {"host": q["host"], "ips": v6, "type": 28, "ttl": TTL}]}
        assert call == "sign_d"
        return {"host": q["host"], "ips": v4, "ipsv6": v6, "ttl": TTL, "origin_ttl": 120, "client_ip": "127.0.0.1"}

    def aliyun2(self, path, q):
        if path[1:] == ["ss"]:
            return self.service()
        self.check_account(q["id"])
        signed = "&".join(f"{k}={v}" for k, v in sorted(q.items()) if k != "s" and v)
        if q.get("s") != hmac.new(bytes.fromhex(SECRET_HEX), signed.encode(), hashlib.sha256).hexdigest():
            raise code(403, "InvalidSignature")
        self.check_expiry(q["exp"])
        key, wish = bytes.fromhex(AES_HEX), q
        if q["m"] != "0":
            sealed = bytes.fromhex(q["enc"])
            wish = json.loads(open_cbc(key, sealed) if q["m"] == "1" else AESGCM(key).decrypt(sealed[:12], sealed[12:], None))
        host = wish["dn"]
        assert wish["q"] == "4,6"
        assert {k: v for k, v in wish.items() if k.startswith("sdns-") or k == "tags"} in ({}, {"sdns-z": "1", "sdns-k": "v1", "tags": "t"})
        entry = {"dn": host}
        for family, i in (("v4", 0), ("v6", 1)):
            ips = HOSTS.get(host, ([], []))[i]
            entry[family] = {"ips": ips, "ttl": TTL}
            if not ips and host.endswith("vendor-lab.com"):
                entry[family]["no_ip_code"] = "RRNotExist" if host in HOSTS else "DomainNotExist"
        data = {"cip": "127.0.0.1", "answers": [entry]}
        if q["m"] != "0":
            text, iv = json.dumps(data).encode(), os.urandom(12)
            data = base64.b64encode(seal_cbc(key, text) if q["m"] == "1" else iv + AESGCM(key).encrypt(iv, text, None)).decode()
        return {"code": "success", "mode": q["m"], "data": data}

    def tencent(self, path, q):
        if path == ["conf"]:
            if q.get("token") != TOKEN and (q.get("id"), q.get("alg")) != (ACCOUNT, "aes"):
                raise Refused(401, "")
            text = f"log:1|domain:0|ip:{self.elsewhere}|ttl:60"
            return text if "token" in q else seal_cbc(AES_TEXT.encode(), text.encode()).hex()
        host, seal = q["dn"], lambda text: text
        if "alg" not in q:
            if q.get("token") != TOKEN:
                raise Refused(401, "")
        elif q["id"] != ACCOUNT:
            raise Refused(401, "")
        elif q["alg"] == "aes":
            host = open_cbc(AES_TEXT.encode(), bytes.fromhex(q["dn"])).decode()
            seal = lambda text: seal_cbc(AES_TEXT.encode(), text.encode()).hex()  # noqa: E731
        else:
            host = des(q["dn"])
            seal = lambda text: des(text, seals=True)  # noqa: E731
        assert q["ttl"] == q["query"] == q["clientip"] == "1" and q["type"] == "addrs", q
        v4, v6 = HOSTS.get(host, ([], []))
        if not v4 and not v6:
            return seal("0")
        return seal(f"{host}.:{';'.join(v4)},{TTL}-{';'.join(v6) or '0'},{TTL}|127.0.0.1")

    def volc(self, path, q):
        parts = sorted([SECRET, q["timestamp"], q["account_id"], q.get("domain", ""), q.get("ip", ""), q.get("type", "")])
        if q["account_id"] != ACCOUNT or q["sign"] != md5("_".join(parts)) or int(q["timestamp"]) <= self.now() * 1000:
            raise Refused(403, {"msg": "auth"})
        if path == ["svc_meta"]:
            return {"svc_meta": {"main_domains": [self.elsewhere], "backup_domains": []}, "ts": 1676777261000, "update_interval_min": 30}
        v4, v6 = HOSTS.get(q["domain"], ([], []))
        return {"cip": "127.0.0.1", "host": q["domain"], "ips": v6 + v4, "ttl": TTL}

    def baidu(self, _, q):
        if q["account_id"] != ACCOUNT or q["sign"] != md5(f"{q['dn']}-{SECRET}-{q['t']}"):
            raise Refused(200, {"msg": "InvalidSignature"})
        if int(q["t"]) <= self.now():
            raise Refused(200, {"msg": "SignatureExpired", "timestamp": self.now()})
        ips = HOSTS.get(q["dn"], ([], []))[q["type"] == "ipv6"]
        return {"msg": "ok", "data": {q["dn"]: {q["type"]: {"ip": ips, "ttl": TTL}}}, "clientip": "127.0.0.1", "timestamp": self.now()}

    def ucloud(self, path, q, authorization=None):
        signed = "-".join(q[k] for k in sorted(q)) + "-" + SECRET
        if path[0] != ACCOUNT or authorization != md5(signed) or abs(int(q["timestamp"]) - self.now()) > 60:
            raise Refused(401, {"status": 401, "code": "UNAUTHORIZED"})
        if q["host"] not in HOSTS:
            raise Refused(404, {"status": 404, "code": "FAIL_TO_RESOLVE", "message": "record cannot be found"})
        return {"host": q["host"], "client_ip": "127.0.0.1", "ip_list": HOSTS[q["host"]][0], "ttl": TTL}

    def answer(self, target, authorization, at):
        split = urllib.parse.urlsplit(target)
        vendor, *path = split.path.strip("/").split("/")
        query = dict(urllib.parse.parse_qsl(split.query, keep_blank_values=True))
        self.asked.append((vendor, path, query))
        self.heard_at.append(at)
        time.sleep(self.delay_s)
        if vendor == "ucloud":
            return self.ucloud(path, query, authorization)
        return getattr(self, vendor)(path, query)


def open_cbc(key, sealed):
    d = Cipher(algorithms.AES(key), modes.CBC(sealed[:16])).decryptor()
    u = padding.PKCS7(128).unpadder()
    return u.update(d.update(sealed[16:]) + d.finalize()) + u.finalize()


def seal_cbc(key, plain):
    iv, p = os.urandom(16), padding.PKCS7(128).padder()
    e = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return iv + e.update(p.update(plain) + p.finalize()) + e.finalize()


def des(text, seals=False):
    """By openssl(1) where it has the algorithm under this name: three times the same key is DES."""
    key = DES_TEXT[:8].encode().hex() * 3
    mode, data = ("-e", text.encode()) if seals else ("-d", bytes.fromhex(text))
    done = lab_module.subprocess.run([lab_module.find("openssl"), "enc", mode, "-des-ede3", "-K", key], input=data, capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.hex() if seals else done.stdout.decode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    vendors = None

    def log_message(self, *_):
        pass

    def date_time_string(self, timestamp=None):
        return formatdate(self.vendors.now(), usegmt=True)

    def misbehave(self):
        """What a broken server, a portal or an echo does: each shows the request to whoever reads the reply."""
        how, said = self.vendors.misbehaves, f"<html>{self.path} {self.headers}</html>".encode()
        self.close_connection = True
        if how == "breaks":
            return
        self.send_response({"echoes": 200, "redirects": 302, "refuses": 403, "fails": 500}[how])
        self.send_header("Location", f"https://vendor.lab.example{self.path}")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def do_GET(self):
        if self.vendors.misbehaves:
            return self.misbehave()
        try:
            status, body = 200, self.vendors.answer(self.path, self.headers.get("Authorization"), self.connection.getsockname()[0])
        except Refused as refused:
            status, body = refused.status, refused.body
            self.vendors.refused.append((self.path, body))
        octets = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain" if isinstance(body, str) else "application/json")
        self.send_header("Content-Length", str(len(octets)))
        if self.vendors.closes:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(octets)
