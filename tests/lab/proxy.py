# SPDX-License-Identifier: MIT
"""Somebody in the middle, on loopback: a SOCKS5 proxy (RFC 1928), an HTTP proxy for CONNECT (RFC 9110 section 9.3.6),
or one who carries everything to one port, or swallows it. Each remembers who came and where they wanted to go."""
import socket
import struct
import threading


class Middle:
    """`came` has the addresses of those who connected, `asked` what they asked for: (host, port), host as it was sent."""

    def __init__(self, port=None):
        self.port, self.came, self.asked, self.heads = port, [], [], []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.own_port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, peer = self.listener.accept()
            except OSError:
                return
            self.came.append(peer[0])
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        try:
            where = self.greet(sock)
            there = socket.create_connection(where)
            self.welcome(sock)
        except OSError:
            sock.close()
            return
        threading.Thread(target=self.carry, args=(sock, there), daemon=True).start()
        self.carry(there, sock)

    def greet(self, sock):
        """Hears where to go. A name is taken to be this host: the lab's servers are all here."""
        return ("127.0.0.1", self.port)

    def welcome(self, sock):
        pass

    @staticmethod
    def carry(a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Swallower(Middle):
    """From swallow() on nothing passes on the connections that there are; all of it is acknowledged. New ones work."""

    generation = 0

    def swallow(self):
        self.generation += 1

    def carry(self, a, b):
        generation = self.generation
        try:
            while data := a.recv(65536):
                if generation == self.generation:
                    b.sendall(data)
        except OSError:
            pass


def take(sock, n):
    got = b""
    while len(got) < n:
        part = sock.recv(n - len(got))
        if not part:
            raise OSError("closed in the middle of a greeting")
        got += part
    return got


class Socks5(Middle):
    def greet(self, sock):
        version, n_methods = take(sock, 2)
        assert version == 5 and 0 in take(sock, n_methods)
        sock.sendall(b"\5\0")
        _, command, _, kind = take(sock, 4)
        assert command == 1
        if kind == 3:
            host = take(sock, take(sock, 1)[0]).decode()
        else:
            host = socket.inet_ntop(*{1: (socket.AF_INET, take(sock, 4)), 4: (socket.AF_INET6, b"")}[kind])
        port = struct.unpack("!H", take(sock, 2))[0]
        self.asked.append((host, port))
        return ("127.0.0.1", port)

    def welcome(self, sock):
        sock.sendall(b"\5\0\0\1" + bytes(6))


class Connect(Middle):
    def greet(self, sock):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += take(sock, 1)
        self.heads.append(head.decode())
        method, where, _ = head.decode().split(" ", 2)
        assert method == "CONNECT"
        host, _, port = where.rpartition(":")
        self.asked.append((host, int(port)))
        return ("127.0.0.1", int(port))

    def welcome(self, sock):
        sock.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
