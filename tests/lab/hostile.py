# SPDX-License-Identifier: MIT
"""A DoH provider that misbehaves on command: HTTP/2 over TLS, any A record is 151.101.1.72.

    hostile.py PORT CERT KEY [ADDRESS]

Reads commands on stdin, one a line, and says "done" on stdout for each:

    ok        answers
    hang      accepts, reads, and never says anything more
    close     ends each connection after one reply
    refuse    resets each stream with REFUSED_STREAM
    goaway    answers, and says GOAWAY at each hundredth reply
    leave N   answers N requests on each connection; then says GOAWAY, and that it has not seen the one that came next
    servfail  answers SERVFAIL
    drip      sends an octet of the answer each half second
    cut       ends the connection in the middle of the answer
    reset     resets the connection when a request has come
    status N [HEADER VALUE]   answers with this HTTP status and no DNS message
    stall     answers, but each twentieth packet comes 40 ms late, and with it all behind it on its connection
    down      ends every connection and refuses new ones
    far MS    besides whatever else it does, what it says comes so much later
    between LOW HIGH   answers each in its own time of so many ms, and never names that begin with "mute"
    counts    says "CONNECTIONS REQUESTS" instead of "done"
    times     says when each request came, in seconds of the monotonic clock
    fields    says the header fields of the last request, "NAME=VALUE NAME=VALUE …" in the order they came
    subnet    says the client subnet that the last question told, or "none"
    rest S    as ok, and ends each connection that has had nothing to do for S seconds
    live      says how many connections there are
    resumed   says how many handshakes resumed a TLS session
    streams N from now on N streams a connection, old ones as well; besides whatever else it does
    tls12     as ok, and from now on TLS 1.2 at most
    nth N     answers, but resets each Nth stream
    brief S   answers, and ends each connection S seconds after it began
    flood KIND   instead of an answer frames without an end: settings, ping, continuation, or header fields
    push      promises streams that nobody asked for, and answers
"""
import contextlib
import heapq
import itertools
import random
import select
import socket
import ssl
import struct
import sys
import threading
import time
import weakref

import dns.edns
import dns.message
import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings
import hpack
import hyperframe.frame

ADDRESS = bytes([151, 101, 1, 72])


def answer(query, rcode):
    """The query's question, and an A record when the rcode is 0."""
    end = 12
    while query[end] != 0:
        end += 1 + query[end]
    question = query[12:end + 5]
    n = 1 if rcode == 0 else 0
    record = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04" + ADDRESS
    return query[:2] + bytes([0x81, 0x80 | rcode]) + bytes([0, 1, 0, n, 0, 0, 0, 0]) + question + record * n


class Origin:
    def __init__(self, port, cert, key, address="127.0.0.1"):
        self.address, self.port, self.how, self.live = address, port, ["ok"], set()
        self.n_connections = self.n_requests = self.n_packets = self.n_resumed = 0
        self.fields, self.query, self.came = [], b"", []
        self.away_s, self.n_streams = 0, None
        self.tls_of, self.way_of, self.order = weakref.WeakKeyDictionary(), weakref.WeakKeyDictionary(), itertools.count()
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(cert, key)
        self.tls.set_alpn_protocols(["h2"])
        self.listener = None
        self.listen()

    def listen(self):
        if self.listener is None:
            self.listener = socket.create_server((self.address, self.port), backlog=128,
                                                 family=socket.AF_INET6 if ":" in self.address else socket.AF_INET)
            threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def go_down(self):
        if self.listener is not None:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None
        for sock in list(self.live):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def accept(self, listener):
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            self.n_connections += 1
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        self.live.add(sock)
        try:
            self.hang_if_told()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.tls.wrap_socket(sock, server_side=True) as tls:
                self.live.add(tls)
                self.n_resumed += tls.session_reused
                try:
                    self.speak(tls)
                finally:
                    self.live.discard(tls)
        except (OSError, h2.exceptions.ProtocolError):
            pass
        finally:
            sock.close()
            self.live.discard(sock)

    def hang_if_told(self):
        while self.how[0] == "hang":
            time.sleep(0.05)

    def speak(self, tls):
        http = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self.tls_of[http] = tls
        http.initiate_connection()
        n_streams = self.limit_streams(http, None)  # counts once it is acknowledged: what was sent before is served
        tls.sendall(http.data_to_send())
        bodies, replies, on_the_way, streams, last_seen = {}, 0, [], [], None
        self.way_of[http] = on_the_way
        began = time.monotonic()
        while True:
            data = self.receive(tls, on_the_way)
            if data is None:
                n_streams = self.limit_streams(http, n_streams)
                tls.sendall(http.data_to_send())
                continue
            if not data:
                return
            self.hang_if_told()
            self.n_packets += 1
            if self.how[0] == "stall" and self.n_packets % 20 == 0:
                time.sleep(0.04)
            for event in http.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    self.fields = event.headers
                elif isinstance(event, h2.events.DataReceived):
                    bodies[event.stream_id] = bodies.get(event.stream_id, b"") + event.data
                    with contextlib.suppress(h2.exceptions.StreamClosedError):  # cancelled in the same packet
                        http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    replies += 1
                    streams.append(event.stream_id)
                    with contextlib.suppress(h2.exceptions.StreamClosedError):  # it was cancelled meanwhile
                        self.reply(http, event.stream_id, bodies.pop(event.stream_id, b""), replies)
            said = http.data_to_send()
            if self.how[0] == "leave" and last_seen is None and replies > int(self.how[1]):
                last_seen = streams[int(self.how[1]) - 1]
                said += hyperframe.frame.GoAwayFrame(0, last_stream_id=last_seen).serialize()
            heapq.heappush(on_the_way, (time.monotonic() + self.away_s, next(self.order), lambda said=said: said))
            self.send_due(tls, on_the_way)
            if self.how[0] == "close" and replies > 0:
                return
            if self.how[0] == "brief" and time.monotonic() - began > float(self.how[1]):
                return

    def limit_streams(self, http, said):
        """Says how many streams there may be, when that is not what it said last."""
        now = self.n_streams
        if now != said:
            http.update_settings({h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: now})
        return now

    @staticmethod
    def send_due(tls, on_the_way):
        """Seconds until more is due; None when nothing is left."""
        while on_the_way:
            wait = on_the_way[0][0] - time.monotonic()
            if wait > 0:
                return wait
            tls.sendall(heapq.heappop(on_the_way)[2]())
        return None

    def receive(self, tls, on_the_way):
        while True:
            rest = float(self.how[1]) if self.how[0] == "rest" else None
            wait = self.send_due(tls, on_the_way)
            wait = rest if wait is None else wait
            if self.n_streams is not None and (wait is None or wait > 0.02):
                if not tls.pending() and not select.select([tls], [], [], 0.02)[0]:
                    return None
                return tls.recv(65535)
            if tls.pending() or select.select([tls], [], [], wait)[0]:
                return tls.recv(65535)
            if not on_the_way:
                return b""

    def reply(self, http, stream, query, replies):
        self.n_requests += 1
        self.query = query
        self.came.append(time.monotonic())
        how = self.how
        if how[0] == "reset":
            tls = self.tls_of[http]
            tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            tls.close()
            raise OSError("reset")
        if how[0] == "leave" and replies > int(how[1]):
            return
        if how[0] == "nth" and replies % int(how[1]) == 0:
            http.reset_stream(stream, h2.errors.ErrorCodes.INTERNAL_ERROR)
            return
        if how[0] == "flood":
            self.flood(self.tls_of[http], stream, how[1])
        if how[0] == "push":
            promised = hyperframe.frame.PushPromiseFrame(stream, promised_stream_id=2 * replies, flags=["END_HEADERS"])
            promised.data = hpack.Encoder().encode([(":method", "GET"), (":scheme", "https"), (":authority", "x"), (":path", "/")])
            self.tls_of[http].sendall(promised.serialize())
        if how[0] == "refuse":
            http.reset_stream(stream, h2.errors.ErrorCodes.REFUSED_STREAM)
            return
        if how[0] == "status":
            headers = [(":status", how[1]), ("content-length", "0")]
            headers += [(how[2].lower(), " ".join(how[3:]))] if len(how) > 3 else []
            http.send_headers(stream, headers, end_stream=True)
            return
        if how[0] == "between":
            if not query[13:].lower().startswith(b"mute"):
                due = time.monotonic() + random.uniform(float(how[1]), float(how[2])) / 1000
                heapq.heappush(self.way_of[http], (due, next(self.order), lambda: self.late_answer(http, stream, query)))
            return
        body = answer(query, 2 if how[0] == "servfail" else 0)
        http.send_headers(stream, [(":status", "200"), ("content-type", "application/dns-message"),
                                   ("content-length", str(len(body)))])
        if how[0] in ("drip", "cut"):
            self.half_answer(http, stream, body)
            return
        http.send_data(stream, body, end_stream=True)
        if how[0] == "goaway" and replies % 100 == 0:
            http.close_connection()

    @staticmethod
    def late_answer(http, stream, query):
        body = answer(query, 0)
        with contextlib.suppress(h2.exceptions.StreamClosedError):  # it was cancelled meanwhile
            http.send_headers(stream, [(":status", "200"), ("content-type", "application/dns-message"), ("content-length", str(len(body)))])
            http.send_data(stream, body, end_stream=True)
        return http.data_to_send()

    @staticmethod
    def flood(tls, stream, kind):
        """Until the client ends the connection; what it says meanwhile is not read."""
        fields = hpack.Encoder().encode([(f"x-{i}", "y" * 100) for i in range(150)])
        part = {"settings": hyperframe.frame.SettingsFrame(0, settings={3: 100}),
                "ping": hyperframe.frame.PingFrame(0, opaque_data=b"12345678"),
                "continuation": hyperframe.frame.ContinuationFrame(stream, b""),
                "fields": hyperframe.frame.ContinuationFrame(stream, fields)}[kind].serialize()
        if kind in ("continuation", "fields"):
            tls.sendall(hyperframe.frame.HeadersFrame(stream, hpack.Encoder().encode([(":status", "200")])).serialize())
        tls.settimeout(10)
        while True:
            tls.sendall(part * 100)

    def half_answer(self, http, stream, body):
        """All streams of the connection wait for this one."""
        tls = self.tls_of[http]
        if self.how[0] == "cut":
            http.send_data(stream, body[:20])
            tls.sendall(http.data_to_send())
            raise OSError("cut")
        for octet in body:
            http.send_data(stream, bytes([octet]))
            tls.sendall(http.data_to_send())
            time.sleep(0.5)

    def obey(self, line):
        words = line.split()
        if words == ["fields"]:
            return " ".join(f"{name}={value}" for name, value in self.fields)
        if words == ["subnet"]:
            told = [option for option in dns.message.from_wire(self.query).options if option.otype == dns.edns.ECS]
            return f"{told[0].address}/{told[0].srclen}" if told else "none"
        if words == ["times"]:
            return " ".join(map(str, self.came))
        if words == ["counts"]:
            return f"{self.n_connections} {self.n_requests}"
        if words == ["live"]:
            return str(sum(isinstance(sock, ssl.SSLSocket) for sock in list(self.live)))
        if words == ["resumed"]:
            return str(self.n_resumed)
        if words == ["tls12"]:
            self.tls.maximum_version = ssl.TLSVersion.TLSv1_2
            words = ["ok"]
        if words[0] == "streams":
            self.n_streams = int(words[1])
            return "done"
        if words[0] == "far":
            self.away_s = float(words[1]) / 1000
            return "done"
        self.how = words
        if words == ["down"]:
            self.go_down()
        else:
            self.listen()
        return "done"


def main():
    origin = Origin(int(sys.argv[1]), *sys.argv[2:])
    print("done", flush=True)
    for line in sys.stdin:
        print(origin.obey(line), flush=True)


if __name__ == "__main__":
    main()
