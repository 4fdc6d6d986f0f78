# SPDX-License-Identifier: MIT
"""A DoH origin that says whatever a test wants: HTTP/1.1 over TLS with the lab's certificate."""
import base64
import re
import socket
import ssl
import threading
import urllib.parse

DNS_TYPE = "application/dns-message"


class Reply:
    """Status, header fields and body as they go over the wire. `chunked`: its length is not said before. `endless`: the body never stops."""

    def __init__(self, body=b"", status=200, media_type=DNS_TYPE, fields=(), chunked=False, endless=False):
        self.body, self.status, self.media_type = body, status, media_type
        self.fields, self.chunked, self.endless = list(fields), chunked, endless

    def send(self, stream):
        head = f"HTTP/1.1 {self.status} Said\r\n"
        if self.media_type is not None:
            head += f"Content-Type: {self.media_type}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in self.fields)
        if not self.chunked and not self.endless:
            stream.sendall(head.encode() + f"Content-Length: {len(self.body)}\r\n\r\n".encode() + self.body)
            return
        stream.sendall(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n")
        if not self.endless:
            stream.sendall(f"{len(self.body):x}\r\n".encode() + self.body + b"\r\n0\r\n\r\n")
            return
        while True:
            stream.sendall(b"1000\r\n" + b"\0" * 0x1000 + b"\r\n")


class Origin:
    """`say(wire)` gives the Reply to a DNS query. What came is kept in `requests`: (request line, fields, query), and
    whose certificates were shown in `shown`. `client_ca`: nobody comes in without a certificate of this CA."""

    def __init__(self, lab, say, client_ca=None):
        self.say, self.requests, self.shown, self.lock, self.n_connections = say, [], [], threading.Lock(), 0
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(lab.folder / "leaf.pem", lab.folder / "leaf.key")
        if client_ca is not None:
            self.context.verify_mode = ssl.CERT_REQUIRED
            self.context.load_verify_locations(client_ca)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            self.n_connections += 1
            threading.Thread(target=self.serve, args=(plain,), daemon=True).start()

    def serve(self, plain):
        try:
            with self.context.wrap_socket(plain, server_side=True) as stream, stream.makefile("rb") as lines:
                self.shown.append(dict(rdn[0] for rdn in (stream.getpeercert() or {}).get("subject", ())))
                while self.answer(stream, lines):
                    pass
        except (OSError, ValueError):
            pass  # the client left in the middle: that is its affair

    def answer(self, stream, lines):
        request = lines.readline().decode("latin-1").rstrip()
        if not request:
            return False
        fields = {}
        while (line := lines.readline().decode("latin-1").rstrip()):
            name, _, value = line.partition(":")
            fields[name.lower()] = value.strip()
        query = lines.read(int(fields.get("content-length", 0)))
        asked = re.search(r"[?&]dns=([^& ]*)", request)
        if asked:
            text = urllib.parse.unquote(asked[1])
            query = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        with self.lock:
            self.requests.append((request, fields, query))
        self.say(query).send(stream)
        return True

    def n_asked(self, name):
        """How many queries for this name came."""
        labels = b"".join(bytes([len(part)]) + part.encode() for part in name.rstrip(".").split(".")) + b"\0"
        with self.lock:
            return sum(labels in query for _, _, query in self.requests)

    def yaml(self, lab, server_name):
        return (f"  - name: origin\n    url: https://{server_name}:{self.port}/dns-query\n"
                f"    addresses: [127.0.0.1]\n    ca-file: {lab.ca}\n")

    def close(self):
        self.listener.close()
