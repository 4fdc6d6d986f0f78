# SPDX-License-Identifier: MIT
"""Loads of many TCP clients (PROMISES L5, L6) for loads.py: what they ask, and what they find."""
import os
import selectors
import socket
import statistics
import struct
import threading
import time

def rss_kib(d):
    return int(open(f"/proc/{d.process.pid}/status").read().split("VmRSS:")[1].split()[0])


def many_pipelined(d, names, n_clients=1000, n_queries=100):
    """L5: each client sends all its queries at once; every answer must come."""
    frames = [d.query(n).to_wire() for n in names]
    selector, left, began = selectors.DefaultSelector(), {}, time.monotonic()
    for i in range(n_clients):
        s = socket.create_connection(("127.0.0.1", d.port))
        s.sendall(b"".join(struct.pack("!HH", len(f), k) + f[2:] for k in range(n_queries)
                           for f in [frames[(i + k) % len(frames)]]))
        s.setblocking(False)
        selector.register(s, selectors.EVENT_READ)
        left[s] = [set(range(n_queries)), b""]
    n_answers = 0
    while left and time.monotonic() - began < 60:
        for key, _ in selector.select(1):
            s = key.fileobj
            ids, data = left[s]
            data += s.recv(1 << 20)
            while len(data) >= 2 and len(data) >= 2 + struct.unpack("!H", data[:2])[0]:
                ids.discard(struct.unpack("!H", data[2:4])[0])
                data, n_answers = data[2 + struct.unpack("!H", data[:2])[0]:], n_answers + 1
            left[s][1] = data
            if not ids:
                selector.unregister(s)
                s.close()
                del left[s]
    took = time.monotonic() - began
    print(f"L5: {n_clients} clients x {n_queries} pipelined: {n_answers} answers in {took:.1f} s, {len(left)} clients short")
    return not left and n_answers == n_clients * n_queries and took <= 20


def bad_company(d, latencies, n_idle=1000, n_deaf=200, n_drip=100):
    """L6: idle, never-reading and trickling clients beside one over UDP, of whom latencies(seconds) tells p50 and p99 in us,
    how many answers came and how many were lost."""
    alone = [latencies(5) for _ in range(3)]
    before, large = rss_kib(d), d.query("crowd.honest-lab.net").to_wire()
    d.tcp("crowd.honest-lab.net")
    idle = [socket.create_connection(("127.0.0.1", d.port)) for _ in range(n_idle)]
    deaf, drip = [], []
    for _ in range(n_deaf):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(("127.0.0.1", d.port))
        s.setblocking(False)
        try:
            s.send(b"".join(struct.pack("!H", len(large)) + large for _ in range(500)))
        except BlockingIOError:
            pass
        deaf.append(s)
    drip = [socket.create_connection(("127.0.0.1", d.port)) for _ in range(n_drip)]
    began, over = time.monotonic(), threading.Event()

    def trickle():
        while not over.wait(1):
            for s in drip:
                try:
                    s.send(b"\x10")
                except OSError:
                    pass

    threading.Thread(target=trickle, daemon=True).start()
    beside = [latencies(3) for _ in range(3)]
    most = rss_kib(d) - before
    n_before = len(os.listdir(f"/proc/{d.process.pid}/fd"))
    while len(os.listdir(f"/proc/{d.process.pid}/fd")) > n_before - min(n_before - 60, 900) and time.monotonic() - began < 30:
        time.sleep(0.1)
    gone = time.monotonic() - began
    over.set()
    for s in idle + deaf + drip:
        s.close()
    for what, runs in (("alone", alone), ("beside", beside)):
        print(f"L6: UDP {what}, 10 000 q/s: p50 {', '.join(f'{r[0]:.0f}' for r in runs)} us, "
              f"p99 {', '.join(f'{r[1]:.0f}' for r in runs)} us, {sum(r[2] for r in runs)} answers, {sum(r[3] for r in runs)} lost")
    p99 = [statistics.median(r[1] for r in runs) for runs in (alone, beside)]
    print(f"L6: p99 beside / alone: {p99[1] / p99[0]:.2f}")
    print(f"L6: {n_idle} idle + {n_deaf} never reading + {n_drip} trickling: RSS +{most / 1024:.0f} MiB, gone after {gone:.0f} s")
    return sum(r[3] for r in alone + beside) == 0 and p99[1] <= 1.2 * p99[0] and most <= 64 * 1024 and gone <= 20
