# SPDX-License-Identifier: MIT
"""Stands between the daemon and a provider as a long way does: what either says comes so much later.

usage: far.py PORT MS            carries 127.0.0.1 at a port of its own, which it prints, to 127.0.0.1:PORT

A process of its own, so that nobody who measures is held up by it.
"""
import asyncio
import ctypes
import signal
import sys


async def carry(reader, writer, delay_s):
    """An octet leaves `delay_s` after it came, whatever is behind it."""
    loop = asyncio.get_running_loop()
    last = loop.time()
    while data := await reader.read(1 << 18):
        last = loop.time() + delay_s
        loop.call_at(last, writer.write, data)
    loop.call_at(max(last, loop.time()), writer.close)


async def serve(reader, writer, port, delay_s):
    there = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.gather(carry(reader, there[1], delay_s), carry(there[0], writer, delay_s), return_exceptions=True)


async def main(port, delay_s):
    server = await asyncio.start_server(lambda r, w: serve(r, w, port, delay_s), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]) / 1000))
