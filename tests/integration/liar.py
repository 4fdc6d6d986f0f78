# SPDX-License-Identifier: MIT
"""A local resolver that says what the test wants, on UDP and TCP of one loopback port."""
import socket
import struct
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from conftest import lab_module


class Liar:
    """`says` maps a query (dns.message) to what is sent back: a message, bytes, several in a list, or None for silence."""

    def __init__(self, says):
        self.says, self.asked, self.closing = says, [], False
        self.port = lab_module.free_ports(1)[0]
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        self.tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.tcp.bind(("127.0.0.1", self.port))
        self.tcp.listen(16)
        self.threads = [threading.Thread(target=f, daemon=True) for f in (self.run_udp, self.run_tcp)]
        for thread in self.threads:
            thread.start()

    def replies(self, wire):
        query = dns.message.from_wire(wire)
        self.asked.append((query.question[0].name.to_text().rstrip(".").lower(), query.question[0].rdtype))
        said = self.says(query)
        said = said if isinstance(said, list) else [said]
        return [m if isinstance(m, bytes) else m.to_wire() for m in said if m is not None]

    def run_udp(self):
        while True:
            try:
                wire, client = self.udp.recvfrom(65535)
                if self.closing:
                    return
                for reply in self.replies(wire):
                    self.udp.sendto(reply, client)
            except OSError:
                pass

    def run_tcp(self):
        while not self.closing:
            try:
                connection, _ = self.tcp.accept()
                with connection:
                    connection.settimeout(5)
                    n = struct.unpack("!H", connection.recv(2, socket.MSG_WAITALL))[0]
                    for reply in self.replies(connection.recv(n, socket.MSG_WAITALL)):
                        connection.sendall(struct.pack("!H", len(reply)) + reply)
            except (OSError, struct.error):
                pass

    def n_asked(self, name):
        return sum(asked == name for asked, _ in list(self.asked))

    def close(self):
        if self.closing:
            return
        self.closing = True
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"", ("127.0.0.1", self.port))
        self.tcp.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(6)
        self.tcp.close()
        self.udp.close()


def answer(query, *addresses, ttl=300, rcode=dns.rcode.NOERROR):
    """An honest-looking reply with these addresses."""
    reply = dns.message.make_response(query, recursion_available=True)
    reply.set_rcode(rcode)
    question = query.question[0]
    if addresses:
        reply.answer.append(dns.rrset.from_text(question.name, ttl, "IN", question.rdtype, *addresses))
    return reply


def honestly(lab, wire):
    """What the lab's authoritative server says to that query."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(3)
        s.sendto(wire, ("127.0.0.1", lab.dns_ports[0]))
        return s.recv(65535)
